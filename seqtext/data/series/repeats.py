"""Why times are there more than once: several series below each other, or dates whose clock's time stands in another column.

What explains them is proposed before anything is averaged. Knows columns and moments, not what is forecast.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of, row_of
from seqtext.data.reading.time_text import look_like_clocks
from seqtext.data.series.categories import base_name
from seqtext.data.series.columns import NONE, Roles, is_count
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

Codes = NDArray[np.int64]

LEAST_SHARE = 0.05  # of readings at the time of another: fewer are doubled readings, or an hour of the clocks' change
MOST_TRIED = 12  # columns that are tried with each other
DAY = 24 * 3600
_HOURS = re.compile(r"(?i)hours?|hr|hh|stunde|heure|hora|time")


def series_names(dataset: datasets.Dataset, columns: Sequence[str]) -> tuple[tuple[str, ...], Codes]:
    """The S names in the order of their first rows, and (N,) the number of each row's name; names of several columns are joined.

    Raises:
        DataError: a row without a name, or cells that are none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = []
    for column in columns:
        cells = pa.chunked_array(list(column_arrays(dataset, column)), type=dataset.data.column(column).type)
        try:
            text = pc.utf8_trim_whitespace(cells.cast(pa.large_string())).combine_chunks()
        except pa.ArrowException:
            where = f"{place_of(dataset)}, column {column!r}"
            fix = "pass another --series_column"
            raise DataError(f"found {cells.type}", where=where, expected="names", fix=fix) from None
        unnamed = pc.fill_null(pc.equal(text, ""), True).to_numpy(zero_copy_only=False)
        if unnamed.any():
            where = f"{row_of(dataset, int(unnamed.argmax()))}, column {column!r}"
            fix = "name it, or remove the row"
            raise DataError("found an empty cell", where=where, expected="the name of a series", fix=fix)
        texts.append(text)
    encoded = pc.binary_join_element_wise(*texts, pa.scalar("/", pa.large_string())).dictionary_encode()
    return tuple(encoded.dictionary.to_pylist()), encoded.indices.to_numpy().astype(np.int64)


def explain_repeats(dataset: datasets.Dataset, times: NDArray[np.datetime64], roles: Roles, *, wide: bool) -> None:
    """Raises where a further column explains why times are there more than once.

    Args:
        dataset: N rows.
        times: (N,) datetime64[s].
        roles: as far as they are known.
        wide: whether the wide layout was asked for.

    Raises:
        DataError: naming that column, and how to pass it.
    """
    if roles.series == (NONE,):
        return
    keys = np.unique(times, return_inverse=True)[1].astype(np.int64)
    if roles.series:
        keys = _both(keys, series_names(dataset, roles.series)[1])
    distinct = len(np.unique(keys))
    repeated = len(keys) - distinct
    if repeated < max(2, LEAST_SHARE * len(keys)):
        return
    seen = np.zeros(len(keys), dtype=bool)
    seen[np.unique(keys, return_index=True)[1]] = True
    row = int(np.flatnonzero(~seen)[0])
    found = f"{repeated:,} readings at the time of another (first in row {row + 1}, {times[row]})".replace("T", " ")
    taken = {*roles.time, *map(base_name, roles.inputs), *roles.inputs, *roles.series}
    free = [name for name in dataset.column_names if name not in taken]
    place = f"{place_of(dataset)}, column{'s' * (len(roles.time) > 1)} {' '.join(map(repr, roles.time))}"
    if clock := _clock(dataset, free, times, keys):
        columns = [*roles.time, clock]
        fix = f"pass --time_column {_quoted(columns)}"
        raise DataError(f"{found}; the column {clock!r} says when on the day", where=place, fix=fix)
    columns, codes = _explaining(dataset, [name for name in free if name not in roles.values], keys)
    if not columns:
        return
    counts = " and ".join(f"{name!r} has {_values(codes[name]):,} values" for name in columns)
    fix = f"pass --series_column {_quoted([*roles.series, *columns])}"
    if len(roles.values) > 1:
        fix += " and one --value_column"
    if wide:
        fix = f"leave --layout wide out, and {fix}"
    fix += f" to make each a series of its own, or --series_column {NONE} if all rows are one series"
    several = "of the columns" if len(columns) > 1 else "the column"
    raise DataError(
        f"{found}; {several} {counts}", where=place, expected="one reading at each time of a series", fix=fix
    )


