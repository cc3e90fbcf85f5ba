"""The simulated electricity load of one household, a reading every quarter of an hour, by chance that depends on a seed.

Nobody's load was measured for it: whoever shows it calls it simulated. It knows nothing of files, windows or models.

    part         what it is                                     size                  what it asks of a forecast
    base         router, clocks, everything on standby          0.12 kW, always       a level
    heating      its pump, by the season and the weather        up to 0.25 kW         a year
    habits       light, cooking, screens: morning and evening,  up to 0.6 kW          a day and a week
                 on weekends later, and at noon; more in winter
    weather      heating and habits times a factor that drifts  a quarter up or down  the last hours: AR(1) of 30 hours
    flicker      heating and habits, each quarter by itself     a twelfth             nothing: this stays unknown
    fridge       on for 19 minutes, off for 26                  0.11 kW               when it was last on
    appliances   oven, washing machine, dishwasher, kettle,     0.1 to 2.2 kW         what was switched on, and when:
                 vacuum cleaner, television                                           the programme then takes its course

The last value is a poor forecast, because a peak does not last, and the mean of such days is another, because no day has
its peaks at the usual minute. Programmes reward a memory: a dishwasher heats, washes almost without power for three
quarters of an hour, and heats again. Powers belong to an appliance and stay; starts, lengths and days are drawn anew.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seqtext.errors import OptionsError

FloatArray: TypeAlias = NDArray[np.float64]

MINUTES = 24 * 60
READINGS = 96  # a day
MOST_DAYS = 10_000  # whose minutes still fit in the memory of a small machine

_BASE = 0.12  # kW
_HEATING = 0.25  # kW in mid-January
_WEATHER_HOURS, _WEATHER_SIZE = 30.0, 0.25  # the time constant; the standard deviation of the factor's logarithm
_FLICKER = 0.08
_FRIDGE = 110  # W
_FRIDGE_ON, _FRIDGE_OFF = (19.0, 1.5), (26.0, 2.0)  # minutes: mean and standard deviation
_FRIDGE_CYCLES = 40  # drawn for a day: more than ever fit, so that they last to the end

# Hour of the middle, hours of width, kW.
_WORKDAY = ((7.0, 0.8, 0.30), (19.5, 2.0, 0.45))
_WEEKEND = ((9.3, 1.3, 0.28), (13.0, 1.5, 0.20), (20.0, 2.3, 0.42))


class Load(NamedTuple):
    """A simulated load of N readings.

    Attributes:
        times: (N,) datetime64[s], the beginning of each quarter of an hour; a local clock without changes.
        values: (N,) kW, the mean of that quarter, to the watt.
    """

    times: NDArray[np.datetime64]
    values: FloatArray


class _Use(NamedTuple):
    """One usual use of an appliance.

    Attributes:
        phases: minutes and watts, in order.
        hours: when it usually starts, on workdays and on weekends.
        spread: standard deviation of the start, in hours.
        chances: that a workday, and that a day of a weekend, has it.
        stretch: the length is drawn between 1 - stretch and 1 + stretch of the usual.
    """

    phases: tuple[tuple[int, int], ...]
    hours: tuple[float, float]
    spread: float
    chances: tuple[float, float]
    stretch: float


_KETTLE = ((4, 2000),)
_USES = (
    _Use(_KETTLE, (6.8, 8.8), 0.3, (0.9, 0.9), 0.3),
    _Use(_KETTLE, (16.5, 15.5), 1.0, (0.4, 0.7), 0.3),
    _Use(_KETTLE, (20.8, 21.0), 0.7, (0.5, 0.5), 0.3),
    # An oven heats up, then its thermostat holds it: on average half the power.
    _Use(((15, 2200), (35, 950)), (18.2, 12.2), 0.5, (0.45, 0.6), 0.2),
    # Heat, wash and rinse, spin.
    _Use(((25, 2000), (65, 180), (15, 450)), (17.5, 10.5), 1.5, (0.25, 0.7), 0.1),
    # Heat, wash, heat to rinse, dry.
    _Use(((20, 1800), (45, 90), (20, 1800), (30, 60)), (20.5, 14.3), 0.6, (0.6, 0.7), 0.1),
    _Use(((20, 850),), (17.0, 11.0), 1.2, (0.1, 0.4), 0.3),
    _Use(((150, 120),), (19.8, 19.0), 0.7, (0.8, 0.9), 0.4),
)


def household(*, days: int = 730, seed: int = 0, start: str = "2023-01-02") -> Load:
    """Simulates the load of one household; the first days of a longer simulation are the same.

    Args:
        days: how long; 96 readings each.
        seed: another one, other days; usual times and powers stay.
        start: the first day, as in 2023-01-02; it says which days are weekends, and the season.

    Raises:
        OptionsError: for a number of days, a seed or a date that cannot be had.
    """
    first = _first_day(days, seed, start)
    times = first.astype("datetime64[s]") + np.arange(days * READINGS) * np.timedelta64(900, "s")
    dates = first + np.arange(days)
    weekend = (dates.astype(np.int64) + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    chance = _draw(days, seed)
    cold = _cold(dates)
    factor = _weather(chance.weather) * np.exp(_FLICKER * chance.flicker)
    moved = (_HEATING * cold**2 + _habits(weekend, cold)) * factor
    watts = _appliances(weekend, chance) + _fridge(chance.cycles)
    # To the watt, as a meter would; so the last bits of exp and cos, which differ between machines, do not show.
    return Load(times, np.round(_BASE + moved.ravel() + watts / 1000, 3))


def _first_day(days: int, seed: int, start: str) -> np.datetime64:
    where = "household"
    if not 1 <= days <= MOST_DAYS:
        raise OptionsError(f"found {days:,} days", where=where, expected=f"1 to {MOST_DAYS:,}")
    if seed < 0:
        raise OptionsError(f"found seed {seed}", where=where, expected="0 or more")
    try:
        return np.datetime64(date.fromisoformat(start))
    except ValueError as error:
        raise OptionsError(f"found start {start!r}", where=where, expected="a date such as 2023-01-02") from error


class _Chance(NamedTuple):
    """All draws there are, a row a day: U usual uses, Q quarters, C cycles of the fridge. Normal ones, but for the last two.

    Attributes:
        weather: (days, 1 + Q); the first column is where the first day begins.
        flicker: (days, Q).
        cycles: (days, 2 * C), for on and off in turn.
        starts: (days, U).
        whether: (days, U), uniform.
        lengths: (days, U), uniform.
    """

    weather: FloatArray
    flicker: FloatArray
    cycles: FloatArray
    starts: FloatArray
    whether: FloatArray
    lengths: FloatArray


def _draw(days: int, seed: int) -> _Chance:
    """Each day's draws are a function of seed and day, so that it does not matter how many days there are."""
    uses = len(_USES)
    ends = np.cumsum([1 + READINGS, READINGS, 2 * _FRIDGE_CYCLES, uses])
    normal, uniform = np.empty((days, ends[-1])), np.empty((days, 2 * uses))
    for day in range(days):
        random = np.random.default_rng([seed, day])
        random.standard_normal(out=normal[day])
        random.random(out=uniform[day])
    return _Chance(*np.split(normal, ends[:-1], axis=1), *np.split(uniform, 2, axis=1))


