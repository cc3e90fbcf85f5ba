"""What every way of writing a text shares: who says what may come next, the blocks of rows, what may not be repeated.

Knows token ids only; drawing is in `sampling`, searching in `beam_search`. Why blocks: a matrix product of few rows is summed in another
order than one of many, and the last bit of a logit can change a whole text. A block has its number of rows filled up, so
that a row meets the same kernel whatever the size of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from seqtext.nn.backbone import State

BLOCK = (
    64  # rows that are decoded together, at most; more gain little: on one CPU thread 64 rows cost 6.7 times what 8 do
)
LOOK_EVERY = 8  # steps on a GPU between two looks at what is still open, each of which waits for it


class Step(NamedTuple):
    """What may come next, for each of N rows.

    Args:
        logits: (N, V) fp32, by which the next token is chosen; guidance has been applied.
        scores: (N, V) fp32, log-probabilities of the conditional model itself, before guidance and filters.
        state: behind this step.
        normalised: whether `logits` are log-probabilities already.
    """

    logits: Tensor
    scores: Tensor
    state: State
    normalised: bool = False


class Decodable(Protocol):
    """Anything that says, one token after another, what may come next. It is in eval mode, and treats each row by itself."""

    def step(self, tokens: Tensor, state: State) -> Step:
        """One step of N rows, given the (N,) int64 tokens of the step before."""
        ...

    def select(self, state: State, rows: Tensor) -> State:
        """The state of some rows, (M,) int64, in their order; a row may come more than once."""
        ...


class Searchable(Decodable, Protocol):
    """One whose texts may change places among those that are written to the same."""

    def reorder(self, state: State, rows: Tensor) -> State:
        """As `select`, where every row goes on with what was given to its place before, such as a source: nothing of it is moved."""
        ...


class Block(NamedTuple):
    """Rows of a request that are decoded together.

    Args:
        rows: their places in the request.
        padded: (M,) the same places, the last one repeated until the block is full.
    """

    rows: slice
    padded: Tensor


def block_size(rows: int, device: torch.device) -> int:
    """How many rows a block of at least `rows` has when it is full.

    Measured on a CPU (torch 2.13 with MKL, 1 to 64 threads): in linear layers and recurrent cells any multiple of 8 rows gives the same
    bits, row by row, up to 4 threads, and any multiple of 16 beyond; 1, 2 and 3 rows never do. With 3 threads and more, a
    layer whose input is no multiple of 4 and whose output is less than about 200 and no multiple of 16 depends even on the
    place in the block. On other devices kernels are chosen by shape in ways that are not ours to know: a block is always 64.

    What it costs: a single row pays for 8 (about 2.6 times its own product, 8,000 words of 512 features on one thread) or 16; on
    a GPU for 64, which takes it about as long as 1. Requests of 64 and more pay nothing.
    """
    multiple = BLOCK if device.type != "cpu" else 8 if torch.get_num_threads() <= 4 else 16
    return -(-rows // multiple) * multiple


def keeps_its_size(device: torch.device) -> bool:
    """Whether a block has all its rows to the end, and nothing looks at a value within a step: so a GPU is not waited for."""
    return device.type != "cpu"


def filled(rows: Tensor) -> Tensor:
    """(N,) row numbers, the last one repeated until the block is full: (M,). `select` with them fills a state too."""
    missing = block_size(len(rows), rows.device) - len(rows)
    return torch.cat([rows, rows[-1:].expand(missing)])


def in_blocks(rows: int, device: torch.device, *, size: int = BLOCK) -> Iterator[Block]:
    """The blocks of a request, in order.

    Whoever makes the initial state by a matrix product makes it block by block, from the rows `padded`, for the reason above: `sample`
    and `beam_search` take a state with more rows than are asked for, and leave out those at the end.

    Args:
        rows: of the request.
        device: where they are decoded.
        size: rows of a block at most, before it is filled.
    """
    for start in range(0, rows, size):
        stop = min(start + size, rows)
        yield Block(slice(start, stop), filled(torch.arange(start, stop, device=device)))


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """The context in which decoding runs: fp32, whatever the caller's."""
    return torch.autocast(device.type, enabled=False)


def check_request(begin: Tensor, end_id: int, banned: Sequence[int]) -> Tensor:
    """First tokens as (N, P), from (N,) or (N, P).

    Raises:
        ValueError: if there are none, or if the end token is banned, since no text could end.
    """
    if begin.ndim not in (1, 2) or 0 in begin.shape[1:]:
        raise ValueError(f"begin must be (N,) or (N, P) with P of at least 1, got {tuple(begin.shape)}")
    if end_id in banned:
        raise ValueError(f"the end token {end_id} is among those never produced: {list(banned)}")
    return begin.unsqueeze(1) if begin.ndim == 1 else begin


def restrain(
    logits: Tensor,
    history: Tensor,
    *,
    banned: Tensor,
    end_id: int,
    repetition_penalty: float = 1.0,
    no_repeat_ngram: int = 0,
    width: int | Tensor | None = None,
    free: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Logits of what may come next, changed in place. The end token is left as it is: a text may always end.

    Args:
        logits: (N, V).
        history: (N, W) all tokens so far.
        banned: (K,) tokens that are never produced.
        end_id: token that ends a text.
        repetition_penalty: by which the logit of a token that was there is divided, or multiplied if negative (Keskar et al. 2019).
        no_repeat_ngram: length of the runs of tokens that may not come twice; 0 allows all.
        width: how many of the W are tokens, before end tokens that fill the rest; a scalar on the device is never looked at. All if None.
        free: says which of tokens (N, K) may come though they make a run twice; none if None.

    Returns:
        (N, V), -inf where a token may not come.
    """
    end, result = logits[:, end_id].clone(), logits.index_fill_(1, banned, -torch.inf)
    if repetition_penalty != 1:
        seen = result.gather(1, history)
        result.scatter_(1, history, torch.where(seen > 0, seen / repetition_penalty, seen * repetition_penalty))
    if no_repeat_ngram and history.shape[1] >= no_repeat_ngram:
        width = history.shape[1] if width is None else width
        runs = history.unfold(1, no_repeat_ngram, 1)  # (N, W - n + 1, n)
        last = torch.arange(1 - no_repeat_ngram, 0, device=history.device) + width
        tail = history[:, None, last.clamp_min_(0)]  # (N, 1, n - 1), what the next token would make a run of
        there = torch.arange(no_repeat_ngram, history.shape[1] + 1, device=history.device) <= width  # (W - n + 1,)
        again = (runs[..., :-1] == tail).all(-1) & there
        if free is not None:
            again &= ~free(runs[..., -1])
        result.scatter_(1, torch.where(again, runs[..., -1], end_id), -torch.inf)
    result[:, end_id] = end
    return result
