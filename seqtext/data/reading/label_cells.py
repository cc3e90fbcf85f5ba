"""A cell of text that says several labels, as a list of their names: names with a mark between them, lists, lists of objects.

Knows the cell alone.
"""

from __future__ import annotations

import json
import re
from typing import Any

from seqtext.data.reading.label_forms import Form

_LISTED = re.compile(r"\s*[\[({](.*)[\])}]\s*", re.DOTALL)
_TAGS = re.compile(r"\s*(?:<[^<>]+>)+\s*")  # as Stack Overflow writes them: <python><pandas>
QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_ITEM = re.compile(rf"{QUOTED}|[^,\s\"'][^,]*", re.DOTALL)
_NUMBERS = re.compile(r"[\d.\s]+")
NAMING = (
    "name",
    "label",
    "tag",
    "title",
    "value",
    "text",
)  # keys by which objects say what they are called, the first that one has
_OBJECTS = re.compile(r"\s*\[\s*\{|\s*\{\s*[\"']\w+[\"']\s*:")  # several, or one alone
_OUTSIDE_TEXT = re.compile(QUOTED, re.DOTALL)
_KEY_OF_TEXT = re.compile(rf"""["'](\w+)["']\s*:\s*({_ITEM.pattern})""", re.DOTALL)


def split(cell: str, form: Form) -> list[Any] | None:
    """The names in a cell of text."""
    if not cell.strip():
        return None
    if is_list(cell) and (form in ("list", "yes_no") or cell.strip() in ("[]", "()", "{}")):
        return parse_list(cell)
    return [cell] if form in ("list", "yes_no") else cell.split(form)


def is_list(cell: str) -> bool:
    """Whether a cell is written as a list."""
    return bool(_LISTED.fullmatch(cell) or _TAGS.fullmatch(cell))


def parse_list(cell: str) -> list[str] | None:
    """The items of a list as JSON, Python and numpy write it, or of tags.

    Raises:
        ValueError: for a list of lists, or of objects without a name.
    """
    if not cell.strip():
        return None
    if _OBJECTS.match(cell):
        return _names_of_objects(cell)
    if _TAGS.fullmatch(cell):
        return [tag.strip() for tag in re.findall(r"<([^<>]+)>", cell)]
    listed = _LISTED.fullmatch(cell)
    assert listed is not None
    items: list[str] = []
    for item in _ITEM.findall(listed[1]):
        if item[0] in "\"'":
            items.append(unquoted(item))
        elif item[0] in "[{(":
            raise ValueError(item)
        else:
            items += item.split() if _NUMBERS.fullmatch(item) else [item.strip()]
    return items


def unquoted(item: str) -> str:
    """A text as JSON or Python writes it.

    Raises:
        ValueError: if it is not written so.
    """
    if item[0] == '"':
        return str(json.loads(item, strict=False))
    return re.sub(r"\\(.)", r"\1", item[1:-1], flags=re.DOTALL)


def _names_of_objects(cell: str) -> list[str]:
    """What the objects of a list are called, as JSON and Python write them: `[{"id": 18, "name": "Drama"}]`.

    Raises:
        ValueError: if one has no name, or another object inside it.
    """
    names: list[str | None] = []
    for found in re.findall(r"\{((?:[^{}\"']|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')*)\}", cell, re.DOTALL):
        keys = {key: item for key, item in _KEY_OF_TEXT.findall(found) if item[0] in "\"'"}
        names.append(called({key: unquoted(item) for key, item in keys.items()}))
    if None in names or len(names) != _OUTSIDE_TEXT.sub("", cell).count("{"):
        raise ValueError(cell)
    return [name for name in names if name is not None]


def called(item: dict[str, Any]) -> str | None:
    """What an object is called: the text of a key that says so, or its only text; None if it has none."""
    texts = [value for value in item.values() if isinstance(value, str)]
    by_key = (value for key in NAMING if isinstance(value := item.get(key), str))
    return next(by_key, texts[0] if len(texts) == 1 else None)
