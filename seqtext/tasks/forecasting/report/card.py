"""What the card of a forecaster says: errors beside the baselines, and how far its intervals can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqtext.errors import shorten
from seqtext.reporting.card import Card
from seqtext.reporting.table import Row, Table, seconds_cell

FORMS = {"smape": ".1f", "mase": ".3f"}  # how errors are shown


def forecast_card(figures: Mapping[str, Any]) -> Card:
    """The card of a forecaster; `figures` are as in report/metrics.json."""
    test, data = figures["test"], figures["data"]
    told = [*interval_lines(test), *by_series_lines(test)]
    return Card(
        title=f"Forecasts of {data['source']}",
        kind="A forecaster",
        pipeline_tag="time-series-forecasting",
        usage=[
            'forecaster = seqtext.load("this folder")',
            "forecaster(history)  # an array of past readings, in the units of the data",
        ],
        results=[
            f"{test['horizon']:,} step(s) ahead, {test['windows']:,} windows of the test span of {data['series']:,} series, which lies"
            " after all readings that were learnt from or chosen by. Errors in the units of the data.",
            "",
            *compared(figures).markdown(),
            *([*told, ""] if told else []),
        ],
        unit="readings",
    )


def compared(figures: Mapping[str, Any], *, by: str | None = None) -> Table:
    """Model, model in the other context, and baselines, the best first; `figures` are as in report/metrics.json.

    Args:
        figures: of the run.
        by: the error that decides, `pinball` or else `mse` if None.
    """
    test = figures["test"]
    measure = by or measure_of(test)
    columns = {"MSE": "mse", "MAE": "mae", "RMSE": "rmse", "sMAPE": "smape"}
    named = {"pinball": "pinball", "CRPS": "crps", "WQL": "wql"}  # runs of old have the first alone
    columns |= {name: key for name, key in named.items() if test.get(key) is not None}
    columns |= {} if test["mase"] is None else {f"MASE, {test['season']}": "mase"}

    def row(name: str, errors: Mapping[str, Any], seconds: float | None = None, **more: Any) -> Row:
        cells = [
            "" if errors.get(column) is None else format(errors[column], FORMS.get(column, ".5g"))
            for column in columns.values()
        ]
        score = float("inf")  # of a baseline without quantiles
        if errors[measure] is not None:
            score = float(format(errors[measure], FORMS.get(measure, ".5g")))  # what is shown as equal is as good
        return Row(name, [*cells, seconds_cell(seconds)], -score, **more)

    rows = [row("this model", test, figures["training"]["seconds"], model=True)]
    rows += [row(name, errors) for name, errors in figures["other_context"].items()]
    for name, errors in figures["baselines"].items():
        rows.append(row(name, errors, errors["seconds"], baseline=name, description=errors["description"]))
    steps = "the next value" if test["horizon"] == 1 else f"{test['horizon']} steps"
    return Table(f"test, {steps} of {test['windows']:,} windows", [*columns, "seconds"], rows)


def measure_of(test: Mapping[str, Any]) -> str:
    """The error by which forecasts are compared."""
    return "mse" if test["pinball"] is None else "pinball"


def measures_of(test: Mapping[str, Any]) -> tuple[str, str]:
    """The two errors by which a baseline may be better, each of which is told."""
    return ("mse", "mae") if test["pinball"] is None else ("pinball", "mae")


def interval_lines(test: Mapping[str, Any]) -> list[str]:
    """What share of the values lies in the interval between two quantiles; no line without one."""
    if not (interval := test["interval"]):
        return []
    return [
        f"The interval that should hold {interval['nominal']:.0%} of the values holds {interval['coverage']:.1%};"
        f" its mean width is {interval['width']:.4g}."
    ]


def by_series_lines(test: Mapping[str, Any]) -> list[str]:
    """Mean, median and worst over the series; no line for one series."""
    if not (told := test.get("by_series")):
        return []
    measure = next(name for name in ("mase", "mae", "mse") if name in told)
    one = told[measure]
    return [
        f"{measure.upper()} of each of the {told['series']:,} series: mean {one['mean']:.4g}, median {one['median']:.4g},"
        f" worst {one['worst']:.4g} ({shorten(one['worst_series'])})."
    ]
