"""Several columns of texts as one: what it is called, and what stands between the texts. Knows names, no data set."""

from __future__ import annotations

from collections.abc import Sequence

# Between texts that are joined, and between the names of their columns. It survives every normaliser, and no text that people write
# has it: so the tokenizer learns it as a piece of its own.
SEPARATOR = "\u241f"
BETWEEN = f" {SEPARATOR} "


def joined(columns: str | Sequence[str]) -> str:
    """The name of a column, or of several whose texts are joined: whatever takes the name of a text column takes it."""
    return columns if isinstance(columns, str) else BETWEEN.join(columns)


def parts_of(column: str) -> tuple[str, ...]:
    """The columns that a name of `joined` stands for; of a single column its own."""
    return tuple(column.split(BETWEEN))


def separators_in(column: str) -> str:
    """The character between the texts of joined columns; nothing of a single one."""
    return SEPARATOR if len(parts_of(column)) > 1 else ""
