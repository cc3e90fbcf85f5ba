"""Simulated series of unlike kinds, the next value and a day (or season) ahead: the default's linear path beside the simplest baselines.

    python benchmarks/unlike_series.py --quick               # a seed, 1,500 readings
    python benchmarks/unlike_series.py                       # three seeds, 3,000 readings; some minutes
    python benchmarks/unlike_series.py --kinds jumps counts --seeds 5

A line a case: squared and absolute error of the model over those of the best of last value, season before, ridge on the window and ridge on
lags and calendar; each on the last fifth, by the recipe's own splits. Then in how many cases one of both is over 1.02 of the best. The
recurrent part is left out: validation readings say whether it counts, and fitting it takes minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.series import SeriesSet
from seqtext.data.series.splits import series_splits
from seqtext.nn.precision import set_threads
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.report.fitting import baselines_of

FloatArray = NDArray[np.float64]
Draw = np.random.Generator
HOUR, DAY, MONTH = 3600, 86_400, 31 * 86_400
BEHIND = 1.02  # of the best error, and more


class Kind(NamedTuple):
    """What makes readings, how far apart they are, and how many of a longer horizon are forecast."""

    made: Callable[[Draw, int], FloatArray]
    step: int | None = HOUR
    ahead: int = 24


def autoregressive(draw: Draw, count: int, weight: float = 0.8) -> FloatArray:
    """AR(1)."""
    from scipy.signal import lfilter

    made: FloatArray = lfilter([1.0], [1.0, -weight], draw.normal(size=count))
    return made


def seasonal(count: int, period: float) -> FloatArray:
    """A season with two waves."""
    angle = 2 * np.pi * np.arange(count) / period
    made: FloatArray = np.sin(angle) + 0.4 * np.cos(2 * angle)
    return made


def jumps(draw: Draw, count: int) -> FloatArray:
    """Levels that stay for a while, with noise."""
    return np.cumsum((draw.random(count) < 0.01) * draw.normal(0, 5, count)) + draw.normal(0, 0.5, count)


def price(draw: Draw, count: int) -> FloatArray:
    """A random walk in logarithms whose steps cluster (GARCH)."""
    steps, variance = np.empty(count), 1e-4
    for place in range(count):
        steps[place] = np.sqrt(variance) * draw.normal()
        variance = 2e-6 + 0.1 * steps[place] ** 2 + 0.88 * variance
    return 100 * np.exp(np.cumsum(steps))


def outages(draw: Draw, count: int) -> FloatArray:
    """Day and week, with stretches at zero."""
    values = 10 + 4 * seasonal(count, 24) + 2 * seasonal(count, 168) + autoregressive(draw, count)
    for start in draw.integers(0, count, count // 300):
        values[start : start + draw.integers(5, 40)] = 0.0
    return values


def holed(draw: Draw, count: int) -> FloatArray:
    """Day and noise, with stretches missing."""
    values = 10 + 4 * seasonal(count, 24) + autoregressive(draw, count)
    for start in draw.integers(0, count, count // 200):
        values[start : start + draw.integers(1, 30)] = np.nan
    return values


def switching(draw: Draw, count: int) -> FloatArray:
    """Few values: a state that stays for a while."""
    states = draw.integers(0, 4, count)
    stays = draw.random(count) > 0.05
    stays[0] = False
    return states[np.maximum.accumulate(np.where(stays, 0, np.arange(count)))].astype(float)


KINDS = {
    "walk": Kind(lambda draw, n: np.cumsum(draw.normal(size=n)), DAY, 14),
    "noise": Kind(lambda draw, n: 5 + draw.normal(size=n), DAY, 14),
    "ar": Kind(lambda draw, n: autoregressive(draw, n), DAY, 14),
    "negative ar": Kind(lambda draw, n: -20 + autoregressive(draw, n, -0.7), None, 12),
    "moving average": Kind(lambda draw, n: np.convolve(draw.normal(size=n + 3), [1, 0.8, 0.5, 0.3], "valid"), None, 12),
    "trend": Kind(lambda draw, n: 0.05 * np.arange(n) + autoregressive(draw, n), DAY, 14),
    "trend and season": Kind(lambda draw, n: 50 + 0.02 * np.arange(n) + 5 * seasonal(n, 24) + draw.normal(size=n)),
    "jumps": Kind(jumps, DAY, 14),
    "jumps and season": Kind(lambda draw, n: jumps(draw, n) + 3 * seasonal(n, 24)),
    "local level": Kind(lambda draw, n: np.cumsum(draw.normal(0, 0.3, n)) + draw.normal(size=n), DAY, 14),
    "intermittent": Kind(lambda draw, n: (draw.random(n) < 0.15) * draw.gamma(2, 3, n), DAY, 14),
    "intermittent, seasonal": Kind(
        lambda draw, n: (draw.random(n) < 0.15 * (1 + 0.9 * seasonal(n, 7))) * draw.gamma(2, 3, n), DAY, 14
    ),
    "counts": Kind(lambda draw, n: draw.poisson(np.exp(0.5 + seasonal(n, 24))).astype(float)),
    "multiplicative": Kind(
        lambda draw, n: np.exp(2 + 0.0003 * np.arange(n) + 0.5 * seasonal(n, 24) + 0.2 * autoregressive(draw, n))
    ),
    "day and week": Kind(lambda draw, n: 10 + 4 * seasonal(n, 24) + 3 * seasonal(n, 168) + autoregressive(draw, n)),
    "changing season": Kind(
        lambda draw, n: np.cumsum(draw.normal(0, 0.05, n)) * seasonal(n, 24) + draw.normal(0, 0.3, n)
    ),
    "outages": Kind(outages),
    "missing": Kind(holed),
    "price": Kind(price, DAY, 14),
    "returns": Kind(lambda draw, n: np.diff(np.log(price(draw, n + 1))), DAY, 14),
    "few values": Kind(switching, DAY, 14),
    "heavy tails": Kind(lambda draw, n: 10 + 2 * seasonal(n, 24) + draw.standard_t(2, n)),
    "monthly": Kind(
        lambda draw, n: np.cumsum(draw.normal(0.1, 0.5, n)) + 5 * seasonal(n, 12) + draw.normal(size=n), MONTH, 12
    ),
    "no times": Kind(lambda draw, n: 3 * seasonal(n, 50) + autoregressive(draw, n, 0.6), None, 50),
    "cyclic": Kind(lambda draw, n: 5 * seasonal(n, 77.7) + draw.normal(size=n), None, 24),
}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--readings", type=int, default=3_000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.readings = 1, 1_500
    set_threads(1)
    print(f"{'':<24}{'steps':>6}{'seed':>5}{'MSE':>8}{'MAE':>8}{'s':>6}   best by MSE, by MAE")
    ratios = []
    for name in options.kinds:
        for horizon in (1, KINDS[name].ahead):
            for seed in range(options.seeds):
                ratios.append(compared(name, horizon, seed, options.readings))
    found = np.array(ratios)
    worse, best = found > BEHIND, (found <= 1).mean(0)
    by_mse, by_mae = worse.mean(0)
    print(
        f"over {BEHIND} of {len(found)} cases: {by_mse:.0%} by MSE, {by_mae:.0%} by MAE, {worse.any(1).mean():.0%} by either"
    )
    print(f"as good or better: {best[0]:.0%} by MSE, {best[1]:.0%} by MAE; at worst {found.max(0).round(3).tolist()}")


def compared(name: str, horizon: int, seed: int, count: int) -> tuple[float, float]:
    """Errors over those of the best baseline; prints the line."""
    kind = KINDS[name]
    values = kind.made(np.random.default_rng([seed, list(KINDS).index(name)]), count)
    first = None if kind.step is None else np.array([np.datetime64("2019-01-01T00:00:00", "s")])
    series = SeriesSet(("value",), values, np.array([0, count]), first, kind.step)
    data = series_splits({"train": series}, horizon=horizon)
    started = time.process_time()
    task = Forecaster.from_data(data.train, horizon=horizon, model="linear")
    task.complete(data.train, data.validation)
    task.refit(data.train, data.validation)
    seconds = time.process_time() - started
    at = task.positions(data.test, most=1_000)
    true = values[at[:, None] + np.arange(horizon)]
    made = {one.name: errors(one.predicted, true) for one in baselines_of(task, data, at, "all", trees=False)}
    own = errors(task.forecasts(data.test, at).values, true)
    names = [min(made, key=lambda one: made[one][place]) for place in (0, 1)]
    found = own[0] / made[names[0]][0], own[1] / max(made[names[1]][1], 1e-12)
    marks = "".join("*" if ratio > BEHIND else " " for ratio in found)
    print(
        f"{name:<24}{horizon:>6}{seed:>5}{found[0]:>8.3f}{found[1]:>8.3f}{seconds:>6.1f} {marks}{names[0]}, {names[1]}",
        flush=True,
    )
    return found


def errors(made: FloatArray, true: FloatArray) -> tuple[float, float]:
    """Mean squared and absolute."""
    return float(np.nanmean((made - true) ** 2)), float(np.nanmean(np.abs(made - true)))


if __name__ == "__main__":
    main()
