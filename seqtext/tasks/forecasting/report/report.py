"""After training a forecaster: test errors with baselines beside them, pictures and the model card. Test readings are used only here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from seqtext.data.series.series import Part
from seqtext.data.series.splits import SeriesSplits
from seqtext.errors import DataError
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, run_figures, write_report
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.parts import PartForecasts
from seqtext.tasks.forecasting.report.card import compared, forecast_card, interval_lines, measures_of
from seqtext.tasks.forecasting.report.drawings import draw, hours_of_day
from seqtext.tasks.forecasting.report.fitting import baselines_of, season_scales
from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray, forecast_metrics, mae_by_hour
from seqtext.tasks.forecasting.report.summary import forecast_summary
from seqtext.tasks.forecasting.rollout import Context
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

MOST_ONE_STEP, MOST_WINDOWS, MOST_SAMPLED = 1_000_000, 10_000, 500  # test windows, drawn with a fixed key above that
OTHER: dict[Context, str] = {"window": "this model, from a window each", "stateful": "this model, state carried"}


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
) -> Report:
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
    simple = baselines_of(task, data, first, baselines, levels=tuple(made.quantiles))
    figures = run_figures(_measured(task, data, first, made, simple), data_figures, result, source)
    if data.series.first_times is not None:
        hourly = mae_by_hour(made.true, made.values, hours_of_day(data.series, first, task.config.horizon))
        figures["test"]["mae_by_hour"] = [None if np.isnan(error) else float(error) for error in hourly]
    write_report(
        folder,
        figures,
        result,
        forecast_card(figures),
        score=Score("mse", "MSE, scaled", "scaled"),
        draw=lambda report: draw(task, data, first, made, simple, report, unit=unit),
    )
    return Report(figures, table(figures))


def reporter(task: Forecaster, train: Part, validation: Part, test: Part, options: TrainingOptions) -> Reporter:
    """What writes the report of `seqtext.fit`, once the spans are checked and summed up.

    Raises:
        DataError: for spans of other series than those of training.
    """
    if not train.series is validation.series is test.series:
        fix = "take all of them out of one set, as SeriesSet.join and split_by_time give them"
        raise DataError("spans of different sets of series", where="train, validation and test", fix=fix)
    data = SeriesSplits(train.series, train, validation, test, train.series.notes)
    facts = forecast_summary(task, data, options)[1]
    return lambda result, folder: forecast_report(task, data, result, folder, data_figures=facts, source=GIVEN)


def test_positions(task: Forecaster, data: SeriesSplits) -> IntArray:
    """(R,) where the measured forecasts begin: everywhere for one step, else a sample that spreads over the test span."""
    config = task.config
    most = MOST_ONE_STEP if config.horizon == 1 else MOST_SAMPLED if config.multi_step == "sampled" else MOST_WINDOWS
    return task.positions(data.test, most=most)


def _measured(
    task: Forecaster,
    data: SeriesSplits,
    first: IntArray,
    made: PartForecasts,
    simple: Sequence[Baseline[FloatArray]],
) -> dict[str, Any]:
    """Figures of the model, of the model in the context it was not trained for, and of the baselines, on the same windows."""
    config, number = task.config, data.series.series_at(first)
    season = season_scales(task, data)
    name, scales = (None, None) if season is None else (season[0], season[1][number])

    def errors(values: FloatArray, quantiles: Mapping[float, FloatArray]) -> dict[str, Any]:
        return forecast_metrics(
            made.true, values, scales=scales, series=number, season_name=name, quantiles=quantiles
        ).to_json()

    others = {}
    if (
        config.model == "plain"
        and config.head_horizon == config.horizon
        and not (config.center_windows or config.difference_input)
    ):
        context: Context = "stateful" if config.context == "window" else "window"
        other = task.forecasts(data.test, first, context=context)
        others[OTHER[context]] = errors(other.values, other.quantiles)
    return {
        "test": {"windows": len(first), "horizon": config.horizon, **errors(made.values, made.quantiles)},
        "other_context": others,
        "baselines": {one.name: one.figures(errors(one.predicted, one.quantiles or {})) for one in simple},
    }


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, and whether a baseline is better; `figures` are as in report/metrics.json."""
    lines = [*compared(figures).lines(), *interval_lines(figures["test"])]
    for measure in measures_of(figures["test"]):
        lines += compared(figures, by=measure).better_baseline(partial(_margin, measure), unit="readings")
    return lines


def _margin(measure: str, ours: float, theirs: float) -> str:
    """How much less a baseline's error is, of the negative errors that rows are sorted by."""
    named = {"mse": "MSE", "mae": "MAE", "pinball": "pinball loss"}[measure]
    return f"{ours / min(theirs, -1e-300) - 1:.1%} of {named}"
