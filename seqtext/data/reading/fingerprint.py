"""The fingerprint of a data set: a hash of what its rows hold, in their order, wherever and however they are stored.

Reads the Arrow buffers once, in batches. Knows columns and their types; nothing of paths, names or splits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa


def fingerprint(dataset: datasets.Dataset, columns: Sequence[str] | None = None) -> str:
    """The SHA-256 of the columns' names, types, class names and values, as hexadecimal digits.

    Args:
        dataset: any; of a shuffled or selected one, the rows it shows.
        columns: those that matter, in any order; all if not given.
    """
    whole, features = (
        hashlib.sha256(f"{len(dataset)} rows".encode()),
        dataset.features,
    )  # copied each time it is asked for
    for column in sorted(dataset.column_names if columns is None else columns):
        names = getattr(features.get(column), "names", None)  # joined columns are no feature
        whole.update(repr((column, names)).encode())
        streams = _Streams()
        for array in column_arrays(dataset, column):
            streams.add(array)
        whole.update(streams.digest())
    return whole.hexdigest()


class _Streams:
    """Hashes of one column, a stream each for nulls, lengths and values.

    Kept apart, the streams do not show where one batch ended and the next began.
    """

    def __init__(self) -> None:
        self._hashes: dict[str, hashlib._Hash] = {}

    def add(self, array: pa.Array, path: str = "") -> None:
        """Adds the next rows; `path` tells the fields inside lists and objects apart."""
        import pyarrow as pa

        type_ = array.type
        self._update(f"{path} null", array.is_null().cast(pa.uint8()).to_numpy())
        if pa.types.is_null(type_):
            return
        if pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_binary(type_):
            self._add_bytes(array, f"{path} {'binary' if pa.types.is_binary(type_) else 'text'}")
        elif pa.types.is_list(type_) or pa.types.is_large_list(type_):
            self._update(f"{path} length", array.value_lengths().fill_null(0).cast(pa.int64()).to_numpy())
            self.add(array.flatten(), f"{path}[]")
        elif pa.types.is_struct(type_):
            for field in sorted(field.name for field in type_):
                self.add(array.field(field), f"{path}.{field}")
        elif pa.types.is_integer(type_) or pa.types.is_floating(type_):
            self._update(f"{path} {type_}", array.fill_null(0).to_numpy())
        else:
            # Booleans, dates and other rare types: what they look like, slowly.
            self._update(f"{path} {type_}", "\0".join(map(repr, array.to_pylist())).encode() + b"\0")

    def digest(self) -> bytes:
        """Digest of all streams together."""
        return b"".join(name.encode() + hash_.digest() for name, hash_ in sorted(self._hashes.items()))

    def _add_bytes(self, array: pa.Array, path: str) -> None:
        import pyarrow as pa

        array = array.fill_null("" if path.endswith("text") else b"") if array.null_count else array
        _, offsets, values = array.buffers()
        width = np.dtype(np.int64 if pa.types.is_large_string(array.type) else np.int32)
        ends = np.frombuffer(offsets, dtype=width, count=len(array) + 1, offset=array.offset * width.itemsize)
        self._update(f"{path} length", np.diff(ends).astype(np.int64))
        if values is not None:
            self._update(path, memoryview(values)[ends[0] : ends[-1]])

    def _update(self, stream: str, values: NDArray[np.generic] | memoryview | bytes) -> None:
        data = values.tobytes() if isinstance(values, np.ndarray) else values
        self._hashes.setdefault(stream, hashlib.sha256()).update(data)
