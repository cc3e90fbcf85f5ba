"""The baselines read nothing they could not know, learn what can be learnt, never fail for want of data, and say what they did."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from seqtext.tasks.forecasting.report import baselines, window_arrays
from seqtext.tasks.forecasting.report.baselines import last_value, ridge, seasonal
from seqtext.tasks.forecasting.report.boosted_trees import boosted_trees
from seqtext.tasks.forecasting.report.window_arrays import training_windows

TREES = "seqtext.tasks.forecasting.report.boosted_trees"
NAN = math.nan
TWO = np.array([1.0, 2.0, 3.0, NAN, NAN, 6.0, 7.0])  # two series: the second begins at position 3, with nothing known
STARTS = np.array([0, 3, 7])


@pytest.fixture(autouse=True)
def _few_trees_on_one_thread(monkeypatch):
    monkeypatch.setattr(f"{TREES}.TREES", 60)
    with threadpool_limits(1):  # two threads on so few rows wait for each other, for seconds where cores are busy
        yield


def positions(*at):
    return np.array(at, dtype=np.int64)


def toy(length=600, noise=0.1, season=12, seed=0):
    """A noisy wave and its windows: the last 100 positions are for tests."""
    wave = np.sin(np.arange(length) * 2 * np.pi / season)
    return wave + noise * np.random.default_rng(seed).normal(size=length)


def windows(values, horizon, window, test=100):
    middle = len(values) - test
    return np.arange(window, middle - horizon + 1), np.arange(middle, len(values) - horizon + 1)


def error(baseline, values, first):
    horizon = baseline.predicted.shape[1]
    return float(np.mean((baseline.predicted - values[first[:, None] + np.arange(horizon)]) ** 2))


def every_baseline(values, train_first, first, horizon, window, **more):
    """Of all methods, with these windows."""
    yield last_value(values, first, horizon, **more)
    yield seasonal(values, first, horizon, 3, name="season", **more)
    yield ridge(values, train_first, first, horizon, window, **more)
    for on_change in (False, True):
        yield boosted_trees(values, train_first, first, horizon, window, on_change=on_change, season=3, **more)


def test_the_last_value_is_the_last_that_is_not_missing_of_the_same_series():
    baseline = last_value(TWO, positions(1, 3, 4, 5, 6, 7), 2, starts=STARTS)
    assert baseline.predicted.tolist() == [[1, 1], [3, 3], [0, 0], [0, 0], [6, 6], [7, 7]]
    assert last_value(TWO, positions(5), 1).predicted.tolist() == [[3]]  # as one series
    assert last_value(np.full(3, NAN), positions(2), 1).predicted.tolist() == [[0]]
    assert baseline.seconds >= 0


def test_the_last_season_goes_on_where_the_horizon_is_longer():
    baseline = seasonal(np.arange(10.0), positions(5, 10), 5, 2, name="two ago")
    assert baseline.predicted.tolist() == [[3, 4, 3, 4, 3], [8, 9, 8, 9, 8]]
    assert (baseline.name, baseline.description) == ("two ago", "repeats the readings of 2 steps before")


def test_a_season_that_is_missing_or_before_the_series_is_the_last_value():
    baseline = seasonal(TWO, positions(2, 6, 7), 2, 3, name="season", starts=STARTS)
    assert baseline.predicted.tolist() == [[2, 1], [6, 6], [7, 6]]
    assert "the last reading for 66.7% of them" in baseline.description
    across = seasonal(TWO, positions(4), 1, 3, name="season", starts=STARTS)
    assert across.predicted.tolist() == [[0]]  # 2.0 is three before, but of the other series
    with pytest.raises(ValueError, match="at least one reading"):
        seasonal(TWO, positions(6), 2, 0, name="none")


@given(
    st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=2, max_size=12), st.integers(1, 9), st.integers(1, 5)
)
def test_both_equal_a_loop_over_the_readings(readings, horizon, season):
    values = np.array([NAN if value is None else value for value in readings], dtype=np.float64)
    first = np.arange(1, len(values) + 1)
    last, before = last_value(values, first, horizon), seasonal(values, first, horizon, season, name="season")
    for row, at in enumerate(first.tolist()):
        known = [value for value in readings[:at] if value is not None]
        for step in range(horizon):
            source = at + step
            while source >= at:
                source -= season
            found = readings[source] if source >= 0 else None
            assert last.predicted[row, step] == (known[-1] if known else 0)
            assert before.predicted[row, step] == (last.predicted[row, step] if found is None else found)


@pytest.mark.parametrize("horizon", [1, 5])
def test_what_comes_at_or_after_a_window_never_reaches_its_forecast(horizon):
    values = toy(200)
    values[::17] = NAN
    train, first = np.arange(8, 150 - horizon + 1), positions(150, 160)
    changed = values.copy()
    changed[160:] = np.random.default_rng(1).normal(size=40) * 1e3
    for one, other in zip(
        every_baseline(values, train, first, horizon, 8), every_baseline(changed, train, first, horizon, 8), strict=True
    ):
        assert one.predicted.shape == (2, horizon)
        assert np.isfinite(one.predicted).all()
        assert (one.predicted == other.predicted).all(), one.name


def test_what_comes_at_or_after_training_never_reaches_what_is_fitted():
    values = toy(300)
    train = np.arange(8, 200 - 4)
    changed = values.copy()
    changed[200:] = NAN
    first = positions(200)
    for one, other in zip(
        every_baseline(values, train, first, 4, 8), every_baseline(changed, train, first, 4, 8), strict=True
    ):
        assert (one.predicted == other.predicted).all(), one.name


def test_a_forecast_does_not_depend_on_its_neighbours_or_on_chunks(monkeypatch):
    values = toy(300)
    train, first = windows(values, 3, 8)
    together = list(every_baseline(values, train, first, 3, 8))
    monkeypatch.setattr(window_arrays, "CHUNK_CELLS", 100)
    assert len(together) > 3
    for whole, part in zip(together, every_baseline(values, train, first[[50, 3]], 3, 8), strict=True):
        assert part.predicted == pytest.approx(whole.predicted[[50, 3]], abs=1e-9)


def test_ridge_recovers_a_linear_process_and_says_what_it_is():
    values = np.zeros(1500)
    noise = np.random.default_rng(0).normal(size=1500)
    for at in range(2, 1500):
        values[at] = 1.2 * values[at - 1] - 0.5 * values[at - 2] + noise[at]
    values = 1e4 + 50 * values  # an offset and a unit change nothing
    train, first = windows(values, 2, 5)
    baseline = ridge(values, train, first, 2, 5)
    next_one = 1e4 + 1.2 * (values[first - 1] - 1e4) - 0.5 * (values[first - 2] - 1e4)
    after = 1e4 + 1.2 * (next_one - 1e4) - 0.5 * (values[first - 1] - 1e4)
    assert np.abs(baseline.predicted - np.stack([next_one, after], axis=1)).max() < 0.2 * values.std()
    assert error(baseline, values, first) < 0.6 * error(last_value(values, first, 2), values, first)
    assert baseline.description.startswith("ridge regression on 5 values, 1,394 windows, strength ")


def test_ridge_is_exact_where_there_is_no_noise():
    values = toy(noise=0) * 1e-3
    train, first = windows(values, 24, 12)
    assert error(ridge(values, train, first, 24, 12), values, first) < 1e-12


def test_ridge_equals_that_of_scikit_learn(monkeypatch):
    from sklearn.linear_model import Ridge

    monkeypatch.setattr(baselines, "STRENGTHS", (0.01,))
    values = 3 + 2 * toy(200)
    train, first = windows(values, 2, 6, test=50)
    inputs, test_inputs = (values[at[:, None] + np.arange(-6, 0)] for at in (train, first))
    alpha = 0.01 * np.square(inputs - inputs.mean(axis=0)).sum() / 6
    fitted = Ridge(alpha=alpha).fit(inputs, values[train[:, None] + np.arange(2)])
    assert ridge(values, train, first, 2, 6).predicted == pytest.approx(fitted.predict(test_inputs))


def test_trees_beat_the_last_value_and_the_mean_on_a_season():
    values = toy()
    for horizon in (1, 6):
        train, first = windows(values, horizon, 12)
        trees = boosted_trees(values, train, first, horizon, 12)
        assert error(trees, values, first) < min(
            0.3 * values.var(), error(last_value(values, first, horizon), values, first)
        )
    assert "trees on 12 values, 483 windows with one step each" in trees.description


def test_trees_on_the_change_follow_a_level_that_training_never_saw():
    values = toy() + np.arange(600) / 20  # climbs: the test levels lie above all of training
    train, first = windows(values, 1, 12)
    level = boosted_trees(values, train, first, 1, 12)
    change = boosted_trees(values, train, first, 1, 12, on_change=True)
    assert change.name == "boosted trees on the change"
    assert error(change, values, first) < 0.2 * error(level, values, first)


def test_trees_use_the_season_before_the_window():
    noise = np.random.default_rng(0).normal(size=20)
    values = np.tile(noise, 40)  # 20 values over and over; two of them do not tell the next
    train, first = windows(values, 3, 2)
    blind = boosted_trees(values, train, first, 3, 1)
    season = boosted_trees(values, train, first, 3, 1, season=20)
    assert error(season, values, first) < 0.1 * error(blind, values, first)
    assert "on 1 values and the one 20 before, " in season.description


def test_series_of_other_levels_are_not_mixed():
    values = np.concatenate([np.zeros(60), np.full(60, 5.0)])
    starts = positions(0, 60, 120)
    train = np.concatenate([np.arange(4, 50), np.arange(64, 110)])
    for baseline in every_baseline(values, train, positions(60, 120), 2, 4, starts=starts):  # just behind each series
        assert baseline.predicted == pytest.approx(np.array([[0, 0], [5, 5]]), abs=0.1), baseline.name
    with pytest.raises(ValueError, match="reach out of the series"):
        ridge(values, train, positions(62), 2, 4, starts=starts)


def test_the_held_out_windows_are_the_last_of_every_series():
    values, starts = np.zeros(300), positions(0, 100, 300)
    train = np.concatenate([np.arange(280, 180, -1), np.arange(10, 60)])
    fitted, held_out, note = training_windows(values, train, train, 1, 5, 0, starts, 1000)
    assert held_out.tolist() == [*range(55, 60), *range(271, 281)]
    assert sorted([*fitted, *held_out]) == sorted(train)
    assert note == ""
    one_each = training_windows(values, positions(50, 150), train, 1, 5, 0, starts, 1000)
    assert [len(part) for part in one_each[:2]] == [1, 1]


def test_a_large_set_is_sampled_evenly_by_seed_and_the_description_tells(monkeypatch):
    monkeypatch.setattr(baselines, "MAX_ROWS", 100)
    monkeypatch.setattr(f"{TREES}.MAX_ROWS", 100)
    values = toy()
    train, first = windows(values, 1, 12)
    for fit in (ridge, boosted_trees):
        one, again, other = (fit(values, train, first, 1, 12, seed=seed) for seed in (0, 0, 1))
        assert "100 windows evenly drawn from 488" in one.description
        assert (one.predicted == again.predicted).all()
        assert (one.predicted != other.predicted).any()
    fitted, held_out, _ = training_windows(values, train, first, 1, 12, 0, None, 100)
    drawn = np.concatenate([fitted, held_out])
    assert len(set(drawn.tolist())) == 100
    assert np.diff(drawn).max() < 2 * 488 / 100


def test_missing_inputs_and_targets():
    values = toy()
    values[np.random.default_rng(2).random(600) < 0.1] = NAN
    values[520:540] = NAN  # whole windows
    train, first = windows(values, 2, 12)
    for baseline in every_baseline(values, train, first, 2, 12):
        assert np.isfinite(baseline.predicted).all(), baseline.name
    fitted = ridge(values, train, first, 2, 12)
    complete = int((~np.isnan(values[train]) & ~np.isnan(values[train + 1])).sum())
    assert f"{complete} windows without missing targets" in fitted.description
    assert baselines._filled(np.array([[1, NAN, 3], [NAN] * 3])).tolist() == [[1, 2, 3], [0, 0, 0]]


def test_a_constant_series_and_a_season_that_was_never_seen():
    values = np.full(100, 7.0)
    train, first = windows(values, 2, 5, test=20)
    for baseline in every_baseline(values, train, first, 2, 5):
        assert baseline.predicted == pytest.approx(np.full((19, 2), 7.0)), baseline.name
    assert np.isfinite(boosted_trees(values, train, first, 2, 5, season=200).predicted).all()


@pytest.mark.parametrize("train", [positions(), positions(5, 6, 7)])
def test_too_few_windows_fall_back_to_the_last_value_and_say_so(train):
    values = toy(50)
    for fit in (ridge, boosted_trees):
        baseline = fit(values, train, positions(40), 3, 5)
        assert baseline.predicted.tolist() == [[values[39]] * 3]
        assert "too few windows" in baseline.description


def test_no_windows_to_forecast_give_no_forecasts():
    values = toy(100)
    found = list(every_baseline(values, np.arange(5, 90), positions(), 2, 5))
    assert len(found) > 3
    for baseline in found:
        assert baseline.predicted.shape == (0, 2)


@pytest.mark.parametrize(("train", "first"), [((4,), (20,)), ((28,), (20,)), ((10,), (4,)), ((10,), (31,))])
def test_windows_that_reach_out_of_the_values_are_refused(train, first):
    for fit in (ridge, boosted_trees):
        with pytest.raises(ValueError, match="5 values and . targets reach out of the series"):
            fit(np.zeros(30), positions(*train), positions(*first), 3, 5)
