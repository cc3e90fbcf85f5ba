"""Saved forecasters that were not trained, for the tests of pipes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqtext.data.series.series import Part, whole
from seqtext.tasks.forecasting.forecaster import Forecaster
from tests.tasks.forecasting.following import PLAIN
from tests.tasks.forecasting.forecasters import LEVELS, series_of
from tests.tasks.forecasting.recipe import load

LINEAR = {"model": "linear", "window": 24, "horizon": 4, "quantiles": LEVELS}


@pytest.fixture(scope="module")
def meters(tmp_path_factory) -> Path:
    """Saved models: plain ones of a step and of a day of quantiles with a calendar, one with a carried state, and a linear one."""
    folder = tmp_path_factory.mktemp("meters")
    series = series_of(np.array(load(400)), names=("kw",))
    plain = {
        "one": {},
        "carried": {"context": "stateful"},
        "day": {"horizon": 12, "quantiles": LEVELS, "calendar": True},
    }
    for name, settings in plain.items():
        Forecaster.from_data(whole(series), **PLAIN, **settings).save_pretrained(folder / name)
    linear = Forecaster.from_data(whole(series), **LINEAR)
    linear.complete(Part(series, np.array([[0, 300]])), Part(series, np.array([[300, 400]])))
    linear.save_pretrained(folder / "linear")
    return folder
