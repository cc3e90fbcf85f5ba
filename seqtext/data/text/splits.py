"""From a loaded data set to training, validation and test texts, with or without a column to draw evenly by.

Never chooses on test: where a split is missing it is made from training rows, and said so. Knows no tokens and no models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqtext.data.reading.joined_columns import joined
from seqtext.data.reading.label_codes import check_values
from seqtext.data.rows.columns import check_texts, choose_text, require
from seqtext.data.rows.duplicates import IN_TRAIN_TOO, duplicates
from seqtext.data.rows.labels import about_labels
from seqtext.data.rows.splits import parts_of, used_splits
from seqtext.data.text.groups import SplitBy, groups_by

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


@dataclass(frozen=True)
class TextSplits:
    """What a model of texts is trained, chosen and tested on.

    Attributes:
        train: training rows.
        validation: rows that decide which epoch is kept.
        test: rows nobody looks at before the end.
        text_column: where the texts are.
        duplicates: test rows whose text is in train too.
        notes: what was decided and left out, one line each.
        warnings: what the user should look at, one line each.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    text_column: str
    duplicates: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def text_splits(
    splits: DatasetDict,
    *,
    text_column: str | Sequence[str] | None = None,
    attributes: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
    max_rows: int | None = None,
    seed: int = 0,
    split_by: SplitBy = "near",
) -> TextSplits:
    """Chooses the text column and the splits, and holds rows out where a split is missing.

    Args:
        splits: as loaded.
        text_column: recognised if there is no doubt; of several the texts are joined.
        attributes: columns of classes with a value in every row; held-out rows get their share of each class of the first.
        others: further columns that there must be.
        max_rows: of training.
        seed: of what is drawn.
        split_by: what stays on one side of what is held out; to find texts that are nearly the same takes longer than all the rest.

    Raises:
        DataError: naming split, row and column of what cannot be used.
    """
    notes: list[str] = []
    splits = used_splits(splits, notes)
    evenly_by = attributes[0] if attributes else None
    column = joined(text_column) if text_column else choose_text(splits["train"], label=evenly_by)
    require(splits, column, *attributes, *others)
    for rows in splits.values():  # before rows are held out: so their numbers are those of the file
        check_texts(rows, column)
        for attribute in attributes:
            check_values(rows, attribute)
    warnings: list[str] = []
    for attribute in attributes:
        for found, told in zip((notes, warnings), about_labels(splits, attribute), strict=True):
            found += told
    train, validation, test = parts_of(
        splits,
        notes,
        labels=lambda rows: evenly_by,
        groups=lambda rows: groups_by(rows, column, split_by),
        max_rows=max_rows,
        seed=seed,
    )
    copies = duplicates(train, test, column)
    if copies.total:
        warnings.append(f"{copies.total:,} {IN_TRAIN_TOO}: the test figures flatter")
    return TextSplits(train, validation, test, column, copies.total, tuple(notes), tuple(warnings))
