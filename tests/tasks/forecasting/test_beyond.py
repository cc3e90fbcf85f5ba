"""Forecasts of more steps than were trained: read on from their own, told, and with intervals that do not shrink."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.remarks import ForecastWarning
from tests.tasks.forecasting.forecasters import LEVELS, START, load

WALK = np.cumsum(np.random.default_rng(0).normal(size=600))


def widths(values: np.ndarray, horizon: int, steps: int) -> np.ndarray:
    model = Forecaster.from_data(values, model="linear", window=24, horizon=horizon, quantiles=LEVELS)
    with pytest.warns(ForecastWarning, match=f"learnt {horizon} steps? ahead, of {steps}: .* --horizon {steps}"):
        made = model(values, horizon=steps)
    assert (np.diff([made.quantiles[level] for level in LEVELS], axis=0) >= 0).all()
    return made.quantiles[0.9] - made.quantiles[0.1]


def test_intervals_never_shrink_behind_the_trained_steps():
    grown = widths(WALK, 8, 32)
    assert (np.diff(grown[8:]) > -1e-6).all()
    assert 1.5 < grown[31] / grown[7] < 2.1  # a walk's grow with the root of the steps
    steady = widths(load(600), 24, 72)
    assert steady[71] < 1.3 * steady[23]
    assert (steady[24:] >= steady[23] - 1e-6).all()


def test_of_one_trained_step_they_are_kept():
    alone = widths(load(600), 1, 5)
    assert np.allclose(alone, alone[0], rtol=1e-4)


def test_what_was_trained_is_forecast_without_a_word(recwarn):
    model = Forecaster.from_data(load(600), model="linear", window=24, horizon=8)
    model(load(600), start=START, horizon=8)
    assert not [warning for warning in recwarn if "learnt" in str(warning.message)]
