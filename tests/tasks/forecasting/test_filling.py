"""What missing readings are read as: what was nearer in training, unless it is said."""

from __future__ import annotations

import numpy as np

from seqtext.data.series.series import whole
from seqtext.tasks.forecasting.filling import nearer_fill
from seqtext.tasks.forecasting.forecaster import Forecaster
from tests.tasks.forecasting.forecasters import load, series_of

LOST = np.random.default_rng(3).random(480) < 0.2


def walk() -> np.ndarray:
    return np.cumsum(np.random.default_rng(0).normal(size=480))


def with_gaps(values: np.ndarray, missing: np.ndarray = LOST) -> np.ndarray:
    return np.where(missing[: len(values)], np.nan, values)


def test_the_nearer_one_is_read() -> None:
    assert nearer_fill(whole(series_of(with_gaps(walk()))), (24,)) == "last"
    assert nearer_fill(whole(series_of(with_gaps(load(480)))), (24,)) == "season"


def test_a_long_outage_is_not_judged_as_a_lost_reading_is() -> None:
    slow = 50 + 10 * np.sin(np.arange(480) * 2 * np.pi / 24)  # hardly moves in an hour
    slow += np.random.default_rng(1).normal(size=480)
    outage = np.zeros(480, dtype=bool)
    outage[200:212] = True
    assert nearer_fill(whole(series_of(with_gaps(slow, outage))), (24,)) == "season"


def test_without_gaps_or_seasons_nothing_tells() -> None:
    assert nearer_fill(whole(series_of(walk())), (24,)) == "season"
    assert nearer_fill(whole(series_of(with_gaps(walk()))), ()) == "last"
    assert nearer_fill(whole(series_of(with_gaps(walk()))), (2_000,)) == "season"  # which no two readings are apart


def test_what_is_said_counts_and_what_was_chosen_is_kept(tmp_path) -> None:
    part = whole(series_of(with_gaps(walk())))
    settings = {"model": "linear", "window": 24}
    assert Forecaster.from_data(part, **settings).config.fill == "last"
    assert Forecaster.from_data(part, **settings, fill="season").config.fill == "season"
    Forecaster.from_data(part, **settings).save_pretrained(tmp_path / "run")
    assert Forecaster.from_data(whole(series_of(load(480))), init_from=tmp_path / "run").config.fill == "last"
