"""A NaN put into the output of one module, in one step, for one row: the run must stop before the update and name the row."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from seqtext.errors import SavedFileError
from seqtext.storage import check_folder
from tests.survival.harness import Harness

UNUSED, MODULES = "unused", 10
_STEPS = 20  # of the shortest recipe's run; a later one would not be reached
_RECIPES = ("topic_classification", "text_generation", "electricity")


@dataclass
class NotFinite:
    """What came of it: NaNs put in, those after which the run stopped with the row named, and what went wrong."""

    tried: int = 0
    stopped: int = 0
    wrong: list[str] = field(default_factory=list)


def try_not_finite(place: Path, *, count: int, seed: int, until: float) -> NotFinite:
    """Puts a NaN somewhere else in each of many runs.

    Args:
        place: an empty folder.
        count: of runs.
        seed: of recipe, module, step and row.
        until: when to stop, by `time.monotonic`.
    """
    rng, result = random.Random(seed), NotFinite()
    injected = {recipe: _Injected(place / recipe, recipe) for recipe in _RECIPES[: max(1, min(3, count // 5))]}
    while result.tried < count and time.monotonic() < until:
        one = rng.choice(list(injected.values()))
        result.tried += 1
        fault = one.once(module=rng.randrange(10**6), step=rng.randint(2, _STEPS), row=rng.randrange(10**6))
        result.stopped += not fault
        result.wrong += [f"run {result.tried}: {fault}"] if fault else []
    return result


class _Injected:
    """A recipe that gets a NaN."""

    def __init__(self, place: Path, recipe: str) -> None:
        place.mkdir(parents=True)
        self._note, self._where = place / "note.txt", (0, 0, 0)
        self._harness = Harness(place, recipe, prepare=lambda: _inject(*self._where, self._note))

    def once(self, *, module: int, step: int, row: int) -> str:
        """What is wrong with how one run ended; nothing if it is as it must be."""
        harness = self._harness
        for another in range(MODULES):  # one that does not run in this step, or gives what has no rows, is passed over
            self._where = (module + another, step, row)
            harness.fresh()
            self._note.unlink(missing_ok=True)
            start = harness.start()
            if not self._note.exists() or UNUSED not in self._note.read_text():
                break
        if not self._note.exists():
            return f"{harness.recipe}: step {step} was not reached, ended with {start.ended.code}: {start.ended.told[-300:]}"
        name, expected, weights = self._note.read_text().splitlines()[0].split("\t")
        told = f"{harness.recipe}, step {step}, {name}, row {expected}: {start.ended.code}: {start.ended.told[-400:]}"
        if start.ended.code != 4:
            return told
        rows = re.search(r"row\(s\) ([\d, ]+)", start.ended.told)
        if f"step {step}" not in start.ended.told or rows is None or expected not in re.findall(r"\d+", rows[1]):
            return told
        if self._note.read_text().splitlines()[-1].split("\t")[-1] != weights:
            return f"the weights were changed: {told}"
        for checkpoint in (harness.run / "checkpoints").glob("step-*"):
            try:
                check_folder(checkpoint)
            except SavedFileError as error:
                return f"{error}: {told}"
        return ""


def _inject(module_number: int, step_number: int, row_number: int, note: Path) -> None:
    """Hooks into the stepper, in the child: the chosen module gives a NaN for the chosen row, each time the step is made."""
    from seqtext.training.step import Stepper

    plain = Stepper.__call__

    def stepped(self: Stepper, examples: Any, micro_batches: Any, step: int, **more: Any) -> Any:
        if step + 1 != step_number:
            return plain(self, examples, micro_batches, step, **more)
        rows = [int(row) for row in micro_batches[0]]
        place = row_number % len(rows)
        names = [name for name, module in self.task.model.named_modules() if name and not list(module.children())]
        name = names[module_number % len(names)]
        before = _hash(self.task.model)
        note.write_text(f"{name}\t{self.row_number(rows[place])}\t{before}\n")
        used = [False]

        def poison(module: Any, inputs: Any, output: Any) -> Any:
            tensor = output[0] if isinstance(output, tuple) else output
            if used[0] or not isinstance(tensor, torch.Tensor) or tensor.shape[:1] != (len(rows),):
                return None
            if not tensor.is_floating_point():
                return None
            used[0] = True
            changed = tensor.clone()
            changed[place] = float("nan")
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        handle = self.task.model.get_submodule(name).register_forward_hook(poison)
        try:
            return plain(self, examples, micro_batches, step, **more)
        finally:
            handle.remove()
            with note.open("a") as file:
                file.write(f"{'after' if used[0] else UNUSED}\t{_hash(self.task.model)}\n")

    Stepper.__call__ = stepped  # type: ignore[method-assign]


def _hash(model: torch.nn.Module) -> str:
    digest = sha256()
    for value in model.state_dict().values():
        digest.update(value.detach().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
