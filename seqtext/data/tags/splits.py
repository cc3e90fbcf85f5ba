"""From a loaded data set to training, validation and test sentences with tags: which split is which, and which rows drop out.

Never chooses on test: where a split is missing it is made from training rows, and said so. Knows no ids and no models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.rows.splits import hold_out_rows, parts_of, used_splits
from seqtext.data.tags.columns import TaggedColumns, check_tagged, choose_tagged, tags_of, words_of
from seqtext.data.text.groups import groups_of
from seqtext.errors import DataError, one_of, shorten

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

MOST_TAGS = 4_096  # different ones: beyond, it is the wrong column


@dataclass(frozen=True)
class TaggedSplits:
    """What a tagger is trained, chosen and tested on.

    Attributes:
        train: training rows.
        validation: rows that decide which epoch is kept.
        test: rows nobody looks at before the end.
        columns: the columns used.
        duplicates: test sentences that are in train too.
        notes: what was decided and left out, one line each.
        warnings: what the user should look at, one line each.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    columns: TaggedColumns
    duplicates: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def tagged_splits(
    splits: DatasetDict,
    *,
    token_column: str | None = None,
    tag_column: str | None = None,
    max_rows: int | None = None,
    seed: int = 0,
    together: bool = True,
) -> TaggedSplits:
    """Chooses columns and splits, and holds sentences out where a split is missing.

    `together` keeps sentences that are nearly the same on one side of what is held out, which takes longer than all the rest.

    Raises:
        DataError: naming split, row and column of what cannot be used.
    """
    notes: list[str] = []
    splits = used_splits(splits, notes)
    columns = choose_tagged(splits["train"], tokens=token_column, tags=tag_column)
    check_tagged(splits, columns)
    splits = type(splits)({name: _with_words(rows, columns, notes, name) for name, rows in splits.items()})
    known = tag_counts(splits["train"], columns.tags)
    _check_tags(known, splits["train"], columns)
    train, validation, test = parts_of(
        splits,
        notes,
        groups=lambda rows: groups_of_sentences(rows, columns.tokens) if together else None,
        max_rows=max_rows,
        seed=seed,
        rows="sentences",
    )
    known = tag_counts(train, columns.tags)  # only now: a tag may have lost its last training sentence
    parts = {"validation": validation, "test": test}
    warnings = [*unseen_tags(known, parts, columns.tags), *_about_tags(known)]
    copies = _copies(train, test, columns.tokens)
    if copies:
        warnings.append(f"{copies:,} test sentences are in train too: the test figures flatter")
    return TaggedSplits(train, validation, test, columns, copies, tuple(notes), tuple(warnings))


def hold_out_sentences(rows: Dataset, column: str, *, seed: int) -> tuple[Dataset, Dataset]:
    """Training rows, and a tenth of them held out, sentences that are nearly the same on one side.

    Raises:
        DataError: if there are too few rows.
    """
    return hold_out_rows(rows, None, seed=seed, groups=groups_of_sentences(rows, column))


def groups_of_sentences(rows: Dataset, column: str) -> NDArray[np.int64]:
    """As `groups_of`, of words."""
    return groups_of(list(_sentences(rows, column)))


def tag_counts(rows: Dataset, column: str) -> Counter[str]:
    """How many words have each tag."""
    counts: Counter[str] = Counter()
    for chunk in tags_of(rows, column):
        for tags in chunk:
            counts.update(tags)
    return counts


def unseen_tags(known: Iterable[str], parts: dict[str, Dataset], column: str) -> list[str]:
    """A line for each split that has tags which training has not."""
    told, known = [], set(known)
    for name, rows in parts.items():
        counts = tag_counts(rows, column)
        unseen = {tag: count for tag, count in counts.items() if tag not in known}
        if unseen:
            some = one_of((f"{shorten(tag, 30)} ({count:,})" for tag, count in sorted(unseen.items())), 5)
            told.append(
                f"split {name!r}: {sum(unseen.values()):,} of {sum(counts.values()):,} words have tags that no training word has:"
                f" {some.removeprefix('one of ')}; they count as mistakes"
            )
    return told


def _with_words(rows: Dataset, columns: TaggedColumns, notes: list[str], name: str) -> Dataset:
    """The rows that have a word."""
    filled = np.array([bool(words) for chunk in words_of(rows, columns.tokens) for words in chunk], dtype=bool)
    if filled.all():
        return rows
    notes.append(f"{int((~filled).sum()):,} rows of split {name!r} have no word and are left out")
    if not filled.any():
        raise DataError(
            "no row has a word", where=f"split {name!r}, column {columns.tokens!r}", fix="is it the right column?"
        )
    return rows.select(np.flatnonzero(filled))


def _check_tags(counts: Counter[str], rows: Dataset, columns: TaggedColumns) -> None:
    from seqtext.data.reading.column_arrays import place_of

    where = f"{place_of(rows)}, column {columns.tags!r}"
    if len(counts) < 2:
        found = f"found {shorten(next(iter(counts)))} alone, for all words" if counts else "found no tags"
        others = [name for name in rows.column_names if name not in columns]
        fix = f"pass --column, {one_of(others)}" if others else "is it the right column?"
        raise DataError(found, where=where, expected="two different tags at least", fix=fix)
    if len(counts) > MOST_TAGS:
        raise DataError(
            f"found {len(counts):,} different tags",
            where=where,
            expected=f"at most {MOST_TAGS:,}",
            fix="pass --column NAME",
        )


def _about_tags(counts: Counter[str]) -> list[str]:
    """What is odd about the tags of training."""
    once = sum(count == 1 for count in counts.values())
    if once > max(5, len(counts) / 3):
        return [f"{once:,} of {len(counts):,} tags have a single training word: hardly anything can be learnt of them"]
    return []


def _sentences(rows: Dataset, column: str) -> Iterable[str]:
    return (" ".join(words) for chunk in words_of(rows, column) for words in chunk)


def _copies(train: Dataset, test: Dataset, column: str) -> int:
    """Test sentences that stand in train, letter by letter."""
    known = set(map(hash, _sentences(train, column)))
    return sum(hash(sentence) in known for sentence in _sentences(test, column))
