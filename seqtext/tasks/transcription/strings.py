"""Recordings put one behind the other into strings, with pauses between and silence around, drawn by a seed. Knows lengths, no sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

BEFORE, BETWEEN = (0.0, 0.5), (0.05, 0.4)  # seconds of silence
LONG, OFTEN = 1.5, 0.1  # seconds that a pause has at most where it is long, and how often that is
SILENT = 0.02  # share of further strings that nothing is said in


@dataclass(frozen=True)
class Strings:
    """What each of R strings is made of.

    Attributes:
        parts: (P,) recordings, string after string.
        starts: (R + 1,) where each string's parts begin.
        offsets: (P,) samples of a string before each of its parts.
        speeds: (P,) how fast each is played.
        sizes: (P,) samples that each then has.
        lengths: (R,) samples of each string, all silence counted.
    """

    parts: Ints
    starts: Ints
    offsets: Ints
    speeds: Floats
    sizes: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def strings(self) -> Ints:
        """(P,) the string of each part."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


def one_by_one(
    lengths: Ints, *, tail: int, draw: np.random.Generator | None = None, speed: float = 0.0, shift: int = 0
) -> Strings:
    """Each recording by itself, with silence behind.

    Args:
        lengths: (R,) samples of each.
        tail: samples of silence behind.
        draw: of what is drawn; nothing is if None.
        speed: share by which one may be faster or slower.
        shift: samples of silence before it, at most.
    """
    rows = len(lengths)
    speeds, sizes = _played(lengths, draw, speed)
    before = np.zeros(rows, dtype=np.int64) if draw is None else draw.integers(0, shift + 1, rows)
    return Strings(np.arange(rows), np.arange(rows + 1), before, speeds, sizes, before + sizes + tail)


def put_together(
    lengths: Ints,
    speakers: Ints,
    *,
    rate: int,
    most: int,
    tail: int,
    draw: np.random.Generator,
    speed: float = 0.0,
    times: int = 1,
) -> Strings:
    """Strings of one speaker each, in which every recording stands so many times; and some of silence alone.

    Args:
        lengths: (N,) samples of each recording.
        speakers: (N,) who speaks in it.
        rate: samples per second.
        most: recordings of a string.
        tail: samples of silence behind each string at least.
        draw: of what is drawn.
        speed: share by which a recording may be faster or slower.
        times: that each recording is used.
    """
    order = np.concatenate([draw.permutation(len(lengths)) for _ in range(times)])
    order = order[np.argsort(speakers[order], kind="stable")]
    sizes = draw.integers(1, most + 1, len(order))  # of more strings than there will be
    ends = np.cumsum(sizes)
    # A string ends where it is full, or where the speaker changes.
    cuts = np.union1d(ends[ends < len(order)], np.flatnonzero(np.diff(speakers[order])) + 1)
    starts = np.concatenate([[0], cuts, [len(order)]])
    rows = len(starts) - 1
    speeds, played = _played(lengths[order], draw, speed)
    gaps = draw.uniform(*BETWEEN, len(order))
    long = draw.random(len(order)) < OFTEN
    gaps[long] = draw.uniform(BETWEEN[1], LONG, int(long.sum()))
    gaps[starts[:-1]] = draw.uniform(*BEFORE, rows)
    gaps_in_samples = (gaps * rate).astype(np.int64)
    ends = np.cumsum(gaps_in_samples + played)
    before = np.concatenate([[0], ends])[starts[:-1]]  # of each string, all that stands in earlier ones
    offsets = ends - played - np.repeat(before, np.diff(starts))
    totals = np.concatenate([[0], ends])[starts[1:]] - before
    behind = tail + (draw.uniform(*BEFORE, rows) * rate).astype(np.int64)
    silent = draw.uniform(BEFORE[1], LONG, int(np.ceil(SILENT * rows)))
    return Strings(
        order,
        np.concatenate([starts, np.full(len(silent), starts[-1])]),
        offsets,
        speeds,
        played,
        np.concatenate([totals + behind, (silent * rate).astype(np.int64) + tail]),
    )


def _played(lengths: Ints, draw: np.random.Generator | None, speed: float) -> tuple[Floats, Ints]:
    """How fast each recording is played, and the samples that it then has."""
    if draw is None or not speed:
        return np.ones(len(lengths), dtype=np.float32), lengths.astype(np.int64)
    speeds = draw.uniform(1 - speed, 1 + speed, len(lengths)).astype(np.float32)
    return speeds, np.maximum(lengths / speeds, 1).astype(np.int64)
