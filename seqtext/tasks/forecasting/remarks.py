"""What a user should know of readings that are forecast from all the same: another series, another clock, gaps, numbers far off.

Each is a sentence, and a warning from Python; commands print it. Knows scales and configs, no model.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.series import Part, SeriesSet
from seqtext.errors import shorten
from seqtext.tasks.forecasting.settings import ForecastConfig

FAR = 20  # standard deviations from the mean of training, beyond which a reading is another thing, or in another unit
_MOST = 3  # readings, or series, that are named


class ForecastWarning(UserWarning):
    """Readings that are forecast from, but are not as those of training were."""


@contextmanager
def printed_as_notes() -> Iterator[None]:
    """Prints such warnings as notes, each once a sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", ForecastWarning)
        warnings.showwarning = lambda message, *_, **__: print(f"note: {message}", file=sys.stderr)
        yield


def tell(remarks: Sequence[str]) -> None:
    """Warns of each."""
    for remark in remarks:
        warnings.warn(remark, ForecastWarning, stacklevel=3)


def of_another_name(name: str, config: ForecastConfig) -> list[str]:
    """A model of one series given one of another name."""
    if len(config.series) != 1 or name in ("", config.series[0]):
        return []
    known = config.series[0]
    return [f"the model learnt one series, {shorten(known)}; {shorten(name)} is scaled and forecast as that"]


def of_horizon(steps: int | None, config: ForecastConfig) -> list[str]:
    """More steps than were trained."""
    if steps is None or steps <= config.head_horizon or config.model == "plain":
        return []
    trained = f"the model learnt {config.head_horizon:,} step{'' if config.head_horizon == 1 else 's'} ahead"
    narrow = "; its quantiles behind may be too narrow" if config.quantiles else ""
    return [f"{trained}, of {steps:,}: behind these it reads its own forecasts{narrow}; train with --horizon {steps}"]


def of_clocks(zones: Sequence[str | None], config: ForecastConfig) -> list[str]:
    """Times with a zone where those of training had none, or the other way round, if the model reads a calendar."""
    if not config.calendar:
        return []
    named = sorted({zone for zone in zones if zone is not None})
    if named and not config.zoned:
        return [
            f"the model learnt the hours of a clock without a zone; of times in {', '.join(named)} it reads the hours there"
        ]
    if config.zoned and None in zones:
        return [f"the model learnt times with a zone; times without one are taken for {config.time_zone or 'UTC'}"]
    return []


def of_readings(series: SeriesSet, config: ForecastConfig, *, ahead: int = 0) -> list[str]:
    """Readings that the model looks at and that are missing, where it has no mark for them, or far from all it knew."""
    found = []
    for number, name in enumerate(series.names):
        values = series.one(number)[: int(series.lengths[number]) - ahead]
        where = f"history {number + 1}" if len(series) > 1 or name in config.series else f"history {shorten(name)}"
        looked_at = values if config.context == "stateful" else values[-config.reach :]
        if (count := int(np.isnan(looked_at).sum())) and not config.marks_missing:
            found.append(f"{where}: {_missing(count, config)}")
        elif len(looked_at) and np.isnan(looked_at).all():
            found.append(
                f"{where}: the last {len(looked_at):,} readings are all missing, and older ones stand in for them"
            )
        if name in config.series:
            place = config.series.index(name)
            off = far(looked_at, config.means[place], config.scales[place])
            if off.any():
                at = len(values) - len(looked_at) + int(off.argmax())
                found.append(
                    f"{where}, reading {at + 1:,}: {_off(float(values[at]), config.means[place], config.scales[place])}"
                )
    return _shown(found)


def of_part(part: Part, config: ForecastConfig, name: str) -> list[str]:
    """Readings of a part that are missing, where the model has no mark for them."""
    if config.marks_missing:
        return []
    count = sum(int(np.isnan(part.series.values[first:end]).sum()) for first, end in part.spans.tolist())
    return [f"{name}: {_missing(count, config)}"] if count else []


def of_one_reading(value: float, mean: float, scale: float, where: str) -> list[str]:
    """A reading of a stream that is far off."""
    return [f"{where}: {_off(value, mean, scale)}"] if abs(value - mean) > FAR * scale else []


def far(values: NDArray[np.float64], mean: float, scale: float) -> NDArray[np.bool_]:
    """Which readings lie far from the mean; none of those that are missing."""
    with np.errstate(invalid="ignore", over="ignore"):
        answers: NDArray[np.bool_] = np.abs(values - mean) > FAR * scale
    return answers


def _missing(count: int, config: ForecastConfig) -> str:
    readings = f"{count:,} reading{' is' if count == 1 else 's are'} missing"
    taken = "the one a season before" if config.seasons and config.fill == "season" else "the one before"
    return f"{readings}, and taken as {taken}: the model was trained on readings without gaps"


def _off(value: float, mean: float, scale: float) -> str:
    with np.errstate(over="ignore"):
        distance = np.float64(abs(value - mean)) / scale
    return (
        f"{value:.6g} lies {distance:,.0f} standard deviations from the mean of training, {mean:.6g}; "
        "is it of another series, or in another unit?"
    )


def _shown(remarks: list[str]) -> list[str]:
    more = [f"{len(remarks) - _MOST:,} more histories like that"] if len(remarks) > _MOST else []
    return [*remarks[:_MOST], *more]
