"""Which layout a table of series has, and which column is what in it: named by the caller, or recognised where there is no doubt.

Knows names, types and the look of the first cells; `table` reads the columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seqtext.data.reading.column_arrays import column_arrays, place_of
from seqtext.data.reading.numbers import holds_numbers
from seqtext.data.reading.remarks import refuse_left_aside, remarks_of
from seqtext.data.reading.time_numbers import are_years
from seqtext.data.reading.time_parts import UNITS, are_units
from seqtext.data.reading.time_text import look_like_clocks, look_like_times
from seqtext.data.rows.columns import WITHOUT_NAME, require
from seqtext.data.series.table_options import Layout
from seqtext.errors import DataError, OptionsError, one_of

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

TIME_NAMES = ("timestamp", "time_stamp", "datetime", "date_time", "datetime_utc", "time", "date", "when", "ds", "utc")
NONE = "none"
_SAMPLE = 1000  # rows by which a column is taken for what it is
# Columns that number rows or series, and are no readings; the first has no name, or one that a reader gave it.
_COUNTS = re.compile(rf"(?i)|index|no|nr|row|#|id|{WITHOUT_NAME.pattern}|.*[_ ]id|id_.*")


@dataclass(frozen=True)
class Roles:
    """Names of the columns to use.

    Attributes:
        time: several hold a part of the time each; none without timestamps.
        values: what is forecast, one at least.
        series: name the series of each row together; none where the table has no such column.
        inputs: further numbers.
        notes: assumptions that were made, for the user.
    """

    time: tuple[str, ...]
    values: tuple[str, ...]
    series: tuple[str, ...]
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def has_series(self) -> bool:
        """Whether columns name the series."""
        return self.series not in ((), (NONE,))


def is_m4(dataset: datasets.Dataset, named: Roles, layout: Layout) -> bool:
    """Whether each row is a series: it is said so, or the header is V1, V2, ... and no column was named.

    Raises:
        OptionsError: m4 with columns named, or with one column only.
    """
    columns, roles = dataset.column_names, all_named(named)
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


def choose_time(dataset: datasets.Dataset, named: Roles, layout: Layout = "auto") -> Roles:
    """The columns that were named, and that of the times.

    Args:
        dataset: the rows; not of the m4 layout.
        named: as far as the caller named them; `time` and `series` may be `none`.
        layout: as in `read_series`.

    Raises:
        OptionsError: columns at odds with the layout or with each other.
        DataError: a name that is not there, none or several columns that could be meant.
    """
    require({"": dataset}, *all_named(named))
    _check(dataset, named, layout)
    if named.time:
        return replace(named, time=() if named.time == (NONE,) else named.time)
    taken = {*named.values, *named.inputs, *named.series}
    time = _time_columns(dataset, [name for name in dataset.column_names if name not in taken])
    place = place_of(dataset)
    notes = [] if time else [f"{place}: no column of times; the readings follow each other"]
    if len(time) > 1:
        notes.append(f"{place}: the times are those of the columns {listed(time)} together")
    return replace(named, time=time, notes=(*named.notes, *notes))


def choose_values(dataset: datasets.Dataset, roles: Roles, layout: Layout, *, missing: Sequence[str] = ()) -> Roles:
    """The roles with what is forecast: the only column of numbers without one; in the wide layout all of them.

    Args:
        dataset: likewise.
        roles: with the column of the times.
        layout: likewise.
        missing: cells that stand for a missing reading.

    Raises:
        DataError: none or several columns that could be meant.
    """
    if roles.values:
        return roles
    others = [name for name in dataset.column_names if name not in {*roles.inputs, *roles.series, *roles.time}]
    numbers = [name for name in others if holds_numbers(dataset, name, missing=missing)]
    values = numbers if len(numbers) < 2 else [name for name in numbers if not _COUNTS.fullmatch(name.strip())]
    values, notes = values or numbers, []
    if aside := [name for name in numbers if name not in values]:
        notes.append(f"{place_of(dataset)}: {listed(aside)} left aside, as what counts rows or series")
    stems = {re.sub(r"\d+$", "", name) for name in values}
    alike = len(stems) == 1 and "" not in stems and all(name[-1:].isdigit() for name in values)
    if len(values) > 1 and layout == "auto" and alike and not roles.has_series:
        notes.append(f"{place_of(dataset)}: {len(values):,} columns of one kind, {listed(values)}, are a series each")
        layout = "wide"
    if len(values) == 1 or (values and layout == "wide"):
        return replace(roles, values=tuple(values), notes=(*roles.notes, *notes))
    found = f"{len(values)} columns hold numbers: {listed(values)}"
    if not values:
        refuse_left_aside(dataset, remarks_of(dataset).left_aside)
        found = f"no column without another role holds numbers among {listed(dataset.column_names)}"
    several = (
        ", or --value_column with several names to forecast each" if len(values) > 1 and not roles.has_series else ""
    )
    fix = f"pass --value_column NAME{several}"
    raise DataError(found, where=place_of(dataset), expected="one to forecast", fix=fix)


def all_named(named: Roles) -> list[str]:
    """Every name that was given."""
    lists = (part for part in (named.time, named.series) if part != (NONE,))
    return [name for part in (*lists, named.values, named.inputs) for name in part]


def is_count(name: str) -> bool:
    """Whether a column is called like what numbers rows or series."""
    return _COUNTS.fullmatch(name.strip()) is not None


def listed(names: Sequence[str]) -> str:
    """Names of columns, quoted; not all of them where they are many."""
    return one_of(map(repr, names)).removeprefix("one of ")


def _check(dataset: datasets.Dataset, named: Roles, layout: Layout) -> None:
    """Raises where the names are at odds with the layout or with each other."""
    faults, values = [], listed(named.values)
    if layout == "long" and not named.has_series:
        faults.append("the long layout needs the column that names the series; pass --series_column NAME")
    if layout == "wide" and named.has_series:
        faults.append(f"in the wide layout each column is a series; leave --series_column {' '.join(named.series)} out")
    elif named.has_series and len(named.values) > 1:
        faults.append(f"with a series column one value is forecast, not {values}; pass one --value_column")
    names = all_named(named)
    faults += [f"column {name!r} is named for two things" for name in dict.fromkeys(names) if names.count(name) > 1]
    if faults:
        raise OptionsError("; ".join(faults), where=place_of(dataset))


def _time_columns(dataset: datasets.Dataset, free: Sequence[str]) -> tuple[str, ...]:
    """The columns of times by their names, their types or their looks; none if every column left holds numbers."""
    features = dataset.features  # which `datasets` copies each time it is asked for them
    types = {name: str(getattr(features[name], "dtype", "")) for name in free}
    times = [name for name in free if name.strip().lower() in TIME_NAMES]
    times = times or [name for name, type_ in types.items() if type_.startswith(("timestamp", "date"))]
    times = times or [name for name in free if _looks(dataset, name, look_like_times)]
    dates = [name for name in times if types[name].startswith("date") or _looks(dataset, name, _are_dates)]
    clocks = [name for name in free if name.strip().lower() in TIME_NAMES and _is_clock(dataset, name, types[name])]
    if len(dates) == len(clocks) == 1 and set(times) <= {*dates, *clocks}:
        return dates[0], clocks[0]
    if len(times) == 1:
        return (times[0],)
    units = {UNITS.get(name.strip().lower(), ""): name for name in free}
    parts = tuple(units[unit] for unit in dict.fromkeys(UNITS.values()) if unit in units)
    if not times and are_units(parts):
        return parts
    if not times and _of_years(dataset, units.get("year")):
        return (units["year"],)
    if not times:
        refuse_left_aside(dataset, [name for name in remarks_of(dataset).left_aside if name.lower() in TIME_NAMES])
    if not times and all(holds_numbers(dataset, name) or types[name] == "bool" for name in free):
        return ()
    found = f"{len(times)} columns could be the time: {listed(times)}"
    if not times:
        found = f"no column is clearly the time among {listed(dataset.column_names)}"
    fix = f"pass --time_column NAME, or --time_column {NONE} if the readings follow each other"
    raise DataError(found, where=place_of(dataset), fix=fix)


def _are_dates(cells: pa.Array) -> bool:
    """Whether text looks like dates without a clock's time."""
    import pyarrow.compute as pc

    return look_like_times(cells) and not pc.any(pc.match_substring(cells, ":")).as_py()


def _of_years(dataset: datasets.Dataset, name: str | None) -> bool:
    """Whether a column holds years, or years and parts of them."""
    import pyarrow as pa

    if name is None or not holds_numbers(dataset, name):
        return False
    cells = next(column_arrays(dataset, name)).slice(0, _SAMPLE).drop_null()
    try:
        return are_years(cells.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowException:
        return False


def _is_clock(dataset: datasets.Dataset, name: str, type_: str) -> bool:
    return type_.startswith(("time32", "time64")) or _looks(dataset, name, look_like_clocks)


def _looks(dataset: datasets.Dataset, name: str, look: Callable[[pa.Array], bool]) -> bool:
    """Whether the first cells of a column are text that looks so."""
    import pyarrow as pa

    cells = next(column_arrays(dataset, name)).slice(0, _SAMPLE)
    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)) and look(cells)
