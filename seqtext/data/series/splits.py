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
from seqtext.data.series.begins import NO_BEGINS, Begins
from seqtext.data.series.categories import base_name
from seqtext.data.series.cuts import cut
from seqtext.data.series.held_out import hold_out_last, hold_out_weeks
from seqtext.data.series.options import TEST_SHARE, VALIDATION_SHARE, SeriesDataOptions, Validation
from seqtext.data.series.series import Part, SeriesSet, split_by_time
from seqtext.data.series.series import whole as all_of
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
        series: `train`, and `validation` and `test` where there are such.
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
    """The data set, or the files, that were asked for: its split `train` as series and, if there are such, `validation` and `test`.

    Raises:
        DataError: with the file, row and column of what cannot be read.
    """
    if options.train is None and options.data == SeriesDataOptions.data:
        for flag in ("revision", "data_config"):
            if getattr(options, flag):
                raise DataError(f"found a --{flag} of what is built in", where=options.data, fix=f"leave --{flag} out")
        return SeriesSource("the simulated household, kW", {"train": household_series()}, None, "kW")
    if options.train is not None:
        held = options.validation_file
        source = load_files(train=options.train, validation=held, test=options.test, dialect=options.dialect)
    else:
        _check_named(options.data)
        revision, config = options.revision, options.data_config
        source = load(options.data, revision=revision, config=config, dialect=options.dialect)
    ahead = options.future_columns
    # What is the same in all rows of a series is known of the steps ahead by what it was.
    named: tuple[str, ...] = tuple(dict.fromkeys((*options.past_columns, *ahead, *options.static_columns)))
    series: dict[str, SeriesSet] = {}
    for split in ("train", "validation", "test"):
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
    test_share: float = TEST_SHARE,
    validation: Validation = "auto",
    validation_share: float = VALIDATION_SHARE,
    begins: Begins = NO_BEGINS,
    max_rows: int | None = None,
) -> SeriesSplits:
    """The spans of a source's series.

    Args:
        series: `train`, and `validation` and `test` where there are such; without `test` the last `test_share` of each series is the
            test span.
        horizon: readings that are forecast at once: validation weeks are four times as long at least, the last readings twice.
        intervals: whether quantiles are forecast, which only readings behind those of training can calibrate: auto is then the last ones.
        test_share: likewise.
        validation: hold out the last readings of the training span, whole weeks spread over it, or what is in `series`; auto is that
            where it is half of the share at least, then weeks where every span is a year or longer and they leave half of it.
        validation_share: of the training span.
        begins: dates from which on readings are those of validation and test.
        max_rows: train on the last so many readings of each series at most.

    Raises:
        DataError: series that do not fit together, or are too short, or a date that does not lie in them.
    """
    whole, train, held, test = _joined(series)
    notes = []
    if test is None:
        held = None
        if begins.test is not None:
            train, test = cut(all_of(whole), begins.test)
            notes.append(f"test: from {begins.test.text} on{_ended(train, test)}")
        else:
            train, test = split_by_time(whole, test_share=test_share)
            notes.append(f"test: the last {test_share:.0%} of each series")
    elif held is not None:
        if _keeps(held, train, validation, validation_share, begins):
            notes.append("validation: readings of their own, between those of training and test")
        else:
            train, held = Part(whole, np.stack([train.spans[:, 0], held.spans[:, 1]], axis=1)), None
    if begins.validation is not None:
        train, held = cut(train, begins.validation)
        notes.append(f"validation: from {begins.validation.text} to the test span")
    if max_rows is not None:
        spans = train.spans.copy()
        spans[:, 0] = np.maximum(spans[:, 0], spans[:, 1] - max_rows)
        train = replace(train, spans=spans)
        notes.append(f"training: the last {max_rows:,} readings of each series at most (--max_rows)")
    if held is None:
        train, held, note = _hold_out(train, validation, validation_share, horizon, intervals)
        notes.append(note)
    if not len(train):
        raise DataError(
            "no reading is left to train on", where=whole.name, fix="lower --validation_share or --test_share"
        )
    found = SeriesSplits(whole, train, held, test, (*whole.notes, *notes))
    _check_lengths(found, begins, horizon)
    return found


def _joined(series: dict[str, SeriesSet]) -> tuple[SeriesSet, Part, Part | None, Part | None]:
    """All readings, and those of training, validation and test, as far as there are such: a span of each series."""
    whole = series["train"]
    parts = {"train": all_of(whole)}
    for name in ("validation", "test"):
        if name in series:
            longer, _, later = whole.join(series[name].less(whole))
            away = longer.starts[:-1] - whole.starts[:-1]
            parts = {own: Part(longer, part.spans + away[:, None]) for own, part in parts.items()} | {name: later}
            whole = longer
    return whole, parts["train"], parts.get("validation"), parts.get("test")


def _keeps(held: Part, train: Part, validation: Validation, share: float, begins: Begins) -> bool:
    """Whether readings that came as those of validation are taken as such."""
    if begins.validation is not None or validation in ("last", "weeks"):
        return False
    return validation == "file" or 2 * len(held) >= share * len(train)


def _ended(train: Part, test: Part) -> str:
    """How many series have no reading to test on."""
    count = len(train.spans) - len(test.spans)
    return f"; {count:,} of {len(train.series):,} series end before that" if count > 0 else ""


def _hold_out(
    train: Part, validation: Validation, share: float, horizon: int, intervals: bool
) -> tuple[Part, Part, str]:
    """Readings held out of the training span, and how."""
    if validation == "auto":
        validation = "weeks" if not intervals and _has_room(train, share, horizon) else "last"
    if validation == "weeks":
        kept, held = hold_out_weeks(train, share=share)
        return kept, held, f"validation: {len(held.spans)} whole weeks spread over the training span"
    kept, held = hold_out_last(train, share=share, least=2 * horizon if horizon > 1 else 1)
    return kept, held, f"validation: the last {len(held) / len(train):.0%} of the training span"


def _check_lengths(data: SeriesSplits, begins: Begins, horizon: int) -> None:
    """Refuses spans that dates leave too short for one forecast.

    Raises:
        DataError: naming the first.
    """
    dates = [begin for begin in begins if begin is not None]
    for name in ("train", "validation", "test") if dates else ():
        spans = getattr(data, name).spans
        longest = int((spans[:, 1] - spans[:, 0]).max())
        if longest < horizon:
            span = "training" if name == "train" else name
            found = f"{longest:,} reading{'' if longest == 1 else 's'} in the {span} span"
            fix = f"move {' or '.join(begin.flag for begin in dates)}"
            raise DataError(found, where=data.series.name, expected=f"at least {horizon:,}, the horizon", fix=fix)


def _has_room(train: Part, share: float, horizon: int) -> bool:
    """Whether whole weeks can be held out of each span, and say something of all seasons."""
    week = train.series.seasons().get("week")
    if week is None or week < 4 * horizon:
        return False
    lengths = train.spans[:, 1] - train.spans[:, 0]
    weeks = np.maximum(1, np.round(lengths * share / week))
    return bool((lengths >= 52 * week).all() and (2 * weeks * week <= lengths).all())
