"""`Loop`: epochs over any task that has a `loss`, each validated, the best one saved, every one to go on from.

Knows no texts and no classes: rows go in as the task encodes them, figures come out as the task's `evaluate` names them.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from tqdm import tqdm

from seqtext.nn.precision import autocast, choose_device, choose_precision, set_threads
from seqtext.options import TrainingOptions
from seqtext.training.averaging import MovingAverage
from seqtext.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from seqtext.training.optimizer import make_optimizer, product_dtype
from seqtext.training.protocols import Examples, Task
from seqtext.training.run_folder import RunFolder
from seqtext.training.run_log import LogWindow
from seqtext.training.schedule import learning_rate_factor, progress_of
from seqtext.training.step import Stepper
from seqtext.training.tracking import Tracker

LOG_EVERY = 20  # steps between two lines of metrics.jsonl; reading the loss more often would make a GPU wait


def sampling_seed(seed: int, epoch: int) -> int:
    """What a task whose rows are encoded anew every epoch gets for this one."""
    return seed * 100_003 + epoch


class Loop:
    """One call of `fit`: what all its epochs share.

    Args:
        task: what is trained; its model is moved to the device.
        folder: of the run; written to by `run` alone.
        options: how to train.

    Raises:
        ResourceError: for a device or precision that is not there.
    """

    def __init__(self, task: Task, folder: RunFolder, options: TrainingOptions) -> None:
        self.task, self.folder, self.options = task, folder, options
        self.device = choose_device(options.device)
        self.precision = choose_precision(options.precision, self.device, auto=task.auto_precision)
        self.threads = set_threads(options.threads)
        task.model.to(self.device)
        self.average = MovingAverage(task.model, options.average_decay)
        self.stepper = Stepper(
            task,
            make_optimizer(
                task.model,
                name=options.optimizer,
                learning_rate=options.learning_rate,
                weight_decay=options.weight_decay,
                dtype=product_dtype(self.precision),
            ),
            precision=self.precision,
            device=self.device,
            clip_norm=options.clip_norm,
            seed=options.seed,
        )
        self.progress = Progress()
        self._lap_started = time.monotonic()

    def restore(self) -> None:
        """Takes up the newest checkpoint; lines of the logs behind it go, since their steps are done again."""
        folder = self.folder
        self.progress, faults = load_checkpoint(folder.checkpoints, self.stepper, self.average)
        for fault in faults:
            print(f"warning: checkpoint passed over: {fault}", file=sys.stderr)
        folder.metrics.cut_back(self.progress.metrics_bytes)
        folder.timing.cut_back(self.progress.timing_bytes)
        what = "has ended already" if self.progress.finished else "goes on"
        print(f"run {folder.path} {what}: epoch {self.progress.epoch}, step {self.progress.step}", file=sys.stderr)

    def encode(self, train: Any, validation: Any) -> None:
        """Takes the rows: those of training as the next epoch sees them."""
        self.train = train
        self.held_out = self._on_device(self.task.encode(validation))
        self.examples = self._next_examples()

    def run(self) -> None:
        """Epochs until a limit is reached; the best one's model is then in the run folder and in the task."""
        self.tracker = Tracker(self.options.track, self.folder.path)
        while not self.progress.finished:
            self._epoch(self.examples)
            self._validate(self.held_out)
            if self.task.encodes_each_epoch and not self.progress.finished:
                self.examples = self._next_examples()
        self.tracker.close()
        self.task.model.load_state_dict(self.task.from_pretrained(self.folder.model).model.state_dict())
        self.task.model.eval()

    def _next_examples(self) -> Examples:
        seed = sampling_seed(self.options.seed, self.progress.epoch) if self.task.encodes_each_epoch else None
        examples: Examples = self._on_device(self.task.encode(self.train, sampling_seed=seed))
        return examples

    def _epoch(self, examples: Examples) -> None:
        """The steps of one epoch, or those until a limit."""
        options, progress = self.options, self.progress
        plan = examples.plan(
            tokens=options.batch_tokens,
            seed=options.seed,
            micro_batches=options.accumulate,
            max_rows=options.batch_rows,
        )
        epoch = plan.epoch(progress.epoch)
        if progress.epoch == 0:
            progress.padding = plan.padding(epoch)
        self.task.model.train()
        window, started = LogWindow(), time.monotonic()
        title = f"epoch {progress.epoch + 1}/{options.epochs}"
        with tqdm(
            total=len(epoch), desc=title, unit="step", leave=False, disable=not sys.stderr.isatty(), file=sys.stderr
        ) as bar:
            for number in range(len(epoch)):
                micro_batches = epoch.step(number)
                factor = learning_rate_factor(self._share(number / len(epoch)), warmup=options.warmup)
                rate = options.learning_rate * factor
                for group in self.stepper.optimizer.param_groups:
                    group["lr"] = group["highest_rate"] * factor
                result = self.stepper(examples, micro_batches, progress.step)
                progress.step += 1
                progress.batch_seconds += result.batch_seconds
                if not result.skipped:
                    self.average.update(progress.step)
                window.add(result, sum(examples.steps_in(rows) for rows in micro_batches))
                done = (number + 1) / len(epoch)
                if progress.step % LOG_EVERY == 0:
                    self._log_steps(window, bar, rate, progress.epoch + done, examples.unit)
                    window = LogWindow()
                bar.update()
                if self._share(done) >= 1:
                    break
        progress.step_seconds += time.monotonic() - started
        progress.epoch += 1
        progress.finished = self._share(0) >= 1

    def _log_steps(self, window: LogWindow, bar: Any, rate: float, epoch: float, unit: str) -> None:
        figures, per_second = {**window.figures(), "learning_rate": rate}, window.steps_per_second()
        step, padding = self.progress.step, self.progress.padding
        self.folder.metrics.append(step=step, epoch=round(epoch, 4), **figures)
        self.folder.timing.append(step=step, **{f"{unit}_per_second": round(per_second)})
        self.tracker.log(figures, step)
        shown = f", padding {padding:.1%}" if padding else ""
        bar.set_postfix_str(f"loss {figures['loss']:.4f}, {per_second:,.0f} {unit}/s{shown}")

    def _validate(self, held_out: Examples) -> None:
        """Figures of the averaged weights; keeps them if they are the best so far, and writes the checkpoint."""
        progress, metric = self.progress, self.task.selection_metric
        with self.average.applied():
            with autocast(self.precision, self.device):
                figures = self.task.evaluate(held_out)
            value, loss = -figures[metric] if self.task.lower_is_better else figures[metric], figures["loss"]
            if not progress.best_epoch or (value, -loss) > (progress.best_value, -progress.best_loss):
                progress.best_epoch, progress.best_value, progress.best_loss = progress.epoch, value, loss
                self.task.save_pretrained(self.folder.model)
        self.folder.metrics.append(step=progress.step, epoch=progress.epoch, validation=figures)
        self.tracker.log({f"validation/{name}": figure for name, figure in figures.items()}, progress.step)
        patience = self.options.patience_epochs
        if patience is not None and progress.epoch - progress.best_epoch >= patience:
            progress.finished = True
        shown = ", ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
        mark = " (best)" if progress.best_epoch == progress.epoch else ""
        now = time.monotonic()
        progress.seconds, self._lap_started = progress.seconds + now - self._lap_started, now
        tqdm.write(
            f"epoch {progress.epoch}, step {progress.step}: validation {shown}{mark}, {progress.seconds:.0f} s",
            file=sys.stderr,
        )
        progress.metrics_bytes = self.folder.metrics.synced_size()
        progress.timing_bytes = self.folder.timing.synced_size()
        save_checkpoint(self.folder.checkpoints, self.stepper, self.average, progress)

    def _on_device(self, examples: Any) -> Any:
        """The examples on the GPU, if they take at most half of what is free there; else batches are made here and moved."""
        if self.device.type != "cuda":
            return examples
        fits = examples.nbytes < torch.cuda.mem_get_info(self.device)[0] / 2
        return examples.to(self.device) if fits else examples

    def _share(self, epoch_part: float) -> float:
        """Share of training that is done; 1 once a limit is reached."""
        options, progress = self.options, self.progress
        seconds = progress.seconds + time.monotonic() - self._lap_started  # by earlier parts of a resumed run too
        return progress_of(
            epoch_progress=progress.epoch + epoch_part,
            epochs=options.epochs,
            step=progress.step,
            max_steps=options.max_steps,
            minutes=seconds / 60,
            max_minutes=options.max_minutes,
        )
