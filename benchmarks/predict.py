"""A saved classifier at work: `seqtext predict` over a file, start included; one text alone on one thread; a naive loop beside both.

    python benchmarks/predict.py --quick                 # makes a small run itself; under a minute
    python benchmarks/predict.py --run runs/ag           # a run of yours
    python benchmarks/predict.py --run runs/ag --texts test.txt

Prints texts per second of the command as a user runs it, over 7,600 texts, and how many times that of a naive loop, which gives the same
loaded model one text after the other, and which share of the same model's rate without the start. Then the median (p50) and the
99th percentile (p99) of one text alone, in ms, against the model's own part of it: what is above 1 is ours to save. The run it makes has
the default size; a few steps on the phrasebook do, since speed does not depend on skill. Its texts are phrases, joined to the length
of news.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from made_up import token_lengths
from numpy.typing import NDArray

from seqtext.batching.ragged import Ragged
from seqtext.nn.precision import set_threads
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.rows import EncodedTexts
from seqtext.tasks.saved import load


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="a run folder; a small run is made if not given")
    parser.add_argument("--texts", help="a file with a text a line, instead of phrases")
    parser.add_argument("--rows", type=int, default=7_600, help="texts the command gets")
    parser.add_argument("--rounds", type=int, default=3, help="starts of the command")
    parser.add_argument("--alone", type=int, default=1_000, help="texts given alone")
    parser.add_argument("--quick", action="store_true", help="one round, 300 texts alone")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.alone = 1, 300
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEQTEXT_CACHE"] = folder
        run = Path(options.run) if options.run else small_run(Path(folder))
        texts = Path(options.texts).read_text(encoding="utf-8").split("\n") if options.texts else phrases(options.rows)
        texts = [texts[number % len(texts)] for number in range(options.rows)]
        task = load(run)
        print(f"{sum(p.numel() for p in task.model.parameters()):,} parameters, {len(texts):,} texts")
        many(task, run, texts, Path(folder), options.rounds)
        alone(task, texts[: options.alone])


def small_run(folder: Path) -> Path:
    """A run of the default size, trained for a few steps."""
    recipe = Path(__file__).parent.parent / "recipes" / "topic_classification.py"
    few = ["--max_steps", "3", "--epochs", "1", "--max_rows", "2000", "--baselines", "none"]
    subprocess.run([sys.executable, recipe, "--run", folder / "run", *few], check=True, capture_output=True)
    return folder / "run"


def phrases(rows: int) -> list[str]:
    """Phrases of the phrasebook, joined until they have about as many words as news."""
    from seqtext.builtin.phrasebook import phrases as made

    parts = [phrase.text for split in made().values() for phrase in split]
    rng = np.random.default_rng(0)
    wanted = token_lengths(rows) * 4  # characters
    texts = []
    for length in wanted.tolist():
        text = ""
        while len(text) < length:
            text += ("; " if text else "") + parts[rng.integers(len(parts))]
        texts.append(text)
    return texts


def many(task: TopicClassifier, run: Path, texts: Sequence[str], folder: Path, rounds: int) -> None:
    """The command, the same model without the start, and one text after the other, in turns."""
    source, target = folder / "texts.txt", folder / "predicted.tsv"
    source.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "seqtext.cli",
        "predict",
        str(run),
        "--input",
        str(source),
        "--output",
        str(target),
    ]
    few = texts[:: max(len(texts) // 200, 1)]
    seconds: dict[str, list[float]] = {"command": [], "start": [], "loaded": [], "naive": []}
    for _ in range(rounds):
        seconds["command"].append(_timed(lambda: subprocess.run(command, check=True)))
        seconds["start"].append(
            _timed(lambda: subprocess.run([*command[:5], texts[0]], check=True, capture_output=True))
        )
        seconds["loaded"].append(_timed(lambda: task(texts)))
        seconds["naive"].append(_timed(lambda: [task([text]) for text in few]) / len(few) * len(texts))
    took = {name: np.array(values) for name, values in seconds.items()}
    figures = [f"{len(texts) / np.median(took['command']):,.0f} texts per second, start included"]
    figures.append(f"{np.median(took['naive'] / took['command']):.1f} times a naive loop without the start")
    figures.append(f"{np.median(took['loaded'] / took['command']):.2f} of the loaded model's own rate")
    print(f"seqtext predict: {', '.join(figures)} (starting and one text: {np.median(took['start']):.1f} s)")


def alone(task: TopicClassifier, texts: Sequence[str]) -> None:
    """One text at a time on one thread, beside the model alone on the same ids."""
    threads = torch.get_num_threads()
    set_threads(1)
    whole, model = [], []
    for number, text in enumerate([*texts[:20], *texts]):  # the first twenty warm up
        ids = Ragged.from_sequences([row[: task.config.max_length] for row in task.tokenizer.encode([text])])
        batch = EncodedTexts(ids, np.zeros(1, dtype=np.int64), max_length=task.config.max_length).batch(
            np.zeros(1, dtype=np.int64)
        )
        seconds = _timed(lambda text=text: task([text])), _timed(lambda batch=batch: _bare(task, batch.tokens))
        if number >= 20:
            whole.append(seconds[0])
            model.append(seconds[1])
    set_threads(threads)
    ratio = np.median(np.array(whole) / np.array(model))
    print(
        f"one text alone, one thread: {_percentiles(whole)}, {ratio:.2f} times the model alone ({_percentiles(model)})"
    )


@torch.inference_mode()
def _bare(task: TopicClassifier, tokens: object) -> None:
    task.model(tokens)


def _percentiles(seconds: Sequence[float]) -> str:
    values: NDArray[np.float64] = np.percentile(np.array(seconds) * 1e3, [50, 99])
    return f"p50 {values[0]:.2f} ms, p99 {values[1]:.2f} ms"


def _timed(function: object) -> float:
    started = time.perf_counter()
    function()  # type: ignore[operator]
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
