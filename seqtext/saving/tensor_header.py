"""What the head of a safetensors file says it holds, read before anything is made of it. Knows no torch and no models.

The library that reads the tensors checks much of this too; here it is checked first, so that what a file claims costs nothing.
"""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

from seqtext.errors import SavedFileError, shorten
from seqtext.saving.untrusted import MOST_BYTES, parse_json

# Bytes of one value, of each type that ours are saved in.
_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_MOST_DIMENSIONS = 8


class Shape(NamedTuple):
    """Type and shape of a tensor in a file; the type by safetensors' name."""

    dtype: str
    shape: tuple[int, ...]


def tensor_shapes(data: bytes, *, where: str) -> dict[str, Shape]:
    """Names, types and shapes that the head of a safetensors file lists.

    Args:
        data: all bytes of the file.
        where: what to call it in a message.

    Raises:
        SavedFileError: if it is none: no head, a name twice, a type or shape there is not, tensors that overlap, leave gaps or do not
            fill the file.
    """
    if len(data) < 8:
        raise _none(f"{len(data)} bytes", where)
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(MOST_BYTES, len(data) - 8):
        raise _none(f"a head of {length} bytes in a file of {len(data)}", where)
    try:
        head = parse_json(data[8 : 8 + length], where=where, finite=True)
    except SavedFileError as error:
        raise _none(str(error).removeprefix(f"{where}: ").partition(";")[0], where) from error
    if not isinstance(head, dict):
        raise _none("a head that is no list of tensors", where)
    notes = head.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        raise _none("notes that are no texts", where)
    end, places, found = len(data) - 8 - length, [], {}
    for name, entry in head.items():
        found[name], place = _tensor(name, entry, where)
        places.append(place)
    reached = 0
    for start, stop in sorted(places):
        if start != reached:
            raise _none(f"tensors that {'overlap' if start < reached else 'leave a gap'} at byte {start}", where)
        reached = stop
    if reached != end:
        raise _none(f"tensors of {reached} bytes in {end}", where)
    return found


def _tensor(name: str, entry: object, where: str) -> tuple[Shape, tuple[int, int]]:
    """Type and shape of a tensor, and where its bytes lie."""
    keys = {"dtype", "shape", "data_offsets"}
    if not isinstance(entry, dict) or set(entry) != keys:
        raise _none(f"tensor {shorten(name)} without type, shape and place", where)
    dtype, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _SIZES:
        raise _none(f"tensor {shorten(name)} of type {shorten(dtype)}", where)
    if not _are_sizes(shape) or len(shape) > _MOST_DIMENSIONS:
        raise _none(f"tensor {shorten(name)} of shape {shorten(shape)}", where)
    if not _are_sizes(place) or len(place) != 2 or place[1] - place[0] != math.prod(shape) * _SIZES[dtype]:
        raise _none(f"tensor {shorten(name)} at bytes {shorten(place)}, which its type and shape do not fill", where)
    return Shape(dtype, tuple(shape)), (place[0], place[1])


def _are_sizes(values: object) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**63 for value in values)


def _none(found: str, where: str) -> SavedFileError:
    return SavedFileError(f"not a safetensors file ({found})", where=where, fix="copy or download it again")
