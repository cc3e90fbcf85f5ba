"""What checkpoints cost: the time of one as a share of the training between two, against writing the same bytes plainly.

    python benchmarks/checkpoint.py --quick            # under a minute
    python benchmarks/checkpoint.py                    # more rounds
    python benchmarks/checkpoint.py --every 1m         # another interval than the default

The state is that of a `TopicClassifier` with its defaults on made-up texts of the length of news, after some steps: weights, their
average and both moments. Saving hashes it, syncs it, and removes the oldest; writing plainly is one file and one sync. Training steps
are timed in the same turns. The share wanted is below 2 %.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import torch
from made_up import TOPICS, texts
from side_by_side import take_turns

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.usual import Usual
from seqtext.nn.precision import choose_device, choose_precision, set_threads
from seqtext.options import TrainingOptions, checkpoint_interval
from seqtext.saving.folders import tensor_bytes
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.training.averaging import Averages
from seqtext.training.checkpoint import Progress, save_checkpoint, training_state
from seqtext.training.optimizer import make_optimizer
from seqtext.training.step import Stepper

DEFAULT = TrainingOptions()


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--every", default=DEFAULT.checkpoint_every, help="as --checkpoint_every: steps, or minutes as 5m"
    )
    parser.add_argument("--rows", type=int, default=10_000, help="made-up texts")
    parser.add_argument("--rounds", type=int, default=15, help="checkpoints timed")
    parser.add_argument("--folder", help="where to write; default: a temporary folder")
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--quick", action="store_true", help="2,000 texts and 5 rounds")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds = 2_000, 5
    set_threads(options.threads)
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        os.environ["SEQTEXT_CACHE"] = f"{place}/cache"
        for line in cost(Path(place), options.every, options.rows, options.rounds, choose_device(options.device)):
            print(line)


def cost(place: Path, every: int | str, rows: int, rounds: int, device: torch.device) -> list[str]:
    """The lines to print."""
    from datasets import ClassLabel, Dataset, Features, Value

    made = list(texts(rows))
    features = Features(text=Value("string"), label=ClassLabel(names=list(TOPICS)))
    data = Dataset.from_dict(
        {"text": [text for text, _ in made], "label": [topic for _, topic in made]}, features=features
    )
    task = TopicClassifier.from_data(data)
    task.model.to(device).train()
    examples = task.encode(data).to(device)
    averages = Averages(task.model, DEFAULT.ema_decay)
    stepper = Stepper(
        task,
        make_optimizer(task.model, learning_rate=DEFAULT.learning_rate, weight_decay=DEFAULT.weight_decay),
        precision=choose_precision("auto", device),
        device=device,
        max_grad_norm=DEFAULT.max_grad_norm,
        seed=0,
    )
    epoch = BatchPlan(examples.lengths, tokens=DEFAULT.batch_tokens, seed=0, max_rows=Usual().batch_rows).epoch(0)
    progress = Progress()

    def step() -> None:
        stepper(examples, epoch.step(progress.step % len(epoch)), progress.step)
        progress.step += 1

    def write() -> None:
        with (place / "plain").open("wb") as file:
            file.write(tensor_bytes(training_state(stepper, averages)))
            file.flush()
            os.fsync(file.fileno())

    step()  # the optimizer has its moments only now
    size = len(tensor_bytes(training_state(stepper, averages)))
    times = take_turns(
        {
            "step": step,
            "save": lambda: save_checkpoint(place / "checkpoints", stepper, averages, progress, {}),
            "write": write,
        },
        rounds=rounds,
        device=device,
    )
    save, a_step = times.median("save"), times.median("step")
    steps, seconds = checkpoint_interval(every) or (1.0, 0.0)
    between = min(steps * a_step, seconds)
    return [
        f"a checkpoint of {size / 2**20:.0f} MB: {save:.2f} s, {times.ratio('save', 'write'):.1f} times writing the same bytes plainly,"
        f" {times.ratio('save', 'step'):.1f} training steps",
        f"every {every}: {save / (between + save):.2%} of the time of training (target below 2 %)",
    ]


if __name__ == "__main__":
    main()
