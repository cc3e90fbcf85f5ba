"""Numbers that plainly mark missing readings, such as -999: one number, far from all others, where no reading of its kind is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.series import SeriesSet

_NINES = {float("9" * digits) for digits in range(2, 8)} | {99.9, 999.9, 999.99, 9999.9}
_OFTEN = 2  # times that another negative number is there at least
_MOST = 3  # of a column


def of_marks(series: SeriesSet) -> list[str]:
    """A sentence for each such number among readings and further columns, with what to pass."""
    columns = [("reading{}", series.values)]
    if series.inputs is not None:
        cells = zip(series.input_names, series.inputs.T, strict=True)
        columns += [(f"cell{{}} of {name!r}", values) for name, values in cells]
    found = []
    for noun, values in columns:
        for mark, count, low, high in _marks(values[~np.isnan(values)]):
            many = f"{count:,} {noun.format('s' * (count > 1))} {'are' if count > 1 else 'is'}"
            others = f"far from all others ({low:.6g} to {high:.6g})"
            found.append(
                f"{series.name}: {many} {mark:.10g}, {others}; if it marks a missing one, pass --missing {mark:.10g}"
            )
    return found


def _marks(values: NDArray[np.float64]) -> Iterator[tuple[float, int, float, float]]:
    """Each mark, how often it is there, and between which numbers the others lie."""
    for _ in range(_MOST):
        if not len(values):
            return
        for mark in (float(values.min()), float(values.max())):
            others = values[values != mark]
            if len(others) and _is_mark(mark, len(values) - len(others), float(others.min()), float(others.max())):
                yield mark, len(values) - len(others), float(others.min()), float(others.max())
                values = others
                break
        else:
            return


def _is_mark(mark: float, count: int, low: float, high: float) -> bool:
    far = max(low - mark, mark - high) > max(high - low, abs(high), abs(low))
    return far and (abs(mark) in _NINES or (mark < 0 and count >= _OFTEN and mark == round(mark)))
