"""`transduce`: sources in, the likeliest targets out. Reads and writes in blocks in which no row's result depends on the others.

A source is padded to a width that is a function of its own length, and stands among as many rows as `decoding` asks for: so the
same kernels see it, whatever was asked beside it. Knows token ids only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import Padded
from seqtext.batching.ragged import Ragged
from seqtext.errors import raise_together
from seqtext.models.beam_search import beam_search, rows_searched, search_faults
from seqtext.models.decoding import BLOCK, Step, filled, without_autocast
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.models.hypotheses import Candidate
from seqtext.nn.backbone import State

WIDTH = 8  # steps by which sources are padded


class Transduced(NamedTuple):
    """What was found for one source.

    Attributes:
        candidates: best first.
        weights: (T, S) of the best one's tokens, the end token among them if it came, over those of the source; or None.
    """

    candidates: list[Candidate]
    weights: NDArray[np.float32] | None


class _Writer:
    """An `EncoderDecoder` as the search wants it."""

    def __init__(self, model: EncoderDecoder) -> None:
        self.model = model

    def step(self, tokens: Tensor, state: State) -> Step:
        outputs, after = self.model.step(tokens, state)
        scores = torch.log_softmax(self.model.logits(outputs), dim=-1)
        return Step(scores, scores, after)

    def select(self, state: State, rows: Tensor) -> State:
        return self.model.select(state, rows)

    def reorder(self, state: State, rows: Tensor) -> State:
        return self.model.reorder(state, rows)


def transduce(
    model: EncoderDecoder,
    sources: Sequence[Sequence[int]],
    *,
    limits: Sequence[int],
    begin: int,
    end_id: int,
    banned: Sequence[int],
    beam: int = 5,
    length_penalty: float = 1.0,
    no_repeat_ngram: int = 0,
    n_best: int = 1,
    weights: bool = False,
) -> list[Transduced]:
    """The likeliest targets of each source.

    Args:
        model: in evaluation mode.
        sources: ids of each, at least one.
        limits: tokens of each target at most, the end token included.
        begin: first token that is fed.
        end_id: as the other keywords, see `beam_search`.
        banned: likewise.
        beam: likewise.
        length_penalty: likewise.
        no_repeat_ngram: likewise.
        n_best: likewise.
        weights: whether to say what attention took from where.

    Raises:
        OptionsError: as `beam_search`.
        NumericsError: likewise.
    """
    raise_together(search_faults(min(limits, default=1), beam, length_penalty, no_repeat_ngram, n_best))
    device = model.embedding.weight.device
    writer = _Writer(model)
    found: list[Transduced | None] = [None] * len(sources)
    for places, width in _blocks([len(source) for source in sources], beam):
        rows = filled(torch.arange(len(places), device=device))
        source = _padded([sources[place] for place in places], rows, width)
        with torch.inference_mode(), without_autocast(device):
            state = model.initial_state(source)
        candidates = beam_search(
            writer,
            state,
            begin=torch.full((len(places),), begin, device=device),
            end_id=end_id,
            banned=banned,
            max_length=torch.tensor([limits[place] for place in places], device=device),
            beam=beam,
            length_penalty=length_penalty,
            no_repeat_ngram=no_repeat_ngram,
            n_best=n_best,
        )
        taken = _weights(model, state, source, [some[0] for some in candidates], begin) if weights else None
        for number, place in enumerate(places):
            found[place] = Transduced(candidates[number], None if taken is None else taken[number])
    return [one for one in found if one is not None]


def _blocks(lengths: Sequence[int], beam: int) -> Iterator[tuple[list[int], int]]:
    """Places of sources of like length that are read together, and their width, the longest first.

    There is always a step of padding: rows without any would take another way through an LSTM (see `Backbone`).
    """
    rows = BLOCK // rows_searched(beam) * rows_searched(beam)  # as many as fill whole blocks of the search
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    block: list[int] = []
    for place in order:
        if block and (len(block) == rows or _width(lengths[block[0]]) != _width(lengths[place])):
            yield block, _width(lengths[block[0]])
            block = []
        block.append(place)
    if block:
        yield block, _width(lengths[block[0]])


def _width(length: int) -> int:
    return (length // WIDTH + 1) * WIDTH


def _padded(sequences: Sequence[Sequence[int]], rows: Tensor, width: int) -> Padded:
    """(len(rows), width) of the sequences, on the device of `rows`, where the last sequence may stand several times."""
    chosen = rows.cpu()
    padded = Ragged.from_sequences(sequences).pad(chosen)
    values = padded.values.new_zeros(len(chosen), width, dtype=torch.int64)
    values[:, : padded.values.shape[1]] = padded.values
    return Padded(values.to(rows.device), padded.lengths)


def _weights(
    model: EncoderDecoder, state: State, source: Padded, best: Sequence[Candidate], begin: int
) -> list[NDArray[np.float32]] | None:
    """Attention weights (T, S) of each row's best candidate, with what was found read again, all steps at once; None without attention.

    A row at a time, since several would be padded to the longest of them, and the last bit of a product depends on its width.
    """
    if model.attention is None:
        return None
    taken: list[NDArray[np.float32]] = []
    with torch.inference_mode(), without_autocast(state[0].device):
        for row, one in enumerate(best):
            tokens = [begin, *one.ids][: len(one.ids) + one.ended]
            rows = filled(torch.zeros(1, dtype=torch.int64, device=state[0].device))
            weights = model.weights(_padded([tokens], rows, len(tokens)), model.select(state, rows + row))
            taken.append(weights[0, :, : int(source.lengths[row])].cpu().numpy())
    return taken
