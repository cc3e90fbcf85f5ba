"""After training a forecaster: test errors with baselines beside them, pictures and the model card. Test readings are used only here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from seqtext.data.series.series import Part
from seqtext.data.series.splits import SeriesSplits
from seqtext.errors import DataError
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baseline, Baselines
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, run_figures, write_report
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.report.card import by_series_lines, compared, forecast_card, interval_lines, measures_of
from seqtext.tasks.forecasting.report.drawings import draw
from seqtext.tasks.forecasting.report.fitting import baselines_of
from seqtext.tasks.forecasting.report.measuring import Measuring
from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray
from seqtext.tasks.forecasting.report.protocol import Protocol, named_forecasts, protocol_figures, protocol_lines
from seqtext.tasks.forecasting.report.summary import forecast_summary
from seqtext.tasks.forecasting.rollout import Context
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

MOST_ONE_STEP, MOST_WINDOWS, MOST_SAMPLED = 1_000_000, 10_000, 500  # test windows, drawn with a fixed key above that
MEASURES = {"mse": "MSE", "mae": "MAE", "pinball": "pinball loss"}
FEW_TIMES = 100  # an error is so many times another one, beyond which no percentage says it
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
    protocol: Protocol = "none",
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
        protocol: that the spans are of: figures as papers have them, on all windows.
    """
    task.model.to("cpu")
    first = task.positions(data.test, most=len(data.test) if protocol == "ett" else most_windows(task))
    made = task.forecasts(data.test, first)
    simple = baselines_of(task, data, first, baselines, levels=tuple(made.quantiles))
    measured = _measured(task, data, first, Measuring(task, data, first, made), simple)
    figures = run_figures(measured, data_figures, result, source)
    if protocol == "ett":
        named = named_forecasts(made.values, simple)
        figures["protocol"] = protocol_figures(task, data.series, first, made.true, named)
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


def most_windows(task: Forecaster) -> int:
    """Forecasts that are measured at most: everywhere for one step, else a sample that spreads over the test span."""
    config = task.config
    return MOST_ONE_STEP if config.horizon == 1 else MOST_SAMPLED if config.multi_step == "sampled" else MOST_WINDOWS


def _measured(
    task: Forecaster,
    data: SeriesSplits,
    first: IntArray,
    measuring: Measuring,
    simple: Sequence[Baseline[FloatArray]],
) -> dict[str, Any]:
    """Figures of the model, of the model in the context it was not trained for, and of the baselines, on the same windows."""
    config, others = task.config, {}
    if (
        config.model == "plain"
        and config.head_horizon == config.horizon
        and not (config.center_windows or config.difference_input)
    ):
        context: Context = "stateful" if config.context == "window" else "window"
        other = task.forecasts(data.test, first, context=context)
        others[OTHER[context]] = measuring.errors(other.values, other.quantiles)
    return {
        "test": measuring.of_model(),
        "other_context": others,
        "baselines": measuring.of_baselines(simple),
    }


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, and whether a baseline is better; `figures` are as in report/metrics.json."""
    lines = [*compared(figures).lines(), *interval_lines(figures["test"]), *by_series_lines(figures["test"])]
    for measure in measures_of(figures["test"]):
        by = compared(figures, by=measure)
        said = by.better_baseline(partial(_margin, measure), unit="readings") or _best(measure, figures)
        lines += [line for line in said if line not in lines]  # as good by both is said once
    return [*lines, *(protocol_lines(figures["protocol"]) if "protocol" in figures else ())]


def _best(measure: str, figures: Mapping[str, Any]) -> list[str]:
    """A line of how much better the model is than the best baseline; none where there is nothing to compare with."""
    theirs = {name: one[measure] for name, one in figures["baselines"].items() if one[measure] is not None}
    if not theirs:
        return []
    name = min(theirs, key=lambda one: theirs[one])
    less = f"{1 - figures['test'][measure] / theirs[name]:.1%}"  # which is not zero, or it were no more than ours
    return [f"By {MEASURES[measure]} this model is best, {less} below {name}."]


def _margin(measure: str, ours: float, theirs: float) -> str:
    """How much less a baseline's error is, of the negative errors that rows are sorted by; both where it is a small part."""
    if ours < FEW_TIMES * theirs:
        return f"{MEASURES[measure]}, {-theirs:.5g} instead of {-ours:.5g},"
    return f"{ours / theirs - 1:.1%} of {MEASURES[measure]}"
