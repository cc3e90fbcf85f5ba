"""What there is to tell of columns that were chosen without being named: by what stands in them, or beside others that may be meant.

Knows names and contents of columns, not what labels mean.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.reading.label_codes import coded
from seqtext.data.rows.by_content import mean_length
from seqtext.data.rows.columns import LABEL_NAMES, LIST_NAMES, TEXT_NAMES, Columns, named_in, text_columns
from seqtext.data.rows.target_numbers import NAMES

if TYPE_CHECKING:
    import datasets

LONGER = 3.0  # times the characters of the texts chosen, by which another column is worth a word
MEASURES = tuple(name for name in NAMES if name not in ("target", "label"))


def about_columns(
    dataset: datasets.Dataset, columns: Columns, *, text: object = None, label: object = None, one_label: bool = True
) -> list[str]:
    """Notes on columns that nobody named: recognised by content, with longer texts beside them, or numbers taken for classes.

    Args:
        dataset: the rows.
        columns: that were chosen.
        text: what the caller named.
        label: likewise.
        one_label: whether the labels are classes, one a row.
    """
    notes = _by_content(dataset, columns, text=text, label=label)
    texts = [name for name in text_columns(dataset) if name not in parts_of(columns.label)]
    if not text and (longer := _longer(dataset, columns.text, texts)):
        flag = f"--text_column {shlex.join([columns.text, longer])}"
        notes.append(f"{place_of(dataset)}: column {longer!r} is not read, and has longer texts: {flag} reads both")
    if (
        not label
        and one_label
        and columns.label.strip().lower() in MEASURES
        and len(coded(dataset, columns.label).values) > 2
    ):
        notes.append(f"column {columns.label!r} is taken for classes: --target number predicts it as a number")
    return notes


def _longer(dataset: datasets.Dataset, chosen: str, texts: list[str]) -> str | None:
    """The column of the longest texts, if those chosen are far shorter."""
    lengths = {name: mean_length(dataset, name) for name in texts}
    longest = max(lengths, key=lambda name: lengths[name], default=chosen)
    return longest if chosen in lengths and lengths[longest] > LONGER * max(lengths[chosen], 1.0) else None


def _by_content(dataset: datasets.Dataset, columns: Columns, *, text: object, label: object) -> list[str]:
    """A note if a column was recognised by what stands in it and not by its name."""
    is_known = (
        label
        or hasattr(dataset.features[columns.label], "names")
        or named_in([columns.label], (*LABEL_NAMES, LIST_NAMES))
    )
    taken = [] if is_known else [f"{columns.label!r} is taken for the label, by its few values"]
    others = [name for name in text_columns(dataset) if name not in parts_of(columns.label)]
    if not text and len(others) > 1 and not named_in(others, TEXT_NAMES):
        taken.append(
            f"{columns.text!r} for the text" if taken else f"{columns.text!r} is taken for the text, by its values"
        )
    flags = "--label_column and --text_column say otherwise"
    return [f"{place_of(dataset)}: column {' and '.join(taken)}; {flags}"] if taken else []
