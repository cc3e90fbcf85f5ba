"""Errors of forecasts behind the same positions, of the model and of baselines: all figures that reports and evaluations have.

Knows series and spans; what each figure is, `metrics`, `quantile_figures` and `by_series` know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqtext.data.series.splits import SeriesSplits
from seqtext.reporting.baseline import Baseline
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.parts import PartForecasts
from seqtext.tasks.forecasting.report.by_series import by_series
from seqtext.tasks.forecasting.report.drawings import hours_of_day
from seqtext.tasks.forecasting.report.fitting import season_scales
from seqtext.tasks.forecasting.report.metrics import FloatArray, IntArray, forecast_metrics, mae_by_hour
from seqtext.tasks.forecasting.report.quantile_figures import CRPS_LEVELS
from seqtext.tasks.forecasting.spread import Levels


class Measuring:
    """What came behind some positions, to measure forecasts by.

    Args:
        task: the forecaster.
        data: the spans.
        first: (R,) positions.
        made: what it forecast there.
    """

    def __init__(self, task: Forecaster, data: SeriesSplits, first: IntArray, made: PartForecasts) -> None:
        self.task, self.data, self.first, self.made = task, data, first, made
        self.number = data.series.series_at(first)
        season = season_scales(task, data)
        self.season = None if season is None else season[0]
        self.scales = None if season is None else season[1][self.number]

    def errors(self, values: FloatArray, quantiles: Mapping[float, FloatArray]) -> dict[str, Any]:
        """Figures of forecasts (R, H), and of their quantiles, as plain numbers."""
        true, levels = self.made.true, tuple(self.made.quantiles) if quantiles else ()
        figures = forecast_metrics(
            true,
            values,
            scales=self.scales,
            series=self.number,
            season_name=self.season,
            quantiles=quantiles,
            levels=levels,
        ).to_json()
        names = self.data.series.names
        figures["by_series"] = by_series(
            true, values, self.number, names, scales=self.scales, quantiles=quantiles, levels=levels
        )
        return figures

    def of_model(self) -> dict[str, Any]:
        """Figures of the model itself."""
        made, horizon = self.made, self.made.true.shape[1]
        quantiles: Mapping[float, FloatArray] = made.quantiles
        if len(quantiles) > 1:
            below_zero = bool((self.data.series.values < 0).any())
            quantiles = Levels(quantiles, self.task.config.spread(below_zero=below_zero), CRPS_LEVELS)
        figures = {"windows": len(self.first), "horizon": horizon, **self.errors(made.values, quantiles)}
        if self.data.series.first_times is not None:
            hours = hours_of_day(self.data.series, self.first, horizon)
            hourly = mae_by_hour(made.true, made.values, hours)
            figures["mae_by_hour"] = [None if np.isnan(error) else float(error) for error in hourly]
        return figures

    def of_baselines(self, simple: Sequence[Baseline[FloatArray]]) -> dict[str, Any]:
        """Figures of each baseline by its name."""
        return {one.name: one.figures(self.errors(one.predicted, one.quantiles or {})) for one in simple}
