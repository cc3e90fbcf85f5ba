"""JSON and YAML that came from a file, from anyone: bounded in size and depth, each key once, and nothing but plain values.

Knows not what the values are for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from seqtext.errors import SavedFileError, shorten

MOST_BYTES = 32 * 2**20  # of JSON: three seconds to parse; our own are far smaller, a larger one is not ours
_MOST_YAML = 2**19  # characters: two seconds of PyYAML; ours are far shorter
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
    if len(text) > _MOST_YAML:
        raise SavedFileError(f"{len(text)} characters of YAML", where=where, expected=f"at most {_MOST_YAML}")
    import yaml

    try:
        return _plain_yaml(text)
    # What PyYAML itself stumbles over has no common class: a date of month 13, a key that is a list, deep nesting.
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, yaml.YAMLError) as error:
        raise SavedFileError(f"not YAML ({' '.join(str(error).split())})", where=where) from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"the key {shorten(twice(name for name, _ in pairs))} twice")
    return found


def twice(names: Iterable[str]) -> str | None:
    """The first name that has stood before; None if each stands once."""
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]


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


def _plain_yaml(text: str) -> Any:
    """The value of one YAML document, parsed once: what it is made of is checked before anything is made of it."""
    import yaml
    from yaml.composer import Composer
    from yaml.constructor import SafeConstructor
    from yaml.resolver import Resolver

    class Plain(Composer, SafeConstructor, Resolver):
        """Nodes and values from events that were looked at."""

        def __init__(self) -> None:
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)
            self._events = _plain_events(yaml.parse(text, Loader=yaml.SafeLoader))
            self._event: yaml.Event = next(self._events)

        def check_event(self, *choices: type[yaml.Event]) -> bool:
            return isinstance(self._event, choices)

        def peek_event(self) -> yaml.Event:
            return self._event

        def get_event(self) -> yaml.Event:
            event = self._event
            self._event = next(self._events, event)
            return event

        def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
            node = super().compose_mapping_node(anchor)
            # A key that stands twice, of which PyYAML would take the last.
            if (name := twice(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))) is not None:
                raise ValueError(f"the key {shorten(name)} twice")
            return node

    return Plain().get_single_data()


def _plain_events(events: Iterable[Any]) -> Iterator[Any]:
    """The same events; neither too deep nor with anchors."""
    import yaml

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"lists inside lists, more than {_DEEPEST} deep")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise ValueError(f"an anchor or alias, {shorten(event.anchor)}")
        yield event
