"""What a new forecaster starts from: scales, weights, lag and inputs, out of the training span alone. Knows series, no weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqtext.data.series.scaler import fit_input_scales, fit_scales, season_weights
from seqtext.data.series.series import Part, SeriesSet
from seqtext.errors import OptionsError
from seqtext.saving.configs import settings_of, to_plain
from seqtext.tasks.forecasting.choices import chosen
from seqtext.tasks.forecasting.settings import ForecastConfig, ForecastSettings


def prepare(train: Part, settings: Mapping[str, Any]) -> ForecastConfig:
    """The config for some series.

    Args:
        train: the span of training.
        settings: fields of `ForecastSettings`; the others have their defaults.

    Raises:
        DataError: if a series has no reading to scale by.
        OptionsError: for an unknown setting, or one that the series cannot have.
    """
    series, wanted = train.series, settings_of(ForecastSettings, settings)
    means, scales = fit_scales(train)
    input_means, input_scales = fit_input_scales(train)
    columns = series.values if series.inputs is None else np.column_stack([series.values, series.inputs])
    choices = chosen(wanted, train)
    if series.known_ahead and choices["model"] == "plain":
        names = ", ".join(series.known_ahead)
        raise OptionsError(
            f"a plain model reads no columns that are known ahead ({names})",
            fix="pass --model segments, or --past_columns",
        )
    return ForecastConfig(
        **to_plain(wanted) | {"quantiles": wanted.output.levels, "loss": wanted.output.loss} | choices,
        series=series.names,
        means=means,
        scales=scales,
        weights=season_weights(train, scales, _season(wanted, series, "--loss_units season"))
        if wanted.loss_units == "season"
        else (),
        frequency=series.frequency,
        months=series.months,
        zoned=series.zone is not None,
        time_zone=series.zone,
        marks_missing=any(bool(np.isnan(columns[a:b]).any()) for a, b in train.spans.tolist()),
        difference_lag=_difference_lag(wanted, series) if choices["model"] == "plain" else 0,
        input_names=series.input_names,
        known_ahead=tuple(place for place, name in enumerate(series.input_names) if name in series.known_ahead),
        input_means=input_means,
        input_scales=input_scales,
    )


def _difference_lag(settings: ForecastSettings, series: SeriesSet) -> int:
    """How many readings back the value lies that forecasts are counted from; 0 for none."""
    if settings.difference in ("none", "last", None):
        return int(settings.difference != "none")
    return _season(settings, series, f"--difference {settings.difference}", week=settings.difference == "week")


def _season(settings: ForecastSettings, series: SeriesSet, flag: str, *, week: bool = False) -> int:
    """Readings of a week; or of the season that was set, or else of a day."""
    seasons = series.seasons()
    found = seasons.get("week") if week else settings.season or seasons.get("day")
    if found is None:
        choice = "--season READINGS" if flag.startswith("--loss_units") else "--difference season --season READINGS"
        fix = f"pass {choice}, or name the time column"
        raise OptionsError(f"{flag} of series without timestamps that say how long it is", fix=fix)
    return found
