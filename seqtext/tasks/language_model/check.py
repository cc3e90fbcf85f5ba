"""What `seqtext check` looks at in rows that a language model is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqtext.data.reading.joined_columns import joined
from seqtext.data.rows.columns import choose_text, require
from seqtext.data.rows.faults import Fault, without_text
from seqtext.data.rows.named_columns import NamedColumns

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column.

    Raises:
        DataError: for columns that are not there, or not clear.
    """
    require({"": rows}, *filter(None, [joined(named.text_column)]))
    return {"texts": joined(named.text_column) or choose_text(rows)}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows without a text."""
    yield from without_text(rows, columns(rows, named)["texts"])


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it.
    """
    from seqtext.data.text.splits import text_splits

    data = text_splits(splits, text_column=columns(splits["train"], named)["texts"])
    yield from (*data.notes, *data.warnings)
