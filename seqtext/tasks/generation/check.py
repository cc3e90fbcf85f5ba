"""What `seqtext check` looks at in rows that a text generator is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqtext.data.reading.joined_columns import joined
from seqtext.data.rows.columns import choose_label, choose_text, require
from seqtext.data.rows.duplicates import IN_TRAIN_TOO
from seqtext.data.rows.faults import Fault, without_label, without_text
from seqtext.data.rows.named_columns import NamedColumns
from seqtext.data.rows.splits import test_is_given
from seqtext.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column; labels only where there are some.

    Raises:
        DataError: for columns that are not there, or not clear.
    """
    require({"": rows}, *filter(None, [joined(named.text_column), joined(named.label_column)]))
    try:
        label = joined(named.label_column) or choose_label(rows, text=joined(named.text_column) or None)
    except DataError:  # texts alone will do
        label = None
    found = {"texts": joined(named.text_column) or choose_text(rows, label=label)}
    return found if label is None else {**found, "labels": label}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows without a text, or without a label where there are labels."""
    found = columns(rows, named)
    yield from without_text(rows, found["texts"])
    if "labels" in found:
        yield from without_label(rows, found["labels"])


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it.
    """
    from seqtext.data.text.splits import text_splits

    found = columns(splits["train"], named)
    attributes = (found["labels"],) if "labels" in found else ()
    data = text_splits(splits, text_column=found["texts"], attributes=attributes, split_by="rows")
    yield from data.notes
    # What is drawn here is another test than the recipe's, which keeps apart what is nearly the same and takes longer for it.
    yield from (line for line in data.warnings if test_is_given(splits) or IN_TRAIN_TOO not in line)
