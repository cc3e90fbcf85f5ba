"""A baseline in the place of the model, where it is better on validation readings: what repeats a reading, or ridge regression.

All of them are linear paths, so that the model is saved, opened and used as ever. Boosted trees are none, and are not kept.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.tasks.forecasting.completing import complete
from seqtext.tasks.forecasting.linear_fit import fit_linear_path
from seqtext.tasks.forecasting.linear_path import LinearPath
from seqtext.tasks.forecasting.linear_sums import ANCHOR_ALONE
from seqtext.tasks.forecasting.linear_tuning import measure
from seqtext.tasks.forecasting.step_model import StepModel
from seqtext.tasks.forecasting.windows import Windows

MOST_WINDOWS = 5_000  # that are looked at
AT_ONCE = 500


@torch.inference_mode()
def keep_better(model: StepModel, train: Windows, validation: Windows) -> str:
    """Puts the best baseline in the place of a model that it beats, and says so.

    Args:
        model: whose share and shifts are chosen.
        train: windows that ridge regression is fitted to.
        validation: windows that are judged by.
    """
    model.eval()
    own = _mean_error(model, validation)
    found = {name: (path, _mean_error(path, validation)) for name, path in _paths(model.linear, train).items()}
    best = min(found, key=lambda name: found[name][1])
    path, error = found[best]
    if error >= own:
        return f"no baseline is better than the model on validation rows (MAE {own:.4g}; {best} {error:.4g}, scaled)"
    model.linear.load_state_dict(path.state_dict())
    if model.recurrent:  # it says nothing any more
        nn.init.zeros_(model.head.weight)
        nn.init.zeros_(model.head.bias)
    complete(model, validation)
    return (
        f"kept in the place of the model: {best}, better on validation rows (MAE {error:.4g} against {own:.4g}, scaled)"
    )


def _paths(like: LinearPath, windows: Windows) -> dict[str, LinearPath]:
    """The baselines as paths."""
    seasons = [f"the reading {season:,} before" for season in like.config.seasons]
    found, first = {}, windows.first(_drawn(windows))
    for place, name in ((0, "the last reading"), *enumerate(seasons, start=2)):
        path = deepcopy(like)
        for buffer in (path.shared, path.lags, path.rest, path.members):
            buffer.zero_()
        readings = torch.cat([path.shared[0], path.lags[0]], dim=1)
        readings[:, path.anchors[place]] = 1.0
        path.shared[0], path.lags[0] = torch.split(readings, list(path.sizes[:2]), dim=1)
        path.members[0] = torch.tensor([float(place), 0.0, 0.0, ANCHOR_ALONE, 1.0])
        measure(path, windows, first)
        found[name] = path
    ridge = deepcopy(like)
    fit_linear_path(ridge, windows, plain=True)
    return found | {"ridge regression": ridge}


def _mean_error(model: StepModel | LinearPath, windows: Windows) -> float:
    """Mean absolute error, in the scale of training."""
    rows = _drawn(windows)
    total, count = 0.0, 0
    whole = Windows(windows.series, windows.spans, windows.config)  # with all steps of the horizon
    for some in np.split(rows, range(AT_ONCE, len(rows), AT_ONCE)):
        batch = whole.batch(some)
        values = model(batch.inputs).values if isinstance(model, LinearPath) else model.values(model(batch.inputs))
        errors = (values - batch.targets[:, 0]).abs()
        total += float(errors.nansum())
        count += int((~torch.isnan(errors)).sum())
    return total / max(count, 1)


def _drawn(windows: Windows) -> NDArray[np.int64]:
    """Rows that are looked at."""
    return np.sort(KeyedPermutation(len(windows), 0)(np.arange(min(len(windows), MOST_WINDOWS))))
