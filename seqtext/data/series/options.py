"""Which readings a recipe trains on, as flags: where they come from, how a table is read as series, and which spans are held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqtext.data.reading.numbers import Decimal
from seqtext.data.reading.options import DataOptions, file_faults
from seqtext.data.series.columns import Layout
from seqtext.data.series.frequencies import seconds_of
from seqtext.options import Range, out_of_range

Validation = Literal["auto", "last", "weeks"]


@dataclass(frozen=True)
class SeriesTableOptions:
    """How a table is read as series."""

    time_column: tuple[str, ...] = ()
    """Column of the timestamps, or several with a part each (Date Time); none if there are none. Default: recognised where there is no
    doubt."""
    value_column: tuple[str, ...] = ()
    """Column to forecast; several are a series each (wide). Default: recognised where there is no doubt."""
    series_column: tuple[str, ...] = ()
    """Column that names the series of each row (long), or several that do so together; none if all rows are one series."""
    layout: Layout = "auto"
    """Rows are readings (long), moments of several series (wide), or whole series (m4)."""
    decimal: Decimal = "."
    """Decimal mark of numbers in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a missing reading, beside the empty one and nan."""
    time_format: str | None = None
    """Format of timestamps that are neither ISO 8601 nor clear, such as "%d.%m.%Y %H:%M"."""
    frequency: str | None = None
    """Distance of readings, such as 15min or 1h: of rows that are whole series and do not say it; other readings are averaged over it."""
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


@dataclass(frozen=True)
class SeriesDataOptions(SeriesTableOptions, DataOptions):
    """A data set, or files, whose rows are readings over time."""

    data: str = "household"
    """A file (csv, tsv, jsonl, parquet, tsf; gz), a folder, a data set on the hub, or household, the simulated load."""
    train: str | None = None
    """File of training readings, instead of --data."""
    test: str | None = None
    """File of test readings, which follow on those of training. Default: the last --test_share of each series."""
    test_share: float = 0.2
    """Share of each series that is tested on, where there is no test file."""
    validation: Validation = "auto"
    """Choose the epoch by the last readings of the training span, or by whole weeks spread over it, where it is long enough."""
    validation_share: float = 0.1
    """Share of the training span that is held out to choose the epoch by."""
    input_columns: tuple[str, ...] = ()
    """Further columns the model reads, known up to the moment of the forecast; true and false are 1 and 0."""

    def _faults(self) -> list[str]:
        shares = Range("between 0 and 1", lambda share: 0 < share < 1)
        train = () if self.train is None else (self.train,)
        return [
            *out_of_range(self, {shares: ("test_share", "validation_share")}),
            *file_faults(self, train, test=self.test),
        ]
