"""Which column is the words and which the tags, and both as lists of texts; rows that cannot be used, with their numbers.

A cell is a list, a list written as text, or a text that is cut at white space. Knows types and names of columns, not what tags mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from seqtext.data.reading.column_arrays import column_arrays, in_file, place_of
from seqtext.data.reading.label_cells import parse_list
from seqtext.data.reading.remarks import refuse_left_aside, remarks_of
from seqtext.data.rows.columns import is_text, require
from seqtext.data.rows.faults import Fault
from seqtext.errors import DataError, one_of, shorten

if TYPE_CHECKING:
    import datasets

Role: TypeAlias = Literal["words", "tags"]
TOKEN_NAMES = ("tokens", "words", "token", "word", "forms", "form")
# Of several the first group that is there; compared in lower case.
TAG_NAMES = (
    ("tags", "labels", "tag", "label"),
    ("ner_tags", "ner", "entities", "entity_tags"),
    ("upos", "pos_tags", "pos", "upos_tags", "xpos"),
)
TEXT_NAMES = ("sentence", "sentences", "text")  # of the words, if there are as many tags
_LOOKED_AT = 200  # rows by which that is told
_OF_SPANS = ("B-", "I-", "E-", "S-", "L-", "U-")
# Lists written as text: of words or tags in quotes, and of tags that are numbers.
_LISTED: dict[Role, re.Pattern[str]] = {
    "words": re.compile(r"\s*\[\s*(?:['\"].*['\"])?[,\s]*\]\s*", re.DOTALL),
    "tags": re.compile(r"\s*\[\s*(?:['\"].*['\"]|\d+(?:[,\s]+\d+)*)?[,\s]*\]\s*", re.DOTALL),
}


class TaggedColumns(NamedTuple):
    """Names of the columns to use."""

    tokens: str
    tags: str


def choose_tagged(rows: datasets.Dataset, *, tokens: str | None = None, tags: str | None = None) -> TaggedColumns:
    """The columns of words and tags, those that were named or those that are recognised.

    Raises:
        DataError: a name that is not there, or no column that could be meant; lists the columns.
    """
    require({"": rows}, *filter(None, [tokens]), fix="pass --token_column NAME")
    require({"": rows}, *filter(None, [tags]), fix="pass --column NAME")
    listed = _candidates(rows)
    by_name = {name.lower(): name for name in listed}
    tokens = tokens or next((by_name[name] for name in TOKEN_NAMES if name in by_name), None)
    if tokens is None:
        tokens = next(
            (by_name[name] for name in TEXT_NAMES if name in by_name and _fit(rows, by_name[name], tags)), None
        )
    if tokens is None:
        raise _unclear(rows, "words", "--token_column NAME")
    tags = tags or _choose_tags(rows, [name for name in listed if name != tokens])
    if is_text(rows.features[tokens]) and len(rows) > 1:
        some = rows.select(range(min(len(rows), _LOOKED_AT)))
        if max(len(cell or ()) for cells in lists_of(some, tokens, "words") for cell in cells) < 2:
            found = f"every row of column {tokens!r} is a single word"
            fix = "add a column sentence_id, the same for all words of a sentence, or write lists of words and of tags"
            raise DataError(found, where=place_of(rows), expected="sentences", fix=fix)
    return TaggedColumns(tokens, tags)


def _fit(rows: datasets.Dataset, tokens: str, tags: str | None) -> bool:
    """Whether rows have a tag for each word of a text, and some have several: so that texts with a label are not taken for such."""
    try:
        tags = tags or _choose_tags(rows, [name for name in _candidates(rows) if name != tokens])
    except DataError:
        return False
    some = rows.select(range(min(len(rows), _LOOKED_AT)))
    words = [len(cell or ()) for cells in lists_of(some, tokens, "words") for cell in cells]
    of_tags = [len(cell or ()) for cells in lists_of(some, tags, "tags") for cell in cells]
    return tags != tokens and words == of_tags and max(words) > 1


def _choose_tags(rows: datasets.Dataset, listed: list[str]) -> str:
    for group in TAG_NAMES:
        if found := [name for name in listed if name.lower() in group]:
            return min(found, key=lambda name: group.index(name.lower()))
    numbered = [name for name in listed if name.isdecimal()]
    if numbered:  # of a file without names, whose last column is the answer, unless others alone have names of spans
        return max([name for name in numbered if _are_spans(rows, name)] or numbered, key=int)
    lists = [name for name in listed if not is_text(rows.features[name])]
    if len(lists) == 1:
        return lists[0]
    raise _unclear(rows, "tags", "--column NAME")


def _are_spans(rows: datasets.Dataset, column: str) -> bool:
    """Whether tags begin, continue and end spans, as B-PER, I-PER and O do: the first sentences say."""
    some = rows.select(range(min(len(rows), _LOOKED_AT)))
    found = {str(tag) for cells in lists_of(some, column, "tags") for cell in cells for tag in cell or ()}
    return len(found) > 1 and all(tag == "O" or tag[:2] in _OF_SPANS for tag in found)


def _candidates(rows: datasets.Dataset) -> list[str]:
    """Columns of lists of texts, numbers or classes, and of texts."""
    return [name for name, feature in rows.features.items() if _values(feature) is not None or is_text(feature)]


def _values(feature: Any) -> Any:
    """What the lists of a column are of; None for a column of no lists of single values."""
    inner = getattr(feature, "feature", None)
    kind = str(getattr(inner, "dtype", ""))
    return inner if kind in ("string", "large_string", "null", "bool") or kind.startswith(("int", "uint")) else None


def _unclear(rows: datasets.Dataset, role: str, flag: str) -> DataError:
    refuse_left_aside(rows, remarks_of(rows).left_aside)  # it may be the one
    found = f"no column is clearly the {role} among {one_of(map(repr, rows.column_names)).removeprefix('one of ')}"
    expected = "a list of texts for each sentence, or a file with a word per line"
    return DataError(found, where=place_of(rows), expected=expected, fix=f"pass {flag}")


def lists_of(rows: datasets.Dataset, column: str, role: Role) -> Iterator[list[list[Any] | None]]:
    """The cells of a column as lists, some thousand at a time: of texts their parts, of classes their names."""
    feature = rows.features[column]
    names = getattr(getattr(feature, "feature", None), "names", None)
    for array in column_arrays(rows, column):
        cells = array.to_pylist()
        if is_text(feature):
            yield [None if cell is None else _parts(cell, role) for cell in cells]
        elif names is not None:
            yield [None if cell is None else [_name(value, names) for value in cell] for cell in cells]
        else:
            yield cells


def _parts(cell: str, role: Role) -> list[str]:
    """The words or tags of a text: the items of a list that is written out; tags between commas, as A,B,C; else what is between blanks."""
    if _LISTED[role].fullmatch(cell):
        return parse_list(cell) or []
    parts = cell.split()
    if role == "tags" and len(parts) == 1 and all(tags := cell.strip().split(",")):
        return tags
    return parts


def _name(value: int | None, names: list[str]) -> Any:
    return names[value] if value is not None and 0 <= value < len(names) else value


def tags_of(rows: datasets.Dataset, column: str) -> Iterator[list[list[str]]]:
    """The tags of each row as texts, some thousand rows at a time; the rows were checked by `check_tagged`."""
    yield from _as_texts(rows, column, "tags")


def words_of(rows: datasets.Dataset, column: str) -> Iterator[list[list[str]]]:
    """The words of each row, likewise."""
    yield from _as_texts(rows, column, "words")


def _as_texts(rows: datasets.Dataset, column: str, role: Role) -> Iterator[list[list[str]]]:
    for cells in lists_of(rows, column, role):
        yield [[value if isinstance(value, str) else str(value) for value in cell or ()] for cell in cells]


def tagged_faults(rows: datasets.Dataset, columns: TaggedColumns) -> Iterator[Fault]:
    """Rows whose words or tags cannot be used, kind by kind.

    Raises:
        DataError: a column that is not there, or is of another type than lists or texts.
    """
    require({"": rows}, *columns)
    for name in columns:
        feature = rows.features[name]
        if _values(feature) is None and not is_text(feature):
            kind = getattr(feature, "dtype", type(feature).__name__)
            raise DataError(f"found {kind}", where=f"{place_of(rows)}, column {name!r}", expected="lists of texts")
    found: dict[str, tuple[str, list[int]]] = {}
    place = 0
    both = zip(lists_of(rows, columns.tokens, "words"), lists_of(rows, columns.tags, "tags"), strict=True)
    for words, tags in both:
        for of_words, of_tags in zip(words, tags, strict=True):
            if told := _fault(of_words, of_tags, columns):
                found.setdefault(told[0], (told[1], []))[1].append(place)
            place += 1
    yield from (Fault(told, np.array(places, dtype=np.int64)) for told, places in found.values())


def _fault(words: list[Any] | None, tags: list[Any] | None, columns: TaggedColumns) -> tuple[str, str] | None:
    """What is wrong with a row: of which kind, and in words."""
    for column, cell, what in ((columns.tokens, words, "word"), (columns.tags, tags, "tag")):
        if cell is None:
            return (
                f"no {what}s",
                f"column {column!r}: found None; expected a list of {what}s; give the row some, or remove it",
            )
        if what == "tag" and len(words or ()) != len(cell):
            counts = (
                f"found {len(words or ()):,} words in {columns.tokens!r} and {len(cell):,} tags in {columns.tags!r}"
            )
            return "lengths", f"{counts}; expected as many of each; give each word a tag, or remove the row"
        for value in cell:
            wrong = not isinstance(value, str) if what == "word" else (value is None or value == "" or _negative(value))
            if wrong:
                expected = "text" if what == "word" else "a tag for each word"
                return (
                    f"{what} {value!r}",
                    f"column {column!r}: found {shorten(value)}; expected {expected}; mend the row, or remove it",
                )
    return None


def _negative(value: object) -> bool:
    return isinstance(value, int) and value < 0


def check_tagged(splits: Mapping[str, datasets.Dataset], columns: TaggedColumns) -> None:
    """Sees to it that every row can be used.

    Raises:
        DataError: naming the first row that cannot.
    """
    for rows in splits.values():
        for fault in tagged_faults(rows, columns):
            place = int(fault.rows[0])
            more = f" (likewise {len(fault.rows) - 1:,} more rows)" if len(fault.rows) > 1 else ""
            raise DataError(fault.told + more, where=f"{place_of(rows)}, row {place + 1}{in_file(rows, place)}")
