"""`Validation`: what the averages of the weights are worth at an epoch's end, and the best of all so far saved.

Knows no rows: figures come out as the task's `validate` names them. Several processes share the work; the first one alone writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor

from seqtext.nn.precision import autocast
from seqtext.options import Precision
from seqtext.training.protocols import Task
from seqtext.training.run_state import RunState
from seqtext.training.signals import Interrupted, StopSignals

T = TypeVar("T")
Figures = dict[str, float]


class Validation:
    """The validation of one run.

    Args:
        task: that is trained.
        state: of the run, with averages and folder.
        signals: any of which ends it.
        precision: of the matrix products, resolved.
        device: where the model is.
    """

    def __init__(
        self, task: Task, state: RunState, signals: StopSignals, *, precision: Precision, device: torch.device
    ) -> None:
        self._state, self._signals = state, signals
        self._task, self._processes = task, state.processes
        self._precision, self._device = precision, device

    def __call__(self, held_out: Any) -> dict[str, Figures] | None:
        """Figures of each average, by its name, the best first; None, in all processes, if a signal came to one of them."""
        averages, found = self._state.averages, {}
        for name, weights in averages.at_end_of(self._state.progress.epoch + 1).items():
            with averages.applied(weights):
                if (figures := self._figures(held_out)) is None:
                    return None
                found[name] = figures
                self._keep_if_best(name, figures)
        return dict(sorted(found.items(), key=lambda one: self._rank(one[1]), reverse=True))

    def _rank(self, figures: Figures) -> tuple[float, float]:
        """The higher, the better."""
        value = figures[self._task.selection_metric]
        return -value if self._task.lower_is_better else value, -figures["loss"]

    def _keep_if_best(self, name: str, figures: Figures) -> None:
        """Saves the model as it is now, unless one before was as good."""
        progress, rank = self._state.progress, self._rank(figures)
        if progress.best_epoch and not rank > (progress.best_value, -progress.best_loss):
            return
        progress.best_epoch, progress.best_value, progress.best_loss = progress.epoch + 1, rank[0], -rank[1]
        progress.best_weights = name
        if self._processes.first:
            self._state.folder.check_there()
            self._task.save_pretrained(self._state.folder.model)

    def _figures(self, held_out: Any) -> Figures | None:
        # Several leave together, before a piece of the work; one alone need not wait for that.
        leave = self._signals.at_once() if self._processes.size == 1 else nullcontext()
        try:
            with autocast(self._precision, self._device), leave:
                return self._task.validate(held_out, map_pieces=self._map_pieces)
        except Interrupted:
            return None

    def _map_pieces(self, pieces: Sequence[T], work: Callable[[T], Tensor]) -> list[Tensor]:
        results = self._processes.map_pieces(pieces, work, stop=lambda: self._signals.received is not None)
        if results is None:
            raise Interrupted
        return results
