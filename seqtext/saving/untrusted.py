"""JSON and YAML that came from a file, from anyone: bounded in size and depth, each key once, and nothing but plain values.

Knows not what the values are for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from seqtext.errors import SavedFileError, shorten

MOST_BYTES = 64 * 2**20  # of JSON; our own are far smaller, a larger one is not ours
_MOST_YAML = 2**20
_DEEPEST = 64  # lists in lists: ours have five, and Python cannot even print some thousand
_LONGEST_NUMBER = 40  # digits: every float and 64-bit integer has fewer


def parse_json(data: bytes, *, where: str, finite: bool = False) -> Any:
    """JSON that came from a file.

    Args:
        data: the bytes of the file, or a line of it.
        where: what to call it in a message.
        finite: refuses NaN, infinities and numbers that become one.

    Raises:
        SavedFileError: if it is too large, too deep, names a key twice, or is not JSON.
    """
    if len(data) > MOST_BYTES:
        raise SavedFileError(f"{len(data)} bytes of JSON", where=where, expected=f"at most {MOST_BYTES}")
    try:
        value = json.loads(
            data.decode("utf-8"),  # given bytes it would guess, and import the codec that they ask for
            object_pairs_hook=_each_once,
            parse_int=_integer,
            parse_float=_finite if finite else None,
            parse_constant=_finite if finite else None,
        )
    except (ValueError, RecursionError) as error:
        raise SavedFileError(f"not JSON ({error})", where=where, fix="copy or download it again") from error
    if data.count(b"[") + data.count(b"{") > _DEEPEST and _depth(value) > _DEEPEST:
        raise SavedFileError("lists inside lists", where=where, expected=f"at most {_DEEPEST} deep")
    return value


def parse_yaml(text: str, *, where: str) -> Any:
    """YAML that came from a file, without anchors: a few lines of them unfold to more than any memory holds.

    Raises:
        SavedFileError: if it is too large, too deep, has anchors, names a key twice, or is not YAML.
    """
    import yaml

    if len(text) > _MOST_YAML:
        raise SavedFileError(f"{len(text)} characters of YAML", where=where, expected=f"at most {_MOST_YAML}")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise ValueError(f"lists inside lists, more than {_DEEPEST} deep")
            if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
                raise ValueError(f"an anchor or alias, {shorten(event.anchor)}")
        _check_keys(yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    # What PyYAML itself stumbles over has no common class: a date of month 13, a key that is a list, deep nesting.
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, yaml.YAMLError) as error:
        raise SavedFileError(f"not YAML ({' '.join(str(error).split())})", where=where) from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {shorten(next(name for name in names if names.count(name) > 1))} twice")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{shorten(text)} is no finite number")
    return value


def _depth(value: object) -> int:
    """Level by level: a function that calls itself would end where Python's stack does."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [part for item in level if isinstance(item, dict | list) for part in _parts(item)]
    return depth - 1


def _parts(item: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return item.values() if isinstance(item, dict) else item


def _check_keys(root: Any) -> None:
    """Refuses a key that stands twice in one mapping, of which PyYAML would take the last."""
    import yaml

    nodes = [root]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) != len(keys):
                twice = next(key for key in keys if keys.count(key) > 1)
                raise ValueError(f"the key {shorten(twice)} twice")
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
