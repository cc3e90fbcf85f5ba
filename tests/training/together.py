"""What several processes do in the tests of them: `act`, or `python -m tests.training.together WHAT FOLDER`, once per process.

Each act asserts what it can and leaves what is compared with one process' doing in the folder.
"""

from __future__ import annotations

import copy
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seqtext.errors import run_program
from seqtext.saving.folders import save_tensors
from seqtext.training.processes import Processes, started_processes
from seqtext.training.step import Stepper
from tests.training.line import Line
from tests.training.test_run_folder import train

if TYPE_CHECKING:
    import datasets

    from seqtext.tasks.classification.classifier import TopicClassifier

STEPS, MICRO_BATCHES = 50, 4
TINY = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 300, "word_dropout": 0.2, "layer_dropout": 0.3}


def classifier() -> tuple[TopicClassifier, datasets.Dataset]:
    """A small one with every dropout on, and its rows."""
    import datasets  # here, since most acts of the many processes have no use for it

    from seqtext.tasks.classification.classifier import TopicClassifier
    from tests.conftest import topic_rows

    rows = datasets.Dataset.from_dict(topic_rows(120, 1), split="train")
    return TopicClassifier.from_data(rows, num_layers=2, **TINY), rows


def sgd_steps(task: TopicClassifier, rows: datasets.Dataset, processes: Processes) -> dict[str, Tensor]:
    """Gradients of the first step, weights after all of them, and the losses: steps of four micro-batches, the last with fewer."""
    task.model.train()
    device, examples = torch.device("cpu"), task.encode(rows)
    sgd = torch.optim.SGD(task.model.parameters(), lr=0.05)
    stepper = Stepper(task, sgd, precision="fp32", device=device, max_grad_norm=1.0, seed=3, processes=processes)
    plan = examples.plan(tokens=250, seed=5, micro_batches=MICRO_BATCHES, max_rows=7)
    found, losses, step = {}, [], 0
    while step < STEPS:
        epoch = plan.epoch(step)
        for number in range(len(epoch)):
            result = stepper(examples, epoch.step(number), step, seconds=100.0 + processes.rank)
            assert result.seconds == 100.0, "the clock of the first"
            losses.append(float(result.loss_sum / result.count))
            if step == 0:
                found |= {f"gradient/{name}": p.grad.clone() for name, p in task.model.named_parameters()}
            step += 1
    weights = {f"weight/{name}": value.clone() for name, value in task.model.state_dict().items()}
    return {**found, **weights, "losses": torch.tensor(losses)}


def exchange(processes: Processes) -> None:
    """Texts, answers and tensors come as they were sent."""
    rank, size = processes.rank, processes.size
    for text in ("", "a", "ü\0€ \U0001f600", "x" * 10_000):
        assert processes.share(text if rank == 0 else "other") == text
        assert processes.gather(f"{text}{rank}") == [f"{text}{other}" for other in range(size)]
    assert processes.gather("x" if rank else "") == ["", *["x"] * (size - 1)]
    for answer in (True, False):
        assert processes.ask_first(lambda answer=answer: answer if rank == 0 else not answer) == answer
    sent = [torch.arange(6.0).view(2, 3).t(), torch.tensor(5), torch.zeros(0), torch.nn.Parameter(torch.ones(2))]
    held = [tensor.detach().clone() if rank == 0 else torch.zeros_like(tensor) for tensor in sent]
    processes.share_tensors(held)
    assert all(torch.equal(one, other) for one, other in zip(held, sent, strict=True))
    assert [processes.any(here) for here in (True, False, rank == 1)] == [True, False, True]
    made: list[int] = []
    pieces = [torch.arange(float(number)) / 3 for number in range(5)]
    found = processes.map_pieces(pieces, lambda piece: made.append(len(piece)) or piece.double(), stop=lambda: False)
    assert made == list(range(rank, 5, size)), "each makes its own"
    assert all(torch.equal(one, piece.double()) for one, piece in zip(found, pieces, strict=True)), "all get all"
    assert processes.map_pieces(pieces, lambda piece: piece.double(), stop=lambda: rank == 1) is None
    total = torch.tensor([1.0, rank])
    processes.add_up(total)
    assert total.tolist() == [size, sum(range(size))]


def in_order(processes: Processes, folder: Path) -> None:
    """The first alone fills a cache; nobody else looks before it is full."""
    with processes.first_alone():
        if processes.first:
            time.sleep(0.3)
            (folder / "cache").write_text("full")
        assert (folder / "cache").read_text() == "full"
    processes.wait()


def steps(folder: Path) -> None:
    """Exchange, then steps of a task that the first process makes."""
    from seqtext.tasks.saved import load

    processes = started_processes()
    assert processes.size == 2
    exchange(processes)
    in_order(processes, folder)
    made = []
    task = processes.made_once(lambda: made.append(1) or classifier()[0], open=load)
    assert len(made) == processes.first
    found = sgd_steps(task, classifier()[1], processes)
    own = json.dumps([value.double().sum().item() for value in found.values()])
    assert processes.gather(own) == [own, own], "all have the same, to the bit"
    if processes.first:
        save_tensors(folder / "steps.safetensors", found)
    task.model.embedding.weight.register_hook(lambda gradient: gradient * (float("nan") if processes.rank else 1.0))
    sgd_steps(copy.copy(task), classifier()[1], processes)


def fits(folder: Path) -> None:
    """Three runs: a whole one, the rest of one that a single process began, and one that begins with other weights everywhere."""
    processes = started_processes()
    train(folder / "two", **LINE, gradient_accumulation=1)
    train(folder / "one, then two", **LINE, gradient_accumulation=1, resume=True)
    task = Line()
    with torch.no_grad():
        task.model.weight += processes.rank
    result = train(folder / "two more", task, **LINE, gradient_accumulation=1)
    assert bool(result.history) == processes.first, "the folder is the first's"
    weights = json.dumps([parameter.tolist() for parameter in task.model.parameters()])
    assert processes.gather(weights) == [weights] * 2, "all have the best model in the end"
    assert "torch._dynamo" not in sys.modules, "a compiler that nobody needs, and a second and a half to import it"


def signalled(folder: Path) -> None:
    """The second process gets a signal in what it does the third time: validation, or encoding the next epoch."""
    task, calls = Line(), []
    task.encodes_each_epoch = folder.name == "encode"
    plain = getattr(task, folder.name)

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if started_processes().rank == 1 and len(calls) == 3:
            signal.raise_signal(signal.SIGTERM)
        return plain(*arguments, **options)

    setattr(task, folder.name, counted)
    train(folder / "run", task, **LINE | {"epochs": 10})


def forever(folder: Path) -> None:
    """A run without an end."""
    train(folder / "run", epochs=10**9, batch_tokens=1, checkpoint_every=10)


LINE = {"batch_tokens": 5, "epochs": 2, "checkpoint_every": 3, "learning_rate": 0.05}

ACTS: dict[str, Callable[[Path], None]] = {"steps": steps, "fits": fits, "signalled": signalled, "forever": forever}


def act(what: str, folder: Path) -> None:
    """One of them, as a program."""
    torch.set_num_threads(1)
    run_program(lambda: ACTS[what](folder))


if __name__ == "__main__":
    act(sys.argv[1], Path(sys.argv[2]))
