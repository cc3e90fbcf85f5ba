"""What is asked of one forecast: how far it goes, and how paths of it are drawn. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass

from seqtext.options import AT_LEAST_1, SEED, at_most, out_of_range, raise_faults
from seqtext.tasks.forecasting.settings import MOST_STEPS

MOST_SAMPLES = 100_000  # paths that are drawn of one forecast


@dataclass(frozen=True)
class ForecastRequest:
    """What is forecast: keywords of calling a `Forecaster`, and flags of `seqtext forecast`."""

    horizon: int | None = None
    """Readings to forecast. Default: as many as the model was trained for."""
    samples: int = 100
    """Paths drawn by a model of --multi_step sampled, whose quantiles are given."""
    seed: int = 0
    """Seed of these paths."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        ranges = {
            AT_LEAST_1: ("horizon", "samples"),
            at_most(MOST_STEPS): ("horizon",),
            at_most(MOST_SAMPLES): ("samples",),
            SEED: ("seed",),
        }
        return out_of_range(self, ranges)
