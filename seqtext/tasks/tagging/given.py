"""Texts and sentences as Python code holds them, as lists of words. Knows shapes of objects, no tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seqtext.data.rows.given import frame_columns, is_frame, plain_values
from seqtext.errors import DataError


def given_sentences(given: Any, column: str) -> Iterator[list[str]]:
    """The words of each text, as they come.

    Args:
        given: texts, which are cut at white space, or lists of words, in anything that can be iterated over; one text; rows as dicts, as
            a data set has them, or a table, with the column of training.
        column: where the words of training were.

    Raises:
        DataError: what is none of these, by its place from 1.
    """
    if isinstance(given, str):
        given = [given]
    elif isinstance(given, Mapping) or is_frame(given):
        columns = given if isinstance(given, Mapping) else frame_columns(given)
        if column not in columns:
            found = f"found {type(given).__name__} without the column {column!r}"
            raise DataError(found, where="texts", expected="a list of texts, or of lists of words")
        given = [columns[column]] if isinstance(columns[column], str) else plain_values(columns[column])
    elif isinstance(given, bytes | set | frozenset) or not isinstance(given, Iterable):
        raise DataError(
            f"found {type(given).__name__}", where="texts", expected="a list of texts, or of lists of words"
        )
    for number, item in enumerate(plain_values(given), start=1):
        yield _words(item, column, number)


def _words(item: Any, column: str, number: int) -> list[str]:
    if isinstance(item, Mapping):
        if column not in item:
            found = f"found a row of {', '.join(map(str, item))}"[:200]
            raise DataError(
                found, where=f"text {number}", expected=f"the column {column!r}, a text, or a list of words"
            )
        item = item[column]
    if isinstance(item, str):
        return item.split()
    if isinstance(item, bytes | Mapping | set | frozenset) or not isinstance(item, Iterable):
        raise DataError(f"found {type(item).__name__}", where=f"text {number}", expected="a text, or a list of words")
    words: Sequence[Any] = list(plain_values(item))
    for place, word in enumerate(words, start=1):
        if not isinstance(word, str):
            found = f"found {type(word).__name__}"
            raise DataError(found, where=f"text {number}, word {place}", expected="a string")
    return list(words)
