"""Which encoding bytes are in: UTF-8 unless they begin with the mark of another, or cannot be UTF-8 text. Knows no files."""

from __future__ import annotations

import codecs

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WITHOUT_MARK = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_LOOKED_AT = 4096
_CONTROLS = frozenset(range(32)) - set(b"\t\n\r\f\x0b")


def encoding_of(start: bytes) -> str:
    """The encoding of a stream that begins with some bytes: `utf-8`, or UTF-16 or UTF-32 with or without a mark.

    Without a mark it is another than UTF-8 only if it holds zero bytes and either is no UTF-8 or a quarter of it would be controls,
    and if in the other encoding there is no control at all: a UTF-8 text with a few of them stays what it is.
    """
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    head = start[:_LOOKED_AT]
    if 0 not in head or (_decoded(head, "utf-8") is not None and sum(b in _CONTROLS for b in head) * 4 < len(head)):
        return "utf-8"
    plain = {name: _plain_characters(head, name) for name in _WITHOUT_MARK}
    best = max(plain, key=lambda name: plain[name])
    return best if plain[best] >= max(2, len(head) // 200) else "utf-8"


def _plain_characters(head: bytes, name: str) -> int:
    """How many ASCII characters some bytes are in an encoding; 0 if they cannot be a text in it."""
    text = _decoded(head, name)
    if text is None or any(ord(character) in _CONTROLS for character in text):
        return 0
    return sum(character.isascii() for character in text)


def _decoded(head: bytes, name: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)().decode(head)  # what is cut at the end is let pass
    except UnicodeDecodeError:
        return None
