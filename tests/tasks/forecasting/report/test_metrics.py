"""Figures against sums by hand, what is left out, and what must hold for any numbers."""

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.special import ndtri

from seqtext.errors import DataError
from seqtext.tasks.forecasting.report.by_series import by_series
from seqtext.tasks.forecasting.report.metrics import Interval, forecast_metrics, mae_by_hour, seasonal_scale
from seqtext.tasks.forecasting.report.quantile_figures import CRPS_LEVELS

NAN = math.nan
READINGS = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
TABLES = array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
    lambda shape: st.tuples(arrays(np.float64, shape, elements=READINGS), arrays(np.float64, shape, elements=READINGS))
)


def test_figures_equal_those_counted_by_hand():
    metrics = forecast_metrics([[1.0, 2.0], [4.0, 0.0]], [[2.0, 2.0], [1.0, 0.0]])
    assert (metrics.mse, metrics.mae, metrics.values) == (10 / 4, 1.0, 4)
    assert metrics.rmse == pytest.approx(math.sqrt(2.5))
    assert metrics.smape == pytest.approx((200 / 3 + 0 + 200 * 3 / 5 + 0) / 4)
    assert metrics.by_step == (2.0, 0.0)
    assert (metrics.mase, metrics.pinball, metrics.interval, metrics.unscaled_series) == (None, None, None, 0)


def test_missing_values_are_left_out_whatever_was_forecast_there():
    metrics = forecast_metrics([[1.0, NAN], [NAN, NAN], [3.0, NAN]], [[2.0, 9.0], [NAN, 9.0], [3.0, math.inf]])
    assert (metrics.mae, metrics.mse, metrics.values) == (0.5, 0.5, 2)
    assert metrics.by_step[0] == 0.5
    assert math.isnan(metrics.by_step[1])
    assert metrics.to_json()["by_step"] == [0.5, None]


def test_mase_is_the_mean_over_series_of_their_mean_scaled_error():
    true, forecast = np.zeros((4, 2)), np.array([[1.0, 1.0], [3.0, 3.0], [8.0, 8.0], [5.0, 5.0]])
    scales, series = np.array([2.0, 2.0, 4.0, NAN]), np.array([7, 7, 3, 5])
    metrics = forecast_metrics(true, forecast, scales=scales, series=series, season_name="day")
    assert metrics.mase == pytest.approx(((1 + 3) / 2 / 2 + 8 / 4) / 2)
    assert (metrics.unscaled_series, metrics.season) == (1, "day")
    alone = forecast_metrics(true, forecast, scales=scales)
    assert alone.mase == pytest.approx((1 / 2 + 3 / 2 + 8 / 4) / 3)


def test_a_series_without_values_is_neither_measured_nor_counted_as_left_out():
    metrics = forecast_metrics([[1.0], [NAN]], [[2.0], [0.0]], scales=np.array([4.0, NAN]))
    assert (metrics.mase, metrics.unscaled_series) == (0.25, 0)


def test_without_a_single_scale_there_is_no_mase():
    metrics = forecast_metrics([[1.0], [2.0]], [[2.0], [0.0]], scales=np.array([0.0, NAN]))
    assert (metrics.mase, metrics.unscaled_series) == (None, 2)


def test_pinball_coverage_and_width_by_hand():
    true, ones = np.array([[0.0, 1.0, 2.0, 9.0, NAN]]), np.ones((1, 5))
    quantiles = {0.9: 3 * ones, 0.5: ones, 0.1: 0 * ones, 0.3: 0 * ones}
    metrics = forecast_metrics(true, ones, quantiles=quantiles)
    losses = [
        0.1 * (0 + 1 + 2 + 9) / 4,
        0.3 * (0 + 1 + 2 + 9) / 4,
        0.5 * (1 + 0 + 1 + 8) / 4,
        (0.1 * (3 + 2 + 1) + 0.9 * 6) / 4,
    ]
    assert metrics.pinball == pytest.approx(sum(losses) / 4)
    assert metrics.interval == Interval(pytest.approx(0.8), 0.75, 3.0)


