"""A NaN put into the output of one module, in one step, for one row: the run must stop before the update and name the row."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seqtext.batching.padded import Padded
from seqtext.errors import SavedFileError
from seqtext.saving.folders import check_folder
from tests.survival.harness import RECIPES, Harness

UNUSED, MODULES = "unused", 3
_STEPS = 12  # of the shortest recipe's run; a later one would not be reached


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
    injected = {recipe: _Injected(place / recipe, recipe) for recipe in list(RECIPES)[: max(1, count // 5)]}
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
        for another in range(MODULES):  # one that is not used in this step is passed over
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
    """Hooks into the stepper, in the child: a module that gave a row for each row in the step before gives a NaN for the chosen one."""
    from seqtext.training.step import Stepper

    plain, names = Stepper.__call__, set[str]()

    def stepped(self: Stepper, examples: Any, micro_batches: Any, step: int, **more: Any) -> Any:
        def go_on() -> Any:
            return plain(self, examples, micro_batches, step, **more)

        rows = [int(row) for row in micro_batches[0]]
        if step + 1 == step_number - 1:
            with _hooked(self.task.model, len(rows), lambda name, output: names.add(name)):
                return go_on()
        if step + 1 != step_number:
            return go_on()
        place, name, used = row_number % len(rows), sorted(names)[module_number % len(names)], list[str]()

        def poison(found: str, output: torch.Tensor) -> torch.Tensor | None:
            if found != name or used:
                return None
            used.append(name)
            changed = output.clone()
            changed[place] = float("nan")
            return changed

        note.write_text(f"{name}\t{self.row_number(rows[place])}\t{_hash(self.task.model)}\n")
        try:
            with _hooked(self.task.model, len(rows), poison):
                return go_on()
        finally:
            with note.open("a") as file:
                file.write(f"{'after' if used else UNUSED}\t{_hash(self.task.model)}\n")

    Stepper.__call__ = stepped  # type: ignore[method-assign]


@contextmanager
def _hooked(model: nn.Module, rows: int, change: Callable[[str, torch.Tensor], torch.Tensor | None]) -> Iterator[None]:
    """Calls `change` with the output of each module without parts that has a row for each row, and puts what it returns in its place."""

    def hook(name: str, module: nn.Module, inputs: Any, output: Any) -> Any:
        tensor = output[0] if isinstance(output, tuple) else output
        if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or tensor.shape[:1] != (rows,):
            return None
        changed = change(name, tensor)
        if changed is None or isinstance(output, torch.Tensor):
            return changed
        return output.with_values(changed) if isinstance(output, Padded) else (changed, *output[1:])

    leaves = [(name, module) for name, module in model.named_modules() if name and not list(module.children())]
    handles = [module.register_forward_hook(partial(hook, name)) for name, module in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hash(model: torch.nn.Module) -> str:
    digest = sha256()
    for value in model.state_dict().values():
        digest.update(value.detach().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
