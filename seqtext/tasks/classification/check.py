"""What `seqtext check` looks at in rows that a classifier is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqtext.data.reading.joined_columns import joined
from seqtext.data.rows.columns import choose_label, choose_text, require
from seqtext.data.rows.faults import Fault, without_label, without_text
from seqtext.data.rows.named_columns import NamedColumns

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column.

    Raises:
        DataError: for columns that are not there, or not clear.
    """
    require({"": rows}, *filter(None, [joined(named.text_column), named.label_column]))
    label = named.label_column or choose_label(rows, text=joined(named.text_column) or None)
    return {"texts": joined(named.text_column) or choose_text(rows, label=label), "labels": label}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows without a text or without a label."""
    found = columns(rows, named)
    yield from without_text(rows, found["texts"])
    yield from without_label(rows, found["labels"])


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it.
    """
    from seqtext.tasks.classification.splits import labelled_splits

    data = labelled_splits(splits, text_column=named.text_column, label_column=named.label_column, split_by="rows")
    yield from (*data.notes, *data.warnings)
