"""What `seqtext check` looks at in rows that a classifier is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from seqtext.data.rows.duplicates import IN_TRAIN_TOO
from seqtext.data.rows.faults import Fault, refused, without_label, without_text
from seqtext.data.rows.named_columns import NamedColumns
from seqtext.data.rows.splits import test_is_given
from seqtext.tasks.classification.columns import Asked, LabelColumn, choose_columns, target_column
from seqtext.tasks.classification.settings import Kind
from seqtext.tasks.classification.unlabelled import WAYS

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def columns(rows: Dataset, named: NamedColumns) -> dict[str, str]:
    """What is in which column.

    Raises:
        DataError: for columns that are not there, or not clear.
    """
    found = choose_columns(rows, _asked(named), text=named.text_column, label=named.label_column)
    return {"texts": found.text, ("numbers" if _asked(named).target == "number" else "labels"): found.label}


def faults(rows: Dataset, named: NamedColumns) -> Iterator[Fault]:
    """Rows without a text, without a label, or whose labels or number cannot be read."""
    text, label = columns(rows, named).values()
    yield from without_text(rows, text)
    column = target_column(rows, label, _asked(named))
    if isinstance(column, LabelColumn):
        yield from without_label(rows, label, fix=f"fill them in, remove them, or train with {WAYS}")
    else:
        yield from refused(rows, column.check)


def _asked(named: NamedColumns) -> Asked:
    """What texts have; `--target` of other tasks is a column."""
    kind = next((kind for kind in get_args(Kind) if kind == named.target), None)
    return Asked(kind, decimal=named.decimal, missing=named.missing)


def told(splits: DatasetDict, named: NamedColumns) -> Iterator[str]:
    """What the recipe would tell of the rows that are left.

    Raises:
        DataError: what would stop it.
    """
    from seqtext.tasks.classification.splits import labelled_splits

    data = labelled_splits(
        splits, text_column=named.text_column, label_column=named.label_column, asked=_asked(named), split_by="rows"
    )
    yield from data.notes
    # What is drawn here is another test than the recipe's, which keeps apart what is nearly the same and takes longer for it.
    yield from (line for line in data.warnings if test_is_given(splits) or IN_TRAIN_TOO not in line)
