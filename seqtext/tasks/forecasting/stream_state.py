"""The state of streams as a JSON file: written whole or not at all, with a digest, and of which model it is. Nothing in it is run.

Tensors are the base64 of their bytes, so that they come back bit for bit. Knows streams, no lines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqtext.errors import ResourceError, SavedFileError
from seqtext.saving.configs import to_plain
from seqtext.saving.folders import write_text
from seqtext.saving.untrusted import MOST_BYTES, parse_json
from seqtext.tasks.forecasting.forecaster import Forecaster

FORMAT = "seqtext streams 1"
_TYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64}
_FIX = "delete it to begin anew, or take a copy that is whole"


def fingerprint_of(task: Forecaster) -> str:
    """A digest of config and weights: a state is of one model alone."""
    digest = hashlib.sha256(_text(to_plain(task.config)))
    for name, tensor in sorted(task.model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def write_streams(path: Path, task: Forecaster, streams: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes states of streams, tensors among them, by the names of their series.

    Raises:
        ResourceError: if it cannot be written, or is too large to be read again.
    """
    content: dict[str, Any] = {"format": FORMAT, "model": fingerprint_of(task), "streams": _packed(streams)}
    content["sha256"] = hashlib.sha256(_text(content)).hexdigest()
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if len(text.encode()) > MOST_BYTES:
        found = f"the state of {len(streams):,} series takes {len(text):,} bytes"
        raise ResourceError(found, where=str(path), expected=f"at most {MOST_BYTES:,}", fix="follow fewer series")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def read_streams(path: Path, task: Forecaster) -> dict[str, dict[str, Any]]:
    """The states that `write_streams` wrote, verified.

    Raises:
        SavedFileError: what is damaged, no such file, or of another model.
    """
    where = str(path)
    try:
        size = path.stat().st_size
        data = path.read_bytes() if path.is_file() and size <= MOST_BYTES else b""
    except OSError as error:
        raise SavedFileError(f"cannot be read ({error.strerror})", where=where) from error
    if not path.is_file() or size > MOST_BYTES:
        raise SavedFileError("no file of the size of a state", where=where, fix="name another file with --save_state")
    content = parse_json(data, where=where)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SavedFileError("no state of streams", where=where, fix="name another file with --save_state")
    said = content.pop("sha256", None)
    if said != hashlib.sha256(_text(content)).hexdigest():
        raise SavedFileError("damaged: its digest is not that of what stands in it", where=where, fix=_FIX)
    if content.get("model") != fingerprint_of(task):
        raise SavedFileError(
            "the state is of another model", where=where, fix="name another file with --save_state, or that model"
        )
    streams = content.get("streams")
    if not isinstance(streams, dict) or not all(isinstance(one, dict) for one in streams.values()):
        raise SavedFileError("no states of streams in it", where=where, fix=_FIX)
    try:
        unpacked: dict[str, dict[str, Any]] = _unpacked(streams)
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise SavedFileError(f"not a state ({error})", where=where, fix=_FIX) from error
    return unpacked


def _text(value: Any) -> bytes:
    """The one form of a value, to take a digest of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True).encode()


def _packed(value: Any) -> Any:
    """Plain values, with tensors as type, shape and base64."""
    if isinstance(value, Tensor):
        array = value.detach().cpu().contiguous().numpy()
        data = base64.b64encode(array.tobytes()).decode()
        return {"tensor": str(array.dtype), "shape": list(array.shape), "base64": data}
    return {str(key): _packed(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict) and "tensor" in value:
        dtype = _TYPES[value["tensor"]]
        data = base64.b64decode(value["base64"], validate=True)
        array = np.frombuffer(data, dtype=value["tensor"]).reshape([int(size) for size in value["shape"]])
        return torch.from_numpy(array.copy()).to(dtype)
    return {key: _unpacked(item) for key, item in value.items()} if isinstance(value, dict) else value
