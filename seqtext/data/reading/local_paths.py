"""Paths on this machine that must exist: found, or an error that names what lies nearest.

Knows nothing of what is in the files, nor of names on the hub.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from seqtext.errors import DataError, NoRowsError, did_you_mean, one_of

MAX_LISTED = 8


def at_home(path: str | Path) -> Path:
    """A path as its user means it: `~` is the home folder, where there is one, and `~x.csv` a file like any other."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def existing_file(path: str | Path, *, where: str = "", expected: str = "") -> Path:
    """The path of a file that is there, is a file, and is not empty.

    Args:
        path: relative or absolute; `~` is the home folder.
        where: what the path was given as ("--train"), for the message.
        expected: what should be there, for the message.

    Raises:
        DataError: nothing is there, it is a folder, or it has 0 bytes.
    """
    found = at_home(path)
    where = f"{where} {path}".strip()
    if not os.path.exists(found):  # as against `Path.exists`, also where the name is too long for any file
        raise missing(found, where=where, expected=expected)
    if found.is_dir():
        names = sorted(item.name for item in found.iterdir())
        fix = f"it holds {one_of(names, MAX_LISTED)}"
        raise DataError("found a folder", where=where, expected=expected or "a file", fix=fix)
    # A named pipe (`<(zcat ...)`) has no size: only a regular file can be known to be empty.
    if found.is_file() and found.stat().st_size == 0:
        raise NoRowsError("the file is empty (0 bytes)", where=where, fix="write or download it again")
    return found


def matching_files(pattern: str | Path, *, where: str = "", expected: str = "") -> list[Path]:
    """The file of that very name, or else the files a glob pattern matches, sorted by name; arguments as of `existing_file`.

    Raises:
        DataError: as `existing_file`, or the pattern matches nothing.
    """
    literal = at_home(pattern)
    if os.path.exists(literal) or not glob.has_magic(str(pattern)):
        return [existing_file(pattern, where=where, expected=expected)]
    matches = sorted(glob.glob(str(literal), recursive=True))
    if not matches:
        raise missing(
            literal, where=f"{where} {pattern}".strip(), found="the pattern matches no file", expected=expected
        )
    return [existing_file(match, where=where, expected=expected) for match in matches]


def missing(
    path: Path, *, where: str, found: str = "no such file or folder", expected: str = "", also: Iterable[str] = ()
) -> DataError:
    """The error for a path where nothing is: the absolute path that was tried, and the names nearest to it.

    Args:
        path: what was tried.
        where: what was given.
        found: what is wrong with it.
        expected: what could have been given.
        also: names that would have been understood without being paths.
    """
    if os.path.islink(path):
        found, fix = "a link to what is not there", f"it leads to {os.readlink(path)}: mend the link"
    else:
        fix = did_you_mean(str(path), also) or nearest(path)
    return DataError(f"{found}: {path.absolute()}", where=where, expected=expected, fix=fix)


def nearest(path: Path) -> str:
    """What exists closest to a missing path: a name like it in its folder, or the names there are."""
    path = path.absolute()
    gone = next((part for part in [*reversed(path.parents), path] if not os.path.exists(part)), path)
    if not os.path.isdir(gone.parent):
        return f"{gone.parent} is a file"
    if os.path.islink(gone):
        return f"{gone} leads to {os.readlink(gone)}, where nothing is: mend the link"
    names = sorted(item.name for item in gone.parent.iterdir())
    return did_you_mean(gone.name, names) or f"{gone.parent} holds {one_of(names, MAX_LISTED)}"
