"""Runs inside a run: what is trained before it, kept in its folder, and found again when it goes on. Knows no task."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from seqtext.errors import printable
from seqtext.options import RunOptions, TrainingOptions, training_arguments
from seqtext.reporting.summary import summarise
from seqtext.saving.atomic import beside, move_in, remove
from seqtext.saving.configs import write_options
from seqtext.training.fit import FitResult, fit
from seqtext.training.processes import started_processes
from seqtext.training.protocols import Task
from seqtext.training.run_folder import RunFolder

OWN = "own"  # the folder in stages/ of a run's own model, where another is kept as that of the run
OptionsT = TypeVar("OptionsT", bound=RunOptions)
TaskT = TypeVar("TaskT", bound=Task)


class Stage(NamedTuple):
    """What is trained before something else.

    Attributes:
        name: of its folder, in stages/ of the run's.
        title: what it is, to print.
        train: its training rows.
        validation: rows that its epoch is chosen by.
    """

    name: str
    title: str
    train: Any
    validation: Any


def begin(folder: RunFolder, options: OptionsT, *, revision: str | None) -> OptionsT:
    """Makes the folder of a run that has stages; gives the options with which all else goes on in it.

    A run that goes on gets its own model back, where another was kept: only with that can it go on.

    Args:
        folder: of the run.
        options: of the recipe.
        revision: of the data, as it was read.

    Raises:
        OptionsError: if the folder is taken.
        ResourceError: if it may not be written.
    """
    folder.prepare(overwrite=options.overwrite, resume=options.resume)
    if started_processes().first and (own := folder.stages / OWN).is_dir():
        with beside(folder.model, folder=True) as place:
            shutil.copytree(own, place, dirs_exist_ok=True)
            move_in(place, folder.model)
        remove(own)
    if started_processes().first and not options.resume:
        recorded: Any = options  # any recipe's
        write_options(folder.options, replace(recorded, revision=revision, run=str(folder.path), config=None))
    return replace(options, resume=True, overwrite=False, run=str(folder.path))


def run_stage(
    folder: RunFolder,
    stage: Stage,
    options: TrainingOptions,
    *,
    make: Callable[[], TaskT],
    open: Callable[[Path], TaskT],
) -> TaskT:
    """The task of a stage, trained in `stages/name`; opened where that has been done, gone on with where it was stopped.

    Args:
        folder: of the run, which has begun.
        stage: what is trained.
        options: how.
        make: the task, by the first process.
        open: a saved one.

    Raises:
        Stopped: by a signal, with everything saved.
    """
    inner, processes = RunFolder(folder.stages / stage.name), started_processes()
    if processes.ask_first(lambda: inner.has_ended(options.epochs)):
        return open(inner.path)
    task = processes.made_once(make, open=open)
    if processes.first:
        told, _ = summarise(
            task, task.encode(stage.train), task.encode(stage.validation), options, first=(), padded=False, notes=(), warnings=()
        )  # fmt: skip
        print("\n".join(map(printable, [f"first       {stage.title}, in {inner.path}", *told, ""])), flush=True)
    resume = processes.ask_first(inner.holds_run)
    arguments = training_arguments(replace(options, run=str(inner.path), resume=resume, overwrite=False))
    fit(task, stage.train, stage.validation, **arguments)
    return task


def better_of(task: TaskT, result: FitResult, other: TaskT, *, validation: Any, name: str) -> tuple[TaskT, FitResult]:
    """The better of two tasks by the figure on validation rows that epochs are chosen by; of equal ones the first. Says which it is.

    If it is the other, the run's model is that from now on, and its own lies in stages/own.

    Args:
        task: of the run, trained.
        result: of that.
        other: to compare with.
        validation: rows.
        name: what the other one is.
    """
    metric = task.selection_metric
    ours, theirs = (one.validate(one.encode(validation)) for one in (task, other))
    worse = not _is_better(theirs[metric], ours[metric], lower=task.lower_is_better)
    told = f"{metric} on validation rows: {ours[metric]:.4f}, and {theirs[metric]:.4f} by {name}"
    if started_processes().first:
        print(f"{told}: {'the first' if worse else name} is kept", flush=True)
        if not worse:
            if not (
                own := RunFolder(result.run).stages / OWN
            ).is_dir():  # of several others the first that is better finds it
                task.save_pretrained(own)
            other.save_pretrained(result.run / "model")
    if worse:
        return task, result._replace(selection=f"{result.selection}; {told}")
    return other, result._replace(selection=f"{name}, by {told}", validation=theirs, advice="")


def _is_better(one: float, other: float, *, lower: bool) -> bool:
    return one < other if lower else one > other
