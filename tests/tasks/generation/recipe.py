"""The recipe of text generation in its smallest form, for the tests of it."""

from __future__ import annotations

from tests import in_process
from tests.in_process import Ended

TINY = [
    *("--hidden_size", "16", "--embedding_size", "16", "--vocabulary_size", "320", "--batch_tokens", "600"),
    *("--device", "cpu", "--threads", "1", "--learning_rate", "0.02", "--epochs", "1", "--ema_decay", "0.9"),
    *("--max_length", "48", "--evaluation", "fast", "--embedding_dropout", "0.05", "--input_dropout", "0.05"),
]
LEARNT = [
    *("--hidden_size", "32", "--embedding_size", "32", "--vocabulary_size", "420", "--epochs", "8", "--cell", "gru"),
    *("--output_dropout", "0", "--evaluation", "all", "--batch_rows", "32"),
]
TRAIN = ("--train", "train.csv", "--test", "test.csv")


def recipe(*flags: object) -> Ended:
    """`python recipes/text_generation.py ...`."""
    return in_process.recipe("text_generation", *TINY, *flags)


def done(*flags: object) -> Ended:
    return in_process.succeeded(recipe(*flags))


def styled(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    """With a second attribute, and the words of one of its values in capitals."""
    styles = ["loud" if number % 2 else "calm" for number in range(len(rows["text"]))]
    texts = [text.upper() if style == "loud" else text for text, style in zip(rows["text"], styles, strict=True)]
    return {**rows, "text": texts, "style": styles}
