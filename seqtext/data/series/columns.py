"""Which layout a table of series has, and which column is what in it: named by the caller, or recognised where there is no doubt.

Knows names, types and the look of the first cells; `table` reads the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.numbers import holds_numbers
from seqtext.data.reading.remarks import refuse_left_aside, remarks_of
from seqtext.data.rows.columns import WITHOUT_NAME, require
from seqtext.errors import DataError, OptionsError, one_of

if TYPE_CHECKING:
    import datasets

Layout = Literal["auto", "long", "wide", "m4"]

TIME_NAMES = ("timestamp", "time_stamp", "datetime", "date_time", "datetime_utc", "time", "date", "when", "ds", "utc")
NO_TIME = "none"


@dataclass(frozen=True)
class Roles:
    """Names of the columns to use.

    Attributes:
        time: None without timestamps.
        values: what is forecast, one at least.
        series: names the series of each row; None where the table has no such column.
        inputs: further numbers.
        notes: assumptions that were made, for the user.
    """

    time: str | None
    values: tuple[str, ...]
    series: str | None
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()


def is_m4(dataset: datasets.Dataset, named: Roles, layout: Layout) -> bool:
    """Whether each row is a series: it is said so, or the header is V1, V2, ... and no column was named.

    Raises:
        OptionsError: m4 with columns named, or with one column only.
    """
    columns, roles = dataset.column_names, _all(named)
    if layout == "auto":
        return len(columns) > 2 and not roles and columns == [f"V{number + 1}" for number in range(len(columns))]
    if layout != "m4":
        return False
    if roles:
        found = f"in the m4 layout each row is a series, and no column has a role of its own, as {roles[0]!r} has"
        raise OptionsError(found, where=place_of(dataset), fix="leave the names of columns out, or pass --layout wide")
    if len(columns) < 2:
        expected = "a column of names, and columns of readings"
        raise OptionsError(f"found the column {columns[0]!r} alone", where=place_of(dataset), expected=expected)
    return True


def choose_roles(
    dataset: datasets.Dataset, named: Roles, layout: Layout = "auto", *, missing: Sequence[str] = ()
) -> Roles:
    """The columns that were named, and those that can only be meant besides.

    Args:
        dataset: the rows; not of the m4 layout.
        named: as far as the caller named them; its `time` may be `none`, its `values` may be empty.
        layout: as in `read_series`.
        missing: cells that stand for a missing reading.

    Raises:
        OptionsError: columns at odds with the layout or with each other.
        DataError: a name that is not there, none or several columns that could be meant.
    """
    require({"": dataset}, *_all(named))
    _check(dataset, named, layout)
    time, notes = named.time, []
    if time is None:
        taken = {*named.values, *named.inputs, named.series}
        time = _time_column(dataset, [name for name in dataset.column_names if name not in taken])
        if time == NO_TIME:
            notes.append(f"{place_of(dataset)}: no column of times; the readings follow each other")
    values = named.values or _value_columns(dataset, named, time, layout, missing)
    return Roles(None if time == NO_TIME else time, values, named.series, named.inputs, tuple(notes))


def _all(named: Roles) -> list[str]:
    """Every name that was given."""
    time = None if named.time == NO_TIME else named.time
    return [name for name in (time, named.series, *named.values, *named.inputs) if name is not None]


def _check(dataset: datasets.Dataset, named: Roles, layout: Layout) -> None:
    """Raises where the names are at odds with the layout or with each other."""
    faults, values = [], _listed(named.values)
    if layout == "long" and not named.series:
        faults.append("the long layout needs the column that names the series; pass --series_column NAME")
    if layout == "wide" and named.series:
        faults.append(f"in the wide layout each column is a series; leave --series_column {named.series} out")
    elif named.series and len(named.values) > 1:
        faults.append(f"with a series column one value is forecast, not {values}; pass one --value_column")
    names = _all(named)
    faults += [f"column {name!r} is named for two things" for name in dict.fromkeys(names) if names.count(name) > 1]
    if faults:
        raise OptionsError("; ".join(faults), where=place_of(dataset))


def _time_column(dataset: datasets.Dataset, free: Sequence[str]) -> str:
    """The column of times by its name, or the only one of Arrow's times; `NO_TIME` if every column left holds numbers."""
    features = dataset.features  # which `datasets` copies each time it is asked for them
    types = {name: str(getattr(features[name], "dtype", "")) for name in free}
    times = [name for name in free if name.strip().lower() in TIME_NAMES]
    unnamed = [
        name for name in free if WITHOUT_NAME.fullmatch(name)
    ]  # of an index that was written along, perhaps of times
    times = times or [name for name in unnamed if not holds_numbers(dataset, name)]
    times = times or [name for name, type_ in types.items() if type_.startswith(("timestamp", "date"))]
    if len(times) == 1:
        return times[0]
    if not times:
        refuse_left_aside(dataset, [name for name in remarks_of(dataset).left_aside if name.lower() in TIME_NAMES])
    if not times and all(holds_numbers(dataset, name) for name in free):
        return NO_TIME
    found = f"{len(times)} columns could be the time: {_listed(times)}"
    if not times:
        found = f"no column is clearly the time among {_listed(dataset.column_names)}"
    fix = f"pass --time_column NAME, or --time_column {NO_TIME} if the readings follow each other"
    raise DataError(found, where=place_of(dataset), fix=fix)


def _value_columns(
    dataset: datasets.Dataset, named: Roles, time: str, layout: Layout, missing: Sequence[str]
) -> tuple[str, ...]:
    """The only column of numbers without a role; in the wide layout all of them."""
    roles = {*named.inputs, named.series, time}
    others = [name for name in dataset.column_names if name not in roles and not WITHOUT_NAME.fullmatch(name)]
    values = [name for name in others if holds_numbers(dataset, name, missing=missing)]
    if len(values) == 1 or (values and layout == "wide"):
        return tuple(values)
    found = f"{len(values)} columns hold numbers: {_listed(values)}"
    if not values:
        refuse_left_aside(dataset, remarks_of(dataset).left_aside)
        found = f"no column without another role holds numbers among {_listed(dataset.column_names)}"
    several = ", or --value_column with several names to forecast each" if len(values) > 1 and not named.series else ""
    fix = f"pass --value_column NAME{several}"
    raise DataError(found, where=place_of(dataset), expected="one to forecast", fix=fix)


def _listed(names: Sequence[str]) -> str:
    return one_of(map(repr, names)).removeprefix("one of ")
