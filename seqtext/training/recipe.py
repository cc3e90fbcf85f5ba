"""The acts that all recipes share: the folder, checked before anything takes time; the summary, the fit, and what to try. Knows no task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from seqtext.options import RunOptions, training_arguments
from seqtext.training.fit import FitResult, fit
from seqtext.training.processes import started_processes
from seqtext.training.protocols import Task
from seqtext.training.run_folder import RunFolder, new_run_path
from seqtext.training.seeds import SeedFigure, run_seeds

OptionsT = TypeVar("OptionsT", bound=RunOptions)
TaskT = TypeVar("TaskT", bound=Task)


class Source(Protocol):
    """Where data came from."""

    @property
    def name(self) -> str:
        """As it was asked for."""
        ...

    @property
    def revision(self) -> str | None:
        """The commit on the hub; None for what was on this machine."""
        ...


class Splits(Protocol):
    """What a task is trained on and chosen by."""

    @property
    def train(self) -> Any:
        """Training rows, as the task's `encode` takes them."""
        ...

    @property
    def validation(self) -> Any:
        """Rows to choose the epoch by, likewise."""
        ...


class Report(Protocol):
    """What was measured on test rows."""

    @property
    def figures(self) -> dict[str, Any]:
        """As in report/metrics.json."""
        ...

    @property
    def table(self) -> list[str]:
        """Lines to print."""
        ...


SplitsT = TypeVar("SplitsT", bound=Splits)


class Trained(NamedTuple):
    """What training came to, and what the summary before it measured."""

    result: FitResult
    data_figures: dict[str, Any]


def run_recipe(
    options: OptionsT,
    train_once: Callable[[OptionsT, RunFolder], Mapping[str, Any] | None],
    *,
    name: str,
    data: str,
    figures: tuple[SeedFigure, ...],
) -> None:
    """Trains once, or once for each of `--seeds`; a run that `--resume` finds to have ended is left as it is.

    Args:
        options: of the recipe.
        train_once: data, task, fit and report of one seed; gives what is in report/metrics.json, or None if nothing was trained.
        name: of the recipe; likewise the next, the name of a new folder under runs/ where none is asked for.
        data: the data set or file that is trained on.
        figures: what is printed of all seeds.

    Raises:
        OptionsError: a folder that is taken, or holds no run to resume.
    """

    def checked(options: OptionsT, folder: RunFolder) -> Mapping[str, Any] | None:
        folder.check(overwrite=options.overwrite, resume=options.resume)
        processes = started_processes()  # those of torchrun, or this one alone
        if options.resume and processes.ask_first(folder.has_ended):
            return None
        return train_once(options, folder)

    run_seeds(options, checked, folder=options.run or new_run_path(name, data), figures=figures)


def make_once(make: Callable[[], TaskT], *, open: Callable[[Path], TaskT], init_from: str | None = None) -> TaskT:
    """The task: made by the first process, opened by the others. Prints what it took over from another run.

    Args:
        make: makes it, from training rows alone.
        open: opens what it saves.
        init_from: the other run, if there is one.
    """
    task = started_processes().made_once(make, open=open)
    if init_from:
        print(f"started from {init_from}: {getattr(task, 'copied', '')}")
    return task


def train(
    options: OptionsT,
    folder: RunFolder,
    source: Source,
    data: SplitsT,
    task: TaskT,
    *,
    summary: Callable[[TaskT, SplitsT, OptionsT], tuple[list[str], dict[str, Any]]],
) -> Trained | None:
    """Prints all that is known before the first step, and trains.

    Args:
        options: of the recipe.
        folder: of the run; its options.yaml holds them, with the commit that was read.
        source: of the data.
        data: what the task is trained on and chosen by.
        task: as it was made.
        summary: gives its lines, and the part of it that goes to report/metrics.json.

    Returns:
        None after `--dry_run`, and in further processes, which only train.
    """
    arguments = training_arguments(options) | {"run": folder}
    if not started_processes().first:
        if not options.dry_run:
            fit(task, data.train, data.validation, **arguments)
        return None
    lines, figures = summary(task, data, options)
    print("\n".join([f"data        {source.name}", *lines, f"run         {folder.path}"]), flush=True)
    if options.dry_run:
        return None
    recorded: Any = options  # any recipe's
    recorded = replace(recorded, revision=source.revision, run=str(folder.path), config=None)
    return Trained(fit(task, data.train, data.validation, **arguments, recorded=recorded), figures)


def show(report: Report, result: FitResult, folder: RunFolder, *, command: str) -> dict[str, Any]:
    """Prints the report, how the model was chosen and a command to try; gives the report's figures."""
    chosen = [f"model chosen: {result.selection}", f"saved in {folder.path}; try:", f"  {command}"]
    print("\n".join(["", *report.table, "", *chosen]))
    return report.figures
