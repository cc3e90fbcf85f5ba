"""Which maps the linear path is the mean of, and with which weights: those that were best on windows behind those they were fitted on.

Knows windows and a `LinearPath`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from seqtext.tasks.forecasting.linear_path import MEMBERS, LinearPath
from seqtext.tasks.forecasting.linear_sums import (
    ANCHOR_ALONE,
    FEWEST,
    Map,
    Member,
    changes,
    drawn,
    errors_of,
    of_changes,
    pieces,
    solve,
    sums_of,
)
from seqtext.tasks.forecasting.scaled_series import Positions, ScaledSeries

STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, ANCHOR_ALONE)
# Parts of each series' windows, and how many of the last are measured, each by what is fitted on those before it.
PARTS, MEASURED = 7, 4
# Of the best score: maps of other kinds that are as good are averaged with it; what is repeated is so by squared and by absolute errors.
AS_GOOD = 1.05
# Of the best score: so near, what it counts against is repeated, without a map; always, or if not all parts agree.
AS_SIMPLE, NEARLY = 1.005, 1.03
EQUAL = 1.0  # of the mean error, by which weights are held together
LEAST_WEIGHT = 0.02  # of a map in the mean
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of what repeats a reading, beside the maps
CELLS = 5e7  # numbers in the features of the windows that are looked at
CHOSEN_BY = 2_000  # windows of a part that errors are measured on

Kind = tuple[int, int]  # what changes are counted against, and in which unit


def choose(
    path: LinearPath, series: ScaledSeries, first: Positions, kinds: list[Kind], groups: tuple[int, ...]
) -> list[Member]:
    """The maps to fit.

    The windows of each series are cut into seven parts; what is fitted on three, four, five and six of them is measured on the next.

    Args:
        path: that is to be fitted.
        series: the readings.
        first: positions behind the windows, in order.
        kinds: that are tried.
        groups: of features that are.
    """
    horizon = path.config.head_horizon
    number = np.searchsorted(series.starts, first - 1, side="right") - 1
    _, begin, count = np.unique(number, return_index=True, return_counts=True)
    part_of = (np.arange(len(first)) - np.repeat(begin, count)) * PARTS // np.repeat(count, count)
    steps = sorted({0, horizon // 4, horizon // 2, horizon - 1})
    most = max(int(CELLS / (len(steps) * path.features)) // PARTS, FEWEST)
    parts = [drawn(first[part_of == part], most) for part in range(PARTS)]
    measured = [drawn(part, CHOSEN_BY) for part in parts]
    tries = {kind: _tries(kind, groups) for kind in kinds}
    units = sorted({divides for _, divides in kinds})
    sums = dict.fromkeys(units, torch.zeros((), dtype=torch.float64))
    ratios: dict[Kind, list[Tensor]] = {kind: [] for kind in kinds}  # of squared and absolute errors to the least
    maps: list[dict[Kind, list[Map]]] = []
    for part, windows in enumerate(parts):
        if part >= PARTS - MEASURED:
            made, errors = {}, {}
            for kind, members in tries.items():
                own = of_changes(path, sums[kind[1]], members[0])
                made[kind] = [map_ for group in groups for map_ in solve(path, own, group, STRENGTHS[:-1])]
                made[kind] += solve(path, own, 0, STRENGTHS[-1:])
                errors[kind] = errors_of(path, series, measured[part], steps, members[0], made[kind])
            least = torch.cat(list(errors.values())).amin(0).clamp_min(1e-12)  # squared and absolute
            for kind, each in errors.items():
                ratios[kind].append(each / least)
            maps.append(made)
        # The targets of the last windows lie in what is measured next: they are left out of the fit.
        fitted = windows[: -horizon if len(windows) > 2 * horizon else None]
        sums = {unit: sums[unit] + sums_of(path, series, fitted, steps, unit) for unit in units}
    found = {kind: torch.stack(each) for kind, each in ratios.items()}  # (MEASURED, tries, 2)
    by_part = {kind: (each * torch.tensor([0.5, 1.0])).sum(-1) / 1.5 for kind, each in found.items()}
    score = {kind: each.mean(0) for kind, each in by_part.items()}
    best = min(kinds, key=lambda kind: float(score[kind].min()))
    at, least_score = (
        int(score[best].argmin()),
        max(float(score[best].min()), 1e-12),
    )  # a series without noise is met exactly
    # Of changes in units of the window no map is left either: it is the same forecast.
    alone = min((kind for kind in kinds if not kind[1]), key=lambda kind: float(score[kind][-1]))
    repeated = tries[alone][-1]
    behind = float(score[alone][-1]) / least_score
    agree = bool((by_part[alone][:, -1] >= by_part[best][:, at]).all())
    least_of_both = torch.cat([each.mean(0) for each in found.values()]).amin(0)
    either = float((found[alone][:, -1].mean(0) / least_of_both).max())
    if either <= AS_GOOD and (behind <= AS_SIMPLE or (behind <= NEARLY and not agree)):
        return [repeated]
    places = [(kind, _best_of(tries[kind], score[kind], group)) for kind in kinds for group in groups]
    good = [(kind, place) for kind, place in places if float(score[kind][place]) <= AS_GOOD * least_score]
    chosen = [*(tries[kind][place] for kind, place in good), repeated]
    good.append((alone, len(tries[alone]) - 1))
    off = torch.cat(
        [
            _errors(path, series, windows, steps, chosen, [made[kind][place] for kind, place in good])
            for windows, made in zip(measured[PARTS - MEASURED :], maps, strict=True)
        ],
        dim=1,
    )
    weights = _beside(_weights(_products(off[:-1])), off)
    return [
        member._replace(weight=weight) for member, weight in zip(chosen, weights.tolist(), strict=True) if weight > 0
    ]


def _beside(weights: Tensor, errors: Tensor) -> Tensor:
    """(M,) weights of maps, and of what repeats a reading, which comes last, by that share of it with which neither error is far off.

    Where squared and absolute errors want different forecasts, one between them is so.

    Args:
        weights: (M - 1,) of the maps.
        errors: (M, N) of all.
    """
    mixed = torch.stack([(1 - share) * (weights @ errors[:-1]) + share * errors[-1] for share in SHARES])
    both = torch.stack([mixed.square().mean(1), mixed.abs().mean(1)], dim=1)
    share = SHARES[int((both / both.amin(0).clamp_min(1e-12)).amax(1).argmin())]
    return torch.cat([(1 - share) * weights, torch.tensor([share], dtype=weights.dtype)])


def _best_of(members: list[Member], score: Tensor, group: int) -> int:
    """The place of the best of a group."""
    return min(
        (place for place, one in enumerate(members) if one.group == group), key=lambda place: float(score[place])
    )


def _tries(kind: tuple[int, int], groups: tuple[int, ...]) -> list[Member]:
    """The maps of a kind that are tried: all groups and strengths, and what changes are counted against alone."""
    anchor, divides = kind
    members = [Member(anchor, divides, group, strength) for group in groups for strength in STRENGTHS[:-1]]
    return [*members, Member(anchor, divides, 0, ANCHOR_ALONE)]


def _errors(
    path: LinearPath, series: ScaledSeries, first: Positions, steps: list[int], members: list[Member], maps: list[Map]
) -> Tensor:
    """(M, N) what each of some maps was off."""
    errors = []
    for inputs, gathered, true in pieces(path, series, first, steps):
        off = []
        for member, map_ in zip(members, maps, strict=True):
            features, start, unit = changes(path, inputs, gathered, member)
            change = torch.einsum("bhf,hf->bh", features, map_.weight.float()) + map_.bias.float()
            off.append((true - start - change * unit).nan_to_num(0.0).flatten())
        errors.append(torch.stack(off).double())
    return torch.cat(errors, dim=1)


def _products(errors: Tensor) -> Tensor:
    """(M, M) mean products of errors (M, N), half of them weighed so that they count as absolute errors do."""
    size = errors[errors.square().mean(1).argmin()].abs()
    mean = size.square().mean().sqrt().clamp_min(1e-9)
    weighed = errors * (1 / mean.square() + 1 / (mean * size.clamp_min(mean / 10)))
    return weighed @ errors.T / errors.shape[1]


def _weights(products: Tensor) -> Tensor:
    """(M,) not below 0, of sum 1: those of the mean whose error is least, held to be equal; one less than MEMBERS of them at most.

    Args:
        products: (M, M) of the errors of all maps.
    """
    mean = products.diagonal().mean().clamp_min(1e-12)
    held = products / mean + EQUAL * torch.eye(len(products), dtype=torch.float64)
    weights = torch.full((len(products),), 1 / len(products), dtype=torch.float64)
    rate = 1 / float(held.diagonal().max())
    for _ in range(500):  # exponentiated gradient: stays above 0 and of sum 1
        slope = held @ weights
        weights = weights * torch.exp(-rate * (slope - slope.min()))
        weights = weights / weights.sum()
    kept = weights.argsort(descending=True)[: MEMBERS - 1]
    sparse = torch.zeros_like(weights)
    sparse[kept] = torch.where(weights[kept] >= LEAST_WEIGHT, weights[kept], 0.0)
    return sparse / sparse.sum()
