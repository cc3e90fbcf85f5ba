"""What is known before a forecaster is trained: series, spans, scales, windows, model. All of it is printed, and all of `--dry_run`."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqtext.data.series.series import Part
from seqtext.data.series.splits import SeriesSplits
from seqtext.data.series.zones import on_clock_of
from seqtext.options import TrainingOptions
from seqtext.reporting.estimate import micro_batches, plan_of
from seqtext.reporting.summary import SPLITS, encode_splits, summarise
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.remarks import of_part
from seqtext.tasks.forecasting.settings import ForecastConfig

OUTLIER = 50  # standard deviations from the mean beyond which a reading is named


def forecast_summary(
    task: Forecaster, data: SeriesSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: if no window fits.
        ResourceError: for a device, precision or tracker that is not there.
    """
    config, series = task.config, data.series
    encoded, _ = encode_splits(task, task.encode, data, options, names=("train", "validation"))
    examples = encoded["train"]
    task.positions(data.test, most=1)  # what would end the run after training ends it now
    missing = {name: _missing(getattr(data, name)) for name in SPLITS}
    windows = plan_of(task, examples, options).rows * micro_batches(options)
    lines, figures = summarise(
        task,
        examples,
        encoded["validation"],
        options,
        first=[
            f"series      {len(series):,}{_shown(series.names)}; {series.step}",
            *(f"            {name:<11}{_span(getattr(data, name))}, {missing[name]:,} missing" for name in SPLITS),
            f"scale       mean {config.means[0]:.6g}, standard deviation {config.scales[0]:.6g}"
            + (f" (of {config.series[0]!r}; each series has its own)" if len(series) > 1 else "")
            + ", over the training span",
            f"windows     {len(examples):,} of {config.window:,} readings to train on, {config.horizon:,} to forecast",
        ],
        objective=f"{task.output.loss} loss, context {config.context}",
        batch=f"{windows:,} windows"
        + (", each series equally often (with replacement)" if config.sample_by == "series" else ""),
        padded=False,
        notes=(*data.notes, *_chosen(config)),
        warnings=[*_constant(data), *_outliers(task, data), *_unmarked(task, data)],
    )
    return lines, {
        "series": len(series),
        "rows": {name: len(getattr(data, name)) for name in SPLITS},
        "missing": missing,
        "windows": len(examples),
        "frequency_seconds": config.frequency,
        **figures,
    }


def _chosen(config: ForecastConfig) -> list[str]:
    """What follows from the readings, and changes what is forecast."""
    notes = []
    if config.nonnegative != "no":
        notes.append(
            "forecasts stay at zero or above, as all readings of training do; --nonnegative no lets them fall below"
        )
    if config.fill == "last" and config.seasons and config.marks_missing:
        notes.append("missing readings are read as the last before them; --fill season as that of the season before")
    if config.calendar and config.time_zone is not None:
        notes.append(f"the calendar is that of clocks in {config.time_zone}")
    return notes


def _shown(names: tuple[str, ...]) -> str:
    return f" ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})"


def _span(part: Part) -> str:
    """Readings, and from when to when, of all series together, as their clocks say."""
    series, text = part.series, f"{len(part):,} readings"
    if not series.timed or not len(part.spans):
        return text
    first, last = (
        on_clock_of(moment, series.zone)
        for moment in (series.times_at(part.spans[:, 0]).min(), series.times_at(part.spans[:, 1] - 1).max())
    )
    return f"{text}, {first} to {last}"


def _missing(part: Part) -> int:
    return sum(int(np.isnan(part.series.values[a:b]).sum()) for a, b in part.spans.tolist())


def _constant(data: SeriesSplits) -> list[str]:
    """Series whose training readings are all the same: there is nothing to learn from them, and no deviation to scale by."""
    train = data.train
    values = (train.values_of(number) for number in range(len(train.series)))
    names = [name for name, v in zip(train.series.names, values, strict=True) if np.nanmin(v) == np.nanmax(v)]
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return [f"all training readings are the same in {', '.join(map(repr, names[:3]))}{more}"] if names else []


def _unmarked(task: Forecaster, data: SeriesSplits) -> list[str]:
    """Missing readings where the training span has none, so that the model has no mark for them."""
    return [remark for name in SPLITS for remark in of_part(getattr(data, name), task.config, name)]


def _outliers(task: Forecaster, data: SeriesSplits) -> list[str]:
    """Readings so far off that a scale or a loss may be theirs alone."""
    series = data.series
    means, scales = task.scales_for(series)
    found = []
    for number, name in enumerate(series.names):
        far = np.abs(series.one(number) - means[number]) / scales[number]
        if (count := int((far > OUTLIER).sum())) > 0:
            row = int(np.nanargmax(far))
            found.append(
                f"{name!r}: {count:,} readings lie over {OUTLIER} standard deviations off,"
                f" the farthest is {series.one(number)[row]:.6g} in row {row + 1}"
            )
    return [*found[:3], *([f"{len(found) - 3:,} more series have such readings"] if len(found) > 3 else [])]
