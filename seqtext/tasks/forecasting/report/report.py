"""After training a forecaster: test errors with baselines beside them, pictures and the model card. Test readings are used only here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.series.splits import SeriesSplits
from seqtext.reporting.report import command_line, training_figures
from seqtext.saving.folders import write_json, write_text
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.parts import PartForecasts
from seqtext.tasks.forecasting.report.baselines import Rival
from seqtext.tasks.forecasting.report.card import forecast_card
from seqtext.tasks.forecasting.report.drawings import draw, hours_of_day
from seqtext.tasks.forecasting.report.fitting import Baselines, rivals, season_scales
from seqtext.tasks.forecasting.report.metrics import ForecastMetrics, forecast_metrics, mae_by_hour
from seqtext.tasks.forecasting.rollout import Context
from seqtext.training.fit import FitResult
from seqtext.training.run_folder import RunFolder

MOST_ONE_STEP, MOST_WINDOWS, MOST_SAMPLED = 1_000_000, 10_000, 500  # test windows, drawn with a fixed key above that


class ForecastReport(NamedTuple):
    """What was measured: figures as in report/metrics.json, and lines to print."""

    figures: dict[str, Any]
    table: list[str]


class _Measured(NamedTuple):
    """One line of the table."""

    name: str
    description: str
    metrics: ForecastMetrics
    seconds: float | None


def forecast_report(
    task: Forecaster,
    data: SeriesSplits,
    result: FitResult,
    folder: RunFolder,
    *,
    data_figures: Mapping[str, Any],
    source: str,
    baselines: Baselines = "all",
    unit: str = "",
) -> ForecastReport:
    """Writes report/ and the model card.

    Args:
        task: with the chosen weights.
        data: whose test span is forecast, now for the first time.
        result: of training.
        folder: of the run.
        data_figures: what the summary found out about the data.
        source: name of the data, with its revision where it has one.
        baselines: `fast` repeats readings, `all` also fits ridge regression and boosted trees.
        unit: of the readings, for the pictures.
    """
    task.model.to("cpu")
    first = test_positions(task, data)
    made = task.forecasts(data.test, first)
    others = rivals(task, data, first, baselines)
    measured = _measure(task, data, first, made, others, result)
    figures = {
        "test": {"windows": len(first), "horizon": task.config.horizon, **measured[0].metrics.to_json()},
        "other_context": {m.name: m.metrics.to_json() for m in measured[1:] if m.name in _OTHER.values()},
        "baselines": {
            m.name: {"description": m.description, "seconds": round(m.seconds or 0.0, 2), **m.metrics.to_json()}
            for m in measured[1:]
            if m.name not in _OTHER.values()
        },
        "data": {"source": source, **data_figures},
        "training": training_figures(result),
    }
    if data.series.first_times is not None:
        hourly = mae_by_hour(made.true, made.values, hours_of_day(data.series, first, task.config.horizon))
        figures["test"]["mae_by_hour"] = [None if np.isnan(error) else float(error) for error in hourly]
    folder.report.mkdir(exist_ok=True)
    write_json(folder.report / "metrics.json", figures)
    pictures = draw(task, data, first, made, others, result, folder.report, unit=unit)
    command = command_line()
    write_text(
        folder.card, forecast_card(title=f"Forecasts of {source}", command=command, figures=figures, pictures=pictures)
    )
    folder.seal()
    return ForecastReport(figures, table(measured, windows=len(first), horizon=task.config.horizon))


def test_positions(task: Forecaster, data: SeriesSplits) -> NDArray[np.int64]:
    """(R,) where the measured forecasts begin: everywhere for one step, else a sample that spreads over the test span."""
    config = task.config
    most = MOST_ONE_STEP if config.horizon == 1 else MOST_SAMPLED if config.multi_step == "sampled" else MOST_WINDOWS
    return task.positions(data.test, most=most)


_OTHER: dict[Context, str] = {"window": "this model, from a window each", "stateful": "this model, state carried"}


def _measure(
    task: Forecaster,
    data: SeriesSplits,
    first: NDArray[np.int64],
    made: PartForecasts,
    others: list[Rival],
    result: FitResult,
) -> list[_Measured]:
    """The model, the model in the context it was not trained for, and the rivals, on the same windows."""
    number = data.series.series_at(first)
    season = season_scales(task, data)
    name, scales = (None, None) if season is None else (season[0], season[1][number])

    def metrics(values: NDArray[np.float64], quantiles: Mapping[float, NDArray[np.float64]]) -> ForecastMetrics:
        return forecast_metrics(made.true, values, scales=scales, series=number, season_name=name, quantiles=quantiles)

    measured = [_Measured("this model", "this model", metrics(made.values, made.quantiles), result.seconds)]
    if task.config.head_horizon == task.config.horizon and not (
        task.config.center_windows or task.config.difference_input
    ):
        context: Context = "stateful" if task.config.context == "window" else "window"
        other = task.forecasts(data.test, first, context=context)
        measured.append(
            _Measured(_OTHER[context], "not what it was trained for", metrics(other.values, other.quantiles), None)
        )
    for rival in others:
        # a rival says one value, which is all its quantiles at once
        same = dict.fromkeys(made.quantiles, rival.forecast)
        measured.append(_Measured(rival.name, rival.description, metrics(rival.forecast, same), rival.seconds))
    return measured


def table(measured: list[_Measured], *, windows: int, horizon: int) -> list[str]:
    """Model and baselines, the best first, with an honest last line."""
    model = measured[0]
    pinball = model.metrics.pinball is not None
    key = "pinball" if pinball else "mse"
    rows = sorted(measured, key=lambda m: getattr(m.metrics, key))
    width = max(len(m.name) for m in rows)
    steps = "the next value" if horizon == 1 else f"{horizon} steps"
    title = f"test, {steps} of {windows:,} windows"
    width = max(width, len(title))
    mase = f"  MASE, {model.metrics.season}" if model.metrics.mase is not None else ""
    lines = [f"{title:<{width}}       MSE       MAE      RMSE  sMAPE{'   pinball' if pinball else ''}  seconds{mase}"]
    for m in rows:
        f = m.metrics
        seconds = "" if m.seconds is None else f"{m.seconds:.0f}"
        quantile = f" {f.pinball:>9.5g}" if pinball else ""
        season = "" if f.mase is None else f"  {f.mase:.3f}"
        lines.append(
            f"{m.name:<{width}} {f.mse:>9.5g} {f.mae:>9.5g} {f.rmse:>9.5g} {f.smape:>6.1f}{quantile} {seconds:>8}{season}"
        )
    if interval := model.metrics.interval:
        lines.append(
            f"the interval that should hold {interval.nominal:.0%} of the values holds {interval.coverage:.1%};"
            f" it is {interval.width:.4g} wide"
        )
    best = next((m for m in rows if m.seconds is not None), model)
    if best.name != model.name:
        ratio = getattr(model.metrics, key) / max(getattr(best.metrics, key), 1e-300) - 1
        lines.append(
            f"{best.name} is better by {ratio:.1%} of {key.upper()} here: use that, or train longer, or on more."
        )
    return lines
