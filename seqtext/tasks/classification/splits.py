"""From a loaded data set to training, validation and test rows with labels: which split is which, and which rows drop out.

Never chooses on test: where a split is missing it is made from training rows, and said so. Knows no tokens and no models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.label_codes import coded
from seqtext.data.rows.columns import Columns, by_content, choose, require
from seqtext.data.rows.duplicates import duplicates
from seqtext.data.rows.labels import Labels, about_labels, check_same_classes, without_label
from seqtext.data.rows.splits import hold_out_rows, parts_of, used_splits
from seqtext.data.rows.teacher import answered, listed
from seqtext.data.text.groups import SplitBy, groups_by, groups_of_column
from seqtext.errors import DataError
from seqtext.tasks.classification.unlabelled import gathered, taken_out

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

Unlabelled = Literal["error", "drop", "use"]


@dataclass(frozen=True)
class LabelledSplits:
    """What a classifier is trained, chosen and tested on.

    Attributes:
        train: training rows.
        validation: rows that decide which epoch is kept.
        test: rows nobody looks at before the end.
        columns: the columns used.
        duplicates: test rows whose text is in train too.
        notes: what was decided and left out, one line each.
        warnings: what the user should look at, one line each.
        unlabelled: texts without a label that teach too, if there are any.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    columns: Columns
    duplicates: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    unlabelled: Dataset | None = None


def labelled_splits(
    splits: DatasetDict,
    *,
    text_column: str | Sequence[str] | None = None,
    label_column: str | None = None,
    teacher_column: str | None = None,
    unlabelled: Unlabelled = "error",
    further: Sequence[Dataset] = (),
    max_rows: int | None = None,
    per_class: int | None = None,
    seed: int = 0,
    split_by: SplitBy = "near",
) -> LabelledSplits:
    """Chooses columns and splits, sets rows without a label aside if asked to, and holds rows out where a split is missing.

    Several text columns are joined: `columns.text` is then their common name, which everything that reads texts takes.
    `further` are rows of another source whose texts teach without labels, whatever becomes of those of this one.
    `split_by` says what stays on one side of what is held out; to find texts that are nearly the same takes longer than all the rest.

    Raises:
        DataError: naming split, row and column of what cannot be used.
    """
    notes: list[str] = []
    given: list[Dataset] = []  # rows without a label that were given
    undrawn: list[Dataset] = []
    if unlabelled == "use":
        splits = type(splits)(splits)
        given = taken_out(splits)
    splits = used_splits(splits, notes)
    columns = choose(splits, text=text_column, label=label_column)
    notes += by_content(splits["train"], columns, text=text_column, label=label_column)
    column = columns.label
    check_same_classes(splits, column)
    if teacher_column is not None:
        require({"train": splits["train"]}, teacher_column)
    if unlabelled != "error":
        splits = _without_unlabelled(
            splits, column, notes, teacher=teacher_column, aside=given if unlabelled == "use" else None
        )
    found_notes, warnings = about_labels(splits, column)
    notes += found_notes
    train, validation, test = parts_of(
        splits,
        notes,
        labels=lambda rows: _ids(rows, column, teacher_column),
        groups=lambda rows: groups_by(rows, columns.text, split_by),
        check=lambda train, parts: _check_held_out(train, parts, column),
        max_rows=max_rows,
        per_class=per_class,
        seed=seed,
        drawn=" by class",
        aside=undrawn if unlabelled == "use" else None,
    )
    if teacher_column is not None:
        notes += _told_of_teacher(train, columns, teacher_column)
    labels = Labels.of(train, column)  # only now: a class may have lost its last training row
    warnings += [warning for rows in (validation, test) for warning in labels.encode(rows, column).warnings]
    found = duplicates(train, test, columns.text)
    if found.total:
        first = ", ".join(map(str, found.first_rows))
        warnings.append(
            f"{found.total:,} test texts are in train too (test rows {first}{', ...' if found.total > len(found.first_rows) else ''}):"
            " the test figure flatters"
        )
    others = None
    if unlabelled == "use" or further:
        others = gathered(
            [*given, *further],
            undrawn,
            train=train,
            test=test,
            columns=columns,
            test_is_given=not {"test", "validation"}.isdisjoint(splits),
            notes=notes,
        )
    return LabelledSplits(train, validation, test, columns, found.total, tuple(notes), tuple(warnings), others)


