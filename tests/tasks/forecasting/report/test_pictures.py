"""Pictures of forecasts come out of any series, dated or not, with holes or without, and say what they show."""

import numpy as np
import pytest
from matplotlib.image import imread

from seqtext.tasks.forecasting.report import time_axis
from seqtext.tasks.forecasting.report.fan_chart import fan_chart
from seqtext.tasks.forecasting.report.pictures import error_by, hidden_state, two_weeks

WEEK = 7 * 96


def quarters(count, start="2024-02-26"):
    return np.datetime64(start, "s") + np.arange(count) * np.timedelta64(900, "s")


def wave(count):
    return 1 + np.sin(np.arange(count) * 2 * np.pi / 96)


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def ticks(axes):
    return [label.get_text() for label in axes.get_xticklabels()]


def line(axes, name):
    """The heights of the line whose name begins so."""
    [found] = [line for line in axes.get_lines() if line.get_label().startswith(name)]
    return found.get_ydata()


def assert_is_picture(path):
    assert path.read_bytes().startswith(b"\x89PNG")
    height, width, _ = imread(path).shape
    assert 350 < height < 1300
    assert 900 < width < 1700
    assert [other.name for other in path.parent.iterdir()] == [path.name]


# ---- two weeks


def test_two_weeks_are_two_panels_with_weekdays_and_mean_errors(drawn, tmp_path):
    actual = wave(2 * WEEK)
    two_weeks(
        quarters(2 * WEEK),
        actual,
        actual + 0.25,
        tmp_path / "weeks.png",
        unit="kW",
        baseline=actual - 0.5,
        baseline_name="last value",
        quantiles=(actual - 1, actual + 1),
    )
    assert_is_picture(tmp_path / "weeks.png")
    first, second = drawn[0].axes
    assert legend(first) == [
        "actual",
        "forecast (mean absolute error 0.25 kW)",
        "last value (mean absolute error 0.5 kW)",
        "expected range",
    ]
    assert ticks(first)[:4] == ["Mon 26 Feb\n2024", "Tue 27 Feb", "Wed 28 Feb", "Thu 29 Feb"]
    assert ticks(second)[0] == "Mon 04 Mar\n2024"
    assert len(line(first, "actual")) == len(line(second, "actual")) == WEEK
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylabel() == "value (kW)"


def test_readings_behind_the_second_week_are_neither_drawn_nor_counted(drawn, tmp_path):
    actual = wave(3 * WEEK)
    forecast = np.where(np.arange(3 * WEEK) < 2 * WEEK, actual, 100.0)
    two_weeks(quarters(3 * WEEK), actual, forecast, tmp_path / "weeks.png")
    assert legend(drawn[0].axes[0])[1] == "forecast (mean absolute error 0)"
    assert drawn[0].axes[0].get_ylim()[1] < 3


def test_without_timestamps_steps_are_numbered_and_halves_drawn(drawn, tmp_path):
    two_weeks(None, wave(101), wave(101), tmp_path / "steps.png")
    first, second = drawn[0].axes
    assert (len(line(first, "actual")), len(line(second, "actual"))) == (50, 51)
    assert (first.get_xlabel(), first.get_ylabel()) == ("step", "value")


def test_months_are_drawn_in_halves_since_a_week_holds_none(drawn, tmp_path):
    months = np.arange("2010-01", "2022-01", dtype="datetime64[M]").astype("datetime64[s]")
    two_weeks(months, wave(144), wave(144), tmp_path / "months.png")
    first, second = drawn[0].axes
    assert len(line(first, "actual")) == len(line(second, "actual")) == 72
    assert ticks(first) == ["2010", "2011", "2012", "2013", "2014", "2015", "2016"]


@pytest.mark.parametrize("count", [1, 2, 30, WEEK, WEEK + 1])
@pytest.mark.parametrize("dated", [True, False])
def test_too_few_readings_for_two_weeks_are_drawn_too(count, dated, tmp_path):
    two_weeks(quarters(count) if dated else None, wave(count), wave(count), tmp_path / "few.png")
    assert imread(tmp_path / "few.png").shape[1] > 900


def test_missing_and_infinite_values_leave_holes_and_do_not_count(drawn, tmp_path):
    actual, forecast = wave(2 * WEEK), wave(2 * WEEK) + 0.1
    actual[100:200] = np.nan
    forecast[50] = np.inf
    two_weeks(quarters(2 * WEEK), actual, forecast, tmp_path / "holes.png", baseline=np.full(2 * WEEK, np.nan))
    first = drawn[0].axes[0]
    assert np.isnan(line(first, "actual")[100:200]).all()
    assert legend(first)[1:] == ["forecast (mean absolute error 0.1)", "baseline"]


