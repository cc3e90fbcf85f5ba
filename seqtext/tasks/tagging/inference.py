"""What a tagger's model says of words: of encoded rows, or of raw ones; batches of like length, put back in their order. Knows no files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.batching.ragged import Ragged
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.precision import check_answers
from seqtext.nn.word_vectors import Words, WordVectors
from seqtext.tasks.tagging.forms import Forms
from seqtext.tasks.tagging.rows import EncodedTags

WORDS_AT_ONCE = 8_192  # of a batch without gradients: little memory, and the matrix products are full
ValueT = TypeVar("ValueT")
FORMS_AT_ONCE = 4_096  # different words spelt at once


class Said:
    """What was said of the words of some rows, one behind the other.

    Args:
        tags: (N,) ids of the likeliest tags.
        probabilities: (N,) of these.
        losses: (N,) of the true tags in nats; 0 where there is none that is known.
    """

    def __init__(
        self, tags: NDArray[np.int64], probabilities: NDArray[np.float32], losses: NDArray[np.float64]
    ) -> None:
        self.tags, self.probabilities, self.losses = tags, probabilities, losses


@torch.inference_mode()
def said_of_examples(model: SeqToSeq, examples: EncodedTags, map_pieces: MapPieces = one_by_one) -> Said:
    """Of all words of a split, in its order."""
    return _said(model, examples.forms, examples.numbers, examples.tags, examples.known, map_pieces)


@torch.inference_mode()
def said_of_rows(model: SeqToSeq, forms: Forms, numbers: Ragged) -> Said:
    """Of all words of some rows."""
    return _said(model, forms, numbers, None, 0, one_by_one)


def _said(
    model: SeqToSeq, forms: Forms, numbers: Ragged, tags: Ragged | None, known: int, map_pieces: MapPieces
) -> Said:
    model.eval()
    words = _reader(model, forms)
    device = next(model.parameters()).device

    def of(rows: NDArray[np.int64]) -> Tensor:
        chosen = torch.from_numpy(rows)
        padded = numbers.pad(chosen)
        outputs = model(words(padded, device))
        positions, _ = outputs.real
        logs = torch.log_softmax(outputs.values.flatten(0, 1)[positions].float(), dim=-1)  # (N, C)
        best, ids = logs.max(dim=-1)
        losses = torch.zeros_like(best)
        if tags is not None:
            true = tags.pad(chosen).values.flatten().long().to(device)[positions]
            there = (true >= 0) & (true < known)
            losses = -logs.gather(1, true.clamp(0, known - 1).unsqueeze(1)).squeeze(1) * there
        return torch.stack([ids.double(), best.exp().double(), losses.double()]).cpu().flatten()

    lengths = numbers.lengths.numpy()
    plan = BatchPlan(lengths, tokens=WORDS_AT_ONCE, seed=0)
    pieces = [rows for [rows] in plan.in_order_of_length()] if len(lengths) else []
    starts = numbers.starts.numpy()
    result = np.zeros((3, int(starts[-1])))
    for rows, found in zip(pieces, map_pieces(pieces, of), strict=True):
        result[:, positions_of(starts[rows], lengths[rows])] = found.numpy().reshape(3, -1)
    check_answers(torch.from_numpy(result[1]))
    return Said(result[0].astype(np.int64), result[1].astype(np.float32), result[2])


def positions_of(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions of some sequences that begin at `starts`, one behind the other."""
    ends = np.cumsum(lengths)
    found: NDArray[np.int64] = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(
        starts - (ends - lengths), lengths
    )
    return found


def _reader(model: SeqToSeq, forms: Forms) -> Callable[..., Words]:
    """What makes padded numbers what the model reads, all different words spelt once for all batches."""
    embedding, device = model.embedding, next(model.parameters()).device
    assert isinstance(embedding, WordVectors)
    by_length = np.argsort(forms.characters.lengths.numpy(), kind="stable")
    vectors: Tensor | None = None
    for start in range(0, len(by_length), FORMS_AT_ONCE):
        some = by_length[start : start + FORMS_AT_ONCE]
        order, spelled = forms.spelled(some)
        spelt = embedding.spell(tuple(one.to(device) for one in spelled))
        vectors = spelt.new_empty(len(forms), spelt.shape[1]) if vectors is None else vectors
        vectors[torch.from_numpy(some[order]).to(device)] = spelt
    return lambda numbers, device: forms.known(numbers, device)._replace(vectors=vectors)


def by_row(values: Sequence[ValueT], lengths: Sequence[int]) -> Iterator[Sequence[ValueT]]:
    """Values of words as those of each row."""
    start = 0
    for length in lengths:
        yield values[start : start + length]
        start += length
