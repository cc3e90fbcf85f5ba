"""`Baseline`: what a simple method predicts for the test rows, so that a model has something to beat. Knows no task and no measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

Predicted = TypeVar("Predicted")
Baselines: TypeAlias = Literal["none", "fast", "all"]  # which of them a recipe measures


class Baseline(NamedTuple, Generic[Predicted]):
    """What a simple method predicts.

    Attributes:
        name: short, for a legend.
        description: what was done or fitted, on how many rows, and whatever was cut short.
        predicted: one prediction per test row: class ids (R,), values (R, H), or texts.
        seconds: reading, fitting and predicting together.
        quantiles: of each level likewise, where the method gives such.
    """

    name: str
    description: str
    predicted: Predicted
    seconds: float
    quantiles: Mapping[float, Predicted] | None = None

    def figures(self, measured: Mapping[str, Any]) -> dict[str, Any]:
        """Its entry in report/metrics.json, with what was measured of its predictions."""
        return {"description": self.description, **measured, "seconds": round(self.seconds, 2)}
