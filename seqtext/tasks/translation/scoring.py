"""How likely translations are, each of its source by itself: what a model gives all of a target's tokens when it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from seqtext.batching.ragged import Ragged
from seqtext.data.text.given import given_texts
from seqtext.data.text.tokenizer import END, Tokenizer
from seqtext.errors import DataError
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.nn.losses import perplexity
from seqtext.tasks.translation.copying import PLACEHOLDERS, Copier
from seqtext.tasks.translation.letter_case import in_capitals, in_small_letters
from seqtext.tasks.translation.reading import small_letters
from seqtext.tasks.translation.rows import PairRows

if TYPE_CHECKING:
    from seqtext.tasks.translation.translator import Translator

TOKENS_AT_ONCE = 16_384  # of a side of a batch


class PairScore(NamedTuple):
    """How likely a target is, given its source.

    Attributes:
        log_probability: natural logarithm, of its tokens and its end. An empty target is its end alone; an empty source says nothing.
        tokens: how many, the end among them. What both sides have and is copied, such as a number, is one token.
        cut: whether a side was longer than the model reads, and its end left out.
        by_token: each token as it is written and the natural logarithm of its probability, where that was asked for.
    """

    log_probability: float
    tokens: int
    cut: bool
    by_token: tuple[tuple[str, float], ...] = ()

    @property
    def per_token(self) -> float:
        """Mean of a token: what pairs of any length are compared by."""
        return self.log_probability / self.tokens

    @property
    def perplexity(self) -> float:
        """Per token."""
        return perplexity(-self.per_token)


def score_given(task: Translator, sources: Any, targets: Any, *, by_token: bool) -> list[PairScore]:
    """The scores of pairs as a user gives them: see `Translator.score`."""
    columns = (task.config.source_column, task.config.target_column)
    both = [list(given_texts(side, column)) for side, column in zip((sources, targets), columns, strict=True)]
    if len(both[0]) != len(both[1]):
        found = f"{len(both[0]):,} sources and {len(both[1]):,} targets"
        raise DataError(found, expected="as many of one as of the other")
    return score_pairs(
        task.model,
        (task.source_tokenizer, task.tokenizer),
        task.copier,
        list(zip(*both, strict=True)),
        capitals=task.config.has_capitals or task.source_tokenizer.normaliser.lowercase,
        max_length=task.config.max_length,
        by_token=by_token,
    )


@torch.inference_mode()
def score_pairs(
    model: EncoderDecoder,
    tokenizers: tuple[Tokenizer, Tokenizer],
    copier: Copier | None,
    pairs: Sequence[tuple[str, str]],
    *,
    capitals: bool,
    max_length: int,
    by_token: bool,
) -> list[PairScore]:
    """The score of each pair, the same whatever stands beside it but for rounding.

    Args:
        model: in evaluation mode.
        tokenizers: of source and target.
        copier: finds what is copied; None if nothing is.
        pairs: sources and targets.
        capitals: whether sources in capitals are read as they are; else such pairs are read in small letters, as they are translated.
        max_length: tokens of a side that are read.
        by_token: whether each token's probability is wanted.
    """
    if not pairs:
        return []
    shown = [_as_read(*pair, copier, capitals=capitals) for pair in pairs]
    keep = slice(0, max_length)
    whole = [one.encode([pair[side] for pair in shown], keep=keep) for side, one in enumerate(tokenizers)]
    cut = [any(len(ids) > max_length for ids in both) for both in zip(*whole, strict=True)]
    source, target = (Ragged.from_sequences([ids[keep] for ids in side]) for side in whole)
    rows = PairRows(source, target)
    longest = int(rows.lengths.max())
    plan = rows.plan(tokens=max(TOKENS_AT_ONCE, longest), seed=0, micro_batches=1, max_rows=1024)
    logs: list[np.ndarray] = [np.zeros(0)] * len(pairs)
    for [chosen] in plan.in_order_of_length():
        batch = rows.batch(chosen).to(model.embedding.weight.device)
        outputs = model(batch.tokens, model.initial_state(batch.source))
        real, _ = batch.tokens.real
        _, losses = model.head.loss(
            outputs.values.flatten(0, 1)[real], model.embedding.weight, batch.targets.flatten()[real]
        )
        ends = batch.tokens.lengths.cumsum(0)[:-1].numpy()
        for row, log in zip(chosen.tolist(), np.split(-losses.double().cpu().numpy(), ends), strict=True):
            logs[row] = log
    scores = []
    for row, log in enumerate(logs):
        each: tuple[tuple[str, float], ...] = ()
        if by_token:
            ids = [*whole[1][row][keep][: len(log) - 1], END]
            each = tuple(zip(map(_shown, tokenizers[1].pieces(ids)), log.round(6).tolist(), strict=True))
        scores.append(PairScore(float(log.sum()), len(log), cut[row], each))
    return scores


def _as_read(source: str, target: str, copier: Copier | None, *, capitals: bool) -> tuple[str, str]:
    """A pair with placeholders for what it copies; in small letters if its source is in capitals that the model does not know."""
    loud = not capitals and in_capitals(source if copier is None else copier.masked(source, small=True).text)
    if copier is not None:
        source, target = copier.masked_pair(source, target, small=loud)
    if not loud:
        return source, target
    return small_letters(source, copier), in_small_letters(target) if in_capitals(target) else target


def _shown(piece: str) -> str:
    """A piece as it is written; of a placeholder its number, from 1."""
    return "".join(f"<{PLACEHOLDERS.index(one) + 1}>" if one in PLACEHOLDERS else one for one in piece)
