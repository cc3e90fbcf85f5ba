"""What `seqtext check` looks at in rows that a forecaster is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.numbers import numbers
from seqtext.data.reading.timestamps import timestamps
from seqtext.data.rows.faults import Fault, refused
from seqtext.data.rows.named_columns import NamedColumns
from seqtext.data.series.columns import Roles, choose_time, choose_values
from seqtext.data.series.table import read_series

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column.

    Raises:
        DataError: for columns that are not there, or not clear.
    """
    roles = _roles(rows, named)
    found = {"times": roles.time, "readings": roles.values, "names of series": roles.series}
    return {what: ", ".join(columns) for what, columns in found.items() if columns}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows with a cell that is no number, or no time."""
    roles = _roles(rows, named)
    for column in roles.values:
        yield from refused(
            rows,
            lambda some, column=column: numbers(some, column, decimal=named.decimal, missing=named.missing),  # type: ignore[misc]
        )
    if roles.time:
        yield from refused(rows, lambda some: timestamps(some, roles.time, time_format=named.time_format))


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it: readings that are not regular, series without any.
    """
    how: dict[str, Any] = {"decimal": named.decimal, "missing": named.missing, "time_format": named.time_format}
    for rows in splits.values():
        series = read_series(
            rows,
            time_column=named.time_column,
            value_columns=named.value_column,
            series_column=named.series_column,
            **how,
        )
        yield from series.notes


def _roles(rows: Dataset, named: NamedColumns) -> Roles:
    asked = Roles(named.time_column, named.value_column, named.series_column, ())
    return choose_values(rows, choose_time(rows, asked), "auto", missing=named.missing)
