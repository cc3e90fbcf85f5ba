"""What was heard in a recording: its text, and when each symbol was written. Knows numbers of symbols and steps."""

from __future__ import annotations

from typing import NamedTuple

from seqtext.tasks.transcription.alphabet import Alphabet
from seqtext.tasks.transcription.decoding import Written


class Symbol(NamedTuple):
    """A symbol and the seconds from the beginning until it was written: all sound that it needed had come by then."""

    text: str
    seconds: float


class Transcript(NamedTuple):
    """What was heard.

    Attributes:
        text: all of it.
        symbols: one by one.
    """

    text: str
    symbols: tuple[Symbol, ...]


def transcript(written: Written, alphabet: Alphabet, seconds_per_step: float, *, ahead: int = 0) -> Transcript:
    """The text of some symbols and when they came: that of a step is known when it is over, and the steps ahead of it."""
    symbols = (
        Symbol(alphabet.symbols[number - 1], round((step + 1 + ahead) * seconds_per_step, 4))
        for number, step in zip(written.symbols, written.steps, strict=True)
    )
    return Transcript(alphabet.decode(written.symbols), tuple(symbols))
