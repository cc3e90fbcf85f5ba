"""A baseline in the place of a model that it beats: saved, opened and used like any forecaster."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import seqtext
from seqtext.data.series.series import Part
from seqtext.errors import OptionsError
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.settings import ForecastSettings
from tests.tasks.forecasting.forecasters import HOUR, series_of

DAY = 8


def spoilt(values: np.ndarray, **settings) -> tuple[Forecaster, str]:
    """A forecaster whose weights are of no use, once it has looked at validation rows."""
    series = series_of(values, frequency=3 * HOUR)
    train, validation = Part(series, np.array([[0, 200]])), Part(series, np.array([[200, 320]]))
    task = Forecaster.from_data(train, horizon=4, hidden_size=4, keep_baseline=True, **settings)
    with torch.no_grad():
        task.model.head.bias += 3.0
        task.model.linear.rest[0, :, 0] += 5.0
    return task, task.complete(train, validation)


def days(seed: int = 0) -> np.ndarray:
    """A day that returns exactly, but for a little noise."""
    rng = np.random.default_rng(seed)
    return np.tile(rng.normal(size=DAY) + 5, 40) + 0.01 * rng.normal(size=40 * DAY)


def test_the_same_time_of_a_day_before_is_kept_saved_and_served(tmp_path):
    values = days()
    task, said = spoilt(values, quantiles=(0.1, 0.5, 0.9))
    assert "kept in the place of the model: " in said
    task.save_pretrained(tmp_path / "kept")
    forecast = seqtext.load(tmp_path / "kept")(values, start="2024-01-01")
    np.testing.assert_allclose(forecast.values, values[:4], atol=0.1)
    assert (forecast.quantiles[0.1] < forecast.values).all()
    assert (forecast.values < forecast.quantiles[0.9]).all()


def test_the_last_reading_is_kept_of_a_random_walk_and_stays_when_all_is_fitted_again():
    walk = np.cumsum(np.random.default_rng(1).normal(size=320)) + 100
    task, said = spoilt(walk)
    assert "kept in the place of the model: the last reading" in said
    series = series_of(walk, frequency=3 * HOUR)
    task.refit(Part(series, np.array([[0, 200]])), Part(series, np.array([[200, 320]])))
    np.testing.assert_allclose(task(walk, start="2024-01-01").values, walk[-1], rtol=1e-4)


def test_a_model_that_is_better_stays():
    series = series_of(days(), frequency=3 * HOUR)
    train, validation = Part(series, np.array([[0, 200]])), Part(series, np.array([[200, 320]]))
    task = Forecaster.from_data(train, horizon=4, hidden_size=4, keep_baseline=True)
    before = task.model.linear.shared.clone()
    said = task.complete(train, validation)
    assert "no baseline is better than the model" in said or "kept in the place" in said
    assert torch.equal(before, task.model.linear.shared) == ("no baseline" in said)
    assert "baseline" not in Forecaster.from_data(train, horizon=4, hidden_size=4).complete(train, validation)


def test_a_plain_model_has_no_place_for_one():
    for settings in ({"model": "plain"}, {"difference": "last"}):
        with pytest.raises(OptionsError, match="a linear path, which a plain model has not; leave it out"):
            ForecastSettings(keep_baseline=True, **settings)
