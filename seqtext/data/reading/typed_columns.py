"""Values of one column as an Arrow array of one type: whole numbers widen to numbers, nothing becomes something else.

Knows the values and the type so far; where they stand in a file is given for its messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def typed(values: Sequence[object], known: pa.DataType, *, name: str, column: str, first_row: int) -> pa.Array:
    """The values as an array of the type `known` so far, or of the wider type they need (number for whole number).

    Args:
        values: as JSON has them; None is null, of any type.
        known: the type of the column in the rows before; `pa.null()` at the start.
        name: of the file.
        column: its name.
        first_row: the row of `values[0]`.

    Raises:
        DataError: a value that the values before it cannot share a type with; names its row.
    """
    array = _array(values, known)
    if array is not None:
        return array
    # The shortest run of values that does not fit ends with the value at fault.
    fitting, misfit = 0, len(values)
    while misfit - fitting > 1:
        middle = (fitting + misfit) // 2
        fitting, misfit = (middle, misfit) if _array(values[:middle], known) is not None else (fitting, middle)
    fits = _array(values[:fitting], known)
    where = f"{name}, row {first_row + fitting}, column {column!r}"
    raise _misfit(values[fitting], known if fits is None else fits.type, where)


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


def _array(values: Sequence[object], known: pa.DataType) -> pa.Array | None:
    import pyarrow as pa

    try:
        array = pa.array(values)
        if array.type == known:
            return array
        # Arrow takes True for 1.0 among floats; everywhere else it refuses to mix the two.
        if pa.types.is_floating(array.type) and bool in set(map(type, values)):
            return None
        both = [pa.schema([("", known)]), pa.schema([("", array.type)])]
        return array.cast(pa.unify_schemas(both, promote_options="permissive").field(0).type)
    except (pa.ArrowException, OverflowError, TypeError):
        return None


def _misfit(value: object, known: pa.DataType, where: str) -> DataError:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return DataError(f"found {shorten(value)}", where=where, expected="a whole number of at most 64 bits")
    found = f"found {shorten(value)}, which is {_KINDS[type(value)]}"
    fix = "write the whole column in one type"
    return DataError(found, where=where, expected=f"{kind_of(known)}, as in the rows before", fix=fix)
