"""Which column is the text and which the label: named by the caller, or recognised where only one can be meant.

Also checks that a text column holds text in every row. Knows names and types of columns, not what labels mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqtext.data.column_arrays import column_arrays, place_of
from seqtext.errors import DataError, did_you_mean, one_of, shorten

if TYPE_CHECKING:
    import datasets

# In each group names that rule each other out; an earlier group wins over a later one. Compared in lower case.
TEXT_NAMES = (
    ("text",),
    ("sentence", "content", "document", "body", "review", "comment", "tweet", "utterance", "message", "article"),
    ("title", "headline", "summary", "description"),
)
LABEL_NAMES = (
    ("label",),
    ("labels", "class", "category", "topic", "section", "target", "sentiment", "intent", "genre"),
)


class Columns(NamedTuple):
    """Names of the columns to use; `label` is None where no label was asked for."""

    text: str
    label: str | None


def choose_columns(
    data: datasets.DatasetDict | datasets.Dataset,
    *,
    text: str | None = None,
    label: str | None = None,
    labelled: bool = True,
) -> Columns:
    """The text column and, if `labelled`, the label column; the texts of all splits are checked.

    Args:
        data: a split, or all of them; then `train`, or else the first, decides.
        text: the name of the text column, if the caller knows it.
        label: the name of the label column, likewise.
        labelled: whether a label is needed at all.

    Raises:
        DataError: a name that is not there, none or several columns that could be meant, a cell that is no text.
    """
    splits = dict(data) if isinstance(data, dict) else {"": data}
    decides = splits["train"] if "train" in splits else next(iter(splits.values()))
    named = [name for name in (text, label if labelled else None) if name is not None]
    require_columns(splits.values(), named)
    chosen_label = (label or choose_label(decides, text=text)) if labelled else None
    chosen_text = text or choose_text(decides, label=chosen_label)
    if chosen_text == chosen_label:
        found = f"column {chosen_text!r} is taken for both text and label"
        raise DataError(found, where=place_of(decides), fix=_flag("text"))
    require_columns(splits.values(), [chosen_text, *filter(None, [chosen_label])])
    for split in splits.values():
        check_texts(split, chosen_text)
    return Columns(chosen_text, chosen_label)


def choose_text(dataset: datasets.Dataset, *, label: str | None = None) -> str:
    """The text column by its name, or the only column of text that is not the label.

    Raises:
        DataError: none, or several that could be it; lists the columns.
    """
    texts = [name for name, feature in dataset.features.items() if name != label and _is_text(feature)]
    found = _by_name(texts, TEXT_NAMES) or (texts[0] if len(texts) == 1 else None)
    if found is None:
        raise _cannot_tell("text", texts, dataset)
    return found


def choose_label(dataset: datasets.Dataset, *, text: str | None = None) -> str:
    """The label column: the only one of classes, or else the one whose name says so.

    Raises:
        DataError: none, or several that could be it; lists the columns.
    """
    others = {name: feature for name, feature in dataset.features.items() if name != text}
    classes = [name for name, feature in others.items() if hasattr(feature, "names")]
    candidates = classes or [name for name, feature in others.items() if _can_be_label(feature)]
    found = classes[0] if len(classes) == 1 else _by_name(candidates, LABEL_NAMES)
    if found is None:
        raise _cannot_tell("label", candidates, dataset)
    return found


def require_columns(splits: Iterable[datasets.Dataset], columns: Iterable[str]) -> None:
    """Sees to it that every split has the columns.

    Raises:
        DataError: a split without one; lists the columns there are and the nearest name.
    """
    splits, columns = list(splits), list(columns)
    for dataset in splits:
        for column in set(columns).difference(dataset.column_names):
            fix = did_you_mean(column, dataset.column_names)
            if not fix and any(column in other.column_names for other in splits):
                fix = "leave this split out, or give it the column"
            expected = _listed(dataset, dataset.column_names)
            raise DataError(f"no column {column!r}", where=place_of(dataset), expected=expected, fix=fix)


def check_texts(dataset: datasets.Dataset, column: str) -> None:
    """Sees to it that each cell of a column is text; the empty text is one.

    Raises:
        DataError: a cell that is None or of another type, with its row (from 1) and what was found.
    """
    stored = dataset.data.column(column)
    if not _is_text(dataset.features[column]) and stored.null_count < len(stored):
        row, value = next((row, value) for row, value in enumerate(dataset[column], start=1) if value is not None)
        found = f"found {shorten(value)} ({type(value).__name__})"
        fix = f"{_flag('text')}, or write the cells as text"
        raise DataError(found, where=_cell(dataset, row, column), expected="text", fix=fix)
    if stored.null_count:
        nulls = [array.is_null().to_numpy(zero_copy_only=False) for array in column_arrays(dataset, column)]
        rows = np.flatnonzero(np.concatenate(nulls)) + 1
        if len(rows):
            found = "found None" + (f" (and in {len(rows) - 1:,} more rows)" if len(rows) > 1 else "")
            fix = "give the rows a text, or remove them"
            raise DataError(found, where=_cell(dataset, rows[0], column), expected="text", fix=fix)


def iterate_texts(dataset: datasets.Dataset, column: str, count: int) -> Iterator[list[str]]:
    """The texts in the order of the rows, in lists of `count` (the last may be shorter), wherever the data lies.

    Raises:
        DataError: a cell that is no text.
    """
    check_texts(dataset, column)
    waiting: list[str] = []
    for array in column_arrays(dataset, column):
        waiting += array.to_pylist()
        whole = len(waiting) - len(waiting) % count
        yield from (waiting[start : start + count] for start in range(0, whole, count))
        waiting = waiting[whole:]
    if waiting:
        yield waiting


def _by_name(columns: Iterable[str], groups: tuple[tuple[str, ...], ...]) -> str | None:
    """The one column in the first group of names that has any; None if that group has several, or no group has one."""
    columns = list(columns)
    for group in groups:
        if named := [column for column in columns if column.strip().lower() in group]:
            return named[0] if len(named) == 1 else None
    return None


def _cannot_tell(role: str, candidates: list[str], dataset: datasets.Dataset) -> DataError:
    found = f"{len(candidates) or 'no'} columns could be the {role}"
    expected = f"one that is named or typed so, among {_listed(dataset, dataset.column_names)}"
    return DataError(found, where=place_of(dataset), expected=expected, fix=_flag(role))


def _flag(role: str) -> str:
    return f"pass --{role}_column NAME"


def _cell(dataset: datasets.Dataset, row: int, column: str) -> str:
    return f"{place_of(dataset)}, row {row}, column {column!r}"


def _listed(dataset: datasets.Dataset, columns: Iterable[str]) -> str:
    return one_of(f"{column!r} ({_kind(dataset.features[column])})" for column in columns)


def _kind(feature: object) -> str:
    names = getattr(feature, "names", None)
    return f"{len(names)} classes" if names else str(getattr(feature, "dtype", None) or type(feature).__name__)


def _is_text(feature: object) -> bool:
    return getattr(feature, "dtype", "") in ("string", "large_string") and not hasattr(feature, "names")


def _can_be_label(feature: object) -> bool:
    return _is_text(feature) or str(getattr(feature, "dtype", "")).startswith(("int", "uint", "bool", "float", "null"))
