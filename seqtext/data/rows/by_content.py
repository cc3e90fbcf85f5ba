"""Which column could be the label or the text by what stands in it, where no name says so: few values that repeat, and texts.

Looks at some rows alone. Knows no names of columns, and never guesses: what could be either is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.reading.label_forms import spellings
from seqtext.data.reading.numbers import holds_numbers

if TYPE_CHECKING:
    import datasets

LOOKED_AT = 20_000  # rows, spread evenly: files are often sorted by class
_FEW = 1_000  # rows whose texts are counted
_MOST_CLASSES = 1_000
_MOST_COLUMNS = 50  # of more, one by chance is like a label
_ROWS_OF_A_CLASS = 10  # on average, at least
_DAY = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T,].*)?$"
_WORDS = (one for word in ("true", "false", "yes", "no") for one in spellings(word))
_YES_OR_NO = {0, 1, "0", "1", "0.0", "1.0", *_WORDS}
_NAMES_A_ROW = r"^(https?://\S*|\S*\d\S*)$"  # an address, or one word that has a digit: 0000997932d777bf
Kind = Literal["classes", "texts", "neither", "unclear"]


def only_label(dataset: datasets.Dataset, columns: Sequence[str]) -> list[str]:
    """The one column that holds classes, while each other holds texts, numbers of rows, or nothing; else none."""
    return _only(dataset, columns, "classes")


def only_text(dataset: datasets.Dataset, columns: Sequence[str]) -> list[str]:
    """The one column of texts that differ, while no other is like it; else none."""
    return _only(dataset, columns, "texts")


def _only(dataset: datasets.Dataset, columns: Sequence[str], wanted: Kind) -> list[str]:
    if len(columns) > _MOST_COLUMNS:
        return []
    kinds = {column: kind_of(dataset, column) for column in columns}
    found = [column for column, kind in kinds.items() if kind == wanted]
    return found if len(found) == 1 and "unclear" not in kinds.values() else []


def kind_of(dataset: datasets.Dataset, column: str) -> Kind:
    """What a column of text or whole numbers holds, as far as some of its rows tell."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = np.unique(np.linspace(0, len(dataset) - 1, min(len(dataset), LOOKED_AT)).astype(np.int64))
    cells = pa.chunked_array(column_arrays(dataset.select(rows), column))
    is_text = pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)
    cells = pc.utf8_trim_whitespace(cells.cast(pa.large_string())).drop_null()
    cells = cells.filter(pc.not_equal(cells, ""))
    different = pc.count_distinct(cells).as_py()
    if different < 2 or pc.mean(pc.match_substring_regex(cells, _DAY)).as_py() > 0.9:
        return "neither"
    if different <= min(_MOST_CLASSES, max(2, len(cells) / _ROWS_OF_A_CLASS)):
        return "classes"
    words = pc.mean(pc.match_substring_regex(cells, r"\p{L}\p{L}")).as_py()
    if not is_text or words < 0.1 or pc.mean(pc.match_substring_regex(cells, _NAMES_A_ROW)).as_py() > 0.9:
        return "neither"  # numbers, times, signs, names of rows
    return "texts" if different > len(cells) / 2 and words > 0.9 else "unclear"


def is_yes_or_no(rows: datasets.Dataset, column: str) -> bool:
    """Whether rows hold nothing but yes and no, however they are written."""
    values = {value for part in column_arrays(rows, column) for value in part.unique().to_pylist()} - {None}
    return bool(values) and values <= _YES_OR_NO


def can_be_predicted(dataset: datasets.Dataset, column: str) -> bool:
    """Whether a column holds numbers that may measure something: whole ones of which none comes again number the rows."""
    if not holds_numbers(dataset, column):
        return False
    first = next(column_arrays(dataset, column)).drop_null()
    numbers_rows = str(first.type).startswith(("int", "uint")) and len(first.unique()) == len(first)
    return not numbers_rows


def mean_length(dataset: datasets.Dataset, column: str) -> float:
    """Characters of a text on average, as far as the first rows tell."""
    first = [text for text in next(column_arrays(dataset, column)).slice(0, _FEW).to_pylist() if text is not None]
    return sum(map(len, first)) / max(len(first), 1)
