"""Which maps the linear path is made of, what a batch of training holds of a long horizon, and how much the recurrent part counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqtext.data.series.series import Part, whole
from seqtext.tasks.forecasting.choices import chosen
from seqtext.tasks.forecasting.completing import SHARES, _best_share
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.linear_choice import _weights
from seqtext.tasks.forecasting.linear_path import MEMBERS
from seqtext.tasks.forecasting.linear_sums import ANCHOR_ALONE, Member, changes, of_changes, pieces, sums_of
from seqtext.tasks.forecasting.settings import ForecastSettings
from seqtext.tasks.forecasting.step_model import StepModel, StepOutput
from seqtext.tasks.forecasting.windows import LEARNT_AHEAD, Windows
from tests.tasks.forecasting.forecasters import LEVELS, holed, load, series_of

# ---- maps


def weights_of(task: Forecaster) -> torch.Tensor:
    assert isinstance(task.model, StepModel)
    return task.model.linear.members[:, 4]


@pytest.mark.parametrize("seed", range(3))
def test_a_walk_is_its_last_value_and_no_map(seed):
    walk = np.cumsum(np.random.default_rng(seed).normal(size=1200))
    task = Forecaster.from_data(whole(series_of(walk, timed=False)), model="linear", horizon=3)
    members = task.model.linear.members[weights_of(task) > 0]
    assert members[:, [0, 3]].tolist() == [[0.0, pytest.approx(ANCHOR_ALONE, rel=1e-3)]]
    np.testing.assert_allclose(task(walk[:700]).values, walk[699], rtol=1e-5)


def test_the_path_is_a_mean_of_maps_whose_weights_are_one_together():
    task = Forecaster.from_data(whole(series_of(load(300))), model="linear", season=24, horizon=2)
    weights = weights_of(task)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-5)
    assert 1 < int((weights > 0).sum()) <= MEMBERS


def test_weights_are_those_of_the_least_error():
    errors = torch.randn(3, 4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    products = errors @ errors.T / 4000
    assert _weights(products).tolist() == pytest.approx([1 / 3] * 3, abs=0.02)
    errors[1] *= 10
    weights = _weights(errors @ errors.T / 4000)
    assert float(weights[1]) < 0.15 < 0.35 < float(weights[0])
    assert float(weights.sum()) == pytest.approx(1)


def test_maps_are_chosen_again_where_the_recurrent_part_counts_nothing():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=300), np.cumsum(rng.normal(size=600))])  # noise, and then a walk
    series = series_of(values, timed=False)
    train, held = Part(series, np.array([[0, 300]])), Part(series, np.array([[300, 900]]))
    for model, same in (("linear", False), ("segments", True)):
        task = Forecaster.from_data(train, model=model, window=8)
        before, deviation = task.model.linear.members.clone(), task.model.linear.deviation.clone()
        said = task.refit(train, held)
        assert ("its maps chosen again too" in said) is not same
        assert torch.equal(task.model.linear.members, before) is same
        assert torch.equal(task.model.linear.deviation, deviation)


# ---- readings far back


def test_of_a_long_window_any_reading_counts_where_it_says_something():
    """Each reading is that of 137 before with noise of deviation 1: no season, and nothing that a mean of some readings shows."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=3400)
    for place in range(137, len(values)):
        values[place] += 0.95 * values[place - 137]
    series = series_of(values, timed=False)
    task = Forecaster.from_data(Part(series, np.array([[0, 2700]])), model="linear", window=250)
    assert task.config.recent == 250 > task.config.near
    at = task.positions(Part(series, np.array([[2700, 3400]])), most=1000)
    off = task.forecasts(Part(series, np.array([[2700, 3400]])), at).values[:, 0] - values[at]
    assert float(np.square(off).mean()) < 1.3, "a mean of all says 10, the noise is 1"


@pytest.mark.parametrize(
    ("horizon", "window", "recent"),
    [(1, 336, 336), (1, 2000, 1024), (2, 2000, 654), (24, 336, 336), (200, 336, 244), (320, 336, 193), (400, 336, 192)],
)
def test_a_long_horizon_leaves_fewer_readings_of_a_long_window(horizon, window, recent):
    found = chosen(ForecastSettings(horizon=horizon, season=48, window=window), whole(series_of(load(4000))))
    assert (found["recent"], found["near"]) == (recent, 96)


@pytest.mark.parametrize("divides", [0, 1])
@pytest.mark.parametrize("missing", [(), (90, 91, 200)])
def test_sums_of_products_are_those_of_the_rows(missing, divides):
    part = whole(series_of(holed(load(260), *missing)))
    task = Forecaster.from_data(part, model="linear", season=24, window=24, horizon=5)
    path, windows, steps = task.model.linear, task.encode(part), [0, 2, 4]
    first = windows.first(np.arange(len(windows)))
    for member in (Member(-1, divides, 0, 1.0), Member(0, divides, 0, 1.0), Member(2, divides, 0, 1.0)):
        made = of_changes(path, sums_of(path, windows.series, first, steps, divides), member)
        expected = torch.zeros_like(made)
        for inputs, gathered, true in pieces(path, windows.series, first, steps):
            features, start, unit = changes(path, inputs, gathered, member)
            if member.anchor < 0:
                features[..., path.sizes[0] + path.sizes[1]] = 0.0  # no level is counted against
            change = ((true - start) / unit).unsqueeze(-1)
            rows = torch.cat([torch.ones_like(change), features, change], dim=-1).double()
            for step in range(len(steps)):
                known = rows[~torch.isnan(true[:, step]), step]
                expected[step] += known.T @ known
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-3)


# ---- steps of a long horizon


def test_a_batch_of_training_has_some_steps_drawn_by_its_rows_alone():
    part = whole(series_of(load(300)))
    task = Forecaster.from_data(part, season=24, horizon=40, quantiles=LEVELS, hidden_size=6)
    torch.nn.init.normal_(task.model.head.weight, std=0.5)
    windows = task.encode(part)
    rows = np.array([5, 17, 3])
    batch = windows.batch(rows)
    assert batch.targets.shape == (3, 1, LEARNT_AHEAD)
    assert torch.equal(batch.inputs.ahead, windows.batch(rows).inputs.ahead)
    assert not torch.equal(batch.inputs.ahead, windows.batch(rows[::-1].copy()).inputs.ahead)
    every = Windows(windows.series, windows.spans, task.config).batch(rows)
    assert every.inputs.ahead is None
    task.model.eval()
    some, all_ = task.model(batch.inputs), task.model(every.inputs)
    for part_, of_all in zip(some, all_, strict=True):
        torch.testing.assert_close(part_, of_all[:, batch.inputs.ahead])


# ---- the recurrent part's share


def test_a_median_that_squares_badly_does_not_count_whole():
    """Most readings are zero: the median has the least absolute error, and a squared one that is a tenth more than that of the mean."""
    task = Forecaster.from_data(whole(series_of(load(200))), horizon=1, quantiles=LEVELS, hidden_size=4)
    model = task.model
    true = torch.tensor([0.0] * 9 + [5.0]).repeat(50).unsqueeze(1)
    raw = model.start.repeat(500, 1, 1)
    raw[..., 1] = -0.5  # from the path's 0.5, the mean, to 0, the median
    said = StepOutput(torch.full_like(true, 0.5), torch.ones_like(true), raw)

    def squares(share: float) -> float:
        return float((true - 0.5 + 0.5 * share).square().mean())

    share = _best_share(model, said, true)
    assert 0 < share < 1
    assert squares(share) <= 1.02 * min(map(squares, SHARES)) < squares(1.0)
