"""What a tokenizer's pieces are to words: outside of any, within one, or the first of one. Knows a tokenizer, no texts."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.tokenizer import END, Tokenizer
from seqtext.data.text.words import IN_WORD

OUTSIDE, WITHIN, FIRST = range(3)
_BLANK = "\u2581"  # how sentencepiece writes a blank
_BYTE = re.compile("<0x([0-9A-F]{2})>")
_OF_A_WORD = re.compile(IN_WORD)


def piece_kinds(tokenizer: Tokenizer) -> NDArray[np.uint8]:
    """(V,) of each piece: FIRST has a blank before it, WITHIN goes on with a word or begins one that stands behind a sign.

    Signs and blanks are OUTSIDE. So are characters of scripts without blanks, whose texts would be words as a whole. A piece of a byte is
    within: what is spelt in bytes is known as it was spelt.
    """
    kinds = np.zeros(len(tokenizer), dtype=np.uint8)
    for number, piece in enumerate(tokenizer.pieces(range(len(tokenizer)))):
        rest = piece.lstrip(_BLANK)
        if number > END and (_BYTE.fullmatch(piece) or _OF_A_WORD.search(rest)):
            kinds[number] = FIRST if len(rest) < len(piece) else WITHIN
    return kinds


def piece_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """(V,) what each piece spells; nothing for the special ids."""
    pieces = tokenizer.pieces(range(len(tokenizer)))
    return [b"" if number <= END else _spelt(piece) for number, piece in enumerate(pieces)]


def _spelt(piece: str) -> bytes:
    byte = _BYTE.fullmatch(piece)
    return bytes([int(byte[1], 16)]) if byte else piece.replace(_BLANK, " ").encode()
