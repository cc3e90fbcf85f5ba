"""Which column is the text and which the label: named by the caller, or recognised where only one can be meant.

Also checks that a text column holds text in every row. Knows names and types of columns, not what labels mean.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqtext.data.reading.column_arrays import MAX_ROWS, column_arrays, in_file, place_of
from seqtext.data.reading.joined_columns import joined, parts_of
from seqtext.data.reading.label_codes import coded, name_rows
from seqtext.data.reading.label_lists import form_of
from seqtext.data.reading.remarks import refuse_left_aside, remarks_of
from seqtext.data.rows.by_content import can_be_predicted, is_yes_or_no, only_label, only_text
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
    ("emotion", "stars", "rating", "polarity"),
)
LIST_NAMES = ("classes", "categories", "topics", "targets", "intents", "genres", "emotions", "tags", "keywords", "cats")


_MOST_LOOKED_AT = 1_000  # columns, in search of those of yes and no
WITHOUT_NAME = re.compile(
    r"Unnamed: \d+|__index_level_\d+__"
)  # a column that has none, as our reader and pandas call it


class Columns(NamedTuple):
    """Names of the columns to use; `text` may be that of several, as `column_arrays.joined` makes it."""

    text: str
    label: str


def choose(
    data: Mapping[str, datasets.Dataset] | datasets.Dataset,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    several: bool = False,
) -> Columns:
    """The text column and the label column; the texts of all splits are checked.

    Args:
        data: a split, or all of them; then `train`, or else the first, decides.
        text: the name of the text column, or names of several to be joined, if the caller knows it.
        label: the name of the label column, likewise.
        several: whether rows may have several labels.

    Raises:
        DataError: a name that is not there, none or several columns that could be meant, a cell that is no text.
    """
    splits = data if isinstance(data, Mapping) else {"": data}
    text = joined(text) if text else None
    decides = splits["train"] if "train" in splits else next(iter(splits.values()))
    require(splits, *filter(None, [text, label]))
    chosen_label = label or choose_label(decides, text=text, several=several)
    chosen_text = text or choose_text(decides, label=chosen_label)
    if both := {*parts_of(chosen_label)} & {*parts_of(chosen_text)}:
        found = f"column {min(both)!r} is taken for both text and label"
        raise DataError(found, where=place_of(decides), fix="pass --text_column NAME")
    require(splits, chosen_text, chosen_label)
    for split in splits.values():
        check_texts(split, chosen_text)
    return Columns(chosen_text, chosen_label)


def choose_text(dataset: datasets.Dataset, *, label: str | None = None) -> str:
    """The text column by its name, or the only column of text that is not the label, or the only one whose texts differ.

    Raises:
        DataError: none, or several that could be it; lists the columns.
    """
    texts = [name for name in text_columns(dataset) if name not in parts_of(label or "")]
    flag = "--text_column NAME (several names are joined)"
    named = named_in(_and_left_aside(texts, dataset), TEXT_NAMES)
    found = named or (len(texts) > 1 and only_text(dataset, texts)) or texts
    hint = f"--text_column {shlex.join(found)} joins them" if 1 < len(found) < 4 else ""
    return _only("text", found, dataset, flag, hint=hint)


def choose_label(
    dataset: datasets.Dataset, *, text: str | None = None, flag: str = "--label_column NAME", several: bool = False
) -> str:
    """The label column: the only one of classes, or else the one whose name says so, or the only one of few values that repeat.

    Args:
        dataset: the rows.
        text: the name of the text column, if the caller knows it.
        flag: which names the label column, to tell.
        several: whether rows may have several labels.

    Raises:
        DataError: none, or several that could be it; lists the columns. Of several labels a row if they may not, or of too many values. No
            such text column.
    """
    taken = parts_of(text) if text else ()
    require({"": dataset}, *taken)
    others = {name: feature for name, feature in dataset.features.items() if name not in taken}
    classes: list[str] = [name for name, feature in others.items() if hasattr(feature, "names")]
    if len(classes) == 1:
        return classes[0]
    possible = classes or [name for name, feature in others.items() if _can_be_label(feature)]
    named = named_in(_and_left_aside(possible, dataset), LABEL_NAMES) or classes
    if not named:
        named = _of_lists(dataset, [name for name in others if name not in possible], several)
    if not named and several:
        named = [name for name in named_in(possible, (LIST_NAMES,)) if form_of(dataset, name)]
    if not named:
        _refuse_several(dataset, possible, flag, several)
        named = only_label(dataset, [name for name in possible if not WITHOUT_NAME.fullmatch(name)])
        if not text and text_columns(dataset) == named:  # the only column of texts is no label of them
            named = []
    chosen = _only(
        "label", named, dataset, flag, hint=_without_labels(dataset, list(others)) if several and not named else ""
    )
    if several and form_of(dataset, chosen):
        return chosen
    codes = coded(dataset, chosen)
    if len(codes.values) > max(100, len(dataset) / 2):
        found = f"found {len(codes.values):,} different values in {len(dataset):,} rows"
        fix = f"if they are the labels, pass {flag.replace('NAME', chosen)}; else the name of the right column"
        if several and can_be_predicted(dataset, chosen):
            fix = f"{fix}; or --target number, which predicts a number"
        raise DataError(found, where=f"{place_of(dataset)}, column {chosen!r}", expected="classes", fix=fix)
    return chosen


def _of_lists(dataset: datasets.Dataset, lists: list[str], several: bool) -> list[str]:
    """The one column of lists that is named as labels are; several labels a row are refused where they may not be."""
    named = named_in(lists, (*LABEL_NAMES, LIST_NAMES))
    if len(named) != 1:
        return []
    if not several:
        coded(dataset, named[0])
    return named


def _refuse_several(dataset: datasets.Dataset, possible: list[str], flag: str, several: bool) -> None:
    """Refuses columns of yes and no, one for each label: each row may then have several."""
    first = dataset.select(range(min(len(dataset), MAX_ROWS)))  # once: `datasets` copies what it knows of all columns
    yes_or_no = [name for name in possible[:_MOST_LOOKED_AT] if is_yes_or_no(first, name)]
    if len(yes_or_no) > 1:
        where = f"{place_of(dataset)}, columns {one_of(map(repr, yes_or_no)).removeprefix('one of ')}"
        own = flag.partition(",")[0].replace("NAME", yes_or_no[0])
        fix = f"this recipe gives a text one label: train a run for each, {own} for the first"
        if several:
            fix = f"pass {flag.replace('NAME', shlex.join(yes_or_no))} for any number of labels a text, or {own} for one of them alone"
        raise DataError("each row may have several labels, a column of yes and no for each", where=where, fix=fix)


def require(splits: Mapping[str, datasets.Dataset], *columns: str, fix: str = "") -> None:
    """Sees to it that every split has the columns.

    Args:
        splits: by name.
        columns: their names.
        fix: what to do about one that is not there, if no name is near and no split has it.

    Raises:
        DataError: a split without one; lists the columns there are and the nearest name, or says why it was left aside.
    """
    for dataset in splits.values():
        for column in (part for name in columns for part in parts_of(name)):
            if column in dataset.column_names:
                continue
            refuse_left_aside(dataset, [column])
            found = f"no column {column!r} among {_listed(dataset, dataset.column_names)}"
            if any(column in other.column_names for other in splits.values()):
                fix = "leave this split out (give the files of the others with --train, --validation, --test), or give it the column"
            else:
                fix = did_you_mean(column, dataset.column_names) or _of_dicts(dataset, column.partition(".")[0]) or fix
            raise DataError(found, where=place_of(dataset), fix=fix)


def check_texts(
    dataset: datasets.Dataset, column: str, *, where: str | None = None, flag: str = "--text_column NAME"
) -> None:
    """Sees to it that each cell of a column is text; the empty text is one.

    Args:
        dataset: the rows.
        column: its name, or that of several.
        where: what messages call the rows; what they know of themselves if not given.
        flag: which names the column, to tell.

    Raises:
        DataError: a cell that is None or of another type, with its row (from 1) and what was found.
    """
    where = where or place_of(dataset)
    if len(parts := parts_of(column)) > 1:
        for part in parts:
            check_texts(dataset, part, where=where, flag=flag)
        return
    stored = dataset.data.column(column)
    if not is_text(dataset.features[column]) and stored.null_count < len(stored):
        row, value = next((row, value) for row, value in enumerate(dataset[column], start=1) if value is not None)
        found = f"found {shorten(value)} ({type(value).__name__})"
        fix = f"pass {flag}, or write the cells as text"
        place = f"{where}, row {row}{in_file(dataset, row - 1)}, column {column!r}"
        raise DataError(found, where=place, expected="text", fix=fix)
    if stored.null_count:
        nulls = [array.is_null().to_numpy(zero_copy_only=False) for array in column_arrays(dataset, column)]
        rows = np.flatnonzero(np.concatenate(nulls)) + 1
        if len(rows):
            others = "" if len(rows) == 1 else f" (it is so in {name_rows(rows - 1)} of {len(dataset):,})"
            found = f"found None{others}"
            fix = "give the rows a text, or remove them"
            place = f"{where}, row {rows[0]}{in_file(dataset, int(rows[0]) - 1)}, column {column!r}"
            raise DataError(found, where=place, expected="text", fix=fix)


def text_columns(dataset: datasets.Dataset) -> list[str]:
    """The columns of text that have a name, which those that number rows have not."""
    return [name for name, kind in dataset.features.items() if is_text(kind) and not WITHOUT_NAME.fullmatch(name)]


def is_text(feature: object) -> bool:
    """Whether a column's feature says that its cells are texts, and not the names of classes."""
    return getattr(feature, "dtype", "") in ("string", "large_string") and not hasattr(feature, "names")