def test_names_and_units_in_any_script_are_taken_literally(drawn, tmp_path):
    two_weeks(
        None, wave(9), wave(9) + 1, tmp_path / "a.png", unit="$ & 円", baseline=wave(9), baseline_name="先週_$x$\n"
    )
    assert (
        "先週" in legend(drawn[0].axes[0])[2] or "#0" in legend(drawn[0].axes[0])[2]
    )  # on a machine without such a font


# ---- far ahead


@pytest.mark.parametrize("dated", [True, False])
def test_a_fan_has_a_band_for_each_pair_and_the_end_of_the_history(dated, drawn, tmp_path):
    times, values = quarters(1000), wave(1000)
    ahead = values[904:]
    fan_chart(
        times[:904] if dated else None,
        values[:904],
        times[904:] if dated else None,
        ahead,
        tmp_path / "fan.png",
        quantiles={0.9: ahead + 2, 0.25: ahead - 1, 0.1: ahead - 2, 0.75: ahead + 1, 0.5: ahead},
        actual=ahead + 0.1,
        unit="kW",
    )
    assert_is_picture(tmp_path / "fan.png")
    [axes] = drawn[0].axes
    assert legend(axes) == ["known", "forecast", "actual", "80 % band", "50 % band"]
    assert len(line(axes, "known")) == 96
    assert len(line(axes, "forecast")) == 97  # joined to what is known
    assert len(axes.collections) == 2
    assert axes.get_xlabel() == ("" if dated else "steps ahead")
    low, high = axes.get_xlim()
    assert dated or (low, high) == (-95, 96)
    assert axes.get_ylabel() == "value (kW)"


def test_a_fan_of_little_and_of_holes(drawn, tmp_path):
    fan_chart(None, np.array([]), None, wave(1), tmp_path / "one.png", quantiles={})
    fan_chart(None, wave(3), None, wave(2), tmp_path / "few.png", quantiles={}, actual=np.full(2, np.nan))
    holes = np.where(np.arange(96) % 7, wave(96), np.nan)
    fan_chart(
        quarters(96),
        holes,
        quarters(96, "2024-02-27"),
        holes,
        tmp_path / "holes.png",
        quantiles={0.1: holes, 0.9: holes},
    )
    assert len(drawn) == 3


# ---- errors


def test_errors_by_the_hour_have_a_thick_line_for_the_first_method(drawn, tmp_path):
    errors = {
        "this model": np.linspace(0.1, 0.2, 24),
        "last value": np.linspace(0.2, 0.4, 24),
        "mean": np.full(24, np.nan),
    }
    error_by(range(24), errors, tmp_path / "hours.png", xlabel="hour of the day", ylabel="mean absolute error (kW)")
    assert_is_picture(tmp_path / "hours.png")
    [axes] = drawn[0].axes
    assert legend(axes) == list(errors)
    widths = {line.get_label(): line.get_linewidth() for line in axes.get_lines()}
    assert widths["this model"] > 2 * widths["last value"] == 2 * widths["mean"]
    assert ticks(axes) == ["0", "3", "6", "9", "12", "15", "18", "21"]
    assert axes.get_ylim()[0] == 0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("hour of the day", "mean absolute error (kW)")


def test_errors_by_the_step_and_of_many_methods(drawn, tmp_path):
    errors = {f"method {number}": wave(192) + number for number in range(7)}
    error_by(np.arange(1, 193), errors, tmp_path / "steps.png", xlabel="steps ahead", ylabel="error")
    assert len(drawn[0].axes[0].get_lines()) == 7
    assert_is_picture(tmp_path / "steps.png")


# ---- a state


def test_a_state_stands_above_its_input_on_the_same_axis(drawn, tmp_path):
    states = np.tanh(np.outer(wave(WEEK) - 1, np.linspace(-2, 2, 32)))
    hidden_state(quarters(WEEK), wave(WEEK), states, tmp_path / "state.png", unit="kW")
    assert_is_picture(tmp_path / "state.png")
    upper, lower, bar = drawn[0].axes
    assert upper.get_title() == "One layer unrolled through time: 672 steps, 32 neurons"
    assert upper.get_xlim() == lower.get_xlim()
    assert upper.get_position().x1 == pytest.approx(lower.get_position().x1, abs=1e-3)
    assert (upper.get_ylabel(), lower.get_ylabel(), bar.get_ylabel()) == ("neuron", "input (kW)", "state")
    [image] = upper.get_images()
    assert image.get_clim() == (-1, 1)
    assert image.get_array().shape == (32, WEEK)
    assert image.get_array()[31, 24] > 0.9  # the last neuron, at the first peak of the wave


def test_of_a_long_state_the_first_steps_are_drawn(drawn, tmp_path):
    hidden_state(None, wave(5000), np.zeros((5000, 3)), tmp_path / "state.png")
    assert drawn[0].axes[0].get_title().endswith("1,000 steps, 3 neurons")


