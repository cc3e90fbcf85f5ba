from __future__ import annotations

import re
from typing import Literal

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.reading.numbers import holds_numbers, numbers
from seqtext.errors import DataError


def column(cells: list[object], dtype: str = "string") -> datasets.Dataset:
    features = datasets.Features(load=datasets.Value(dtype))
    return datasets.Dataset.from_dict({"load": cells}, features=features, split="train")


BAD = [
    ("1,5", "pass --decimal ,"),
    ("1,234.5", "remove the thousands separators"),
    ("1,234", "pass --decimal , if the comma is the decimal mark; remove it if it separates thousands"),
    ("1.234,5", "remove the thousands separators, and pass --decimal ,"),
    ("1 234", "remove the thousands separators"),
    ("1_000", "remove the thousands separators"),
    ("12 kW", "remove the unit 'kW'"),
    ("5%", "remove the unit '%'"),
    ("€ 12", "remove the unit '€'"),
    ("-", "pass --missing '-' if it marks a missing reading"),
    ("?", "pass --missing '?' if it marks"),
    ("NA", "pass --missing 'NA' if it marks"),
    ("null", "pass --missing 'null' if it marks"),
    ("−5", "write the minus sign as '-'"),
    ("inf", "leave the cell empty, or pass --missing 'inf'"),
    ("-Infinity", "leave the cell empty"),
    ("1e999", "leave the cell empty"),
    ("0x1A", "correct the cell"),
    ("1 2", "correct the cell"),
    ("--1", "correct the cell"),
    ("nan(1)", "correct the cell"),
    ("2020-01-01", "correct the cell, leave it empty if its reading is missing, or name another column"),
]


@pytest.mark.fault(36)
@pytest.mark.parametrize(("cell", "fix"), BAD)
def test_what_is_no_number_is_told_with_its_fix(cell: str, fix: str) -> None:
    with pytest.raises(DataError) as caught:
        numbers(column(["1", cell, "2.5"]), "load")
    start = f"split 'train', row 2, column 'load': found {cell!r}; expected a finite number; "
    assert str(caught.value).startswith(start + fix)


@pytest.mark.fault(36, 38)
@settings(max_examples=40, deadline=None)
@given(st.sampled_from(BAD), st.integers(0, 25_000), st.integers(0, 25_000))
def test_the_first_bad_row_is_the_true_one(bad: tuple[str, str], one: int, other: int) -> None:
    cells = np.full(25_001, "3", dtype=object)
    cells[[one, other]] = bad[0]
    more = "" if one == other else r" \(and 1 more row\)"
    with pytest.raises(
        DataError, match=rf"row {min(one, other) + 1}, column 'load': found {re.escape(repr(bad[0]))}{more}"
    ):
        numbers(column(cells.tolist()), "load")


@pytest.mark.fault(71)
@pytest.mark.parametrize(("decimal", "cells"), [(".", ["361,500", "1,084,500"]), (",", ["361.500", "-1.084.500,5"])])
def test_a_mark_that_stands_twice_in_any_cell_separates_thousands_in_all(
    decimal: Literal[".", ","], cells: list[str]
) -> None:
    with pytest.raises(DataError, match=r"found '361.500' \(and 1 more row\).*; remove the thousands separators$"):
        numbers(column(cells), "load", decimal=decimal)


def test_many_bad_rows_of_two_kinds_are_counted() -> None:
    with pytest.raises(DataError, match=r"row 1, .*found 'inf' \(and 3 more rows\)"):
        numbers(column(["inf", "1", "x", "1e999", "-"]), "load")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1.0),
        (" -1.5\t", -1.5),
        ("+2", 2.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e30", 1e30),
        ("1E-3", 0.001),
        ("\xa07", 7.0),
    ],
)
def test_numbers_are_taken_in_every_plain_spelling(cell: str, value: float) -> None:
    assert numbers(column([cell]), "load").tolist() == [value]


