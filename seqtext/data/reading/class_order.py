"""Classes of several files as one list of names: each file numbers its classes for itself, and ids are matched by name.

Knows data sets and their class columns; nothing of where they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa


def names_of(feature: Any) -> list[str] | None:
    """The names of the classes that a column, or a column's lists, are of; None for any other."""
    found: list[str] | None = getattr(feature, "names", None) or getattr(
        getattr(feature, "feature", None), "names", None
    )
    return found


def in_one_order(parts: Sequence[datasets.Dataset]) -> list[datasets.Dataset]:
    """The same rows, the ids of each class column those of one list: the first part's names, then what others have beside them."""
    parts, kinds = list(parts), [part.features for part in parts]
    for column in parts[0].column_names:
        orders = [names for kind in kinds if (names := names_of(kind.get(column))) is not None]
        if len(orders) < len(parts):
            continue  # a column of classes here and of plain ids there differs in type: for others to refuse
        together = list(dict.fromkeys(name for names in orders for name in names))
        parts = [renumbered(part, column, together) for part in parts]
    return parts


def renumbered(part: datasets.Dataset, column: str, names: Sequence[str]) -> datasets.Dataset:
    """A data set, as it was read, whose class column has these names, its own among them, in this order; itself if it has them already.

    An id that stands for no name, as -1 for "unlabelled", is no class and stays what it is.
    """
    import datasets
    import pyarrow as pa

    own = names_of(part.features[column]) or []
    if own == list(names):
        return part
    place = {name: id_ for id_, name in enumerate(names)}
    moved = np.array([place[name] for name in own], dtype=np.int64)
    listed = not hasattr(part.features[column], "names")
    chunks = []
    for chunk in part.data.column(column).chunks:
        if listed:
            ids = _moved(chunk.values, moved)
            chunks.append(type(chunk).from_arrays(chunk.offsets, ids, mask=chunk.is_null()))
        else:
            chunks.append(_moved(chunk, moved))
    info = part.info.copy()
    info.features = part.features.copy()
    kind = datasets.ClassLabel(names=list(names))
    info.features[column] = datasets.Sequence(kind) if listed else kind
    table = part.data.table
    type_ = part.data.column(column).type if listed else pa.int64()
    changed = table.set_column(table.column_names.index(column), column, pa.chunked_array(chunks, type_))
    return datasets.Dataset(changed.replace_schema_metadata(None), info=info, split=part.split)


def _moved(ids: pa.Array, moved: np.ndarray) -> pa.Array:
    """Ids as those that `moved` has at their places; what is no place stays."""
    import pyarrow as pa

    values = np.asarray(ids.fill_null(-1))
    known = (values >= 0) & (values < len(moved))
    values = np.where(known, moved[np.where(known, values, 0)], values)
    return pa.array(values, pa.int64(), mask=np.asarray(ids.is_null()))
