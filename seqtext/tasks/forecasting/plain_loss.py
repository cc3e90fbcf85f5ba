"""The loss of a plain model, and its figures over validation windows, in the scale of training. Knows no units."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtext.batching.padded import Padded
from seqtext.batching.pieces import MapPieces, total_of
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.forecast_output import ForecastOutput
from seqtext.nn.losses import Loss
from seqtext.tasks.forecasting.rollout import Rollout
from seqtext.tasks.forecasting.scaled_series import Positions
from seqtext.tasks.forecasting.windows import ForecastBatch, Windows


def plain_loss(model: SeqToVec, output: ForecastOutput, batch: ForecastBatch) -> Loss:
    """Of a batch, after the last step of each window, or after every step of a piece but those that warm its state up."""
    assert isinstance(batch.inputs, Padded)
    steps = batch.targets.shape[1]
    if steps == 1:
        raw = model(batch.inputs)
    else:
        raw = model.head(model.dropout(model.read(batch.inputs).values[:, -steps:]))
    return _loss(output, raw.view(*batch.targets.shape, output.size), batch.targets, batch.anchors, batch.weights)


def validate_plain(rollout: Rollout, windows: Windows, first: Positions, map_pieces: MapPieces) -> dict[str, float]:
    """Mean loss, squared and absolute error behind some positions.

    Args:
        rollout: of the model.
        windows: of validation.
        first: (R,) where forecasts begin.
        map_pieces: does the work on pieces of them.
    """
    output = rollout.output

    def of(some: Positions) -> Tensor:
        raw = rollout.raw(some).unsqueeze(1)
        targets, anchors = windows.targets(torch.from_numpy(some).to(windows.device))
        loss = _loss(output, raw, targets, anchors, windows.weights(some))
        error = output.point(raw, 0.0 if anchors is None else anchors) - targets
        error = error[~torch.isnan(error)].double()
        sums = [loss.sum, loss.count, error.square().sum(), error.abs().sum()]
        return torch.tensor([*map(float, sums), len(error)], dtype=torch.float64)

    loss, weight, squares, absolutes, count = total_of(map_pieces(rollout.parts(first), of), figures=5)
    return {"loss": loss / weight, "mse": squares / count, "mae": absolutes / count}


def _loss(output: ForecastOutput, raw: Tensor, targets: Tensor, anchors: Tensor | None, weights: Tensor | None) -> Loss:
    """Over (B, K, H)."""
    there = (~torch.isnan(targets)).float()
    if weights is not None:
        there = there * weights[:, None, None]
    losses = output.losses(raw, targets.nan_to_num(0.0), 0.0 if anchors is None else anchors) * there
    return Loss(losses.sum(), there.sum(), losses.detach().sum((1, 2)))
