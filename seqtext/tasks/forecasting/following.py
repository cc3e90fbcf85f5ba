"""`seqtext forecast --follow`: each line of a pipe is a reading, and is answered before the next one is awaited.

Knows lines and a forecaster's stream; what a forecast is, the stream does.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from seqtext.errors import DataError, OptionsError, one_of, shorten

if TYPE_CHECKING:
    from seqtext.tasks.forecasting.forecaster import Forecaster
    from seqtext.tasks.forecasting.stream import ForecastStream
    from seqtext.tasks.targets import Target

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Following:
    """Readings from a pipe, answered one by one.

    Args:
        forecaster: of one series.
        decimal: the decimal mark of the readings.
        missing: what marks a missing one, beside the empty one and `nan`.
    """

    def __init__(self, forecaster: Forecaster, decimal: str, missing: Sequence[str]) -> None:
        self.forecaster, self.decimal, self.missing = forecaster, decimal, {"", "nan", *map(str.lower, missing)}
        self.stream: ForecastStream | None = None
        self.last: Any = None  # time of the reading before

    def run(self, source: BinaryIO, target: Target) -> None:
        """Until the pipe ends. A first line without a number is taken for a header.

        Raises:
            DataError: a line that is no reading, at the wrong time, or no text.
            NumericsError: a forecast that is not finite.
        """
        levels = self.forecaster.output.levels if self.forecaster.output.has_quantiles else ()
        steps = self.forecaster.config.head_horizon
        names = ["forecast", *(f"q{level:g}" for level in levels)]
        header = [name if steps == 1 else f"{name}_{step + 1}" for step in range(steps) for name in names]
        print(",".join(["reading", *header]), file=target.file)
        target.flush(0)
        waiting = 0
        for number, line in _lines(source):
            cells = self._cells(line.rstrip("\r\n"))
            value = self._value(cells[-1])
            if value is None:
                if number == 1:
                    continue
                where = f"standard input, line {number}"
                raise DataError(
                    f"found {shorten(cells[-1])}", where=where, expected="a number", fix=self._fix(cells[-1])
                )
            answer = self._push(cells, value, number)
            if answer is None:
                waiting += 1
                continue
            columns = zip(answer.values, *answer.quantiles.values(), strict=True)
            numbers = [f"{value:.8g}" for step in columns for value in step]
            print(",".join([cells[0] if len(cells) > 1 else str(number), *numbers]), file=target.file)
            target.flush(1)
        if waiting:
            note = f"no forecast after the first {waiting:,} readings: the model looks back further"
            print(f"note: {note}", file=sys.stderr)

    def _cells(self, line: str) -> list[str]:
        """The cells of a line: what separates them, the line says, but a comma may be the decimal mark."""
        comma = self.decimal == "." or '"' in line
        mark = next((mark for mark in "\t;" if mark in line), "," if comma else "\t")
        return [cell.strip() for cell in next(csv.reader([line], delimiter=mark), [""])] or [""]

    def _fix(self, cell: str) -> str:
        return "pass --decimal ," if self.decimal == "." and re.fullmatch("[+-]?[0-9]+,[0-9]+", cell) else ""

    def _value(self, cell: str) -> float | None:
        if cell.lower() in self.missing:
            return float("nan")
        plain = cell.replace(",", ".") if self.decimal == "," else cell
        return float(plain) if _NUMBER.fullmatch(plain) else None

    def _push(self, cells: list[str], value: float, number: int) -> Any:
        from seqtext.tasks.forecasting.given import zoned_moment

        config = self.forecaster.config
        where, when = f"standard input, line {number}", None
        if len(cells) > 1 and config.frequency is not None:
            when, _ = zoned_moment(cells[0], where)
            if self.last is not None and (when - self.last).astype(int) != config.frequency:
                expected = f"{config.frequency} s, the frequency of training"
                fix = "write nan for a reading that is missing"
                raise DataError(
                    f"{(when - self.last).astype(int)} s after the line before", where=where, expected=expected, fix=fix
                )
            self.last = when
        if config.calendar and when is None and config.model == "plain":
            fix = "write lines of timestamp,value"
            raise DataError("no timestamp, and the model reads a calendar", where=where, fix=fix)
        if self.stream is None:
            names = config.series
            if len(names) > 1:
                raise OptionsError(
                    f"the model knows {len(names)} series ({one_of(names)})", fix="follow with a model of one series"
                )
            self.stream = self.forecaster.stream(start=None if when is None else cells[0])
        try:
            return self.stream.push(value)
        except DataError as error:
            raise DataError(str(error), where=where) from error


def _lines(source: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of a pipe with their numbers from 1, as UTF-8, whatever a terminal's encoding is.

    Raises:
        DataError: bytes that are no text.
    """
    for number, line in enumerate(source, start=1):
        try:
            yield number, line.decode()
        except UnicodeDecodeError as error:
            found = f"not UTF-8: byte 0x{line[error.start]:02X} at its place {error.start + 1}"
            fix = "re-encode it, as with: iconv -f windows-1252 -t utf-8"
            raise DataError(found, where=f"standard input, line {number}", expected="text", fix=fix) from None