def check_names(dataset: datasets.Dataset, roles: Roles, *, averaged: bool) -> None:
    """Raises where rows may be those of several series and no repeated time says so: without times, or where all are averaged.

    Args:
        dataset: its rows.
        roles: of its columns.
        averaged: whether readings are averaged over even steps.

    Raises:
        DataError: naming the column that tells them apart.
    """
    if roles.series or (roles.time and not averaged):
        return
    for name in dataset.column_names:
        if name in {*roles.values, *map(base_name, roles.inputs), *roles.inputs, *roles.time}:
            continue
        codes = _codes(dataset, name)
        if codes is None or not (_is_text(dataset, name) or is_count(name)):
            continue
        count, runs = _values(codes), 1 + int((np.diff(codes) != 0).sum())
        if 2 <= count <= len(codes) // 2 and (runs == count or averaged):
            fix = f"pass --series_column {_quoted([name])}, or --series_column {NONE} if all rows are one series"
            found = f"the column {name!r} has {count:,} values" + (
                ", each in rows that follow each other" if runs == count else ""
            )
            raise DataError(found, where=place_of(dataset), expected="to know whether they are series", fix=fix)


def _explaining(dataset: datasets.Dataset, free: Sequence[str], keys: Codes) -> tuple[list[str], dict[str, Codes]]:
    """The columns that, with what is known, leave no time twice; as few as can be, with as few values as can be."""
    found = {name: _codes(dataset, name) for name in free}
    codes = {name: each for name, each in found.items() if each is not None and 2 <= _values(each) <= len(keys) // 2}
    # Numbers may as well be readings: they come last, and name series only if they are about as many as there are rows at one time.
    most = 2 * int(np.bincount(keys).max())
    names = {name for name in codes if _is_text(dataset, name) or is_count(name)}
    codes = {name: each for name, each in codes.items() if name in names or _values(each) <= most}
    order = sorted(codes, key=lambda name: (name not in names, _values(codes[name])))
    for size in (1, 2, 3):
        for columns in combinations(order[:MOST_TRIED] if size > 1 else order, size):
            together = keys
            for name in columns:
                together = _both(together, codes[name])
            if len(np.unique(together)) == len(keys):
                return list(columns), codes
    return [], codes


def _clock(dataset: datasets.Dataset, free: Sequence[str], times: NDArray[np.datetime64], keys: Codes) -> str | None:
    """The column that holds the time of the day, where the times are whole days."""
    if (times.astype(np.int64) % DAY).any():
        return None
    for name in free:
        cells = next(column_arrays(dataset, name)).slice(0, 1000)
        is_clock = str(cells.type).startswith("time") and not str(cells.type).startswith("timestamp")
        if is_clock or (_is_text(dataset, name) and look_like_clocks(cells)):
            return name
        codes = _codes(dataset, name) if _HOURS.fullmatch(name.strip()) else None
        if codes is not None and 2 <= _values(codes) <= 24 and len(np.unique(_both(keys, codes))) == len(keys):
            return name
    return None


def _codes(dataset: datasets.Dataset, name: str) -> Codes | None:
    """(N,) the number of each row's value, of text and whole numbers; None for other columns, or with cells that are empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    type_ = dataset.data.column(name).type
    is_text = pa.types.is_string(type_) or pa.types.is_large_string(type_)
    if not (is_text or pa.types.is_integer(type_)):
        return None
    cells = pa.chunked_array(list(column_arrays(dataset, name)), type=type_).combine_chunks()
    if cells.null_count:
        return None
    if is_text and pc.any(pc.match_substring_regex(cells, r"^ *[+\-]?[0-9]*[.,][0-9]*[1-9][0-9]* *$")).as_py():
        return None  # numbers with fractions name nothing
    return np.asarray(cells.dictionary_encode().indices.to_numpy(), dtype=np.int64)


def _is_text(dataset: datasets.Dataset, name: str) -> bool:
    """Whether a column is of text that is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = next(column_arrays(dataset, name)).slice(0, 1000)
    text = pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)
    return text and not pc.all(pc.match_substring_regex(cells.drop_null(), r"^ *[+\-]?[0-9.,]+ *$")).as_py()


def _both(one: Codes, other: Codes) -> Codes:
    """Codes of pairs."""
    pairs = one * (int(other.max(initial=0)) + 1) + other
    numbered: Codes = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return numbered


def _values(codes: Codes) -> int:
    return int(codes.max(initial=-1)) + 1


def _quoted(names: Sequence[str]) -> str:
    """Names as a shell takes them."""
    return " ".join(map(shlex.quote, names))
