"""`KnownWords`: the words that may be written, as a prefix tree over pieces that lies in a few arrays. Knows ids and their kinds, no texts.

A word is a run of pieces: one that is first, or one within behind a piece outside, and those within that follow. Outside of words anything
may come. The tree's node 0 is where no word is under way; at every other node one is, and only the node's children may come, or,
if a word ends there, what is no part of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.data.text.piece_kinds import FIRST, OUTSIDE, WITHIN

Ints = NDArray[np.int64]
CHUNK = 2**22  # tokens looked through at a time
LONGEST = 64  # pieces of a word; what is longer is none
FAR = 2**30


class KnownWords:
    """A prefix tree of words, of E edges and M nodes over V pieces, and what it says of N rows at once.

    Args:
        keys: (E,) int64, ascending, at least one: of each edge the node it begins at, times V, plus its piece.
        children: (E,) int64, the node it leads to.
        ends: (M,) bool, whether a word ends at a node.
        kinds: (V,) uint8, of pieces.
        start: node that texts begin at.

    Attributes:
        to_go: (M,) pieces that a word needs from a node on, at least.
    """

    def __init__(self, keys: Tensor, children: Tensor, ends: Tensor, kinds: Tensor, *, start: int = 0) -> None:
        self.keys, self.children, self.ends, self.kinds, self.start = keys, children, ends, kinds, start
        size, nodes = len(kinds), torch.arange(len(ends) + 1, device=keys.device)
        self._first = torch.searchsorted(keys, nodes * size)  # (M + 1,) edge of each node
        self._widest = int(self._first.diff()[1:].max()) if len(ends) > 1 else 0
        self._pieces = torch.cat([keys % size, keys.new_tensor([size])])
        self.to_go = self._steps_to_end()
        root = slice(int(self._first[1]))  # its edges
        # (V,) pieces that a word needs behind its first: of one that begins anywhere, and of one that begins behind another
        self._from_root = torch.full((size,), FAR, device=keys.device)
        self._from_root[kinds == OUTSIDE] = 0
        self._from_root[self._pieces[root]] = self.to_go[children[root]]
        self._behind = torch.where(kinds == WITHIN, FAR, self._from_root)

    def _steps_to_end(self) -> Tensor:
        """(M,) how many pieces a word needs from a node on, at least."""
        to_go, parents = torch.where(self.ends, 0, FAR), self.keys // len(self.kinds)
        while True:
            shorter = to_go.scatter_reduce(0, parents, to_go[self.children] + 1, "amin")
            if torch.equal(shorter, to_go):
                return to_go
            to_go = shorter

    def to(self, device: torch.device) -> KnownWords:
        """The same on a device."""
        if self.keys.device == device:
            return self
        parts = (part.to(device) for part in (self.keys, self.children, self.ends, self.kinds))
        return KnownWords(*parts, start=self.start)

    # ---- rows, side by side: nothing looks at a value

    def forbidden(self, nodes: Tensor, left: Tensor | int) -> Tensor:
        """(N, V) which pieces may not come at nodes (N,), if there is room for `left` () pieces behind them: a word is then ended."""
        size = len(self.kinds)
        outside = torch.stack(
            [self._from_root > left, self._behind > left, torch.ones_like(self.kinds, dtype=torch.bool)]
        )
        forbidden = F.pad(outside, (0, 1))[torch.where(nodes == 0, 0, torch.where(self.ends[nodes], 1, 2))]
        places = self._first[nodes].unsqueeze(1) + torch.arange(self._widest, device=nodes.device)
        theirs = (places < self._first[nodes + 1].unsqueeze(1)) & (nodes != 0).unsqueeze(1)
        places.clamp_max_(len(self.children) - 1)
        theirs &= self.to_go[self.children[places]] <= left
        return forbidden.scatter_(1, torch.where(theirs, self._pieces[places], size), False)[:, :-1]

    def goes_on(self, nodes: Tensor, pieces: Tensor) -> Tensor:
        """Whether pieces go on with a word that is under way at nodes; of any shapes that fit."""
        return (nodes != 0) & (self.kinds[pieces] == WITHIN)

    def after(self, nodes: Tensor, pieces: Tensor) -> Tensor:
        """(N,) the nodes that pieces (N,) lead to."""
        first = self.kinds[pieces] == FIRST
        return torch.where(
            first, self._child(nodes, pieces, self._child(nodes.new_zeros(()), pieces)), self._child(nodes, pieces)
        )

    def _child(self, nodes: Tensor, pieces: Tensor, otherwise: Tensor | int = 0) -> Tensor:
        keys = nodes * len(self.kinds) + pieces
        place = torch.searchsorted(self.keys, keys).clamp_max_(len(self.keys) - 1)
        return torch.where(self.keys[place] == keys, self.children[place], otherwise)

    # ---- what a prompt brings

    def words_in(self, ids: Sequence[int]) -> list[list[int]]:
        """The words of a text, in their order."""
        words: list[list[int]] = []
        before = OUTSIDE
        for piece in ids:
            kind = int(self.kinds[piece])
            if kind == FIRST or (kind == WITHIN and before == OUTSIDE):
                words.append([piece])
            elif kind == WITHIN:
                words[-1].append(piece)
            before = kind
        return words

    def last_word(self, ids: Sequence[int]) -> list[int]:
        """The word that a text ends inside of or with; empty if it ends outside of any."""
        return self.words_in(ids)[-1] if ids and self.kinds[ids[-1]] != OUTSIDE else []

    def node_of(self, word: Sequence[int]) -> int:
        """Where a word ends that is known; 0 if it is not."""
        node = torch.zeros((), dtype=torch.int64)
        for piece in word:
            node = self._child(node, torch.tensor(piece))
            if not node:
                return 0
        return int(node) if self.ends[node] else 0

    def starting_at(self, node: int) -> KnownWords:
        """The same, for texts that go on from a node."""
        return KnownWords(self.keys, self.children, self.ends, self.kinds, start=node)

    def behind_a_word(self) -> KnownWords:
        """The same, for texts that go on behind a word that nothing may be added to."""
        edges = dict(zip(self.keys.tolist(), self.children.tolist(), strict=True))
        return self._of(edges, [*self.ends.tolist(), True], len(self.ends))

    def with_words(self, words: Iterable[Sequence[int]]) -> KnownWords:
        """The same and some more words."""
        edges = dict(zip(self.keys.tolist(), self.children.tolist(), strict=True))
        ends: list[bool] = self.ends.tolist()
        for word in words:
            node = 0
            for piece in word:
                node = edges.setdefault(node * len(self.kinds) + piece, len(ends))
                ends += [False] * (node == len(ends))
            ends[node] = True
        return self._of(edges, ends, self.start)

    def starting_with(self, spelt: bytes, pieces: Sequence[bytes]) -> KnownWords | None:
        """The same, for texts whose first word begins with some characters, however it is cut; None if no word does.

        Args:
            spelt: the characters, a blank before them where the word has one.
            pieces: (V,) what each spells.
        """
        size, new = len(self.kinds), dict[int, int]()
        ends: list[bool] = self.ends.tolist()

        def grow(node: int, rest: bytes) -> int:
            """A node with such children of another as begin with `rest`, or are its beginning and go on with it; 0 if none."""
            mine, found = len(ends), dict[int, int]()
            ends.append(False)
            for place in range(int(self._first[node]), int(self._first[node + 1])):
                piece, child = int(self._pieces[place]), int(self.children[place])
                if pieces[piece].startswith(rest):
                    found[piece] = child
                elif rest.startswith(pieces[piece]) and (deeper := grow(child, rest[len(pieces[piece]) :])):
                    found[piece] = deeper
            new.update({mine * size + piece: child for piece, child in found.items()})
            return mine if found else 0

        start = grow(0, spelt)
        edges = dict(zip(self.keys.tolist(), self.children.tolist(), strict=True))
        return self._of(edges | new, ends, start) if start else None

    def _of(self, edges: Mapping[int, int], ends: Sequence[bool], start: int) -> KnownWords:
        keys, order = torch.tensor(list(edges), dtype=torch.int64).sort()
        children = torch.tensor(list(edges.values()), dtype=torch.int64)[order]
        return KnownWords(keys, children, torch.tensor(ends), self.kinds, start=start)


def words_of(values: Tensor, starts: Tensor, kinds: NDArray[np.uint8]) -> tuple[KnownWords, float]:
    """The words of texts that lie end to end; and the share of their words that come once, which is that of new words in further texts,
    as Good and Turing estimate it (Good 1953).

    Args:
        values: (n,) ids of all texts, on the CPU.
        starts: (R + 1,) where each begins, and where the last ends.
        kinds: (V,) of pieces.
    """
    ids, edges = values.numpy(), starts.numpy()
    cuts = np.unique([*edges[np.searchsorted(edges, np.arange(0, len(ids), CHUNK))], len(ids)])
    found = [_distinct(ids[first:last], edges, first, kinds) for first, last in itertools.pairwise(cuts.tolist())]
    every = _Words(*(np.concatenate(parts) for parts in zip(*found, strict=True))) if found else _NONE
    keys, nodes, size = _tree(every, len(kinds))
    times = np.bincount(nodes, weights=every.times, minlength=1)
    share = float((times == 1).sum() / max(times.sum(), 1))
    if size == 1:  # no words: an edge that nothing reaches
        keys, size = np.array([len(kinds)]), 2
    ends = np.zeros(size, dtype=bool)
    ends[nodes] = True
    tensors = [torch.from_numpy(part) for part in (keys, np.arange(1, size), ends, kinds)]
    return KnownWords(*tensors), share


class _Words(NamedTuple):
    """N words: their pieces behind each other (n,), and of each how many it has and how often it comes, (N,)."""

    pieces: Ints
    lengths: Ints
    times: Ints


_NONE = _Words(*(np.zeros(0, dtype=np.int64) for _ in _Words._fields))


def _distinct(ids: NDArray[np.int32], edges: Ints, first: int, kinds: NDArray[np.uint8]) -> _Words:
    """The words of whole texts, each once; the first text begins at place `first` of all."""
    of_word = kinds[ids] != OUTSIDE
    opens = np.zeros(len(ids) + 1, dtype=bool)
    opens[edges[(edges >= first) & (edges <= first + len(ids))] - first] = True
    begins = of_word & ((kinds[ids] == FIRST) | opens[:-1] | ~np.concatenate([[False], of_word[:-1]]))
    stops = np.flatnonzero(np.append(begins | ~of_word, True))
    places = np.flatnonzero(begins)
    lengths = stops[np.searchsorted(stops, places, side="right")] - places
    places, lengths = places[lengths <= LONGEST], lengths[lengths <= LONGEST]
    words = _Words(_spread(ids, places, lengths), lengths, np.ones(len(places), dtype=np.int64))
    _, nodes, _ = _tree(words, len(kinds))
    _, one, times = np.unique(nodes, return_index=True, return_counts=True)
    return _Words(_spread(ids, places[one], lengths[one]), lengths[one], times)


def _spread(ids: NDArray[np.int32], places: Ints, lengths: Ints) -> Ints:
    """The pieces of words at some places of a text, behind each other."""
    before = np.cumsum(lengths) - lengths
    every: Ints = np.repeat(places - before, lengths) + np.arange(lengths.sum())
    return ids[every].astype(np.int64)


def _tree(words: _Words, size: int) -> tuple[Ints, Ints, int]:
    """The keys of its edges, ascending, which lead to nodes 1, 2, ...; (N,) the node where each word ends; and how many nodes it has."""
    starts, nodes, count = np.cumsum(words.lengths) - words.lengths, np.zeros(len(words.lengths), dtype=np.int64), 1
    keys = [np.zeros(0, dtype=np.int64)]
    for depth in range(int(words.lengths.max(initial=0))):
        longer = np.flatnonzero(words.lengths > depth)
        level, place = np.unique(nodes[longer] * size + words.pieces[starts[longer] + depth], return_inverse=True)
        nodes[longer] = count + place
        count += len(level)
        keys.append(level)
    return np.concatenate(keys), nodes, count
