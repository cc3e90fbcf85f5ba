"""Spans of series: what is tested lies behind what is trained on, and scales know nothing of either but the training span."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.series.held_out import hold_out_last, hold_out_weeks
from seqtext.data.series.options import SeriesDataOptions
from seqtext.data.series.scaler import fit_input_scales, fit_scales, scale_of
from seqtext.data.series.series import (
    Part,
    SeriesSet,
    split_by_time,
    whole,
)
from seqtext.data.series.splits import load_series, series_splits
from seqtext.errors import DataError

HOUR, WEEK = 3600, 168
MONDAY = np.datetime64("2024-01-01T00:00:00", "s")


def series(*lengths: int, start: int = 0, names: str = "abc", hours: int = 0, timed: bool = True) -> SeriesSet:
    """Series of counted readings, one an hour; `start` is the first number."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    first = np.full(len(lengths), MONDAY + np.timedelta64(hours, "h"))
    return SeriesSet(
        names=tuple(names[: len(lengths)]),
        values=start + np.arange(starts[-1], dtype=np.float64),
        starts=starts,
        first_times=first if timed else None,
        frequency=HOUR if timed else None,
    )


def positions(part: Part) -> list[int]:
    return [place for start, end in part.spans.tolist() for place in range(start, end)]


# ---- a set of series


def test_positions_know_their_series_and_their_time():
    both = replace(series(3, 2), first_times=np.array([MONDAY, MONDAY + np.timedelta64(5, "h")]))
    assert len(both) == 2
    assert both.lengths.tolist() == [3, 2]
    assert both.one(1).tolist() == [3, 4]
    assert both.series_at(np.arange(5)).tolist() == [0, 0, 0, 1, 1]
    hours = (both.times_at(np.array([0, 2, 3, 4])) - MONDAY).astype("timedelta64[h]").astype(int)
    assert hours.tolist() == [0, 2, 5, 6]
    behind = both.times_behind(1, 2)
    assert ((behind - MONDAY) // np.timedelta64(1, "h")).tolist() == [7, 8]


def test_without_timestamps_there_are_no_times_and_no_seasons():
    plain = series(4, timed=False)
    assert plain.times_behind(0, 2) is None
    assert plain.seasons() == {}
    with pytest.raises(ValueError, match="no timestamps"):
        plain.times_at(np.array([0]))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (900, {"day": 96, "week": 672}),
        (3600, {"day": 24, "week": 168}),
        (86_400, {"week": 7}),
        (7 * 3600, {"week": 24}),
        (7 * 86_400, {}),
        (1000, {}),
    ],
)
def test_seasons_are_those_that_readings_divide(seconds, expected):
    assert replace(series(4), frequency=seconds).seasons() == expected


def test_starts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit starts"):
        SeriesSet(("a",), np.zeros(3), np.array([0, 4]))


# ---- later readings behind earlier ones


def test_joined_each_series_has_its_own_later_readings_whatever_their_order():
    early = series(4, 3)
    late = replace(
        series(2, 2, start=100, hours=0, names="ba"), first_times=MONDAY + np.array([3, 6], "timedelta64[h]")
    )
    joined, train, test = early.join(late)
    assert joined.one(0).tolist() == pytest.approx([0, 1, 2, 3, np.nan, np.nan, 102, 103], nan_ok=True)
    assert joined.one(1).tolist() == [4, 5, 6, 100, 101]
    assert train.spans.tolist() == [[0, 4], [8, 11]]
    assert test.spans.tolist() == [[6, 8], [11, 13]]
    assert joined.times_at(test.spans[:, 0]).tolist() == [late.first_times[1].item(), late.first_times[0].item()]
    assert joined.notes == ("2 readings are missing between the series and the series",)
    assert np.isnan(joined.values[4:6]).all(), "what lies between is missing, not zero"


def test_joined_without_timestamps_readings_follow_each_other():
    joined, train, test = series(3, timed=False).join(series(2, start=50, timed=False))
    assert joined.values.tolist() == [0, 1, 2, 50, 51]
    assert (train.spans.tolist(), test.spans.tolist()) == ([[0, 3]], [[3, 5]])


