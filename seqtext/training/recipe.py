"""The acts that all recipes share beside `run_seeds`: the task made once, a summary, the fit, what was measured. Knows no task."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from seqtext.errors import printable
from seqtext.nn.memory import COPIES, check_memory
from seqtext.nn.precision import choose_device
from seqtext.options import RunOptions, training_arguments
from seqtext.training.advice import far_apart
from seqtext.training.fit import FitResult, fit
from seqtext.training.processes import started_processes
from seqtext.training.protocols import Task
from seqtext.training.run_folder import RunFolder

OptionsT = TypeVar("OptionsT", bound=RunOptions)
TaskT = TypeVar("TaskT", bound=Task)


class Report(Protocol):
    """What was measured on test rows: figures as in report/metrics.json, and lines to print."""

    @property
    def figures(self) -> dict[str, Any]: ...  # noqa: D102

    @property
    def table(self) -> list[str]: ...  # noqa: D102


class Trained(NamedTuple):
    """What training came to, and what the summary before it measured."""

    result: FitResult
    data_figures: dict[str, Any]


def make_once(
    make: Callable[[], TaskT],
    *,
    open: Callable[[Path], TaskT],
    init_from: str | None = None,
    new_tokenizer: bool = False,
    reads_texts: bool = True,
) -> TaskT:
    """The task: made by the first process, opened by the others. Prints what it took from the run `init_from`, if there is one.

    Args:
        make: a new one.
        open: a saved one, for the other processes.
        init_from: the run that `make` starts from.
        new_tokenizer: whether it has a tokenizer of its own all the same.
        reads_texts: whether it takes the tokenizer of that run over.
    """
    task = started_processes().made_once(make, open=open)
    if init_from:
        taken = "tokenizer taken over; " if reads_texts and not new_tokenizer else ""
        print(f"started from {init_from}: {taken}{getattr(task, 'copied', '')}")
    return task


def train(
    options: OptionsT,
    folder: RunFolder,
    source: Any,
    data: Any,
    task: TaskT,
    *,
    summary: Callable[[TaskT, Any, OptionsT], tuple[list[str], dict[str, Any]]],
) -> Trained | None:
    """Prints all that is known before the first step, and trains.

    Args:
        options: of the recipe.
        folder: of the run; its options.yaml holds the options, with the commit that was read.
        source: of the data, with its name and revision.
        data: with rows to train on, `train`, and to choose the epoch by, `validation`.
        task: as it was made.
        summary: gives its lines, and the part of it that goes to report/metrics.json.

    Raises:
        ResourceError: if the memory is not enough for the model, before anything is made with it.

    Returns:
        None after `--dry_run`, and in further processes, which only train.
    """
    check_memory(task.model, choose_device(options.device), copies=COPIES + options.average_last)
    arguments = training_arguments(options) | {"run": folder}
    if not started_processes().first:
        if not options.dry_run:
            fit(task, data.train, data.validation, **arguments)
        return None
    lines, figures = summary(task, data, options)
    shown = [f"data        {source.name}", *lines, f"run         {folder.path}"]
    print("\n".join(map(printable, shown)), flush=True)
    if options.dry_run:
        return None
    recorded: Any = options  # any recipe's
    recorded = replace(recorded, revision=source.revision, run=str(folder.path), config=None)
    return Trained(fit(task, data.train, data.validation, **arguments, recorded=recorded), figures)


def show(report: Report, result: FitResult, folder: RunFolder, *, command: Sequence[str]) -> dict[str, Any]:
    """Prints the report, how the model was chosen and a command to try; gives the report's figures.

    Args:
        report: of the run.
        result: of training.
        folder: of the run.
        command: `seqtext` and what follows; the folder of the run is put behind its first word.
    """
    name, *arguments = command
    tried = shlex.join(["seqtext", name, str(folder.path), *arguments])
    further = []
    if result.advice:
        on = shlex.join(["--resume", "--run", str(folder.path)])
        trains_on = f"; {on} {result.advice} trains on" if result.advice.startswith("--epochs") else ""
        further = [f"note: validation was still getting better in the last epoch: {result.advice}{trains_on}"]
    if note := far_apart(result.validation, report.figures):
        further.append(f"note: {note}")
    chosen = [f"model chosen: {result.selection}", *further, f"saved in {folder.path}; try:", f"  {tried}"]
    print("\n".join(map(printable, ["", *report.table, "", *chosen])))
    return report.figures
