"""The folder of a run: where its parts lie, and that nobody's run is overwritten by accident. Knows no models.

model/        the best task, ready to load        metrics.jsonl   reproducible figures, a line an event
checkpoints/  complete training state             timing.jsonl    rates and times
options.yaml  what was asked                      report/         pictures and tables
README.md     the model card
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from seqtext.errors import OptionsError, ResourceError

_OURS = ("model", "checkpoints", "report", "options.yaml", "metrics.jsonl", "timing.jsonl", "README.md", "seeds.json")


class RunFolder:
    """Paths of one run.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        self.model = self.path / "model"
        self.checkpoints = self.path / "checkpoints"
        self.options = self.path / "options.yaml"
        self.metrics = self.path / "metrics.jsonl"
        self.timing = self.path / "timing.jsonl"
        self.report = self.path / "report"
        self.card = self.path / "README.md"

    def prepare(self, *, overwrite: bool, resume: bool) -> None:
        """Makes the folder, or clears what an earlier run left in it, or refuses.

        Raises:
            OptionsError: if there is a run and neither `overwrite` nor `resume` is set, or none to resume, or foreign files lie there.
            ResourceError: if it may not be written.
        """
        self.check(overwrite=overwrite, resume=resume)
        try:
            if overwrite and self.path.is_dir():
                for name in _OURS:
                    target = self.path / name
                    shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(f"cannot be written ({error.strerror})", where=str(self.path.absolute())) from error

    def check(self, *, overwrite: bool, resume: bool) -> None:
        """Refuses as `prepare` does, without touching anything.

        Raises:
            OptionsError: as `prepare`.
        """
        where = f"--run {self.path}"
        if self.path.exists() and not self.path.is_dir():
            raise OptionsError("it is a file", where=where, expected="a folder, or a name that is free")
        found = {item.name for item in self.path.iterdir()} if self.path.is_dir() else set()
        if resume:
            if not self.checkpoints.is_dir():
                raise OptionsError(
                    "there is no checkpoint to resume from", where=where, fix="leave --resume out to start the run"
                )
            return
        if found and not found & set(_OURS):  # somebody's folder, which --overwrite is not meant for either
            raise OptionsError(
                f"the folder holds other files ({', '.join(sorted(found)[:3])})", where=where, fix="choose a new folder"
            )
        if found and not overwrite:
            raise OptionsError(
                "the folder already holds a run",
                where=where,
                fix="choose another --run, or --resume to go on with it, or --overwrite to replace it",
            )

    def log(self, path: Path, **values: object) -> None:
        """Appends one line of JSON to `metrics.jsonl` or `timing.jsonl`."""
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values, ensure_ascii=False) + "\n")

    def read_log(self, path: Path) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl` or `timing.jsonl`."""
        return (
            [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
            if path.is_file()
            else []
        )


def new_run_path(recipe: str, data: str) -> str:
    """A folder under runs/ that does not exist yet: recipe, data and the time."""
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in Path(data).name.split(".")[0]) or "data"
    return f"runs/{recipe}-{stem}-{datetime.now():%Y%m%d-%H%M%S}"
