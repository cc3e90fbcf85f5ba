"""The loss of a `StepModel`, and its figures over validation windows, in the scale of training. Knows no units."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.batching.pieces import MapPieces, total_of
from seqtext.nn.losses import Loss
from seqtext.tasks.forecasting.step_model import StepModel
from seqtext.tasks.forecasting.windows import ForecastBatch, Windows

MOST_STEPS = 250_000  # forecast values that an epoch is judged by
MOST_WINDOWS, LEAST_WINDOWS = 20_000, 1_000
AT_ONCE = 250


def step_loss(model: StepModel, batch: ForecastBatch) -> Loss:
    """Over (B, H), of what the linear path leaves; a likelihood in units of the path's deviation, other losses in that of training."""
    return _loss_and_errors(model, batch)[0]


def validate_steps(model: StepModel, windows: Windows, map_pieces: MapPieces) -> dict[str, float]:
    """Mean loss, squared and absolute error over windows, so many that 250,000 values are forecast, drawn once with a fixed key.

    Args:
        model: in evaluation mode.
        windows: of validation.
        map_pieces: does the work on pieces of them.
    """
    most = min(MOST_WINDOWS, max(MOST_STEPS // model.config.head_horizon, LEAST_WINDOWS))
    rows = np.sort(KeyedPermutation(len(windows), 0)(np.arange(min(len(windows), most))))

    def of(some: NDArray[np.int64]) -> Tensor:
        loss, error = _loss_and_errors(model, windows.batch(some))
        error = error[~torch.isnan(error)].double()
        sums = [loss.sum, loss.count, error.square().sum(), error.abs().sum()]
        return torch.tensor([*map(float, sums), len(error)], dtype=torch.float64)

    pieces = np.split(rows, range(AT_ONCE, len(rows), AT_ONCE))
    loss, weight, squares, absolutes, count = total_of(map_pieces(pieces, of), figures=5)
    return {"loss": loss / weight, "mse": squares / count, "mae": absolutes / count}


def _loss_and_errors(model: StepModel, batch: ForecastBatch) -> tuple[Loss, Tensor]:
    """Of a batch; the errors (B, H) are NaN where a reading is missing."""
    said, targets = model(batch.inputs), batch.targets[:, 0]
    there = (~torch.isnan(targets)).float()
    if batch.weights is not None:
        there = there * batch.weights[:, None]
    left = (targets - said.base).nan_to_num(0.0) / said.scale
    losses = model.output.losses(said.raw, left) * there
    if not model.output.has_samples:
        losses = losses * said.scale
    return Loss(losses.sum(), there.sum(), losses.detach().sum(1)), model.values(said) - targets
