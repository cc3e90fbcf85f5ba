"""The protocol that papers measure by on the ETT data sets: their spans, their look-back, and errors in deviations of the training span.

12, 4 and 4 months of 30 days to train, to choose and to test on; all windows of the test span, none dropped, of all variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

import numpy as np

from seqtext.data.series.series import DAY, Part, SeriesSet
from seqtext.data.series.splits import SeriesSplits
from seqtext.errors import DataError, OptionsError
from seqtext.reporting.baseline import Baseline
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray

Protocol = Literal["none", "ett"]
OptionsT = TypeVar("OptionsT", bound=Any)

MONTH = 30 * DAY
MONTHS = (12, 4, 4)  # of training, validation and test
LOOK_BACK = HORIZON = 96


def under_protocol(options: OptionsT) -> OptionsT:
    """The options of a recipe with what the protocol asks for: each column a series, nothing read beyond the window, no fit on validation.

    Raises:
        OptionsError: for a model that cannot be held to it.
    """
    if options.protocol == "none":
        return options
    if options.test is not None or options.context == "stateful":
        odd = "--test" if options.test is not None else "--context stateful"
        raise OptionsError(
            f"--protocol ett and {odd}", fix=f"leave {odd} out: a file is split by months, and windows are all"
        )
    window = options.window or LOOK_BACK
    layout = "wide" if options.layout == "auto" and not options.series_column else options.layout
    horizon = HORIZON if options.horizon == 1 else options.horizon
    changed: OptionsT = replace(
        options, window=window, look_back=options.look_back or window, horizon=horizon, layout=layout, refit=False
    )
    return changed


def protocol_splits(series: Mapping[str, SeriesSet], *, max_rows: int | None = None) -> SeriesSplits:
    """The spans of the protocol.

    Args:
        series: of the source: one file.
        max_rows: train on the last so many readings at most, which is then no longer the protocol.

    Raises:
        DataError: readings without times, of a step that does not divide a month, or less than 20 months of them.
    """
    whole = series["train"]
    if whole.frequency is None or MONTH % whole.frequency:
        found = "no timestamps" if whole.frequency is None else f"a reading every {whole.frequency} s"
        raise DataError(found, where=whole.name, expected="readings whose step divides 30 days, for --protocol ett")
    month = MONTH // whole.frequency
    needed, shortest = sum(MONTHS) * month, int(whole.lengths.min())
    if shortest < needed:
        expected = f"{needed:,}: {sum(MONTHS)} months of 30 days, for --protocol ett"
        raise DataError(f"{shortest:,} readings", where=whole.name, expected=expected)
    bounds = whole.starts[:-1, None] + np.cumsum([0, *MONTHS]) * month
    train, validation, test = (Part(whole, bounds[:, place : place + 2].copy()) for place in range(3))
    notes = [*whole.notes, "spans: 12, 4 and 4 months of 30 days (--protocol ett)"]
    if max_rows is not None:
        train.spans[:, 0] = np.maximum(train.spans[:, 0], train.spans[:, 1] - max_rows)
        notes.append(f"training: the last {max_rows:,} readings of each series at most (--max_rows): not the protocol")
    return SeriesSplits(whole, train, validation, test, tuple(notes))


def protocol_figures(
    task: Forecaster, series: SeriesSet, first: IntArray, true: FloatArray, forecasts: Mapping[str, FloatArray]
) -> dict[str, Any]:
    """Squared and absolute errors in deviations of each variable's training span, over all windows and variables.

    Args:
        task: whose scales they are.
        series: of the data.
        first: (R,) positions.
        true: (R, H) what came.
        forecasts: (R, H) by their names.
    """
    scale = task.scales_for(series)[1][series.series_at(first)][:, None]
    errors = {}
    for name, values in forecasts.items():
        off = (values - true) / scale
        errors[name] = {"mse": float(np.nanmean(np.square(off))), "mae": float(np.nanmean(np.abs(off)))}
    about = {"look_back": task.config.window, "horizon": true.shape[1], "windows": len(first), "variables": len(series)}
    return {"name": "ett", **about, "errors": errors}


def named_forecasts(values: FloatArray, simple: Sequence[Baseline[FloatArray]]) -> dict[str, FloatArray]:
    """The model's forecasts and those of the baselines, by their names."""
    return {"this model": values} | {one.name: one.predicted for one in simple}


def protocol_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What papers say of it, the best first."""
    about = f"look-back {figures['look_back']}, horizon {figures['horizon']}, {figures['windows']:,} windows"
    yield f"ETT protocol, z-scored by the training span: {about} of {figures['variables']} variables"
    for name, errors in sorted(figures["errors"].items(), key=lambda item: float(item[1]["mse"])):
        yield f"  {name}: MSE {errors['mse']:.3f}, MAE {errors['mae']:.3f}"
