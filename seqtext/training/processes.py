"""Several processes that train one model together, as torchrun starts them; or one, which is then asked for nothing.

Knows tensors and texts, nothing of training. What is exchanged are numbers and bytes of text, never Python objects.
"""

from __future__ import annotations

import atexit
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

from seqtext.errors import OptionsError, ResourceError, further_process, shorten

T = TypeVar("T")

PATIENCE = timedelta(
    days=1
)  # for a process that prepares or evaluates; one that ended is noticed at once, by its connection
MOST = 1_000_000  # processes
_TORCHRUN = "start them with torchrun, or unset RANK and WORLD_SIZE to train alone"
LONGEST_PAUSE = 1e-3  # seconds between two looks at whether a sum has arrived


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    Attributes:
        rank: its number, from 0.
        size: how many there are.
        local_rank: its number on its machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def first(self) -> bool:
        """Whether it is the one that prints and writes."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """The device of this process: of several GPUs each takes its own.

        Raises:
            OptionsError: if all were sent to one, or there are too few.
        """
        if self.size == 1 or device.type != "cuda":
            return device
        if device.index is not None:
            raise OptionsError(
                f"--device {device} for {self.size} processes", fix="use --device cuda: each takes its own"
            )
        if self.local_rank >= (count := torch.cuda.device_count()):
            fix = f"start {count} on each machine, or use --device cpu"
            raise OptionsError(f"process {self.local_rank + 1} of a machine with {count} GPUs", fix=fix)
        return torch.device("cuda", self.local_rank)

    # ---- what all of them do together; each call returns when all have made it

    def add_up(self, flat: Tensor) -> None:
        """Replaces a flat tensor by the sum of those of all processes, the same bits in each.

        On a GPU the sum is put behind what the device has to do, and nobody waits for it.
        """
        if self.size > 1:
            with self._others_there():
                self._finish(dist.all_reduce(flat, async_op=True), flat.device)

    def share_tensors(self, tensors: Iterable[Tensor]) -> None:
        """Fills tensors with those of the first process."""
        if self.size > 1:
            with self._others_there(), torch.no_grad():
                for tensor in tensors:
                    whole = tensor.detach().contiguous()
                    self._finish(dist.broadcast(whole, src=0, async_op=True), whole.device)
                    if whole.data_ptr() != tensor.data_ptr():
                        tensor.copy_(whole)

    def share(self, text: str) -> str:
        """The text of the first process."""
        return self._share_bytes(text.encode()).decode() if self.size > 1 else text

    def gather(self, text: str) -> list[str]:
        """The texts of all, by rank."""
        if self.size == 1:
            return [text]
        data = torch.frombuffer(bytearray(text.encode()) or bytearray(1), dtype=torch.uint8)
        sizes = torch.zeros(self.size, dtype=torch.int64)
        sizes[self.rank] = len(text.encode())
        self.add_up(sizes)
        rows = torch.zeros(self.size, max(int(sizes.max()), 1), dtype=torch.int64)
        rows[self.rank, : int(sizes[self.rank])] = data[: int(sizes[self.rank])].long()
        self.add_up(rows)
        return [bytes(row[:size].tolist()).decode() for row, size in zip(rows, sizes.tolist(), strict=True)]

    def ask_first(self, question: Callable[[], bool]) -> bool:
        """What the first process answers; the others are not asked."""
        return bool(self.share("yes" if self.first and question() else ""))

    def any(self, here: bool) -> bool:
        """Whether it is so in one of them."""
        flag = torch.tensor([float(here)], dtype=torch.float32)
        self.add_up(flag)
        return bool(flag)

    def map_pieces(
        self, pieces: Sequence[T], work: Callable[[T], Tensor], *, stop: Callable[[], bool]
    ) -> list[Tensor] | None:
        """What `work` makes of each piece, in order: every piece is made in one process, and all get the same bits of it.

        Args:
            pieces: the same in all.
            work: gives a flat tensor of doubles on the CPU.
            stop: whether to do no more; asked before every piece.

        Returns:
            The results; None, in all, if one of them was to stop.
        """
        mine = range(self.rank, len(pieces), self.size)
        made: dict[int, Tensor] = {}
        for number in mine:
            if stop():
                break
            made[number] = work(pieces[number])
        # The size of each result, and whether one was to stop.
        sizes_and_stop = torch.zeros(len(pieces) + 1, dtype=torch.int64)
        for number, result in made.items():
            sizes_and_stop[number] = len(result)
        sizes_and_stop[-1] = int(len(made) < len(mine))
        self.add_up(sizes_and_stop)
        *sizes, stopped = sizes_and_stop.tolist()
        if stopped:
            return None
        flat = torch.zeros(sum(sizes), dtype=torch.float64)
        parts = list(torch.split(flat, sizes))
        for number, result in made.items():
            parts[number].copy_(result)
        self.add_up(flat)  # what others made is zero here, so a sum changes no bit
        return parts

    def wait(self) -> None:
        """Until all are here."""
        self.add_up(torch.zeros(1, dtype=torch.float32))

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """What the first process does before the others: it fills the caches that they then read."""
        if not self.first:
            self.wait()
        yield
        if self.first:  # not after a fault: the others then see that it is gone
            self.wait()

    def made_once(self, make: Callable[[], T], *, open: Callable[[Path], T]) -> T:
        """A task that the first process makes and the others open from what it would save."""
        if self.size == 1:
            return make()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "model"
            if self.first:
                task: Any = make()
                task.save_pretrained(folder)
                for file in sorted(folder.iterdir()):
                    self.share(file.name)
                    self._share_bytes(file.read_bytes())
                self.share("")
                return task  # type: ignore[no-any-return]
            folder.mkdir()
            while file_name := self.share(""):
                (folder / Path(file_name).name).write_bytes(self._share_bytes(b""))
            return open(folder)

    # ---- inside

    def _share_bytes(self, data: bytes) -> bytes:
        size = torch.tensor([len(data)])
        self.share_tensors([size])
        held = torch.frombuffer(bytearray(data), dtype=torch.uint8) if self.first and data else None
        held = torch.zeros(int(size), dtype=torch.uint8) if held is None else held
        self.share_tensors([held] if len(held) else [])
        return held.numpy().tobytes()

    def _finish(self, work: Any, device: torch.device) -> None:
        """Waits in Python, not inside the library, so that a signal is taken even where another process hangs.

        Of a GPU only its own queue waits.
        """
        pause = 1e-5
        while device.type == "cpu" and not work.is_completed():
            time.sleep(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)
        work.wait()

    @contextmanager
    def _others_there(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise ResourceError(
                "another process of this run has ended or cannot be reached",
                fix="its own message says why; go on with --resume",
            ) from error


ALONE = Processes()


@cache
def started_processes() -> Processes:
    """Those that torchrun started, connected on the first call; `ALONE` without it.

    Raises:
        OptionsError: for variables of the environment that are not those of torchrun.
        ResourceError: if the others cannot be reached.
    """
    size = world_size()
    if size == 1:
        return ALONE
    rank, local_rank = _number("RANK", size), _number("LOCAL_RANK", size, default="0")
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        if name not in os.environ:
            raise OptionsError(f"WORLD_SIZE is {size}, and {name} is not set", where="environment", fix=_TORCHRUN)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        dist.init_process_group(backend, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        found = f"the processes do not find each other ({shorten(str(error).partition(chr(10))[0])})"
        raise ResourceError(found, where=where, fix=_TORCHRUN) from error
    atexit.register(dist.destroy_process_group)
    return Processes(rank, size, local_rank)


def is_first() -> bool:
    """Whether this is the first of those, or the only one; known before they are connected."""
    return not further_process()


def world_size() -> int:
    """How many processes torchrun started together; 1 without it.

    Raises:
        OptionsError: for a WORLD_SIZE that is no number.
    """
    return _number("WORLD_SIZE", MOST, least=1, default="1")


def _number(name: str, end: int, *, least: int = 0, default: str = "") -> int:
    """A variable of the environment that is a number from `least` to below `end`."""
    found = os.environ.get(name, default)
    digits = found.isascii() and found.isdecimal() and len(found) < 10
    if not digits or not least <= int(found) < end:
        expected = f"a number from {least} to {end - 1}"
        raise OptionsError(f"{name} is {shorten(found)}", where="environment", expected=expected, fix=_TORCHRUN)
    return int(found)
