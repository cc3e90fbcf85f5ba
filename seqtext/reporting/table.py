"""The last table of a run: model and baselines, the best first, and a line that says when a baseline is better. Knows no measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        name: of the model or method.
        score: by which rows are sorted, the highest first.
        cells: its figures, as they are printed.
        baseline: what it is called where it is better than the model; empty for what is no baseline.
    """

    name: str
    score: float
    cells: Sequence[str]
    baseline: str = ""


def results_table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """A title with the names of the columns, then the rows, the highest score first and figures below each other."""
    ordered = [(title, columns), *((row.name, row.cells) for row in sorted(rows, key=lambda row: -row.score))]
    first = max(len(name) for name, _ in ordered)
    widths = [max(map(len, column)) for column in zip(*(cells for _, cells in ordered), strict=True)]
    return [
        "  ".join(
            [f"{name:<{first}}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))]
        ).rstrip()
        for name, cells in ordered
    ]


def better_baseline(
    model: Row, others: Sequence[Row], margin: Callable[[float, float], str], *, rows: str
) -> list[str]:
    """A line that names the best baseline where it is as good as the model or better; no line where the model is best.

    Args:
        model: its row of the table.
        others: all rows.
        margin: says how much better the second of two scores is than the first.
        rows: what more of the model could be trained on.
    """
    best = max((row for row in others if row.baseline), key=lambda row: row.score, default=None)
    if best is None or best.score < model.score:
        return []
    compared = f"better by {margin(model.score, best.score)}" if best.score > model.score else "as good"
    return [f"{best.baseline} is {compared} here, and simpler: use that, or train longer, or on more {rows}."]


def seconds_cell(seconds: float | None) -> str:
    """Whole seconds; empty for what was not timed."""
    return "" if seconds is None else f"{seconds:.0f}"
