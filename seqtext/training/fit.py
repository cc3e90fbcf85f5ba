"""`fit`: the training loop, over any task that has a `loss`. One epoch after the other, validated, the best one saved.

Knows no texts and no classes: rows go in as the task encodes them, figures come out as the task's `evaluate` names them.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from tqdm import tqdm

from seqtext.batching.batch_plan import BatchPlan
from seqtext.errors import OptionsError
from seqtext.nn.precision import autocast, choose_device, choose_precision, set_threads
from seqtext.options import Precision, TrainingOptions, write_options
from seqtext.tasks.saved import load
from seqtext.training.averaging import MovingAverage
from seqtext.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from seqtext.training.protocols import Examples, Task
from seqtext.training.run_folder import RunFolder, new_run_path
from seqtext.training.schedule import learning_rate_factor, progress_of
from seqtext.training.step import Stepper, StepResult, make_optimizer
from seqtext.training.tracking import Tracker

if TYPE_CHECKING:
    from datasets import Dataset

LOG_EVERY = 20  # steps between two lines of metrics.jsonl; reading the loss more often would make a GPU wait
_DEFAULT = TrainingOptions()


class FitResult(NamedTuple):
    """What training came to.

    Attributes:
        run: the run folder; its model is the best epoch's, which the task now has too.
        best_epoch: the epoch chosen, by the validation figures alone.
        validation: its figures.
        selection: how it was chosen, as a sentence.
        steps: optimizer steps made.
        seconds: time trained, validation included.
        padding: share of padded steps in the first epoch.
        batch_share: share of training time that went into making batches.
        settings: device, precision and threads used.
        history: the lines of metrics.jsonl.
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


def fit(
    task: Task,
    train: Dataset,
    validation: Dataset | None = None,
    *,
    run: str | Path | RunFolder | None = None,
    overwrite: bool = _DEFAULT.overwrite,
    resume: bool = _DEFAULT.resume,
    seed: int = _DEFAULT.seed,
    epochs: int = _DEFAULT.epochs,
    batch_tokens: int = _DEFAULT.batch_tokens,
    batch_rows: int = _DEFAULT.batch_rows,
    accumulate: int = _DEFAULT.accumulate,
    learning_rate: float = _DEFAULT.learning_rate,
    warmup: float = _DEFAULT.warmup,
    weight_decay: float = _DEFAULT.weight_decay,
    clip_norm: float = _DEFAULT.clip_norm,
    average_decay: float = _DEFAULT.average_decay,
    patience_epochs: int | None = _DEFAULT.patience_epochs,
    max_steps: int | None = _DEFAULT.max_steps,
    max_minutes: float | None = _DEFAULT.max_minutes,
    precision: Precision = _DEFAULT.precision,
    device: str = _DEFAULT.device,
    threads: int | None = _DEFAULT.threads,
    track: Literal["tensorboard", "wandb"] | None = _DEFAULT.track,
) -> FitResult:
    """Trains a task and leaves the best epoch's model in the run folder and in the task.

    The keywords are the fields of `seqtext.options.TrainingOptions`, which says what each means.

    Args:
        task: what to train, such as a `TopicClassifier`.
        train: training rows.
        validation: rows to choose the epoch by; made from `train` if None.

    Raises:
        DataError: a row that cannot be used, before the first step.
        OptionsError: options that cannot be meant, or a run folder that is taken.
        NumericsError: a loss or gradient that is not finite; the last checkpoint stays good.
    """
    options = TrainingOptions(  # checks the values, whoever gave them
        overwrite=overwrite, seed=seed, epochs=epochs, batch_tokens=batch_tokens, batch_rows=batch_rows,
        accumulate=accumulate, learning_rate=learning_rate, warmup=warmup, weight_decay=weight_decay,
        clip_norm=clip_norm, average_decay=average_decay, patience_epochs=patience_epochs, max_steps=max_steps,
        max_minutes=max_minutes, precision=precision, device=device, threads=threads, track=track,
    )  # fmt: skip
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise OptionsError("several processes were started, and fit trains on one", fix="start it without torchrun")
    folder = run if isinstance(run, RunFolder) else RunFolder(run or new_run_path("fit", type(task).__name__))
    if not isinstance(run, RunFolder):
        folder.prepare(overwrite=overwrite, resume=resume)
        write_options(folder.options, replace(options, run=str(folder.path)))
    if validation is None:
        train, validation = task.split(train, seed=seed)
    return _Training(task, folder, options).run(train, validation, resume=resume)


