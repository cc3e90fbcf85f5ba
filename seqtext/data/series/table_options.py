"""How a table is read as series, as flags: what its columns are, how cells are written, what is mended. Light enough for `--help`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from seqtext.data.series.frequencies import seconds_of

Layout = Literal["auto", "long", "wide", "m4"]


@dataclass(frozen=True)
class SeriesTableOptions:
    """How a table is read as series."""

    time_column: tuple[str, ...] = ()
    """Column of the timestamps, or several with a part each; none if there are none. Default: recognised where there is no doubt."""
    value_column: tuple[str, ...] = ()
    """Column to forecast; several are a series each (wide). Default: recognised where there is no doubt."""
    series_column: tuple[str, ...] = ()
    """Column that names the series of each row (long), or several that do so together; none if all rows are one series."""
    layout: Layout = "auto"
    """Rows are readings (long), moments of several series (wide), or whole series (m4)."""
    decimal: Literal[".", ","] = "."
    """Decimal mark of numbers in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a missing reading, beside the empty one and nan."""
    time_format: str | None = None
    """Format of timestamps that are neither ISO 8601 nor clear, such as "%d.%m.%Y %H:%M"."""
    time_zone: str | None = None
    """Zone such as Europe/Berlin whose clocks wrote the times that have none, and whose hours and days the calendar is of."""
    frequency: str | None = None
    """Distance of readings, as 15min or 1h: of rows that are series and do not say it; other readings are averaged over it."""
    repair: bool = False
    """Sort readings, average duplicates, fill gaps with missing readings, and say how many."""

    def _faults(self) -> list[str]:
        faults = []
        if self.time_zone is not None and not _is_zone(self.time_zone):
            faults.append(
                f"--time_zone is {self.time_zone}; expected a zone such as Europe/Berlin, or an offset such as +01:00"
            )
        if self.frequency is None:
            return faults
        try:
            fixed = seconds_of(self.frequency)
        except ValueError:
            fixed = None
        expected = "a distance that is always the same, such as 15min, 1h or 1day"
        return faults if fixed else [*faults, f"--frequency is {self.frequency}; expected {expected}"]

    @property
    def seconds(self) -> int | None:
        """Seconds of the frequency, where it is given."""
        return None if self.frequency is None else seconds_of(self.frequency)


def _is_zone(name: str) -> bool:
    if re.fullmatch("[+-][0-9]{2}:[0-9]{2}", name):
        return name[1:] < "24:00" and name[-2:] < "60"
    try:
        return bool(ZoneInfo(name).key)
    except (KeyError, ValueError, OSError):  # a path, or a folder of zones
        return False
