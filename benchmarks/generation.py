"""Writing texts: tokens per second beside a loop over torch's own cell with the same sampler, and the time of a token written alone.

    python benchmarks/generation.py --quick               # under a minute
    python benchmarks/generation.py --hidden 512 --rows 64 --vocabulary 8000

The baseline steps an `nn.GRU` one token at a time, with a linear layer and the same filters, in fp32 as ours. Ours also fills its blocks of
rows, so that a text never depends on the other texts of its request, and keeps every token's log-probability. Then one text alone,
one thread: p50 and p99 of a token in ms.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from side_by_side import take_turns
from torch import nn

from seqtext.models.choosing import Filters, choose, uniforms
from seqtext.models.guided import Guided
from seqtext.models.sampling import sample
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.precision import set_threads
from seqtext.nn.vocabulary_head import VocabularyHead

BEGIN, END, BANNED = 2, 3, (0, 1, 2)
STEPS = 40
FILTERS = Filters(1.0, 0, 0.9, 0, 0.95, 0.0)  # temperature 0.9, nucleus of 0.95


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=8000)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--quick", action="store_true", help="3 rounds")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 3
    threads = set_threads(options.threads)
    torch.manual_seed(0)
    model = generator(options.hidden, options.vocabulary).eval()
    gru, out = nn.GRU(options.hidden, options.hidden, batch_first=True), nn.Linear(options.hidden, options.vocabulary)
    vectors = torch.eye(4)[torch.arange(options.rows) % 4]
    written: list[int] = []

    def ours() -> None:
        writer = Guided(model)
        begin = torch.full((options.rows,), BEGIN)
        made = sample(
            writer, writer.initial_state(vectors, options.rows), begin=begin, rows=np.arange(options.rows), seed=0, end_id=END,
            banned=BANNED, max_length=STEPS, temperature=FILTERS.temperature, top_p=FILTERS.top_p,
        )  # fmt: skip
        written.append(sum(map(len, made.ids)) + sum(made.ended))

    @torch.inference_mode()
    def theirs() -> None:
        tokens, state = torch.full((options.rows,), BEGIN), torch.zeros(1, options.rows, options.hidden)
        draws = torch.from_numpy(uniforms(0, np.arange(options.rows), STEPS))
        for step in range(STEPS):
            inputs = nn.functional.embedding(tokens, model.embedding.weight).unsqueeze(1)
            outputs, state = gru(inputs, state)
            logits = out(outputs[:, 0])
            logits[:, list(BANNED)] = float("-inf")
            tokens = choose(logits, draws[:, step], FILTERS)

    times = take_turns({"ours": ours, "theirs": theirs}, rounds=options.rounds)
    rate, baseline = written[-1] / times.median("ours"), STEPS * options.rows / times.median("theirs")
    print(f"{options.rows} rows, hidden {options.hidden}, vocabulary {options.vocabulary:,}, {threads} threads, fp32")
    print(f"{rate:,.0f} tokens per second, {rate / baseline:.2f} times a loop over nn.GRU with the same sampler")
    set_threads(1)
    alone(model)


def generator(hidden: int, vocabulary: int) -> VecToSeq:
    """A GRU generator of four topics that hardly ever ends a text."""
    model = VecToSeq(
        embedding=TokenEmbedding(vocabulary_size=vocabulary, embedding_size=hidden),
        backbone=Backbone(input_size=hidden, hidden_size=hidden, cell="gru"),
        head=VocabularyHead(input_size=hidden, vector_size=hidden, vocabulary_size=vocabulary),
        vector_size=4,
    )
    with torch.no_grad():
        model.head.bias[END] = -20.0
    return model


def alone(model: VecToSeq) -> None:
    """One text, token by token."""
    writer, seconds = Guided(model), []
    for seed in range(8):
        started = time.perf_counter()
        made = sample(
            writer, writer.initial_state(torch.eye(4)[:1].expand(8, -1), 8), begin=torch.tensor([BEGIN]), rows=np.arange(1),
            seed=seed, end_id=END, banned=BANNED, max_length=STEPS, temperature=0.9, top_p=0.95,
        )  # fmt: skip
        seconds.append((time.perf_counter() - started) / max(len(made.ids[0]), 1))
    p50, p99 = np.percentile(np.array(seconds[1:]) * 1e3, [50, 99])
    print(f"one text alone, one thread: p50 {p50:.2f} ms, p99 {p99:.2f} ms per token (means of texts)")


if __name__ == "__main__":
    main()
