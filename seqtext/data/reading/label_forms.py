"""How a column may write several labels a row. Imports nothing heavy, for `--help`."""

from __future__ import annotations

from typing import Literal

Form = Literal["list", "yes_no", "|", ";", ","]  # a list; a yes or no for each label; names with a mark between them
MARKS: tuple[Form, ...] = ("|", ";", ",")


def spellings(word: str) -> tuple[str, str, str]:
    """How true, false, yes and no are written: by hand, by pandas, and by R and spreadsheets."""
    return word, word.capitalize(), word.upper()
