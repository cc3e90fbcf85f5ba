"""A number a row to be predicted: the column of it, its scale out of training rows, and any split's column as numbers.

A row without a number has no answer, and stops or is dropped. Knows one column; not texts, not models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.reading.label_codes import OF_A_SPLIT, name_rows
from seqtext.data.reading.numbers import Decimal, holds_numbers, numbers
from seqtext.errors import DataError, one_of

if TYPE_CHECKING:
    import datasets

# Names of a column of numbers to be predicted; an earlier one wins over a later one.
NAMES = ("target", "label", "stars", "rating", "score", "price", "value")


class EncodedNumbers(NamedTuple):
    """The numbers of one split.

    Attributes:
        values: (R,) in the data's units.
        rows: (R,) which rows of the split these are (from 0).
        dropped: rows without a number that were left out.
        warnings: none; as of labels.
    """

    values: NDArray[np.float64]
    rows: NDArray[np.int64]
    dropped: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class TargetNumbers:
    """Numbers as a column writes them.

    Args:
        decimal: mark of numbers in text.
        missing: cells that stand for a number that is not known, beside the empty one and nan.
    """

    decimal: Decimal = "."
    missing: tuple[str, ...] = ()

    def read(self, dataset: datasets.Dataset, column: str) -> NDArray[np.float64]:
        """(N,) with NaN for what is missing.

        Raises:
            DataError: a cell that is no finite number, with its row.
        """
        return numbers(dataset, column, decimal=self.decimal, missing=self.missing)

    def scale(self, train: datasets.Dataset, column: str) -> tuple[float, float]:
        """Mean and standard deviation of training rows.

        Raises:
            DataError: if all numbers are the same, or there are none.
        """
        values = self.read(train, column)
        values = values[~np.isnan(values)]
        where = f"{place_of(train)}, column {column!r}"
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)
        if not deviation > 1e-12 * abs(mean):
            told = f"found {values[0]:g} in all {len(values):,} rows" if len(values) else "found no number"
            fix = "is it the right column, and are the rows complete?"
            raise DataError(told, where=where, expected="numbers that differ", fix=fix)
        if not (np.isfinite(deviation) and np.isfinite(mean)):
            told = (
                f"found numbers up to {np.abs(values).max():.3g}, whose mean or deviation is beyond what a float holds"
            )
            raise DataError(told, where=where, fix="scale the numbers")
        return mean, deviation

    def encode(
        self, dataset: datasets.Dataset, column: str, *, unlabelled: Literal["error", "drop"] = "error"
    ) -> EncodedNumbers:
        """A split's column as numbers.

        Args:
            dataset: the split.
            column: of numbers.
            unlabelled: rows without a number stop, or are left out and counted.

        Raises:
            DataError: rows without a number, or with something else.
        """
        values = self.read(dataset, column)
        missing, rows = np.flatnonzero(np.isnan(values)), np.flatnonzero(~np.isnan(values))
        if len(missing) and (unlabelled == "error" or not len(rows)):
            raise without_number(dataset, column, missing)
        return EncodedNumbers(values[rows], rows, len(missing))


def choose_number(dataset: datasets.Dataset, *, text: str | None = None) -> str:
    """The column of the numbers: the first whose name says so, or the only one.

    Args:
        dataset: the rows.
        text: the name of the text column, if the caller knows it.

    Raises:
        DataError: none, or several that could be it.
    """
    taken = parts_of(text) if text else ()
    found: list[str] = [name for name in dataset.column_names if name not in taken and holds_numbers(dataset, name)]
    named = [name for wanted in NAMES for name in found if name.strip().lower() == wanted]
    for name in named or found:
        if named or len(found) == 1:
            return name
    told = f"{len(found)} columns could be the numbers to predict: {one_of(map(repr, found))}" if found else ""
    columns = one_of(map(repr, dataset.column_names)).removeprefix("one of ")
    raise DataError(
        told or f"no column of numbers among {columns}", where=place_of(dataset), fix="pass --label_column NAME"
    )


def without_number(dataset: datasets.Dataset, column: str, rows: NDArray[np.int64]) -> DataError:
    """The error of rows (from 0) that have no number."""
    found = f"found no number (None, NaN or empty) in {name_rows(rows, dataset)} of {len(dataset):,}"
    fix = "--unlabelled drop leaves these rows out and counts them"
    if len(rows) == len(dataset):
        fix = OF_A_SPLIT
    return DataError(found, where=f"{place_of(dataset)}, column {column!r}", expected="a number in every row", fix=fix)
