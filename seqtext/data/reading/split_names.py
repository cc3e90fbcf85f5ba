"""Which split a file of a folder is of, by its name, where `datasets` does not see it: it knows `test.csv`, not `Test.csv`.

Looks at names alone.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "testa"),
    "test": ("test", "testing", "eval", "evaluation", "testb"),
}
_SPLITS = {word: split for split, words in _WORDS.items() for word in words}
_ALONE = re.compile(rf"(?<![a-z])({'|'.join(_SPLITS)})(?![a-z])", re.IGNORECASE)
_CAPITALISED = re.compile(rf"({'|'.join(word.capitalize() for word in _SPLITS)})(?![a-z])")  # reviewsTest_raw.csv


def splits_by_name(found: Mapping[object, Sequence[str]], folder: Path) -> dict[str, list[str]] | None:
    """The files of each split, as patterns inside of the folder, where all were taken for training although names say otherwise.

    Args:
        found: the files of each split, as `datasets` found them.
        folder: that they lie in.
    """
    if [str(split) for split in found] != ["train"]:
        return None
    files = [str(Path(file).relative_to(folder)) for of_split in found.values() for file in of_split]
    splits: dict[str, list[str]] = {}
    for file in files:
        splits.setdefault(split_of(file), []).append(glob.escape(file))
    seen_by_datasets = any(split_of(file) != "train" and file.islower() for file in files)  # then a README said so
    return None if seen_by_datasets or splits.keys() <= {"train"} or "train" not in splits else splits


def split_of(file: str) -> str:
    """The split that the name of a file says, the file's own before those of its folders; `train` if none."""
    for part in reversed(Path(file).parts):
        if match := _ALONE.search(part) or _CAPITALISED.search(part):
            return _SPLITS[match[1].lower()]
    return "train"
