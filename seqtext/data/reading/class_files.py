"""A file of lines for each class, a text on each: found by its layout, and read as columns `text` and `label`.

So lie the names by language on which many learn recurrent networks (`names/Arabic.txt`). Knows names of files, and how many lines.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.class_folders import LABEL_COLUMN, describes_itself, inside, split_of
from seqtext.data.reading.remarks import Remarks, remarks_of, with_remarks
from seqtext.data.reading.split_files import read_files
from seqtext.data.reading.text_files import TEXT_COLUMN

if TYPE_CHECKING:
    import datasets

LEAST_LINES = 5  # a file, on average: with fewer each file is rather one text
_NAMED = re.compile(r"[^\W\d]+([ _-][^\W\d]+)*", re.UNICODE)  # words, no numbers: those are parts of one text
_NO_TEXTS = {"readme", "license", "licence", "copying", "notice", "citation", "about"}


def class_files(root: Path) -> dict[str, Path] | None:
    """The file of each class of a folder that has nothing else; None for any other folder."""
    if describes_itself(root):
        return None
    try:
        folders, files = inside(root)
    except OSError:
        return None  # who reads it otherwise says what is wrong
    files = [file for file in files if file.stem.lower() not in _NO_TEXTS]
    fit = all(file.suffix.lower() == ".txt" and _NAMED.fullmatch(file.stem) and not split_of(file) for file in files)
    return {file.stem: file for file in files} if fit and not folders and len(files) > 1 else None


def load_class_files(found: dict[str, Path], name: str) -> datasets.DatasetDict | None:
    """The split `train`, in the order of files and lines; None where the files have so few lines that each is one text.

    Args:
        found: by `class_files`.
        name: what messages call it.

    Raises:
        DataError: a file that cannot be read.
    """
    import datasets
    import numpy as np

    rows = read_files(list(found.values()), split="train", name=name)
    remarks = remarks_of(rows)
    lines = [count for _, count in remarks.files]
    if rows.column_names != [TEXT_COLUMN] or len(rows) < LEAST_LINES * len(found):
        return None
    feature = datasets.ClassLabel(names=list(found))
    labelled = rows.add_column(LABEL_COLUMN, np.repeat(np.arange(len(found)), lines), feature=feature)
    names = ", ".join(list(found)[:3]) + (", ..." if len(found) > 3 else "")
    note = f"column 'label' is what its {len(found)} files are called: {names}"
    return datasets.DatasetDict(train=with_remarks(labelled, Remarks((*remarks.notes, note), files=remarks.files)))
