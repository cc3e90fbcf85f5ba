"""Markdown of anybody's texts: one line, nothing in it taken for markup, and tables of them. Knows no figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, and a blank line behind it; cells are Markdown."""
    return [*(f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)), ""]


def one_line(text: str) -> str:
    """A text on one line, without what reaches a terminal as a control."""
    return "".join(c if c.isprintable() else " " for c in text)


def markdown_cell(text: str) -> str:
    """A text inside a Markdown table: nothing of it is markup, or ends the row."""
    plain = one_line(text)
    for character in "\\`*_[]<>|#":
        plain = plain.replace(character, {"<": "&lt;", ">": "&gt;"}.get(character, f"\\{character}"))
    return plain
