"""What a run writes down as it goes: files of JSON lines that a resumed run can cut back, and the sums between two lines.

Knows neither what the figures mean nor where the files lie.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from seqtext.errors import ResourceError, SavedFileError
from seqtext.saving.atomic import sync
from seqtext.saving.disk import no_space
from seqtext.saving.folders import check_prefix
from seqtext.saving.manifest import Entry, fingerprint
from seqtext.saving.untrusted import parse_json
from seqtext.training.step import StepResult


class LogFile:
    """A file that grows by a line of JSON an event.

    Args:
        path: the file, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = 0  # bytes that were written or taken up, as far as is known

    def append(self, **values: object) -> None:
        """Adds a line.

        Raises:
            ResourceError: if the disk is full or may not be written, or the lines before are gone; so below.
        """
        with self._disk_errors(), self.path.open("a", encoding="utf-8") as file:
            self._check(os.fstat(file.fileno()).st_size)
            file.write(json.dumps(values, ensure_ascii=False) + "\n")
            file.flush()
            self._size = os.fstat(file.fileno()).st_size

    def lines(self) -> list[dict[str, Any]]:
        """What each line holds; none if there is no file.

        Raises:
            SavedFileError: naming the line that is damaged.
        """
        with self._disk_errors():
            lines = self.path.read_bytes().split(b"\n") if self.path.is_file() else []
        return [parse_json(line, where=f"{self.path}: line {n}") for n, line in enumerate(lines, start=1) if line]

    def synced(self) -> Entry:
        """Size and SHA-256 of the file, all of it on the disk: so that a checkpoint that counts on these bytes finds them."""
        with self._disk_errors():
            self._check(self.path.stat().st_size if self.path.is_file() else 0)
            if not self.path.is_file():
                return Entry(0, sha256().hexdigest())
            sync(self.path)
            return fingerprint(self.path)

    def cut_back(self, size: int, sha256: str) -> None:
        """Removes what stands behind the first `size` bytes.

        Raises:
            SavedFileError: if there are fewer, or others.
        """
        with self._disk_errors():
            found = self.path.stat().st_size if self.path.is_file() else 0
            if found < size:
                raise SavedFileError(
                    f"{found} bytes",
                    where=str(self.path),
                    expected=f"at least the {size} of the checkpoint",
                    fix="copy it again, or train anew with --overwrite",
                )
            if size:
                check_prefix(self.path, Entry(size, sha256))
            if found > size:
                os.truncate(self.path, size)
            self._size = size

    def _check(self, found: int) -> None:
        """Refuses a file that lost lines of this run, since they would be missing in silence."""
        if found < self._size:
            lost = (
                f"{found:,} of the {self._size:,} bytes written to it are there: it was removed or cut during training"
            )
            raise ResourceError(lost, where=str(self.path.absolute()), fix="train anew with --overwrite")

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """An error of the disk as a `ResourceError`."""
        try:
            yield
        except OSError as error:
            raise no_space(error, self.path) from error


class LogWindow:
    """Sums over the steps between two lines of a log; they stay on the device until they are asked for.

    Args:
        sums: what `sums` gave of a window that a checkpoint cut in two.
    """

    def __init__(self, sums: Iterable[Iterable[float]] = ()) -> None:
        self._before = [tuple(step) for step in sums]
        self._results: list[StepResult] = []
        self._steps = 0
        self._started = time.monotonic()

    def add(self, result: StepResult, steps: int) -> None:
        """Takes in an optimizer step over `steps` real steps of rows. One that fp16 left out has no figures."""
        self._results.append(result)
        self._steps += steps

    def sums(self) -> tuple[tuple[float, ...], ...]:
        """Loss, auxiliary loss, count and gradient length of each step so far: with them a window goes on to the same figures."""
        made = [torch.stack([r.loss_sum, r.auxiliary_sum, r.count, r.norm, r.left_out.float()]) for r in self._results]
        steps = torch.stack(made).tolist() if made else []  # one wait for all of them
        return (*self._before, *(tuple(figures) for *figures, left_out in steps if not left_out))

    def figures(self) -> dict[str, float]:
        """Mean loss of the task, mean loss of auxiliary tasks where there are any, mean gradient length; none without steps."""
        if not (steps := self.sums()):
            return {}
        loss, auxiliary, count, norm = (sum(column) for column in zip(*steps, strict=True))
        auxiliary /= count
        return {
            "loss": loss / count,
            **({"auxiliary_loss": auxiliary} if auxiliary else {}),
            "gradient_norm": norm / len(steps),
        }

    def steps_per_second(self) -> float:
        """Real steps of rows per second, over the window."""
        return self._steps / (time.monotonic() - self._started)
