"""What the card of a forecaster says: errors beside the baselines, and how far its intervals can be trusted. Figures in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqtext.reporting.card import Card, markdown_cell, markdown_table

ERRORS = {"MSE": "mse", "MAE": "mae", "sMAPE": "smape", "MASE": "mase", "pinball": "pinball"}


def forecast_card(figures: Mapping[str, Any]) -> Card:
    """The card of a forecaster; `figures` are as in report/metrics.json."""
    test, data = figures["test"], figures["data"]
    models = [
        ("**this model**", test),
        *figures["other_context"].items(),
        *((markdown_cell(f["description"]), f) for f in figures["baselines"].values()),
    ]
    results = [
        f"{test['horizon']:,} step(s) ahead, {test['windows']:,} windows of the test span of {data['series']:,} series, which lies after"
        " all readings that were learnt from or chosen by. Errors in the units of the data.",
        "",
        *markdown_table(["model", *ERRORS], ([name, *_cells(f)] for name, f in models)),
    ]
    if interval := test["interval"]:
        results += [
            f"The interval that should hold {interval['nominal']:.0%} of the values holds {interval['coverage']:.1%};"
            f" its mean width is {interval['width']:.4g}.",
            "",
        ]
    return Card(
        title=f"Forecasts of {data['source']}",
        kind="A forecaster",
        pipeline_tag="time-series-forecasting",
        usage=[
            'forecaster = seqtext.load("this folder")',
            "forecaster(history)  # an array of past readings, in the units of the data",
        ],
        results=results,
        unit="readings",
    )


def _cells(figures: Mapping[str, Any]) -> list[str]:
    return ["-" if figures[key] is None else f"{figures[key]:.5g}" for key in ERRORS.values()]
