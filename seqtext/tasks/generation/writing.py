"""Texts for vectors: the state that drawing starts from, and texts made of the tokens drawn. Knows a model and a tokenizer, no names."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.data.text.tokenizer import BEGIN, END, PAD, UNKNOWN, Tokenizer
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.decoding import in_blocks
from seqtext.models.guided import Guided
from seqtext.models.known_words import KnownWords
from seqtext.models.sampling import Decoded, sample
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import State
from seqtext.tasks.generation.beginning import beginning
from seqtext.tasks.generation.settings import Writing

Mixture: TypeAlias = tuple[Tensor, Tensor]
BANNED = (PAD, UNKNOWN, BEGIN)  # never written


class Generated(NamedTuple):
    """One text that was written.

    Attributes:
        text: may be empty.
        log_probability: natural logarithm, by the conditional model itself, before guidance and filters; a given prompt left out.
        tokens: how many were written, the end among them.
        ended: False if the length limit came first.
        vector: (C,) what it was written from, as it can be asked for again; or None.
    """

    text: str
    log_probability: float
    tokens: int
    ended: bool
    vector: NDArray[np.float32] | None


def write(
    model: VecToSeq,
    tokenizer: Tokenizer,
    mixtures: list[Mixture | None],
    writing: Writing,
    *,
    vectors: list[NDArray[np.float32] | None],
    guard: CopyGuard | None,
    words: KnownWords | None,
    watch: Callable[[int, str], None] | None = None,
) -> list[Generated]:
    """A text for each mixture of vectors.

    Args:
        model: in evaluation mode.
        tokenizer: whose ids it writes.
        mixtures: the vectors (K, C) of each text, and their weights (K,); None for any text.
        writing: how to write.
        vectors: what each text is written from, as it can be asked for again; or None.
        guard: runs of tokens that are not written unless copies are allowed.
        words: which alone are written, beside those that the prompt brings; any if None.
        watch: is told the place of a text and the text so far, whenever something of it was drawn; the texts are then written one after
            the other.

    Raises:
        OptionsError: a prompt as long as the limit.
    """
    ids, words = beginning(tokenizer, writing.prompt, writing.max_length, words)
    writer, device = Guided(model, guidance=writing.guidance), model.embedding.weight.device

    def some(first: int, last: int) -> Decoded:
        return sample(
            writer,
            _state_before(writer, mixtures[first:last], ids),
            begin=torch.tensor([[BEGIN, *ids]] * (last - first), device=device),
            rows=np.arange(first, last),
            seed=writing.seed,
            end_id=END,
            banned=BANNED,
            max_length=writing.max_length - len(ids),
            guard=None if writing.allow_copies else guard,
            words=words,
            watch=None if watch is None else lambda drawn: watch(first, tokenizer.written([*ids, *drawn])),
            **writing.filters._asdict(),
        )

    parts = [some(0, len(mixtures))] if watch is None else [some(row, row + 1) for row in range(len(mixtures))]
    fold = tokenizer.normaliser.whitespace == "fold"  # as the texts were that were learnt from
    return [
        Generated(
            text=" ".join(text.split()) if fold else text,
            log_probability=score,
            tokens=len(drawn) + ended,
            ended=ended,
            vector=vector,
        )
        for (drawn, score, ended), vector in zip(
            (row for part in parts for row in zip(*part, strict=True)), vectors, strict=True
        )
        for text in [tokenizer.written([*ids, *drawn])]
    ]


def _state_before(writer: Guided, mixtures: list[Mixture | None], begun: list[int]) -> State:
    """The state of all rows, with all but the last token of what they begin with fed; made in the blocks of decoding.

    Args:
        writer: whose state it is.
        mixtures: the vectors (K, C) of each row, and their weights (K,); None for any text.
        begun: tokens that all texts begin with.
    """
    device = writer.model.embedding.weight.device
    vectors, weights = _stacked(writer, mixtures, device)
    whole: list[State] = []
    for block in in_blocks(len(mixtures), device):
        rows = len(block.padded)
        state = writer.initial_state(
            vectors[block.padded] if vectors is not None else None, rows, weights[block.padded]
        )
        for token in [BEGIN, *begun][:-1]:
            state = writer.step(torch.full((rows,), token, device=device), state).state
        whole.append(writer.select(state, torch.arange(block.rows.stop - block.rows.start, device=device)))
    return writer.join(whole)


def _stacked(writer: Guided, mixtures: list[Mixture | None], device: torch.device) -> tuple[Tensor | None, Tensor]:
    """(N, K, C) vectors and (N, K) weights; rows of fewer vectors repeat their first, with weight 0."""
    most = max((len(mixture[1]) for mixture in mixtures if mixture is not None), default=1)
    weights = torch.zeros(len(mixtures), most, dtype=torch.float32)
    weights[:, 0] = 1.0
    if all(mixture is None for mixture in mixtures):
        return None, weights.to(device)
    nothing = writer.model.no_vector.detach().cpu()  # of a row without a vector
    vectors = nothing.expand(len(mixtures), most, -1).clone()
    for row, mixture in enumerate(mixtures):
        if mixture is not None:
            parts, shares = mixture
            vectors[row] = parts[0]
            vectors[row, : len(parts)] = parts
            weights[row, : len(shares)] = shares
    return vectors.to(device), weights.to(device)
