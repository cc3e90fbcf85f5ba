"""`transduce`: sources in, the likeliest targets out, or targets that are drawn. In blocks in which no row's result depends on the others.

A source is padded to a width that is a function of its own length, and stands among as many rows as `decoding` asks for: so the
same kernels see it, whatever was asked beside it. Knows token ids only.
"""

from __future__ import annotations

import zlib
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
from seqtext.models.decoding import BLOCK, filled, without_autocast
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.models.hypotheses import Candidate
from seqtext.models.sampling import sample
from seqtext.models.writer import Writer
from seqtext.nn.backbone import State

WIDTH = 8  # steps by which sources are padded


class Transduced(NamedTuple):
    """What was found for one source.

    Attributes:
        candidates: best first, or as they were drawn; without the beginning that was asked for.
        prefix: that beginning.
        weights: (T, S) of the best one's tokens, the end token among them if it came, over those of the source; or None.
    """

    candidates: list[Candidate]
    prefix: tuple[int, ...]
    weights: NDArray[np.float32] | None


class Source(NamedTuple):
    """What is to be written about.

    Attributes:
        ids: at least one.
        limit: tokens of its target at most, the end token included, those of the beginning not.
        prefix: how its target begins.
        owed: ids that its target has to have, each once.
    """

    ids: Sequence[int]
    limit: int
    prefix: tuple[int, ...] = ()
    owed: frozenset[int] = frozenset()


class Draw(NamedTuple):
    """How targets are drawn in the place of a search: by numbers that are a function of the seed and of the source itself."""

    temperature: float
    seed: int


def transduce(
    models: Sequence[EncoderDecoder],
    sources: Sequence[Source],
    *,
    begin: int,
    end_id: int,
    banned: Sequence[int],
    once: Sequence[int] = (),
    beam: int = 5,
    length_penalty: float = 1.0,
    no_repeat_ngram: int = 0,
    n_best: int = 1,
    draw: Draw | None = None,
    weights: bool = False,
) -> list[Transduced]:
    """The likeliest targets of each source.

    Args:
        models: in evaluation mode; several write with the mean of their probabilities.
        sources: any number.
        begin: first token that is fed.
        end_id: as the other keywords, see `beam_search`.
        banned: likewise.
        once: ids that are written only where a source owes them.
        beam: likewise.
        length_penalty: likewise.
        no_repeat_ngram: likewise.
        n_best: likewise; or how many targets are drawn.
        draw: draws instead of searching.
        weights: whether to say what attention took from where.

    Raises:
        OptionsError: as `beam_search`.
        NumericsError: likewise.
    """
    least = min((source.limit for source in sources), default=1)
    raise_together(search_faults(least, max(beam, n_best) if draw else beam, length_penalty, no_repeat_ngram, n_best))
    device = models[0].embedding.weight.device
    if not any(source.owed for source in sources):
        banned, once = [*banned, *once], ()
    writer = Writer(models, once=once, begin=begin, end_id=end_id)
    found: list[Transduced | None] = [None] * len(sources)
    for places, width in _blocks(sources, 1 if draw else beam, by_limit=draw is not None):
        rows = filled(torch.arange(len(places), device=device))
        block = [sources[place] for place in places]
        source = _padded([one.ids for one in block], rows, width)
        owed = torch.tensor([[mark in one.owed for mark in once] for one in block], dtype=torch.bool, device=device)
        beginnings = torch.tensor([[begin, *one.prefix] for one in block], device=device)
        with torch.inference_mode(), without_autocast(device):
            first = state = writer.initial_state(source, owed.view(len(block), len(once))[rows])
            for column in beginnings[rows].T[:-1]:
                state = writer.step(column, state).state
        if draw is None:
            candidates = beam_search(
                writer,
                state,
                begin=beginnings,
                end_id=end_id,
                banned=banned,
                max_length=torch.tensor([one.limit for one in block], device=device),
                beam=beam,
                length_penalty=length_penalty,
                no_repeat_ngram=no_repeat_ngram,
                n_best=n_best,
            )
        else:
            drawn = [
                sample(
                    writer,
                    state,
                    begin=beginnings,
                    rows=np.array([zlib.crc32(np.array([*one.ids, number]).tobytes()) for one in block]),
                    seed=draw.seed,
                    end_id=end_id,
                    banned=banned,
                    max_length=block[0].limit,
                    temperature=draw.temperature,
                    no_repeat_ngram=no_repeat_ngram,
                )
                for number in range(n_best)
            ]
            texts = [[Candidate(ids, log, log, ended) for ids, log, ended in zip(*each, strict=True)] for each in drawn]
            candidates = [list(of_row) for of_row in zip(*texts, strict=True)]
        best = [[*one.prefix, *some[0].ids] for one, some in zip(block, candidates, strict=True)]
        ended = [some[0].ended for some in candidates]
        taken = _weights(writer, first, source, best, ended, begin) if weights else None
        for number, place in enumerate(places):
            own = None if taken is None else taken[number]
            found[place] = Transduced(candidates[number], block[number].prefix, own)
    return [one for one in found if one is not None]


def _blocks(sources: Sequence[Source], beam: int, *, by_limit: bool) -> Iterator[tuple[list[int], int]]:
    """Places of sources of like length, and of prefixes of one length, that are read together, and their width, the longest first.

    There is always a step of padding: rows without any would take another way through an LSTM (see `Backbone`).
    """
    rows = BLOCK // rows_searched(beam) * rows_searched(beam)  # as many as fill whole blocks of the search
    kinds = [(_width(len(source.ids)), len(source.prefix), source.limit if by_limit else 0) for source in sources]
    block: list[int] = []
    for place in sorted(range(len(sources)), key=lambda place: (kinds[place], len(sources[place].ids)), reverse=True):
        if block and (len(block) == rows or kinds[block[0]] != kinds[place]):
            yield block, kinds[block[0]][0]
            block = []
        block.append(place)
    if block:
        yield block, kinds[block[0]][0]


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
    writer: Writer, state: State, source: Padded, best: Sequence[list[int]], ended: Sequence[bool], begin: int
) -> list[NDArray[np.float32]] | None:
    """Attention weights (T, S) of each row's best candidate, with what was found read again, all steps at once; None without attention.

    A row at a time, since several would be padded to the longest of them, and the last bit of a product depends on its width.
    """
    taken: list[NDArray[np.float32]] = []
    with torch.inference_mode(), without_autocast(state[0].device):
        for row, (ids, whole) in enumerate(zip(best, ended, strict=True)):
            tokens = [begin, *ids][: len(ids) + whole]
            rows = filled(torch.zeros(1, dtype=torch.int64, device=state[0].device))
            weights = writer.weights(_padded([tokens], rows, len(tokens)), writer.select(state, rows + row))
            if weights is None:
                return None
            taken.append(weights[0, :, : int(source.lengths[row])].cpu().numpy())
    return taken
