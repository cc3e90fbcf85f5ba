"""Folders written whole or not at all, and verified byte by byte when read. Knows files, not what they mean.

A folder is written beside its place under a temporary name, listed in a manifest with size and SHA-256 of every file, synced, read
back, and moved in with one rename. Only JSON and safetensors are ever parsed, so a saved file may fail to load but never runs code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EIO
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from seqtext.errors import SavedFileError, shorten
from seqtext.saving.atomic import beside, clear, left_behind, move_in, retire, sync
from seqtext.saving.disk import needed_by, no_space, write_file
from seqtext.saving.manifest import (
    MANIFEST,
    Entry,
    FolderReplacedError,
    ListedFolder,
    MissingFolderError,
    fingerprint,
    manifest_bytes,
    open_listed,
)
from seqtext.saving.untrusted import parse_json

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

_TRIES = 20  # times a folder that is replaced while it is read is read anew


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yields an empty folder to fill; when the block ends without error it becomes `target`, manifest included.

    An older `target` is exchanged in one system call where the file system can; where not, readers find it under its temporary name.

    Raises:
        ResourceError: if the disk is full, fails, or may not be written. Then `target` is as it was, and nothing else is left.
    """
    needed = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _settle(target)
        with beside(target, folder=True) as temporary:
            try:
                yield temporary
                _finish(temporary)
                move_in(temporary, target)
            except OSError as error:
                needed = needed_by(temporary, error)
                raise
    except OSError as error:
        raise no_space(error, target, needed) from error


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every file of a folder that `atomic_folder` wrote, checked against its manifest before anybody parses it.

    A folder that is replaced while it is read is read again, so that all files are those of one save.

    Raises:
        SavedFileError: if the manifest or a file is missing, changed, cut, of another format version, or no regular file inside the folder;
            or if the files are larger than any of ours, or than the memory.
    """
    return _with_listed(folder, ListedFolder.read_all)


def read_file(folder: Path, name: str) -> bytes:
    """One file of such a folder, verified as `read_folder` does.

    Raises:
        SavedFileError: as `read_folder`, or if it is not listed.
    """
    return _with_listed(folder, lambda listed: listed.read(name))


def check_folder(folder: Path) -> dict[str, Entry]:
    """Verifies every listed file of a folder without keeping them in memory; gives what the manifest says of each.

    Raises:
        SavedFileError: as `read_folder`, of the first that is not what it was.
    """

    def check(listed: ListedFolder) -> dict[str, Entry]:
        for name in listed.entries:
            listed.check(name)
        return listed.entries

    return _with_listed(folder, check)


def check_prefix(path: Path, expected: Entry) -> None:
    """Verifies the first bytes of a file that grows.

    Raises:
        SavedFileError: if there are fewer, or others.
    """
    try:
        with path.open("rb") as file:
            data = file.read(expected.size)
    except OSError as error:
        raise SavedFileError(f"cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) < expected.size:
        raise SavedFileError(f"{len(data)} bytes", where=str(path), expected=f"at least {expected.size}")
    if sha256(data).hexdigest() != expected.sha256:
        raise SavedFileError("the content is not what was written (SHA-256 differs)", where=str(path))


def seal(folder: Path) -> None:
    """Writes a manifest of the files that lie directly in a folder, which was written file by file. Hidden ones come and go.

    Raises:
        ResourceError: if it may not be written.
    """
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.name != MANIFEST and not path.name.startswith(".")]
        entries = {path.name: fingerprint(path) for path in paths if path.is_file() and not path.is_symlink()}
    except OSError as error:
        raise no_space(error, folder) from error
    write_text(folder / MANIFEST, manifest_bytes(entries).decode())


def tidy(folder: Path, *names: str) -> None:
    """Removes what kills left in a folder, after ending the exchange of those of its folders that are named."""
    for name in names:
        _settle(folder / name)
    clear(folder)


def remove_folder(folder: Path) -> None:
    """Removes a folder; a kill on the way leaves no half of it under its name.

    Raises:
        ResourceError: if it may not be removed.
    """
    try:
        retire(folder)
    except OSError as error:
        raise no_space(error, folder) from error


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes tensors as safetensors, from any device."""
    # Not its `save_file`, which tells of a full disk in words of its own; the bytes in memory are what that costs.
    write_file(path, tensor_bytes(tensors))


