"""What a forecaster is where nobody says so: model, seasons, window, size, from the step, number and length of the series. The rule.

Knows the spans of training, no weights.
"""

from __future__ import annotations

from math import isqrt
from typing import Any, Literal

import numpy as np

from seqtext.data.series.repeating import repeats
from seqtext.data.series.series import DAY, WEEK, YEAR, Part
from seqtext.tasks.forecasting.filling import nearer_fill
from seqtext.tasks.forecasting.settings import ForecastSettings

SEGMENTS = 28  # of a window: a week of quarters of a day
MOST_WINDOW = 1024  # readings, unless a day has more than half of that
LEAST_WINDOW = 32
# Readings of a day, above which a window is two days longer than a week where it then has not more than MOST_LONGER, and tells how the
# days before went a week ago. Half-hourly demand is forecast far better so, a day ahead by two fifths of the squared error; hourly readings
# are not, and those of quarters of an hour a little worse.
HOURS, MOST_LONGER = 24, 512
NEAR = (24, 96)  # last readings that are two days, least and most
MOST_RECENT = 192  # of a window that is not longer, all readings are read one by one
# Of a longer one as many as this allows, their square times the horizon: what the closed form of the linear path costs; for one step,
# where it is solved for that alone, MOST_WINDOW.
SQUARES, FEW_STEPS = 12_000_000, 28
SEASONS_NEEDED = 3  # in the training span of the shortest series, for a season to be read
SIZES = ((2_000, 16), (20_000, 32), (0, 64))  # up to so many readings: units
# However many readings there are: the year behind them is another one. Without it validation looks better, and what comes later is not.
DROPOUT = 0.2
FARTHER = 2  # readings before the one a season ago that are read beside it
WEEKS_OF_A_YEAR, MONTHS_OF_A_YEAR = 52, 12


def chosen(settings: ForecastSettings, train: Part) -> dict[str, Any]:
    """Fields of the config that the settings leave open.

    Seasons are a day and a week by the timestamps, a year of weekly or monthly readings, or else after how many readings they repeat; those
    of which the shortest series has three. The window is the longest of them (two days more of half-hours), two of the
    shortest at least, and a sixth of the shortest series at most. Units are 16 below 2,000 readings, 32 below 20,000, else 64.
    """
    if settings.model == "plain" or (settings.model == "auto" and settings.of_plain):
        return _plain(settings)
    series, horizon = train.series, settings.horizon
    number = series.series_at(train.spans[:, 0])
    shortest = min(
        int(train.spans[number == one][:, 1].max() - train.spans[number == one][:, 0].min())
        for one in np.unique(number)
    )
    known, farthest = _seasons(settings, train), settings.look_back or shortest
    seasons = tuple(
        season for season in known if shortest >= SEASONS_NEEDED * season + horizon and season + FARTHER <= farthest
    )
    window = min(settings.window or _window(seasons, shortest), farthest)
    lags = tuple(
        min(_lags(place, seasons, shortest, horizon), farthest // season) for place, season in enumerate(seasons)
    )
    day = seasons[0] if seasons else NEAR[0]
    recent = MOST_WINDOW if horizon == 1 else max(MOST_RECENT, isqrt(SQUARES // max(horizon, FEW_STEPS)))
    recent = min(window, recent)
    units = next(units for most, units in SIZES if len(train) < most or not most)
    seconds = None if series.frequency is None else shortest * series.frequency
    calendar = series.frequency is not None
    return {
        "model": "linear" if settings.model == "linear" else "segments",
        "window": window,
        "cell": settings.cell or "gru",
        "hidden_size": settings.hidden_size or units,
        "num_layers": settings.num_layers or 1,
        "head_dropout": DROPOUT if settings.head_dropout is None else settings.head_dropout,
        "huber_delta": settings.huber_delta or 1.0,
        "difference": "none",
        "calendar": calendar,
        "fill": settings.fill if settings.fill != "auto" else nearer_fill(train, seasons),
        "nonnegative": _nonnegative(settings, train),
        "seasons": seasons,
        "season_lags": lags,
        "segment": _segment(window),
        "recent": recent,
        "near": min(recent, max(NEAR[0], min(2 * day, NEAR[1])), max(shortest // 12, 1))
        if window > MOST_RECENT
        else recent,
        "yearly": calendar and seconds is not None and seconds >= YEAR,
    }


def _plain(settings: ForecastSettings) -> dict[str, Any]:
    """The plain (Elman) RNN of textbooks, where nothing else is said."""
    return {
        "model": "plain",
        "window": settings.window or 96,
        "cell": settings.cell or "rnn",
        "hidden_size": settings.hidden_size or 32,
        "num_layers": settings.num_layers or 2,
        "head_dropout": settings.head_dropout or 0.0,
        "huber_delta": settings.huber_delta or 0.05,
        "difference": settings.difference or "last",
        "fill": "last",
        "nonnegative": "yes" if settings.nonnegative == "yes" else "no",
    }


def _seasons(settings: ForecastSettings, train: Part) -> tuple[int, ...]:
    """Readings of the seasons that there may be, rising."""
    series = train.series
    known = set(series.seasons().values())
    if settings.season:
        longer = known or repeats([train.values_of(number) for number in range(len(series))])
        return tuple(sorted({settings.season, *(season for season in longer if season % settings.season == 0)}))
    if series.frequency is not None:
        if series.frequency == WEEK:
            known.add(WEEKS_OF_A_YEAR)
        elif series.frequency >= 28 * DAY:
            known.add(MONTHS_OF_A_YEAR)
    return tuple(sorted(known)) or repeats([train.values_of(number) for number in range(len(series))])


def _window(seasons: tuple[int, ...], shortest: int) -> int:
    """Readings of a window."""
    if not seasons:
        return max(min(LEAST_WINDOW, shortest // 6), 2)
    longer = seasons[-1] + 2 * seasons[0] if len(seasons) > 1 and seasons[0] > HOURS else 0
    wanted = max(longer if longer <= MOST_LONGER else 0, seasons[-1], 2 * seasons[0], LEAST_WINDOW)
    wanted = min(wanted, max(MOST_WINDOW, 2 * seasons[0]))
    return max(min(wanted, shortest // 6), seasons[0])


def _lags(place: int, seasons: tuple[int, ...], shortest: int, horizon: int) -> int:
    """How many of a season back are read: the days of a week, four weeks; as far as a third of the shortest series reaches."""
    season = seasons[place]
    inside = place + 1 < len(seasons) and seasons[place + 1] % season == 0
    wanted = min(seasons[place + 1] // season, 7) if inside else 4
    return min(wanted, max((shortest // 3 - horizon) // season, 1))


def _segment(window: int) -> int:
    """Readings of a segment: the most that divide the window into 28 of them at least."""
    return next(size for size in range(max(window // SEGMENTS, 1), 0, -1) if window % size == 0)


def _nonnegative(settings: ForecastSettings, train: Part) -> Literal["auto", "yes", "no"]:
    """auto, as long as no reading is below zero, where none of training is and some are not zero."""
    if settings.nonnegative != "auto":
        return settings.nonnegative
    values = np.concatenate([train.series.values[first:end] for first, end in train.spans.tolist()])
    values = values[~np.isnan(values)]
    return "auto" if len(values) and values.min() >= 0 and values.max() > 0 else "no"
