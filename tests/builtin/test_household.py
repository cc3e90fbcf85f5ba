"""The simulated household: the same for a seed, plausible to the eye, and worth a model that remembers."""

import hashlib

import numpy as np
import pytest

from seqtext.builtin.household import household
from seqtext.errors import OptionsError

READINGS = 96  # a day


@pytest.fixture(scope="module")
def load():
    return household()


@pytest.fixture(scope="module")
def days(load):
    """(730, 96) kW."""
    return load.values.reshape(-1, READINGS)


def mean_square(errors):
    return float((errors**2).mean())


def test_shapes_and_times(load):
    assert load.values.shape == load.times.shape == (730 * READINGS,)
    assert load.values.dtype == np.float64
    assert load.times.dtype == np.dtype("datetime64[s]")
    assert load.times[0] == np.datetime64("2023-01-02T00:00:00")
    assert set(np.diff(load.times).astype(int)) == {900}
    assert household(days=1, start="2024-02-29").times[-1] == np.datetime64("2024-02-29T23:45:00")


def test_a_seed_says_everything(load):
    again = household()
    assert np.array_equal(load.values, again.values)
    other = household(days=7, seed=1).values
    assert not np.array_equal(load.values[: len(other)], other)
    assert abs(np.corrcoef(load.values[: len(other)], other)[0, 1]) < 0.9


def test_the_values_are_those_that_were_ever_made(load):
    watts = np.round(1000 * load.values).astype("<i4")
    assert hashlib.sha256(watts.tobytes()).hexdigest()[:16] == "6c28bd1b00d6d926"


def test_more_days_do_not_change_the_first_ones(load):
    few = household(days=40)
    assert np.array_equal(few.values, load.values[: len(few.values)])
    assert np.array_equal(few.times, load.times[: len(few.times)])


def test_loads_are_plausible_and_never_negative(load):
    assert load.values.min() >= 0.1
    assert load.values.max() < 9
    assert 2_500 < load.values.mean() * 24 * 365 < 6_000  # kWh a year
    assert np.allclose(np.round(load.values, 3), load.values, atol=0)


def test_nights_are_quiet_and_evenings_are_not(days):
    by_hour = days.mean(axis=0).reshape(24, 4).mean(axis=1)
    assert by_hour[18:22].mean() > 3 * by_hour[1:5].mean()
    assert by_hour[7] > 1.3 * by_hour[4]


def test_weekends_are_others(load, days):
    first = load.times[::READINGS].astype("datetime64[D]")
    weekend = ~np.is_busday(first)
    at = np.arange(READINGS) / 4
    noon, early = (at >= 12) & (at < 14), (at >= 6.5) & (at < 8)
    assert days[weekend][:, noon].mean() > 1.5 * days[~weekend][:, noon].mean()
    assert days[weekend][:, early].mean() < 0.8 * days[~weekend][:, early].mean()


def test_winters_need_more_than_summers(load, days):
    month = load.times[::READINGS].astype("datetime64[M]").astype(int) % 12 + 1
    winter, summer = days[np.isin(month, [12, 1, 2])], days[np.isin(month, [6, 7, 8])]
    assert winter.mean() > 1.3 * summer.mean()


def test_the_season_and_the_weekend_follow_the_calendar():
    july, january = household(days=14, start="2023-07-03"), household(days=14, start="2023-01-02")
    assert january.values.mean() > july.values.mean() + 0.1
    monday, saturday = household(days=1, start="2023-01-02"), household(days=1, start="2023-01-07")
    assert not np.array_equal(monday.values, saturday.values)


def test_the_weather_lasts_for_many_hours_but_not_for_a_week():
    """In winter nights the heating tells it: nothing else but the fridge runs."""
    nights = household(days=90, start="2023-12-01", seed=3).values.reshape(90, READINGS)[:, 4:24]
    early, late = nights[:, :10].mean(axis=1), nights[:, 10:].mean(axis=1)
    assert np.corrcoef(early, late)[0, 1] > 0.7
    assert np.corrcoef(late[:-1], early[1:])[0, 1] > 0.25
    assert abs(np.corrcoef(early[:-7], early[7:])[0, 1]) < 0.25


def test_the_fridge_comes_and_goes_every_three_quarters_of_an_hour(days):
    nights = days[:, 4:20] - days[:, 4:20].mean(axis=1, keepdims=True)  # 1 to 5 o'clock
    related = [float((nights[:, lag:] * nights[:, : 16 - lag]).mean()) for lag in range(4)]
    assert related[3] > 0.5 * related[0]
    assert related[1] < 0 > related[2]


def test_the_last_value_beats_the_mean_and_a_memory_of_a_day_beats_the_last_value(load):
    windows = np.lib.stride_tricks.sliding_window_view(load.values, READINGS + 1)
    half = len(windows) // 2
    train, test = windows[:half], windows[half:]
    past = np.column_stack([train[:, :-1], np.ones(half)])
    weights = np.linalg.solve(past.T @ past + 1e-3 * np.eye(READINGS + 1), past.T @ train[:, -1])
    ridge = test[:, :-1] @ weights[:-1] + weights[-1]
    truth = test[:, -1]
    last = mean_square(test[:, -2] - truth)
    assert last < 0.7 * mean_square(train[:, -1].mean() - truth)
    assert mean_square(ridge - truth) < 0.8 * last


def test_what_was_switched_on_says_more_than_a_line_through_the_past_knows(load):
    """A dishwasher that heats for the first time will heat again: of two evenings alike now, memory tells the rest."""
    at = np.arange(len(load.values)) % READINGS / 4
    now = np.flatnonzero((at > 20) & (at < 23) & (np.arange(len(load.values)) < len(load.values) - 8))
    heats = load.values[now] > 1.5
    quiet = load.values[now + 3] < 1.2
    later = load.values[now[heats & quiet] + 5]
    usual = load.values[now[~heats & quiet] + 5]
    assert np.mean(later > 1.5) > 4 * np.mean(usual > 1.5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"days": 0}, "household: found 0 days; expected 1 to 10,000"),
        ({"days": 10_001}, "found 10,001 days"),
        ({"seed": -1}, "found seed -1; expected 0 or more"),
        ({"start": "2023"}, "found start '2023'; expected a date such as 2023-01-02"),
        ({"start": "yesterday"}, "found start 'yesterday'"),
    ],
)
def test_what_cannot_be_had_is_refused(wrong, message):
    with pytest.raises(OptionsError, match=message):
        household(**wrong)
