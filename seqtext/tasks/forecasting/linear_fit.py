"""The linear path fitted in closed form: ridge regression for each step, its anchor, unit and strength chosen on the last training windows.

Knows windows and a `LinearPath`; sums of products are all that it keeps of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.tasks.forecasting.linear_path import LinearPath
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries
from seqtext.tasks.forecasting.step_inputs import StepInputs, step_inputs
from seqtext.tasks.forecasting.windows import Windows

STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, float("inf"))  # inf: the anchor alone
HELD_OUT = 0.15  # of each series' windows, the last, to choose by
CELLS = 2e8  # numbers in the design of a fit
MOST_WINDOWS, CHOSEN_BY = 50_000, 5_000
AT_ONCE = 4e6  # numbers of a design that are made at once
FEWEST = 20  # windows, below which the anchor alone is chosen
LEAST_DEVIATION = 1e-3  # of what the path gets wrong


class _Choice(NamedTuple):
    """What is chosen: anchor and unit as `LinearPath.design` takes them, and the strength of ridge."""

    anchor: Tensor
    divides: Tensor
    strength: float


def fit_linear_path(path: LinearPath, windows: Windows) -> None:
    """Fits a path to some windows; with too few of them it repeats the reading of a season before, or the last.

    Args:
        path: whose numbers are set.
        windows: of training.
    """
    first = windows.first(np.arange(len(windows)))
    if len(first) < FEWEST:
        _set(path, _anchors(path)[-1], torch.ones(()), None, None)
        return
    choice = _choose(path, windows.series, first)
    refit_linear_path(path, windows, choice=choice)


def refit_linear_path(path: LinearPath, windows: Windows, *, choice: _Choice | None = None) -> None:
    """Fits a path again, with the anchor, unit and strength that it has, or those of a choice."""
    choice = choice or _Choice(path.anchor, path.divides, float(path.strength))
    first = windows.first(np.arange(len(windows)))
    if len(first) < FEWEST:
        return
    steps = list(range(path.config.head_horizon))
    some = _drawn(first, min(MOST_WINDOWS, int(CELLS / (len(steps) * path.features))))
    sums = _sums(path, windows.series, some, steps, [choice])[0]
    weight, bias = _solve(sums, choice.strength)
    path.strength.fill_(choice.strength)
    _set(path, choice.anchor, choice.divides, weight, bias)
    path.deviation.copy_(_deviation(sums, weight.double(), bias.double()).clamp_min(LEAST_DEVIATION))


def _set(path: LinearPath, anchor: Tensor, divides: Tensor, weight: Tensor | None, bias: Tensor | None) -> None:
    path.anchor.copy_(anchor)
    path.divides.copy_(divides)
    if weight is not None and bias is not None:
        path.weight.copy_(weight)
        path.bias.copy_(bias)


def _anchors(path: LinearPath) -> list[Tensor]:
    """Each as shares of all."""
    return list(torch.eye(len(path.anchor)))


def _drawn(first: Positions, most: int) -> Positions:
    """At most so many, with a fixed key, in order."""
    if len(first) <= max(most, FEWEST):
        return first
    return first[np.sort(KeyedPermutation(len(first), 0)(np.arange(max(most, FEWEST))))]


def _choose(path: LinearPath, series: ScaledSeries, first: Positions) -> _Choice:
    """The anchor, unit and strength with the least error on the last windows of each series, fitted on those before."""
    horizon = path.config.head_horizon
    number = np.searchsorted(series.starts, first - 1, side="right") - 1
    _, begin, count = np.unique(number, return_index=True, return_counts=True)
    cut = first[np.minimum(begin + ((1 - HELD_OUT) * count).astype(np.int64), begin + count - 1)]
    cut_of = np.repeat(cut, count)
    own, others = first[first + horizon <= cut_of], first[first >= cut_of]
    if len(own) < FEWEST:
        own = first
    steps = sorted({0, horizon // 4, horizon // 2, horizon - 1})
    own, others = _drawn(own, int(CELLS / 4 / (len(steps) * path.features))), _drawn(others, CHOSEN_BY)
    pairs = [_Choice(anchor, torch.tensor(unit), 0.0) for anchor in _anchors(path) for unit in (0.0, 1.0)]
    found: list[tuple[_Choice, float, float]] = []
    for pair, sums in zip(pairs, _sums(path, series, own, steps, pairs), strict=True):
        maps = [_solve(sums, strength) for strength in STRENGTHS]
        errors = _errors(path, series, others, steps, pair, maps)
        for place, strength in enumerate(STRENGTHS):
            figures = float(errors.squared[place].mean()), float(errors.absolute[place].mean())
            found.append((pair._replace(strength=strength), *figures))
    least_squared = max(min(squared for _, squared, _ in found), 1e-12)
    least_absolute = max(min(absolute for _, _, absolute in found), 1e-12)
    scores = [(squared / least_squared) ** 0.5 + absolute / least_absolute for _, squared, absolute in found]
    return found[int(np.argmin(scores))][0]


def _chunks(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int]
) -> Iterator[tuple[StepInputs, Tensor]]:
    """Inputs of some steps, and their true values (B, H), in pieces that fit the memory."""
    rows = max(1, int(AT_ONCE / (path.config.head_horizon * path.features)))
    places = torch.tensor(steps)
    for start in range(0, len(first), rows):
        some = first[start : start + rows]
        inputs = step_inputs(series, some, path.config)
        inputs = inputs._replace(lags=inputs.lags[:, places], steps=inputs.steps[:, places])
        yield inputs, series.values[torch.from_numpy(some).unsqueeze(1) + places]


def _sums(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], choices: list[_Choice]
) -> list[Tensor]:
    """(H, 1 + F + 1, 1 + F + 1) of each choice: sums of products of all pairs among 1, the features and the change."""
    size = path.features + 2
    sums = [torch.zeros(len(steps), size, size, dtype=torch.float64) for _ in choices]
    for inputs, true in _chunks(path, series, first, steps):
        there = (~torch.isnan(true)).double().T.unsqueeze(-1)  # (H, B, 1)
        for total, choice in zip(sums, choices, strict=True):
            features, start, unit = path.design(inputs, choice.anchor, choice.divides)
            change = ((true.nan_to_num(0.0) - start) / unit).unsqueeze(-1)
            rows = torch.cat([torch.ones_like(change), features, change], dim=-1).double().transpose(0, 1) * there
            total += rows.transpose(1, 2) @ rows
    return sums


def _solve(sums: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """(H, F) weights, shrunk in units of each feature's deviation, and (H,) intercepts, which are free."""
    count = sums[:, :1, :1].clamp_min(1.0)
    mean = sums[:, 0, 1:] / count[:, 0]
    if strength == float("inf"):
        return torch.zeros(mean.shape[0], mean.shape[1] - 1), torch.zeros(mean.shape[0])
    centred = sums[:, 1:, 1:] / count - mean.unsqueeze(2) * mean.unsqueeze(1)
    features = centred.shape[1] - 1
    deviation = centred.diagonal(dim1=1, dim2=2)[:, :features].clamp_min(0).sqrt()
    inverse = torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), torch.zeros_like(deviation))
    products = centred[:, :features, :features] * inverse.unsqueeze(2) * inverse.unsqueeze(1)
    eye = torch.eye(features, dtype=torch.float64)
    right = (centred[:, :features, features] * inverse).unsqueeze(-1)
    weight = torch.linalg.solve(products + (strength + 1e-9) * eye, right).squeeze(-1) * inverse
    return weight.float(), (mean[:, -1] - (mean[:, :-1] * weight).sum(1)).float()


