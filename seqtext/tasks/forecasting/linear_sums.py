"""What the closed form of the linear path is made of: kinds of map, sums of products over windows, maps solved out of them, their errors.

Knows windows and a `LinearPath`, not which kind suits them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.tasks.forecasting.linear_path import Features, LinearPath
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.step_inputs import StepInputs, step_inputs

ANCHOR_ALONE = 1e12  # the strength that shrinks everything away
AT_ONCE = 4e6  # numbers of features that are made at once
FEWEST = 20  # windows, below which nothing is fitted


class Member(NamedTuple):
    """A kind of map: what changes are counted against, in which unit, by which features, and how strongly it is shrunk.

    Attributes:
        anchor: -1 the mean of the series, 0 the last reading, 1 the mean of the window, 2 a season before, 3 the second season before.
        divides: 1 where changes are counted in deviations of the window, else 0.
        group: 0 for all features; 1 without level and calendar, which tell where readings usually are; 2 also without lags by season.
        strength: of ridge.
        weight: in the mean of all.
    """

    anchor: int
    divides: int
    group: int
    strength: float
    weight: float = 1.0


class Map(NamedTuple):
    """Weights (H, F) and intercepts (H,) of changes."""

    weight: Tensor
    bias: Tensor


def drawn(first: Positions, most: int) -> Positions:
    """At most so many, with a fixed key, in order."""
    most = max(most, FEWEST)
    return first if len(first) <= most else first[np.sort(KeyedPermutation(len(first), 0)(np.arange(most)))]


def pieces(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int]
) -> Iterator[tuple[StepInputs, Features, Tensor]]:
    """Inputs and features of some steps, and their true values (B, H), in pieces that fit the memory."""
    rows = max(1, int(AT_ONCE / (len(steps) * path.features)))
    ahead = np.array(steps)
    for start in range(0, len(first), rows):
        some = first[start : start + rows]
        inputs = step_inputs(series, some, path.config, ahead)
        yield inputs, path.gather(inputs), series.values[torch.from_numpy(some[:, None] + ahead)]


def changes(path: LinearPath, inputs: StepInputs, features: Features, member: Member) -> tuple[Tensor, Tensor, Tensor]:
    """Features of changes (B, H, F), what they are counted against (B, H), and their unit (B, 1)."""
    readings = _readings(features)
    start = readings[..., path.anchors[member.anchor]] if member.anchor >= 0 else torch.zeros_like(readings[..., 0])
    unit = inputs.level[:, 1:] if member.divides else torch.ones_like(inputs.level[:, 1:])
    changes = (readings - start.unsqueeze(-1)) / unit.unsqueeze(-1)
    return torch.cat([changes, start.unsqueeze(-1), features.rest[..., 1:]], dim=-1), start, unit


def sums_of(path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], divides: int) -> Tensor:
    """(H, N, N) sums of products of all pairs among 1, readings, anchors, the rest and the value: all that a fit knows of the rows.

    Readings and value are in the unit; the anchors, as levels, are not. Those of changes follow for any anchor: `_of_changes`.
    """
    total = torch.zeros((), dtype=torch.float64)
    for inputs, gathered, true in pieces(path, series, first, steps):
        there = (~torch.isnan(true)).double().T.unsqueeze(-1)  # (H, B, 1)
        unit = inputs.level[:, 1:] if divides else torch.ones_like(inputs.level[:, 1:])
        readings = _readings(gathered)
        value = (true.nan_to_num(0.0) / unit).unsqueeze(-1)
        ones = torch.ones_like(value)
        levels = readings[..., list(path.anchors)]
        parts = [ones, readings / unit.unsqueeze(-1), levels, gathered.rest[..., 1:], value]
        rows = torch.cat(parts, dim=-1).double().transpose(0, 1) * there
        total = total + rows.transpose(1, 2) @ rows
    return total


def of_changes(path: LinearPath, sums: Tensor, member: Member) -> Tensor:
    """(H, 1 + F + 1, 1 + F + 1): the sums of products among 1, the features of a member's changes, and the change."""
    shared, lags, rest = path.sizes
    readings, anchors = shared + lags, len(path.anchors)
    size = 1 + readings + anchors + rest
    columns = torch.zeros(size, path.features + 2, dtype=torch.float64)
    columns[0, 0] = 1.0
    columns[range(1, 1 + readings), range(1, 1 + readings)] = 1.0
    columns[range(1 + readings + anchors, size - 1), range(2 + readings, path.features + 1)] = 1.0
    columns[-1, -1] = 1.0
    if member.anchor >= 0:
        start = 1 + path.anchors[member.anchor]
        columns[start, 1 : 1 + readings] -= 1.0
        columns[start, -1] -= 1.0
        columns[1 + readings + member.anchor, 1 + readings] = 1.0
    return columns.T @ sums @ columns


