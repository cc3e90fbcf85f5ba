"""`seqtext evaluate` of a forecaster: rolling origins over a later span or a new file, figures by step and by series, beside baselines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from seqtext.data.series.frequencies import seconds_of
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.errors import DataError
from seqtext.options import AT_LEAST_1, MOST_STEPS, at_most, out_of_range
from seqtext.reporting.evaluation import EvaluateOptions, Measured, chosen_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seqtext.data.series.series import SeriesSet
    from seqtext.tasks.forecasting.forecaster import Forecaster
    from seqtext.tasks.forecasting.parts import PartForecasts

HOUSEHOLD = "household"
MOST_VALUES = 4_000_000  # that are forecast where the distance of origins is given: 32 MB of each level
SHOWN_STEPS = 6  # of the horizon, in the lines that are printed


@dataclass(frozen=True, kw_only=True)
class Evaluate(SeriesTableOptions, EvaluateOptions):
    """Errors of forecasts in the units of the data: seqtext evaluate RUN --data later.csv --every 24h --horizon 48

    Each forecast needs the readings before it. They are those of --history, or of the split train beside the one that is measured, or
    the head of the file itself."""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """A file (csv, tsv, txt, jsonl, parquet; packed), a folder, a data set on the hub, or household, the simulated load."""
    history: str | None = None
    """File of the readings before those of --data, in the same layout. Default: the head of the data, as long as the model looks back."""
    test_share: float | None = None
    """Forecast only this last share of each series; what is before it is history. 0.2 is what the recipe tests on."""
    every: str | None = None
    """Time between two forecasts, as 24h, or readings, as 96; from the first reading that can be forecast on. Default: a reading."""
    horizon: int | None = None
    """Readings to forecast each time. Default: as many as the model was trained for."""
    baselines: Literal["none", "fast", "all"] = "fast"
    """Compare with nothing, with repeated readings, or also with ridge regression and boosted trees fitted to the readings before."""
    plot: str | None = None
    """Picture to draw, png, svg or pdf: the error by step ahead, and that of the worst series; of one series that of each forecast."""

    def _faults(self) -> list[str]:
        faults = [*EvaluateOptions._faults(self), *SeriesTableOptions._faults(self)]
        faults += out_of_range(self, {AT_LEAST_1: ("horizon",), at_most(MOST_STEPS): ("horizon",)})
        if self.every is not None and not _is_distance(self.every):
            faults.append(f"--every is {self.every}; expected a time such as 24h or 15min, or a number of readings")
        if self.test_share is not None and not 0 < self.test_share < 1:
            faults.append(f"--test_share is {self.test_share}; expected between 0 and 1")
        if self.test_share is not None and self.history is not None:
            faults.append("--history and --test_share both say what is history; give one of them")
        if self.data == (HOUSEHOLD,) and (self.split or self.revision or self.data_config):
            faults.append("--split, --revision and --data_config are of data sets; household has none")
        return faults


def measure(task: Forecaster, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a forecaster.

    Args:
        task: to measure.
        options: of the command.
        given: a table in the place of `--data`, or None.

    Raises:
        DataError: readings that cannot be used, series that training did not have, or too few readings.
        OptionsError: a horizon that the model cannot give, or a picture of a kind that there is not.
    """
    from seqtext.reporting.canvas import check_name
    from seqtext.tasks.forecasting.remarks import of_part
    from seqtext.tasks.forecasting.report.backtest_picture import backtest_picture
    from seqtext.tasks.forecasting.report.fitting import baselines_of, can_be_fitted, seasons
    from seqtext.tasks.forecasting.report.measured_spans import load_spans
    from seqtext.tasks.forecasting.report.measuring import Measuring
    from seqtext.tasks.forecasting.report.report import most_windows
    from seqtext.tasks.forecasting.rollout import check_horizon

    if options.plot:
        check_name(options.plot, flag="--plot")
    horizon = task.config.horizon if options.horizon is None else options.horizon
    check_horizon(task.config, horizon)
    data, source = load_spans(task, options, given, horizon=horizon)
    notes = list(data.notes)
    every = _readings(options.every, data.series)
    most = most_windows(task) if options.every is None else max(MOST_VALUES // horizon, 1)
    first = _drawn(task.positions(data.test, most=most, horizon=horizon, every=every), options.max_rows)
    made = task.forecasts(data.test, first, horizon=horizon)
    measuring = Measuring(task, data, first, made)
    test = measuring.of_model()
    if options.every is not None:
        test["every"] = every
    if test["mase"] is None and seasons(task, data):
        notes.append("no MASE: fewer than two seasons lie before the first forecast; give more with --history FILE")
    which = options.baselines
    if which == "all" and not can_be_fitted(task, data, horizon):
        which = "fast"
        notes.append(
            "nothing was fitted: too few readings lie before the first forecast; give more with --history FILE"
        )
    simple = baselines_of(task, data, first, which, levels=tuple(made.quantiles), horizon=horizon)
    if made.quantiles and simple and simple[0].quantiles is None:
        few = "too few readings lie before the first forecast; give more with --history FILE"
        notes.append(f"no quantiles of baselines: {few}")
    figures = {"test": test, "baselines": measuring.of_baselines(simple)}
    if options.plot:
        backtest_picture(measuring, figures, simple, options.plot)
    about = {"source": source, "notes": notes, "warnings": of_part(data.test, task.config, "test")}
    return Measured({**figures, "data": about}, _predictions(data.series, first, made))


def _is_distance(text: str) -> bool:
    """Whether it is a number of readings, or a time that is always the same."""
    if text.isdecimal():
        return 1 <= int(text) <= MOST_STEPS
    try:
        return seconds_of(text) is not None
    except ValueError:
        return False


def _readings(every: str | None, series: SeriesSet) -> int:
    """How many readings lie between two forecasts.

    Raises:
        DataError: a time, where readings have none or do not meet it.
    """
    if every is None or every.isdecimal():
        return int(every or 1)
    seconds = seconds_of(every) or 0
    if series.frequency is None:
        fix = "give a number of readings, such as --every 24"
        raise DataError(f"--every {every}, and the readings have no timestamps", where=series.name, fix=fix)
    if seconds % series.frequency:
        expected = f"a multiple of {series.frequency} s, the distance of readings"
        raise DataError(f"--every {every}", where=series.name, expected=expected)
    return seconds // series.frequency


def _drawn(first: NDArray[np.int64], most: int | None) -> NDArray[np.int64]:
    """At most so many of some positions, drawn with a fixed key, in order."""
    import numpy as np

    from seqtext.batching.keyed_permutation import KeyedPermutation

    if most is None or most >= len(first):
        return first
    return first[np.sort(KeyedPermutation(len(first), 0)(np.arange(most)))]


def _predictions(series: SeriesSet, first: NDArray[np.int64], made: PartForecasts) -> Iterator[Mapping[str, Any]]:
    """One line per window: whose, from when on, what came and what was forecast."""
    from seqtext.data.series.scaler import scale_of
    from seqtext.tasks.forecasting.written import digits_for

    numbers = series.series_at(first)
    times = None if not series.timed else series.times_at(first)
    digits = [digits_for(*scale_of(series.one(number))) for number in range(len(series))]
    for place, (number, at) in enumerate(zip(numbers.tolist(), first.tolist(), strict=True)):
        most = digits[number]
        when = {"reading": at - int(series.starts[number]) + 1} if times is None else {"time": str(times[place])}
        line = {"series": series.names[number], **when, "true": _plain(made.true[place], most)}
        line |= {"forecast": _plain(made.values[place], most)}
        yield line | {f"q{level:g}": _plain(values[place], most) for level, values in made.quantiles.items()}


def _plain(values: NDArray[np.float64], digits: int) -> list[float | None]:
    """Numbers for JSON, with so many digits, as forecasts are written; None where one is missing."""
    return [None if value != value else float(f"{value:.{digits}g}") for value in values.tolist()]


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a forecaster's report or evaluation found, as lines to print."""
    test = figures["test"]
    ahead = f"{test['horizon']:,} step{'' if test['horizon'] == 1 else 's'} ahead, {test['windows']:,} windows"
    if "every" in test:
        ahead += f", {test['every']:,} readings apart" if test["every"] > 1 else ", a reading apart"
    yield f"tested on {figures['data']['source']}, {ahead}: {_errors(test)}"
    yield from (f"  {name}: {_errors(one)}" for name, one in figures["baselines"].items())
    if (interval := test["interval"]) is not None:
        holds = f"holds {interval['coverage']:.1%} of the values, {interval['nominal']:.0%} wanted"
        yield f"  the interval {holds}; it is {interval['width']:.4g} wide"
    if "every" in test:
        yield from _by_step(figures)
    if test.get("by_series"):
        yield from _by_series(figures)
    yield from chosen_line(figures)


def _errors(figures: Mapping[str, Any]) -> str:
    mase = "" if figures["mase"] is None else f", MASE {figures['mase']:.3f}"
    named = {"pinball": "pinball", "crps": "CRPS", "wql": "WQL"}  # runs of old have the first alone
    more = "".join(f", {name} {figures[key]:.5g}" for key, name in named.items() if figures.get(key) is not None)
    return f"MSE {figures['mse']:.5g}, MAE {figures['mae']:.5g}{mase}{more}"


def _by_step(figures: Mapping[str, Any]) -> Iterator[str]:
    """Mean absolute errors of some steps, of the model and of the baselines."""
    horizon = figures["test"]["horizon"]
    if horizon == 1:
        return
    steps = sorted({round(horizon ** (place / (SHOWN_STEPS - 1))) for place in range(SHOWN_STEPS)})
    rows = {"MAE by step ahead": [f"{step:,}" for step in steps]}
    for name, one in {"this model": figures["test"], **figures["baselines"]}.items():
        errors = [one["by_step"][step - 1] for step in steps]
        rows[name] = ["" if error is None else f"{error:.4g}" for error in errors]
    yield from _table(rows)


def _by_series(figures: Mapping[str, Any]) -> Iterator[str]:
    """Mean, median and worst over the series, of the model and of the baselines."""
    of_model = figures["test"]["by_series"]
    measure = next(name for name in ("mase", "mae", "mse") if name in of_model)
    rows = {f"{measure.upper()} of {of_model['series']:,} series": ["mean", "median", "worst", "of"]}
    for name, one in {"this model": figures["test"], **figures["baselines"]}.items():
        told = one["by_series"][measure]
        rows[name] = [*(f"{told[key]:.4g}" for key in ("mean", "median", "worst")), told["worst_series"][:40]]
    yield from _table(rows)


def _table(rows: Mapping[str, list[str]]) -> Iterator[str]:
    """Cells below each other."""
    first = max(map(len, rows))
    widths = [max(map(len, column)) for column in zip(*rows.values(), strict=True)]
    for name, cells in rows.items():
        shown = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"  {name:<{first}}{shown}".rstrip()
