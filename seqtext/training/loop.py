"""`Loop`: epochs over any task that has a `loss`, each validated, the best one saved, every step of them to go on from.

Knows no texts and no classes: rows go in as the task encodes them, figures come out as the task's `evaluate` names them. Several
processes share the work of validation too; the first one alone prints and writes.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import torch

from seqtext.data.reading.column_arrays import row_number
from seqtext.nn.memory import COPIES, check_memory
from seqtext.nn.precision import choose_device, choose_precision, set_threads
from seqtext.options import TrainingOptions
from seqtext.training.averaging import Averages
from seqtext.training.checkpoint import Progress
from seqtext.training.environment import environment_of
from seqtext.training.optimizer import make_optimizer, product_dtype
from seqtext.training.processes import started_processes
from seqtext.training.progress_bar import progress_bar
from seqtext.training.protocols import CutAnew, Epoch, Examples, HasRates, Task
from seqtext.training.run_folder import RunFolder
from seqtext.training.run_log import LogWindow
from seqtext.training.run_state import RunState
from seqtext.training.schedule import learning_rate_factor, progress_of
from seqtext.training.signals import Interrupted, StopSignals
from seqtext.training.step import Stepper, StepResult
from seqtext.training.tracking import Tracker
from seqtext.training.validation import Validation

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
        train: training rows.
        validation: rows to choose the epoch by.

    Raises:
        ResourceError: for a device or precision that is not there.
    """

    def __init__(self, task: Task, folder: RunFolder, options: TrainingOptions, train: Any, validation: Any) -> None:
        self.task, self.folder, self.options = task, folder, options
        self.train, self.validation = train, validation
        self.processes = started_processes()
        self.device = self.processes.device(choose_device(options.device))
        self.precision = choose_precision(options.precision, self.device, auto=task.auto_precision)
        self.threads = set_threads(options.threads)
        check_memory(
            task.model, self.device, copies=COPIES - 1 + options.average_last
        )  # beside the weights, which are there
        task.model.to(self.device)
        self.averages = Averages(task.model, options.ema_decay, options.average_last)
        self.stepper = Stepper(
            task,
            make_optimizer(
                task.model,
                name=options.optimizer,
                learning_rate=options.learning_rate,
                weight_decay=options.weight_decay,
                dtype=product_dtype(self.precision),
                rates=task.rates if isinstance(task, HasRates) else {},
            ),
            precision=self.precision,
            device=self.device,
            max_grad_norm=options.max_grad_norm,
            seed=options.seed,
            processes=self.processes,
            check_every=1 if self.device.type == "cpu" else LOG_EVERY,
        )
        if hasattr(train, "features"):  # rows of a data set have the numbers of their source, whatever was held out
            self.stepper.row_number = lambda row: row_number(train, self._source_row(row))
        environment = environment_of(
            task,
            train,
            validation,
            options,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            processes=self.processes.size,
        )
        self.state = RunState(
            folder,
            options,
            stepper=self.stepper,
            averages=self.averages,
            processes=self.processes,
            environment=environment,
        )
        self.signals = StopSignals()
        self.validated = Validation(task, self.state, self.signals, precision=self.precision, device=self.device)

    @property
    def progress(self) -> Progress:
        """Where training stands."""
        return self.state.progress

    def encode(self) -> None:
        """Encodes validation rows, and those of training as the next epoch sees them."""
        with self.processes.first_alone():  # it fills the cache that the others read
            self.held_out = self._on_device(self.task.encode(self.validation))
            self.examples = self._next_examples()
        self.state.plan(self.examples)

    def run(self) -> None:
        """Epochs until a limit is reached; the best one's model is then in the run folder and in the task.

        Raises:
            Stopped: by a signal, after a checkpoint.
        """
        task = self.task
        self.state.begin()
        if self.options.resume:
            self.state.cut_logs()
        self.tracker = Tracker(self.options.track if self.processes.first else None, self.folder)
        with closing(self.tracker), self.signals:
            while not self.progress.finished:
                self.state.share_state()
                self._epoch(self.examples)
                self._validate()
                if task.encodes_each_epoch and not self.progress.finished:
                    self._encode_anew()
            if self.processes.any(self.signals.received is not None):  # it came while the last epoch was saved
                raise self.state.stopped(self.signals.received)
        if skipped := self.stepper.update.overflows[0]:
            self.state.say(f"note: fp16 overflowed in {skipped:,} of {self.progress.step:,} steps, which were left out")
        if self.processes.first:
            task.model.load_state_dict(task.from_pretrained(self.folder.model).model.state_dict())
        self.processes.share_tensors(task.model.state_dict().values())
        task.model.eval()

    def _source_row(self, row: int) -> int:
        return self.examples.source_row(row) if isinstance(self.examples, CutAnew) else row

    # ---- an epoch

    def _epoch(self, examples: Examples) -> None:
        """The steps of one epoch that are not done yet, or those until a limit."""
        options, progress = self.options, self.progress
        plan = examples.plan(
            tokens=options.batch_tokens,
            seed=options.seed,
            micro_batches=options.gradient_accumulation * self.processes.size,
            max_rows=progress.batch_rows,
        )
        epoch = plan.epoch(progress.epoch)
        if progress.epoch == 0:
            progress.padding = plan.padding(epoch)
        self.task.model.train()
        window, started = LogWindow(progress.window), time.monotonic()
        title, done = f"epoch {progress.epoch + 1}/{progress.epochs}", progress.epoch_step
        with progress_bar(len(epoch), done=done, title=title, shown=self.processes.first) as bar:
            while done < len(epoch) and not (done and self._share(done / len(epoch)) >= 1):
                result = self._step(examples, epoch, done)
                done = progress.epoch_step
                window.add(result, sum(examples.steps_in(rows) for rows in epoch.step(done - 1)))
                if progress.step == LOG_EVERY and (note := self.stepper.memory.note(examples, epoch)):
                    self.state.say(f"note: {note}")
                if progress.step % LOG_EVERY == 0:
                    self._log_steps(window, bar, progress.epoch + done / len(epoch), examples.unit)
                    window = LogWindow()
                bar.update()
                # Several stop together, after the step before which one of them was asked to.
                stop = result.stop or (self.processes.size == 1 and self.signals.received is not None)
                due = done < len(epoch) and self.state.due()  # by the clock of each process; only the first saves
                if stop or (due and self.processes.size == 1):
                    self.stepper.check(examples)
                if stop or (due and self.stepper.update.fault() is None):
                    now = time.monotonic()
                    progress.step_seconds, started = progress.step_seconds + now - started, now
                    progress.window = window.sums()
                    self.state.save()
                if stop:
                    raise self.state.stopped(self.signals.received)
        self.stepper.check(examples)
        progress.step_seconds += time.monotonic() - started
        progress.window = window.sums()

    def _step(self, examples: Examples, epoch: Epoch, number: int) -> StepResult:
        """One step of an epoch, counted and averaged."""
        progress, options = self.progress, self.options
        factor = learning_rate_factor(self._share(number / len(epoch)), warmup=options.warmup)
        self.rate = options.learning_rate * factor
        for group in self.stepper.optimizer.param_groups:
            group["lr"] = group["highest_rate"] * factor
        stop, seconds = self.signals.received is not None, self.state.seconds()
        result = self.stepper(examples, epoch.step(number), progress.step, stop=stop, seconds=seconds)
        progress.step, progress.epoch_step, progress.clock = progress.step + 1, number + 1, result.seconds
        progress.batch_seconds += result.batch_seconds
        self.averages.update(progress.step, left_out=result.left_out if self.precision == "fp16" else None)
        return result

    def _log_steps(self, window: LogWindow, bar: Any, epoch: float, unit: str) -> None:
        figures, per_second = {**window.figures(), "learning_rate": self.rate}, window.steps_per_second()
        step, padding = self.progress.step, self.progress.padding
        if self.processes.first:
            self.folder.metrics.append(step=step, epoch=round(epoch, 4), **figures)
            self.folder.timing.append(step=step, **{f"{unit}_per_second": round(per_second)})
        self.tracker.log(figures, step)
        shown = f", padding {padding:.1%}" if padding else ""
        bar.set_postfix_str(f"loss {figures.get('loss', float('nan')):.4f}, {per_second:,.0f} {unit}/s{shown}")

    def _validate(self) -> None:
        """Figures of the averaged weights, which are kept if they are the best so far, and the checkpoint."""
        progress, metric = self.progress, self.task.selection_metric
        finished = self._share(1.0) >= 1
        found = self.validated(self.held_out)
        if found is None:  # a signal came: the steps are saved, the figures are made on resume
            self.state.save()
            raise self.state.stopped(self.signals.received)
        (name, figures), *others = found.items()
        progress.epoch, progress.epoch_step, progress.window = progress.epoch + 1, 0, ()
        patience = progress.patience
        progress.finished = finished or (patience is not None and progress.epoch - progress.best_epoch >= patience)
        if self.processes.first:
            beside = {"weights": name, "others": dict(others)} if others else {}
            self.folder.metrics.append(step=progress.step, epoch=progress.epoch, validation=figures, **beside)
        self.tracker.log({f"validation/{name}": figure for name, figure in figures.items()}, progress.step)
        shown = ", ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
        shown += "".join(f" of the {name}, {metric} {of[metric]:.4f} of the {one}" for one, of in others)
        mark = " (best)" if progress.best_epoch == progress.epoch else ""
        line = f"epoch {progress.epoch}, step {progress.step}: validation {shown}{mark}"
        self.state.say(f"{line}, {self.state.seconds():.0f} s")
        self.state.save()

    def _encode_anew(self) -> None:
        """The rows as the next epoch sees them; several processes agree on whether a signal ended that."""
        stopped = False
        try:
            with self.signals.at_once():
                self.examples = self._next_examples()
        except Interrupted:  # the epoch before is saved
            stopped = True
        if self.processes.any(stopped):
            raise self.state.stopped(self.signals.received)

    def _next_examples(self) -> Examples:
        seed = sampling_seed(self.options.seed, self.progress.epoch) if self.task.encodes_each_epoch else None
        examples: Examples = self._on_device(self.task.encode(self.train, sampling_seed=seed))
        return examples

    def _on_device(self, examples: Any) -> Any:
        """The examples on the GPU, if they take at most half of what is free there; else batches are made here and moved."""
        if self.device.type != "cuda":
            return examples
        fits = examples.nbytes < torch.cuda.mem_get_info(self.device)[0] / 2
        return examples.to(self.device) if fits else examples

    def _share(self, epoch_part: float) -> float:
        """Share of training that is done."""
        options, progress = self.options, self.progress
        return progress_of(
            epoch_progress=progress.epoch + epoch_part,
            epochs=progress.epochs,
            step=progress.step,
            max_steps=options.max_steps,
            minutes=progress.clock / 60,
            max_minutes=options.max_minutes,
        )
