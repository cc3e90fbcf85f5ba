"""Texts for vectors: the state that drawing starts from, and texts made of the tokens drawn. Knows a model and a tokenizer, no names."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.data.text.tokenizer import BEGIN, END, PAD, UNKNOWN, Tokenizer
from seqtext.errors import OptionsError
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.decoding import in_blocks
from seqtext.models.guided import Guided
from seqtext.models.sampling import sample
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import State
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
) -> list[Generated]:
    """A text for each mixture of vectors.

    Args:
        model: in evaluation mode.
        tokenizer: whose ids it writes.
        mixtures: the vectors (K, C) of each text, and their weights (K,); None for any text.
        writing: how to write.
        vectors: what each text is written from, as it can be asked for again; or None.
        guard: runs of tokens that are not written unless copies are allowed.

    Raises:
        OptionsError: a prompt as long as the limit.
    """
    beginning = _prompt_ids(tokenizer, writing.prompt, writing.max_length)
    writer = Guided(model, guidance=writing.guidance)
    decoded = sample(
        writer,
        _state_before(writer, mixtures, beginning),
        begin=torch.tensor([[BEGIN, *beginning]] * len(mixtures), device=model.embedding.weight.device),
        rows=np.arange(len(mixtures)),
        seed=writing.seed,
        end_id=END,
        banned=BANNED,
        max_length=writing.max_length - len(beginning),
        guard=None if writing.allow_copies else guard,
        **writing.filters._asdict(),
    )
    return [
        Generated(
            text=tokenizer.decode([*beginning, *ids]),
            log_probability=score,
            tokens=len(ids) + ended,
            ended=ended,
            vector=vector,
        )
        for ids, score, ended, vector in zip(decoded.ids, decoded.log_probability, decoded.ended, vectors, strict=True)
    ]


def _prompt_ids(tokenizer: Tokenizer, prompt: str, max_length: int) -> list[int]:
    """Ids of the given beginning of a text.

    Raises:
        OptionsError: if it leaves no room for another token.
    """
    ids = [] if not prompt else [i for i in tokenizer.encode([prompt])[0] if i != BEGIN]
    if ids and len(ids) >= max_length:
        found = f"the prompt has {len(ids)} tokens"
        raise OptionsError(found, expected=f"fewer than the limit of {max_length}", fix="raise --max_length")
    return ids


def _state_before(writer: Guided, mixtures: list[Mixture | None], beginning: list[int]) -> State:
    """The state of all rows, with all but the last token of what they begin with fed; made in the blocks of decoding.

    Args:
        writer: whose state it is.
        mixtures: the vectors (K, C) of each row, and their weights (K,); None for any text.
        beginning: tokens that all texts begin with.
    """
    device = writer.model.embedding.weight.device
    vectors, weights = _stacked(writer, mixtures, device)
    whole: list[State] = []
    for block in in_blocks(len(mixtures), device):
        rows = len(block.padded)
        state = writer.initial_state(
            vectors[block.padded] if vectors is not None else None, rows, weights[block.padded]
        )
        for token in [BEGIN, *beginning][:-1]:
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
