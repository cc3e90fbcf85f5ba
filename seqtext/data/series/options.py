"""Which readings a recipe trains on, as flags: where they come from, how a table is read as series, and which spans are held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqtext.data.reading.dialect import Dialect
from seqtext.data.reading.numbers import Decimal
from seqtext.data.reading.options import DataOptions, file_faults
from seqtext.data.reading.table_options import table_of_readings
from seqtext.data.series.columns import Layout
from seqtext.options import Range, out_of_range

Validation = Literal["auto", "last", "weeks"]


@dataclass(frozen=True)
class SeriesDataOptions(DataOptions):
    """A data set, or files, whose rows are readings over time."""

    data: str = "household"
    """A file (csv, tsv, txt, jsonl, parquet; packed), a folder, a data set on the hub, or household, the simulated load."""
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
    time_column: str | None = None
    """Column of the timestamps; none if there are none. Default: recognised where there is no doubt."""
    value_column: tuple[str, ...] = ()
    """Column to forecast; several are a series each (wide). Default: recognised where there is no doubt."""
    series_column: str | None = None
    """Column that names the series of each row (long)."""
    input_columns: tuple[str, ...] = ()
    """Further columns the model reads, known up to the moment of the forecast."""
    layout: Layout = "auto"
    """Rows are readings (long), moments of several series (wide), or whole series (m4)."""
    decimal: Decimal = "."
    """Decimal mark of numbers in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a missing reading, beside the empty one and nan."""
    time_format: str | None = None
    """Format of timestamps that are not ISO 8601, such as "%d.%m.%Y %H:%M"."""
    repair: bool = False
    """Sort readings, average duplicates, fill gaps with missing readings, and say how many."""

    @property
    def dialect(self) -> Dialect:
        """How tables are laid out; a txt is one."""
        return table_of_readings(DataOptions.dialect.fget(self))  # type: ignore[attr-defined]

    def _faults(self) -> list[str]:
        shares = Range("between 0 and 1", lambda share: 0 < share < 1)
        train = () if self.train is None else (self.train,)
        return [
            *out_of_range(self, {shares: ("test_share", "validation_share")}),
            *file_faults(self, train, test=self.test),
        ]
