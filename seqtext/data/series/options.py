"""Which readings a recipe trains on, as flags: where they come from, and which spans are held out. How a table is read, `table_options`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqtext.data.reading.dialect import Dialect
from seqtext.data.reading.options import DataOptions, file_faults
from seqtext.data.reading.table_options import table_of_readings
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.options import Range, out_of_range

Validation = Literal["auto", "last", "weeks"]
VALIDATION_SHARE = 0.1  # of the training span, where nobody says another


@dataclass(frozen=True)
class SeriesDataOptions(SeriesTableOptions, DataOptions):
    """A data set, or files, whose rows are readings over time."""

    data: str = "household"
    """A file (csv, tsv, txt, jsonl, tsf, parquet; packed), a folder, a data set on the hub, or household, the simulated load."""
    train: str | None = None
    """File of training readings, instead of --data."""
    test: str | None = None
    """File of test readings, which follow on those of training. Default: the last --test_share of each series."""
    test_share: float = 0.2
    """Share of each series that is tested on, where there is no test file."""
    validation: Validation = "auto"
    """Choose the epoch by the last readings of the training span, or by whole weeks spread over it, where it is long enough."""
    validation_share: float = VALIDATION_SHARE
    """Share of the training span that is held out to choose the epoch by."""
    past_columns: tuple[str, ...] = ()
    """Further columns the model reads, known up to the moment of the forecast: numbers, true and false, or words."""
    future_columns: tuple[str, ...] = ()
    """Further columns that are known of the readings to forecast too, such as a weather forecast or holidays."""
    static_columns: tuple[str, ...] = ()
    """Further columns that say what a series is, the same in all its rows, such as a region."""

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
