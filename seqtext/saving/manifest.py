"""The list of a folder's files with size and SHA-256, and reading files by it: names first, then sizes, then every byte.

Nothing is opened but regular files directly inside the folder, and nothing is parsed but the list itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from seqtext.errors import OptionsError, SavedFileError, did_you_mean, shorten
from seqtext.saving.disk import megabytes
from seqtext.saving.untrusted import MOST_BYTES, parse_json

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
_AGAIN = "copy or download it again"


class Entry(NamedTuple):
    """What a file must be."""

    size: int
    sha256: str


def fingerprint(path: Path, *, from_disk: bool = False) -> Entry:
    """Size and SHA-256 of a file.

    Args:
        path: of the file.
        from_disk: reads what the disk gives back, not what memory still holds of it, where the system can tell them apart.
    """
    with path.open("rb") as file:
        if from_disk and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Entry(file.tell(), sha256)


def manifest_bytes(entries: Mapping[str, Entry]) -> bytes:
    """The manifest of some files. There is one way to write it, so that any other byte in it is a fault."""
    files = {name: entry._asdict() for name, entry in entries.items()}
    return (json.dumps({"format_version": FORMAT_VERSION, "files": files}, indent=1) + "\n").encode()


def check_replaceable(folder: Path, names: Collection[str]) -> None:
    """Refuses a place where anything else stands than what is to be written, or was written likewise: it would be gone.

    Args:
        folder: that will be written as a whole.
        names: of the files that will be in it.

    Raises:
        OptionsError: for a file, or a folder that holds others.
    """
    if not os.path.lexists(folder):
        return
    fix = "choose a new folder"
    if not folder.is_dir():
        raise OptionsError("it is a file", where=str(folder), expected="a folder, or a name that is free", fix=fix)
    listed = _listed(folder)
    before = listed if listed & set(names) else set()  # of such a folder, which may have consisted of more
    others = sorted({path.name for path in folder.iterdir()} - {*names, *before, MANIFEST})
    if others:
        shown = ", ".join(map(shorten, others[:3]))
        raise OptionsError(f"the folder holds other files ({shown}), which would be gone", where=str(folder), fix=fix)


def _listed(folder: Path) -> set[str]:
    """Names of the files that a folder's manifest lists; none without one."""
    try:
        files = json.loads((folder / MANIFEST).read_bytes())["files"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return set()
    return set(files) if isinstance(files, dict) else set()


class MissingFolderError(SavedFileError):
    """A folder that is not there."""


class FolderReplacedError(SavedFileError):
    """A folder that was being read when a newer one took its place: reading it again finds that one."""


class ListedFolder:
    """A folder that is open, and its manifest.

    The folder stays the same one while it is open, whatever is put in its place.

    Args:
        folder: its path, for messages.
        descriptor: of the open folder.

    Raises:
        SavedFileError: if the manifest is missing, changed, of another format version, or names what is not in the folder.
    """

    def __init__(self, folder: Path, descriptor: int) -> None:
        self._folder, self._descriptor = folder, descriptor
        where = str(folder / MANIFEST)
        with self._opened(MANIFEST) as file:
            data = file.read(MOST_BYTES + 1)
        manifest = parse_json(data, where=where, finite=True)
        files = manifest.get("files") if isinstance(manifest, dict) else None
        if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in files.values()):
            raise SavedFileError("not a manifest of seqtext", where=where)
        if manifest.get("format_version") != FORMAT_VERSION:
            raise SavedFileError(
                f"format version {shorten(manifest.get('format_version'))}",
                where=where,
                expected=str(FORMAT_VERSION),
                fix="load it with the seqtext that wrote it",
            )
        self.entries = {name: _entry(name, entry, where) for name, entry in files.items()}
        if data != manifest_bytes(self.entries):
            raise SavedFileError("it is not as it was written", where=where, fix=_AGAIN)

    def read_all(self) -> dict[str, bytes]:
        """Every listed file, verified; what is larger than any of ours, or than the memory, is refused before it is read.

        Raises:
            SavedFileError: as `read`, or for such a size.
        """
        for name in self.entries:
            self._check_size(name)
        total = sum(entry.size for entry in self.entries.values())
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if total > memory > 0:
            most = f"at most the {megabytes(memory)} of this machine's memory"
            raise SavedFileError(f"files of {megabytes(total)}", where=str(self._folder), expected=most)
        return {name: self.read(name) for name in self.entries}

    def _check_size(self, name: str) -> None:
        if name not in self.entries:
            raise SavedFileError("not listed in the manifest", where=str(self._folder / name), fix=_AGAIN)
        if not name.endswith(".safetensors") and self.entries[name].size > MOST_BYTES:
            where, most = str(self._folder / name), f"at most {MOST_BYTES}"
            raise SavedFileError(f"{self.entries[name].size} bytes", where=where, expected=most)

    def read(self, name: str) -> bytes:
        """The bytes of a listed file, verified.

        Raises:
            SavedFileError: if it is missing, cut, changed, larger than any of ours, or no regular file.
        """
        self._check_size(name)
        with self._sized(name) as (file, entry):
            data = file.read(entry.size + 1)
        self._compare(name, len(data), hashlib.sha256(data).hexdigest())
        return data

    def check(self, name: str) -> None:
        """Verifies a listed file without keeping it in memory.

        Raises:
            SavedFileError: as `read`.
        """
        with self._sized(name) as (file, _):
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self._compare(name, file.tell(), sha256)

    @contextmanager
    def _sized(self, name: str) -> Iterator[tuple[BufferedReader, Entry]]:
        """A listed file, opened. Its size is compared first: a file that grew to fill the memory is not read at all."""
        entry = self.entries[name]
        with self._opened(name) as file:
            self._compare(name, os.fstat(file.fileno()).st_size, entry.sha256)
            yield file, entry

    def _compare(self, name: str, size: int, sha256: str) -> None:
        entry, where = self.entries[name], str(self._folder / name)
        if size != entry.size:
            raise SavedFileError(f"{size} bytes", where=where, expected=str(entry.size), fix=_AGAIN)
        if sha256 != entry.sha256:
            raise SavedFileError(
                "the content is not what was saved (SHA-256 differs)", where=where, fix=f"{_AGAIN}, or use another run"
            )

    @contextmanager
    def _opened(self, name: str) -> Iterator[BufferedReader]:
        """A regular file directly inside the folder; nothing else is even opened (a FIFO would hang, a link may lead out)."""
        where = str(self._folder / name)
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(name, flags, dir_fd=self._descriptor), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise SavedFileError("not a regular file", where=where)
                yield file
        except FileNotFoundError as error:
            fix = "is this the folder of a run, or its model/?" if name == MANIFEST else _AGAIN
            raise SavedFileError("the file is missing", where=where, fix=fix) from error
        except OSError as error:
            raise SavedFileError(f"cannot be read ({error.strerror})", where=where) from error