def _readings(features: Features) -> Tensor:
    """(B, H, S + A) shared readings and lags."""
    shared = features.shared.unsqueeze(1).expand(-1, features.lags.shape[1], -1)
    return torch.cat([shared, features.lags], dim=-1)


def _used(path: LinearPath, group: int) -> Tensor:
    """(F,) 1 for the features of a group."""
    shared, lags, _ = path.sizes
    used = torch.ones(path.features, dtype=torch.float64)
    if group:
        level = shared + lags
        used[level] = 0.0
        used[level + path.calendar.start : level + path.calendar.stop] = 0.0
    if group > 1:
        used[shared : shared + lags] = 0.0
    return used


def solve(path: LinearPath, sums: Tensor, group: int, strengths: tuple[float, ...]) -> list[Map]:
    """Of each strength, weights of a group's features, shrunk in units of each one's deviation, and intercepts, which are free."""
    count = sums[:, :1, :1].clamp_min(1.0)
    mean = sums[:, 0, 1:] / count[:, 0]
    features = mean.shape[1] - 1
    if strengths[0] >= ANCHOR_ALONE / 2:
        none = torch.zeros(len(mean), features, dtype=torch.float64)
        return [Map(none, none[:, 0])]
    used = _used(path, group).nonzero().squeeze(1)
    centred = sums[:, 1:, 1:] / count - mean.unsqueeze(2) * mean.unsqueeze(1)
    deviation = centred.diagonal(dim1=1, dim2=2)[:, used].clamp_min(0).sqrt()
    inverse = torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), torch.zeros_like(deviation))
    products = centred[:, used.unsqueeze(1), used] * inverse.unsqueeze(2) * inverse.unsqueeze(1)
    right = (centred[:, used, features] * inverse).unsqueeze(-1)
    found = []
    for strength in strengths:
        shrunk = products + (strength + 1e-9) * torch.eye(len(used), dtype=torch.float64)
        weight = torch.zeros(len(mean), features, dtype=torch.float64)
        weight[:, used] = torch.cholesky_solve(right, torch.linalg.cholesky(shrunk)).squeeze(-1) * inverse
        found.append(Map(weight, mean[:, -1] - (mean[:, :-1] * weight).sum(1)))
    return found


def errors_of(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], member: Member, maps: list[Map]
) -> Tensor:
    """(maps, 2) mean squared and absolute error of each, over all steps."""
    total = torch.zeros(len(maps), 2, dtype=torch.float64)
    count = 0
    weights = torch.stack([map_.weight for map_ in maps]).float()
    biases = torch.stack([map_.bias for map_ in maps]).float()
    for inputs, gathered, true in pieces(path, series, first, steps):
        there = ~torch.isnan(true)
        features, start, unit = changes(path, inputs, gathered, member)
        change = (true.nan_to_num(0.0) - start) / unit
        made = torch.einsum("bhf,mhf->mbh", features, weights) + biases.unsqueeze(1)
        off = ((change - made) * unit * there).double()
        total += torch.stack([off.square().sum((1, 2)), off.abs().sum((1, 2))], dim=1)
        count += int(there.sum())
    return total / max(count, 1)
