"""The linear path fitted in closed form: ridge regressions for each step, of the kinds that were best on windows behind those fitted on.

Knows windows and a `LinearPath`; sums of products are all that it keeps of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.tasks.forecasting.linear_path import MEMBERS, Features, LinearPath
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.step_inputs import StepInputs, step_inputs
from seqtext.tasks.forecasting.windows import Windows

ANCHOR_ALONE = 1e12  # the strength that shrinks everything away
STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, ANCHOR_ALONE)
PARTS, MEASURED = (
    6,
    3,
)  # of each series' windows, and the last of them, each measured by what is fitted on those before it
AS_SIMPLE = 1.005  # of the best score: then what it counts against is repeated, without a map
LEAST_WEIGHT = 0.02  # of a map in the mean
CELLS = 2e8  # numbers in the features of a fit
MOST_WINDOWS, CHOSEN_BY = 50_000, 2_000
AT_ONCE = 4e6  # numbers of features that are made at once
FEWEST = 20  # windows, below which the anchor alone is chosen
LEAST_DEVIATION = 1e-3  # of what the path gets wrong


class _Member(NamedTuple):
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


class _Map(NamedTuple):
    """Weights (H, F) and intercepts (H,) of changes."""

    weight: Tensor
    bias: Tensor


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
        members = [_Member(len(path.anchors) - 1 if len(path.anchors) > 2 else 0, 1, 0, ANCHOR_ALONE)]
    else:
        kinds = [(anchor, unit) for anchor in anchors for unit in ((0,) if plain else (0, 1))]
        kinds += [] if plain else [(-1, 0)]
        groups = (0,) if plain else ((0, 1, 2) if path.sizes[1] else (0, 1))
        members = _choose(path, windows.series, first, kinds, groups)
    _fit(path, windows.series, first, members)


def refit_linear_path(path: LinearPath, windows: Windows) -> None:
    """Fits a path again, with maps of the kinds that it has."""
    first = windows.first(np.arange(len(windows)))
    rows = [row for row in path.members.tolist() if row[4] > 0]
    _fit(path, windows.series, first, [_Member(int(a), int(d), int(g), s, weight) for a, d, g, s, weight in rows])


def _fit(path: LinearPath, series: ScaledSeries, first: Positions, members: list[_Member]) -> None:
    """Sets the numbers of a path to the mean of such maps, fitted to the windows before some positions."""
    steps = list(range(path.config.head_horizon))
    some = _drawn(first, min(MOST_WINDOWS, int(CELLS / (len(steps) * path.features))))
    total = [torch.zeros_like(part, dtype=torch.float64) for part in (path.shared, path.lags, path.rest)]
    sums = {unit: _sums(path, series, some, steps, unit) for unit in {member.divides for member in members}}
    for member in members:
        map_ = _solve(path, _of_changes(path, sums[member.divides], member), member.group, (member.strength,))[0]
        for part, own in zip(total, _absorbed(path, map_, member), strict=True):
            part += own * member.weight
    for buffer, part in zip((path.shared, path.lags, path.rest), total, strict=True):
        buffer.copy_(part)
    path.members.zero_()
    path.members[: len(members)] = torch.tensor(members, dtype=torch.float32)
    divides = sum(member.weight for member in members if member.divides) >= 0.5
    off, count = torch.zeros(len(steps), dtype=torch.float64), torch.zeros(len(steps), dtype=torch.float64)
    for inputs, _, true in _pieces(path, series, _drawn(first, CHOSEN_BY), steps):
        unit = inputs.level[:, 1:] if divides else torch.ones(len(true), 1)
        error = (true - path(inputs).values) / unit
        off += error.nan_to_num(0.0).double().square().sum(0)
        count += (~torch.isnan(true)).sum(0)
    path.deviation.zero_()
    path.deviation[int(divides)] = (off / count.clamp_min(1)).sqrt().clamp_min(LEAST_DEVIATION).float()


def _absorbed(path: LinearPath, map_: _Map, member: _Member) -> tuple[Tensor, Tensor, Tensor]:
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


def _drawn(first: Positions, most: int) -> Positions:
    """At most so many, with a fixed key, in order."""
    most = max(most, FEWEST)
    return first if len(first) <= most else first[np.sort(KeyedPermutation(len(first), 0)(np.arange(most)))]


def _choose(
    path: LinearPath, series: ScaledSeries, first: Positions, kinds: list[tuple[int, int]], groups: tuple[int, ...]
) -> list[_Member]:
    """The best map, and those of other anchors and units that are as good.

    The windows of each series are cut into six parts; what is fitted on three, four and five of them is measured on the next.
    """
    horizon = path.config.head_horizon
    number = np.searchsorted(series.starts, first - 1, side="right") - 1
    _, begin, count = np.unique(number, return_index=True, return_counts=True)
    part_of = (np.arange(len(first)) - np.repeat(begin, count)) * PARTS // np.repeat(count, count)
    steps = sorted({0, horizon // 4, horizon // 2, horizon - 1})
    most = max(int(CELLS / 4 / (len(steps) * path.features)) // PARTS, FEWEST)
    parts = [_drawn(first[part_of == part], most) for part in range(PARTS)]
    best: list[_Member] = []
    sums = [torch.zeros((), dtype=torch.float64)] * 2
    tries = {kind: _tries(kind, groups) for kind in kinds}
    scores = {kind: torch.zeros(len(members), dtype=torch.float64) for kind, members in tries.items()}
    maps: list[dict[tuple[int, int], list[_Map]]] = []
    for part, windows in enumerate(parts):
        if part >= PARTS - MEASURED:
            maps.append({})
            errors = {}
            some = _drawn(windows, CHOSEN_BY)
            for kind, members in tries.items():
                changes = _of_changes(path, sums[kind[1]], members[0])
                maps[-1][kind] = [
                    map_ for group in groups for map_ in _solve(path, changes, group, STRENGTHS[:-1])
                ] + _solve(path, changes, 0, STRENGTHS[-1:])
                errors[kind] = _errors(path, series, some, steps, members[0], maps[-1][kind])
            least = torch.cat(list(errors.values())).clamp_min(1e-12).amin(0)  # squared and absolute
            for kind, each in errors.items():
                scores[kind] += ((each / least).clamp_min(1e-12) * torch.tensor([0.5, 1.0])).sum(1)
        # The targets of the last windows lie in what is measured next: they are left out of the fit.
        fitted = windows[: -horizon if len(windows) > 2 * horizon else None]
        sums = [sums[unit] + _sums(path, series, fitted, steps, unit) for unit in (0, 1)]
    places = {kind: int(score.argmin()) for kind, score in scores.items()}
    best = [tries[kind][place] for kind, place in places.items()]
    lowest = min(float(score.min()) for score in scores.values())
    simplest = min(kinds, key=lambda kind: float(scores[kind][-1]))
    if float(scores[simplest][-1]) <= AS_SIMPLE * lowest:
        return [tries[simplest][-1]]
    products = torch.zeros(len(best), len(best), dtype=torch.float64)
    for part, own in zip(parts[PARTS - MEASURED :], maps, strict=True):
        chosen = [own[kind][place] for kind, place in places.items()]
        products += _products(path, series, _drawn(part, CHOSEN_BY), steps, best, chosen)
    weights = _weights(products)
    return [member._replace(weight=float(weight)) for member, weight in zip(best, weights, strict=True) if weight > 0]


def _tries(kind: tuple[int, int], groups: tuple[int, ...]) -> list[_Member]:
    """The maps of a kind that are tried: all groups and strengths, and what changes are counted against alone."""
    anchor, divides = kind
    members = [_Member(anchor, divides, group, strength) for group in groups for strength in STRENGTHS[:-1]]
    return [*members, _Member(anchor, divides, 0, ANCHOR_ALONE)]


def _products(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], members: list[_Member], maps: list[_Map]
) -> Tensor:
    """(M, M) mean products of the errors of maps, half of them weighed so that they count as absolute errors do."""
    errors = []
    for inputs, gathered, true in _pieces(path, series, first, steps):
        off = []
        for member, map_ in zip(members, maps, strict=True):
            features, start, unit = _changes(path, inputs, gathered, member)
            change = torch.einsum("bhf,hf->bh", features, map_.weight.float()) + map_.bias.float()
            off.append((true - start - change * unit).nan_to_num(0.0).flatten())
        errors.append(torch.stack(off).double())
    all_ = torch.cat(errors, dim=1)  # (M, N)
    squares = all_.square().mean(1)
    size = all_[squares.argmin()].abs()
    mean = size.square().mean().sqrt().clamp_min(1e-9)
    weighed = all_ * (1 / mean.square() + 1 / (mean * size.clamp_min(mean / 10)))
    return weighed @ all_.T / all_.shape[1]


def _weights(products: Tensor) -> Tensor:
    """(M,) not below 0, of sum 1: those of the mean whose error is least, given the products of all errors; at most MEMBERS of them."""
    weights = torch.full((len(products),), 1 / len(products), dtype=torch.float64)
    rate = 1 / float(products.diagonal().max().clamp_min(1e-12))
    for _ in range(2_000):  # exponentiated gradient: stays above 0 and of sum 1
        slope = products @ weights
        weights = weights * torch.exp(-rate * (slope - slope.min()))
        weights = weights / weights.sum()
    kept = weights.argsort(descending=True)[:MEMBERS]
    sparse = torch.zeros_like(weights)
    sparse[kept] = torch.where(weights[kept] >= LEAST_WEIGHT, weights[kept], 0.0)
    return sparse / sparse.sum()


def _pieces(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int]
) -> Iterator[tuple[StepInputs, Features, Tensor]]:
    """Inputs and features of some steps, and their true values (B, H), in pieces that fit the memory."""
    rows = max(1, int(AT_ONCE / (len(steps) * path.features)))
    ahead = np.array(steps)
    for start in range(0, len(first), rows):
        some = first[start : start + rows]
        inputs = step_inputs(series, some, path.config, ahead)
        yield inputs, path.gather(inputs), series.values[torch.from_numpy(some[:, None] + ahead)]


def _changes(
    path: LinearPath, inputs: StepInputs, features: Features, member: _Member
) -> tuple[Tensor, Tensor, Tensor]:
    """Features of changes (B, H, F), what they are counted against (B, H), and their unit (B, 1)."""
    readings = _readings(features)
    start = readings[..., path.anchors[member.anchor]] if member.anchor >= 0 else torch.zeros_like(readings[..., 0])
    unit = inputs.level[:, 1:] if member.divides else torch.ones_like(inputs.level[:, 1:])
    changes = (readings - start.unsqueeze(-1)) / unit.unsqueeze(-1)
    return torch.cat([changes, start.unsqueeze(-1), features.rest[..., 1:]], dim=-1), start, unit


def _sums(path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], divides: int) -> Tensor:
    """(H, N, N) sums of products of all pairs among 1, readings, anchors, the rest and the value: all that a fit knows of the rows.

    Readings and value are in the unit; the anchors, as levels, are not. Those of changes follow for any anchor: `_of_changes`.
    """
    total = torch.zeros((), dtype=torch.float64)
    for inputs, gathered, true in _pieces(path, series, first, steps):
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


def _of_changes(path: LinearPath, sums: Tensor, member: _Member) -> Tensor:
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


def _solve(path: LinearPath, sums: Tensor, group: int, strengths: tuple[float, ...]) -> list[_Map]:
    """Of each strength, weights of a group's features, shrunk in units of each one's deviation, and intercepts, which are free."""
    count = sums[:, :1, :1].clamp_min(1.0)
    mean = sums[:, 0, 1:] / count[:, 0]
    features = mean.shape[1] - 1
    if strengths[0] >= ANCHOR_ALONE / 2:
        none = torch.zeros(len(mean), features, dtype=torch.float64)
        return [_Map(none, none[:, 0])]
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
        weight[:, used] = torch.linalg.solve(shrunk, right).squeeze(-1) * inverse
        found.append(_Map(weight, mean[:, -1] - (mean[:, :-1] * weight).sum(1)))
    return found


def _errors(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], member: _Member, maps: list[_Map]
) -> Tensor:
    """(maps, 2) mean squared and absolute error of each, over all steps."""
    total = torch.zeros(len(maps), 2, dtype=torch.float64)
    count = 0
    weights = torch.stack([map_.weight for map_ in maps]).float()
    biases = torch.stack([map_.bias for map_ in maps]).float()
    for inputs, gathered, true in _pieces(path, series, first, steps):
        there = ~torch.isnan(true)
        features, start, unit = _changes(path, inputs, gathered, member)
        change = (true.nan_to_num(0.0) - start) / unit
        made = torch.einsum("bhf,mhf->mbh", features, weights) + biases.unsqueeze(1)
        off = ((change - made) * unit * there).double()
        total += torch.stack([off.square().sum((1, 2)), off.abs().sum((1, 2))], dim=1)
        count += int(there.sum())
    return total / max(count, 1)
