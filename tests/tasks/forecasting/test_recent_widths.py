"""Intervals hold what they should: shifted by held-out readings, and as wide as the last forecasts were off."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.data.series.series import whole
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.recent_widths import FEWEST, MOST, origins, recent_widths
from tests.tasks.forecasting.forecasters import LEVELS, load, series_of


def test_the_shift_of_quantiles_makes_them_hold_what_they_should():
    rng = np.random.default_rng(0)
    values = rng.standard_t(3, size=1200)
    series = series_of(values)
    task = Forecaster.from_data(whole(series), season=5, window=12, horizon=1, quantiles=LEVELS, model="linear")
    said = task.complete(whole(series), whole(series))
    assert "quantiles shifted by" in said
    made = task.forecasts(whole(series), np.arange(300, 1200))
    inside = (made.quantiles[0.1] <= made.true) & (made.true <= made.quantiles[0.9])
    assert inside.mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("model", "horizon"), [("linear", 1), ("linear", 6), ("segments", 6)])
def test_intervals_are_as_wide_as_the_last_forecasts_were_off(model, horizon):
    rng = np.random.default_rng(0)
    size = np.repeat([1.0, 3.0, 0.5], [1000, 600, 600])  # what is trained on, and what came later
    values = size * rng.normal(size=2200)
    part = whole(series_of(values[:1000]))
    task = Forecaster.from_data(part, season=24, horizon=horizon, quantiles=LEVELS, model=model)
    task.complete(part, part)
    for first, end in ((1360, 1590), (1960, 2190)):  # all looked at lies in the same size
        made = task.forecasts(whole(series_of(values)), np.arange(first, end))
        inside = (made.quantiles[0.1] <= made.true) & (made.true <= made.quantiles[0.9])
        assert inside.mean() == pytest.approx(0.8, abs=0.08)


@pytest.mark.parametrize(("horizon", "season"), [(1, 24), (6, 24), (24, 24), (30, 7), (1, 7)])
def test_the_forecasts_looked_at_have_come_to_their_end_and_begin_at_several_hours(horizon, season):
    task = Forecaster.from_data(
        whole(series_of(load(400))), model="linear", season=season, horizon=horizon, quantiles=LEVELS
    )
    back = origins(task.config)
    assert FEWEST <= len(back) <= MOST
    assert back.min() == horizon
    assert len(np.unique(back % season)) > 1 or horizon >= season
    assert not len(origins(Forecaster.from_data(whole(series_of(load(400))), model="linear").config)), "no quantiles"


def test_a_new_series_without_forecasts_to_look_at_has_the_widths_of_training():
    part = whole(series_of(load(400)))
    task = Forecaster.from_data(part, model="linear", season=24, horizon=6, quantiles=LEVELS)
    first = np.array([task.least_history, task.least_history + 5, 390])
    widths = recent_widths(task.model, task.encode(part).series, first)
    assert widths[:2].tolist() == [1.0, 1.0]
    assert float(widths[2]) != 1.0
