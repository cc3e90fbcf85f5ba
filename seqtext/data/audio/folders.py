"""Folders of recordings, whose names or folders tell what is said, and by whom. Looks into no file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from seqtext.data.audio.sounds import ENDINGS
from seqtext.errors import DataError

_NAMED = re.compile(r"(?P<text>[^_]+)_(?P<speaker>[^_]+)_(?P<take>\d+)")
_WORD_BY_FOLDER = re.compile(r"(?P<speaker>[0-9a-f]{8})_nohash_\d+")  # names of Speech Commands, which say no text
TEST_TAKES = range(5)  # of recordings whose names have one: those of the free spoken digit data set
_SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "dev": "validation", "test": "test"}


class ToldFile(NamedTuple):
    """A file of sound, what is said in it, and by whom where that is known."""

    path: Path
    text: str
    speaker: str


def told_files(root: Path) -> dict[str, list[ToldFile]]:
    """By split the files of a folder with text and speaker, told by their names or by the folders they lie in; none if neither does."""
    files = sounds_in(root)
    hashed = [_WORD_BY_FOLDER.fullmatch(path.stem) for path in files]
    named = [None if of_hash else _NAMED.fullmatch(path.stem) for path, of_hash in zip(files, hashed, strict=True)]
    all_named = bool(files) and all(named)
    takes_differ = len({*map(_split_by_take, named)}) == 2
    splits: dict[str, list[ToldFile]] = {}
    for path, match, of_hash in zip(files, named, hashed, strict=True):
        first, *_ = path.relative_to(root).parts
        split = _SPLITS.get(first.lower(), "train")
        if all_named and match is not None:
            inside = path.relative_to(root).parts[:-1]
            by_take = takes_differ and not any(part.lower() in _SPLITS for part in inside)
            split = _split_by_take(match) if by_take else split
            splits.setdefault(split, []).append(ToldFile(path, match["text"], match["speaker"]))
        elif path.parent != root and path.parent.name.lower() not in _SPLITS:
            if not path.parent.name.startswith(("_", ".")):  # such as background noise
                speaker = of_hash["speaker"] if of_hash else ""
                splits.setdefault(split, []).append(ToldFile(path, path.parent.name, speaker))
        else:
            return {}
    if not all_named and len({one.text for of_split in splits.values() for one in of_split}) < 2:
        return {}  # a single folder is where files lie, and no word
    return splits


def sounds_in(root: Path) -> list[Path]:
    """The files of sound in a folder and all below it."""
    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if name.lower().endswith(ENDINGS) and not name.startswith(".")
    )


def refuse_untold(root: Path, name: str) -> None:
    """Refuses a folder of sounds that neither names nor folders tell the texts of.

    Raises:
        DataError: with the first file that tells none.
    """
    untold = [path for path in sounds_in(root) if not _NAMED.fullmatch(path.stem)]
    if not untold:
        return
    tables = sorted(path for path in root.iterdir() if path.suffix.lower() in (".csv", ".tsv", ".jsonl"))
    found = f"{untold[0].relative_to(root)} does not say what is said in it"
    expected = "TEXT_SPEAKER_TAKE.wav of all files, a folder for each word, or metadata.csv with file_name and text"
    fix = f"pass --train {tables[0]}" if tables else "rename the files, or write metadata.csv beside them"
    raise DataError(found, where=name, expected=expected, fix=fix)


def _split_by_take(match: re.Match[str] | None) -> str:
    return "test" if match is not None and int(match["take"]) in TEST_TAKES else "train"
