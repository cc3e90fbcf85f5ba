"""The folder of a run: where its parts lie, and that nobody's run is overwritten by accident. Knows no models.

Of several processes the first alone looks at it. Runs that were made first, to start from, lie in stages/.

model/        the best task, ready to load        metrics.jsonl   reproducible figures, a line an event
checkpoints/  complete training state             timing.jsonl    rates and times
options.yaml  what was asked                      report/         pictures and tables
README.md     the model card                      manifest.json   SHA-256 of these, once the run has ended
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import fields
from datetime import datetime
from pathlib import Path

from seqtext.errors import MAX_FOUND, OptionsError, ResourceError, SavedFileError, printable
from seqtext.options import TrainingOptions
from seqtext.saving.atomic import SUFFIX, is_temporary
from seqtext.saving.folders import read_folder, seal, tidy
from seqtext.saving.manifest import MANIFEST
from seqtext.saving.untrusted import parse_json, parse_yaml
from seqtext.training.advice import ended_early
from seqtext.training.processes import is_first
from seqtext.training.run_lock import NAME as LOCK
from seqtext.training.run_lock import RunLock
from seqtext.training.run_log import LogFile

# options.yaml goes last: it is what tells a run, and one that was cleared by half is still one.
_OURS = (
    *(
        MANIFEST,
        "stages",
        "model",
        "checkpoints",
        "report",
        "tensorboard",
        "wandb",
        "metrics.jsonl",
        "timing.jsonl",
        "README.md",
    ),
    "options.yaml",
)


class RunFolder:
    """Paths and logs of one run.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        self.model = self.path / "model"
        self.checkpoints = self.path / "checkpoints"
        self.options = self.path / "options.yaml"
        self.metrics = LogFile(self.path / "metrics.jsonl")
        self.timing = LogFile(self.path / "timing.jsonl")
        self.report = self.path / "report"
        self.stages = self.path / "stages"
        self.card = self.path / "README.md"
        self.lock = RunLock(self.path)

    def prepare(self, *, overwrite: bool, resume: bool) -> None:
        """Makes the folder and takes its lock, or also clears what an earlier run left in it, or refuses.

        Raises:
            OptionsError: if there is a run and neither `overwrite` nor `resume` is set, or none to resume, or foreign files lie there.
            ResourceError: if it may not be written.
        """
        self.check(overwrite=overwrite, resume=resume)
        if not is_first():
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.lock.take()
            for folder, names in ((self.path, ("model",)), (self.checkpoints, ()), (self.report, ())):
                tidy(folder, *names)
            for name in _OURS if overwrite else ():
                target = self.path / name
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
        except OSError as error:
            raise ResourceError(f"cannot be written ({error.strerror})", where=str(self.path.absolute())) from error

    def check(self, *, overwrite: bool, resume: bool) -> None:
        """Refuses as `prepare` does, and leaves everything as it was. A folder that only holds a lock whose owner is dead is free.

        Raises:
            OptionsError: as `prepare`.
            ResourceError: likewise.
        """
        if not is_first():
            return
        where = f"--run {printable(str(self.path), MAX_FOUND)}"
        try:
            there = self.path.exists()
        except OSError as error:
            raise OptionsError(f"no folder can have this name ({error.strerror})", where=where) from error
        if there and not self.path.is_dir():
            raise OptionsError("it is a file", where=where, expected="a folder, or a name that is free")
        self.lock.check()
        is_run = self.holds_run()
        if resume and not is_run:
            raise OptionsError("there is no run to resume", where=where, fix="leave --resume out to start one")
        items = [item for item in self.path.iterdir() if not is_temporary(item)] if there else []
        found = sorted({item.name for item in items} - {LOCK})
        if found and not is_run:  # somebody's folder, which --overwrite is not meant for either
            raise OptionsError(
                f"the folder holds other files ({', '.join(found[:3])})", where=where, fix="choose a new folder"
            )
        if is_run and not (overwrite or resume):
            raise OptionsError(
                "the folder already holds a run",
                where=where,
                fix="choose another --run, or --resume to go on with it, or --overwrite to replace it",
            )
        self._check_writable()

    def check_there(self) -> None:
        """Sees to it that the folder is still the one that was prepared: else what is written would lie in another, alone.

        Raises:
            ResourceError: if it was removed, renamed or replaced.
        """
        if not self.lock.is_there():
            raise ResourceError(
                "the folder of the run was removed, renamed or replaced while it was trained",
                where=str(self.path.absolute()),
                fix="if it was renamed, go on with --resume --run and its new name",
            )

    def has_ended(self, epochs: int | None = None) -> bool:
        """Whether there is nothing to go on with: training has ended, and its seal, which is written last, is there. Says so then.

        Args:
            epochs: asked for; a run that has ended with fewer goes on.
        """
        if not (self.path / MANIFEST).is_file() or not (place := max(self.checkpoints.glob("step-*"), default=None)):
            return False
        try:
            progress = parse_json(read_folder(place)["progress.json"], where=str(place))
            ended, epoch, step, planned = (progress[name] for name in ("finished", "epoch", "step", "epochs"))
            ended = ended is True and (epochs is None or epochs <= planned)
            early = ended and epoch < planned
        except (SavedFileError, LookupError, TypeError):  # resuming tells what is wrong
            return False
        if ended:
            why = f"; {ended_early(planned)}" if early else ""
            print(f"run {self.path} has ended already: epoch {epoch}, step {step}{why}", file=sys.stderr)
        return ended

    def unseal(self) -> None:
        """Removes the seal, where more will be written."""
        (self.path / MANIFEST).unlink(missing_ok=True)

    def seal(self) -> None:
        """Writes the manifests of the report and of the folder itself, when nothing more will be written: `seqtext verify` reads them.

        Raises:
            ResourceError: if they may not be written, or the folder is gone.
        """
        self.check_there()
        if self.report.is_dir():
            seal(self.report)
        seal(self.path)

    def _check_writable(self) -> None:
        """Refuses a place where nothing can be made: rights alone do not tell it of /proc, or of a disk that is read-only."""
        path = self.path.absolute()
        place = next((parent for parent in [path, *path.parents] if os.path.lexists(parent)), path)
        try:
            os.rmdir(tempfile.mkdtemp(prefix=".", suffix=SUFFIX, dir=place))
        except OSError as error:
            raise ResourceError(f"cannot be written ({error.strerror})", where=str(path)) from error

    def holds_run(self) -> bool:
        """Whether the options of a run lie there. Nothing else tells: many a folder has a README.md or a report/."""
        if not self.options.is_file():
            return False
        try:
            values = parse_yaml(self.options.read_text(encoding="utf-8"), where=str(self.options))
        except (OSError, ValueError, SavedFileError):
            return False
        names = {field.name for field in fields(TrainingOptions)}
        return isinstance(values, dict) and not names.isdisjoint(values)


def new_run_path(recipe: str, data: str) -> str:
    """A folder under runs/ that does not exist yet: recipe, data and the time."""
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in Path(data).name.split(".")[0]) or "data"
    return f"runs/{recipe}-{stem}-{datetime.now():%Y%m%d-%H%M%S}"
