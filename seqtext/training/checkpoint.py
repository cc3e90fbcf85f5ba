"""The complete state of training, written at once and verified when read: weights, average, optimizer moments, counters.

What is not here need not be: the order of rows and every random draw are functions of the seed and the step.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from seqtext.errors import SavedFileError
from seqtext.options import from_plain
from seqtext.storage import atomic_folder, parse_json, parse_tensors, read_folder, save_tensors
from seqtext.training.averaging import MovingAverage

KEEP = 2
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass
class Progress:
    """Where training stands.

    Attributes:
        step: optimizer steps done.
        epoch: epochs done.
        best_epoch: the epoch whose weights are in model/, 0 for none.
        best_value: its validation figure; -1e30 for none.
        best_loss: its validation loss, which decides between equal figures.
        seconds: time trained.
        scale: fp16's loss scale.
        scale_growth: steps since it last changed.
        metrics_bytes: size of metrics.jsonl; what stands behind it belongs to steps that are done again.
        finished: True once training has ended.
    """

    step: int = 0
    epoch: int = 0
    best_epoch: int = 0
    best_value: float = -1e30
    best_loss: float = 1e30
    seconds: float = 0.0
    scale: float = 65536.0
    scale_growth: int = 0
    metrics_bytes: int = 0
    finished: bool = False


def save_checkpoint(
    folder: Path, model: nn.Module, average: MovingAverage, optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Writes `step-NNNNNNNN/` into `folder` and removes all but the newest two, the older ones only afterwards."""
    with atomic_folder(folder / f"step-{progress.step:08d}") as place:
        save_tensors(place / "state.safetensors", _state(model, average, optimizer))
        (place / "progress.json").write_text(json.dumps(asdict(progress), indent=1) + "\n", encoding="utf-8")
    for old in _checkpoints(folder)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(
    folder: Path, model: nn.Module, average: MovingAverage, optimizer: torch.optim.Optimizer
) -> tuple[Progress, list[str]]:
    """Restores the newest checkpoint that verifies.

    Returns:
        Where training stood, and what was wrong with each newer one that was passed over.

    Raises:
        SavedFileError: if none verifies.
    """
    faults: list[str] = []
    for place in _checkpoints(folder):
        try:
            files = read_folder(place)
            where = str(place / "state.safetensors")
            progress = from_plain(Progress, parse_json(files["progress.json"], where=str(place)), where=str(place))
            _make_moments(optimizer)
            targets = _state(model, average, optimizer)
            found = parse_tensors(files["state.safetensors"], targets, where=where)
        except (SavedFileError, KeyError) as error:
            faults.append(str(error))
            continue
        with torch.no_grad():
            for name, tensor in targets.items():
                tensor.copy_(found[name])
        return progress, faults
    raise SavedFileError("no checkpoint that verifies", where=str(folder), fix="; ".join(faults))


def _checkpoints(folder: Path) -> list[Path]:
    """The newest first."""
    return sorted(folder.glob("step-*"), reverse=True) if folder.is_dir() else []


def _state(model: nn.Module, average: MovingAverage, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """All tensors of the training state under flat names; views of the live ones."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    state = {f"model/{name}": tensor.detach() for name, tensor in model.state_dict().items()}
    state |= {f"average/{name}": tensor for name, tensor in average.values.items()}
    for parameter, moments in optimizer.state.items():
        for key in (*_MOMENTS, "step"):
            state[f"optimizer/{key}/{names[id(parameter)]}"] = moments[key]
    return state


def _make_moments(optimizer: torch.optim.Optimizer) -> None:
    """Gives a new optimizer its moments, zeros, so that there is a place to restore them to."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if not optimizer.state[parameter]:
                # the fused AdamW counts steps on the device of the parameter
                step_device = parameter.device if group["fused"] else "cpu"
                optimizer.state[parameter] = {
                    "step": torch.zeros((), dtype=torch.float32, device=step_device),
                    **{key: torch.zeros_like(parameter, memory_format=torch.preserve_format) for key in _MOMENTS},
                }
