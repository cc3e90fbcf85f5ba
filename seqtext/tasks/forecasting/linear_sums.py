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
GROUPS = 3  # of features, each with all readings that are read one by one, and with the near ones


class Member(NamedTuple):
    """A kind of map: what changes are counted against, in which unit, by which features, and how strongly it is shrunk.

    Attributes:
        anchor: -1 the mean of the series, 0 the last reading, 1 the mean of the window, 2 a season before, 3 the second season before.
        divides: 1 where changes are counted in deviations of the window, else 0.
        group: 0 for all features; 1 without level and calendar, which tell where readings usually are; 2 also without lags by season;
            3 to 5 are the same with those last readings alone that are near.
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
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], *, per_step: int | None = None
) -> Iterator[tuple[StepInputs, Features, Tensor]]:
    """Inputs and features of some steps, and their true values (B, H), in pieces that fit the memory.

    Args:
        path: whose features.
        series: the readings.
        first: (B,) positions of the first step.
        steps: of the horizon.
        per_step: how many features are made for each step; default all.
    """
    rows = max(1, int(AT_ONCE / (path.features + len(steps) * (per_step or path.features))))
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
    same = 1 + path.sizes[0]  # 1 and the shared readings, which are those of all steps
    total = torch.zeros((), dtype=torch.float64)
    for inputs, gathered, true in pieces(path, series, first, steps, per_step=path.features - path.sizes[0]):
        there = ~torch.isnan(true)
        unit = inputs.level[:, 1:] if divides else torch.ones_like(inputs.level[:, 1:])
        shared = torch.cat([torch.ones_like(unit), gathered.shared / unit], dim=1).double()
        value = (true.nan_to_num(0.0) / unit).unsqueeze(-1)
        levels = _readings(gathered, list(path.anchors))
        parts = [gathered.lags / unit.unsqueeze(-1), levels, gathered.rest[..., 1:], value]
        own = (torch.cat(parts, dim=-1).double() * there.unsqueeze(-1)).transpose(0, 1)  # (H, B, N - S)
        if bool(there.all()):  # the products of what all steps have are the same, and most of the work
            between = (shared.T @ shared).expand(len(own), -1, -1)
            across = shared.T @ own
        else:
            seen = shared * there.T.unsqueeze(-1)  # (H, B, S)
            between, across = seen.transpose(1, 2) @ seen, seen.transpose(1, 2) @ own
        made = torch.empty(len(own), same + own.shape[2], same + own.shape[2], dtype=torch.float64)
        made[:, :same, :same], made[:, :same, same:] = between, across
        made[:, same:, :same], made[:, same:, same:] = across.transpose(1, 2), own.transpose(1, 2) @ own
        total = total + made
    return total


def of_changes(path: LinearPath, sums: Tensor, member: Member) -> Tensor:
    """(H, 1 + F + 1, 1 + F + 1): the sums of products among 1, the features of a member's changes, and the change."""
    shared, lags, _ = path.sizes
    readings, anchors = shared + lags, len(path.anchors)
    level = 1 + readings + max(member.anchor, 0)
    kept = torch.tensor([*range(1 + readings), level, *range(1 + readings + anchors, sums.shape[1])])
    made = sums[:, kept][:, :, kept]
    if member.anchor >= 0:  # an anchor is one of the readings: what they and the value are beyond it
        start, value = 1 + path.anchors[member.anchor], made.shape[1] - 1
        for counted in (slice(1, 1 + readings), slice(value, value + 1)):
            made[:, counted] -= sums[:, start, kept].unsqueeze(1)
        column = made[:, :, start].clone()
        for counted in (slice(1, 1 + readings), slice(value, value + 1)):
            made[:, :, counted] -= column.unsqueeze(2)
    else:
        made[:, 1 + readings] = 0.0
        made[:, :, 1 + readings] = 0.0
    return made


def _readings(features: Features, places: list[int] | None = None) -> Tensor:
    """(B, H, S + A) shared readings and lags, or those at some places of them."""
    count = features.shared.shape[1]
    shared, lags = features.shared, features.lags
    if places is not None:
        shared = shared[:, [place for place in places if place < count]]
        lags = lags[..., [place - count for place in places if place >= count]]
    return torch.cat([shared.unsqueeze(1).expand(-1, lags.shape[1], -1), lags], dim=-1)


def groups_of(path: LinearPath) -> tuple[int, ...]:
    """Those groups of features that differ."""
    own = (0, 1, 2) if path.sizes[1] else (0, 1)
    return own if path.config.near == path.config.recent else (*own, *(GROUPS + group for group in own))


def _used(path: LinearPath, group: int) -> Tensor:
    """(F,) 1 for the features of a group."""
    shared, lags, _ = path.sizes
    used = torch.ones(path.features, dtype=torch.float64)
    if group >= GROUPS:
        used[: path.config.recent - path.config.near] = 0.0
        group -= GROUPS
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
    with_value = torch.cat([used, torch.tensor([features])])
    own, middle = sums[:, 1 + with_value][:, :, 1 + with_value], mean[:, with_value]
    centred = own / count - middle.unsqueeze(2) * middle.unsqueeze(1)
    deviation = centred.diagonal(dim1=1, dim2=2)[:, :-1].clamp_min(0).sqrt()
    inverse = torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), torch.zeros_like(deviation))
    products = centred[:, :-1, :-1] * inverse.unsqueeze(2) * inverse.unsqueeze(1)
    right = (centred[:, :-1, -1] * inverse).unsqueeze(-1)
    found = []
    for strength in strengths:
        shrunk = products.clone()
        shrunk.diagonal(dim1=1, dim2=2).add_(strength + 1e-9)
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
