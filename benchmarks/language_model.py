"""Training a language model: tokens per second of whole steps, beside a plain torch loop of the same sizes in the same run.

    python benchmarks/language_model.py --quick           # under a minute: a small model, 3 rounds
    python benchmarks/language_model.py                   # 2 layers of 512 units, vocabulary 16,000; fp32 too
    python benchmarks/language_model.py --vocabulary 33280 --embedding 400 --hidden 1150 --layers 3   # the sizes of AWD-LSTM

The loop is what is usually written after Merity et al. (2018): an `nn.LSTM` a layer, locked dropout, dropout of recurrent weights and of
the vocabulary, a tied output layer, `F.cross_entropy`, penalties on outputs and their changes, clipping, AdamW, the state carried from
window to window. Ours has the same dropout but for that of recurrent weights, which no fused kernel takes, reads its windows behind a
warm-up, samples large vocabularies as it does in training, and is in the precision that `auto` takes. Both predict as many tokens a
step; 1.5 times as many per second are wanted.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch
from side_by_side import take_turns
from torch import Tensor, nn
from torch.nn import functional as F

from seqtext.batching.ragged import Ragged
from seqtext.nn.dropout import LockedDropout
from seqtext.nn.precision import choose_device, choose_precision, set_threads
from seqtext.nn.sampled_loss import sampled_by_default
from seqtext.options import Precision
from seqtext.tasks.language_model.losses import window_loss
from seqtext.tasks.language_model.model import build_model
from seqtext.tasks.language_model.rows import StreamBatch, TextStream
from seqtext.tasks.language_model.settings import LanguageConfig
from seqtext.training.optimizer import make_optimizer
from seqtext.training.step import Stepper

TOKENS, WEIGHTS = 200_000, 0.5  # of the stream; share of recurrent weights zeroed by the plain loop


class Ours:
    """What a step needs: a model of made-up ids, without a tokenizer."""

    def __init__(self, config: LanguageConfig, vocabulary: int) -> None:
        self.config, self.model = config, build_model(config, vocabulary)

    def losses(self, batch: StreamBatch) -> Any:
        """Of each direction."""
        for reverse in self.config.ways:
            yield window_loss(self.model, batch, reverse=reverse)


class Plain(nn.Module):
    """A language model as it is usually written in torch."""

    def __init__(self, config: LanguageConfig, vocabulary: int) -> None:
        super().__init__()
        last = config.embedding_size
        sizes = [last, *[config.hidden_size] * (config.num_layers - 1)]
        outputs = [
            *[config.hidden_size] * (config.num_layers - 1),
            last,
        ]  # AWD-LSTM's last layer has the size of the embedding
        self.config, self.embedding = config, nn.Embedding(vocabulary, last)
        self.layers = nn.ModuleList(
            nn.LSTM(one, other, batch_first=True) for one, other in zip(sizes, outputs, strict=True)
        )
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        shares = (config.input_dropout, config.layer_dropout, config.output_dropout)
        self.first, self.between, self.last = map(LockedDropout, shares)

    def forward(self, ids: Tensor, targets: Tensor, states: list[Any]) -> tuple[Tensor, list[Any]]:
        """The mean loss with its penalties, and the states behind the window."""
        kept = torch.empty(len(self.embedding.weight), 1).bernoulli_(1 - self.config.embedding_dropout)
        x = self.first(F.embedding(ids, self.embedding.weight * kept / (1 - self.config.embedding_dropout)))
        after = []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, nn.LSTM)
            weights = [layer.weight_ih_l0, F.dropout(layer.weight_hh_l0, WEIGHTS), layer.bias_ih_l0, layer.bias_hh_l0]
            raw, h, c = torch._VF.lstm(x, states[number], weights, True, 1, 0.0, True, False, True)
            after.append((h.detach(), c.detach()))
            x = self.between(raw) if number < len(self.layers) - 1 else self.last(raw)
        logits = F.linear(x, self.embedding.weight, self.bias)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        return loss + 2 * x.square().mean() + (raw[:, 1:] - raw[:, :-1]).square().mean(), after

    def zeros(self, rows: int) -> list[Any]:
        """States of zeros."""
        return [(torch.zeros(1, rows, each.hidden_size),) * 2 for each in self.layers]  # type: ignore[arg-type]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {
        "vocabulary": 16_000,
        "embedding": 256,
        "hidden": 512,
        "layers": 2,
        "rows": 32,
        "rounds": 5,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--sampled_softmax", type=int, help="0: all tokens; default: as in training")
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--quick", action="store_true", help="a small model, 3 rounds, one precision")
    options = parser.parse_args()
    if options.quick:
        options.vocabulary, options.layers, options.rounds = 8000, 1, 3
    if options.sampled_softmax is None:
        options.sampled_softmax = sampled_by_default(options.vocabulary)
    threads, device = set_threads(options.threads), choose_device("cpu")
    best = choose_precision("auto", device)
    config = LanguageConfig(
        num_layers=options.layers,
        embedding_size=options.embedding,
        hidden_size=options.hidden,
        directions="forward",
        sampled_softmax=options.sampled_softmax,
    )
    torch.manual_seed(0)
    ids = torch.from_numpy(np.random.default_rng(0).zipf(1.3, TOKENS) % (options.vocabulary - 4) + 4).int()
    examples = TextStream(Ragged(ids, torch.tensor([0, TOKENS])), window=config.max_length, warm_up=config.warm_up)
    plain = Plain(config, options.vocabulary).train()
    adamw = torch.optim.AdamW(plain.parameters(), lr=1e-3)
    streams = ids[: TOKENS // options.rows * options.rows].view(options.rows, -1).long()
    place, states = 0, plain.zeros(options.rows)

    def loop() -> None:
        nonlocal place, states
        place = place + config.max_length if place + 2 * config.max_length < streams.shape[1] else 0
        window = streams[:, place : place + config.max_length + 1]
        loss, states = plain(window[:, :-1], window[:, 1:], states)
        adamw.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        adamw.step()

    variants: dict[str, Any] = {"plain loop, fp32": loop}
    precisions: list[Precision] = [best] if options.quick or best == "fp32" else [best, "fp32"]
    for precision in precisions:
        variants[f"ours, {precision}"] = _ours(config, options, examples, precision, device)
    times = take_turns(variants, rounds=options.rounds, calls=2)
    tokens = options.rows * config.max_length
    seen = options.sampled_softmax or options.vocabulary
    print(
        f"{tokens:,} tokens a step, vocabulary {options.vocabulary:,} ({seen:,} seen), {options.layers} layers of"
        f" {options.hidden}, {threads} threads"
    )
    for name in variants:
        ratio = times.ratio("plain loop, fp32", name)
        print(f"{name:<18}{tokens / times.median(name):>9,.0f} tokens per second  {ratio:.2f} times the plain loop")


def _ours(
    config: LanguageConfig, options: Any, examples: TextStream, precision: Precision, device: torch.device
) -> Any:
    """A function that makes a step."""
    task = Ours(config, options.vocabulary)
    optimizer = make_optimizer(task.model.train(), learning_rate=1e-3, weight_decay=0.01)
    steps = Stepper(task, optimizer, precision=precision, device=device, max_grad_norm=1.0, seed=0)
    epoch = examples.plan(tokens=10**9, seed=0, micro_batches=1, max_rows=options.rows).epoch(0)
    number = 0

    def step() -> None:
        nonlocal number
        number += 1
        steps(examples, epoch.step(number % (len(epoch) - 1)), number)

    return step


if __name__ == "__main__":
    main()
