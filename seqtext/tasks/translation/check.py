"""What `seqtext check` looks at in rows that a translator is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqtext.data.pairs.columns import choose_pairs
from seqtext.data.rows.faults import Fault, refused
from seqtext.data.rows.named_columns import NamedColumns
from seqtext.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column. The first row tells: others may lack a text.

    Raises:
        DataError: for columns that are not there, or not clear.
    """
    try:
        pairs = _pairs(rows.select(range(1)), named)
    except DataError:
        pairs = _pairs(rows, named)
    return {"sources": pairs[1], "targets": pairs[2]}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows whose source or target is no text. Blank ones are left out in training, which `told` tells."""
    yield from refused(rows, lambda some: _pairs(some, named))


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it.
    """
    from seqtext.data.pairs.splits import pair_splits

    data = pair_splits(splits, source=named.source, target=named.target)
    yield from (*data.notes, *data.warnings)


def _pairs(rows: Dataset, named: NamedColumns) -> tuple[Dataset, str, str]:
    import datasets

    pairs = choose_pairs(datasets.DatasetDict(train=rows), source=named.source, target=named.target)
    return pairs.splits["train"], pairs.source, pairs.target
