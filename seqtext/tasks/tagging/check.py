"""What `seqtext check` looks at in rows that a tagger is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqtext.data.rows.faults import Fault
from seqtext.data.rows.named_columns import NamedColumns
from seqtext.data.tags.columns import TaggedColumns, choose_tagged, tagged_faults

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column.

    Raises:
        DataError: for columns that are not there, or not clear.
    """
    found = _chosen(rows, named)
    return {"words": found.tokens, "tags": found.tags}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows whose words or tags cannot be used."""
    yield from tagged_faults(rows, _chosen(rows, named))


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it.
    """
    from seqtext.data.tags.splits import tagged_splits

    found = _chosen(splits["train"], named)
    data = tagged_splits(splits, token_column=found.tokens, tag_column=found.tags, together=False)
    yield from (*data.notes, *data.warnings)


def _chosen(rows: Dataset, named: NamedColumns) -> TaggedColumns:
    tokens = named.text_column[0] if named.text_column else None
    tags = named.label_column[0] if named.label_column else None
    return choose_tagged(rows, tokens=tokens, tags=tags)
