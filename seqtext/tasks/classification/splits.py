"""From a loaded data set to training, validation and test rows with labels: which split is which, and which rows drop out.

Never chooses on test: where a split is missing it is made from training rows, and said so. Knows no tokens and no models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.label_codes import coded
from seqtext.data.rows.chosen import about_columns
from seqtext.data.rows.columns import Columns, require
from seqtext.data.rows.duplicates import IN_TRAIN_TOO, duplicates
from seqtext.data.rows.labels import Labels
from seqtext.data.rows.splits import hold_out_rows, parts_of, test_is_given, used_splits
from seqtext.data.rows.teacher import answered, listed
from seqtext.data.text.groups import SplitBy, groups_by, groups_of_column
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.classification.columns import IN_DRAWING, UNASKED, Asked, TargetColumn, choose_columns, target_column
from seqtext.tasks.classification.settings import Kind
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
        target: what texts have.
        duplicates: test rows whose text is in train too.
        notes: what was decided and left out, one line each.
        warnings: what the user should look at, one line each.
        unlabelled: texts without a label that teach too, if there are any.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    columns: Columns
    target: Kind
    duplicates: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    unlabelled: Dataset | None = None


def labelled_splits(
    splits: DatasetDict,
    *,
    text_column: str | Sequence[str] | None = None,
    label_column: str | Sequence[str] | None = None,
    asked: Asked = UNASKED,
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
    columns = choose_columns(splits, asked, text=text_column, label=label_column)
    target = target_column(splits["train"], columns.label, asked)
    if target.kind != "number":
        one = target.kind == "label"
        notes += about_columns(splits["train"], columns, text=text_column, label=label_column, one_label=one)
    if teacher_column is not None:
        _check_teacher(splits, teacher_column, target.kind)
    if unlabelled != "error":
        aside = given if unlabelled == "use" else None
        splits = _without_unlabelled(splits, target, notes, teacher=teacher_column, aside=aside)
    found_notes, warnings = target.about(splits)
    notes += found_notes
    train, validation, test = parts_of(
        splits,
        notes,
        labels=lambda rows: _strata(rows, target, teacher_column),
        groups=lambda rows: groups_by(rows, columns.text, split_by),
        check=target.check_held_out,
        max_rows=max_rows,
        per_class=_checked_per_class(per_class, target.kind),
        seed=seed,
        drawn=IN_DRAWING[target.kind],
        aside=undrawn if unlabelled == "use" else None,
    )
    if teacher_column is not None:
        notes += _told_of_teacher(train, columns, teacher_column)
    target = target_column(train, columns.label, asked._replace(target=target.kind, form=getattr(target, "form", None)))
    # Only now: a class may have lost its last training row.
    warnings += [warning for rows in (validation, test) for warning in target.answers(rows).warnings]
    found = duplicates(train, test, columns.text)
    if found.total:
        first = ", ".join(map(str, found.first_rows))
        warnings.append(
            f"{found.total:,} {IN_TRAIN_TOO} (test rows {first}{', ...' if found.total > len(found.first_rows) else ''}):"
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
            test_is_given=test_is_given(splits),
            notes=notes,
        )
    return LabelledSplits(
        train, validation, test, columns, target.kind, found.total, tuple(notes), tuple(warnings), others
    )


def hold_out(
    train: Dataset, target: TargetColumn, *, text: str, teacher: str | None = None, seed: int
) -> tuple[Dataset, Dataset]:
    """The training rows and a tenth of them held out, each class with its share, texts that are nearly the same together.

    Rows with a teacher's answer and no label stay in training.

    Raises:
        DataError: if there are too few rows, or a row without a label.
    """
    return hold_out_rows(train, _strata(train, target, teacher), seed=seed, groups=groups_of_column(train, text))


def _strata(rows: Dataset, target: TargetColumn, teacher: str | None) -> NDArray[np.int64]:
    """Ids by which rows are drawn; -1 where a teacher alone answers, which is never held out."""
    ids = target.strata(rows)
    there = np.zeros(len(rows), dtype=bool)
    if teacher is not None and teacher in rows.column_names:
        there = answered(rows, teacher)
    if len(neither := np.flatnonzero((ids < 0) & ~there)):
        error = target.missing(rows, neither)
        if len(neither) == len(rows):
            raise error
        raise DataError(f"{error.told}; --unlabelled use learns from their texts too", where=error.where)
    return ids


def _check_teacher(splits: DatasetDict, column: str, kind: Kind) -> None:
    require({"train": splits["train"]}, column)
    if kind != "label":
        fix = "leave it out, or keep one label of each row with --target label"
        raise OptionsError(f"--teacher_column {column}, and the texts have a list of labels each", fix=fix)


def _checked_per_class(per_class: int | None, kind: Kind) -> int | None:
    if per_class is not None and kind != "label":
        has = "any number of labels" if kind == "labels" else "a number"
        raise OptionsError(f"--per_class {per_class}, and a text has {has}", fix="draw some rows with --max_rows")
    return per_class


def _told_of_teacher(train: Dataset, columns: Columns, teacher: str) -> list[str]:
    """How many rows it answers, and in which order its numbers are read."""
    given = answered(train, teacher)
    alone = int((given & (coded(train, columns.label).codes < 0)).sum())
    names = listed(Labels.of(train, columns.label).names)
    return [
        f"column {teacher!r} answers {int(given.sum()):,} of {len(train):,} training rows, {alone:,} of them without a label;"
        f" lists are in the order of the classes: {names}"
    ]


def _without_unlabelled(
    splits: DatasetDict,
    target: TargetColumn,
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
        kept_rows = target.there(rows)
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
        raise DataError(
            "no training row has a label", where=f"column {target.column!r}", fix="choose another --label_column"
        )
    return kept