def test_further_columns_are_joined_too():
    early = replace(series(2), inputs=np.array([[1.0], [2.0]]), input_names=("heat",))
    late = replace(series(1, hours=3), inputs=np.array([[9.0]]), input_names=("heat",))
    joined, _, _ = early.join(late)
    assert joined.inputs[:, 0].tolist() == pytest.approx([1, 2, np.nan, 9], nan_ok=True)


# fmt: off
MISFITS = {
    "other series": (series(3, 2), series(1, 1, hours=9, names="ax"), "2 series that the other file does not have, such as 'b'"),
    "another frequency": (series(3), replace(series(3, hours=9), frequency=900), "a reading every 15 min with inputs"),
    "no timestamps": (series(3), series(3, timed=False), "no timestamps with inputs"),
    "other columns": (series(1), replace(series(1, hours=1), inputs=np.ones((1, 1)), input_names=("heat",)), r"inputs \['heat'\]"),
    "an overlap": (series(3), series(3, hours=2), r"of 'a' is at 2024-01-01T02:00:00; expected 2024-01-01T03:00:00 or later .*; test readings must lie after"),  # noqa: E501
    "the same readings": (series(3), series(3), "of 'a' is at 2024-01-01T00:00:00"),
    "an overlap of one series": (series(3, 9), series(3, 3, hours=4), "of 'b' is at"),
    "half an hour off": (
        series(3), replace(series(3), first_times=np.array([MONDAY + np.timedelta64(210, "m")])), "or later by whole steps",
    ),
}
# fmt: on


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_follow_is_refused(case):
    early, late, message = MISFITS[case]
    with pytest.raises(DataError, match=message):
        early.join(late)


# ---- spans


def test_split_by_time_tests_on_the_last_readings_of_each_series():
    train, test = split_by_time(series(10, 5), test_share=0.2)
    assert train.spans.tolist() == [[0, 8], [10, 14]]
    assert test.spans.tolist() == [[8, 10], [14, 15]]
    assert len(train) == 12
    assert test.values_of(0).tolist() == [8, 9]
    assert test.values_of(1).tolist() == [14]


@pytest.mark.fault(41)
def test_a_series_of_one_reading_cannot_be_split():
    with pytest.raises(DataError, match="series 'b' has 1 readings"):
        split_by_time(series(10, 1), test_share=0.2)


@settings(deadline=None)
@given(st.lists(st.integers(2, 300), min_size=1, max_size=3), st.floats(0.01, 0.9), st.floats(0.01, 0.9))
def test_training_validation_and_test_follow_each_other_and_nothing_is_lost(lengths, test_share, share):
    both = series(*lengths)
    try:
        earlier, test = split_by_time(both, test_share=test_share)
    except DataError:
        return
    train, held = hold_out_last(earlier, share=share)
    assert sorted(positions(train) + positions(held) + positions(test)) == list(range(sum(lengths)))
    for number in range(len(lengths)):
        parts = [part.values_of(number) for part in (train, held, test)]
        joined = np.concatenate(parts)
        assert (np.diff(joined) > 0).all()
        assert joined.tolist() == both.one(number).tolist()


# ---- whole weeks


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_held_out_weeks_are_whole_spread_and_no_reading_is_lost(share):
    part = Part(series(20 * WEEK, 26 * WEEK), np.array([[0, 20 * WEEK], [22 * WEEK, 46 * WEEK]]))
    train, held = hold_out_weeks(part, share=share)
    assert (held.spans[:, 1] - held.spans[:, 0] == WEEK).all()
    assert len(held.spans) == round(20 * share) + round(24 * share)
    inside = set(positions(held))
    assert not inside & set(positions(train))
    assert set(positions(train)) | inside <= set(positions(part))
    assert len(part) == len(train) + len(held)


def test_held_out_weeks_stand_at_even_distances():
    _, held = hold_out_weeks(whole(series(40 * WEEK)), share=0.1)
    assert held.spans[:, 0].tolist() == [int((n + 0.5) * 10 * WEEK) - WEEK // 2 for n in range(4)]


def test_weeks_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"672 readings are too few for 4 weeks of 168; pass --valid"):
        hold_out_weeks(whole(series(4 * WEEK)), share=0.9)
    with pytest.raises(DataError, match="have no whole weeks of readings; pass --validation last, or name the time"):
        hold_out_weeks(whole(series(4 * WEEK, timed=False)), share=0.1)


