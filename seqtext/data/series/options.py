"""Which readings a recipe trains on, as flags: where they come from, and which spans are held out. How a table is read, `table_options`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import arg

from seqtext.data.reading.dialect import Dialect
from seqtext.data.reading.options import DataOptions, file_faults
from seqtext.data.reading.table_options import table_of_readings
from seqtext.data.series.begins import Begin, Begins
from seqtext.data.series.table_options import SeriesTableOptions
from seqtext.options import Range, out_of_range

Validation = Literal["auto", "last", "weeks", "file"]
TEST_SHARE = 0.2  # of each series, where nobody says another
VALIDATION_SHARE = 0.1  # of the training span likewise


@dataclass(frozen=True)
class SeriesDataOptions(SeriesTableOptions, DataOptions):
    """A data set, or files, whose rows are readings over time."""

    data: str = "household"
    """A file (csv, tsv, txt, jsonl, tsf, parquet; packed), a folder, a data set on the hub, or household, the simulated load."""
    train: str | None = None
    """File of training readings, instead of --data."""
    test: str | None = None
    """File of test readings, which follow on those of training. Default: the last --test_share of each series."""
    test_share: float = TEST_SHARE
    """Share of each series that is tested on, where neither a file nor a date says it."""
    test_from: str | None = None
    """Test on the readings from this date or time on, such as 2014-07-01, by the clock of the data."""
    validation: Annotated[str, arg(metavar="{auto,last,weeks}|FILE")] = "auto"
    """Choose the epoch by the last readings of training, by whole weeks spread over it, or by a file of those behind --train."""
    validation_share: float = VALIDATION_SHARE
    """Share of the training span that is held out to choose the epoch by."""
    validation_from: str | None = None
    """Choose the epoch by the readings from this date or time on, up to those of test."""
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

    @property
    def held_out(self) -> Validation:
        """How the readings to choose by are found."""
        return next((kind for kind in ("auto", "last", "weeks") if kind == self.validation), "file")

    @property
    def validation_file(self) -> str | None:
        """The file of them, where there is one."""
        return self.validation if self.held_out == "file" else None

    @property
    def begins(self) -> Begins:
        """Where the spans begin, as far as dates say it."""
        return Begins(
            *(
                None if text is None else Begin.of(flag, text)
                for flag, text in (("--validation_from", self.validation_from), ("--test_from", self.test_from))
            )
        )

    def _faults(self) -> list[str]:
        shares = Range("between 0 and 1", lambda share: 0 < share < 1)
        train = () if self.train is None else (self.train,)
        return [
            *out_of_range(self, {shares: ("test_share", "validation_share")}),
            *file_faults(self, train, test=self.test),
            *self._faults_of_spans(),
        ]

    def _faults_of_spans(self) -> list[str]:
        """What is said twice about a span, or in another order than that of time."""
        twice = {
            "--test and --test_from": self.test and self.test_from,
            "--test_share and --test_from": self.test_share != TEST_SHARE and self.test_from,
            f"--validation {self.validation} and --validation_from": self.validation != "auto" and self.validation_from,
            "--validation_share and --validation_from": self.validation_share != VALIDATION_SHARE
            and self.validation_from,
        }
        faults = [f"{both} both say what a span is; give one of them" for both, there in twice.items() if there]
        if self.validation_file and not self.train:
            faults.append(f"--validation is {self.validation}; expected auto, last, weeks, or a file beside --train")
        elif self.validation_file and not self.test:
            faults.append(f"--validation {self.validation} is a file without one to test on; add --test FILE")
        try:
            validation, test = self.begins
        except ValueError as error:
            return [*faults, f"{error}; expected a date or time such as 2014-07-01 or 2014-07-01T12:00"]
        if validation and test and validation.zoned == test.zoned and validation.moment >= test.moment:
            found = f"--validation_from {validation.text} is not before --test_from {test.text}"
            faults.append(f"{found}; what is chosen by lies before what is tested on")
        return faults
