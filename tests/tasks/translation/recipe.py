"""The translation recipe in its smallest form, and pairs for it, for the tests of it."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

from tests import in_process
from tests.in_process import Ended

TINY = [
    *("--hidden_size", "16", "--encoder_size", "16", "--embedding_size", "16", "--vocabulary_size", "400"),
    *("--encoder_layers", "1", "--num_layers", "1", "--batch_tokens", "600", "--device", "cpu", "--threads", "1"),
    *("--learning_rate", "0.02", "--epochs", "1", "--ema_decay", "0.9", "--beam", "2"),
]
LEARNT = [
    *("--hidden_size", "64", "--encoder_size", "64", "--embedding_size", "64", "--num_layers", "2", "--cell", "gru"),
    *("--epochs", "6", "--learning_rate", "0.01", "--batch_rows", "8", "--label_smoothing", "0", "--beam", "3"),
    *("--input_dropout", "0", "--layer_dropout", "0", "--output_dropout", "0", "--embedding_dropout", "0"),
]
LETTERS = dict(zip("abcdefgh", "αβγδεζηθ", strict=True))
FILES = ("--train", "train.en", "train.de", "--test", "test.en", "test.de")


def pairs(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts of a small language and their translations into another, which has each two words the other way round."""
    rng = random.Random(seed)
    rows = [rng.choices(list(LETTERS), k=rng.randint(3, 6)) for _ in range(count)]
    turned = [[word for at in range(0, len(row), 2) for word in reversed(row[at : at + 2])] for row in rows]
    return [" ".join(row) for row in rows], [" ".join(LETTERS[word] for word in row) for row in turned]


def write(name: str, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    Path(name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def write_all(train: int = 60, test: int = 12) -> None:
    for name, count, seed in (("train", train, 1), ("test", test, 2)):
        for suffix, side in zip(("en", "de"), pairs(count, seed), strict=True):
            write(f"{name}.{suffix}", side)


def recipe(*flags: object) -> Ended:
    """`python recipes/translation.py ...`."""
    return in_process.recipe("translation", *TINY, *flags)


def done(*flags: object) -> Ended:
    return in_process.succeeded(recipe(*flags))


def predictions_of(folder: str | Path) -> list[dict]:
    lines = (
        Path(folder, "report", "predictions.jsonl").read_text(encoding="utf-8").split("\n")
    )  # not splitlines: U+2028 ends none
    return [json.loads(line) for line in lines[:-1]]
