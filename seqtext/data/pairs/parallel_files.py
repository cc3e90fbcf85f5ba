"""Two files of lines, line n of one the translation of line n of the other, as rows of source and target, memory-mapped.

A line ends at `\\n` only, one `\\r` before it is left out, and a blank line is a line: nothing here moves a pair. Knows
files and lines; which pairs are worth learning from, `splits.py` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqtext.data.pairs.line_agreement import IntArray, first_break
from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.reading.local_paths import existing_file
from seqtext.data.reading.packed import without_packing
from seqtext.data.reading.split_files import read_files
from seqtext.data.reading.text_files import FORMATS, TEXT_COLUMN
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

SOURCE, TARGET = "source", "target"  # the columns of pairs, wherever they came from
TABLES = (*(ending for ending in FORMATS if ending != ".txt"), ".parquet")
_OFFICE = (".xls", ".xlsx", ".ods", ".odt", ".doc", ".docx", ".ppt", ".pptx", ".rtf", ".epub", ".pdf")
_OTHERS = (".txt", ".arrow", ".tsf", ".tmx", ".xml", ".html", *_OFFICE)  # of no file of lines for sure


def refuse_one_side(name: str | Path, *, flag: str = "", fix: str = "give the other one too") -> None:
    """Refuses a file of lines by itself, which is one side of the pairs.

    Args:
        name: of what was given alone; anything but such a file goes through.
        flag: what it was given as, for messages.
        fix: what to do about it.

    Raises:
        DataError: for such a file.
    """
    ending = Path(without_packing(str(name).lower())).suffix
    if ending not in (*TABLES, *_OTHERS, "") and Path(name).expanduser().is_file():
        expected = "two, the source and its translation, or one table"
        raise DataError("found one file of lines", where=f"{flag} {name}".strip(), expected=expected, fix=fix)


def read_parallel(files: Sequence[str | Path], *, split: str, flag: str = "") -> datasets.Dataset:
    """The pairs of two files, in columns `source` and `target`; row n is line n.

    Args:
        files: the source and the target, in that order; any ending, packed where it says so.
        split: its name.
        flag: what the files were given as ("--train"), for messages.

    Raises:
        DataError: not two files, a table among them, one that is not there or is no UTF-8, one with more lines than the other.
    """
    import datasets

    where = " ".join([flag, *map(str, files)]).strip()
    if len(files) != 2:
        fix = "give the source and its translation"
        raise DataError(f"found {len(files)} files", where=where, expected="two files of lines", fix=fix)
    paths = [existing_file(file, where=flag) for file in files]
    for path in paths:
        ending = Path(without_packing(path.name.lower())).suffix
        if ending in TABLES:
            fix = "give the table alone: it has both columns"
            raise DataError(f"found a table ({ending})", where=str(path), expected="a file of lines", fix=fix)
    if paths[0].samefile(paths[1]):
        raise DataError("found the same file twice", where=where, expected="the source and its translation")
    name = " + ".join(map(str, files))
    sides = [
        read_files([path], format="txt", split=split, name=str(path)).rename_column(TEXT_COLUMN, column)
        for path, column in zip(paths, (SOURCE, TARGET), strict=True)
    ]
    if len(sides[0]) != len(sides[1]):
        raise _unequal(sides, where)
    pairs = datasets.concatenate_datasets(sides, axis=1)
    pairs.info.dataset_name = name
    return pairs


def lengths_of(rows: datasets.Dataset, column: str) -> IntArray:
    """(R,) characters of each text of a column."""
    import pyarrow.compute as pc

    parts = [pc.utf8_length(array).to_numpy(zero_copy_only=False) for array in column_arrays(rows, column)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int64)


def _unequal(sides: Sequence[datasets.Dataset], where: str) -> DataError:
    """Both counts, and where to look for the line that one side lacks."""
    source, target = lengths_of(sides[0], SOURCE), lengths_of(sides[1], TARGET)
    found = f"found {len(source):,} and {len(target):,} lines"
    # Blank lines at the ends hide what is missing before them: both files may have some, and the break lie elsewhere.
    source_text, target_text = np.trim_zeros(source, "b"), np.trim_zeros(target, "b")
    place = first_break(source_text, target_text)
    if len(source_text) == len(target_text):
        blanks = (len(source) - len(source_text), len(target) - len(target_text))
        fix = f"without the blank lines they end in, {blanks[0]:,} and {blanks[1]:,}, they have as many: remove them"
    elif place is None:
        fix = "the lengths of their lines agree nowhere: are they each other's translation?"
    else:
        fix = f"the lengths of their lines stop agreeing at about line {place:,}: look there for one that was lost or split"
    return DataError(found, where=where, expected="as many in both", fix=fix)
