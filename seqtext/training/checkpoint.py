"""The complete state of training, written at once and verified when read: weights, averages, optimizer moments, counters.

What is not here need not be: the order of rows and every random draw are functions of the seed and the step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqtext.errors import NumericsError, SavedFileError
from seqtext.saving.configs import from_plain
from seqtext.saving.disk import no_space, write_file
from seqtext.saving.folders import atomic_folder, parse_tensors, read_folder, remove_folder, save_tensors
from seqtext.saving.untrusted import parse_json
from seqtext.training.averaging import Averages
from seqtext.training.environment import Record
from seqtext.training.optimizer import make_moments
from seqtext.training.step import Stepper

KEEP = 2


@dataclass
class Progress:
    """Where training stands.

    Attributes:
        epochs: that are planned; 0 before training begins.
        batch_rows: most rows of a micro-batch; likewise.
        step: optimizer steps done.
        epoch: epochs done, validation included.
        epoch_step: steps done in the epoch under way.
        window: sums of the steps since the last line of metrics.jsonl, so that the next line does not miss them.
        patience: epochs without a better one after which training ends; None for no such end.
        best_epoch: the epoch whose weights are in model/, 0 for none.
        best_value: its validation figure; -1e30 for none.
        best_loss: its validation loss, which decides between equal figures.
        best_weights: what messages call its weights.
        seconds: time trained, validation included.
        clock: of it, those before the last step, by the first process: what `max_minutes` goes by.
        step_seconds: of it, time that went into steps.
        batch_seconds: of that, time that went into making batches.
        padding: share of padded steps in the first epoch.
        scale: fp16's loss scale.
        scale_growth: steps since it last changed.
        overflows: steps that fp16 left out.
        overflows_in_a_row: of them those since the last step it made.
        metrics_bytes: size of metrics.jsonl; what stands behind it belongs to steps that are done again.
        timing_bytes: likewise of timing.jsonl.
        metrics_sha256: of these bytes of metrics.jsonl.
        timing_sha256: likewise of timing.jsonl.
        finished: True once training has ended.
        inexact: what was not as before when the run was resumed, so that it is not what it would have been.
    """

    epochs: int = 0
    batch_rows: int = 0
    patience: int | None = None
    step: int = 0
    epoch: int = 0
    epoch_step: int = 0
    window: tuple[tuple[float, ...], ...] = ()
    best_epoch: int = 0
    best_value: float = -1e30
    best_loss: float = 1e30
    best_weights: str = ""
    seconds: float = 0.0
    clock: float = 0.0
    step_seconds: float = 0.0
    batch_seconds: float = 0.0
    padding: float = 0.0
    scale: float = 65536.0
    scale_growth: int = 0
    overflows: int = 0
    overflows_in_a_row: int = 0
    metrics_bytes: int = 0
    timing_bytes: int = 0
    metrics_sha256: str = ""
    timing_sha256: str = ""
    finished: bool = False
    inexact: tuple[str, ...] = ()


def save_checkpoint(
    folder: Path, stepper: Stepper, averages: Averages, progress: Progress, environment: Record
) -> None:
    """Writes `step-NNNNNNNN/` into `folder` and removes all but the newest two, the older ones only afterwards.

    Raises:
        NumericsError: if a weight or moment is not finite; nothing is then written.
        ResourceError: if the disk is full or may not be written.
    """
    scaler = stepper.update.scaler.state_dict()
    progress.scale, progress.scale_growth = scaler.get("scale", 0.0), scaler.get("_growth_tracker", 0)
    progress.overflows, progress.overflows_in_a_row, _ = stepper.update.overflows
    make_moments(stepper.optimizer)  # of weights without a gradient so far: all are expected when the run is taken up
    state = training_state(stepper, averages)
    for name, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            found = f"step {progress.step}: {name} is not finite after the update; nothing was saved"
            raise NumericsError(found, fix="lower --learning_rate; the last checkpoint is good")
    with atomic_folder(folder / f"step-{progress.step:08d}") as place:
        save_tensors(place / "state.safetensors", state)
        for name, values in (("progress", asdict(progress)), ("environment", environment)):
            write_file(place / f"{name}.json", (json.dumps(values, indent=1) + "\n").encode())
    for old in _checkpoints(folder)[KEEP:]:
        remove_folder(old)


def load_checkpoint(
    folder: Path, stepper: Stepper, averages: Averages, *, accept: Callable[[Progress, Record], None]
) -> tuple[Progress, list[str]]:
    """Restores the newest checkpoint that verifies; where there is none yet, training starts.

    Args:
        folder: of the checkpoints.
        stepper: whose model and optimizer are filled; the loss scale is `restore_scale`'s.
        averages: that are filled.
        accept: looks at progress and environment of the checkpoint before the rest is read; what it raises comes through.

    Returns:
        Where training stood, and what was wrong with each newer one that was passed over.

    Raises:
        SavedFileError: if there are some and none verifies.
    """
    faults: list[str] = []
    if not (places := _checkpoints(folder)):
        return Progress(), faults
    for place in places:
        try:
            files = read_folder(place)
            where = str(place / "state.safetensors")
            progress = from_plain(Progress, parse_json(files["progress.json"], where=str(place)), where=str(place))
            accept(progress, _record(parse_json(files["environment.json"], where=str(place)), where=str(place)))
            make_moments(stepper.optimizer)
            targets = training_state(stepper, averages)
            found = parse_tensors(files["state.safetensors"], targets, where=where)
        except (SavedFileError, KeyError) as error:
            faults.append(str(error) if isinstance(error, SavedFileError) else f"{place}: {error} is missing")
            continue
        with torch.no_grad():
            for name, tensor in targets.items():
                tensor.copy_(found[name])
        return progress, faults
    raise SavedFileError("no checkpoint that verifies", where=str(folder), fix="; ".join(faults))


def restore_scale(stepper: Stepper, progress: Progress) -> None:
    """Gives the loss scale of fp16, and what overflowed, to a stepper: in each process, since none may scale otherwise than the others."""
    if stepper.update.scaler.is_enabled():
        scale = {"scale": progress.scale, "_growth_tracker": progress.scale_growth}
        stepper.update.scaler.load_state_dict({**stepper.update.scaler.state_dict(), **scale})
    stepper.update.set_overflows(progress.overflows, progress.overflows_in_a_row)


def remove_passed_over(folder: Path, step: int) -> None:
    """Removes checkpoints of later steps than the run goes on from: damaged, they would be kept in place of good ones."""
    for place in _checkpoints(folder):
        if place.name > f"step-{step:08d}":
            remove_folder(place)


def _checkpoints(folder: Path) -> list[Path]:
    """The newest first; a link may lead anywhere, and is none."""
    try:
        places = list(folder.glob("step-*")) if folder.is_dir() else []
        return sorted((place for place in places if not place.is_symlink()), reverse=True)
    except OSError as error:
        raise no_space(error, folder) from error


def _record(values: Any, *, where: str) -> Record:
    if not isinstance(values, dict):
        raise SavedFileError("not a record of the environment", where=where)
    return values


def training_state(stepper: Stepper, averages: Averages) -> dict[str, Tensor]:
    """All tensors of the training state under flat names; views of the live ones."""
    model, optimizer = stepper.task.model, stepper.optimizer
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    state = {f"model/{name}": tensor.detach() for name, tensor in model.state_dict().items()}
    state |= averages.state()
    for parameter, moments in optimizer.state.items():
        state |= {f"optimizer/{key}/{names[id(parameter)]}": moment for key, moment in moments.items()}
    return state