def test_the_score_is_that_of_a_normal_distribution_and_needs_its_levels():
    rng = np.random.default_rng(0)
    true = rng.standard_normal((400, 50))
    quantiles = {level: np.full(true.shape, ndtri(level)) for level in CRPS_LEVELS}
    metrics = forecast_metrics(true, 0 * true, quantiles=quantiles, levels=(0.1, 0.5, 0.9))
    assert metrics.crps == pytest.approx(1 / math.sqrt(math.pi), rel=0.05), "the CRPS of N(0, 1) by itself"
    few = forecast_metrics(true, 0 * true, quantiles={level: quantiles[level] for level in (0.1, 0.5, 0.9)})
    assert few.crps is None
    assert few.pinball == metrics.pinball, "which is of the levels that were asked for"
    assert few.interval == metrics.interval
    assert metrics.interval == pytest.approx((0.8, 0.8, 2 * ndtri(0.9)), abs=0.02)


def test_the_weighted_loss_is_twice_the_pinball_loss_over_the_size_of_the_values():
    true, zeros = np.array([[2.0, -4.0]]), np.zeros((1, 2))
    metrics = forecast_metrics(true, zeros, quantiles={0.5: zeros})
    assert metrics.wql == pytest.approx(2 * metrics.pinball / 3) == pytest.approx(1.0)
    assert forecast_metrics(zeros, zeros, quantiles={0.5: zeros}).wql is None


def test_figures_of_each_series_and_the_worst_by_its_name():
    true = np.zeros((5, 2))
    forecast = np.array([[1.0, 1.0], [3.0, 3.0], [8.0, 8.0], [1.0, 3.0], [5.0, NAN]])
    true[4, 1] = NAN
    of = np.array([0, 0, 2, 3, 3])
    found = by_series(
        true, forecast, of, "abcd", scales=np.array([2.0, 2, 4, NAN, NAN]), quantiles={0.5: forecast}, levels=[0.5]
    )
    assert found["series"] == 3
    assert found["mae"] == {"mean": (2 + 8 + 3) / 3, "median": 3.0, "worst": 8.0, "worst_series": "c"}
    assert found["mase"] == {"mean": 1.5, "median": 1.5, "worst": 2.0, "worst_series": "c"}
    assert found["each"]["d"] == {"mse": pytest.approx(35 / 3), "mae": 3.0, "mase": None, "pinball": 1.5}
    assert by_series(true, forecast, 0 * of, "a") is None


def test_the_interval_is_the_outermost_pair_and_needs_a_pair():
    ones = np.ones((2, 1))
    lone = forecast_metrics(ones, ones, quantiles={0.05: ones, 0.5: ones})
    assert (lone.interval, lone.pinball) == (None, 0.0)
    levels = {0.01: ones, 0.2: 0 * ones, 0.8: ones, 0.4: ones, 0.6: ones}
    assert forecast_metrics(ones, ones, quantiles=levels).interval == Interval(pytest.approx(0.6), 1.0, 1.0)


@pytest.mark.parametrize(
    ("values", "season", "scale"),
    [
        ([1.0, 3.0, 2.0], 1, 1.5),
        ([1.0, 3.0, 2.0, 7.0], 2, 2.5),
        ([1.0, NAN, 2.0, 7.0], 2, 1.0),
        ([1.0, 2.0, 1.0, 2.0], 2, NAN),  # repeats itself: nothing to measure by
        ([1.0, 2.0], 2, NAN),
        ([1.0, NAN, NAN], 1, NAN),
        ([], 1, NAN),
    ],
)
def test_the_scale_is_the_mean_change_over_a_season(values, season, scale):
    assert seasonal_scale(values, season) == pytest.approx(scale, nan_ok=True)


def test_errors_by_hour():
    by_hour = mae_by_hour([[1.0, 2.0], [NAN, 5.0]], [[2.0, 2.0], [9.0, 8.0]], [[0, 23], [4, 0]])
    assert by_hour.shape == (24,)
    assert (by_hour[0], by_hour[23]) == (2.0, 0.0)
    assert np.isnan(np.delete(by_hour, [0, 23])).all()


@given(TABLES)
def test_a_perfect_forecast_has_no_error(tables):
    true, _ = tables
    metrics = forecast_metrics(true, true, scales=np.ones(len(true)), quantiles={0.1: true, 0.9: true})
    assert (metrics.mse, metrics.mae, metrics.rmse, metrics.mase, metrics.smape, metrics.pinball) == (0.0,) * 6
    assert metrics.interval is not None
    assert (metrics.interval.coverage, metrics.interval.width) == (1.0, 0.0)
    assert set(metrics.by_step) == {0.0}


