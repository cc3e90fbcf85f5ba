"""Streams as verified folders of JSON and tensors, each with the model that it is of. Knows no task and none of their states."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor, nn

from seqtext.errors import SavedFileError
from seqtext.saving.configs import to_plain
from seqtext.saving.disk import write_file
from seqtext.saving.folders import atomic_folder, read_folder, tensor_bytes
from seqtext.saving.manifest import check_replaceable
from seqtext.saving.untrusted import parse_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_STATE, _TENSORS = "stream.json", "stream.safetensors"


class StreamFiles(NamedTuple):
    """What is in the folder of a stream, verified but not yet looked at.

    Attributes:
        state: what is no tensor.
        tensors: the bytes of the others.
        where: the file of the first, as messages name it.
        where_tensors: that of the second.
    """

    state: dict[str, Any]
    tensors: bytes
    where: str
    where_tensors: str


def save_stream(
    folder: str | Path,
    config: DataclassInstance,
    model: nn.Module,
    *,
    state: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
) -> None:
    """Writes a stream.

    Raises:
        OptionsError: if something else stands there.
        ResourceError: if the disk is full or may not be written.
    """
    check_replaceable(Path(folder), (_STATE, _TENSORS))
    found = {"model": _fingerprint(config, model), **state}
    with atomic_folder(Path(folder)) as place:
        write_file(place / _STATE, (json.dumps(found, indent=1) + "\n").encode())
        write_file(place / _TENSORS, tensor_bytes(tensors))


def read_stream(folder: str | Path, config: DataclassInstance, model: nn.Module) -> StreamFiles:
    """A stream that was saved.

    Raises:
        SavedFileError: if it is damaged, none at all, or of another model.
    """
    place = Path(folder)
    files = read_folder(place)
    where = str(place / _STATE)
    if _STATE not in files or _TENSORS not in files:
        raise SavedFileError("no stream", where=str(place), expected=f"{_STATE} and {_TENSORS}")
    state = parse_json(files[_STATE], where=where, finite=True)
    if not isinstance(state, dict) or state.pop("model", None) != _fingerprint(config, model):
        raise SavedFileError(
            "a stream of another model", where=where, fix="open it with the model that it was saved with"
        )
    return StreamFiles(state, files[_TENSORS], where, str(place / _TENSORS))


def _fingerprint(config: DataclassInstance, model: nn.Module) -> str:
    """Of settings and weights: the state of one model means nothing to another, be it of the same sizes."""
    found = hashlib.sha256(json.dumps(to_plain(config), sort_keys=True).encode())
    found.update(tensor_bytes(model.state_dict()))
    return found.hexdigest()
