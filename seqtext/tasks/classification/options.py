"""Which rows a classifier learns from, as flags of its recipe. Knows no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqtext.data.reading.options import TextDataOptions
from seqtext.options import MOST_STEPS, Range, RunOptions, at_most, out_of_range

_TRAIN_AND_VALIDATE = Range("2 or more: one to train on and one to validate", lambda rows: rows >= 2)


@dataclass(frozen=True)
class LabelledOptions(TextDataOptions, RunOptions):
    """Rows with labels."""

    label_column: tuple[str, ...] = ()
    """Column of the labels or numbers, or several of yes and no, one for each label. Default: recognised where there is no doubt."""
    per_class: int | None = None
    """Use this many labelled rows of each class, drawn with the seed: validation rows are some of them, the others are left aside."""
    unlabelled: Literal["error", "drop"] = "error"
    """Rows without a label stop the run, or are left out and counted."""

    def _faults(self) -> list[str]:
        faults = out_of_range(self, {_TRAIN_AND_VALIDATE: ("per_class",), at_most(MOST_STEPS): ("per_class",)})
        if self.per_class is not None and self.max_rows is not None:
            faults.append("--per_class and --max_rows both say how many rows are used; give one of them")
        return faults
