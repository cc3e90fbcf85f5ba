"""Every file operation of a save, killed, or failing as on a full or broken disk: what is then left, and how it goes on."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from seqtext.errors import SavedFileError, run_program
from seqtext.saving.atomic import is_temporary
from seqtext.saving.folders import check_folder, read_folder
from tests.survival.file_operations import FAULTS, Plan, install
from tests.survival.forked import HANGS, Ended, Notes, in_child
from tests.survival.harness import state_of
from tests.training.line import Line, points


@dataclass
class Saves:
    """What came of it.

    Attributes:
        operations: of the save.
        tried: operations times faults.
        without: after which no checkpoint, or no model, was whole; a line each.
        wrong: other faults: another exit status, something left behind, another end.
    """

    operations: int = 0
    tried: int = 0
    without: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class _Try(NamedTuple):
    """A fault, what it is called, and whether the run goes on to its end after it."""

    plan: Plan
    name: str
    goes_on: bool


def try_saves(place: Path, *, until: float, full: bool = True) -> Saves:
    """Tries each operation of the second save of a run, that of model and checkpoint after an epoch.

    Args:
        place: an empty folder.
        until: when to stop, by `time.monotonic`.
        full: goes on to the end after every fault; or else, after each operation, from one of the faults in turn.
    """
    run, base, log, result = place / "run", place / "base", place / "log.txt", Saves()
    failing: list[_Try] = []
    _fit(run, place, Plan(place / "nowhere"))
    whole = state_of(run)
    shutil.rmtree(run)
    # To the end of the first epoch, where the run is stopped; the second save is what a run that goes on does first.
    first = _operations(run, place, log, resume=False)
    begun = [number for number, line in first if " /checkpoints/.step-" in line and "mkdir" in line]
    _fit(run, place, Plan(run, at=begun[1]))
    shutil.rmtree(base, ignore_errors=True)
    shutil.copytree(run, base)
    second = _operations(run, place, log, resume=True)
    begins = next(number for number, line in second if "/.model-" in line)
    ends = [number for number, line in second if " /checkpoints/.step-" in line and "mkdir" in line]
    stop = ends[1] if len(ends) > 1 else second[-1][0]
    operations = dict(line for line in second if begins <= line[0] < stop)
    result.operations = len(operations)
    for number in operations:
        for turn, fault in enumerate(FAULTS):
            if time.monotonic() > until:
                return result
            one = _Try(
                Plan(run, at=number, fault=fault),
                f"{fault} at {operations[number]}",
                goes_on=full or number % len(FAULTS) == turn,
            )
            if fault != "KILL":
                failing.append(one)
                continue
            _anew(run, base)
            _look(run, base, _fit(run, place, one.plan, resume=True), one, result)
            if one.goes_on:
                _go_on(run, place, whole, one, result)
    _try_all(failing, run, base, place, whole, until, result)
    return result


def _anew(run: Path, base: Path) -> None:
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(base, run)


def _go_on(run: Path, place: Path, whole: dict[str, str], one: _Try, result: Saves) -> None:
    """Goes on in a new process, and looks at what it ends with."""
    again = _fit(run, place, Plan(place / "nowhere"), resume=True)
    if again.code or state_of(run) != whole:
        result.wrong.append(f"{one.name}: going on gave {again.code}, {again.told[-300:]}")


def _try_all(
    failing: list[_Try], run: Path, base: Path, place: Path, whole: dict[str, str], until: float, result: Saves
) -> None:
    """Faults that end no process, one after the other in a single one, and a second one that goes on after them.

    What is first done in a process takes most of its time.
    """
    found, left = place / "found.json", place / "left"
    left.mkdir()

    def work() -> None:
        here, nowhere = Saves(), Plan(run)
        begin = install(nowhere, Notes())
        for one in failing:
            if time.monotonic() > until:
                break
            _anew(run, base)
            begin(one.plan)
            with redirect_stdout(io.StringIO()) as told, redirect_stderr(told):
                code = _exit_code(run)
            begin(nowhere)
            _look(run, base, Ended(code, told.getvalue(), 0.0, 0.0), one, here)
            if one.goes_on:
                run.rename(left / str(here.tried))
        found.write_text(json.dumps(asdict(here)))

    ended = in_child(work, output=place / "output of all.txt", limit=max(HANGS, until - time.monotonic()))
    if ended.code:
        result.wrong.append(f"faults one after the other: ended with {ended.code}: {ended.told[-600:]}")
        return
    here = Saves(**json.loads(found.read_text()))
    result.tried += here.tried
    result.without += here.without
    result.wrong += here.wrong
    numbers = [number for number, one in enumerate(failing[: here.tried], start=1) if one.goes_on]

    def go_on() -> None:
        wrong = []
        for number in numbers:
            shutil.rmtree(run, ignore_errors=True)
            (left / str(number)).rename(run)
            with redirect_stdout(io.StringIO()) as told, redirect_stderr(told):
                code = _exit_code(run)
            if code or state_of(run) != whole:
                wrong.append(f"{failing[number - 1].name}: going on gave {code}, {told.getvalue()[-300:]}")
        found.write_text(json.dumps(wrong))

    ended = in_child(go_on, output=place / "output of all.txt", limit=max(HANGS, until - time.monotonic()))
    if ended.code:
        result.wrong.append(f"going on: ended with {ended.code}: {ended.told[-600:]}")
        return
    result.wrong += json.loads(found.read_text())


def _exit_code(run: Path) -> int:
    """How the program, which goes on, would end its process."""
    try:
        _program(run, resume=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _look(run: Path, base: Path, ended: Ended, one: _Try, result: Saves) -> None:
    """What is there when the program has ended."""
    name = one.name
    result.tried += 1
    before = {path.name: read_folder(path) for path in (base / "checkpoints").glob("step-*")}
    there = {}
    for path in (run / "checkpoints").glob("step-*"):
        try:
            check_folder(path)
            there[path.name] = read_folder(path)
        except SavedFileError as error:
            result.wrong.append(f"{name}: {error}")
    # A run that went on, since only something old could not be removed, has newer ones in their place.
    if not there or (ended.code != 0 and not any(there.get(step) == files for step, files in before.items())):
        result.without.append(f"{name}: checkpoints {sorted(there)}")
    try:
        Line.from_pretrained(run / "model")
    except SavedFileError as error:
        result.without.append(f"{name}: {error}")
    if one.plan.fault == "KILL":
        if ended.code != -signal.SIGKILL:
            result.wrong.append(f"{name}: ended with {ended.code}")
        return
    if ended.code not in (0, 5) or "Traceback" in ended.told:  # 0 where only something old could not be removed
        result.wrong.append(f"{name}: ended with {ended.code}: {ended.told[-300:]}")
    left = [str(path.relative_to(run)) for path in run.rglob(".*") if is_temporary(path)]
    if left:
        result.wrong.append(f"{name}: {', '.join(left)} left")


def _operations(run: Path, place: Path, log: Path, *, resume: bool) -> list[tuple[int, str]]:
    """Number and name of each operation of a whole run on files."""
    log.unlink(missing_ok=True)
    copy = place / "copy"
    if resume:
        shutil.copytree(run, copy)
    ended = _fit(run, place, Plan(run, log=log), resume=resume)
    assert ended.code == 0, ended.told
    shutil.rmtree(run)
    if resume:
        copy.rename(run)
    lines = [line.partition(" ") for line in log.read_text().splitlines()]
    return [(int(number), f" {told}") for number, _, told in lines]


def _fit(run: Path, place: Path, plan: Plan, *, resume: bool = False) -> Ended:
    """The program in a process of its own."""

    def work() -> None:
        install(plan, Notes())
        _program(run, resume=resume)

    os.environ["SEQTEXT_CACHE"] = str(place / "cache")
    return in_child(work, output=place / "output.txt")


def _program(run: Path, *, resume: bool) -> None:
    """The least that can be trained, as a program."""
    from seqtext.training.fit import fit

    options = {"device": "cpu", "threads": 1, "batch_tokens": 16, "learning_rate": 0.05, "epochs": 3, "seed": 3}
    run_program(lambda: fit(Line(), points(), run=run, resume=resume, **options), argv=[])
