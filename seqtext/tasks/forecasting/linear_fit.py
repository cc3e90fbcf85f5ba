"""The linear path fitted in closed form: ridge regressions for each step, of the kinds that `linear_choice` finds the best.

Knows windows and a `LinearPath`; sums of products are all that it keeps of the rows.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from seqtext.tasks.forecasting.linear_choice import CHOSEN_BY, choose
from seqtext.tasks.forecasting.linear_path import LinearPath
from seqtext.tasks.forecasting.linear_sums import (
    ANCHOR_ALONE,
    FEWEST,
    Map,
    Member,
    drawn,
    groups_of,
    of_changes,
    pieces,
    solve,
    sums_of,
)
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.windows import Windows

FEW = 500  # windows, below which a level that is not counted against anything may be that of training by chance
CELLS = 2e8  # numbers in the features of a fit
MOST_WINDOWS = 50_000
LEAST_DEVIATION = 1e-3  # of what the path gets wrong


def fit_linear_path(path: LinearPath, windows: Windows, *, plain: bool = False) -> None:
    """Fits a path to some windows; with too few of them it repeats the reading of a season before, or the last.

    Args:
        path: whose numbers are set.
        windows: of training.
        plain: one map, of changes against the last reading by all features: ridge regression, with nothing but its strength chosen.
    """
    first = windows.first(np.arange(len(windows)))
    anchors = range(1 if plain else len(path.anchors))
    if len(first) < FEWEST:
        members = [Member(len(path.anchors) - 1 if len(path.anchors) > 2 else 0, 1, 0, ANCHOR_ALONE)]
    else:
        kinds = [(anchor, unit) for anchor in anchors for unit in ((0,) if plain else (0, 1))]
        kinds += [] if plain or len(first) < FEW else [(-1, 0)]
        groups = (0,) if plain else groups_of(path)
        members = choose(path, windows.series, first, kinds, groups)
    _fit(path, windows.series, first, members)


def refit_linear_path(path: LinearPath, windows: Windows, *, choose_anew: bool) -> None:
    """Fits a path again; how far it is usually off stays what it was, for what was learnt counts in that.

    Args:
        path: whose numbers are set.
        windows: of training and validation.
        choose_anew: whether kinds of map are chosen again too; else those that it has are kept, which a recurrent part corrects.
    """
    deviation = path.deviation.clone()
    if choose_anew:
        fit_linear_path(path, windows)
    else:
        first = windows.first(np.arange(len(windows)))
        rows = [row for row in path.members.tolist() if row[4] > 0]
        _fit(path, windows.series, first, [Member(int(a), int(d), int(g), s, weight) for a, d, g, s, weight in rows])
    path.deviation.copy_(deviation)


def _fit(path: LinearPath, series: ScaledSeries, first: Positions, members: list[Member]) -> None:
    """Sets the numbers of a path to the mean of such maps, fitted to the windows before some positions."""
    steps = list(range(path.config.head_horizon))
    some = drawn(first, min(MOST_WINDOWS, int(CELLS / (len(steps) * path.features))))
    total = [torch.zeros_like(part, dtype=torch.float64) for part in (path.shared, path.lags, path.rest)]
    sums = {unit: sums_of(path, series, some, steps, unit) for unit in {member.divides for member in members}}
    for member in members:
        map_ = solve(path, of_changes(path, sums[member.divides], member), member.group, (member.strength,))[0]
        for part, own in zip(total, _absorbed(path, map_, member), strict=True):
            part += own * member.weight
    for buffer, part in zip((path.shared, path.lags, path.rest), total, strict=True):
        buffer.copy_(part)
    path.members.zero_()
    path.members[: len(members)] = torch.tensor(members, dtype=torch.float32)
    divides = sum(member.weight for member in members if member.divides) >= 0.5
    off, count = torch.zeros(len(steps), dtype=torch.float64), torch.zeros(len(steps), dtype=torch.float64)
    for inputs, _, true in pieces(path, series, drawn(first, CHOSEN_BY), steps):
        unit = inputs.level[:, 1:] if divides else torch.ones(len(true), 1)
        error = (true - path(inputs).values) / unit
        off += error.nan_to_num(0.0).double().square().sum(0)
        count += (~torch.isnan(true)).sum(0)
    path.deviation.zero_()
    path.deviation[int(divides)] = (off / count.clamp_min(1)).sqrt().clamp_min(LEAST_DEVIATION).float()


def _absorbed(path: LinearPath, map_: Map, member: Member) -> tuple[Tensor, Tensor, Tensor]:
    """The numbers of a path, (2, H, ...) each, that says what a map of changes against an anchor does."""
    shared, lags, _ = path.sizes
    readings, level, rest = torch.split(map_.weight, [shared + lags, 1, path.sizes[2] - 1], dim=1)
    plain, scaled = torch.zeros(2, *readings.shape, dtype=torch.float64)
    plain += readings
    if member.anchor >= 0:
        anchor = path.anchors[member.anchor]
        plain[:, anchor] += 1 - readings.sum(1)
        (scaled if member.divides else plain)[:, anchor] += level[:, 0]
    both = torch.stack([plain, scaled])
    own = torch.zeros(2, len(rest), path.sizes[2], dtype=torch.float64)
    own[member.divides] = torch.cat([map_.bias.unsqueeze(1), rest], dim=1)
    return both[..., :shared], both[..., shared:], own