def _deviation(sums: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """(H,) root of the mean squared error of a map over the rows that the sums are of, in the unit of the changes."""
    rest = torch.cat([-bias.unsqueeze(1), -weight, torch.ones_like(bias).unsqueeze(1)], dim=1)
    squares = torch.einsum("hf,hfg,hg->h", rest, sums, rest) / sums[:, 0, 0].clamp_min(1.0)
    return squares.clamp_min(0).sqrt().float()


class _Errors(NamedTuple):
    """Mean squared and absolute errors of maps, a (H,) of each."""

    squared: list[Tensor]
    absolute: list[Tensor]


def _errors(
    path: LinearPath,
    series: ScaledSeries,
    first: Positions,
    steps: list[int],
    choice: _Choice,
    maps: list[tuple[Tensor, Tensor]],
) -> _Errors:
    """How far the maps are off."""
    squared = [torch.zeros(len(steps), dtype=torch.float64) for _ in maps]
    absolute = [torch.zeros(len(steps), dtype=torch.float64) for _ in maps]
    count = torch.zeros(len(steps), dtype=torch.float64)
    for inputs, true in _chunks(path, series, first, steps):
        there = (~torch.isnan(true)).double()
        count += there.sum(0)
        features, start, unit = path.design(inputs, choice.anchor, choice.divides)
        change = (true.nan_to_num(0.0) - start) / unit
        for place, (weight, bias) in enumerate(maps):
            off = (change - torch.einsum("bhf,hf->bh", features, weight) - bias).double() * there
            squared[place] += (off * unit).square().sum(0)
            absolute[place] += (off * unit).abs().sum(0)
    return _Errors([one / count.clamp_min(1) for one in squared], [one / count.clamp_min(1) for one in absolute])
