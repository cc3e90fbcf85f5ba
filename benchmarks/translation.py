"""Translation: target tokens per second in training beside a loop over steps; sentences per second in decoding, beam beside greedy.

    python benchmarks/translation.py --quick                 # 2 rounds
    python benchmarks/translation.py --run runs/m30k --texts test.en   # decoding of real sentences by a real model

The baseline is what tutorials and older toolkits do: encoder on packed sequences, a decoder that takes one step after another and is fed
its last attention vector (Luong et al. 2015), the logits of all steps at once, plain cross entropy. Sizes are the same: GRU, encoder of 2
layers (256 units each direction), decoder of 2 (512), embeddings of 256, 8,000 pieces, batches of at most 4,096 tokens, padding counted.
The sentences have 8 to 24 tokens. Batches are of sentences of nearly the same length, as ours are; the baseline is timed on them and on
sentences as they come, which is what it makes of them. Shares are of the rate of one large matrix product in the same precision: what
ours could be at most, were all of it products, is printed too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from side_by_side import take_turns
from torch import Tensor, nn
from torch.nn import functional as F

from seqtext.batching.padded import Padded
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.models.transduction import Source, transduce
from seqtext.nn.precision import autocast, choose_device, choose_precision, set_threads
from seqtext.options import Precision
from seqtext.tasks.translation.model import build_model
from seqtext.tasks.translation.settings import TranslatorConfig

V, E, ENCODER, DECODER, TOKENS = 8000, 256, 256, 512, 4096
SQUARE = 2048  # of the large matrix product
SMOOTHING = 0.1
Loss = Callable[[Any, "Pairs"], Tensor]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="a translator's run, whose decoding is timed; random weights if not given")
    parser.add_argument("--texts", help="a file with one sentence per line, for --run")
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="2 rounds")
    options = parser.parse_args()
    if (options.run is None) != (options.texts is None):
        parser.error("--run and --texts go together")
    if options.quick:
        options.rounds = 2
    threads, device = set_threads(options.threads), choose_device("cpu")
    print(f"{threads} threads, {device}; {TOKENS:,} tokens per batch, vocabulary {V:,}")
    training(device, options.rounds)
    if options.run:
        decoding(options.run, Path(options.texts).read_text(encoding="utf-8").split("\n")[:-1])
    else:
        random_decoding()


def training(device: torch.device, rounds: int) -> None:
    """Ours and the loop; both on a batch of one length, and the loop on one of all lengths."""
    best = choose_precision("auto", device)
    torch.manual_seed(0)
    by_length, mixed = Pairs.of(15, 17), Pairs.of(8, 24)
    ours = build_model(TranslatorConfig(cell="gru"), V, V).train()
    loop = Loop().train()
    variants: dict[str, tuple[nn.Module, Loss, Pairs, Precision]] = {
        "ours": (ours, our_loss, by_length, best),
        "loop fp32": (loop, Loop.loss, by_length, "fp32"),
        f"loop {best}": (loop, Loop.loss, by_length, best),
        "loop fp32, sentences as they come": (loop, Loop.loss, mixed, "fp32"),
        f"loop {best}, sentences as they come": (loop, Loop.loss, mixed, best),
    }
    steps = {name: step_of(*variant, device) for name, variant in variants.items()}
    times = take_turns({**steps, **products({best, "fp32"})}, rounds=rounds)
    rates = {name: variants[name][2].count / times.median(name) for name in steps}

    def share(name: str) -> float:
        model, _, _, precision = variants[name]
        products_a_second = 2 * SQUARE**3 / times.median(f"product {precision}")
        return 6 * (our_macs() if model is ours else loop_macs()) * rates[name] / products_a_second

    most = rates["ours"] / share("ours")
    print(
        f"training, {best}: {rates['ours']:,.0f} target tokens per second, {share('ours'):.0%} of the rate of products"
    )
    for name in list(steps)[1:]:
        tokens = by_length.count / variants[name][2].count
        ratio = tokens * times.ratio(name, "ours")
        print(f"  {name}: {rates[name]:,.0f}, {share(name):.0%} of its rate of products;", end=" ")
        print(f"ours {ratio:.1f} times as many, at most {most / rates[name]:.1f} were it all products")


@dataclass(frozen=True)
class Pairs:
    """A batch of random sentences and their translations, (B, T) each, and what follows each target token."""

    source: Padded
    target: Padded
    targets: Tensor

    @classmethod
    def of(cls, shortest: int, longest: int, *, tokens: int = TOKENS, device: torch.device | str = "cpu") -> Pairs:
        """As many rows as `tokens` allow, of all lengths in turn."""
        rows = tokens // longest
        lengths = (shortest + torch.arange(rows) % (longest - shortest + 1)).sort(descending=True).values
        source, target = (torch.randint(5, V, (rows, longest), device=device) for _ in range(2))
        targets = torch.cat([target[:, 1:], torch.full((rows, 1), END, device=device)], 1)
        return cls(Padded(source, lengths), Padded(target, lengths), targets)

    @property
    def count(self) -> int:
        """Number of target tokens."""
        return int(self.target.lengths.sum())


def products(precisions: set[str]) -> dict[str, Callable[[], object]]:
    """One large matrix product in each precision."""
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    squares = {precision: torch.randn(SQUARE, SQUARE).to(dtypes[precision]) for precision in precisions}
    return {f"product {precision}": lambda square=square: square @ square for precision, square in squares.items()}


def our_macs() -> int:
    """Multiplications for a target token and its source token; attention's own products left out."""
    decoder = 3 * DECODER * ((E + DECODER) + (DECODER + 2 * ENCODER + DECODER))
    attention = DECODER * ENCODER + 2 * ENCODER * ENCODER + (DECODER + 2 * ENCODER + E) * E
    return encoder_macs() + decoder + attention + E * V


