"""Answers of another model, in a column: its probabilities or logits of each class, a row each, as probabilities at a temperature.

A row may have none. Knows one column and the names of the classes; not labels, not the model that answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of, row_number
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

TeacherValues = Literal["auto", "probabilities", "logits"]
SUM_TOLERANCE = 0.0101  # of what should be 1: probabilities are often written with two digits
SHOWN = 8  # classes that a message lists


class TeacherAnswers(NamedTuple):
    """What a teacher says of some rows.

    Attributes:
        probabilities: (R, C), at the temperature; zeros where it says nothing.
        given: (R,) whether it says something.
        values: what the column holds.
    """

    probabilities: NDArray[np.float32]
    given: NDArray[np.bool_]
    values: Literal["probabilities", "logits"]


def listed(names: Sequence[str]) -> str:
    """Names of classes in their order, as messages show them."""
    return ", ".join([*map(shorten, names[:SHOWN]), *(["..."] if len(names) > SHOWN else [])])


def answered(rows: datasets.Dataset, column: str) -> NDArray[np.bool_]:
    """(R,) whether the teacher says something of a row: an empty cell is nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def of(array: pa.Array) -> NDArray[np.bool_]:
        there = pc.is_valid(array)
        if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            there = pc.and_(there, pc.not_equal(pc.utf8_trim_whitespace(array.fill_null("")), ""))
        return np.asarray(there.to_numpy(zero_copy_only=False), dtype=np.bool_)

    return np.concatenate([np.zeros(0, dtype=np.bool_), *map(of, column_arrays(rows, column))])


def teacher_answers(
    rows: datasets.Dataset,
    column: str,
    names: Sequence[str],
    *,
    values: TeacherValues = "auto",
    temperature: float = 1.0,
) -> TeacherAnswers:
    """A column of answers, checked.

    Args:
        rows: any.
        column: a list of numbers a row in the order of the classes, or a number for each class by its name; either may be JSON text.
        names: of the classes, in the order of their ids.
        values: what the numbers are; `auto` takes them for logits where more than half of the rows have a negative one.
        temperature: above 1 makes answers less sure, below 1 surer; the softmax is of logits, or log-probabilities, divided by it.

    Raises:
        DataError: naming the row whose numbers are too few, too many, not numbers, or no probabilities.
    """
    given = answered(rows, column)
    places = np.flatnonzero(given)
    found = np.concatenate([np.zeros((0, len(names))), *_numbers(rows, column, given, names)])
    logits = values == "logits" or (values == "auto" and 2 * int((found < 0).any(axis=1).sum()) > len(found))
    _check(rows, column, places, found, logits=logits)
    with np.errstate(divide="ignore"):
        scores = (found if logits else np.log(found)) / temperature
    scores -= scores.max(axis=1, keepdims=True, initial=-np.inf) if len(scores) else 0.0
    powers = np.exp(scores)
    probabilities = np.zeros((len(rows), len(names)), dtype=np.float32)
    probabilities[places] = powers / powers.sum(axis=1, keepdims=True)
    return TeacherAnswers(probabilities, given, "logits" if logits else "probabilities")


def _check(
    rows: datasets.Dataset, column: str, places: NDArray[np.int64], found: NDArray[np.float64], *, logits: bool
) -> None:
    """Sees to it that each row is finite, and probabilities if it should be."""
    finite = np.isfinite(found.max(axis=1, initial=-np.inf)) if logits else np.isfinite(found).all(axis=1)
    if len(bad := np.flatnonzero(~finite | np.isnan(found).any(axis=1))):
        expected = "a number for each class, or nothing at all where the teacher says nothing"
        raise _fault(rows, column, places[bad[0]], f"found {_shown(found[bad[0]])}", expected=expected)
    if logits:
        return
    sums = found.sum(axis=1)
    wrong = np.flatnonzero((found < 0).any(axis=1) | (np.abs(sums - 1) > SUM_TOLERANCE))
    if len(wrong):
        first = wrong[0]
        of_all = f", as {len(wrong):,} of {len(found):,} rows" if len(wrong) > 1 else ""
        what = "a negative one among them" if (found[first] < 0).any() else f"which sum to {sums[first]:.4g}{of_all}"
        fix = "write probabilities; or, if they are logits, --teacher_values logits"
        told = f"found {_shown(found[first])}, {what}"
        raise _fault(rows, column, places[first], told, expected="probabilities, which sum to 1", fix=fix)


