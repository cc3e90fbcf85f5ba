"""A data set that `save_to_disk` wrote: Arrow files and lists of them, each read as any file of data, inside of the folder alone.

Knows that layout; what the files hold, `read_files` reads and checks.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.folder_files import lies_inside
from seqtext.data.reading.hub_layout import quiet, with_declared
from seqtext.data.reading.split_files import read_files
from seqtext.errors import DataError, SavedFileError, shorten
from seqtext.saving.untrusted import MOST_BYTES, parse_json

if TYPE_CHECKING:
    import datasets

_SPLITS, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"


def is_saved(folder: Path) -> bool:
    """Whether a folder was written by `save_to_disk`."""
    return any(os.path.exists(folder / name) for name in (_SPLITS, _STATE))


def load_saved(folder: Path, name: str) -> datasets.DatasetDict:
    """All splits of a folder that `save_to_disk` wrote; a single data set is the split it was, or else `train`.

    Args:
        folder: its path.
        name: what messages call it.

    Raises:
        DataError: a folder that is damaged or incomplete, or a list that leads out of it.
    """
    import datasets

    if (folder / _SPLITS).exists():
        names = _read(folder, _SPLITS, "splits")
        splits = [(split, folder / split) for split in names if _is_plain(split)]
        if not names or len(splits) < len(names):
            raise _damaged(folder / _SPLITS, f"its splits are {shorten(names)}")
        return datasets.DatasetDict({split: _one(place, split, name) for split, place in splits})
    split = _read(folder, _STATE, "_split", str(datasets.Split.TRAIN)) or "train"
    if not _is_plain(split):
        raise _damaged(folder / _STATE, f"its split is {shorten(split)}")
    return datasets.DatasetDict({split: _one(folder, split, name)})


def _one(folder: Path, split: str, name: str) -> datasets.Dataset:
    import datasets

    listed = _read(folder, _STATE, "_data_files")
    files = [folder / file["filename"] for file in listed if isinstance(file, dict) and _is_plain(file.get("filename"))]
    if not files or len(files) < len(listed) or _read(folder, _STATE, "_indices_data_files", []):
        raise _damaged(folder / _STATE, f"its files are {shorten(listed)}")
    for file in files:
        if not file.is_file() or not lies_inside(file, folder):
            raise _damaged(file, "no such file inside of the folder")
    with quiet():
        rows = read_files(files, format="arrow", split=split, name=name)
    try:
        declared = datasets.Features.from_dict(_read(folder, _INFO, "features", None) or {})
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _damaged(folder / _INFO, shorten(str(error))) from None
    return with_declared(datasets.DatasetDict({split: rows}), declared or None)[split]


_NEEDED: Any = object()


def _read(folder: Path, file: str, key: str, default: Any = _NEEDED) -> Any:
    """A value of one of the lists; a list, where there is no default."""
    path = folder / file
    try:
        if not path.is_file() or not lies_inside(path, folder):
            raise _damaged(path, "no such file inside of the folder")
        with path.open("rb") as opened:
            value = parse_json(opened.read(MOST_BYTES + 1), where=str(path)).get(key, default)
    except (OSError, SavedFileError, AttributeError) as error:
        raise _damaged(path, shorten(str(error))) from None
    if default is _NEEDED and not isinstance(value, list):
        raise _damaged(path, f"it has no {key}")
    return value


def _is_plain(name: object) -> bool:
    """Whether a value is the name of something directly in a folder."""
    return isinstance(name, str) and bool(re.fullmatch(r"[^/\\\0]+", name)) and name not in (".", "..")


def _damaged(path: Path, found: str) -> DataError:
    return DataError(f"cannot be loaded ({found})", where=str(path), fix="save it again with save_to_disk")
