"""What the bytes of a sentencepiece model hold, read here before the library sees them. Knows the format, not what it is for.

The library is C++ that trusts its models. Ours are of one kind: unigram pieces, bytes, four special ids, text taken as it is; a file
that holds anything else, such as a compiled table of characters, is refused.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from seqtext.errors import SavedFileError, shorten

_PIECES, _TRAINER, _NORMALISER, _DENORMALISER = 1, 2, 3, 5  # fields of a model
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6  # kinds of piece
_FIRST = [("<pad>", _CONTROL), ("<unk>", _UNKNOWN), ("<s>", _CONTROL), ("</s>", _CONTROL)]
_BYTES = [(f"<0x{number:02X}>", _BYTE) for number in range(256)]
_MOST_BYTES, _MOST_PIECES, _LONGEST_PIECE = 2**26, 1_000_000, 1024
_VARINT, _EIGHT, _BYTES_FOLLOW, _FOUR = 0, 1, 2, 5  # protobuf's ways of writing a value
_UNIGRAM = 1
_MODEL_TYPE, _NAME, _CHARACTER_TABLE, _RULES = 3, 1, 2, 6  # fields of the trainer and of the normalisers

Field = tuple[int, int, int | bytes]


def check_model(data: bytes) -> None:
    """Refuses the bytes of a tokenizer unless they are of the kind that we train.

    Args:
        data: the serialised model.

    Raises:
        SavedFileError: naming what they hold instead.
    """
    if len(data) > _MOST_BYTES:
        raise _none(f"{len(data)} bytes")
    pieces: list[tuple[str, int]] = []
    parts: dict[int, int] = {}
    for number, way, value in _fields(data):
        if not isinstance(value, bytes) or way != _BYTES_FOLLOW:
            raise _none(f"field {number} is a number")
        if number == _PIECES:
            pieces.append(_piece(value))
        elif number == _TRAINER:
            _check_trainer(value)
        elif number in (_NORMALISER, _DENORMALISER):
            _check_normaliser(value)
        else:
            raise _none(f"field {number}")
        parts[number] = parts.get(number, 0) + 1
    if parts.get(_TRAINER) != 1 or parts.get(_NORMALISER) != 1 or parts.get(_DENORMALISER, 0) > 1:
        raise _none("its settings are missing, or there twice")
    if len(pieces) > _MOST_PIECES:
        raise _none(f"{len(pieces)} pieces")
    if pieces[: len(_FIRST)] != _FIRST or pieces[len(_FIRST) : len(_FIRST) + len(_BYTES)] != _BYTES:
        first = ", ".join(shorten(text) for text, _ in pieces[: len(_FIRST)])
        raise _none(f"it begins with {first}, not with <pad>, <unk>, <s>, </s> and the 256 bytes")
    if any(kind != _NORMAL for _, kind in pieces[len(_FIRST) + len(_BYTES) :]):
        raise _none("a special piece among the others")
    if len({text for text, _ in pieces}) != len(pieces):
        raise _none("a piece that is there twice")


def _piece(data: bytes) -> tuple[str, int]:
    size = data[1] if len(data) > 1 else 0
    if len(data) == size + 7 and data[0] == 10 and data[size + 2] == 21 and 0 < size < 128:
        # As nearly all are written: text, score, no kind. A vocabulary of 16,000 is read in a third of the time.
        return _text(data[2 : size + 2], data[size + 3 :]), _NORMAL
    text, score, kind = b"", b"\0\0\0\0", _NORMAL
    for number, way, value in _fields(data):
        if number == 1 and isinstance(value, bytes) and way == _BYTES_FOLLOW:
            text = value
        elif number == 2 and isinstance(value, bytes) and way == _FOUR:
            score = value
        elif number == 3 and isinstance(value, int):
            kind = value
        else:
            raise _none(f"field {number} of a piece")
    return _text(text, score), kind


def _text(text: bytes, score: bytes) -> str:
    if not math.isfinite(struct.unpack("<f", score)[0]):
        raise _none("a score that is not finite")
    if not 0 < len(text) <= _LONGEST_PIECE or b"\0" in text:
        raise _none(f"a piece {shorten(text)}")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _none(f"a piece {shorten(text)} that is not UTF-8") from error


def _check_trainer(data: bytes) -> None:
    kinds = [value for number, _, value in _fields(data) if number == _MODEL_TYPE]
    if any(kind != _UNIGRAM for kind in kinds):
        raise _none(f"of type {shorten(kinds[0])}, not unigram")


def _check_normaliser(data: bytes) -> None:
    for number, _, value in _fields(data):
        if number in (_CHARACTER_TABLE, _RULES) and value != b"":
            raise _none("a table of characters")
        if number == _NAME and value not in (b"identity", b""):
            raise _none(f"a normaliser {shorten(value)}")


def _fields(data: bytes) -> Iterator[Field]:
    """Number, way of writing and value of each field of a protobuf message."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, way = key >> 3, key & 7
        if way == _VARINT:
            value, place = _varint(data, place)
            yield number, way, value
            continue
        if way == _BYTES_FOLLOW:
            size, place = _varint(data, place)
        elif way in (_EIGHT, _FOUR):
            size = 8 if way == _EIGHT else 4
        else:
            raise _none("not in the format")
        if number == 0 or place + size > len(data):
            raise _none("cut off, or not in the format")
        yield number, way, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise _none("cut off, or not in the format")


def _none(found: str) -> SavedFileError:
    return SavedFileError(
        f"not a sentencepiece model of ours ({found})", where="tokenizer", fix="train or download it again"
    )
