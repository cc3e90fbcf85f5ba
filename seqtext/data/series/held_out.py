"""Readings held out of a training span to choose by: its last ones, or whole weeks spread over it. Knows spans, no split of a data set."""

from __future__ import annotations

import numpy as np

from seqtext.data.series.series import Part
from seqtext.errors import DataError


def hold_out_last(part: Part, *, share: float, least: int = 1) -> tuple[Part, Part]:
    """The earlier readings of each span, and its last ones to choose by.

    Args:
        part: to be divided.
        share: of its readings that are held out.
        least: readings that are, where a fifth of the span has so many.
    """
    spans = part.spans
    lengths = spans[:, 1] - spans[:, 0]
    last = np.maximum(np.maximum(1, np.round(lengths * share)), np.minimum(least, lengths // 5)).astype(np.int64)
    middle = np.maximum(spans[:, 1] - last, spans[:, 0])
    earlier, later = np.stack([spans[:, 0], middle], axis=1), np.stack([middle, spans[:, 1]], axis=1)
    return Part(part.series, earlier[earlier[:, 0] < earlier[:, 1]]), Part(part.series, later)


def hold_out_weeks(part: Part, *, share: float) -> tuple[Part, Part]:
    """Whole weeks spread evenly over each span to choose by; the rest to train on.

    Weeks of all seasons say more of the years to come than the last months do. Nothing is left out between them: no reading of a week
    is a target of training, for the targets of a window lie in one span; to be read as the past is what it may.

    Args:
        part: to be divided.
        share: of its readings that go into the weeks.

    Raises:
        DataError: if the series have no timestamps, or a span is too short for one week with one on each side.
    """
    week = part.series.seasons().get("week")
    if week is None:
        fix = "pass --validation last, or name the time column"
        raise DataError("the series have no whole weeks of readings", where=part.series.name, fix=fix)
    train, held = [], []
    for start, end in part.spans.tolist():
        count = max(1, round((end - start) * share / week))
        spacing = (end - start) / count
        if spacing < 2 * week:
            found = f"{end - start:,} readings are too few for {count} weeks of {week}"
            raise DataError(found, where=part.series.name, fix="pass --validation last, or a smaller share")
        before = start
        for number in range(count):
            first = start + int((number + 0.5) * spacing) - week // 2
            held.append((first, first + week))
            train.append((before, first))
            before = first + week
        train.append((before, end))
    kept = np.array([span for span in train if span[1] > span[0]], dtype=np.int64)
    return Part(part.series, kept), Part(part.series, np.array(held, dtype=np.int64))
