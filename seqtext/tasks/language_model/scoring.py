"""How likely texts are, each by itself. Knows a model and a tokenizer; nothing of where the texts came from."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.padded import Padded, sent
from seqtext.batching.ragged import Ragged
from seqtext.data.text.tokenizer import BEGIN, END, Tokenizer
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.models.next_token import NextToken
from seqtext.nn.backbone import State
from seqtext.nn.losses import perplexity
from seqtext.nn.token_cache import Remembered, nothing_remembered, with_cache
from seqtext.tasks.language_model.settings import Scoring

AnyKind: TypeAlias = Tokenizer | WordTokenizer

TOKENS_AT_ONCE, WINDOW = 16_384, 2048  # of a batch; steps of a long text, between which its state is carried


class TextScore(NamedTuple):
    """How likely a text is.

    Attributes:
        text: as it was given.
        log_probability: natural logarithm, of its tokens and its end; of two directions the mean.
        tokens: how many, the end among them.
        words: between blanks, the end counted as one.
        bytes: of the normalised text, in UTF-8; None where unknown words were counted by what stands for them, whatever they are.
        by_token: each token as it is written and the natural logarithm of its probability, where that was asked for.
    """

    text: str
    log_probability: float
    tokens: int
    words: int
    bytes: int | None
    by_token: tuple[tuple[str, float], ...] = ()

    @property
    def perplexity(self) -> float:
        """Per token."""
        return perplexity(-self.log_probability / self.tokens)

    @property
    def perplexity_per_word(self) -> float:
        """Per word between blanks."""
        return perplexity(-self.log_probability / self.words)

    @property
    def bits_per_byte(self) -> float | None:
        """Bits that the text takes, per byte of it; None of a model of whole words."""
        return None if self.bytes is None else -self.log_probability / math.log(2) / max(self.bytes, 1)


def score_texts(
    model: NextToken, tokenizer: AnyKind, texts: list[str], ways: tuple[bool, ...], scoring: Scoring
) -> list[TextScore]:
    """Scores of some texts, each from the state before anything was read.

    Args:
        model: in evaluation mode.
        tokenizer: whose ids it predicts.
        texts: at least one.
        ways: its directions, each by whether it reads from the end.
        scoring: what is said of them.
    """
    ids = [[i for i in row if i != BEGIN] for row in tokenizer.encode(texts)]
    logs = [np.zeros(len(row) + 1) for row in ids]
    for reverse in ways:
        turned = [row[::-1] for row in ids] if reverse else ids
        for log, found in zip(logs, _log_probabilities(model, turned, scoring.cache, reverse=reverse), strict=True):
            # Both directions predict the end of a text last, the reverse one before its first token.
            log += np.concatenate([found[-2::-1], found[-1:]]) if reverse else found
    scores = []
    for text, row, summed in zip(texts, ids, logs, strict=True):
        log = summed / len(ways)
        normalised = tokenizer.normaliser(text)
        each = tuple(zip(tokenizer.pieces((*row, END)), log.round(6).tolist(), strict=True)) if scoring.by_token else ()
        size = None if isinstance(tokenizer, WordTokenizer) else len(normalised.encode())
        scores.append(TextScore(text, float(log.sum()), len(log), len(normalised.split()) + 1, size, each))
    return scores


def _log_probabilities(
    model: NextToken, ids: list[list[int]], cache: int, *, reverse: bool
) -> list[NDArray[np.float64]]:
    """(n + 1,) of each text's ids in the order in which they are read, its end last."""
    read = Ragged.from_sequences([[BEGIN, *row] for row in ids])
    lengths = read.lengths.numpy()
    found = [np.zeros(length) for length in lengths.tolist()]
    plan = BatchPlan(lengths, tokens=max(TOKENS_AT_ONCE, int(lengths.max())), seed=0)
    for [rows] in plan.in_order_of_length():
        padded = read.pad(torch.from_numpy(rows))
        targets = F.pad(padded.values[:, 1:], (0, 1))
        targets = targets.scatter(1, (padded.lengths - 1).unsqueeze(1), END).long()
        for row, log in zip(rows.tolist(), _of_batch(model, padded, targets, cache, reverse=reverse), strict=True):
            found[row] = log
    return found


def _of_batch(
    model: NextToken, read: Padded, targets: Tensor, cache: int, *, reverse: bool
) -> list[NDArray[np.float64]]:
    """Of each row, in windows between which the state is carried; rows that ended drop out."""
    device = model.embedding.weight.device
    known = read.lengths.numpy()
    parts: list[list[NDArray[np.float64]]] = [[] for _ in known]
    state: State | None = None
    remembered: dict[int, Remembered] = {}
    kept = np.arange(len(known))
    for start in range(0, int(known.max()), WINDOW):
        left = np.flatnonzero(known > start)
        if state is not None:
            places = sent(torch.from_numpy(np.searchsorted(kept, left)), device)
            state = tuple(part[:, places] for part in state)
        kept, there = left, torch.from_numpy(left)
        lengths = torch.from_numpy(np.minimum(known[left] - start, WINDOW))
        cut = slice(start, start + int(lengths.max()))
        window = Padded(sent(read.values[there, cut].long(), device), lengths)
        found, state = model.read(window, state, reverse=reverse)
        real, _ = window.real
        outputs = found.values.flatten(0, 1)[real]
        tokens = sent(targets[there, cut].contiguous(), device).flatten()[real]
        logs = -model.loss(outputs, tokens, reverse=reverse)[1].cpu().double()
        if cache:
            keys = model.compared(outputs, reverse=reverse)
            of_rows = [torch.split(part, lengths.tolist()) for part in (keys, tokens, logs)]
            joined = []
            for row, own_keys, own_tokens, alone in zip(left.tolist(), *of_rows, strict=True):
                before = remembered.get(row) or nothing_remembered(keys.shape[1], device)
                together, remembered[row] = with_cache(own_keys, own_tokens, alone, before, most=cache)
                joined.append(together)
            logs = torch.cat(joined)
        for row, log in zip(left.tolist(), np.split(logs.numpy(), lengths.cumsum(0)[:-1].numpy()), strict=True):
            parts[row].append(log)
    return [np.concatenate(part) for part in parts]
