"""The last table of a run: model and baselines, the best first, and a line that says when a baseline is better. Knows no measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from seqtext.errors import printable
from seqtext.reporting.markdown import markdown_cell, markdown_table

LONGEST_NAME = 40  # characters of a name, from anyone, that is printed in a table


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        name: of the model, method or group.
        cells: its figures, as they are shown.
        score: by which rows are sorted, the highest first.
        baseline: what it is called where it is better than the model; empty for what is no baseline.
        description: stands in the card in place of the name; empty where the name says enough.
        model: it is what was trained, and stands out in the card.
    """

    name: str
    cells: Sequence[str]
    score: float = 0.0
    baseline: str = ""
    description: str = ""
    model: bool = False


class Table(NamedTuple):
    """Figures of several, to print and for the card.

    Attributes:
        title: above the names.
        columns: above the cells.
        rows: in any order; of equal scores the first comes first.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]

    def lines(self) -> list[str]:
        """To print: the best row first, figures below each other."""
        rows = ((printable(row.name, LONGEST_NAME), row.cells) for row in self._best_first())
        ordered = [(self.title, self.columns), *rows]
        first = max(len(name) for name, _ in ordered)
        widths = [max(map(len, column)) for column in zip(*(cells for _, cells in ordered), strict=True)]
        return [
            f"{name:<{first}}{''.join(f'  {cell:>{width}}' for cell, width in zip(cells, widths, strict=True))}".rstrip()
            for name, cells in ordered
        ]

    def markdown(self) -> list[str]:
        """For the card: the best row first, the model in bold."""
        named = ((markdown_cell(row.description or row.name), row) for row in self._best_first())
        rows = ([f"**{name}**" if row.model else name, *row.cells] for name, row in named)
        return markdown_table([self.title, *self.columns], rows)

    def better_baseline(
        self, margin: Callable[[float, float], str], *, unit: str = "rows", ways: Mapping[str, str] | None = None
    ) -> list[str]:
        """A line that names the best baseline where it is as good as the model or better; no line where the model is best.

        Args:
            margin: says how much better the second of two scores is than the first.
            unit: what more of the model could be trained on.
            ways: flags that give a baseline as a model of its own, by its name.
        """
        model = next(row for row in self.rows if row.model)
        best = next((row for row in self._best_first() if row.baseline), None)
        if best is None or best.score < model.score:
            return []
        compared = f"better by {margin(model.score, best.score)}" if best.score > model.score else "as good"
        way = (ways or {}).get(best.baseline, "")
        use = f"use that ({way})" if way else "use that"
        return [f"{best.baseline} is {compared} here, and simpler: {use}, or train longer, or on more {unit}."]

    def _best_first(self) -> list[Row]:
        return sorted(self.rows, key=lambda row: -row.score)


def seconds_cell(seconds: float | None) -> str:
    """Whole seconds; empty for what was not timed."""
    return "" if seconds is None else f"{seconds:.0f}"