def test_cells_without_a_reading_are_nan() -> None:
    found = numbers(column([None, "", "  ", "nan", "NaN", "-nan", "NA", " ? ", "0"]), "load", missing=["NA", "?"])
    assert np.isnan(found).tolist() == [True] * 8 + [False]


@pytest.mark.fault(36)
def test_a_decimal_comma_and_what_it_rules_out() -> None:
    found = numbers(column(["1,5", "-,5", "3", "1e5", ""]), "load", decimal=",")
    np.testing.assert_array_equal(found, [1.5, -0.5, 3, 1e5, np.nan])
    for cell, fix in [
        ("1.5", "leave --decimal , out"),
        ("1.234", "leave --decimal , out if the point is the decimal mark"),
        ("1.234,5", "remove the thousands separators"),
        ("1,234.5", "remove the thousands separators, and leave --decimal , out"),
        ("1,2,3", "correct the cell"),
    ]:
        with pytest.raises(DataError, match=f"found {cell!r}; expected a finite number with a decimal comma; {fix}"):
            numbers(column(["0", cell]), "load", decimal=",")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1), st.sampled_from([".", ","]))
def test_what_python_writes_is_read_back_to_the_bit(values: list[float], decimal: Literal[".", ","]) -> None:
    cells: list[object] = [repr(value).replace(".", decimal) for value in values]
    np.testing.assert_array_equal(numbers(column(cells), "load", decimal=decimal), values)


def test_columns_of_numbers_are_taken_as_they_are() -> None:
    np.testing.assert_array_equal(numbers(column([1, None, 2**60 + 1], "int64"), "load"), [1, np.nan, 2.0**60])
    np.testing.assert_array_equal(
        numbers(column([1.5, float("nan"), -999.0], "float64"), "load", missing=["-999", "NA"])[1:], [np.nan] * 2
    )
    assert np.isnan(numbers(column([None], "null"), "load")).all()
    with pytest.raises(DataError, match="row 2, column 'load': found inf; expected a finite number"):
        numbers(column([1.0, float("inf")], "float64"), "load")
    with pytest.raises(DataError, match="column 'load': each cell is a list; expected numbers"):
        numbers(datasets.Dataset.from_dict({"load": [[1.0]]}, split="train"), "load")


def test_true_and_false_are_one_and_zero() -> None:
    for cells, dtype in (
        ([True, None, False], "bool"),
        (["true", "", "False"], "string"),
        (["TRUE", "NA", "FALSE"], "string"),
    ):
        np.testing.assert_array_equal(numbers(column(cells, dtype), "load", missing=["NA"]), [1, np.nan, 0])
    assert numbers(column(["true"]), "load", decimal=",").tolist() == [1]
    with pytest.raises(DataError, match="row 2, column 'load': found 'true'"):
        numbers(column(["1", "true"]), "load")


def test_rows_count_as_they_are_shown() -> None:
    shuffled = column(["1", "2", "x", "4"]).select([3, 2, 1])
    with pytest.raises(DataError, match="row 2, column 'load': found 'x'"):
        numbers(shuffled, "load")
    assert numbers(column(["1", "2", "3"]).select([2, 0]), "load").tolist() == [3, 1]


def test_a_column_meant_as_numbers_is_told_from_others() -> None:
    meant: list[list[object]] = [["1", "", "x", "2"], ["1,5"], ["1.234,5"], ["12 kW"], ["NA", "5"], ["-3e5"]]
    assert [cells for cells in meant if not holds_numbers(column(cells), "load", missing=["NA"])] == []
    others: list[list[object]] = [["2020-01-01"], ["00:15"], ["01.02.2020"], ["H1"], ["", None], ["Berlin"], ["-"]]
    assert [cells for cells in others if holds_numbers(column(cells), "load")] == []
    assert not holds_numbers(column([True], "bool"), "load")
