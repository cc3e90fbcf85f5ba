"""`RunState`: when a run's state is written, how it is taken up again, and how several processes come to have the same.

The first process alone reads and writes the run folder; the others get from it what they need. Knows no rows and no losses.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import asdict

from tqdm import tqdm

from seqtext.errors import OptionsError, Stopped
from seqtext.options import TrainingOptions, checkpoint_interval
from seqtext.saving.configs import from_plain
from seqtext.saving.disk import check_space
from seqtext.saving.untrusted import parse_json
from seqtext.training.advice import ended_early
from seqtext.training.averaging import Averages
from seqtext.training.budget import budget
from seqtext.training.checkpoint import (
    Progress,
    load_checkpoint,
    remove_passed_over,
    restore_scale,
    save_checkpoint,
    training_state,
)
from seqtext.training.environment import PROCESSES, Record, differences
from seqtext.training.optimizer import make_moments
from seqtext.training.processes import Processes
from seqtext.training.protocols import Examples
from seqtext.training.run_folder import RunFolder
from seqtext.training.schedule import progress_of
from seqtext.training.step import Stepper


class RunState:
    """The state of one run, in memory and in its folder.

    Args:
        folder: of the run.
        options: how it is trained.
        stepper: with model, optimizer and loss scale.
        averages: of the weights.
        processes: that train together.
        environment: what the run rests on now.

    Attributes:
        progress: where training stands.
        lengthened: whether it goes on to more epochs than it was begun with.
    """

    def __init__(
        self,
        folder: RunFolder,
        options: TrainingOptions,
        *,
        stepper: Stepper,
        averages: Averages,
        processes: Processes,
        environment: Record,
    ) -> None:
        self.folder, self.options = folder, options
        self.stepper, self.averages, self.processes = stepper, averages, processes
        self.environment = environment
        self.progress, self.lengthened = Progress(), False
        self._every_steps, self._every_seconds = checkpoint_interval(options.checkpoint_every) or (1.0, 0.0)
        self._lap_started = self._saved_at = time.monotonic()

    def plan(self, examples: Examples) -> None:
        """Settles epochs and rows of a batch, by what was asked for or else by the data. A run that goes on keeps those it was begun with:
        by other cuts of the texts there could be others.

        Args:
            examples: training rows, as the first epoch sees them.
        """
        progress, asked = self.progress, self.options
        if not progress.epochs:
            found = budget(self.stepper.task, asked, examples)
            progress.epochs, progress.batch_rows, progress.patience = found.epochs, found.batch_rows, found.patience
        elif asked.patience_epochs is not None or asked.epochs not in (None, progress.epochs):
            progress.patience = asked.patience_epochs  # the same number of epochs is the same run, with its patience
        progress.epochs = asked.epochs or progress.epochs
        progress.batch_rows = asked.batch_rows or progress.batch_rows

    def begin(self) -> None:
        """The clock of training starts: what encoding took before it is not training, and not of its minutes."""
        self._lap_started = self._saved_at = time.monotonic()

    # ---- taken up

    def restore(self) -> None:
        """Takes up the newest checkpoint, if this run is still what it was. Nothing is written.

        Raises:
            OptionsError: for what is not as it was, unless that is allowed.
            SavedFileError: if there are checkpoints and none verifies.
        """
        if self.processes.first:
            inexact: list[str] = []
            self.progress, faults = load_checkpoint(
                self.folder.checkpoints,
                self.stepper,
                self.averages,
                accept=lambda progress, environment: self._compare(progress, environment, inexact),
            )
            for message in [*(f"checkpoint passed over: {fault}" for fault in faults), *inexact]:
                self.say(f"warning: {message}")
            self.lengthened = self._is_longer(self.progress)
            if self.lengthened:
                planned, asked = self.progress.epochs, self.options.epochs
                self.say(
                    f"note: on to epoch {asked}, where {planned} were planned: another run than one planned for {asked}"
                )
                inexact.append(f"planned for {planned} epochs and trained on to {asked}")
                self.progress.finished = False
            self.progress.inexact = tuple(dict.fromkeys([*self.progress.inexact, *inexact]))
            progress, why = self.progress, ""
            if progress.finished and progress.epoch < progress.epochs:
                why = f"; {ended_early(progress.epochs)}"
            what = "has ended already" if progress.finished else "goes on"
            if progress.finished or progress.step:  # else there is nothing yet to go on with: stages may come first
                self.say(f"run {self.folder.path} {what}: epoch {progress.epoch}, step {progress.step}{why}")
        values = parse_json(self.processes.share(json.dumps(asdict(self.progress))).encode(), where="process 0")
        self.progress = from_plain(Progress, values, where="process 0")
        if self.progress.step:
            restore_scale(self.stepper, self.progress)

    def _compare(self, progress: Progress, environment: Record, inexact: list[str]) -> None:
        """Refuses to go on where something is not as it was; or notes it, where that is allowed."""
        longer = self._is_longer(progress)
        if progress.finished and not longer:
            return
        now = self.environment
        if longer or self.options.epochs == progress.epochs:  # the same, however many were asked for at first
            now = now | {"--epochs": environment.get("--epochs")}
        found = differences(environment, now)
        if found and not self.options.allow_inexact:
            raise OptionsError(
                f"{len(found)} thing(s) are not as they were: {'; '.join(found)}",
                where=f"--run {self.folder.path}",
                expected="a run that goes on exactly",
                fix="put them back, or give --allow_inexact",
            )
        inexact[:] = found
        before, size = environment.get(PROCESSES), self.processes.size
        if before != size:
            self.say(
                f"note: {before} process(es) before and {size} now: the same steps, equal sums but for the last digits"
            )

    def _is_longer(self, progress: Progress) -> bool:
        """Whether more epochs are asked for than a run has begun with, and nothing else has ended it."""
        options = self.options
        if not progress.epochs or options.epochs is None or options.epochs <= progress.epochs:
            return False
        done = progress_of(
            epoch_progress=progress.epoch,
            epochs=options.epochs,
            step=progress.step,
            max_steps=options.max_steps,
            minutes=progress.clock / 60,
            max_minutes=options.max_minutes,
        )
        return done < 1

    def cut_logs(self) -> None:
        """Removes the lines behind the checkpoint, whose steps are done again, and checkpoints that were passed over.

        Raises:
            SavedFileError: if a log is shorter, or damaged.
        """
        if self.processes.first:
            progress = self.progress
            self.folder.metrics.cut_back(progress.metrics_bytes, progress.metrics_sha256)
            self.folder.timing.cut_back(progress.timing_bytes, progress.timing_sha256)
            remove_passed_over(self.folder.checkpoints, progress.step)
            if self.lengthened:
                self.folder.unseal()

    def share_state(self) -> None:
        """Gives weights and moments of the first process to all: it alone read a checkpoint, and machines may round differently."""
        if self.processes.size > 1:
            if self.progress.step:
                make_moments(self.stepper.optimizer)
            state = training_state(self.stepper, self.averages)
            self.processes.share_tensors(state[name] for name in sorted(state))

    # ---- written

    def check_space(self) -> None:
        """Refuses a disk that has less space than the run will take: two checkpoints and the one being written, and the model twice.

        Raises:
            ResourceError: with what is needed and what is free.
        """
        if self.processes.first:
            size = sum(value.numel() * value.element_size() for value in self.stepper.task.model.state_dict().values())
            checkpoint = (4 + self.options.average_last) * size  # weights, their averages, two moments of each
            there = self.folder.checkpoints.is_dir()
            check_space(self.folder.path, (checkpoint + size) if there else (3 * checkpoint + 2 * size))

    def due(self) -> bool:
        """Whether a checkpoint is to be written after this step."""
        waited = time.monotonic() - self._saved_at >= self._every_seconds
        return waited or self.progress.step % self._every_steps == 0

    def save(self) -> None:
        """Writes a checkpoint, behind the logs, since it counts on their bytes."""
        progress = self.progress
        progress.seconds, self._lap_started = self.seconds(), time.monotonic()
        if self.processes.first:
            self.folder.check_there()
            progress.metrics_bytes, progress.metrics_sha256 = self.folder.metrics.synced()
            progress.timing_bytes, progress.timing_sha256 = self.folder.timing.synced()
            save_checkpoint(self.folder.checkpoints, self.stepper, self.averages, progress, self.environment)
        self._saved_at = time.monotonic()

    def stopped(self, number: int | None) -> Stopped:
        """What ends a run that was saved; made when the first process has, which the end of another would end too.

        Args:
            number: of the signal; None where another process got it.
        """
        self.processes.wait()
        progress = self.progress
        place = "at the last epoch's end" if progress.finished else f"in epoch {progress.epoch + 1}"
        message = f"stopped {place}, step {progress.step}, all of it saved; go on with --resume --run {shlex.quote(str(self.folder.path))}"
        return Stopped(message, number=number or 15)

    def seconds(self) -> float:
        """Time trained, validation included, by earlier parts of a resumed run too."""
        return self.progress.seconds + time.monotonic() - self._lap_started

    def say(self, text: str) -> None:
        """A line on stderr, of the first process."""
        if self.processes.first:
            tqdm.write(text, file=sys.stderr)
