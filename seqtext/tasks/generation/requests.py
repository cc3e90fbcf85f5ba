"""Requests for texts: what `--topic` says, and lines of JSON that each ask for something in their own way. Knows no model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from seqtext.errors import DataError, NoRowsError, OptionsError, did_you_mean, one_of, shorten
from seqtext.tasks.generation.settings import Writing
from seqtext.tasks.streams import Errors, Row, standard_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seqtext.data.reading.text_files import Rows

ASKED = ("topic", "mixture", "vector", "like")  # of these a request has one, or none for any text
SETTINGS = {field.name: field.default for field in fields(Writing) if field.name != "like"}
KEYS = (*ASKED, *SETTINGS)


class Request(NamedTuple):
    """Something to write texts for.

    Attributes:
        asked: a name, names with weights, a vector, or None for any text.
        writing: how.
    """

    asked: Any
    writing: Writing


def open_requests(source: str, stack: ExitStack, *, errors: Errors) -> Rows | None:
    """The lines of a file, or of the pipe (-), each with a value or None for all of `KEYS`; None if there are none.

    Raises:
        DataError: what cannot be read.
    """
    from seqtext.data.reading.text_files import open_rows

    given = standard_input() if source == "-" else source
    with suppress(NoRowsError):
        return stack.enter_context(open_rows(given, format="jsonl", keys=KEYS, errors=errors))
    return None


def request_of(row: Row, usual: Writing, known: Iterable[Sequence[str]], *, where: str) -> Request:
    """The request of a line.

    Args:
        row: the values of `KEYS`, None for those that are not there.
        usual: settings that the line may leave out.
        known: names of each attribute.
        where: what messages call the line.

    Raises:
        DataError: for values of another kind or out of range, or several things asked for at once.
    """
    from seqtext.data.reading.json_lines import Repeated

    given = {key: value for key, value in row.items() if value is not None}
    for key, value in given.items():
        if isinstance(value, Repeated):
            raise DataError(f"the key {value.key!r} stands twice in the object", where=f"{where}, key {key!r}")
        if not _fits(key, value):
            raise DataError(f"found {shorten(value)}", where=f"{where}, key {key!r}", expected=_kind(key))
    several = [key for key in ASKED if key in given]
    if len(several) > 1:
        raise DataError(f"{' and '.join(several)} were all asked for", where=where, expected="one of them, or none")
    with told_at(where):
        writing = replace(usual, like=given.get("like"), **{key: given[key] for key in SETTINGS if key in given})
        asked = given.get("topic", given.get("mixture", [given["vector"]] if "vector" in given else None))
        return Request(topic_weights(asked, known) if isinstance(asked, str) else asked, writing)


def check_keys(rows: Rows) -> None:
    """Refuses a line with a key that none of `KEYS` is.

    Raises:
        DataError: with its number.
    """
    for key, number in rows.new_keys.items():
        where, fix = f"{rows.name}, row {number}", did_you_mean(key, KEYS)
        raise DataError(f"unknown key {shorten(key)}", where=where, expected=one_of(KEYS, len(KEYS)), fix=fix)


@contextmanager
def told_at(where: str) -> Iterator[None]:
    """What is wrong with options is told as being wrong with a line, whose keys are called as the flags are."""
    try:
        yield
    except OptionsError as error:
        raise DataError(error.told.replace("--", ""), where=where) from None


def topic_weights(topic: str, known: Iterable[Sequence[str]]) -> dict[str, float]:
    """Names with weights out of `Sports=0.7,Business=0.3`; a name alone weighs 1, and may hold commas and equals signs.

    Args:
        topic: as it was given.
        known: names of each attribute.

    Raises:
        OptionsError: for a weight that is no number, or a name twice.
    """
    if any(topic in names for names in known):
        return {topic: 1.0}
    weights: dict[str, float] = {}
    for part in topic.split(","):
        name, equals, weight = part.rpartition("=")
        if not equals:
            name, weight = part, "1"
        try:
            number = float(weight)
        except ValueError as error:
            raise OptionsError(f"weight {weight!r} in --topic {topic}", expected="a number") from error
        if name.strip() in weights:
            raise OptionsError(f"{name.strip()!r} stands twice in --topic {topic}")
        weights[name.strip()] = number
    return weights


def _fits(key: str, value: object) -> bool:
    """Whether a value is of the kind that a key has; whether it is in range is found out where it is used."""
    if key == "mixture":
        weights = [*value.values()] if isinstance(value, Mapping) else []
        return bool(weights) and all(type(weight) in (int, float) for weight in weights)
    if key == "vector":
        return isinstance(value, list)
    if key == "words":
        return value in ("known", "any")
    usual = SETTINGS.get(key)
    if isinstance(usual, bool) or isinstance(value, bool):
        return isinstance(usual, bool) and isinstance(value, bool)
    if isinstance(usual, float):
        return isinstance(value, int | float)
    return isinstance(value, int if isinstance(usual, int) else str)


def _kind(key: str) -> str:
    named = {
        "mixture": "an object of names and weights: one or more, each a number",
        "vector": "a list of numbers",
        "words": "known or any",
    }
    kinds = {bool: "true or false", int: "a whole number", float: "a number"}
    return named.get(key) or kinds.get(type(SETTINGS.get(key)), "text")
