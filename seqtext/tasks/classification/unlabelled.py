"""Rows without a label that teach too: which they are, and what the labelled ones say of them, as answers to learn from.

A text that the model is tested on is none of them. Knows columns, labels and texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import column_arrays, place_of, row_number
from seqtext.data.reading.hub_layout import quiet
from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.reading.label_codes import name_rows
from seqtext.data.rows.columns import Columns, check_texts, choose_text, require
from seqtext.data.rows.duplicates import rows_in_both
from seqtext.data.rows.labels import Labels
from seqtext.data.text.encoding import texts_of
from seqtext.errors import DataError
from seqtext.models.spread_labels import spread_labels

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

SPLITS = ("unsupervised", "unlabelled", "unlabeled", "unsup")  # what data sets of the hub call a split of such rows
WAYS = "--unlabelled drop, which leaves them out, or --unlabelled use, which learns from their texts too"
ANSWERS = "spread_labels"  # column of what labels say of rows without one
MOST_ANSWERED = 50_000  # rows without a label whose answers teach: more take longer, and hardly say more


def taken_out(splits: DatasetDict) -> list[Dataset]:
    """Splits of rows without labels, by their names; they are taken out of `splits`."""
    return [splits.pop(name) for name in SPLITS if name in splits]


def gathered(
    given: Sequence[Dataset],
    undrawn: Sequence[Dataset],
    *,
    train: Dataset,
    test: Dataset,
    columns: Columns,
    test_is_given: bool,
    notes: list[str],
) -> Dataset | None:
    """The texts without labels as one data set of their own; None where there are none.

    Args:
        given: rows that were given as such.
        undrawn: rows that a draw left aside; those whose text is tested on are left out.
        train: labelled rows, whose kind of column the texts get.
        test: rows that are tested on.
        columns: the columns used.
        test_is_given: whether the user said which rows are tested on; else what is tested on is left out of those given too.
        notes: what was decided is added.

    Raises:
        DataError: rows without the column, a cell that is no text, or texts that are tested on.
    """
    import datasets

    wanted = datasets.Features({name: train.features[name] for name in parts_of(columns.text)})
    parts, left_out = [], 0
    for number, rows in enumerate([*given, *undrawn]):
        rows = _with_text(rows, columns.text)
        check_texts(rows, columns.text)
        tested = rows_in_both(test, rows, columns.text)
        if len(tested) and test_is_given and number < len(given):
            numbers = np.array([row_number(rows, int(place)) - 1 for place in tested])
            raise DataError(
                f"found {len(tested):,} texts without a label that are tested on too: {name_rows(numbers)}",
                where=f"{place_of(rows)}, column {columns.text!r}",
                expected="no look at the test",
                fix="take these rows out, or give another test",
            )
        left_out += len(tested)
        some = np.fromiter((bool(text.strip()) for chunk in texts_of(rows, columns.text) for text in chunk), dtype=bool)
        some[tested] = False
        texts = rows.select(np.flatnonzero(some)).select_columns([*wanted])
        with quiet():
            parts.append(texts if texts.features == wanted else texts.cast(wanted))
    found = datasets.concatenate_datasets(parts) if parts else None
    if left_out:
        notes.append(f"{left_out:,} texts without a label are left out, since they are tested on")
    if found is None or not len(found):
        notes.append("there are no rows without a label to learn from")
        return None
    notes.append(f"{len(found):,} texts without a label teach too")
    return found


def _with_text(rows: Dataset, column: str) -> Dataset:
    """Rows that have the text column: that of this name, or of a single one the one that must be it."""
    if column in rows.column_names or len(parts_of(column)) > 1:
        require({str(rows.split or "given"): rows}, column)
        return rows
    return rows.select_columns([theirs := choose_text(rows)]).rename_column(theirs, column)


def texts_of_all(train: Dataset, unlabelled: Dataset) -> Dataset:
    """The texts with and without a label, for a language model."""
    import datasets

    return datasets.concatenate_datasets([train.select_columns(unlabelled.column_names), unlabelled])


def with_answers(train: Dataset, unlabelled: Dataset, columns: Columns, *, seed: int) -> tuple[Dataset, str]:
    """Labelled rows, and behind them rows without a label with what the labelled ones say of them in the column `ANSWERS`.

    Args:
        train: labelled rows; they alone, where labels are not to be spread.
        unlabelled: others.
        columns: the columns used.
        seed: of what is drawn.

    Returns:
        The rows, and how they were come by, as a line.
    """
    labels = Labels.of(train, columns.label)
    texts, others = (_listed(rows, columns.text) for rows in (train, unlabelled))
    ids = labels.encode(train, columns.label).ids
    found = spread_labels(texts, ids, others, classes=len(labels.names), seed=seed)
    if found.probabilities is None:
        return train, found.description
    some = np.sort(np.random.default_rng(seed).permutation(len(others))[:MOST_ANSWERED])
    return appended(train, unlabelled.select(some), found.probabilities[some], columns), found.description


def appended(train: Dataset, others: Dataset, answers: NDArray[np.float32], columns: Columns) -> Dataset:
    """Labelled rows, and behind them others with an answer each in the column `ANSWERS`; rows that had answers there keep them.

    Args:
        train: rows with a label, or with answers already.
        others: (R) rows that have the columns of texts.
        answers: (R, C) probabilities of the classes.
        columns: the columns used.
    """
    import datasets
    import pyarrow as pa
    from datasets.table import InMemoryTable

    features = datasets.Features(
        {
            **{name: train.features[name] for name in (*others.column_names, columns.label)},
            ANSWERS: datasets.List(datasets.Value("float32")),
        }
    )
    starts = pa.array(np.arange(len(answers) + 1, dtype=np.int32) * answers.shape[1])
    lists = pa.ListArray.from_arrays(starts, pa.array(answers.ravel()))
    own = [*column_arrays(train, columns.label)]
    there = [pa.nulls(len(train), lists.type)]
    if ANSWERS in train.column_names:
        there = [array.cast(lists.type) for array in column_arrays(train, ANSWERS)]
    arrays = {
        **{
            name: pa.chunked_array([*column_arrays(train, name), *column_arrays(others, name)])
            for name in others.column_names
        },
        columns.label: pa.chunked_array([*own, pa.nulls(len(answers), own[0].type)]),
        ANSWERS: pa.chunked_array([*there, lists]),
    }
    table = pa.table({name: arrays[name] for name in features}).cast(features.arrow_schema)
    info = datasets.DatasetInfo(features=features, dataset_name=train.info.dataset_name)
    return datasets.Dataset(InMemoryTable(table), info=info, split=train.split)


def _listed(rows: Dataset, column: str) -> list[str]:
    return [text for chunk in texts_of(rows, column) for text in chunk]
