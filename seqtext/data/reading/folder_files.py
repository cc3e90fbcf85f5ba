"""Which files of a data folder may be read: tables and texts that lie inside of it, wherever a README or a link points to.

Looks at names, links and the README's list of files; opens no data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from seqtext.data.reading.packed import without_packing
from seqtext.data.reading.text_files import FORMATS
from seqtext.errors import DataError, SavedFileError, one_of, shorten
from seqtext.saving.untrusted import parse_yaml

ENDINGS = (*FORMATS, ".parquet", ".arrow")
KINDS = ("csv", "json", "text", "parquet", "arrow")
_MOST_HEAD = 1 << 20  # bytes that are looked at of a README


def lies_inside(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder when all links are followed; in the hub's cache, among the files its links are made for."""
    parent, roots = _real(path.parent), _roots(folder)
    real = Path(os.path.realpath(path)) if path.is_symlink() else parent / path.name
    return any(real.is_relative_to(root) for root in roots)


def check_readme(folder: Path, name: str) -> None:
    """Sees to it that a folder's README names files by their places inside of the folder alone, before anybody looks for them.

    Raises:
        DataError: for an absolute path, one that leads out, or an address; for a head that is too large.
    """
    for file in ("README.md", ".huggingface.yaml"):
        path = folder / file
        if not os.path.lexists(path):
            continue
        if not path.is_file() or not lies_inside(path, folder):
            raise DataError("not a regular file inside of it", where=str(path), fix="remove it")
        for pattern in _named_in(path):
            if (
                "://" in pattern
                or "::" in pattern
                or PurePath(pattern).is_absolute()
                or ".." in PurePath(pattern).parts
            ):
                found = f"its {file} names the data files {shorten(pattern)}, which are not inside of it"
                raise DataError(found, where=name, fix="copy the files into the folder, and name them there")


def check_files(files: Sequence[str], *, kind: str, folder: Path | None, base: str, name: str) -> None:
    """Sees to it that data files are of a kind that is read, and lie in the folder or repository that they are of.

    Args:
        files: paths or addresses, as `datasets` found them.
        kind: what it takes them for.
        folder: of the data; None on the hub.
        base: how addresses of the repository begin.
        name: what messages call the data.

    Raises:
        DataError: naming the first that is not.
    """
    for file in files or [""]:
        if kind not in KINDS or PurePath(without_packing(file.lower())).suffix not in ENDINGS:
            found = f"found {shorten(file.removeprefix(base).lstrip('/') or kind)}, which is no table and no text"
            fix = "unpack or convert it, or give the data files of one kind with --train"
            raise DataError(found, where=name, expected=one_of(ENDINGS), fix=fix)
        if folder is not None and ("://" in file or not lies_inside(Path(file), folder)):
            raise DataError(
                f"not inside of {name}, whose data it is to be", where=file, fix="copy the file into the folder"
            )
        if folder is None and not file.startswith(base):
            raise DataError(
                f"the data file {shorten(file)} is not one of its own", where=name, fix="use another data set"
            )


def _named_in(path: Path) -> Iterator[str]:
    """Whatever the head of a README names as data files or their folders."""
    with path.open("rb") as file:
        text = file.read(_MOST_HEAD).decode("utf-8", "replace")
    head = (
        re.match(r"\s*---\s*\n(.*?)(?:\n---|\Z)", text, re.DOTALL)
        if path.suffix == ".md"
        else re.match(r"(?s)(.*)", text)
    )
    try:
        value = parse_yaml(head[1], where=str(path)) if head else None
    except SavedFileError as error:
        raise DataError(str(error), fix="mend its head, or leave it out") from None
    configs = value.get("configs") if isinstance(value, dict) else None
    named = [config for config in _items(configs) if isinstance(config, dict)]
    parts: list[Any] = [config.get(key) for config in named for key in ("data_files", "data_dir")]
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            yield part
        parts += _items(part)


def _items(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


@lru_cache(maxsize=1024)
def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _roots(folder: Path) -> tuple[Path, ...]:
    """The folder itself; of a snapshot in the hub's cache also the blobs beside it."""
    own = _real(folder)
    blobs = own.parent.parent / "blobs"
    return (own, _real(blobs)) if own.parent.name == "snapshots" and blobs.is_dir() else (own,)