# ---- the spans of a source


def test_the_spans_of_a_source_are_told():
    data = series_splits({"train": series(100)}, test_share=0.2, validation_share=0.1, max_rows=50)
    assert data.test.spans.tolist() == [[80, 100]]
    assert data.train.spans.tolist() == [[30, 75]]
    assert data.validation.spans.tolist() == [[75, 80]]
    assert data.notes == (
        "test: the last 20% of each series",
        "training: the last 50 readings of each series at most (--max_rows)",
        "validation: the last 10% of the training span",
    )


def test_a_test_file_is_the_test_span_and_weeks_are_taken_from_training_alone():
    splits = {"train": series(20 * WEEK), "test": series(30, hours=20 * WEEK)}
    data = series_splits(splits, validation="weeks")
    assert data.test.spans.tolist() == [[20 * WEEK, 20 * WEEK + 30]]
    assert max(positions(data.validation)) < 20 * WEEK
    assert data.notes[-1] == "validation: 2 whole weeks spread over the training span"


# ---- scales


def test_scales_are_mean_and_deviation_of_what_is_there():
    assert scale_of(np.array([1.0, np.nan, 3.0])) == (2.0, 1.0)
    with pytest.raises(ValueError, match="no readings"):
        scale_of(np.array([np.nan]))


@pytest.mark.fault(38)
@pytest.mark.parametrize("constant", [0.0, 1e-30, 0.1, -5.0, 1e12])
def test_a_constant_series_has_a_scale_that_divides(constant):
    mean, scale = scale_of(np.full(1000, constant))
    assert mean == pytest.approx(constant, rel=1e-12)
    assert scale == pytest.approx(abs(constant) or 1.0)


def test_small_variation_on_a_large_level_is_variation():
    values = 1e6 + np.tile([-1.0, 1.0], 500)
    assert scale_of(values) == pytest.approx((1e6, 1.0))


@pytest.mark.fault(38)
def test_one_outlier_leaves_all_finite():
    values = np.append(np.arange(999.0), 1e30)
    mean, scale = scale_of(values)
    assert np.isfinite([mean, scale]).all()
    assert np.isfinite(((values - mean) / scale).astype(np.float32)).all()


@pytest.mark.fault(38)
@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=20))
def test_every_scale_is_finite_and_above_zero(values):
    mean, scale = scale_of(np.array(values))
    assert np.isfinite(mean)
    assert 0 < scale < np.inf


@pytest.mark.fault(39)
def test_scales_know_the_training_span_alone():
    both = replace(series(50, 40), inputs=np.random.default_rng(0).normal(size=(90, 2)), input_names=("x", "y"))
    spans = np.array([[5, 20], [25, 30], [50, 70]])
    before = fit_scales(Part(both, spans)), fit_input_scales(Part(both, spans))
    assert before[0][0] == pytest.approx((both.values[np.r_[5:20, 25:30]].mean(), both.values[50:70].mean()))
    outside = np.setdiff1d(np.arange(90), positions(Part(both, spans)))
    both.values[outside] = 1e30
    both.inputs[outside] = np.nan
    assert (fit_scales(Part(both, spans)), fit_input_scales(Part(both, spans))) == before


def test_a_series_or_a_column_without_a_reading_in_training_is_named():
    both = replace(series(4, 4), inputs=np.ones((8, 1)), input_names=("heat",))
    both.values[4:6] = np.nan
    with pytest.raises(DataError, match="series 'b' has no reading in the training span"):
        fit_scales(Part(both, np.array([[0, 4], [4, 6]])))
    both.inputs[:4] = np.nan
    with pytest.raises(DataError, match="column 'heat': no reading in the training span"):
        fit_input_scales(Part(both, np.array([[0, 4]])))
    assert fit_input_scales(whole(series(4))) == ((), ())


@pytest.mark.parametrize("flag", ["revision", "data_config"])
def test_what_is_built_in_has_no_commit_and_no_configuration(flag):
    assert set(load_series(SeriesDataOptions()).series) == {"train"}
    with pytest.raises(DataError, match=f"^household: found a --{flag} of what is built in; leave --{flag} out$"):
        load_series(SeriesDataOptions(**{flag: "main"}))
