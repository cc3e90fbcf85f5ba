"""Runs a recipe on the smallest settings, stops it where it is told to, goes on until it ends, and says what is left of it.

Knows recipes and run folders from outside only: their flags, and the files they leave.
"""

from __future__ import annotations

import json
import os
import runpy
import shutil
import signal
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqtext.reporting import estimate
from tests.conftest import ROOT, topic_rows, write_csv
from tests.survival.file_operations import COUNT, IN_SAVE, Plan, install
from tests.survival.forked import Ended, Notes, in_child
from tests.undrawn import draw_nothing

TIMES = {
    "seconds",
    "step_seconds",
    "batch_seconds",
    "clock",
    "timing_bytes",
    "timing_sha256",
}  # of a checkpoint: never the same
_SMALL = ["--device", "cpu", "--threads", "1", "--checkpoint_every", "2", "--seed", "5"]
_TEXT = ["--train", "{data}/train.csv", "--validation", "{data}/test.csv", "--test", "{data}/test.csv", "--epochs", "3"]
_TINY = ["--hidden_size", "8", "--embedding_size", "8", "--vocabulary_size", "300"]
RECIPES = {
    "topic_classification": [
        *(*_TEXT, *_TINY, "--batch_tokens", "90"),
        *("--gradient_accumulation", "2", "--baselines", "none", "--precision", "bf16"),
    ],
    "text_generation": [
        *(*_TEXT, *_TINY, "--batch_tokens", "120"),
        *("--subword_sampling", "--evaluation", "none", "--max_length", "16"),
    ],
    "translation": [
        *(
            "--train",
            "{data}/pairs.csv",
            "--source",
            "one",
            "--target",
            "other",
            "--epochs",
            "3",
            "--batch_tokens",
            "200",
        ),
        *(*_TINY, "--encoder_size", "8", "--encoder_layers", "1", "--num_layers", "2"),
        *("--subword_sampling", "--baselines", "none", "--beam", "2"),
    ],
    "electricity": [
        *("--train", "{data}/readings.csv", "--epochs", "2", "--hidden_size", "6", "--window", "8", "--horizon", "1"),
        *("--batch_tokens", "400", "--baselines", "none", "--layer_dropout", "0.2"),
    ],
}


class Stop(NamedTuple):
    """How one start of a run is stopped.

    Attributes:
        signal: that is sent.
        after: seconds before that; None where it is an operation that is counted.
        at: the operation on a file of the run that is not reached.
        again_after: seconds before the signal is sent once more.
    """

    signal: int = signal.SIGKILL
    after: float | None = None
    at: int = 0
    again_after: float | None = None


class Start(NamedTuple):
    """One start of a run, and what became of it."""

    ended: Ended
    operations: int
    in_save: bool

    @property
    def killed(self) -> bool:
        """Whether the signal came before the end."""
        return self.ended.code == -signal.SIGKILL


class Harness:
    """One recipe on its data, started as often as is asked.

    Args:
        place: an empty folder, of which everything under it is the harness' own.
        recipe: its name.
        flags: added to the smallest ones.
        prepare: called in the child before the recipe.
    """

    def __init__(self, place: Path, recipe: str, *flags: str, prepare: Callable[[], object] | None = None) -> None:
        self.place, self.recipe, self._prepare = place, recipe, prepare
        self.run = place / "run"
        write_data(place)
        self._flags = [flag.format(data=place) for flag in [*RECIPES[recipe], *_SMALL, *flags]]
        os.environ["SEQTEXT_CACHE"] = str(place / "cache")

    def start(self, *, resume: bool = False, stop: Stop | None = None, log: Path | None = None) -> Start:
        """Starts the recipe, anew or with `--resume`."""
        notes = Notes()
        flags = ["--resume", "--run", str(self.run)] if resume else [*self._flags, "--run", str(self.run)]
        plan = Plan(self.run, at=stop.at if stop is not None and stop.after is None else 0, log=log)

        def work() -> None:
            install(plan, notes)
            draw_nothing()
            estimate.WARM_STEPS, estimate.TIMED_STEPS = 0, 1
            if self._prepare is not None:
                self._prepare()
            script = str(ROOT / "recipes" / f"{self.recipe}.py")
            sys.argv = [script, *flags]
            runpy.run_path(script, run_name="__main__")

        timed = stop is not None and stop.after is not None
        ended = in_child(
            work,
            output=self.place / "output.txt",
            stop_with=stop.signal if timed else None,
            after=stop.after or 0.0 if timed else 0.0,
            again_after=stop.again_after if stop is not None else None,
        )
        return Start(ended, notes[COUNT], bool(notes[IN_SAVE]))

    def fresh(self) -> None:
        """Removes the run."""
        shutil.rmtree(self.run, ignore_errors=True)

    def holds_run(self) -> bool:
        """Whether there is anything to go on with; a run that was killed before it wrote its options is started anew."""
        return (self.run / "options.yaml").is_file()


def write_data(place: Path) -> None:
    """The files that the recipes train on."""
    for name, rows, seed in (("train", 60, 1), ("test", 20, 2)):
        write_csv(place / f"{name}.csv", _short(topic_rows(rows, seed)))
    texts = _short(topic_rows(60))["text"]
    write_csv(place / "pairs.csv", {"one": texts, "other": [" ".join(reversed(text.split())) for text in texts]})
    values = 3 + np.sin(np.arange(400) * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=400) / 4
    write_csv(place / "readings.csv", {"kw": [f"{value:.4f}" for value in values]})


def _short(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    """Texts of four words: a step of them is as good as one of twelve, in a third of the time."""
    return {**rows, "text": [" ".join(text.split()[:4]) for text in rows["text"]]}


def state_of(run: Path) -> dict[str, str]:
    """SHA-256 of what must be the same however often a run was stopped: model, newest checkpoint, log of figures."""
    newest = max((run / "checkpoints").glob("step-*"))
    files = {str(path.relative_to(run)): path.read_bytes() for path in sorted((run / "model").iterdir())}
    files["metrics.jsonl"] = (run / "metrics.jsonl").read_bytes()
    files[f"{newest.name}/state.safetensors"] = (newest / "state.safetensors").read_bytes()
    progress = json.loads((newest / "progress.json").read_bytes())
    files["progress"] = json.dumps(_without_times(progress), sort_keys=True).encode()
    return {name: sha256(data).hexdigest() for name, data in files.items()}


def _without_times(progress: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in progress.items() if name not in TIMES}
