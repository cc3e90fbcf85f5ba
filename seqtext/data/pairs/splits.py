"""From a loaded data set to training, validation and test pairs: which pairs are left out, and what looks wrong.

A pair with a blank side goes as a whole, never one side of it. Never chooses on test: where a split is missing it is made
from training rows, and said so. Knows no tokens and no models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seqtext.data.pairs.checks import UNEVEN, blank_rows, look_swapped, same_share, uneven_pairs
from seqtext.data.pairs.columns import TOPIC, choose_pairs
from seqtext.data.pairs.parallel_files import SOURCE
from seqtext.data.reading.column_arrays import place_of, row_number
from seqtext.data.rows.duplicates import duplicates
from seqtext.data.rows.splits import parts_of, used_splits
from seqtext.data.text.groups import SplitBy, groups_by
from seqtext.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

MOST_SAME = 0.5  # of the training pairs; beyond, a model learns to copy
SHOWN = 5  # rows


@dataclass(frozen=True)
class PairSplits:
    """What a translator is trained, chosen and tested on; each split has the columns `source` and `target`.

    Attributes:
        train: training pairs.
        validation: pairs that decide which epoch is kept.
        test: pairs nobody looks at before the end.
        languages: what source and target are called.
        has_topic: whether the column `topic` is there too.
        blank: pairs left out of each split, since a side was blank.
        same: share of the training pairs whose two sides are the same.
        uneven: training pairs of very unequal length, which are left in.
        duplicates: test pairs whose source is in train too.
        notes: what was decided and left out, one line each.
        warnings: what the user should look at, one line each.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    languages: tuple[str, str]
    has_topic: bool
    blank: dict[str, int]
    same: float
    uneven: int
    duplicates: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def pair_splits(
    splits: DatasetDict,
    *,
    source: str | None = None,
    target: str | None = None,
    split_by: SplitBy = "equal",
    max_rows: int | None = None,
    seed: int = 0,
) -> PairSplits:
    """Chooses columns and splits, leaves blank pairs out, and holds pairs out where a split is missing.

    Args:
        splits: as loaded.
        source: column or language to translate from; recognised if there is no doubt.
        target: likewise.
        split_by: sources that stay on one side of what is held out; equal ones by default, since a sentence may have many translations.
        max_rows: of training.
        seed: of what is drawn.

    Raises:
        DataError: naming split, row and column of what cannot be used.
    """
    notes: list[str] = []
    pairs = choose_pairs(used_splits(splits, notes, rows="pairs"), source=source, target=target)
    if source is None and target is None and pairs.source.isdigit():
        notes.append(
            f"source: column {pairs.source}; target: column {pairs.target} (--source and --target choose others)"
        )
    blank: dict[str, int] = {}
    kept = {name: without_blank(rows, name, blank, notes) for name, rows in pairs.splits.items()}
    warnings = _swapped(kept)
    train, validation, test = parts_of(
        kept,
        notes,
        groups=lambda rows: groups_by(rows, SOURCE, split_by),
        max_rows=max_rows,
        seed=seed,
        rows="pairs",
    )
    if uneven := uneven_pairs(train):
        notes.append(f"{uneven:,} training pairs are over {UNEVEN:.0f} times longer on one side than is usual; left in")
    if (same := same_share(train)) > MOST_SAME:
        warnings.append(
            f"source and target are the same text in {same:.1%} of the training pairs: a model learns to copy"
        )
    found = duplicates(train, test, SOURCE)
    if found.total:
        warnings.append(f"{found.total:,} test sources are in train too: the test figures flatter")
    has_topic = all(TOPIC in rows.column_names for rows in (train, validation, test))
    return PairSplits(
        train,
        validation,
        test,
        (pairs.source, pairs.target),
        has_topic,
        blank,
        same,
        uneven,
        found.total,
        tuple(notes),
        tuple(warnings),
    )


def without_blank(rows: Dataset, name: str, counts: dict[str, int], notes: list[str]) -> Dataset:
    """The pairs with text on both sides."""
    blank = blank_rows(rows)
    gone = np.flatnonzero(blank)
    counts[name] = len(gone)
    if not len(gone):
        return rows
    first = ", ".join(f"{row_number(rows, place):,}" for place in gone[:SHOWN].tolist())
    if len(gone) == len(rows):
        raise DataError(
            f"all {len(rows):,} pairs have a blank side",
            where=place_of(rows),
            expected="text on both sides",
            fix="look into the files, or choose other columns with --source and --target",
        )
    more = ", ..." if len(gone) > SHOWN else ""
    notes.append(
        f"{len(gone):,} of {len(rows):,} pairs of split {name!r} are left out, blank on a side (rows {first}{more})"
    )
    return rows.select(np.flatnonzero(~blank))


def _swapped(splits: dict[str, Dataset]) -> list[str]:
    return [
        f"{name}: its source is written like the target of train, and its target like the source; are the two swapped?"
        for name, rows in splits.items()
        if name != "train" and look_swapped(splits["train"], rows)
    ]
