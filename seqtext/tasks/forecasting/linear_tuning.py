"""The linear path of another run fitted to new readings: ridge regression of what it gets wrong there, whose weights shrink to its own.

Knows windows and a `LinearPath`; sums of products are all that it keeps of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.tasks.forecasting.linear_fit import refit_linear_path
from seqtext.tasks.forecasting.linear_path import LinearPath
from seqtext.tasks.forecasting.scaled_series import Positions
from seqtext.tasks.forecasting.step_inputs import step_inputs
from seqtext.tasks.forecasting.windows import Windows

AS_IT_IS = 1e12  # the strength that leaves the path of the other run as it is
STRENGTHS = (1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0, AS_IT_IS)
# Parts of the windows in order of time, and how many of the last are measured, each by what is fitted on those before it.
PARTS, MEASURED = 6, 3
FEWEST = 20  # windows, below which the path stays as it is
CELLS = 1e8  # numbers in the features of a fit
AT_ONCE = 4e6  # numbers of features that are made at once
MOST_WINDOWS = 50_000
LEAST_DEVIATION = 1e-3  # of what the path gets wrong
TUNED = -2.0  # in the place of an anchor: a path that was fitted to new readings


def tune_linear_path(path: LinearPath, windows: Windows) -> float:
    """Adds to a path the linear map of what it gets wrong on some windows, where that is better on each of three later parts of them.

    Args:
        path: of another run, whose numbers are changed.
        windows: of training.

    Returns:
        How strongly the map was shrunk; `AS_IT_IS` where the path stays that.
    """
    first = windows.first(np.arange(len(windows)))
    most = int(min(MOST_WINDOWS, max(CELLS / (path.config.head_horizon * path.features), FEWEST)))
    if len(first) > most:
        first = first[np.sort(KeyedPermutation(len(first), 0)(np.arange(most)))]
    strength = AS_IT_IS
    if len(first) >= FEWEST:
        parts = [_sums(path, windows, some) for some in np.array_split(first, PARTS)]
        strength = _best(parts)
        [(weight, bias)] = _solved(torch.stack(parts).sum(0), (strength,))
        shared, lags, _ = path.sizes
        path.shared[0] += weight[:, :shared].float()
        path.lags[0] += weight[:, shared : shared + lags].float()
        path.rest[0] += torch.cat([bias.unsqueeze(1), weight[:, shared + lags :]], dim=1).float()
    measure(path, windows, first)
    path.members.zero_()
    path.members[0] = torch.tensor([TUNED, 0.0, 0.0, strength, 1.0])
    return strength


def fit_again(path: LinearPath, windows: Windows, *, choose_anew: bool) -> None:
    """Fits a path to more windows, in the way it was fitted before; `choose_anew` is of `refit_linear_path`."""
    if float(path.members[0, 0]) == TUNED:
        tune_linear_path(path, windows)
    else:
        refit_linear_path(path, windows, choose_anew=choose_anew)


def _sums(path: LinearPath, windows: Windows, first: Positions) -> Tensor:
    """(H, N, N) sums of products among 1, features and error of the path over some windows."""
    total = torch.zeros((), dtype=torch.float64)
    for features, error, _ in _pieces(path, windows, first):
        there = (~torch.isnan(error)).double().T.unsqueeze(-1)
        columns = [torch.ones_like(error).unsqueeze(-1), features, error.nan_to_num(0.0).unsqueeze(-1)]
        rows = torch.cat(columns, dim=-1).double().transpose(0, 1) * there
        total = total + rows.transpose(1, 2) @ rows
    return total


def _pieces(path: LinearPath, windows: Windows, first: Positions) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Features (B, H, F) but for the 1, what the path is off (B, H), and the deviation of each window (B, 1)."""
    rows = max(1, int(AT_ONCE / (path.config.head_horizon * path.features)))
    steps = torch.arange(path.config.head_horizon)
    for some in np.split(first, range(rows, len(first), rows)):
        inputs = step_inputs(windows.series, some, path.config)
        gathered = path.gather(inputs)
        shared = gathered.shared.unsqueeze(1).expand(-1, len(steps), -1)
        error = windows.series.values[torch.from_numpy(some).unsqueeze(1) + steps] - path(inputs).values
        yield torch.cat([shared, gathered.lags, gathered.rest[..., 1:]], dim=-1), error, inputs.level[:, 1:]


def _best(parts: list[Tensor]) -> float:
    """The strength whose maps, each fitted on the parts before one of the last, had the least error there, and less than none in each."""
    errors = torch.zeros(MEASURED, len(STRENGTHS), dtype=torch.float64)
    for row, part in enumerate(range(PARTS - MEASURED, PARTS)):
        fitted = torch.stack(parts[:part]).sum(0)
        for place, (weight, bias) in enumerate(_solved(fitted, STRENGTHS)):
            map_ = torch.cat([-bias.unsqueeze(1), -weight, torch.ones_like(bias).unsqueeze(1)], dim=1).unsqueeze(1)
            errors[row, place] = (map_ @ parts[part] @ map_.transpose(1, 2)).sum()
    mean = errors.mean(0)
    mean[(errors > errors[:, -1:]).any(0)] = torch.inf
    return STRENGTHS[int(mean.argmin())]


def _solved(sums: Tensor, strengths: tuple[float, ...]) -> list[tuple[Tensor, Tensor]]:
    """Of each strength, weights (H, F), shrunk in units of each feature's deviation, and intercepts (H,), shrunk likewise."""
    count = sums[:, :1, :1].clamp_min(1.0)
    mean = sums[:, 0, 1:] / count[:, 0]
    centred = sums[:, 1:, 1:] / count - mean.unsqueeze(2) * mean.unsqueeze(1)
    features = mean.shape[1] - 1
    deviation = centred.diagonal(dim1=1, dim2=2)[:, :features].clamp_min(0).sqrt()
    inverse = torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), torch.zeros_like(deviation))
    products = centred[:, :features, :features] * inverse.unsqueeze(2) * inverse.unsqueeze(1)
    right = (centred[:, :features, features] * inverse).unsqueeze(-1)
    found = []
    for strength in strengths:
        if strength >= AS_IT_IS:
            found.append((torch.zeros_like(mean[:, :-1]), torch.zeros_like(mean[:, 0])))
            continue
        shrunk = products + (strength + 1e-9) * torch.eye(features, dtype=torch.float64)
        # Not `torch.linalg.solve`: a batch of such LU factorisations did not end with MKL on two threads.
        weight = torch.cholesky_solve(right, torch.linalg.cholesky(shrunk)).squeeze(-1) * inverse
        found.append((weight, mean[:, -1] - (mean[:, :-1] * weight).sum(1)))
    return found


def measure(path: LinearPath, windows: Windows, first: Positions) -> None:
    """Sets how far the path is usually off, in the unit that it counted in before."""
    divides = int(bool((path.deviation[1] > 0).all()))
    off, count = torch.zeros(2, path.config.head_horizon, dtype=torch.float64)
    for _, error, deviation in _pieces(path, windows, first):
        off += (error / (deviation if divides else 1.0)).nan_to_num(0.0).double().square().sum(0)
        count += (~torch.isnan(error)).sum(0)
    path.deviation.zero_()
    path.deviation[divides] = (off / count.clamp_min(1)).sqrt().clamp_min(LEAST_DEVIATION).float()