def check_inside(folder: Path, run: Path) -> None:
    """Refuses a folder of a run that is a link out of it.

    Raises:
        SavedFileError: for such a link.
    """
    if folder.is_symlink() and not folder.resolve().is_relative_to(run.resolve()):
        fix = f"give the folder it leads to: {folder.resolve()}"
        raise SavedFileError("a link that leaves the run", where=str(folder), fix=fix)


@contextmanager
def open_listed(folder: Path) -> Iterator[ListedFolder]:
    """A folder and its manifest, to read from.

    Raises:
        SavedFileError: if there is none, or its manifest is damaged.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        beside = [path.name for path in folder.parent.iterdir()] if folder.parent.is_dir() else []
        fix = did_you_mean(folder.name, beside) or "check the path"
        raise MissingFolderError(f"no such folder: {folder.absolute()}", where=str(folder), fix=fix) from error
    except NotADirectoryError as error:
        raise SavedFileError(
            "it is a file", where=str(folder), expected="the folder of a run, or its model/"
        ) from error
    except (OSError, ValueError) as error:
        raise SavedFileError(f"cannot be read ({error})", where=str(folder)) from error
    try:
        yield ListedFolder(folder, descriptor)
    except SavedFileError as error:
        if _replaced(folder, descriptor):
            raise FolderReplacedError(str(error)) from error
        raise
    finally:
        os.close(descriptor)


def _replaced(folder: Path, descriptor: int) -> bool:
    try:
        return not os.path.samestat(os.stat(folder), os.fstat(descriptor))
    except OSError:
        return True


def _entry(name: str, entry: dict[str, object], where: str) -> Entry:
    if name in ("", ".", "..", MANIFEST) or "/" in name or "\\" in name or "\0" in name:
        raise SavedFileError(f"file name {shorten(name)} leads out of the folder", where=where)
    if re.search("[\ud800-\udfff]", name):  # half a character: no system has a file of that name
        raise SavedFileError(f"{shorten(name)} is no name of a file", where=where, fix=_AGAIN)
    size, sha256 = entry.get("size"), entry.get("sha256")
    if type(size) is not int or size < 0 or not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise SavedFileError(
            f"{shorten(name)} has {shorten(entry)}", where=where, expected="a size and a SHA-256", fix=_AGAIN
        )
    return Entry(size, sha256)
