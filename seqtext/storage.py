"""Folders written whole or not at all, and verified byte by byte when read. Knows files, not what they mean.

A folder is written beside its place under a temporary name, synced, listed in a manifest with size and SHA-256 of every file, and
moved in with one rename. Only JSON and safetensors are ever parsed, so a saved file may fail to load but never runs code.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtext.errors import ResourceError, SavedFileError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
_MAX_JSON = 64 * 2**20  # bytes; our own are far smaller, a larger one is not ours
_RENAME_EXCHANGE = 2  # of Linux' renameat2(2)
_AT_FDCWD = -100


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yields an empty folder to fill; when the block ends without error it becomes `target`, manifest included.

    An older `target` is exchanged in one system call where the file system can, so that there is always one to load.

    Raises:
        ResourceError: if the disk is full or may not be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _no_room(error, target) from error
    try:
        yield temporary
        files = {path.name: _fingerprint(path) for path in sorted(temporary.iterdir())}
        manifest = {"format_version": FORMAT_VERSION, "files": files}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        temporary.chmod(0o755)  # mkdtemp's 0700 would keep a shared run from being read by others
        for path in temporary.iterdir():
            path.chmod(0o644)
            _sync(path)
        _sync(temporary)
        _move_in(temporary, target)
        _sync(target.parent)
    except OSError as error:
        raise _no_room(error, target) from error
    finally:
        _remove(temporary)  # the failed new one, or the exchanged old one


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every file of a folder that `atomic_folder` wrote, checked against its manifest before anybody parses it.

    Raises:
        SavedFileError: if the manifest or a file is missing, changed, cut, of another format version, or a link that leaves the folder.
    """
    if not folder.is_dir():
        if folder.exists():
            raise SavedFileError("it is a file", where=str(folder), expected="the folder of a run, or its model/")
        beside = [path.name for path in folder.parent.iterdir()] if folder.parent.is_dir() else []
        fix = did_you_mean(folder.name, beside) or "check the path"
        raise SavedFileError(f"no such folder: {folder.absolute()}", where=str(folder), fix=fix)
    manifest = parse_json(_read_plain(folder, MANIFEST), where=str(folder / MANIFEST))
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in files.values()):
        raise SavedFileError("not a manifest of seqtext", where=str(folder / MANIFEST))
    if manifest.get("format_version") != FORMAT_VERSION:
        raise SavedFileError(
            f"format version {manifest.get('format_version')!r}",
            where=str(folder / MANIFEST),
            expected=str(FORMAT_VERSION),
            fix="load it with the seqtext that wrote it",
        )
    return {name: _read_listed(folder, name, entry) for name, entry in files.items()}


def parse_json(data: bytes, *, where: str) -> Any:
    """JSON that came from a file.

    Raises:
        SavedFileError: if it is too large, too deep, or not JSON.
    """
    if len(data) > _MAX_JSON:
        raise SavedFileError(f"{len(data)} bytes of JSON", where=where, expected=f"at most {_MAX_JSON}")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SavedFileError(f"not JSON ({error})", where=where, fix="copy or download it again") from error


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes tensors as safetensors, from any device."""
    # Not its `save_file`, which tells of a full disk in words of its own; the bytes in memory are what that costs.
    path.write_bytes(tensor_bytes(tensors))


def tensor_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as the bytes of a safetensors file, from any device."""
    from safetensors.torch import save  # imports torch, which `seqtext --help` must not

    return save({name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()})


def read_tensors(data: bytes, *, where: str) -> dict[str, Tensor]:
    """Whatever tensors the bytes of a safetensors file hold.

    Raises:
        SavedFileError: if it is none.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError) as error:  # KeyError: a type of safetensors' that torch lacks
        raise SavedFileError(
            f"not a safetensors file ({error})", where=where, fix="copy or download it again"
        ) from error


def parse_tensors(data: bytes, expected: Mapping[str, Tensor], *, where: str) -> dict[str, Tensor]:
    """Tensors from the bytes of a safetensors file, with exactly the names, shapes and types of `expected` (meta tensors do).

    Raises:
        SavedFileError: naming the first tensor that is missing, left over, of another shape or type, or not finite.
    """
    import torch

    found = read_tensors(data, where=where)
    for name in [*expected, *found]:
        if name not in found or name not in expected:
            raise SavedFileError(
                f"tensor {name!r} is {'missing' if name in expected else 'not of this model'}", where=where
            )
        have, want = found[name], expected[name]
        if have.shape != want.shape or have.dtype != want.dtype:
            raise SavedFileError(
                f"tensor {name!r} is {have.dtype} {tuple(have.shape)}",
                where=where,
                expected=f"{want.dtype} {tuple(want.shape)}",
            )
        if have.is_floating_point() and not bool(torch.isfinite(have).all()):
            raise SavedFileError(f"tensor {name!r} holds NaN or infinity", where=where, fix="use an earlier checkpoint")
    return found


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole or not at all. Bytes of a file name that are no UTF-8 are written as JSON and YAML escape them.

    Raises:
        ResourceError: if the disk is full or may not be written.
    """
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise _no_room(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Writes a value as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _read_listed(folder: Path, name: str, entry: dict[str, object]) -> bytes:
    where = str(folder / name)
    data = _read_plain(folder, name)
    if len(data) != entry.get("size"):
        raise SavedFileError(
            f"{len(data)} bytes", where=where, expected=f"{entry.get('size')}", fix="copy or download it again"
        )
    if hashlib.sha256(data).hexdigest() != entry.get("sha256"):
        raise SavedFileError(
            "the content is not what was saved (SHA-256 differs)",
            where=where,
            fix="copy or download it again, or use another run",
        )
    return data


def _read_plain(folder: Path, name: str) -> bytes:
    """A regular file directly inside the folder; nothing else is even opened (a FIFO would hang, a link may lead out)."""
    where = str(folder / name)
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise SavedFileError(f"file name {name!r} leads out of the folder", where=str(folder / MANIFEST))
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SavedFileError("not a regular file", where=where)
            return file.read()
    except FileNotFoundError as error:
        fix = "is this the folder of a run, or its model/?" if name == MANIFEST else "copy or download it again"
        raise SavedFileError("the file is missing", where=where, fix=fix) from error
    except OSError as error:
        raise SavedFileError(f"cannot be read ({error.strerror})", where=where) from error


def _fingerprint(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move_in(temporary: Path, target: Path) -> None:
    """Puts `temporary` in the place of `target`; what stood there ends under the temporary name."""
    if not target.exists():
        temporary.rename(target)
        return
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename and rename(_AT_FDCWD, os.fsencode(temporary), _AT_FDCWD, os.fsencode(target), _RENAME_EXCHANGE) == 0:
        return
    # Not Linux, or a file system without exchange: two renames, with a moment between them in which neither is in place.
    aside = target.with_name(f"{temporary.name}-old")
    target.rename(aside)
    temporary.rename(target)
    aside.rename(temporary)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _no_room(error: OSError, path: Path) -> ResourceError:
    free = shutil.disk_usage(_existing(path)).free
    return ResourceError(
        f"cannot be written ({error.strerror or error})",
        where=str(path),
        fix=f"{free / 2**20:.0f} MB are free there; what stood before is intact",
    )


def _existing(path: Path) -> Path:
    return next(parent for parent in [path, *path.absolute().parents] if parent.exists())
