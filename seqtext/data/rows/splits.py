"""Parts of a data set, drawn by a seed and evenly by label: training, validation and test rows, or some rows.

The draw depends on the seed, the number of rows and the labels, on nothing else. Never chooses on test: where a split is missing
it is made from training rows, and said so. Knows row numbers and label ids, not what the rows hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.label_codes import MISSING, coded
from seqtext.data.reading.remarks import notes_of
from seqtext.data.rows.draws import draw_per_class, draw_rows, whole_groups
from seqtext.errors import DataError, OptionsError

if TYPE_CHECKING:
    import datasets

VALIDATION_NAMES = ("validation", "valid", "val", "dev")  # of the split; the first that is there is taken
TEST_SEED = 1  # of a test split held out: one for all runs, so that they are compared on the same rows
MOST_HELD_OUT = 2_500  # rows: an accuracy of 92 % is then known to half a point, and training keeps the rest


TOGETHER = "are nearly the same as others: what is held out of training never stands apart from its like"
APART = "are nearly the same as others, and may stand on both sides of what is held out: kept together they would leave a side with too few"


class Parts(NamedTuple):
    """Training rows, rows that decide which epoch is kept, and rows nobody looks at before the end."""

    train: datasets.Dataset
    validation: datasets.Dataset
    test: datasets.Dataset


def used_splits(splits: datasets.DatasetDict, notes: list[str], *, rows: str = "rows") -> datasets.DatasetDict:
    """The splits that are used, under the names they have here.

    Args:
        splits: as loaded.
        notes: what was decided is added.
        rows: what messages call them.

    Raises:
        DataError: there are no training rows.
    """
    if "train" not in splits:
        fix = f"its splits: {', '.join(splits)}"
        raise DataError(f"no training {rows}", where="the data set", expected="a split 'train'", fix=fix)
    validation = next((name for name in VALIDATION_NAMES if name in splits), "validation")
    names = {"train": "train", "validation": validation, "test": "test"}
    if validation != "validation":
        notes.append(f"validation: the split {validation!r}")
    notes += [f"split {name!r} is not used" for name in splits if name not in names.values()]
    used = type(splits)({part: splits[name] for part, name in names.items() if name in splits})
    notes += notes_of(*used.values())
    return used


def test_is_given(splits: Iterable[str]) -> bool:
    """Whether there are rows to test on among splits, by their names, so that none are held out for it."""
    return not {"test", *VALIDATION_NAMES}.isdisjoint(splits)


def parts_of(
    splits: Mapping[str, datasets.Dataset],
    notes: list[str],
    *,
    labels: Callable[[datasets.Dataset], NDArray[np.int64] | str | None] = lambda rows: None,
    groups: Callable[[datasets.Dataset], NDArray[np.int64] | None] = lambda rows: None,
    check: Callable[[datasets.Dataset, list[datasets.Dataset]], None] = lambda train, parts: None,
    max_rows: int | None = None,
    per_class: int | None = None,
    seed: int = 0,
    rows: str = "rows",
    drawn: str = "",
    aside: list[datasets.Dataset] | None = None,
) -> Parts:
    """Training, validation and test rows; a split that is missing is held out of the training rows.

    A validation split alone is the test, and the model is chosen on rows held out.

    Args:
        splits: of `used_splits`.
        notes: what was decided is added.
        labels: what some training rows are drawn evenly by: their ids, or the name of a label column.
        groups: of some rows that are split: which of them stay together.
        check: of the training rows left and the parts taken out of them so far.
        max_rows: of training, drawn before validation rows are held out.
        per_class: rows of each class, drawn likewise; validation rows are then some of them, whatever else there would be.
        seed: of what is drawn, but for the test: it is the same whatever the seed.
        rows: what notes call them.
        drawn: how, for the notes.
        aside: the training rows that `per_class` does not draw are added.

    Raises:
        DataError: too few rows.
    """
    train, validation, test = splits["train"], splits.get("validation"), splits.get("test")
    taken: list[datasets.Dataset] = []

    def held_out(some: datasets.Dataset, seed: int) -> tuple[datasets.Dataset, datasets.Dataset]:
        """As `hold_out_rows`; once, a note says how many rows were kept together with others."""
        found, ids = groups(some), labels(some)
        left, out, whole = _split(some, rows=_tenth(some, ids), seed=seed, labels=ids, groups=found)
        alike = 0 if found is None else int((np.bincount(found)[found] > 1).sum())
        told = TOGETHER if whole else APART
        if alike and not any(told in note for note in notes):
            notes.append(f"{alike:,} training {rows} {told}")
        return left, out

    if test is None and validation is not None:
        test, validation = validation, None
        notes.append("no test split: the given validation split is the test")
    if test is None:
        train, test = held_out(train, TEST_SEED)
        taken.append(test)
        check(train, taken)
        notes.append(f"no test split: {len(test):,} training {rows} are held out as one, the same whatever the seed")
    if max_rows is not None and max_rows < len(train):
        train = take(train, max_rows, seed=seed, labels=labels(train))
        notes.append(f"{len(train):,} training {rows} used, drawn{drawn} with seed {seed} (--max_rows)")
    if per_class is not None:
        ids = _ids(train, labels(train))
        counts = np.bincount(np.zeros(0, dtype=np.int64) if ids is None else ids[ids >= 0])
        fewer = int(((counts > 0) & (counts < per_class)).sum())
        chosen = draw_per_class(np.zeros(len(train), np.int64) if ids is None else ids, per_class, seed=seed)
        if aside is not None:
            aside.append(train.select(np.setdiff1d(np.arange(len(train)), chosen, assume_unique=True)))
        train = train.select(chosen)
        of_all = f" ({fewer:,} classes have fewer)" if fewer else ""
        notes.append(
            f"{len(train):,} training {rows} used, {per_class:,} of each class{of_all}, drawn with seed {seed} (--per_class)"
        )
        if validation is not None:
            notes.append(
                "the validation split is left aside: with --per_class there are no labels but those of the rows drawn"
            )
            validation = None
    if validation is None:
        train, validation = held_out(train, seed)
        taken.append(validation)
        check(train, taken)
        notes.append(f"validation: {len(validation):,} training {rows}, held out{drawn} with seed {seed}")
    return Parts(train, validation, test)


def hold_out_rows(
    train: datasets.Dataset,
    labels: NDArray[np.int64] | str | None,
    *,
    seed: int,
    groups: NDArray[np.int64] | None = None,
) -> tuple[datasets.Dataset, datasets.Dataset]:
    """The training rows and a tenth of them held out, 2,500 at most: enough to choose by.

    Raises:
        DataError: if there are too few rows.
    """
    return split_validation(train, rows=_tenth(train, labels), seed=seed, labels=labels, groups=groups)


def _tenth(train: datasets.Dataset, labels: NDArray[np.int64] | str | None) -> int:
    total = len(train) if labels is None or isinstance(labels, str) else int((labels >= 0).sum())
    return min(max(total // 10, 1), MOST_HELD_OUT)


def split_validation(
    train: datasets.Dataset,
    *,
    rows: int,
    seed: int = 0,
    labels: NDArray[np.int64] | str | None = None,
    groups: NDArray[np.int64] | None = None,
) -> tuple[datasets.Dataset, datasets.Dataset]:
    """Takes a validation split out of a training split; returns both, each in the order of the rows.

    With labels, each class keeps its share, and one with two rows or more has at least one row on either side, where
    the rows wanted allow it.

    Args:
        train: at least two rows.
        rows: how many rows to take.
        seed: of the draw.
        labels: what to draw evenly by: (rows of `train`,) ids, or the name of the label column. Rows of a negative id are never taken.
        groups: (rows of `train`,) rows of one group stay on one side, if each class can still have its rows on both; the number of
            rows taken is then about that asked for.

    Raises:
        DataError: fewer than two rows.
        OptionsError: a number of rows that would leave either side empty.
    """
    return _split(train, rows=rows, seed=seed, labels=labels, groups=groups)[:2]


def _split(
    train: datasets.Dataset,
    *,
    rows: int,
    seed: int,
    labels: NDArray[np.int64] | str | None,
    groups: NDArray[np.int64] | None,
) -> tuple[datasets.Dataset, datasets.Dataset, bool]:
    """As `split_validation`; and whether no group was cut."""
    if len(train) < 2:
        found = f"{len(train)} row{'' if len(train) == 1 else 's'} left to train on"  # a test may be held out by now
        fix = "give more rows, or a validation and a test split"
        raise DataError(found, where=place_of(train), expected="two at least, to hold one out", fix=fix)
    if not 0 < rows < len(train):
        raise OptionsError(f"{rows} validation rows of {len(train)}", expected=f"1 to {len(train) - 1}")
    ids = _ids(train, labels)
    free = np.arange(len(train)) if ids is None else np.flatnonzero(ids >= 0)
    if len(free) < len(train) and ids is not None:
        ids = ids[free]
        groups = None if groups is None else np.unique(groups[free], return_inverse=True)[1]
    drawn = draw_rows(len(free), rows, seed=seed, labels=ids, leave_one=True)
    whole = None if groups is None else whole_groups(groups, drawn, seed=seed, labels=ids)
    taken = free[drawn if whole is None else whole]
    kept = np.setdiff1d(np.arange(len(train)), taken, assume_unique=True)
    return train.select(kept), train.select(taken), whole is not None


def take(
    dataset: datasets.Dataset, max_rows: int | None, *, seed: int = 0, labels: NDArray[np.int64] | str | None = None
) -> datasets.Dataset:
    """At most `max_rows` rows, in their order; the data set itself if it has no more, or if `max_rows` is None.

    Raises:
        OptionsError: fewer than one row wanted.
    """
    if max_rows is None or max_rows >= len(dataset):
        return dataset
    if max_rows < 1:
        raise OptionsError(f"--max_rows is {max_rows}", expected="1 or more")
    ids = _ids(dataset, labels)
    ids = None if ids is None else ids - min(int(ids.min()), 0)  # rows without a label are a class of their own
    return dataset.select(draw_rows(len(dataset), max_rows, seed=seed, labels=ids))


def _ids(dataset: datasets.Dataset, labels: NDArray[np.int64] | str | None) -> NDArray[np.int64] | None:
    """Ids from 0 on; rows without a label are a class of their own."""
    return coded(dataset, labels).codes - MISSING if isinstance(labels, str) else labels
