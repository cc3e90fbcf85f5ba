"""How good a language model is on a split, beside simple ones: perplexity per token and per word, bits per byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.data.text.encoding import texts_of
from seqtext.nn.losses import perplexity
from seqtext.reporting.baseline import Baselines
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.language_model.report.baselines import baselines

if TYPE_CHECKING:
    from datasets import Dataset


def perplexities(
    task: LanguageModel, rows: Dataset, train: Dataset | None = None, *, which: Baselines = "all", cache: int = 0
) -> dict[str, Any]:
    """`test` and `baselines` of report/metrics.json. The split is read as one text, an end behind each row, which is predicted too.

    Words are what stands between blanks, and the end of a text is one; bytes are those of the normalised texts. Whole words have no
    bits per byte, since what an unknown word was is never said. With a cache `with_cache` has the same figures of a second measurement.

    Args:
        task: to measure.
        rows: of the texts.
        train: training texts, for baselines.
        which: of them.
        cache: tokens that a second measurement looks back at; 0: no second one.
    """
    examples, report = task.encode_with_report(rows)
    normalise = task.tokenizer.normaliser
    words = size = 0
    for chunk in texts_of(rows, task.config.text_column):
        for text in map(normalise, chunk):
            words += len(text.split()) + 1
            size += len(text.encode())

    def figures(loss: float) -> dict[str, float]:
        nats = loss * examples.count
        found = {"loss": loss, "perplexity": perplexity(loss), "perplexity_per_word": perplexity(nats / max(words, 1))}
        whole = task.config.tokens == "words"
        return found if whole else found | {"bits_per_byte": nats / max(size, 1) / float(np.log(2))}

    both = task.cached_losses(examples, cache=cache) if cache else {}
    losses = {name: alone for name, (alone, _) in both.items()} or task.token_losses(examples)
    test: dict[str, Any] = {
        "tokens": examples.count,
        "words": words,
        "bytes": size,
        **figures(sum(losses.values()) / len(losses)),
        "by_direction": {name: figures(loss) for name, loss in losses.items()},
    }
    if cache:
        test["with_cache"] = {"cache": cache, **figures(sum(cached for _, cached in both.values()) / len(both))}
    if task.config.tokens == "words":
        test["unknown_share"] = report.byte_share
    simple = [] if train is None else baselines(task.encode(train), examples, len(task.tokenizer), which)
    return {"test": test, "baselines": {one.name: one.figures(figures(one.predicted)) for one in simple}}
