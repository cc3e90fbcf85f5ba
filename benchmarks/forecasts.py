"""A day ahead of the simulated household: error, seconds of fitting, milliseconds of a forecast; seqtext and what else is installed.

    python benchmarks/forecasts.py --quick               # some minutes: 60 days, few steps
    python benchmarks/forecasts.py                       # a year; an hour with everything installed
    python benchmarks/forecasts.py --methods seqtext trees

The script writes the readings to a csv file and all methods read that: 15 minutes apart, the first four fifths to fit on, and in the rest
a forecast each midnight, 96 steps, with quantiles at 10, 50 and 90 %. Beside ours: repeated readings, gradient-boosted trees on lags and
calendar (scikit-learn's, and LightGBM), NHITS and LSTM of neuralforecast, MSTL with AutoETS of statsforecast. What is not installed is
skipped, with a line. Times are of the processor, all threads together, so that a busy machine does not count. Then readings are pushed
one by one, on one thread, through the same model of ours, through the default of the next value, and through a plain RNN that carries its
state: p50 and p99, of all readings behind the first tenth.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import seqtext
from seqtext.builtin.household import household
from seqtext.nn.precision import set_threads
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.report.metrics import forecast_metrics

FloatArray = NDArray[np.float64]
DAY, WEEK, LEVELS = 96, 7 * 96, (0.1, 0.5, 0.9)
Quantiles = dict[float, FloatArray]  # (H,) of each level
Forecast = Callable[[int], Quantiles]  # behind so many readings


class Task(NamedTuple):
    """What all methods are given.

    Attributes:
        path: of the csv file.
        frame: the same as pandas reads it, with its times as index.
        end: readings to fit on.
        steps: of training at most, None for the defaults of each.
    """

    path: Path
    frame: Any
    end: int
    steps: int | None

    @property
    def values(self) -> FloatArray:
        """All readings."""
        return self.frame["kw"].to_numpy()


def main() -> None:
    """Prints a line for each method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365, help="of readings")
    parser.add_argument("--origins", type=int, default=60, help="forecasts at most")
    parser.add_argument("--steps", type=int, help="of training at most, of those methods that have such")
    parser.add_argument("--pushed", type=int, default=2_000, help="readings streamed")
    parser.add_argument("--methods", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--quick", action="store_true", help="60 days, 10 forecasts, 100 steps, 500 readings streamed")
    options = parser.parse_args()
    if options.quick:
        options.days, options.origins, options.steps, options.pushed = 60, 10, 100, 500
    set_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        compare(made(Path(folder, "household.csv"), options.days, options.steps), options)


def made(path: Path, days: int, steps: int | None) -> Task:
    """The file, as all read it."""
    import pandas as pd

    load = household(days=days)
    pd.DataFrame({"when": load.times, "kw": load.values}).to_csv(path, index=False)
    frame = pd.read_csv(path, parse_dates=["when"], index_col="when").asfreq("15min")
    return Task(path, frame, int(days * 0.8) * DAY, steps)


def compare(task: Task, options: argparse.Namespace) -> None:
    """All methods on the same forecasts."""
    first = np.arange(task.end, len(task.values) - DAY + 1, DAY)[: options.origins]
    true = task.values[first[:, None] + np.arange(DAY)]
    print(f"{len(task.values):,} readings, {task.end:,} to fit on, {len(first)} forecasts of {DAY} steps")
    print(f"{'':<34}{'MAE':>9}{'pinball':>9}{'fit, s':>9}{'forecast, ms':>14}")
    for name in options.methods:
        method = METHODS[name]
        if missing := [package for package in method.needs if not installed(package)]:
            print(f"{method.title:<34} skipped: {', '.join(missing)} not installed")
            continue
        started = time.process_time()
        forecast = method.fit(task)
        seconds = time.process_time() - started
        forecast(int(first[0]))  # what is made once is made now
        started = time.process_time()
        found = [forecast(int(at)) for at in first]
        each = (time.process_time() - started) / len(first)
        quantiles = {level: np.array([one[level] for one in found]) for level in LEVELS if level in found[0]}
        figures = forecast_metrics(true, quantiles[0.5], quantiles=quantiles if len(quantiles) > 1 else None)
        pinball = "-" if figures.pinball is None else f"{figures.pinball:.4f}"
        print(f"{method.title:<34}{figures.mae:>9.4f}{pinball:>9}{seconds:>9.1f}{1e3 * each:>14.1f}", flush=True)
        if name == "seqtext":
            stream(task, forecast.task, "a day ahead, the same model", options.pushed)  # type: ignore[attr-defined]
            stream(task, fitted(task), "the next value, default", options.pushed)
            plain = Forecaster.from_data(task.frame["kw"].iloc[: task.end], model="plain", context="stateful")
            stream(task, plain, "plain, state carried", options.pushed)


def installed(package: str) -> bool:
    """Whether it can be imported."""
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


def stream(task: Task, forecaster: Forecaster, title: str, pushed: int) -> None:
    """One reading after the other, on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    one = forecaster.stream(start=task.frame.index[0])
    warm = forecaster.least_history
    seconds = []
    for value in task.values[: warm + pushed].tolist():
        started = time.process_time()
        one.push(value)
        seconds.append(time.process_time() - started)
    torch.set_num_threads(threads)
    p50, p99 = np.percentile(np.array(seconds[warm + pushed // 10 :]) * 1e3, [50, 99])
    print(f"  one reading of a stream, {title}: p50 {p50:.3f} ms, p99 {p99:.3f} ms")


# ---- methods: fitted on the first readings, asked behind any


def fitted(task: Task, **settings: Any) -> Forecaster:
    """The default forecaster, trained."""
    train = task.frame["kw"].iloc[: task.end]
    made = Forecaster.from_data(train, **settings)
    with tempfile.TemporaryDirectory() as folder:
        seqtext.fit(made, train, run=Path(folder, "run"), max_steps=task.steps, device="cpu")
    return made


class Ours:
    """The default forecaster."""

    def __init__(self, task: Task) -> None:
        self.frame, self.task = task.frame["kw"], fitted(task, horizon=DAY, quantiles=LEVELS)

    def __call__(self, at: int) -> Quantiles:
        """Behind so many readings."""
        return dict(self.task(self.frame.iloc[:at]).quantiles)


def last_week(task: Task) -> Forecast:
    """The readings a week before."""
    return lambda at: {0.5: task.values[at - WEEK : at - WEEK + DAY]}


def features(task: Task, at: NDArray[np.int64], steps: NDArray[np.int64]) -> FloatArray:
    """(N, F) what trees read of some steps behind some positions: the last day and weeks, the last readings, the calendar."""
    target = at + steps
    times = task.frame.index[0].to_datetime64().astype("datetime64[m]") + target * np.timedelta64(15, "m")
    minute = (times - times.astype("datetime64[D]")).astype(np.int64)
    weekday = (times.astype("datetime64[D]").astype(np.int64) + 3) % 7
    values = task.values
    lags = [values[target - DAY * days] for days in (1, 2, 3, 6, 7, 8, 14)]
    recent = [values[at - back] for back in (1, 2, 3, 4, 8, 16)]
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means = [(sums[at] - sums[at - span]) / span for span in (DAY, WEEK)]
    return np.stack([steps, minute, weekday, *lags, *recent, *means], axis=1)


def trees(task: Task) -> Forecast:
    """scikit-learn's, a model of each quantile over all steps."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    def model(level: float) -> Any:
        return HistGradientBoostingRegressor(loss="quantile", quantile=level, max_iter=300, random_state=0)

    return _boosted(task, model)


def lightgbm(task: Task) -> Forecast:
    """LightGBM's, likewise."""
    from lightgbm import LGBMRegressor

    def model(level: float) -> Any:
        return LGBMRegressor(objective="quantile", alpha=level, n_estimators=500, random_state=0, verbose=-1)

    return _boosted(task, model)


def _boosted(task: Task, model: Callable[[float], Any]) -> Forecast:
    draw = np.random.default_rng(0)
    at = draw.integers(15 * DAY, task.end - DAY, 100_000)
    steps = draw.integers(0, DAY, len(at))
    x, y = features(task, at, steps), task.values[at + steps]
    models = {level: model(level).fit(x, y) for level in LEVELS}

    def forecast(at: int) -> Quantiles:
        steps = np.arange(DAY)
        rows = features(task, np.full(DAY, at), steps)
        return {level: one.predict(rows) for level, one in models.items()}

    return forecast


def neural(kind: str) -> Callable[[Task], Forecast]:
    """A model of neuralforecast by its name, two weeks of input."""

    def fit(task: Task) -> Forecast:
        import neuralforecast.models
        from neuralforecast import NeuralForecast
        from neuralforecast.losses.pytorch import MQLoss

        further = {} if task.steps is None else {"max_steps": task.steps}
        model = getattr(neuralforecast.models, kind)(
            h=DAY,
            input_size=2 * WEEK,
            loss=MQLoss(quantiles=list(LEVELS)),
            scaler_type="robust",
            random_seed=0,
            **further,
        )
        nixtla = _nixtla(task)
        trained = NeuralForecast(models=[model], freq="15min")
        trained.fit(df=nixtla.iloc[: task.end])

        def forecast(at: int) -> Quantiles:
            made = trained.predict(df=nixtla.iloc[max(at - 4 * WEEK, 0) : at])
            return _quantiles(made)

        return forecast

    return fit


def mstl(task: Task) -> Forecast:
    """statsforecast's, fitted anew to the last eight weeks at each forecast."""
    from statsforecast import StatsForecast
    from statsforecast.models import MSTL, AutoETS

    nixtla = _nixtla(task)
    method = StatsForecast(
        models=[MSTL(season_length=[DAY, WEEK], trend_forecaster=AutoETS(model="ZZN"))], freq="15min"
    )
    return lambda at: _quantiles(method.forecast(df=nixtla.iloc[max(at - 8 * WEEK, 0) : at], h=DAY, level=[80]))


def _nixtla(task: Task) -> Any:
    import pandas as pd

    return pd.DataFrame({"unique_id": "kw", "ds": task.frame.index, "y": task.values})


def _quantiles(made: Any) -> Quantiles:
    """The three columns of forecasts, whatever they are called: in each row the lowest, the middle and the highest."""
    columns = [name for name in made.columns if name not in ("unique_id", "ds", "cutoff", "index")]
    rows = np.sort(made[columns].to_numpy(dtype=np.float64), axis=1)
    return dict(zip(LEVELS, rows.T, strict=True))


class Method(NamedTuple):
    """How it is called, what it needs, and how it is fitted."""

    title: str
    needs: tuple[str, ...]
    fit: Callable[[Task], Forecast]


METHODS = {
    "seqtext": Method("seqtext", (), Ours),
    "week": Method("same time last week", (), last_week),
    "trees": Method("boosted trees (scikit-learn)", ("sklearn",), trees),
    "lightgbm": Method("LightGBM", ("lightgbm",), lightgbm),
    "nhits": Method("NHITS (neuralforecast)", ("neuralforecast",), neural("NHITS")),
    "lstm": Method("LSTM (neuralforecast)", ("neuralforecast",), neural("LSTM")),
    "mstl": Method("MSTL with AutoETS (statsforecast)", ("statsforecast",), mstl),
}

if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning)
    main()
