"""Anonymous memory of training when the corpus grows: it should stay that of the small one, since rows are read from mapped files.

    python benchmarks/memory.py --quick          # 5,000 and 50,000 rows; about a minute
    python benchmarks/memory.py                  # 47,690 and 2,000,000 rows

Each size is made as json lines and trained on for a few steps in a process of its own, through the recipe's own path: sources, splits,
tokenizer, encoding, fit. Prints the most anonymous memory (RssAnon
of Linux) seen while steps were made, and the growth as a share of 200 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from made_up import TOPICS, texts

LIMIT = 200e6  # bytes that a corpus 42 times as large may add


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs=2, default=(47_690, 2_000_000), metavar=("SMALL", "LARGE"))
    parser.add_argument("--steps", type=int, default=20, help="training steps that are watched")
    parser.add_argument("--quick", action="store_true", help="5,000 and 50,000 rows")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)  # the process that trains
    options = parser.parse_args()
    if options.one:
        train(options.one, options.steps)
        return
    seen = []
    for rows in (5_000, 50_000) if options.quick else options.rows:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "train.jsonl", rows, seed=0)
            write(Path(folder) / "test.jsonl", 2_000, seed=1)
            command = [sys.executable, __file__, "--one", folder, "--steps", str(options.steps)]
            environment = {**os.environ, "SEQTEXT_CACHE": f"{folder}/cache"}
            seen.append(int(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout))
        print(f"{rows:>10,} rows: {seen[-1] / 1e6:,.0f} MB anonymous while training")
    print(
        f"growth {(seen[1] - seen[0]) / 1e6:,.0f} MB, {(seen[1] - seen[0]) / LIMIT:.2f} of the {LIMIT / 1e6:.0f} MB it may be"
    )


def write(path: Path, rows: int, *, seed: int) -> None:
    """A corpus of made-up texts, streamed to disk."""
    with path.open("w", encoding="utf-8") as file:
        for text, topic in texts(rows, seed=seed):
            file.write(json.dumps({"text": text, "label": TOPICS[topic]}) + "\n")


def train(folder: Path, steps: int) -> None:
    """Trains as the recipe does and prints the most anonymous memory seen between the first step and the last."""
    from seqtext.data.reading.sources import load_files
    from seqtext.tasks.classification.classifier import TopicClassifier
    from seqtext.tasks.classification.splits import labelled_splits
    from seqtext.training import loop
    from seqtext.training.fit import fit
    from seqtext.training.step import Stepper

    seen: list[int] = []

    class Watched(Stepper):
        """A stepper whose steps are watched: from the first on, memory is read every few milliseconds."""

        def __call__(self, examples, micro_batches, step, **more):  # type: ignore[no-untyped-def]
            if not seen:
                seen.append(anonymous())
                threading.Thread(target=watch, args=(seen,), daemon=True).start()
            return super().__call__(examples, micro_batches, step, **more)

    loop.Stepper = Watched  # type: ignore[misc]
    data = labelled_splits(load_files(train=folder / "train.jsonl", test=folder / "test.jsonl").splits)
    task = TopicClassifier.from_data(data.train, text_column=data.columns.text, label_column=data.columns.label)
    fit(task, data.train, data.validation, run=folder / "run", max_steps=steps)
    print(max(seen))


def watch(seen: list[int]) -> None:
    """Reads the memory until the process ends."""
    while True:
        seen.append(anonymous())
        time.sleep(0.01)


def anonymous() -> int:
    """Bytes of anonymous memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
