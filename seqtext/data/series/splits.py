"""Training, validation and test spans of any source of series, by time: what is tested lies after all that is trained on.

Knows splits and how long they are; how a table becomes series, `table.py` knows.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqtext.data.reading.hub import is_hub_name
from seqtext.data.reading.local_paths import missing
from seqtext.data.reading.sources import load, load_files
from seqtext.data.series.categories import base_name
from seqtext.data.series.options import VALIDATION_SHARE, SeriesDataOptions, Validation
from seqtext.data.series.series import Part, SeriesSet, hold_out_last, hold_out_weeks, split_by_time
from seqtext.data.series.table import read_table
from seqtext.errors import DataError


@dataclass(frozen=True)
class SeriesSplits:
    """Spans of one set of series.

    Attributes:
        series: all readings.
        train: to learn from, and to fit scales on.
        validation: to choose by.
        test: to be measured on once, at the end.
        notes: how the spans were made, and what was mended while reading.
    """

    series: SeriesSet
    train: Part
    validation: Part
    test: Part
    notes: tuple[str, ...]


class SeriesSource(NamedTuple):
    """Series, and where they came from.

    Attributes:
        name: as it was asked for.
        series: `train`, and `test` where there is one.
        revision: the commit on the hub; None for what was on this machine.
        unit: of the readings, for pictures; "" if it is not known.
    """

    name: str
    series: dict[str, SeriesSet]
    revision: str | None
    unit: str = ""


def household_series() -> SeriesSet:
    """The built-in simulated household: kW, every 15 minutes, two years."""
    from seqtext.builtin.household import household

    load = household()
    starts = np.array([0, len(load.values)])
    return SeriesSet(("household",), load.values, starts, load.times[:1], 900, name="household (simulated)")


def load_series(options: SeriesDataOptions) -> SeriesSource:
    """The data set, or the files, that were asked for: its split `train` as series and, if there is one, `test`.

    Raises:
        DataError: with the file, row and column of what cannot be read.
    """
    if options.train is None and options.data == SeriesDataOptions.data:
        for flag in ("revision", "data_config"):
            if getattr(options, flag):
                raise DataError(f"found a --{flag} of what is built in", where=options.data, fix=f"leave --{flag} out")
        return SeriesSource("the simulated household, kW", {"train": household_series()}, None, "kW")
    if options.train is not None:
        source = load_files(train=options.train, test=options.test, dialect=options.dialect)
    else:
        _check_named(options.data)
        revision, config = options.revision, options.data_config
        source = load(options.data, revision=revision, config=config, dialect=options.dialect)
    ahead = (*options.future_columns, *options.static_columns)
    named: tuple[str, ...] = tuple(dict.fromkeys((*options.past_columns, *ahead)))
    series: dict[str, SeriesSet] = {}
    for split in ("train", "test"):
        if split in source.splits:
            read = read_table(source.splits[split], options, input_columns=named)
            named = read.input_names  # words of training are those of test
            known = tuple(name for name in named if base_name(name) in ahead or name in ahead)
            series[split] = replace(read, known_ahead=known)
            check_static(series[split], options.static_columns)
    return SeriesSource(source.name, series, source.revision)


def check_static(series: SeriesSet, columns: Sequence[str]) -> None:
    """Refuses a column that is to say what a series is, and is not the same in all of its rows.

    Raises:
        DataError: naming the first series whose cells differ.
    """
    for place, name in enumerate(series.input_names):
        if series.inputs is None or not {name, base_name(name)} & set(columns):
            continue
        for number, own in enumerate(series.names):
            cells = series.inputs[series.starts[number] : series.starts[number + 1], place]
            cells = cells[~np.isnan(cells)]
            if len(cells) and cells.min() != cells.max():
                where = f"{series.name}, column {base_name(name)!r}, series {own!r}"
                fix = f"pass --past_columns {base_name(name)} or --future_columns {base_name(name)}"
                raise DataError("found cells that differ", where=where, expected="the same in all rows", fix=fix)


def _check_named(data: str) -> None:
    """Raises for a name of nothing, before the names of texts that are built in are proposed for it."""
    path = Path(data).expanduser()
    if path.exists() or glob.has_magic(data) or is_hub_name(data):
        return
    kinds = f"a file, a folder, a hub name owner/name, or built in: {SeriesDataOptions.data}"
    raise missing(path, where=data, expected=kinds, also=(SeriesDataOptions.data,))


def series_splits(
    series: dict[str, SeriesSet],
    *,
    horizon: int = 1,
    intervals: bool = False,
    test_share: float = 0.2,
    validation: Validation = "auto",
    validation_share: float = VALIDATION_SHARE,
    max_rows: int | None = None,
) -> SeriesSplits:
    """The spans of a source's series.

    Args:
        series: `train`, and `test` where there is one; else the last `test_share` of each series is the test span.
        horizon: readings that are forecast at once: validation weeks are four times as long at least, the last readings twice.
        intervals: whether quantiles are forecast, which only readings behind those of training can calibrate: auto is then the last ones.
        test_share: likewise.
        validation: hold out the last readings of the training span, or whole weeks spread over it; auto is weeks where every span is a
            year or longer and they leave half of it to train on.
        validation_share: of the training span.
        max_rows: train on the last so many readings of each series at most.

    Raises:
        DataError: series that do not fit together, or are too short.
    """
    if "test" in series:
        whole, train, test = series["train"].join(series["test"].less(series["train"]))
        notes = []
    else:
        whole = series["train"]
        train, test = split_by_time(whole, test_share=test_share)
        notes = [f"test: the last {test_share:.0%} of each series"]
    if max_rows is not None:
        spans = train.spans.copy()
        spans[:, 0] = np.maximum(spans[:, 0], spans[:, 1] - max_rows)
        train = replace(train, spans=spans)
        notes.append(f"training: the last {max_rows:,} readings of each series at most (--max_rows)")
    if validation == "auto":
        validation = "weeks" if not intervals and _has_room(train, validation_share, horizon) else "last"
    if validation == "weeks":
        kept, held = hold_out_weeks(train, share=validation_share)
        notes.append(f"validation: {len(held.spans)} whole weeks spread over the training span")
    else:
        kept, held = hold_out_last(train, share=validation_share, least=2 * horizon if horizon > 1 else 1)
        notes.append(f"validation: the last {validation_share:.0%} of the training span")
    if not len(kept):
        raise DataError(
            "no reading is left to train on", where=whole.name, fix="lower --validation_share or --test_share"
        )
    return SeriesSplits(whole, kept, held, test, (*whole.notes, *notes))


def _has_room(train: Part, share: float, horizon: int) -> bool:
    """Whether whole weeks can be held out of each span, and say something of all seasons."""
    week = train.series.seasons().get("week")
    if week is None or week < 4 * horizon:
        return False
    lengths = train.spans[:, 1] - train.spans[:, 0]
    weeks = np.maximum(1, np.round(lengths * share / week))
    return bool((lengths >= 52 * week).all() and (2 * weeks * week <= lengths).all())
