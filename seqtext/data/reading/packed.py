"""Packed files, unpacked as they are read: gz, bz2, xz and zst, and zip with one file inside. Knows nothing of what is in them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from seqtext.errors import DataError, one_of

# How each begins: a file may have any name.
PACKINGS = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\x00", ".zst": b"\x28\xb5\x2f\xfd", ".zip": b"PK"}
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, ValueError)
ALSO_PACKED = f"each also with {', '.join(PACKINGS)}"

_STREAMS = (gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile, zipfile.ZipExtFile)


def packing_of(path: str | Path) -> str:
    """The ending of a packed file's name, as `.gz`; "" for any other."""
    ending = Path(path).suffix.lower()
    return ending if ending in PACKINGS else ""


def without_packing(name: str) -> str:
    """A file's name without the ending of its packing."""
    return name[: len(name) - len(packing_of(name))]


def name_inside(path: Path) -> str:
    """The name of what a packed file holds; of one that is not packed, its own.

    Raises:
        DataError: a zip archive that is damaged, or holds several files or none.
    """
    if packing_of(path) != ".zip" or not path.is_file():
        return without_packing(path.name)
    with _archive(path, str(path)) as archive:
        return _member(archive, str(path)).filename


def open_unpacked(path: Path, name: str) -> BinaryIO:
    """A file as a stream of bytes, unpacked on the fly.

    Args:
        path: that exists.
        name: what messages call it.

    Raises:
        DataError: a file that cannot be opened, or is not packed as its name says.
    """
    packing = packing_of(path)
    try:
        if packing and path.is_file():
            _check_start(path, packing, name)
        if packing == ".zip":
            archive = _archive(path, name)
            return archive.open(_member(archive, name))  # type: ignore[return-value]
        if packing == ".zst":
            import pyarrow as pa

            return cast(BinaryIO, pa.input_stream(str(path), compression="zstd"))
        if packing == ".gz":
            return cast(BinaryIO, gzip.open(path))
        if packing == ".bz2":
            return cast(BinaryIO, bz2.open(path))
        return cast(BinaryIO, lzma.open(path)) if packing == ".xz" else path.open("rb")
    except RuntimeError:
        raise DataError("the archive is encrypted", where=name, fix="unpack it, and give the file in it") from None
    except OSError as error:
        raise DataError(f"cannot be opened ({error.strerror})", where=name) from None


def is_packed(stream: object) -> bool:
    """Whether what a stream gives is unpacked, so that its bytes are not those of the file."""
    return isinstance(stream, _STREAMS) or type(stream).__module__.startswith("pyarrow")


def _check_start(path: Path, packing: str, name: str) -> None:
    with path.open("rb") as file:
        if not file.read(8).startswith(PACKINGS[packing]):
            found = f"not a {packing.removeprefix('.')} file, whatever its name says"
            raise DataError(found, where=name, fix=f"take {packing} off its name")


def _archive(path: Path, name: str) -> zipfile.ZipFile:
    _check_start(path, ".zip", name)
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        fix = "download or copy the file again"
        raise DataError(f"the archive is damaged ({error})", where=name, fix=fix) from None


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The one file of an archive; what begins with `.` or `_`, as system files and notes on the data do, is none of the data."""
    files = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    data = [info for info in files if not Path(info.filename).name.startswith((".", "_"))]
    if len(data) == 1:
        return data[0]
    if not files:
        raise DataError("the archive is damaged, or empty", where=name, fix="download or copy the file again")
    names = one_of((info.filename for info in data), 5)
    fix = "unpack it, and give one of them"
    raise DataError(f"found {len(data)} files in the archive ({names})", where=name, expected="one", fix=fix)
