"""Dataclasses from JSON, YAML and keywords: each value is checked against its field's type. Knows no dataclass by its name."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import asdict
from numbers import Number
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from seqtext.errors import OptionsError, SavedFileError, did_you_mean, one_of, shorten
from seqtext.saving.untrusted import parse_yaml

OptionsT = TypeVar("OptionsT")


def write_options(path: Path, options: Any) -> None:
    """Writes options as YAML, in the order of their definition."""
    import yaml

    from seqtext.saving.folders import write_text

    plain = to_plain(options)
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    if yaml.safe_load(text) != plain:  # PyYAML leaves U+0085 and its like unescaped, and then reads a blank
        text = yaml.safe_dump(plain, sort_keys=False)
    write_text(path, text)


def read_options(options: type[OptionsT], path: Path) -> OptionsT:
    """Options from a YAML file; each value is checked against its field.

    Raises:
        OptionsError: naming the file and the key that is unknown or of the wrong kind.
    """
    if path.exists() and not path.is_file():  # a pipe would never end
        raise OptionsError("not a file", where=str(path.absolute()), fix="give the options.yaml of a run")
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"), where=str(path))
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise OptionsError(found, where=str(path.absolute()), fix="give the options.yaml of a run") from error
    except ValueError as error:
        raise OptionsError(f"not YAML ({' '.join(str(error).split())})", where=str(path)) from error
    except SavedFileError as error:
        raise OptionsError(str(error)) from error
    try:
        return from_plain(options, values, where=str(path))
    except SavedFileError as error:
        raise OptionsError(str(error)) from error


def to_plain(value: Any) -> dict[str, Any]:
    """A dataclass as what JSON and YAML can hold: tuples become lists."""
    return {name: list(item) if isinstance(item, tuple) else item for name, item in asdict(value).items()}


def from_plain(kind: type[OptionsT], values: object, *, where: str) -> OptionsT:
    """A dataclass from what JSON or YAML held, each value checked against its field's type.

    Raises:
        SavedFileError: for what is no mapping, an unknown key, or a value of the wrong kind.
    """
    if not isinstance(values, Mapping):
        raise SavedFileError(f"found {shorten(values)}", where=where, expected="a mapping of option names to values")
    hints = get_type_hints(kind)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise SavedFileError(f"unknown key {shorten(name)}", where=where, fix=did_you_mean(str(name), hints))
        accepted = _accept(value, hints[name])
        if accepted is _REFUSED:
            raise SavedFileError(f"key {name!r} is {shorten(value)}", where=where, expected=_kind(hints[name]))
        checked[name] = accepted
    try:
        return kind(**checked)
    except TypeError as error:
        raise SavedFileError(f"incomplete ({error})", where=where) from error
    except OptionsError as error:
        raise SavedFileError(str(error), where=where) from error


def settings_of(kind: type[OptionsT], values: Mapping[str, Any]) -> OptionsT:
    """A dataclass from a caller's keywords, each value checked against its field's type.

    Raises:
        OptionsError: for an unknown name, with the nearest one, or a value of the wrong kind.
    """
    hints = get_type_hints(kind)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise OptionsError(f"unknown setting {name!r}", fix=did_you_mean(name, hints))
        checked[name] = _accept(value, hints[name])
        if checked[name] is _REFUSED:
            raise OptionsError(f"--{name} is {shorten(value)}", expected=_kind(hints[name]))
    return kind(**checked)


def _kind(hint: Any) -> str:
    """A type as a message names it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_kind, arguments))
    if origin is Literal:
        return one_of(map(str, arguments))
    if origin is tuple:
        return f"a list, each element {_kind(arguments[0])}"
    return "None" if hint is type(None) else str(hint) if origin else hint.__name__


_REFUSED = object()


def _accept(value: object, hint: Any) -> Any:
    """The value as the hint wants it (lists become tuples, whole numbers floats, numpy's numbers Python's), or `_REFUSED`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(value, Number) and hasattr(value, "item"):
        value = value.item()
    if origin in (Union, types.UnionType):
        return next((found for part in arguments if (found := _accept(value, part)) is not _REFUSED), _REFUSED)
    if origin is Literal:
        return value if any(type(value) is type(choice) and value == choice for choice in arguments) else _REFUSED
    if origin is tuple:
        items = [_accept(item, arguments[0]) for item in value] if isinstance(value, list | tuple) else [_REFUSED]
        return _REFUSED if any(item is _REFUSED for item in items) else tuple(items)
    if type(value) is int and not -(2**63) <= value < 2**63:  # no option means one, and a float may not hold it
        return _REFUSED
    if hint is float and type(value) is int:
        return float(value)
    return value if type(value) is hint or (hint is type(None) and value is None) else _REFUSED
