"""What a model of segments learns once its epochs are done: what the recurrent part counts, and how far quantiles must be shifted.

Both on validation readings, which nothing was fitted to. Knows windows and a `StepModel`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.tasks.forecasting.step_model import StepModel, StepOutput
from seqtext.tasks.forecasting.windows import Windows

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_WINDOWS = 5_000  # that are looked at
MOST_WORSE = 1.01  # the squared error may be, that another share has the better loss for
BLOCKS = 20  # of neighbouring windows, at most, whose means tell how sure a difference is
AT_ONCE = 500


@torch.inference_mode()
def complete(model: StepModel, windows: Windows) -> str:
    """Sets share and shifts by the windows of a validation span, and says in a line what they are.

    The recurrent part counts nothing unless that is worse by more than one standard error: of two models as good, the simpler.
    """
    model.eval()
    windows = Windows(windows.series, windows.spans, windows.config)  # with all steps of the horizon
    rows = np.sort(KeyedPermutation(len(windows), 0)(np.arange(min(len(windows), MOST_WINDOWS))))
    parts: list[StepOutput] = []
    found: list[Tensor] = []
    for some in np.split(rows, range(AT_ONCE, len(rows), AT_ONCE)):
        batch = windows.batch(some)
        parts.append(model(batch.inputs))
        found.append(batch.targets[:, 0])
    said = StepOutput(*(torch.cat(each) for each in zip(*parts, strict=True)))
    true = torch.cat(found)
    lines = []
    if model.recurrent:
        share = _best_share(model, said, true)
        model.share.fill_(share)
        lines.append(f"by the validation rows the recurrent part counts {share:.0%} beside the linear path")
    if model.output.has_quantiles:
        shifts = _shifts(model, said, true)
        model.shifts.copy_(shifts)
        lines.append(
            f"quantiles shifted by {', '.join(f'{shift:+.2f}' for shift in shifts.tolist())} deviations (conformal)"
        )
    return "; ".join(lines)


def _best_share(model: StepModel, said: StepOutput, true: Tensor) -> float:
    """Of the recurrent part: the one of the least loss, of those whose squared error is hardly more than the least.

    Where most readings are zero, a median has the least absolute error and a squared one that is far off.
    """
    losses = {share: _losses(model, said, true, share) for share in SHARES}
    squares = {share: _squares(model, said, true, share) for share in SHARES}
    good = [share for share in SHARES if squares[share] <= MOST_WORSE * min(squares.values())]
    best = min(good, key=lambda share: float(losses[share].mean()))
    if best == 0.0:
        return best
    gains = losses[0.0] - losses[best]
    blocks = torch.stack([part.mean() for part in gains.tensor_split(min(BLOCKS, max(len(gains) // 2, 1)))])
    error = float(blocks.std() / len(blocks) ** 0.5) if len(blocks) > 1 else float("inf")
    return best if float(blocks.mean()) > error else 0.0


def _losses(model: StepModel, said: StepOutput, true: Tensor, share: float) -> Tensor:
    """(R,) mean loss of each window, the recurrent part counting so much."""
    there = ~torch.isnan(true)
    point = model.output.point(said.raw)
    error = torch.where(there, true - said.base, 0.0) / said.scale
    losses = model.output.losses(said.raw, error, -(1 - share) * point)
    losses = torch.where(there, losses * said.scale, 0.0)
    return losses.sum(1) / there.sum(1).clamp_min(1)


def _squares(model: StepModel, said: StepOutput, true: Tensor, share: float) -> float:
    """Mean squared error of all forecasts, the recurrent part counting so much."""
    return float((true - said.base - said.scale * share * model.output.point(said.raw)).square().nanmean())


def _shifts(model: StepModel, said: StepOutput, true: Tensor) -> Tensor:
    """(Q,) by which each quantile misses the values that it should hold, in units of the linear path's deviation; 0 of the middle one."""
    point = model.output.point(said.raw)
    quantiles = model.output.quantiles(said.raw) - ((1 - model.share) * point).unsqueeze(-1)
    there = ~torch.isnan(true)
    error = ((true - said.base) / said.scale)[there]
    around = quantiles[there]
    shifts = torch.zeros(len(model.output.levels), dtype=torch.float32)
    if len(error) < BLOCKS:
        return shifts
    for place, level in enumerate(model.output.levels):
        if level != 0.5:
            off = (error - around[:, place]).sort().values
            at = (
                level * (len(off) + 1) if level > 0.5 else level * (len(off) + 1) - 1
            )  # outwards, as split-conformal rounds
            shifts[place] = off[min(max(int(np.ceil(at)) - 1 if level > 0.5 else int(np.floor(at)), 0), len(off) - 1)]
    return shifts