def loop_macs() -> int:
    """Likewise of the loop."""
    decoder = 3 * DECODER * ((E + DECODER + DECODER) + (DECODER + DECODER))
    attention = 2 * ENCODER * DECODER + (DECODER + 2 * ENCODER) * DECODER
    return encoder_macs() + decoder + attention + DECODER * V


def encoder_macs() -> int:
    """The same in both."""
    return 2 * 3 * ENCODER * ((E + ENCODER) + (2 * ENCODER + ENCODER))


def our_loss(model: nn.Module, pairs: Pairs) -> Tensor:
    """As `Translator.loss`."""
    outputs = model(pairs.target, model.initial_state(pairs.source)).values.flatten(0, 1)
    real, _ = pairs.target.real
    targets = pairs.targets.flatten()[real]
    total, _ = model.head.loss(outputs[real], model.embedding.weight, targets, label_smoothing=SMOOTHING)
    return total


def step_of(
    model: nn.Module, loss: Loss, pairs: Pairs, precision: Precision, device: torch.device
) -> Callable[[], None]:
    """One step of training: loss, gradients, AdamW."""
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)

    def step() -> None:
        with autocast(precision, device):
            total = loss(model, pairs)
        total.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


class Loop(nn.Module):
    """Encoder on packed sequences, decoder one step at a time with input feeding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.encoder = nn.GRU(E, ENCODER, 2, batch_first=True, bidirectional=True, dropout=0.2)
        self.bridge = nn.Linear(4 * ENCODER, 2 * DECODER)
        self.decoder = nn.GRU(E + DECODER, DECODER, 2, batch_first=True, dropout=0.2)
        self.key = nn.Linear(2 * ENCODER, DECODER, bias=False)
        self.combine = nn.Linear(DECODER + 2 * ENCODER, DECODER)
        self.out = nn.Linear(DECODER, V)

    def loss(self, pairs: Pairs) -> Tensor:
        """Summed over all real steps."""
        source, tokens, targets = pairs.source, pairs.target, pairs.targets
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(source.values), source.lengths, batch_first=True)
        encoded, final = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(encoded, batch_first=True)
        rows = len(source.lengths)
        state = torch.tanh(self.bridge(final.transpose(0, 1).reshape(rows, -1))).view(rows, 2, DECODER)
        state, keys = state.transpose(0, 1).contiguous(), self.key(memory)
        hidden = ~source.mask.unsqueeze(1)
        inputs = F.dropout(self.embedding(tokens.values), 0.1)
        fed = inputs.new_zeros(rows, 1, DECODER)
        outputs = []
        for step in range(inputs.shape[1]):
            query, state = self.decoder(torch.cat([inputs[:, step : step + 1], fed], -1), state)
            weights = (query @ keys.transpose(1, 2)).masked_fill(hidden, -torch.inf).softmax(-1)
            fed = torch.tanh(self.combine(torch.cat([query, weights @ memory], -1)))
            outputs.append(F.dropout(fed, 0.2))
        logits = self.out(torch.cat(outputs, 1))
        real = tokens.mask
        return F.cross_entropy(logits.float()[real], targets[real], label_smoothing=SMOOTHING, reduction="sum")


def decoding(run: str, texts: list[str]) -> None:
    """Sentences per second of a saved translator."""
    from seqtext.tasks.saved import load

    task = load(run)
    rates = {}
    for beam in (1, 5):
        task(texts[:50], beam=beam)
        started = time.perf_counter()
        task(texts, beam=beam)
        rates[beam] = len(texts) / (time.perf_counter() - started)
    print(f"decoding {len(texts):,} sentences: greedy {rates[1]:.1f} per second, beam 5 {rates[5]:.1f},", end=" ")
    print(f"{rates[5] / rates[1]:.2f} of greedy")


def random_decoding() -> None:
    """Likewise with random weights: 500 sources of 8 to 24 tokens, targets as long."""
    torch.manual_seed(0)
    model = build_model(TranslatorConfig(cell="gru"), V, V).eval()
    with torch.no_grad():
        model.head.bias[END] = -20.0
    random = np.random.default_rng(0)
    sources = [random.integers(5, V, size).tolist() for size in random.integers(8, 25, 500)]
    rates = {}
    for beam in (1, 5):
        started = time.perf_counter()
        given = [Source(one, limit=len(one)) for one in sources]
        transduce([model], given, begin=BEGIN, end_id=END, banned=(0, 1, 2), beam=beam)
        rates[beam] = len(sources) / (time.perf_counter() - started)
    print(f"decoding, random weights: greedy {rates[1]:.1f} sentences per second, beam 5 {rates[5]:.1f},", end=" ")
    print(f"{rates[5] / rates[1]:.2f} of greedy")


if __name__ == "__main__":
    main()
