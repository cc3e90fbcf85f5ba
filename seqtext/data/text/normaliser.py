"""`Normaliser`: the one form of a text that training, prediction and decoding share. Knows characters, no tokens.

sentencepiece's own rules rewrite text in ways that decoding cannot undo; ours run before it, and it runs with `identity`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from seqtext.data.text.html import clean_html

# Every control character (Cc) goes; those that separate words become a space, or words would run together.
_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85"
_CONTROLS = {code: (" " if chr(code) in _SPACES else None) for code in [*range(0x20), *range(0x7F, 0xA0)]}
_KEPT = {**_CONTROLS, ord("\t"): "\t", ord("\n"): "\n"}
# U+2581 is how sentencepiece writes a space inside a piece: as a character of the text it could not be told from one.
_OTHERS: dict[int, str | None] = {0x2581: "_", **dict.fromkeys(range(55296, 57344), "�")}
_TABLES = {"fold": _OTHERS | _CONTROLS, "keep": _OTHERS | _KEPT}
_RUN_OF_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Normaliser:
    """Unicode NFC; control characters out; lone surrogates to U+FFFD. Format characters such as ZWJ and RTL marks stay.

    Applying it twice is applying it once.

    Args:
        whitespace: `fold` makes every run of white space one plain space and trims the ends; `keep` leaves it as it is, but for
            line ends, which all become `\\n`.
        lowercase: folds case as `str.lower` does.
        clean: `html` takes out what crawled texts carry of it, see `clean_html`.
    """

    whitespace: Literal["fold", "keep"] = "fold"
    lowercase: bool = False
    clean: Literal["none", "html"] = "none"

    def __call__(self, text: str) -> str:
        """The normalised text."""
        if self.clean == "html":
            text = clean_html(text)
        if not (text.isascii() and text.isprintable()):
            if self.whitespace == "keep":  # one kind of line end
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            text = text.translate(_TABLES[self.whitespace])
        if self.lowercase:
            text = text.lower()
        text = unicodedata.normalize("NFC", text)  # after lower, which can leave a decomposed character
        return _RUN_OF_SPACES.sub(" ", text).strip() if self.whitespace == "fold" else text
