"""`seqtext verify`: every file of a run against its manifest, part by part; what no manifest covers is named. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from tyro.conf import Positional, arg

from seqtext.errors import SavedFileError
from seqtext.saving.manifest import MANIFEST, Entry

LOGS = ("metrics.jsonl", "timing.jsonl")
_WIDTH = 26  # characters of the first column


class Part(NamedTuple):
    """What was found of one part of a run.

    Attributes:
        name: of the folder or file, seen from the run.
        summary: what it is.
        fault: what is wrong, with the file named; "" for nothing.
        uncovered: files that no manifest lists.
    """

    name: str
    summary: str
    fault: str = ""
    uncovered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verify:
    """Every file of a run, or of a model folder, against its manifest."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, or the folder of a model."""
    debug: bool = False
    """Show the traceback of an error."""

    def run(self) -> None:
        """Verifies and prints a line per part.

        Raises:
            SavedFileError: no such folder; or naming the files that are not what they were, when all parts are reported.
        """
        faults = []
        for part in parts_of(Path(self.run_folder).expanduser()):
            print(f"{part.name:<{_WIDTH}} {'DAMAGED' if part.fault else part.summary}")
            if part.uncovered:
                print(f"{'':<{_WIDTH}} not covered by a manifest: {', '.join(part.uncovered)}")
            faults += [part.fault] if part.fault else []
        if faults:
            raise SavedFileError("\n  ".join(faults if len(faults) == 1 else [f"{len(faults)} parts:", *faults]))


def parts_of(folder: Path) -> Iterator[Part]:
    """The parts of a run, each verified: model, checkpoints, logs, report, and what lies beside them.

    Raises:
        SavedFileError: if it is no folder of a run or model.
    """
    from seqtext.saving.atomic import left_behind
    from seqtext.saving.folders import check_folder

    is_run = (folder / "options.yaml").is_file() or (folder / "checkpoints").is_dir() or (folder / "model").is_dir()
    if not is_run:
        if not folder.is_dir():
            check_folder(folder)  # says what is there instead, before anything is printed
        yield _folder(folder, folder)
        return
    model, report = folder / "model", folder / "report"
    ended = (folder / MANIFEST).is_file()
    if model.is_dir() or left_behind(model) or ended:
        yield _folder(model, folder)
    checkpoints = folder / "checkpoints"
    places = sorted(path for path in checkpoints.iterdir() if not _is_left(path)) if checkpoints.is_dir() else []
    verified: list[Path] = []
    for place in places:
        part = _folder(place, folder)
        verified += [] if part.fault else [place]
        yield part
    if places and not verified:
        yield Part("checkpoints/", "", f"{checkpoints}: no checkpoint that verifies")
    if report.is_dir():
        sealed = ended or (report / MANIFEST).is_file()
        yield _folder(report, folder) if sealed else Part("report/", "the run has not ended", uncovered=_names(report))
    for name in LOGS if verified and not ended else ():
        yield _log(folder / name, verified[-1])
    if ended or (report / MANIFEST).is_file():
        yield _folder(folder, folder)
    else:
        yield Part("./", "the run has not ended", uncovered=tuple(name for name in _names(folder) if name not in LOGS))
    left = [path for place in (folder, checkpoints) if place.is_dir() for path in place.iterdir() if _is_left(path)]
    if left:
        names = ", ".join(str(path.relative_to(folder)) for path in sorted(left))
        yield Part("left by a kill", f"{names}; the next save removes it")


def _folder(place: Path, run: Path) -> Part:
    """A folder against its manifest."""
    from seqtext.saving.disk import megabytes
    from seqtext.saving.folders import check_folder
    from seqtext.saving.manifest import check_inside

    name = f"{place.relative_to(run)}/"
    try:
        if place != run:
            check_inside(place, run)
        entries = check_folder(place)
    except SavedFileError as error:
        return Part(name, "", str(error))
    size = sum(entry.size for entry in entries.values())
    summary = f"{len(entries)} file{'s' if len(entries) != 1 else ''}, {megabytes(size)}, verified"
    return Part(name, summary, uncovered=_left_over(place, entries))


def _log(path: Path, checkpoint: Path) -> Part:
    """A log up to the bytes that the newest checkpoint counts on."""
    from seqtext.saving.folders import check_prefix, read_folder
    from seqtext.saving.untrusted import parse_json

    try:
        progress = parse_json(read_folder(checkpoint)["progress.json"], where=str(checkpoint))
        size, sha256 = _expected(progress, path.stem)
        if size:  # a short run has no figures yet, and no file for them
            check_prefix(path, Entry(size, sha256))
    except SavedFileError as error:
        return Part(path.name, "", str(error))
    except (LookupError, TypeError, AttributeError):
        return Part(path.name, f"{checkpoint.name} says nothing of it", uncovered=(path.name,))
    return Part(path.name, f"its {size:,} bytes up to {checkpoint.name}, verified")


def _expected(progress: dict[str, Any], stem: str) -> tuple[int, str]:
    size, sha256 = progress[f"{stem}_bytes"], progress[f"{stem}_sha256"]
    if not sha256:
        raise LookupError
    return size, sha256


def _left_over(place: Path, entries: dict[str, Entry]) -> tuple[str, ...]:
    return tuple(name for name in _names(place) if name not in entries and name != MANIFEST)


def _names(place: Path) -> tuple[str, ...]:
    """The files of a folder, without those that come and go: locks, and what is being written."""
    paths = sorted(place.iterdir()) if place.is_dir() else []
    return tuple(path.name for path in paths if not path.is_dir() and not path.name.startswith("."))


def _is_left(path: Path) -> bool:
    from seqtext.saving.atomic import is_temporary

    return is_temporary(path)
