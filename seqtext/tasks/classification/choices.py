"""What a classifier is made with where nobody says so: pieces of its tokenizer, and how much of a text is read. The rules.

Knows training texts, their lengths and labels, no weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.batching.usual import Usual
from seqtext.data.text.encoding import texts_of
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.options import TrainingOptions
from seqtext.tasks.classification.rows import kept_part
from seqtext.tasks.classification.settings import LongTexts, TopicSettings

if TYPE_CHECKING:
    from datasets import Dataset

OF_TEXTS = 16_000  # pieces of a tokenizer
OF_LANGUAGE = 8_000  # of one that a language model is trained with first: its time grows with them

LEAST_LENGTH, MOST_LENGTH = 256, 1024  # tokens read at once
ROUND = 64  # tokens that a length is a multiple of
READ_WHOLE = 0.9  # of the texts
MEASURED_LENGTHS = 20_000  # texts, spread evenly
MEASURED_PARTS = 1_000  # texts whose parts are measured
FEWEST = 200  # of them: with fewer it is chance which part tells most
CLEARLY = 0.05  # of what a linear model of heads is off: by so much another part must be better
_CALLED: dict[LongTexts, str] = {"head": "heads", "tail": "tails", "mean": "whole texts"}


class Reading(NamedTuple):
    """How much of a text is read.

    Attributes:
        max_length: tokens at once.
        long_texts: what is read of longer ones.
        chosen: what nobody said, in words; empty if all was said, or nothing is to be told.
    """

    max_length: int
    long_texts: LongTexts
    chosen: str = ""


def reading(
    settings: TopicSettings,
    train: Dataset,
    column: str,
    tokenizer: Tokenizer,
    mismatch: Callable[[NDArray[np.int64], Sequence[str]], float],
) -> Reading:
    """How much of a text is read, as far as the settings leave it open.

    At once as many tokens as nine of ten training texts have, 256 at least and 1,024 at most; above 256 only as far as that leaves the
    number of epochs as it is: fewer epochs cost more than longer texts gain. Where more than a tenth of the texts are longer still, a
    linear model of heads, tails and whole texts says which of them tells clearly most; whole texts, in windows, only if epochs allow it.

    Args:
        settings: as asked.
        train: training rows.
        column: of the texts.
        tokenizer: of the classifier.
        mismatch: how far off a linear model is that learnt from some rows' texts, given with the rows' numbers.
    """
    if settings.model == "linear":
        return Reading(settings.max_length or LEAST_LENGTH, settings.long_texts or "head")
    rows = np.unique(np.linspace(0, len(train) - 1, min(len(train), MEASURED_LENGTHS)).astype(np.int64))
    whole = kept_part(settings.max_length or MOST_LENGTH, "mean")
    lengths = np.array(
        [len(ids) for chunk in _chunks(train, column, rows) for ids in tokenizer.encode(chunk, keep=whole)]
    )
    lengths = np.minimum(lengths, whole.stop)
    budget = _affordable(lengths, len(train))
    length = settings.max_length or length_for(lengths, budget)
    chosen = f"--max_length {length}" * (settings.max_length is None and length > LEAST_LENGTH)
    cut = float((lengths > length).mean())
    if settings.long_texts or cut <= 1 - READ_WHOLE or len(rows) < FEWEST:
        why = "nine of ten training texts are not longer" if cut <= 1 - READ_WHOLE else "more would take epochs away"
        return Reading(length, settings.long_texts or "head", f"{chosen}: {why}" if chosen else "")
    windows = np.minimum(lengths, kept_part(length, "mean").stop).sum() <= budget
    some = rows[:: -(-len(rows) // MEASURED_PARTS)]
    off = {part: mismatch(some, _parts(train, column, some, tokenizer, kept_part(length, part))) for part in _CALLED}
    tried = [part for part in off if part != "mean" or windows]
    best = min(tried, key=lambda part: off[part] if part == "head" else off[part] / (1 - CLEARLY))
    shown = ", ".join(f"{_CALLED[part]} {value:.3f}" for part, value in off.items())
    told = f"{cut:.0%} of the training texts are longer than {length} tokens; what a linear model is off by: {shown}"
    return Reading(length, best, f"{chosen} --long_texts {best}: {told}".lstrip())


def _affordable(lengths: NDArray[np.int64], rows: int) -> float:
    """Tokens of some texts, out of so many rows, that an epoch may read where there are to be as many epochs as with the least length."""
    usual, share = Usual(), len(lengths) / rows
    tokens = int(np.minimum(lengths, LEAST_LENGTH).sum() / share)
    steps = max(-(-rows // usual.rows_of_batch(rows)), -(-tokens // TrainingOptions().batch_tokens))
    return share * usual.tokens / usual.epochs_of(steps, tokens)


def length_for(lengths: NDArray[np.int64], budget: float) -> int:
    """Tokens to read at once of texts of such lengths, which may come to so many tokens; the rule is that of `reading`."""
    wanted = math.ceil(float(np.quantile(lengths, READ_WHOLE, method="inverted_cdf")) / ROUND) * ROUND
    candidates = range(LEAST_LENGTH, min(max(wanted, LEAST_LENGTH), MOST_LENGTH) + 1, ROUND)
    affordable = [length for length in candidates if np.minimum(lengths, length).sum() <= budget]
    return max(affordable, default=LEAST_LENGTH)


def _chunks(train: Dataset, column: str, rows: NDArray[np.int64]) -> Iterator[list[str]]:
    return texts_of(train if len(rows) == len(train) else train.select(rows), column)


def _parts(train: Dataset, column: str, rows: NDArray[np.int64], tokenizer: Tokenizer, keep: slice) -> list[str]:
    """The kept parts of the texts of some rows."""
    encoded = (ids for chunk in _chunks(train, column, rows) for ids in tokenizer.encode(chunk, keep=keep))
    return [tokenizer.decode(ids[keep]) for ids in encoded]
