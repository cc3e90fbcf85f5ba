"""Other levels and paths out of a few quantiles: they keep those that were given, and hang together as errors did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from seqtext.data.series.series import Part
from seqtext.errors import OptionsError, ResourceError
from seqtext.tasks.forecasting import calling
from seqtext.tasks.forecasting.calling import Forecast
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.remarks import ForecastWarning
from seqtext.tasks.forecasting.spread import TAILS, Levels, Spread, measured_spread, paths
from tests.tasks.forecasting.forecasters import LEVELS, load, made_for, series_of

NORMAL = {level: np.full((1, 1), 5 + 2 * ndtri(level)) for level in LEVELS}


def walks(rows: int, steps: int, kept: float, seed: int = 0) -> np.ndarray:
    """(rows, steps) of deviation 1, each step keeping so much of the one before."""
    draw = np.random.default_rng(seed).standard_normal((rows, steps))
    for step in range(1, steps):
        draw[:, step] = kept * draw[:, step - 1] + np.sqrt(1 - kept**2) * draw[:, step]
    return draw


def quantiles_of(rows: int, steps: int) -> dict[float, np.ndarray]:
    return {level: np.full((rows, steps), ndtri(level)) for level in LEVELS}


def test_levels_between_and_beyond_those_of_a_normal_distribution_are_its_own():
    levels = Levels(NORMAL, Spread(), (0.025, 0.6))
    assert list(levels) == [0.025, 0.1, 0.5, 0.6, 0.9]
    for level in (0.025, 0.1, 0.3, 0.6, 0.9, 0.995):
        assert levels[level] == pytest.approx(np.full((1, 1), 5 + 2 * ndtri(level)))


def test_levels_rise_meet_the_tails_and_stay_above_the_least():
    quantiles = {0.1: np.array([1.0, 0.0]), 0.5: np.array([2.0, 0.0]), 0.9: np.array([5.0, 1.0])}
    levels = Levels(quantiles, Spread((4.0,), (3.0,), least=0.0))
    grid = np.array([levels[level] for level in np.linspace(0.001, 0.999, 99)])
    assert (np.diff(grid, axis=0) >= -1e-12).all()
    assert levels[TAILS[1]] == pytest.approx([2 + 3 * 3, 3 * 1])
    assert levels[TAILS[0]] == pytest.approx([0.0, 0.0]), "2 - 4 * 1 is below the least"
    assert levels[0.5] is quantiles[0.5]


def test_scores_undo_levels():
    levels = Levels({0.2: np.array([1.0]), 0.5: np.array([2.0]), 0.9: np.array([5.0])}, Spread((2.0,), (2.0,)))
    for level in (0.01, 0.2, 0.4, 0.8, 0.97):
        assert levels.scores_of(levels[level]) == pytest.approx(ndtri(level))
    assert np.isnan(levels.scores_of(np.array([np.nan])))


def test_tails_and_correlations_are_those_of_the_errors():
    true = walks(3_000, 12, 0.8)
    spread = measured_spread(true, quantiles_of(*true.shape))
    assert spread.below == pytest.approx([ndtri(0.995) / ndtri(0.9)] * 12, rel=0.15)
    assert spread.above == pytest.approx([ndtri(0.995) / ndtri(0.9)] * 12, rel=0.15)
    assert spread.apart == pytest.approx([0.8**lag for lag in range(1, 12)], abs=0.08)
    heavy = np.random.default_rng(1).standard_t(3, (3_000, 4))
    assert min(measured_spread(heavy, quantiles_of(*heavy.shape)).above) > 1.5 * spread.above[1]
    few = measured_spread(true[:300], quantiles_of(300, 12))
    assert len(set(few.below)) == 1, "too few of each step: of all together"


def test_few_or_missing_values_leave_tails_to_the_normal_distribution():
    true = walks(30, 4, 0.5)
    assert measured_spread(true, quantiles_of(30, 4)).below == ()
    assert measured_spread(np.full((500, 4), np.nan), quantiles_of(500, 4)) == Spread((), (), (0.0,) * 3)


def test_paths_have_the_quantiles_at_each_step_and_the_correlations_measured():
    true = 0.6 * np.random.default_rng(3).standard_normal((4_000, 1)) + 0.8 * walks(4_000, 24, 0.7)
    spread = measured_spread(true, quantiles_of(*true.shape))
    assert spread.apart[22] == pytest.approx(0.36, abs=0.06)
    steps = np.arange(24)
    forecast = {level: 10 + steps + (1 + steps / 10) * ndtri(level) for level in LEVELS}
    drawn = paths(forecast, spread, 8_000, seed=1)
    assert drawn.shape == (8_000, 24)
    for level in LEVELS:
        assert np.quantile(drawn, level, axis=0) == pytest.approx(forecast[level], abs=0.15)
    for lag in (1, 3, 20):
        ours, theirs = (np.corrcoef(one[:, 0], one[:, lag])[0, 1] for one in (drawn, true))
        assert ours == pytest.approx(theirs, abs=0.06)
    assert drawn.sum(axis=1).std() == pytest.approx(((true * (1 + steps / 10)).sum(axis=1)).std(), rel=0.1)


def test_paths_are_seeded_and_go_on_behind_what_was_measured():
    forecast = {level: np.full(30, ndtri(level)) for level in LEVELS}
    spread = Spread(apart=tuple(0.9**lag for lag in range(1, 6)))
    one, same, other = (paths(forecast, spread, 2_000, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.corrcoef(one[:, 28], one[:, 29])[0, 1] == pytest.approx(0.9, abs=0.1)
    assert np.corrcoef(one[:, 3], one[:, 29])[0, 1] == pytest.approx(0, abs=0.1)


# ---- what a forecaster returns


@pytest.fixture(scope="module")
def trained() -> Forecaster:
    task = made_for(load(400), model="linear", difference=None, window=24, horizon=6, quantiles=LEVELS)
    series = series_of(load(400))
    task.complete(Part(series, np.array([[0, 300]])), Part(series, np.array([[300, 400]])))
    return task


def test_spread_is_measured_saved_and_comes_with_each_forecast(trained, tmp_path):
    assert len(trained.config.apart) == 5
    assert len(trained.config.below) == len(trained.config.above) in (0, 6)
    trained.save_pretrained(tmp_path / "model")
    again = Forecaster.from_pretrained(tmp_path / "model")
    assert again.config == trained.config
    one, two = (task(load(200), start="2024-01-01").samples(50, seed=3) for task in (trained, again))
    assert np.array_equal(one, two)
    assert one.shape == (50, 6)


def test_a_frame_has_times_in_the_zone_of_the_history_and_a_column_a_quantile(trained):
    index = pd.date_range("2024-03-30", periods=100, freq="h", tz="Europe/Berlin")
    with pytest.warns(ForecastWarning, match="Europe/Berlin"):
        forecast = trained(pd.Series(load(100), index=index))
    frame = forecast.to_frame()
    assert list(frame.columns) == ["forecast", "q0.1", "q0.5", "q0.9"]
    assert frame.index.name == "time"
    assert str(frame.index.tz) == "Europe/Berlin"
    assert frame.index[0] == index[-1] + pd.Timedelta(hours=1)
    assert frame["q0.9"].tolist() == forecast.quantiles[0.9].tolist()


def test_a_frame_without_times_numbers_the_steps():
    frame = made_for(load(), timed=False, horizon=3)(load(40)).to_frame()
    assert (list(frame.columns), list(frame.index), frame.index.name) == (["forecast"], [1, 2, 3], "step")


def test_a_frame_without_pandas_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ResourceError, match="pandas is not installed; pip install pandas"):
        Forecast(np.zeros(2), {}, None).to_frame()


def test_what_has_no_quantiles_has_no_paths_and_counts_are_checked(trained):
    with pytest.raises(
        OptionsError, match="without quantiles has no paths to draw; train with --quantiles 0.1 0.5 0.9"
    ):
        made_for(load(), horizon=3)(load(40)).samples()
    forecast = trained(load(200), start="2024-01-01")
    for wrong in ({"count": 0}, {"count": 10**9}, {"seed": -1}):
        with pytest.raises(OptionsError):
            forecast.samples(**wrong)


@pytest.mark.parametrize(
    ("nonnegative", "below_zero", "free"), [("yes", True, False), ("no", False, True), ("auto", True, True)]
)
def test_paths_are_below_zero_where_forecasts_may_be(trained, nonnegative, below_zero, free):
    spread = replace(trained.config, nonnegative=nonnegative).spread(below_zero=below_zero)
    drawn = paths({0.1: np.zeros(6), 0.5: np.ones(6), 0.9: np.full(6, 2.0)}, spread, 500, seed=0)
    assert (drawn.min() < 0) == free


def test_pandas_is_imported_where_it_is_used_alone():
    assert not hasattr(calling, "pd")
