"""What a run's exact bits rest on: versions, hardware, rows, tokenizer, options. Recorded with every checkpoint, compared on resume.

Knows no files. Rows are hashed by what they hold, of whatever kind they are; two runs with equal records go the same way.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqtext.errors import shorten
from seqtext.options import Precision, TrainingOptions
from seqtext.saving.configs import to_plain

Record = dict[str, Any]

# Those that say where and how often, not what; or that are recorded as what came of them.
_LEFT_OUT = {
    *("run", "overwrite", "resume", "allow_inexact", "checkpoint_every", "track"),
    *("gradient_accumulation", "precision", "device", "threads"),
}
PROCESSES = "processes"  # recorded, not compared: the same steps, in another order of adding up
_LONGEST = 120  # characters of a value that is recorded as it is; a longer one is recorded as its hash


def environment_of(
    task: Any,
    train: Any,
    validation: Any,
    options: TrainingOptions,
    *,
    device: torch.device,
    precision: Precision,
    threads: int,
    processes: int,
) -> Record:
    """The record of a run that is about to start, of values that JSON can hold.

    Args:
        task: its config and tokenizers are part of the record, if it has them.
        train: training rows.
        validation: rows the epoch is chosen by.
        options: how to train.
        device: resolved, as the others.
        precision: of the matrix products.
        threads: of the CPU.
        processes: how many train together.
    """
    record: Record = {
        "torch": torch.__version__,
        "CPU": _cpu(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": threads,
        "precision": precision,
        "micro-batches per step": options.gradient_accumulation * processes,
        PROCESSES: processes,
        "training rows": f"{len(train):,}, SHA-256 {content_hash(train)[:16]}",
        "validation rows": f"{len(validation):,}, SHA-256 {content_hash(validation)[:16]}",
    }
    for name in ("tokenizer", "source_tokenizer"):
        if (tokenizer := getattr(task, name, None)) is not None:
            record[name.replace("_", " ")] = f"SHA-256 {tokenizer.sha256[:16]}"
    if is_dataclass(config := getattr(task, "config", None)):
        record |= {f"model's {name}": _short(value) for name, value in to_plain(config).items()}
    record |= {f"--{name}": value for name, value in to_plain(options).items() if name not in _LEFT_OUT}
    return record


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What is not as it was, a clause each with both values."""
    names = [name for name in {**old, **new} if name != PROCESSES and old.get(name) != new.get(name)]
    return [f"{name} was {_shown(old.get(name))} and is {_shown(new.get(name))}" for name in names]


def content_hash(value: Any) -> str:
    """The SHA-256 of what rows hold: of data sets, arrays, tensors, and of dataclasses, tuples, lists and mappings of such.

    Of anything else only its type and its length count.
    """
    whole = hashlib.sha256()
    for part in _parts(value):
        whole.update(len(part).to_bytes(8, "little"))
        whole.update(part)
    return whole.hexdigest()


def _parts(value: Any) -> Iterable[bytes | memoryview]:
    yield type(value).__name__.encode()
    if hasattr(value, "features") and hasattr(value, "column_names"):  # a `datasets.Dataset`, not imported for this
        from seqtext.data.reading.fingerprint import fingerprint

        yield fingerprint(value).encode()
    elif isinstance(value, Tensor):
        yield from _parts(value.detach().cpu().numpy())
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        yield repr(value.tolist()).encode() if value.dtype.hasobject else np.ascontiguousarray(value).tobytes()
    elif is_dataclass(value):
        for field in fields(value):
            yield field.name.encode()
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from _parts([*value.items()])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)
    elif value is None or isinstance(value, str | bytes | int | float | np.generic):
        yield repr(value).encode()
    elif hasattr(value, "__len__"):
        yield str(len(value)).encode()


def _cpu() -> str:
    """What chooses the kernels: torch's own set, the processor's abilities, and the variables that hold libraries back."""
    known = sorted(torch.cpu.get_capabilities().items())
    abilities = [name for name, there in known if there is True and name.startswith(("avx", "amx"))]
    settings = [f"{name}={os.environ[name]}" for name in ("MKL_CBWR", "ONEDNN_MAX_CPU_ISA") if name in os.environ]
    return " ".join([torch.backends.cpu.get_cpu_capability(), *abilities, *settings])


def _short(value: Any) -> Any:
    value = json.loads(json.dumps(value))  # as it comes back from a file
    text = repr(value)
    if len(text) <= _LONGEST:
        return value
    return f"{text[:40]}..., SHA-256 {hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


def _shown(value: Any) -> str:
    return "nothing" if value is None else shorten(value)
