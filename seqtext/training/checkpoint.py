"""The complete state of training, written at once and verified when read: weights, average, optimizer moments, counters.

What is not here need not be: the order of rows and every random draw are functions of the seed and the step.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from seqtext.errors import SavedFileError
from seqtext.options import from_plain
from seqtext.storage import atomic_folder, parse_json, parse_tensors, read_folder, save_tensors
from seqtext.training.averaging import MovingAverage
from seqtext.training.optimizer import make_moments
from seqtext.training.step import Stepper

KEEP = 2


@dataclass
class Progress:
    """Where training stands.

    Attributes:
        step: optimizer steps done.
        epoch: epochs done.
        best_epoch: the epoch whose weights are in model/, 0 for none.
        best_value: its validation figure; -1e30 for none.
        best_loss: its validation loss, which decides between equal figures.
        seconds: time trained, validation included.
        step_seconds: of it, time that went into steps.
        batch_seconds: of that, time that went into making batches.
        padding: share of padded steps in the first epoch.
        scale: fp16's loss scale.
        scale_growth: steps since it last changed.
        metrics_bytes: size of metrics.jsonl; what stands behind it belongs to steps that are done again.
        timing_bytes: likewise of timing.jsonl.
        finished: True once training has ended.
    """

    step: int = 0
    epoch: int = 0
    best_epoch: int = 0
    best_value: float = -1e30
    best_loss: float = 1e30
    seconds: float = 0.0
    step_seconds: float = 0.0
    batch_seconds: float = 0.0
    padding: float = 0.0
    scale: float = 65536.0
    scale_growth: int = 0
    metrics_bytes: int = 0
    timing_bytes: int = 0
    finished: bool = False


def save_checkpoint(folder: Path, stepper: Stepper, average: MovingAverage, progress: Progress) -> None:
    """Writes `step-NNNNNNNN/` into `folder` and removes all but the newest two, the older ones only afterwards."""
    scaler = stepper.scaler.state_dict()
    progress.scale, progress.scale_growth = scaler.get("scale", 0.0), scaler.get("_growth_tracker", 0)
    with atomic_folder(folder / f"step-{progress.step:08d}") as place:
        save_tensors(place / "state.safetensors", _state(stepper, average))
        (place / "progress.json").write_text(json.dumps(asdict(progress), indent=1) + "\n", encoding="utf-8")
    for old in _checkpoints(folder)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path, stepper: Stepper, average: MovingAverage) -> tuple[Progress, list[str]]:
    """Restores the newest checkpoint that verifies; where there is none yet, training starts.

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
            make_moments(stepper.optimizer)
            targets = _state(stepper, average)
            found = parse_tensors(files["state.safetensors"], targets, where=where)
        except (SavedFileError, KeyError) as error:
            faults.append(str(error))
            continue
        with torch.no_grad():
            for name, tensor in targets.items():
                tensor.copy_(found[name])
        if stepper.scaler.is_enabled():
            scale = {"scale": progress.scale, "_growth_tracker": progress.scale_growth}
            stepper.scaler.load_state_dict({**stepper.scaler.state_dict(), **scale})
        return progress, faults
    raise SavedFileError("no checkpoint that verifies", where=str(folder), fix="; ".join(faults))


def _checkpoints(folder: Path) -> list[Path]:
    """The newest first."""
    return sorted(folder.glob("step-*"), reverse=True) if folder.is_dir() else []


def _state(stepper: Stepper, average: MovingAverage) -> dict[str, Tensor]:
    """All tensors of the training state under flat names; views of the live ones."""
    model, optimizer = stepper.task.model, stepper.optimizer
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    state = {f"model/{name}": tensor.detach() for name, tensor in model.state_dict().items()}
    state |= {f"average/{name}": tensor for name, tensor in average.values.items()}
    for parameter, moments in optimizer.state.items():
        state |= {f"optimizer/{key}/{names[id(parameter)]}": moment for key, moment in moments.items()}
    return state