class _Training:
    """One call of `fit`: what all its epochs share."""

    def __init__(self, task: Task, folder: RunFolder, options: TrainingOptions) -> None:
        self.task, self.folder, self.options = task, folder, options
        self.device = choose_device(options.device)
        self.precision = choose_precision(options.precision, self.device)
        self.threads = set_threads(options.threads)
        task.model.to(self.device)
        self.average = MovingAverage(task.model, options.average_decay)
        optimizer = make_optimizer(task.model, learning_rate=options.learning_rate, weight_decay=options.weight_decay)
        self.stepper = Stepper(
            task,
            optimizer,
            precision=self.precision,
            device=self.device,
            clip_norm=options.clip_norm,
            seed=options.seed,
        )
        self.progress = Progress()
        self.best: dict[str, float] = {}
        self.padding = 0.0
        self.tracker = Tracker(options.track, folder.path)
        self._lap_started = self._started = time.monotonic()

    def run(self, train: Dataset, validation: Dataset, *, resume: bool) -> FitResult:
        """Epochs until a limit is reached."""
        if resume:
            self._restore()
        examples = self._on_device(self.task.encode(train)) if not self.task.encodes_each_epoch else None
        held_out = self._on_device(self.task.encode(validation))
        while not self.progress.finished:
            if self.task.encodes_each_epoch:
                sampling_seed = self.options.seed * 100_003 + self.progress.epoch
                examples = self._on_device(self.task.encode(train, sampling_seed=sampling_seed))
            assert examples is not None
            self._epoch(examples)
            self._validate(held_out)
        self.tracker.close()
        self.task.model.load_state_dict(load(self.folder.path).model.state_dict())
        self.task.model.eval()
        return self._result()

    def _epoch(self, examples: Examples) -> None:
        """The steps of one epoch, or those until a limit."""
        options, progress = self.options, self.progress
        plan = BatchPlan(
            examples.lengths,
            tokens=options.batch_tokens,
            seed=options.seed,
            micro_batches=options.accumulate,
            max_rows=options.batch_rows,
        )
        epoch = plan.epoch(progress.epoch)
        self.padding = self.padding or plan.padding(epoch)
        self.task.model.train()
        window = _Window()
        title = f"epoch {progress.epoch + 1}/{options.epochs}"
        with tqdm(
            total=len(epoch), desc=title, unit="step", leave=False, disable=not sys.stderr.isatty(), file=sys.stderr
        ) as bar:
            for number in range(len(epoch)):
                micro_batches = epoch.step(number)
                share = self._share(number / len(epoch))
                rate = options.learning_rate * learning_rate_factor(share, warmup=options.warmup)
                for group in self.stepper.optimizer.param_groups:
                    group["lr"] = rate
                result = self.stepper(examples, micro_batches, progress.step)
                progress.step += 1
                if not result.skipped:
                    self.average.update(progress.step)
                window.add(result, sum(int(examples.lengths[rows].sum()) for rows in micro_batches))
                if progress.step % LOG_EVERY == 0:
                    self._log_steps(window, bar, rate, progress.epoch + (number + 1) / len(epoch))
                    window = _Window()
                bar.update()
                if self._limit_reached():
                    break
        progress.epoch += 1
        progress.finished = self._limit_reached() or progress.epoch >= options.epochs

    def _log_steps(self, window: _Window, bar: Any, rate: float, epoch: float) -> None:
        figures, tokens_per_second = {**window.figures(), "learning_rate": rate}, window.tokens_per_second()
        step = self.progress.step
        self.folder.log(self.folder.metrics, step=step, epoch=round(epoch, 4), **figures)
        self.folder.log(self.folder.timing, step=step, tokens_per_second=round(tokens_per_second))
        self.tracker.log(figures, step)
        bar.set_postfix_str(
            f"loss {figures['loss']:.4f}, {tokens_per_second:,.0f} tokens/s, padding {self.padding:.1%}"
        )

    def _validate(self, held_out: Examples) -> None:
        """Figures of the averaged weights; keeps them if they are the best so far, and writes the checkpoint."""
        progress, metric = self.progress, self.task.selection_metric
        with self.average.applied():
            with autocast(self.precision, self.device):
                figures = self.task.evaluate(held_out)
            better = (figures[metric], -figures["loss"]) > (progress.best_value, -progress.best_loss)
            if better or not progress.best_epoch:
                progress.best_epoch, progress.best_value, progress.best_loss = (
                    progress.epoch,
                    figures[metric],
                    figures["loss"],
                )
                self.best = figures
                self.task.save_pretrained(self.folder.model)
        self.folder.log(self.folder.metrics, step=progress.step, epoch=progress.epoch, validation=figures)
        self.tracker.log({f"validation/{name}": value for name, value in figures.items()}, progress.step)
        patience = self.options.patience_epochs
        if patience is not None and progress.epoch - progress.best_epoch >= patience:
            progress.finished = True
        shown = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        mark = " (best)" if progress.best_epoch == progress.epoch else ""
        progress.seconds += self._lap()
        tqdm.write(
            f"epoch {progress.epoch}, step {progress.step}: validation {shown}{mark}, {progress.seconds:.0f} s",
            file=sys.stderr,
        )
        scaler = self.stepper.scaler.state_dict()
        progress.scale, progress.scale_growth = scaler.get("scale", 0.0), scaler.get("_growth_tracker", 0)
        progress.metrics_bytes = self.folder.metrics.stat().st_size
        save_checkpoint(self.folder.checkpoints, self.task.model, self.average, self.stepper.optimizer, progress)

    def _restore(self) -> None:
        """Takes up the newest checkpoint; lines of metrics.jsonl behind it go, since their steps are done again."""
        self.progress, faults = load_checkpoint(
            self.folder.checkpoints, self.task.model, self.average, self.stepper.optimizer
        )
        progress, scaler = self.progress, self.stepper.scaler
        for fault in faults:
            print(f"warning: checkpoint passed over: {fault}", file=sys.stderr)
        if scaler.is_enabled():
            scaler.load_state_dict(
                {**scaler.state_dict(), "scale": progress.scale, "_growth_tracker": progress.scale_growth}
            )
        os.truncate(self.folder.metrics, progress.metrics_bytes)
        for line in self.folder.read_log(self.folder.metrics):
            if "validation" in line and line["epoch"] == progress.best_epoch:
                self.best = line["validation"]
        what = "has ended already" if progress.finished else "goes on"
        print(f"run {self.folder.path} {what}: epoch {progress.epoch}, step {progress.step}", file=sys.stderr)

    def _on_device(self, examples: Any) -> Any:
        """The examples on the GPU, if they take at most half of what is free there; else batches are made here and moved."""
        if self.device.type != "cuda":
            return examples
        values = examples.tokens.values
        fits = values.numel() * values.element_size() < torch.cuda.mem_get_info(self.device)[0] / 2
        return examples.to(self.device) if fits else examples

    def _lap(self) -> float:
        """Seconds since the last lap."""
        now = time.monotonic()
        seconds, self._lap_started = now - self._lap_started, now
        return seconds

    def _seconds(self) -> float:
        """Seconds trained so far, by earlier parts of a resumed run too."""
        return self.progress.seconds + time.monotonic() - self._lap_started

    def _share(self, epoch_part: float) -> float:
        options, progress = self.options, self.progress
        return progress_of(
            epoch_progress=progress.epoch + epoch_part,
            epochs=options.epochs,
            step=progress.step,
            max_steps=options.max_steps,
            minutes=self._seconds() / 60,
            max_minutes=options.max_minutes,
        )

    def _limit_reached(self) -> bool:
        options = self.options
        steps = options.max_steps is not None and self.progress.step >= options.max_steps
        return steps or (options.max_minutes is not None and self._seconds() >= 60 * options.max_minutes)

    def _result(self) -> FitResult:
        progress, metric = self.progress, self.task.selection_metric
        selection = (
            f"epoch {progress.best_epoch} of {progress.epoch}, the best {metric} on the validation rows"
            " (then the lowest loss), never on test"
        )
        return FitResult(
            run=self.folder.path,
            best_epoch=progress.best_epoch,
            validation=self.best,
            selection=selection,
            steps=progress.step,
            seconds=progress.seconds,
            padding=self.padding,
            batch_share=self.stepper.batch_seconds / max(time.monotonic() - self._started, 1e-9),
            settings={"device": str(self.device), "precision": self.precision, "threads": self.threads},
            history=self.folder.read_log(self.folder.metrics),
        )


class _Window:
    """Sums over the steps between two log lines; they stay on the device until they are asked for."""

    def __init__(self) -> None:
        self._results: list[StepResult] = []
        self._tokens = 0
        self._started = time.monotonic()

    def add(self, result: StepResult, tokens: int) -> None:
        self._results.append(result)
        self._tokens += tokens

    def figures(self) -> dict[str, float]:
        """Mean loss of the task, mean loss of auxiliary tasks where there are any, mean gradient length."""
        count = sum(float(result.count) for result in self._results)
        loss, auxiliary = (
            sum(float(getattr(result, name)) for result in self._results) / count
            for name in ("loss_sum", "auxiliary_sum")
        )
        norm = sum(float(result.norm) for result in self._results) / len(self._results)
        return {"loss": loss, **({"auxiliary_loss": auxiliary} if auxiliary else {}), "gradient_norm": norm}

    def tokens_per_second(self) -> float:
        """Real tokens a second of the window."""
        return self._tokens / (time.monotonic() - self._started)
