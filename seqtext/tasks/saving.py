"""Writing a task's folder, and restoring it. Knows files, no task; how one starts from another, `starting.py` knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import torch
from torch import nn

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.nn.memory import check_memory
from seqtext.nn.precision import default_float
from seqtext.saving.configs import to_plain
from seqtext.saving.disk import write_file
from seqtext.saving.folders import atomic_folder, parse_tensors, tensor_bytes
from seqtext.saving.manifest import check_replaceable
from seqtext.tasks.saved import SavedTask

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Task(Protocol):
    """What is saved of a task, whatever it does."""

    @property
    def config(self) -> DataclassInstance:
        """Its settings and what it learnt about the data."""

    @property
    def model(self) -> nn.Module:
        """Its weights."""


TaskT = TypeVar("TaskT", bound=Task)


def task_files(task: Task, further: Mapping[str, bytes]) -> dict[str, bytes]:
    """What is saved, by the names of the files: config, weights, and what else the task needs."""
    config = {"task": type(task).__name__, **to_plain(task.config)}
    return {
        "config.json": (json.dumps(config, indent=1, ensure_ascii=False) + "\n").encode(),
        "model.safetensors": tensor_bytes(task.model.state_dict()),
        **further,
    }


def write_task(folder: str | Path, files: Mapping[str, bytes]) -> None:
    """Writes the files of a task as one verified folder.

    Raises:
        OptionsError: if something else stands there.
        ResourceError: if the disk is full or may not be written.
    """
    check_replaceable(Path(folder), files)
    with atomic_folder(Path(folder)) as place:
        for name, data in files.items():
            write_file(place / name, data)


def restore(saved: SavedTask, make: Callable[[], TaskT]) -> TaskT:
    """The task that `make` builds, with the weights of a verified folder, ready to be used.

    Raises:
        SavedFileError: for weights that are not exactly those of the task's model.
    """
    # Shapes only: nothing large is allocated before the file's own shapes agree.
    with torch.device("meta"), default_float():
        task = make()
    where = str(saved.folder / "model.safetensors")
    weights = parse_tensors(saved.file("model.safetensors"), task.model.state_dict(), where=where)
    task.model.load_state_dict(weights, assign=True)
    task.model.eval()
    return task


def with_new_weights(make: Callable[[], TaskT], *, seed: int) -> TaskT:
    """The task that `make` builds, its weights drawn with a seed. Leaves the caller's random numbers alone.

    Raises:
        ResourceError: if the memory is not enough for them; nothing is allocated then.
    """
    with torch.device("meta"):
        check_memory(make().model, torch.device("cpu"))
    with torch.random.fork_rng(devices=[]), default_float():
        torch.manual_seed(seed)
        return make()


def read_tokenizer(
    saved: SavedTask,
    *,
    lowercase: bool,
    whitespace: Literal["fold", "keep"] = "fold",
    clean: Literal["none", "html"] = "none",
    name: str = "tokenizer.model",
) -> Tokenizer:
    """A tokenizer out of a verified folder.

    Raises:
        SavedFileError: if it is missing, or is no tokenizer of ours.
    """
    return Tokenizer(saved.file(name), Normaliser(whitespace=whitespace, lowercase=lowercase, clean=clean))
