"""Making batches: as a share of the training step they feed, against collation row by row; padding; planning an epoch.

    python benchmarks/batching.py --quick              # under a minute
    python benchmarks/batching.py                      # more steps, and an epoch of 2,000,000 rows
    python benchmarks/batching.py --data FOLDER        # padding on real texts too: any source of the recipes, with labels

The step is that of a `TopicClassifier` with its defaults on made-up texts of the length of news. Row by row means a list of ids per row,
a tensor each, and `pad_sequence`, as a collate function of a data loader does. The share wanted is below 3 %, so that no loader
processes are needed, and padding below 3 %. Planning is compared with one sort of the lengths, which it cannot do without, and
with the training it plans.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import Any

import numpy as np
import torch
from made_up import TOPICS, texts, token_lengths
from numpy.typing import NDArray
from side_by_side import take_turns
from torch.nn.utils.rnn import pad_sequence

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.usual import Usual
from seqtext.nn.precision import choose_device, choose_precision, set_threads
from seqtext.options import TrainingOptions
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.rows import EncodedTexts
from seqtext.training.step import Stepper, make_optimizer

DEFAULT = TrainingOptions()


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a source with labels, whose padding is measured too")
    parser.add_argument("--rows", type=int, default=10_000, help="made-up texts")
    parser.add_argument("--rounds", type=int, default=15, help="training steps timed")
    parser.add_argument("--plan_rows", type=int, default=2_000_000, help="rows of the epoch that is planned")
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--quick", action="store_true", help="2,000 texts and 5 steps")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds = 2_000, 5
    set_threads(options.threads)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["SEQTEXT_CACHE"] = cache
        seconds_a_token = shares(options.rows, options.rounds, choose_device(options.device))
        paddings = {"made-up lengths of news": token_lengths(50_000)}
        if options.data:
            paddings[options.data] = real_lengths(options.data)
        for name, lengths in paddings.items():
            print(padding(name, lengths))
    print(planning(options.plan_rows, seconds_a_token))


def shares(rows: int, rounds: int, device: torch.device) -> float:
    """Prints what batches cost within a step; returns the seconds of a step per token."""
    from datasets import ClassLabel, Dataset, Features, Value

    made = list(texts(rows))
    features = Features(text=Value("string"), label=ClassLabel(names=list(TOPICS)))
    columns = {"text": [text for text, _ in made], "label": [topic for _, topic in made]}
    data = Dataset.from_dict(columns, features=features)
    task = TopicClassifier.from_data(data)
    task.model.to(device).train()
    examples: EncodedTexts = task.encode(data).to(device)
    ids = [examples.tokens[row].cpu().tolist() for row in range(rows)]
    stepper = Stepper(
        task,
        make_optimizer(task.model, learning_rate=DEFAULT.learning_rate, weight_decay=DEFAULT.weight_decay),
        precision=choose_precision("auto", device),
        device=device,
        max_grad_norm=DEFAULT.max_grad_norm,
        seed=0,
    )
    epoch = BatchPlan(examples.lengths, tokens=DEFAULT.batch_tokens, seed=0, max_rows=Usual().batch_rows).epoch(0)
    chosen = [epoch.step(number % len(epoch))[0] for number in range(rounds + 1)]  # a first one to warm up
    turns: dict[str, Any] = {name: iter(enumerate(chosen)) for name in ("step", "ours", "row by row")}

    def one_step() -> None:
        number, batch = next(turns["step"])
        stepper(examples, [batch], number)

    times = take_turns(
        {
            "step": one_step,
            "ours": lambda: examples.batch(next(turns["ours"])[1]).to(device),
            "row by row": lambda: collated(ids, columns["label"], next(turns["row by row"])[1], device),
        },
        rounds=rounds,
        device=device,
    )
    ours, baseline = times.ratio("ours", "step"), times.ratio("row by row", "step")
    print(f"a batch: {ours:.2%} of a step of {times.median('step') * 1e3:.0f} ms (target below 3 %)")
    print(f"row by row: {baseline:.2%}, {times.ratio('row by row', 'ours'):.1f} times ours")
    return times.median("step") / float(np.median([examples.lengths[batch].sum() for batch in chosen]))


def collated(ids: list[list[int]], labels: list[int], rows: NDArray[np.int64], device: torch.device) -> Any:
    """A batch made of Python objects, row by row."""
    chosen = rows.tolist()
    values = pad_sequence([torch.tensor(ids[row]) for row in chosen], batch_first=True)
    lengths = torch.tensor([len(ids[row]) for row in chosen])
    return values.to(device), lengths, torch.tensor([labels[row] for row in chosen]).to(device)


def real_lengths(source: str) -> NDArray[np.int32]:
    """Tokens of each training text of a source, with a tokenizer trained on them."""
    from seqtext.data.reading.sources import load

    data = load(source).splits["train"]
    lengths: NDArray[np.int32] = TopicClassifier.from_data(data).encode(data).lengths
    return lengths


def padding(name: str, lengths: NDArray[np.int32]) -> str:
    """A line about the padding of an epoch, beside that of batches of rows in random order."""
    plan = BatchPlan(lengths, tokens=DEFAULT.batch_tokens, seed=0, max_rows=Usual().batch_rows)
    epoch = plan.epoch(0)
    shuffled = np.random.default_rng(0).permutation(lengths)
    rows = max(1, DEFAULT.batch_tokens // int(lengths.mean()))
    whole = shuffled[: max(len(shuffled) // rows, 1) * rows].reshape(-1, min(rows, len(shuffled)))
    random = 1 - whole.sum() / (whole.max(axis=1) * whole.shape[1]).sum()
    ours = plan.padding(epoch)
    return f"padding: {ours:.2%} of all steps (target below 3 %), in random order {random:.1%}; {len(lengths):,} rows, {name}"


def planning(rows: int, seconds_a_token: float) -> str:
    """A line about the time an epoch takes to plan."""
    lengths = token_lengths(rows)
    plan = BatchPlan(lengths, tokens=DEFAULT.batch_tokens, seed=0, max_rows=Usual().batch_rows)
    times = take_turns({"plan": lambda: plan.epoch(0), "sort": lambda: np.argsort(lengths, kind="stable")}, rounds=3)
    share = times.median("plan") / (seconds_a_token * float(lengths.sum(dtype=np.int64)))
    return (
        f"planning an epoch of {rows:,} rows: {times.median('plan'):.2f} s, {times.ratio('plan', 'sort'):.1f} times a sort"
        f" of the lengths, {share:.4%} of the epoch"
    )


if __name__ == "__main__":
    main()
