"""What a classifier says of one text, as users get it. Imports nothing heavy."""

from __future__ import annotations

from typing import NamedTuple


class Prediction(NamedTuple):
    """Of one label a text: the likeliest, its probability, and the likeliest labels with theirs."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]


class LabelsPrediction(NamedTuple):
    """Of any number of labels a text: those it has, the likeliest first, their probabilities, and the likeliest labels with theirs."""

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    top: tuple[tuple[str, float], ...]


class NumberPrediction(NamedTuple):
    """Of a number a text: that number, in the units of the data."""

    number: float
