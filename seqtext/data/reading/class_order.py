"""Classes of several files as one list of names: each file numbers its classes for itself, and ids are matched by name.

Knows data sets and their class columns; nothing of where they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import datasets


def in_one_order(parts: Sequence[datasets.Dataset]) -> list[datasets.Dataset]:
    """The same rows, the ids of each class column those of one list: the first part's names, then what others have beside them."""
    parts, kinds = list(parts), [part.features for part in parts]
    for column in parts[0].column_names:
        orders = [kind[column].names for kind in kinds if hasattr(kind.get(column), "names")]
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

    own: list[str] = part.features[column].names
    if own == list(names):
        return part
    place = {name: id_ for id_, name in enumerate(names)}
    moved = np.array([place[name] for name in own], dtype=np.int64)
    chunks = []
    for chunk in part.data.column(column).chunks:
        ids = np.asarray(chunk.fill_null(-1))
        known = (ids >= 0) & (ids < len(own))
        ids = np.where(known, moved[np.where(known, ids, 0)], ids)
        chunks.append(pa.array(ids, pa.int64(), mask=np.asarray(chunk.is_null())))
    info = part.info.copy()
    info.features = part.features.copy()
    info.features[column] = datasets.ClassLabel(names=list(names))
    table = part.data.table
    changed = table.set_column(table.column_names.index(column), column, pa.chunked_array(chunks, pa.int64()))
    return datasets.Dataset(changed.replace_schema_metadata(None), info=info, split=part.split)
