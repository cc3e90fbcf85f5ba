"""`fit`: any class that has what `protocols.Task` asks for goes in, a run folder and the trained task come out.

What can be refused is refused here, before anything is written; the epochs are those of `Loop`.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from seqtext.data.rows.splits import used_splits
from seqtext.errors import OptionsError
from seqtext.options import OptimizerName, Precision, TrainingOptions
from seqtext.saving.configs import write_options
from seqtext.training.advice import advice
from seqtext.training.budget import usual_of
from seqtext.training.loop import Loop
from seqtext.training.processes import started_processes
from seqtext.training.protocols import Completes, Refits, ReportedTask, Reporter, Task
from seqtext.training.run_folder import RunFolder, new_run_path
from seqtext.training.tracking import TrackerName, check_tracker

_DEFAULT = TrainingOptions()


class FitResult(NamedTuple):
    """What training came to.

    Attributes:
        run: the run folder; its model is the best epoch's, which the task now has too.
        best_epoch: the epoch chosen, by the validation figures alone.
        validation: its figures.
        selection: how it was chosen, and what was not as before where the run was resumed inexactly, as a sentence.
        steps: optimizer steps made.
        seconds: time trained, validation included.
        padding: share of padded steps in the first epoch.
        batch_share: share of the time of steps that went into making batches.
        settings: device, precision, threads and processes used.
        history: the lines of metrics.jsonl; of several processes the first alone has them, and the validation.
        advice: the flag of the limit that ended it, raised, where the figures were still getting better; else empty.
    """

    run: Path
    best_epoch: int
    validation: dict[str, float]
    selection: str
    steps: int
    seconds: float
    padding: float
    batch_share: float
    settings: dict[str, Any]
    history: list[dict[str, Any]]
    advice: str = ""


def fit(
    task: Task,
    train: Any,
    validation: Any = None,
    *,
    run: str | Path | RunFolder | None = None,
    recorded: TrainingOptions | None = None,
    test: Any = None,
    report: bool = False,
    overwrite: bool = _DEFAULT.overwrite,
    resume: bool = _DEFAULT.resume,
    allow_inexact: bool = _DEFAULT.allow_inexact,
    checkpoint_every: int | str = _DEFAULT.checkpoint_every,
    seed: int = _DEFAULT.seed,
    epochs: int | None = _DEFAULT.epochs,
    batch_tokens: int | None = None,
    batch_rows: int | None = _DEFAULT.batch_rows,
    gradient_accumulation: int = _DEFAULT.gradient_accumulation,
    optimizer: OptimizerName | None = None,
    learning_rate: float | None = None,
    warmup: float | None = None,
    weight_decay: float = _DEFAULT.weight_decay,
    max_grad_norm: float = _DEFAULT.max_grad_norm,
    ema_decay: float = _DEFAULT.ema_decay,
    average_last: int = _DEFAULT.average_last,
    patience_epochs: int | None = _DEFAULT.patience_epochs,
    max_steps: int | None = _DEFAULT.max_steps,
    max_minutes: float | None = _DEFAULT.max_minutes,
    precision: Precision = _DEFAULT.precision,
    device: str = _DEFAULT.device,
    threads: int | None = _DEFAULT.threads,
    track: TrackerName | None = _DEFAULT.track,
) -> FitResult:
    """Trains a task and leaves the best epoch's model in the run folder and in the task.

    The keywords are the fields of `seqtext.options.TrainingOptions`, which says what each means. Of several processes that torchrun
    started the first one alone touches the run folder; all of them have the trained task in the end.

    Args:
        task: what to train: one of seqtext's, or one of your own.
        train: training rows, as the task's `encode` takes them; or all splits of a data set, whose validation and test rows are then taken
            where none are given.
        validation: rows to choose the epoch by; made from `train` if None.
        run: the folder, a new one under runs/ if None. A `RunFolder` has been checked, and its lock is kept for what is written after.
        recorded: options that options.yaml is to hold, a recipe's; those of training if None.
        test: rows that the report is made on, when training is done.
        batch_tokens: what is usual for the task if None; so the next three, which the recipe of the task has too.
        optimizer: likewise.
        learning_rate: likewise.
        warmup: likewise.
        report: write the report and the model card that the recipe of the task writes, for which `test` is needed.

    Raises:
        DataError: a row that cannot be used, before the first step.
        OptionsError: options that cannot be meant, a run folder that is taken, or a run to resume that would not be exact.
        ResourceError: a device, precision or tracker that is not there, or too little space on the disk. A run that was to be overwritten
            is then as it was.
        SavedFileError: a run to resume that is damaged.
        NumericsError: a loss or gradient that is not finite; the last checkpoint stays good.
        Stopped: by SIGINT or SIGTERM, with everything saved.
    """
    first = started_processes().first
    folder = run if isinstance(run, RunFolder) else RunFolder(run or new_run_path("fit", type(task).__name__))
    usual = usual_of(task)
    options = TrainingOptions(  # checks the values, whoever gave them
        run=str(folder.path), overwrite=overwrite, resume=resume, allow_inexact=allow_inexact,
        checkpoint_every=checkpoint_every, seed=seed, epochs=epochs,
        batch_tokens=usual.batch_tokens if batch_tokens is None else batch_tokens,
        batch_rows=batch_rows, gradient_accumulation=gradient_accumulation, optimizer=optimizer or usual.optimizer,
        learning_rate=usual.learning_rate if learning_rate is None else learning_rate,
        warmup=usual.warmup if warmup is None else warmup,
        weight_decay=weight_decay, max_grad_norm=max_grad_norm, ema_decay=ema_decay, average_last=average_last,
        patience_epochs=patience_epochs, max_steps=max_steps, max_minutes=max_minutes, precision=precision, device=device, threads=threads,
        track=track,
    )  # fmt: skip
    ours = folder is not run
    if ours:
        folder.check(overwrite=overwrite, resume=resume)
    check_tracker(track)
    train, validation, test = _splits(train, validation, test)
    if isinstance(task, ReportedTask):
        train, validation, test = (None if rows is None else task.rows(rows) for rows in (train, validation, test))
    if validation is None:
        train, validation = task.split(train, seed=seed)
    write = _reporter(task, train, validation, test, options) if report and first else None
    if not any(True for _ in task.model.parameters()):
        return _without_steps(task, folder, options, train, validation, recorded=recorded, ours=ours, write=write)
    loop = Loop(task, folder, options, train, validation)
    if resume:
        loop.state.restore()
    loop.state.check_space()
    loop.encode()
    # All that can be refused has been: only now may something of an older run go.
    folder.prepare(overwrite=overwrite, resume=resume)
    if first and not (resume and loop.progress.finished):  # what is gone on with may have been asked for otherwise
        asked = options if recorded is None else recorded
        write_options(folder.options, replace(asked, resume=False, allow_inexact=False) if resume else asked)
    try:
        loop.run()
        result = _result(loop, _completed(task, folder, train, validation))
        if write is not None:
            write(result, folder)
        elif first and ours:  # else a recipe has a report to write yet
            folder.seal()
    finally:
        if first and ours:
            folder.lock.release()
    return result


def _splits(train: Any, validation: Any, test: Any) -> tuple[Any, Any, Any]:
    """Training, validation and test rows; those that were not given are taken out of all splits of a data set, if such was given."""
    datasets = sys.modules.get("datasets")  # without which there is none
    if datasets is None or not isinstance(train, datasets.DatasetDict):
        return train, validation, test
    splits = used_splits(train, [])
    named = (splits.get(name) if rows is None else rows for name, rows in (("validation", validation), ("test", test)))
    return splits["train"], *named


def _reporter(task: Task, train: Any, validation: Any, test: Any, options: TrainingOptions) -> Reporter:
    """What writes the report of a run.

    Raises:
        OptionsError: for a task that has none, or without test rows.
    """
    if not isinstance(task, ReportedTask):
        fix = "leave it out, and write what is to be known into the run folder"
        raise OptionsError(f"report=True, and {type(task).__name__} has no report", fix=fix)
    if test is None:
        raise OptionsError("report=True, and no rows to measure on", fix="give test=ROWS that are not in training")
    return task.reporter(train, validation, test, options)


def _completed(task: Task, folder: RunFolder, train: Any, validation: Any) -> dict[str, float]:
    """Has a task learn what it learns without steps, all processes alike, and saves it again; its validation figures, if it did."""
    if not isinstance(task, Completes) or not (said := task.complete(train, validation)):
        return {}
    figures = task.validate(task.encode(validation))
    refitted = (
        task.refit(train, validation) if isinstance(task, Refits) else ""
    )  # behind the figures, which it would flatter
    if started_processes().first:
        task.save_pretrained(folder.model)
        print(
            f"{said}: validation {', '.join(f'{name} {value:.4f}' for name, value in figures.items())}", file=sys.stderr
        )
        if refitted:
            print(refitted, file=sys.stderr)
    return figures


def _without_steps(
    task: Task,
    folder: RunFolder,
    options: TrainingOptions,
    train: Any,
    validation: Any,
    *,
    recorded: TrainingOptions | None,
    ours: bool,
    write: Reporter | None,
) -> FitResult:
    """What `fit` does for a task that learns all it learns at once. Of several processes each does it, and the first one writes."""
    started, first = time.monotonic(), started_processes().first
    folder.prepare(overwrite=options.overwrite, resume=options.resume)
    if first and not options.resume:
        write_options(folder.options, options if recorded is None else recorded)
    try:
        figures = _completed(task, folder, train, validation)
        settings = {"device": "cpu", "precision": "fp32", "threads": 1, "processes": started_processes().size}
        selection = "learnt at once from the training rows, without epochs to choose from"
        seconds = time.monotonic() - started
        result = FitResult(folder.path, 0, figures, selection, 0, seconds, 0.0, 0.0, settings, history=[])
        if write is not None:
            write(result, folder)
        elif first and ours:
            folder.seal()
    finally:
        if first and ours:
            folder.lock.release()
    return result


def _result(loop: Loop, completed: dict[str, float]) -> FitResult:
    progress, task = loop.progress, loop.task
    of_weights = f" ({progress.best_weights})" if loop.options.average_last else ""
    selection = (
        f"epoch {progress.best_epoch} of {progress.epoch}{of_weights}, the {'lowest' if task.lower_is_better else 'best'}"
        f" {task.selection_metric} on the validation rows"
        f"{'' if task.selection_metric == 'loss' else ' (then the lowest loss)'}, never on test"
        f"{'; resumed inexactly: ' if progress.inexact else ''}{', '.join(progress.inexact)}"
    )
    # Of several processes only the first has the folder.
    history = loop.folder.metrics.lines() if loop.processes.first else []
    validations = {line["epoch"]: line["validation"] for line in history if "validation" in line}
    return FitResult(
        run=loop.folder.path,
        best_epoch=progress.best_epoch,
        validation=completed or validations.get(progress.best_epoch, {}),
        selection=selection,
        steps=progress.step,
        seconds=progress.seconds,
        padding=progress.padding,
        batch_share=progress.batch_seconds / max(progress.step_seconds, 1e-9),
        settings={
            "device": str(loop.device),
            "precision": loop.precision,
            "threads": loop.threads,
            "processes": loop.processes.size,
        },
        history=history,
        advice=advice(
            loop.options,
            {epoch: figures[task.selection_metric] for epoch, figures in validations.items()},
            epochs=progress.epochs,
            steps=progress.step,
            lower_is_better=task.lower_is_better,
        ),
    )