def _shown(values: NDArray[np.float64]) -> str:
    return shorten(
        "[" + ", ".join(f"{value:.4g}" for value in values[:SHOWN]) + (", ...]" if len(values) > SHOWN else "]")
    )


def _fault(
    rows: datasets.Dataset, column: str, place: int, found: str, *, expected: str, fix: str | None = None
) -> DataError:
    where = f"{place_of(rows)}, row {row_number(rows, int(place))}, column {column!r}"
    return DataError(found, where=where, expected=expected, fix=fix or "mend the row, or leave its cell empty")


def _numbers(
    rows: datasets.Dataset, column: str, given: NDArray[np.bool_], names: Sequence[str]
) -> Iterator[NDArray[np.float64]]:
    """(some, C) numbers of the rows that have an answer, some thousand rows at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    start = 0
    for array in column_arrays(rows, column):
        places = start + np.flatnonzero(given[start : start + len(array)])
        start += len(array)
        if not len(places):
            continue
        array = array.filter(pa.array(given[start - len(array) : start]))
        if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            array = _of_json(array.to_pylist(), places, rows, column, names)
        if pa.types.is_struct(array.type):
            yield _by_name(array, rows, column, names, places[0])
        elif _is_list(array.type) and _is_number(array.type.value_type):
            lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False)
            if len(wrong := np.flatnonzero(lengths != len(names))):
                found = f"found {lengths[wrong[0]]} number(s)"
                expected = f"{len(names)}, one for each class, in the order {listed(names)}"
                raise _fault(rows, column, places[wrong[0]], found, expected=expected)
            flat = array.flatten().cast(pa.float64()).to_numpy(zero_copy_only=False)  # nothing is NaN
            yield flat.reshape(-1, len(names))
        else:
            expected = "a list of numbers in each row, or a number for each class by its name"
            raise _fault(rows, column, places[0], f"found {shorten(array[0].as_py())}", expected=expected)


def _is_list(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))


def _is_number(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_null(type_))


def _by_name(
    array: pa.Array, rows: datasets.Dataset, column: str, names: Sequence[str], place: int
) -> NDArray[np.float64]:
    """Numbers out of an array that has one for each class by its name."""
    import pyarrow as pa

    theirs = [field.name for field in array.type]
    if set(theirs) != set(names) or not all(_is_number(field.type) for field in array.type):
        found = f"found numbers of {listed(theirs)}"
        expected = f"one for each class: {listed(names)}"
        raise _fault(rows, column, place, found, expected=expected)
    columns = [array.field(name).cast(pa.float64()).to_numpy(zero_copy_only=False) for name in names]
    return np.stack(columns, axis=1)


def _of_json(
    texts: Sequence[str], places: NDArray[np.int64], rows: datasets.Dataset, column: str, names: Sequence[str]
) -> pa.Array:
    """Lists of numbers out of JSON texts: of lists, or of numbers by the names of the classes."""
    import pyarrow as pa

    lists: list[list[float | None]] = []
    for text, place in zip(texts, places.tolist(), strict=True):
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, dict) and set(value) == set(names):
            value = [value[name] for name in names]
        if not isinstance(value, list) or not all(type(one) in (int, float, type(None)) for one in value):
            expected = f"JSON such as [0.9, 0.1], or a number for each class: {listed(names)}"
            raise _fault(rows, column, place, f"found {shorten(text)}", expected=expected)
        lists.append([None if one is None else float(one) for one in value])
    return pa.array(lists, pa.list_(pa.float64()))