@given(TABLES, st.sampled_from([2.0**-9, 0.5, 4.0, 1024.0]))  # of the unit of measurement, without rounding
def test_smape_and_mase_do_not_depend_on_the_unit_and_the_others_follow_it(tables, unit):
    true, forecast = tables
    scales = np.linspace(1, 3, len(true))
    one = forecast_metrics(true, forecast, scales=scales)
    other = forecast_metrics(unit * true, unit * forecast, scales=unit * scales)
    assert (one.smape, one.mase) == (other.smape, other.mase)
    assert (other.mae, other.mse) == pytest.approx((unit * one.mae, unit**2 * one.mse))


@given(TABLES)
def test_bounds_and_symmetry(tables):
    true, forecast = tables
    one, other = forecast_metrics(true, forecast), forecast_metrics(forecast, true)
    assert 0 <= one.smape <= 200 + 1e-9
    assert one.mae <= one.rmse * (1 + 1e-9)
    assert (one.mse, one.mae, one.smape) == pytest.approx((other.mse, other.mae, other.smape))
    assert np.mean(one.by_step) == pytest.approx(one.mae)
    median = forecast_metrics(true, forecast, quantiles={0.5: forecast}).pinball
    assert median == pytest.approx(one.mae / 2)


@given(TABLES, st.data())
def test_a_missing_value_is_as_good_as_absent(tables, data):
    true, forecast = tables
    missing = data.draw(arrays(np.bool_, true.shape))
    assume(not missing.all())
    holes = np.where(missing, NAN, true)
    one = forecast_metrics(holes, forecast, scales=np.ones(len(true)), series=np.zeros(len(true), dtype=int))
    kept = forecast_metrics(true[~missing][None], forecast[~missing][None], scales=np.ones(1))
    assert (one.mse, one.mae, one.smape, one.mase) == pytest.approx((kept.mse, kept.mae, kept.smape, kept.mase))
    assert json.loads(json.dumps(one.to_json(), allow_nan=False))["values"] == (~missing).sum()


def test_json_holds_plain_numbers_only():
    ones = np.ones((2, 2))
    plain = forecast_metrics(ones, 2 * ones, scales=np.ones(2), quantiles={0.1: ones, 0.9: ones}).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["interval"] == {"nominal": 0.8, "coverage": 1.0, "width": 0.0}


@pytest.mark.parametrize("true", [np.zeros((0, 3)), np.zeros((3, 0)), np.full((2, 2), NAN), np.array([[math.inf]])])
def test_nothing_to_measure_by_is_a_fault_of_the_data(true):
    with pytest.raises(DataError, match="to measure by"):
        forecast_metrics(true, np.zeros(true.shape))
    with pytest.raises(DataError, match="to measure by"):
        mae_by_hour(true, np.zeros(true.shape), np.zeros(true.shape, dtype=int))


@pytest.mark.parametrize(
    ("forecast", "given", "message"),
    [
        ([[1.0], [2.0]], {}, r"got the shapes \(1, 2\) and \(2, 1\)"),
        ([[1.0, NAN]], {}, "1 forecasts of measured values are not finite"),
        ([[1.0, 2.0]], {"scales": np.ones(2)}, "must be of 1 rows"),
        ([[1.0, 2.0]], {"scales": np.ones(1), "series": np.zeros(2)}, "must be of 1 rows"),
        ([[1.0, 2.0]], {"quantiles": {10: np.ones((1, 2))}}, "between 0 and 1, got 10"),
        ([[1.0, 2.0]], {"quantiles": {0.1: np.ones((2, 1))}}, r"0.1 quantile must be of the shape \(1, 2\)"),
        ([[1.0, 2.0]], {"quantiles": {0.1: np.array([[1.0, NAN]])}}, "0.1 quantile is not finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(forecast, given, message):
    with pytest.raises(ValueError, match=message):
        forecast_metrics([[1.0, 2.0]], forecast, **given)


def test_what_is_no_hour_or_season_is_refused():
    for hours in ([[24]], [[-1]]):
        with pytest.raises(ValueError, match="in 0 to 23"):
            mae_by_hour([[1.0]], [[1.0]], hours)
    for hours in ([[1.5]], [1]):
        with pytest.raises(ValueError, match="must be integers of the shape"):
            mae_by_hour([[1.0]], [[1.0]], hours)
    with pytest.raises(ValueError, match="at least one reading"):
        seasonal_scale([1.0], 0)