def named_in(columns: Iterable[str], groups: tuple[tuple[str, ...], ...]) -> list[str]:
    """The columns in the first group of names that has any."""
    columns = list(columns)
    found = ([column for column in columns if column.strip().lower() in group] for group in groups)
    return next(filter(None, found), [])


def _and_left_aside(columns: Iterable[str], dataset: datasets.Dataset) -> list[str]:
    """Columns, and those that would be meant by their names, had they been read."""
    return [*columns, *remarks_of(dataset).left_aside]


def _without_labels(dataset: datasets.Dataset, others: Sequence[str]) -> str:
    """What else can be done with rows that have no column of labels."""
    numbers = [name for name in others if not WITHOUT_NAME.fullmatch(name) and can_be_predicted(dataset, name)]
    if numbers:
        return f"--target number --label_column {shlex.quote(numbers[0])} predicts a number"
    if len(others) > 1:
        return ""
    return "texts alone are for seqtext train language, or for --unlabelled_data beside some with labels"


def _only(role: str, candidates: list[str], dataset: datasets.Dataset, flag: str, *, hint: str = "") -> str:
    if len(candidates) == 1:
        refuse_left_aside(dataset, candidates)
        return candidates[0]
    if not candidates:
        refuse_left_aside(dataset, list(remarks_of(dataset).left_aside)[:1])
    if candidates:
        found = f"{len(candidates)} columns could be the {role}: {_listed(dataset, candidates)}"
    else:
        found = f"no column is clearly the {role} among {_listed(dataset, dataset.column_names)}"
        if not text_columns(dataset) and (fix := _of_dicts(dataset)):
            raise DataError(found, where=place_of(dataset), fix=fix)
    raise DataError(found, where=place_of(dataset), fix="; ".join(filter(None, [f"pass {flag}", hint])))


def _of_dicts(dataset: datasets.Dataset, *only: str) -> str:
    """What to do where texts are among the values of dicts; "" where no column has any, or none of some."""
    names = [name for name, kind in dataset.features.items() if isinstance(kind, dict) and name in (only or [name])]
    if not names:
        return ""
    keys = " and ".join(map(repr, names))
    return f"make columns of the keys of {keys}, as Dataset.flatten() of the package datasets does"


def _listed(dataset: datasets.Dataset, columns: Iterable[str]) -> str:
    features = dataset.features  # which `datasets` copies each time it is asked for them
    return one_of(f"{column!r} ({_kind(features[column])})" for column in columns).removeprefix("one of ")


def _kind(feature: object) -> str:
    names = getattr(feature, "names", None)
    return f"{len(names)} classes" if names else str(getattr(feature, "dtype", None) or type(feature).__name__)


def _can_be_label(feature: object) -> bool:
    return is_text(feature) or str(getattr(feature, "dtype", "")).startswith(("int", "uint", "bool", "float", "null"))
