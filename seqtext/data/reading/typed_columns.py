"""Values of one column as Arrow arrays of one type: whole numbers widen to numbers, nothing becomes something else.

A column whose values share no type is at fault, and the rows of the fewest are: its type is that of most. Knows the values
and the rows they are in; where they stand in a file is given for its messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from seqtext.data.reading.json_lines import Repeated
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa

MOST_FIELDS = 1_000  # of an object: beyond, its keys are data, and as many columns would fill the memory

_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
_NEVER = ("large", "not finite", "repeated")  # kinds no column can be of


class TypedColumn:
    """A column that is read batch by batch.

    Args:
        name: of the column.
        file: what messages call the file.

    Attributes:
        type: of the values so far; `pa.null()` at the start.
        is_at_fault: whether they share none.
    """

    def __init__(self, name: str, file: str) -> None:
        import pyarrow as pa

        self.name, self.type = name, pa.null()
        self.is_at_fault = False
        self._file = file
        self._counts: dict[str, int] = {}  # values of each kind
        self._first: dict[str, tuple[int, object]] = {}  # row and value of the first
        self._misfit = (0, "", "")  # row, what was found, and what was expected, where all are of one kind

    def add(self, values: Sequence[object], first_row: int) -> pa.Array | None:
        """The values as an array of the type so far, or of the wider type they need; None for a column at fault.

        Args:
            values: as JSON has them; None is null, of any type.
            first_row: the row of `values[0]`.
        """
        if self.is_at_fault:
            self._count(values, first_row)
            return None
        array = _array(values, self.type)
        if array is not None:
            if not self._counts or array.type != self.type:
                self._note_first(values, first_row)
            there = len(array) - array.null_count
            kind = _family(next((value for value in values if value is not None), None))
            self._counts[kind] = self._counts.get(kind, 0) + there
            self.type = array.type
            return array
        self._misfit = self._find_misfit(values, first_row)
        self.is_at_fault = True
        self._count(values, first_row)
        return None

    def error(self) -> DataError:
        """What is wrong with a column at fault, with the first row of those that are not as most are."""
        possible = {kind: count for kind, count in self._counts.items() if kind not in _NEVER and count}
        most = max(possible, key=lambda kind: possible[kind], default="")
        odd = sorted((self._first[kind][0], kind) for kind in self._first if kind != most)
        fix = "write the whole column in one type"
        if not odd:
            row, found, expected = self._misfit
            where = f"{self._file}, row {row}, column {self.name!r}"
            return DataError(found, where=where, expected=expected, fix=fix)
        row, kind = odd[0]
        value = self._first[kind][1]
        where = f"{self._file}, row {row}, column {self.name!r}"
        if isinstance(value, Repeated):
            found = f"the key {shorten(value.key)} stands twice in the object"
            return DataError(found, where=where, expected="each key once", fix="mend or remove the row")
        if kind == "large":
            return DataError(f"found {shorten(value)}", where=where, expected="a whole number of at most 64 bits")
        if kind == "not finite":
            found = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
            return DataError(f"found {found}, which is no number of JSON's", where=where, fix="write null instead")
        found = f"found {shorten(value)}, which is {_KINDS[type(value)]}"
        expected = f"{_KINDS[type(self._first[most][1])]}, as in other rows"
        return DataError(found, where=where, expected=expected, fix=fix)

    def _note_first(self, values: Sequence[object], first_row: int) -> None:
        for row, value in enumerate(values, start=first_row):
            if value is not None:
                self._first.setdefault(_family(value), (row, value))
                return

    def _count(self, values: Sequence[object], first_row: int) -> None:
        for row, value in enumerate(values, start=first_row):
            if value is not None:
                kind = _family(value)
                self._counts[kind] = self._counts.get(kind, 0) + 1
                self._first.setdefault(kind, (row, value))

    def _find_misfit(self, values: Sequence[object], first_row: int) -> tuple[int, str, str]:
        """The shortest run of values that does not fit ends with the value at fault."""
        import pyarrow as pa

        fitting, misfit = 0, len(values)
        while misfit - fitting > 1:
            middle = (fitting + misfit) // 2
            fits = _array(values[:middle], self.type) is not None
            fitting, misfit = (middle, misfit) if fits else (fitting, middle)
        before = _array(values[:fitting], self.type)
        value, type_ = values[fitting], self.type if before is None else before.type
        kind, wanted = _KINDS.get(type(value), "odd"), kind_of(type_)
        if pa.types.is_null(type_):  # nothing came before it: it has no type of its own
            keys = f"an object of at most {MOST_FIELDS:,} keys"
            expected = keys if kind == _KINDS[dict] else "a list of values of one type"
            return first_row + fitting, f"found {shorten(value)}", expected
        if kind == wanted == _KINDS[list]:  # what is odd is in it
            wanted += f" whose values are each {kind_of(type_.value_type)}"
        return first_row + fitting, f"found {shorten(value)}, which is {kind}", f"{wanted}, as in other rows"


def kind_of(type_: pa.DataType) -> str:
    """What a message calls an Arrow type: "text", "a whole number", "a list"; its own name for the rarer ones."""
    import pyarrow as pa

    tests = {
        bool: pa.types.is_boolean,
        int: pa.types.is_integer,
        float: pa.types.is_floating,
        str: lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
        list: lambda t: pa.types.is_list(t) or pa.types.is_large_list(t),
        dict: pa.types.is_struct,
    }
    return next((_KINDS[python] for python, test in tests.items() if test(type_)), str(type_))


def _family(value: object) -> str:
    """Values of one family may share a type."""
    if isinstance(value, Repeated):
        return "repeated"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "large"
    if isinstance(value, float):
        return "number" if value - value == 0 else "not finite"
    return "number" if type(value) is int else type(value).__name__


def _array(values: Sequence[object], known: pa.DataType) -> pa.Array | None:
    import pyarrow as pa

    try:
        if _cannot_be_typed(values):
            return None
        array = pa.array(values)
        if pa.types.is_floating(array.type) and not _all_finite(array):
            return None
        if array.type == known:
            return array
        both = [pa.schema([("", known)]), pa.schema([("", array.type)])]
        return array.cast(pa.unify_schemas(both, promote_options="permissive").field(0).type)
    except (pa.ArrowException, OverflowError, TypeError, RecursionError):
        return None


def _all_finite(array: pa.Array) -> bool:
    import pyarrow.compute as pc

    return pc.all(pc.is_finite(array)).as_py() is not False


def _cannot_be_typed(values: Sequence[object]) -> bool:
    """Whether Arrow would take true for 1.0 somewhere among floats, or the objects among the values have more than `MOST_FIELDS` keys."""
    if objects := [value for value in values if type(value) is dict]:
        fields: dict[str, list[object]] = {}
        for one in objects:
            for key, value in one.items():
                fields.setdefault(key, []).append(value)
            if len(fields) > MOST_FIELDS:
                return True
        return any(map(_cannot_be_typed, fields.values()))
    if lists := [value for value in values if type(value) is list]:
        return _cannot_be_typed(list(chain.from_iterable(lists)))
    return {bool, float} <= set(map(type, values))
