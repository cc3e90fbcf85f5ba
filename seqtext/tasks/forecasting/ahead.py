"""What is known of the readings to forecast, put behind their histories. Knows a forecaster's config, no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtext.data.rows.columns import require
from seqtext.data.series.categories import base_name
from seqtext.data.series.frequencies import step_of
from seqtext.data.series.series import SeriesSet
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.forecasting.given import floats_in, frame_rows
from seqtext.tasks.forecasting.histories import Histories, read_as_trained
from seqtext.tasks.forecasting.settings import ForecastConfig

READINGS = (
    "readings to forecast"  # a column of nothing, which a table of what is known ahead has in the place of readings
)


def with_ahead(given: Histories, future: Any, steps: int, config: ForecastConfig) -> Histories:
    """Histories with what is known of the `steps` readings behind each.

    Args:
        given: the histories.
        future: a set of series of the columns known ahead (`read_ahead`), a frame, or (H, A) numbers, or a list of such; None for nothing.
        steps: readings to forecast.
        config: of the forecaster.

    Raises:
        OptionsError: something known ahead, and the model reads nothing such.
        DataError: of too few readings, at other times, or with missing cells.
    """
    if future is None:
        return given
    names = [config.input_names[place] for place in config.known_ahead]
    if not names:
        raise OptionsError("the model was trained without columns that are known ahead", fix="leave future out")
    series = given.series
    if not isinstance(future, SeriesSet) and getattr(future, "columns", None) is not None:
        future = read_ahead(frame_rows(future), SeriesTableOptions(), config)
    if isinstance(future, SeriesSet):
        blocks = [_of_series(future, series, number, steps) for number in range(len(series))]
    else:
        items = list(future) if given.many else [future]
        blocks = [floats_in(item, f"future of history {number + 1}") for number, item in enumerate(items)]
        blocks = [block[:, None] if block.ndim == 1 else block for block in blocks]
    if len(blocks) != len(series):
        raise DataError(f"futures of {len(blocks):,} histories", expected=f"of {len(series):,}")
    for number, block in enumerate(blocks):
        where = "the future" if len(blocks) == 1 else f"the future of history {number + 1}"
        check_ahead(block, names, steps, where)
    return given._replace(series=_behind(series, [block[:steps] for block in blocks], config), ahead=steps)


def read_ahead(rows: Any, options: SeriesTableOptions, config: ForecastConfig) -> SeriesSet:
    """A table of columns known ahead as series, whose inputs they are.

    Raises:
        DataError: as `read_series`.
    """
    names = tuple(config.input_names[place] for place in config.known_ahead)
    require({"": rows}, *dict.fromkeys(map(base_name, names)))
    rows = rows.remove_columns([name for name in config.series if name in rows.column_names])
    rows = rows.add_column(READINGS, np.zeros(len(rows)))
    options = replace(options, value_column=(READINGS,))
    return read_as_trained(rows, options, config, input_columns=names)


def _of_series(future: SeriesSet, series: SeriesSet, number: int, steps: int) -> NDArray[np.float64]:
    """(H, A) of the series that a history is of, from the reading behind it on."""
    assert future.inputs is not None
    name = series.names[number]
    if len(future) > 1 and name not in future.names:
        raise DataError(f"nothing of series {name!r}", where=future.name, expected="a row for each step of each series")
    place = future.names.index(name) if len(future) > 1 else 0
    begin, end = int(future.starts[place]), int(future.starts[place + 1])
    behind = series.times_behind(number, 1)
    if behind is not None:
        begin = min(begin + _passed(future, place, series, behind[0]), end)
    return future.inputs[begin:end][:steps]


def _passed(future: SeriesSet, place: int, series: SeriesSet, first: np.datetime64) -> int:
    """Rows of a series of what is known ahead that lie before the first step; 0 where its times are not known."""
    if future.dates is not None and series.dates is not None:
        begins, unit = future.dates.first[place], "datetime64[M]"
        theirs, ours = future.dates.months, series.dates.months
        told, expected = step_of(None, theirs), step_of(None, ours)
    elif future.first_times is not None and series.frequency is not None:
        begins, unit = future.first_times[place], "datetime64[s]"
        theirs, ours = future.frequency or series.frequency, series.frequency
        told, expected = step_of(theirs, None), step_of(ours, None)
    else:
        return 0
    if theirs != ours:
        raise DataError(f"found {told}", where=future.name, expected=f"{expected}, as the history has")
    late = int((begins.astype(unit) - first.astype(unit)).astype(np.int64))
    if late > 0 or late % ours:
        raise DataError(f"begins at {begins}", where=future.name, expected=f"{first}, the first step")
    return -late // ours


def check_ahead(block: NDArray[np.float64], names: Sequence[str], steps: int, where: str) -> None:
    """Refuses what does not say each column of each step.

    Raises:
        DataError: naming the first step that is missing.
    """
    if block.ndim != 2 or block.shape[1] != len(names):
        raise DataError(f"shape {block.shape}", where=where, expected=f"({steps}, {len(names)}): {', '.join(names)}")
    if len(block) < steps:
        raise DataError(f"ends before step {len(block) + 1:,}", where=where, expected=f"{steps:,} steps, the horizon")
    missing = np.argwhere(np.isnan(block[:steps]))
    if len(missing):
        step, column = missing[0].tolist()
        raise DataError(f"no value of {names[column]} at step {step + 1:,}", where=where, expected="one for each step")


def _behind(series: SeriesSet, blocks: list[NDArray[np.float64]], config: ForecastConfig) -> SeriesSet:
    """The series with nothing but those columns behind each."""
    assert series.inputs is not None
    values, inputs = [], []
    for number, block in enumerate(blocks):
        own = slice(int(series.starts[number]), int(series.starts[number + 1]))
        rows = np.full((len(block), len(config.input_names)), np.nan)
        rows[:, list(config.known_ahead)] = block
        values += [series.values[own], np.full(len(block), np.nan)]
        inputs += [series.inputs[own], rows]
    lengths = series.lengths + len(blocks[0])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return replace(series, values=np.concatenate(values), inputs=np.concatenate(inputs), starts=starts)
