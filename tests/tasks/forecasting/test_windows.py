"""Windows of series as batches: what is read, what is a target, in which units; nothing of another span or series."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqtext.data.series.series import whole
from seqtext.errors import DataError, OptionsError
from tests.tasks.forecasting.forecasters import (
    START,
    batch_of,
    holed,
    load,
    made_for,
    series_of,
    windows_of,
)


def test_a_window_and_what_comes_behind_it():
    values = np.arange(10.0)
    task, windows = windows_of(series_of(values), horizon=2)
    scaled = torch.tensor((values - 4.5) / values.std()).float()
    assert len(windows) == 6
    batch = batch_of(windows, 0, 5)
    torch.testing.assert_close(batch.inputs.values[..., 0], torch.stack([scaled[0:3], scaled[5:8]]))
    torch.testing.assert_close(batch.targets[:, 0], torch.stack([scaled[3:5], scaled[8:10]]))
    assert batch.anchors is None
    assert batch.inputs.is_full
    assert task.config.input_size == 1


def test_changes_are_counted_from_the_last_value_or_from_a_season_before():
    values = np.arange(20.0)
    of = lambda *places: torch.tensor((values[list(places)] - 9.5) / values.std()).float()  # noqa: E731
    _, windows = windows_of(series_of(values), horizon=3, difference="last")
    torch.testing.assert_close(batch_of(windows, 0).anchors[0, 0], of(2, 2, 2))
    _, windows = windows_of(series_of(values), horizon=7, difference="season", season=5)
    batch = batch_of(windows, 0)  # whose first target is the sixth reading: before it there is no season
    torch.testing.assert_close(batch.targets[0, 0], of(5, 6, 7, 8, 9, 10, 11))
    torch.testing.assert_close(batch.anchors[0, 0], of(0, 1, 2, 3, 4, 0, 1))


def test_missing_readings_are_marked_and_never_a_target_nor_an_anchor():
    values = holed(np.arange(12.0), 0, 4, 5, 9)
    task, windows = windows_of(series_of(values), horizon=2, difference="last")
    assert task.config.input_size == 2
    there = values[~np.isnan(values)]
    scaled = torch.tensor((values - there.mean()) / there.std()).float()
    batch = batch_of(windows, 0, 3)  # windows of readings 0 to 2 and 3 to 5
    assert batch.inputs.values[..., 1].tolist() == [[0, 1, 1], [1, 0, 0]]
    assert batch.inputs.values[0, :, 0].tolist() == [0, float(scaled[1]), float(scaled[2])]
    assert batch.inputs.values[1, 1:, 0].tolist() == [0, 0]
    assert torch.isnan(batch.targets[0, 0]).tolist() == [False, True]
    torch.testing.assert_close(batch.anchors[:, 0, 0], scaled[[2, 3]])  # 5 and 4 are missing: 3 is the last there
    loss = task.loss(batch)
    assert float(loss.count) == 3
    assert torch.isfinite(loss.sum)
    loss.sum.backward()
    assert all(torch.isfinite(p.grad).all() for p in task.model.parameters())


def test_before_the_first_reading_changes_are_counted_from_the_mean_not_from_another_series():
    both = series_of(np.arange(8.0), holed(np.arange(8.0), 0, 1, 2))
    _, windows = windows_of(both, difference="last")
    second = batch_of(windows, 5)  # the first window of the second series
    assert torch.isnan(second.targets).tolist() == [[[False]]]
    assert second.anchors.tolist() == [[[0.0]]]
    assert second.inputs.values.tolist() == [[[0, 0]] * 3]


def test_further_columns_are_scaled_by_their_own_and_marked_where_missing():
    heat = np.array([[10.0], [30], [10], [30], [np.nan], [30], [10], [30]])
    _, windows = windows_of(series_of(np.arange(8.0), inputs=heat, input_names=("heat",)))
    batch = batch_of(windows, 1)
    deviation = np.nanstd(heat)
    expected = [(30 - np.nanmean(heat)) / deviation, (10 - np.nanmean(heat)) / deviation]
    assert batch.inputs.values.shape == (1, 3, 4)  # value, heat, and a mark of each
    assert batch.inputs.values[0, :2, 1].tolist() == pytest.approx(expected)
    assert batch_of(windows, 2).inputs.values[0, 2, 1:].tolist() == [0, 1, 0]


def test_the_calendar_is_that_of_the_reading_to_forecast():
    task, windows = windows_of(series_of(load(200)), calendar=True)
    assert task.config.input_size == 7
    batch = batch_of(windows, 24 * 3 + 2)  # whose first target is Thursday, 5 in the morning
    target = START + np.timedelta64(24 * 3 + 5, "h")
    year = target.astype(np.int64) % 31_556_952 / 31_556_952
    turns = np.array([5 / 24, ((3 + 4 - 1) % 7 * 24 + 5) / 168, year]) * 2 * np.pi
    # weeks are counted from the first Thursday of 1970, so a Thursday stands at the start of one
    turns[1] = 5 / 168 * 2 * np.pi
    found = batch.inputs.values[0, -1, 1:].tolist()
    assert found == pytest.approx([*np.sin(turns), *np.cos(turns)], abs=1e-5)


def test_several_series_never_mix():
    one, two, short = np.arange(10.0), 1000 + np.arange(7.0), np.arange(3.0)
    _, windows = windows_of(series_of(one, two, short, names="abc"), horizon=2)
    assert len(windows) == 6 + 3
    batch = windows.batch(np.arange(len(windows)))
    inside = torch.cat([batch.inputs.values[..., 0], batch.targets[:, 0]], dim=1)
    steps = inside.diff(dim=1)
    per_series = steps[[0, -1], 0]
    torch.testing.assert_close(steps, per_series[[0] * 6 + [1] * 3].unsqueeze(1).expand(-1, 4))


def test_errors_count_in_units_of_each_series_change_over_a_season():
    """As MASE counts them: a series that hardly changes from day to day counts more than its deviation says."""
    calm, wild = load(240), load(240, seed=1) + 40 * np.random.default_rng(2).normal(size=240)
    alike = made_for(calm, wild, loss="squared")
    task = made_for(calm, wild, loss="squared", loss_units="season")
    task.model.load_state_dict(alike.model.state_dict())
    changes = [np.abs(values[24:] - values[:-24]).mean() for values in (calm, wild)]
    wanted = np.array(task.config.scales) / changes
    assert task.config.weights == pytest.approx(wanted / wanted.mean())
    assert task.config.weights[0] > 2 * task.config.weights[1]
    windows = task.encode(whole(series_of(calm, wild)))
    rows = np.array([5, 7, len(windows) - 3])
    weights = np.array(task.config.weights)[[0, 0, 1]]
    own, weighed = alike.loss(windows.batch(rows)._replace(weights=None)), task.loss(windows.batch(rows))
    assert weighed.rows.numpy() == pytest.approx(own.rows.numpy() * weights, rel=1e-5)
    assert float(weighed.count) == pytest.approx(weights.sum())
    with pytest.raises(OptionsError, match="--loss_units season"):
        made_for(calm, timed=False, loss_units="season")
    assert made_for(np.ones(50), timed=False, loss_units="season", season=7).config.weights == (1.0,)


def test_centred_windows_know_no_level_in_batches_and_in_streams():
    values = holed(load(200), 20, 150)
    task = made_for(values, center_windows=True, difference="last", horizon=3)
    assert task.config.marks_missing
    readings = task.encode(whole(series_of(values))).batch(np.array([2, 90, 140])).inputs.values
    assert (readings[..., 0].sum(1) / readings[..., 1].sum(1)).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert readings[..., 0][readings[..., 1] == 0].abs().sum() == 0
    mean, higher = task(values).values, task(values + 100).values
    assert higher - 100 == pytest.approx(mean, abs=1e-3)
    stream = task.stream()
    *_, last = (stream.push(value) for value in values)
    assert last.values == pytest.approx(mean.tolist(), abs=1e-5 * task.config.scales[0])
    with pytest.raises(OptionsError, match="centred"):
        made_for(values, center_windows=True)(values, horizon=2)
    with pytest.raises(OptionsError, match="--center_windows"):
        made_for(values, center_windows=True, context="stateful")


def test_the_change_so_far_is_read_in_batches_and_in_streams():
    values = holed(load(200), 60, 150)
    task = made_for(values, difference="season", season=24, difference_input=True, horizon=3)
    windows = task.encode(whole(series_of(values)))
    assert windows.first(np.array([0])).tolist() == [8 + 24]
    batch = windows.batch(np.array([0, 100]))
    filled = windows.series.known.numpy()
    for row, first in enumerate(windows.first(np.array([0, 100])).tolist()):
        at = np.arange(first - 8, first)
        assert batch.inputs.values[row, :, -1].numpy() == pytest.approx(filled[at] - filled[at - 24])
    stream = task.stream()
    answers = [stream.push(value) for value in values]
    assert [answer is None for answer in answers] == [True] * 31 + [False] * 169
    for end in (32, 90, 200):
        assert answers[end - 1].values == pytest.approx(
            task(values[:end]).values.tolist(), abs=1e-5 * task.config.scales[0]
        )
    with pytest.raises(DataError, match="at least 32"):
        task(values[:31])
    with pytest.raises(OptionsError, match="--difference_input"):
        made_for(values, difference="last", difference_input=True)


def test_targets_of_a_span_lie_in_it_and_windows_may_begin_before():
    series = series_of(np.arange(20.0))
    _, windows = windows_of(series, [[5, 8], [12, 20]], horizon=2)
    assert windows.first(np.arange(len(windows))).tolist() == [5, 6, 12, 13, 14, 15, 16, 17, 18]
    _, windows = windows_of(series, [[0, 20]], window=8, context="stateful")
    batch = windows.batch(np.arange(len(windows)))
    assert batch.targets.shape[1] == 6, "the first quarter of a piece only warms the state up"


def test_pieces_of_a_carried_state_learn_every_reading_of_a_span_and_none_outside():
    series = series_of(np.arange(60.0))
    for span, learnt in (([20, 51], range(20, 50)), ([0, 20], range(3, 18))):  # but the few left over at the end
        task, windows = windows_of(series, [span], window=8, context="stateful")
        batch = windows.batch(np.arange(len(windows)))
        [scale], [mean] = task.config.scales, task.config.means
        targets = (batch.targets.double().flatten() * scale + mean).round().int().tolist()
        assert sorted(set(targets)) == list(learnt)
