"""A tagger at work: words tagged per second in whole texts and in streams, and how long one word of a stream takes.

    python benchmarks/tagging.py --quick --threads 2      # a model of the default size, untrained: speed does not depend on skill
    python benchmarks/tagging.py --run runs/tags --texts news.txt

Prints words per second of calling the loaded model on whole texts, forward and from both ends, with texts of words that it has met and
that it has not, since each different word is spelt once; then of one stream, with the median (p50) and the 99th percentile (p99) of a
word, and the size of its state, which is the same after ten words as after all.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence

import datasets
import numpy as np
import torch

from seqtext.nn.precision import set_threads
from seqtext.tasks.saved import load
from seqtext.tasks.tagging.tagger import Tagger

TAGS = 17
WORDS = 8_000  # different ones in training, some of them common and most of them rare, as in any text


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="a run folder; models of the default size are made if not given")
    parser.add_argument("--texts", help="a file with a text a line, instead of made-up ones")
    parser.add_argument("--words", type=int, default=200_000, help="words of the texts")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="three rounds of 60,000 words")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.words = 3, 60_000
    set_threads(options.threads)
    draw = random.Random(0)
    known = [_word(draw) for _ in range(WORDS)]
    taggers = [load(options.run)] if options.run else [_made(known, both) for both in (False, True)]
    if options.texts:
        with open(options.texts, encoding="utf-8") as file:
            texts = {"given": [line.split() for line in file]}
    else:
        texts = {
            "words of training": _texts(known, options.words, 0.0, draw),
            "one word in ten new": _texts(known, options.words, 0.1, draw),
        }
    for tagger in taggers:
        size = sum(parameter.numel() for parameter in tagger.model.parameters())
        print(
            f"{size:,} parameters, {'both ends' if tagger.config.bidirectional else 'streaming'}, {options.threads} threads"
        )
        for name, rows in texts.items():
            print(f"  whole texts, {name}: {_rate(tagger, rows, options.rounds):,.0f} words per second")
        if not tagger.config.bidirectional:
            set_threads(1)
            _stream(tagger, next(iter(texts.values())), min(options.words, 20_000))
            set_threads(options.threads)


def _word(draw: random.Random) -> str:
    return "".join(draw.choice("aeinorstlu" if at % 2 else "bcdfghklmnprstvw") for at in range(draw.randint(1, 11)))


def _texts(known: Sequence[str], words: int, new: float, draw: random.Random) -> list[list[str]]:
    """Texts of some 20 words, the n-th commonest word n times as rare as the commonest."""
    weights = np.cumsum(1 / np.arange(1, len(known) + 1)).tolist()
    drawn = draw.choices(known, cum_weights=weights, k=words)
    drawn = [_word(draw) if draw.random() < new else word for word in drawn]
    rows, start = [], 0
    while start < words:
        end = start + draw.randint(3, 37)
        rows.append(drawn[start:end])
        start = end
    return rows


def _made(known: Sequence[str], both: bool) -> Tagger:
    words = [list(known), list(known)]
    tags = [[str(number % TAGS) for number in range(len(known))]] * 2
    rows = datasets.Dataset.from_dict({"tokens": words, "tags": tags}, split="train")
    return Tagger.from_data(rows, bidirectional=both)


def _rate(tagger: Tagger, rows: Sequence[Sequence[str]], rounds: int) -> float:
    """Words per second of calling it on texts, cut and all: the median of some rounds."""
    texts = [" ".join(row) for row in rows]
    words = sum(map(len, rows))
    tagger(texts[:200])
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        found = tagger(texts)
        seconds.append(time.perf_counter() - started)
        assert sum(map(len, found)) == words
    return words / float(np.median(seconds))


def _stream(tagger: Tagger, rows: Sequence[Sequence[str]], count: int) -> None:
    words = [word for row in rows for word in row][:count]
    stream, seconds, sizes = tagger.stream(), [], []
    for number, word in enumerate(words):
        started = time.perf_counter()
        stream.push(f"{word} ")
        seconds.append(time.perf_counter() - started)
        if number in (9, len(words) - 1):
            sizes.append(sum(part.numel() * part.element_size() for part in stream.state or ()))
    taken = 1000 * np.array(seconds[20:])
    p50, p99 = np.percentile(taken, [50, 99])
    print(
        f"  a stream on {torch.get_num_threads()} thread: a word takes {p50:.2f} ms (p50), {p99:.2f} ms (p99);"
        f" its state has {sizes[0]:,} bytes after 10 words, {sizes[-1]:,} after {len(words):,}"
    )


if __name__ == "__main__":
    main()