def _cold(dates: NDArray[np.datetime64]) -> FloatArray:
    """(days, 96), 0 in mid-July to 1 in mid-January."""
    since = (dates - np.datetime64("2000-01-15")).astype(np.float64)[:, None] + np.arange(READINGS) / READINGS
    return 0.5 + 0.5 * np.cos(2 * np.pi * since / 365.2425)


def _habits(weekend: NDArray[np.bool_], cold: FloatArray) -> FloatArray:
    """(days, 96) kW of a usual day; more light in winter."""
    hours = (np.arange(READINGS) + 0.5) / 4
    usual = np.zeros((2, READINGS))
    for kind, bumps in enumerate((_WORKDAY, _WEEKEND)):
        for middle, width, size in bumps:
            away = (hours - middle + 12) % 24 - 12  # a late evening goes on after midnight
            usual[kind] += size * np.exp(-0.5 * (away / width) ** 2)
    return usual[weekend.astype(np.int64)] * (0.75 + 0.6 * cold)


def _weather(normal: FloatArray) -> FloatArray:
    """(days, 96) of a factor around 1 whose logarithm is an AR(1), out of (days, 97) draws.

    A day at once, since only its last value goes on into the next.
    """
    keep = np.exp(-1 / (4 * _WEATHER_HOURS))
    ago = np.arange(READINGS)[:, None] - np.arange(READINGS)
    within = np.where(ago >= 0, keep ** np.maximum(ago, 0), 0.0)
    drift = np.sqrt(1 - keep**2) * normal[:, 1:] @ within.T
    fading = keep ** np.arange(1, READINGS + 1)
    last = normal[0, 0]
    for day in range(len(drift)):
        drift[day] += last * fading
        last = drift[day, -1]
    factor: FloatArray = np.exp(_WEATHER_SIZE * drift)
    return factor


def _appliances(weekend: NDArray[np.bool_], chance: _Chance) -> FloatArray:
    """(days * 96,) W of what is switched on and takes its course."""
    days, kind = len(weekend), weekend.astype(np.int64)
    change = np.zeros(days * MINUTES + 1, dtype=np.int64)  # watts that come and go with each minute
    for number, use in enumerate(_USES):
        runs = np.flatnonzero(chance.whether[:, number] < np.array(use.chances)[kind])
        hours = np.array(use.hours)[kind] + use.spread * chance.starts[:, number]
        begin = (np.arange(days) * MINUTES + np.round(60 * hours).astype(np.int64))[runs]
        stretch = 1 + use.stretch * (2 * chance.lengths[runs, number] - 1)
        on = begin
        for minutes, (_, watts) in zip(np.cumsum([m for m, _ in use.phases]), use.phases, strict=True):
            off = begin + np.round(stretch * minutes).astype(np.int64)
            np.add.at(change, np.clip(on, 0, days * MINUTES), watts)
            np.add.at(change, np.clip(off, 0, days * MINUTES), -watts)
            on = off
    return _quarters(change)


def _fridge(normal: FloatArray) -> FloatArray:
    """(days * 96,) W of a thermostat: on, off, on, whatever the hour."""
    minutes = normal.reshape(-1, 2) * [_FRIDGE_ON[1], _FRIDGE_OFF[1]] + [_FRIDGE_ON[0], _FRIDGE_OFF[0]]
    switched = np.cumsum(np.round(minutes).astype(np.int64))
    switched = switched[switched < len(normal) * MINUTES]
    change = np.zeros(len(normal) * MINUTES + 1, dtype=np.int64)
    change[0] = _FRIDGE
    change[switched[0::2]] = -_FRIDGE
    change[switched[1::2]] = _FRIDGE
    return _quarters(change)


def _quarters(change: NDArray[np.int64]) -> FloatArray:
    """The mean of each quarter of an hour, out of what comes and goes with each minute; exact, in whole watts per minute."""
    watts: FloatArray = np.cumsum(change[:-1]).reshape(-1, 15).mean(axis=1)
    return watts
