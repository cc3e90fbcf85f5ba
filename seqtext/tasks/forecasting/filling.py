"""What missing readings are read as, the last one before or that of a season before: as was nearer in training. Knows spans alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.series import Part

MOST_DISTANCES = 50  # from a missing reading to the last one before that are tried: the commonest


def nearer_fill(train: Part, seasons: tuple[int, ...]) -> Literal["last", "season"]:
    """What comes nearer to readings of training, had they been missing as far behind the last one as those that are.

    The season where none is missing, or nothing tells.

    Args:
        train: the spans of training.
        seasons: readings of each season, rising; missing readings are read as those of the longest one that is there.
    """
    if not seasons:
        return "last"
    spans = [train.series.values[first:end] for first, end in train.spans.tolist()]
    distances = np.concatenate([_behind_last(span) for span in spans])
    found, counts = np.unique(distances, return_counts=True)
    common = np.argsort(-counts, kind="stable")[:MOST_DISTANCES]
    before = next((change for season in reversed(seasons) if (change := _change(spans, season)) is not None), None)
    if before is None or not len(common):
        return "season"
    pairs = [(change, count) for at, count in zip(found[common].tolist(), counts[common].tolist(), strict=True)
             if (change := _change(spans, at)) is not None]  # fmt: skip
    last = sum(change * count for change, count in pairs) / max(sum(count for _, count in pairs), 1)
    return "last" if pairs and last < before else "season"


def _behind_last(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """How far each missing reading lies behind the last one that is there; none of those before the first."""
    places = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, places))
    missing = np.isnan(values) & (last >= 0)
    behind: NDArray[np.int64] = (places - last)[missing]
    return behind


def _change(spans: list[NDArray[np.float64]], distance: int) -> float | None:
    """Mean absolute difference of readings so far apart, of all spans, each in its own deviation; None where there are none."""
    total, count = 0.0, 0
    for values in spans:
        changes = np.abs(values[distance:] - values[:-distance])
        changes = changes[~np.isnan(changes)]
        if len(changes):
            total += float(changes.sum()) / (float(np.nanstd(values)) or 1.0)
            count += len(changes)
    return total / count if count else None
