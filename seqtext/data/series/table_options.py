"""How a table is read as series, as flags: what its columns are, how cells are written, what is mended. Light enough for `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    frequency: str | None = None
    """Distance of readings, as 15min or 1h: of rows that are series and do not say it; other readings are averaged over it."""
    repair: bool = False
    """Sort readings, average duplicates, fill gaps with missing readings, and say how many."""

    def _faults(self) -> list[str]:
        if self.frequency is None:
            return []
        try:
            fixed = seconds_of(self.frequency)
        except ValueError:
            fixed = None
        expected = "a distance that is always the same, such as 15min, 1h or 1day"
        return [] if fixed else [f"--frequency is {self.frequency}; expected {expected}"]

    @property
    def seconds(self) -> int | None:
        """Seconds of the frequency, where it is given."""
        return None if self.frequency is None else seconds_of(self.frequency)