def hold_out(
    train: Dataset, column: str, *, text: str, teacher: str | None = None, seed: int
) -> tuple[Dataset, Dataset]:
    """The training rows and a tenth of them held out, each class with its share, texts that are nearly the same together.

    Rows with a teacher's answer and no label stay in training.

    Raises:
        DataError: if there are too few rows, or a row without a label.
    """
    return hold_out_rows(train, _ids(train, column, teacher), seed=seed, groups=groups_of_column(train, text))


def _ids(rows: Dataset, column: str, teacher: str | None) -> NDArray[np.int64]:
    """Ids of the labels; -1 where a teacher alone answers, which is never held out."""
    labels = Labels.of(rows, column)
    if teacher is None or teacher not in rows.column_names:
        return labels.encode(rows, column).ids
    found = labels.encode(rows, column, unlabelled="drop")
    ids = np.full(len(rows), -1, dtype=np.int64)
    ids[found.rows] = found.ids
    if len(neither := np.flatnonzero((ids < 0) & ~answered(rows, teacher))):
        raise without_label(rows, column, neither)
    return ids


def _told_of_teacher(train: Dataset, columns: Columns, teacher: str) -> list[str]:
    """How many rows it answers, and in which order its numbers are read."""
    given = answered(train, teacher)
    alone = int((given & (coded(train, columns.label).codes < 0)).sum())
    names = listed(Labels.of(train, columns.label).names)
    return [
        f"column {teacher!r} answers {int(given.sum()):,} of {len(train):,} training rows, {alone:,} of them without a label;"
        f" lists are in the order of the classes: {names}"
    ]


def _check_held_out(train: Dataset, parts: Sequence[Dataset], column: str) -> None:
    """Sees to it that training rows are left of two classes, and of one that each part taken out of them has.

    Raises:
        DataError: if there were too few rows for that.
    """
    codes = [coded(rows, column) for rows in (train, *parts)]
    trained, *taken = ({part.values[code] for code in np.flatnonzero(part.counts)} for part in codes)
    if len(trained) < 2 or not all(trained & classes for classes in taken):
        rows = len(train) + sum(map(len, parts))
        raise DataError(
            f"{rows:,} rows are too few to take rows to validate and to test out of them",
            where=f"{place_of(train)}, column {column!r}",
            expected="rows of two classes to be left",
            fix="give more rows, or a file for each with --validation and --test",
        )


def _without_unlabelled(
    splits: DatasetDict,
    column: str,
    notes: list[str],
    *,
    teacher: str | None = None,
    aside: list[Dataset] | None = None,
) -> DatasetDict:
    """The splits without rows that have no label, and without splits of such rows only, as the hub's hidden tests.

    Training rows that a teacher answers stay; those that are left out are added to `aside`, if there is such a list.
    """
    kept = type(splits)()
    for name, rows in splits.items():
        kept_rows = coded(rows, column).codes >= 0
        if teacher is not None and name == "train":
            kept_rows |= answered(rows, teacher)
        labelled = np.flatnonzero(kept_rows)
        dropped = len(rows) - len(labelled)
        if dropped and aside is not None and name == "train":
            aside.append(rows.select(np.flatnonzero(~kept_rows)))
        elif dropped:
            how = "drop" if aside is None else "use"
            notes.append(
                f"{dropped:,} of {len(rows):,} rows of split {name!r} have no label and are left out (--unlabelled {how})"
            )
        if len(labelled):
            kept[name] = rows.select(labelled) if dropped else rows
    if "train" not in kept:
        raise DataError("no training row has a label", where=f"column {column!r}", fix="choose another --label_column")
    return kept