@pytest.mark.parametrize("scale", [1e-6, 0.0, 40.0])
def test_states_of_any_size_are_told_apart(scale, drawn, tmp_path):
    states = scale * np.random.default_rng(0).standard_normal((50, 4))
    hidden_state(None, wave(50), states, tmp_path / "state.png")
    low, high = drawn[0].axes[0].get_images()[0].get_clim()
    assert low == -high
    assert high == 1 if scale == 0 else scale < high < 4 * scale


@pytest.mark.parametrize("shape", [(1, 1), (2, 600), (700, 1)])
def test_states_of_odd_shapes_and_with_holes(shape, tmp_path):
    states = np.zeros(shape)
    states[0, 0] = np.nan
    hidden_state(quarters(len(states)), np.full(len(states), np.nan), states, tmp_path / "state.png")
    assert_is_picture(tmp_path / "state.png")


def test_times_with_a_gap_keep_state_and_input_together(drawn, tmp_path):
    times = quarters(100)
    times[50:] += np.timedelta64(1, "D")
    hidden_state(times, wave(100), np.zeros((100, 2)), tmp_path / "state.png")
    upper, lower, _ = drawn[0].axes
    assert upper.get_xlim() == lower.get_xlim()


# ---- what cannot be drawn


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda path: two_weeks(None, wave(5), wave(4), path), r"forecast must be of shape \(5,\), got \(4,\)"),
        (lambda path: two_weeks(quarters(4), wave(5), wave(5), path), r"times must be of shape \(5,\), got \(4,\)"),
        (lambda path: two_weeks(quarters(5)[::-1], wave(5), wave(5), path), "ascend"),
        (lambda path: two_weeks(np.full(5, "NaT", "datetime64[s]"), wave(5), wave(5), path), "ascend"),
        (lambda path: two_weeks(None, wave(0), wave(0), path), "at least one step"),
        (lambda path: two_weeks(None, wave(5), wave(5), path, baseline=wave(6)), "baseline must be of shape"),
        (lambda path: two_weeks(None, wave(5), wave(5), path, quantiles=(wave(5), wave(6))), "quantile must be of"),
        (lambda path: two_weeks(None, np.ones((5, 1)), wave(5), path), r"actual must be of shape \(5,\), got \(5, 1\)"),
        (lambda path: fan_chart(None, wave(5), None, wave(3), path, quantiles={0.1: wave(3)}), "got 0.1 alone"),
        (
            lambda path: fan_chart(None, wave(5), None, wave(3), path, quantiles={0.1: wave(3), 0.9: wave(4)}),
            "quantile 0.9",
        ),
        (lambda path: fan_chart(None, wave(5), quarters(3), wave(3), path, quantiles={}), "both have times"),
        (lambda path: fan_chart(quarters(5), wave(5), quarters(3), wave(3), path, quantiles={}), "ascend"),
        (lambda path: fan_chart(None, wave(5), None, wave(0), path, quantiles={}), "one step of forecast"),
        (lambda path: fan_chart(None, wave(5), None, wave(3), path, quantiles={}, actual=wave(4)), "actual must be"),
        (lambda path: error_by(range(24), {"a": wave(23)}, path, xlabel="", ylabel=""), r"a must be of shape \(24,\)"),
        (lambda path: error_by(range(24), {}, path, xlabel="", ylabel=""), "at least one method"),
        (lambda path: hidden_state(None, wave(5), np.zeros((4, 2)), path), "inputs must be of shape"),
        (lambda path: hidden_state(None, wave(5), np.zeros(5), path), r"states must be of shape \(T, H\), got \(5,\)"),
        (lambda path: hidden_state(None, wave(0), np.zeros((0, 2)), path), r"got \(0, 2\)"),
    ],
)
def test_wrong_shapes_are_refused_and_leave_no_file(draw, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        draw(tmp_path / "picture.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("seconds", "first"),
    [
        (300, "00:00\nMon 26 Feb"),
        (7_200, "00:00\nMon 26 Feb"),
        (2 * 86_400, "00:00\nMon 26 Feb"),
        (7 * 86_400, "Mon 26 Feb\n2024"),
        (40 * 86_400, "Mon 26 Feb\n2024"),
        (200 * 86_400, "Mar\n2024"),
        (3_000 * 86_400, "2025"),
    ],
)
def test_ticks_of_any_span_are_few_and_say_when(seconds, first):
    start = np.datetime64("2024-02-26", "s").astype(float) / 86_400
    at, names = time_axis._time_ticks(start, start + seconds / 86_400)
    assert names[0] == first
    assert 2 <= len(names) <= time_axis.MOST_TICKS
    assert len(at) == len(names)
    assert (np.diff(at) > 0).all()