def tensor_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as the bytes of a safetensors file, from any device."""
    from safetensors.torch import save  # imports torch, which `seqtext --help` must not

    return save({name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()})


def read_tensors(data: bytes, *, where: str) -> dict[str, Tensor]:
    """Whatever tensors the bytes of a safetensors file hold.

    Raises:
        SavedFileError: if it is none, or one of them is of a type that ours never have, or not finite.
    """
    return _load(data, where)


def parse_tensors(data: bytes, expected: Mapping[str, Tensor], *, where: str) -> dict[str, Tensor]:
    """Tensors from the bytes of a safetensors file, with exactly the names, shapes and types of `expected` (meta tensors do).

    What the head of the file lists is compared first, so that nothing is allocated for tensors that are not wanted.

    Raises:
        SavedFileError: naming the first tensor that is missing, left over, of another shape or type, or not finite.
    """
    listed = _listed(data, where)
    for name in [*expected, *listed]:
        if name not in listed or name not in expected:
            what = "missing" if name in expected else "not of this model"
            raise SavedFileError(f"tensor {shorten(name)} is {what}", where=where)
        want = f"{_DTYPES[str(expected[name].dtype)]} {tuple(expected[name].shape)}"
        if listed[name] != want:
            raise SavedFileError(f"tensor {shorten(name)} is {listed[name]}", where=where, expected=want)
    return _load(data, where)


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole or not at all. Bytes of a file name that are no UTF-8 are written as JSON and YAML escape them.

    Raises:
        ResourceError: if the disk is full or may not be written.
    """
    data = text.encode("utf-8", errors="backslashreplace")
    try:
        with beside(path, folder=False) as temporary:
            temporary.write_bytes(data)
            temporary.chmod(0o644)
            sync(temporary)
            move_in(temporary, path)
    except OSError as error:
        raise no_space(error, path, len(data)) from error


def write_json(path: Path, value: object) -> None:
    """Writes a value as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


# safetensors' names of torch's types
_DTYPES = {
    **{"torch.float64": "F64", "torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "BF16"},
    **{"torch.int64": "I64", "torch.int32": "I32", "torch.int16": "I16", "torch.int8": "I8", "torch.uint8": "U8"},
    "torch.bool": "BOOL",
}


def _finish(temporary: Path) -> None:
    """Manifest and rights of a filled folder, all of it on the disk, and what the disk gives back compared."""
    entries = {path.name: fingerprint(path) for path in sorted(temporary.iterdir())}
    write_file(temporary / MANIFEST, manifest_bytes(entries))
    temporary.chmod(0o755)  # mkdtemp's 0700 would keep a shared run from being read by others
    for path in temporary.iterdir():
        path.chmod(0o644)
        sync(path)
    sync(temporary)
    for name, entry in entries.items():
        if fingerprint(temporary / name, from_disk=True) != entry:
            raise OSError(EIO, "the disk does not give back what was written", str(temporary / name))


def _settle(target: Path) -> None:
    """Ends the exchange that a kill left half done: a whole folder under a temporary name moves in where none is in place."""
    for path in left_behind(target):
        with suppress(SavedFileError):
            check_folder(path)
            path.rename(target)
            return


def _with_listed(folder: Path, use: Callable[[ListedFolder], T]) -> T:
    """What `use` makes of a folder, or of what stands in for it while it is exchanged; anew if it was replaced meanwhile."""
    fault: SavedFileError | None = None
    for _ in range(_TRIES):
        for place in [*left_behind(folder), folder]:
            try:
                with open_listed(place) as listed:
                    return use(listed)
            except FolderReplacedError as error:
                fault = error
                break
            except MissingFolderError as error:
                fault = error
            except SavedFileError as error:
                if place is folder:
                    raise
                fault = error
    assert fault is not None
    raise fault


def _listed(data: bytes, where: str) -> dict[str, str]:
    """Type and shape of each tensor as the head of a safetensors file claims; that the bytes are so is what the library checks."""
    try:
        head = parse_json(data[8 : 8 + int.from_bytes(data[:8], "little")], where="head", finite=True)
        head.pop("__metadata__", None)
        return {name: shorten(f"{entry['dtype']} {tuple(entry['shape'])}")[1:-1] for name, entry in head.items()}
    except (SavedFileError, AttributeError, LookupError, TypeError) as error:
        raise _no_tensors(error, where) from error


def _load(data: bytes, where: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        found = load(data)
    except (SafetensorError, ValueError, LookupError, TypeError) as error:
        raise _no_tensors(error, where) from error
    for name, tensor in found.items():
        if str(tensor.dtype) not in _DTYPES:
            raise _no_tensors(tensor.dtype, where)
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            fix = "use an earlier checkpoint"
            raise SavedFileError(f"tensor {shorten(name)} holds NaN or infinity", where=where, fix=fix)
    return found


def _no_tensors(found: object, where: str) -> SavedFileError:
    reason = str(found).partition("\n")[0].partition(";")[0][:200]  # the library names tensors in full
    return SavedFileError(f"not a safetensors file ({reason})", where=where, fix="copy or download it again")
