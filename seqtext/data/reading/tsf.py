"""Series of the Monash archive (`.tsf`): a header of attributes, then a series a line, `T1:1979-01-01 00-00-00:1,2,?,3`.

Its rows are those of a table whose last column holds lists of readings. Knows lines, no files, and not what a frequency is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.lines import LineError, Lines
from seqtext.data.reading.packed import open_unpacked
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa

READINGS, FREQUENCY = "target", "freq"


def write_tsf(path: Path, _: str, target: Path) -> None:
    """Writes the series of a file as an Arrow stream; memory is that of the longest series.

    Args:
        path: of the file; also packed.
        target: of the stream.

    Raises:
        DataError: as `TsfRows`, and a file that cannot be opened.
    """
    import pyarrow as pa

    stream = open_unpacked(path, str(path))
    with stream:
        rows = TsfRows(Lines(stream), str(path))
        types: list[pa.DataType] = [pa.string()] * (len(rows.columns) - 1) + [pa.list_(pa.float64())]
        schema = pa.schema(list(zip(rows.columns, types, strict=True)))
        with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
            for cells in rows.cells():
                arrays = [pa.array([cell], type=type_) for cell, type_ in zip(cells, types, strict=True)]
                writer.write_batch(pa.record_batch(arrays, schema=schema))


class TsfRows:
    """The series of tsf lines.

    Args:
        lines: what to read.
        name: what messages call it.

    Attributes:
        columns: the attributes, the frequency where the header has one, and the readings.

    Raises:
        DataError: a header that is none.
    """

    def __init__(self, lines: Lines, name: str) -> None:
        self._name, self._line = name, 0
        self._lines = iter(lines)
        self._attributes: list[tuple[str, str]] = []
        self._frequency: str | None = None
        self._header()
        extra: list[str] = [] if self._frequency is None else [FREQUENCY]
        self.columns = (*(attribute for attribute, _ in self._attributes), *extra, READINGS)

    def cells(self) -> Iterator[tuple[object, ...]]:
        """The attributes of each series, its frequency, and (N,) readings, NaN where one is missing.

        Raises:
            DataError: a line without the fields of the header, a time or a reading that is none, bytes that are no text.
        """
        found_any = False
        extra: tuple[str, ...] = () if self._frequency is None else (self._frequency,)
        while (line := self._next()) is not None:
            fields = line.split(":")
            if len(fields) != len(self._attributes) + 1:
                expected = f"{len(self._attributes) + 1} fields with ':' between them, the last of readings"
                raise DataError(f"found {len(fields)}", where=self._where(), expected=expected)
            found_any = True
            attributes = [self._value(text, *each) for text, each in zip(fields, self._attributes, strict=False)]
            yield (*attributes, *extra, self._readings(fields[-1]))
        if not found_any:
            raise DataError("no series", where=self._name, expected="a line for each behind @data")

    def _next(self) -> str | None:
        """The next line that says something."""
        try:
            for line in self._lines:
                self._line += 1
                if (text := line.strip()) and not text.startswith("#"):
                    return text
        except LineError as error:
            raise DataError(error.found, where=f"{self._name}, line {error.line}", fix=error.fix) from None
        return None

    def _header(self) -> None:
        while (line := self._next()) is not None and line.lower() != "@data":
            key, *rest = line.split()
            if not key.startswith("@"):
                fix = "is this a file of the Monash archive?"
                raise DataError(f"found {shorten(line)}", where=self._where(), expected="@data before it", fix=fix)
            if key.lower() == "@attribute" and len(rest) == 2:
                self._attributes.append((rest[0], rest[1].lower()))
            elif key.lower() == "@attribute":
                raise DataError(f"found {shorten(line)}", where=self._where(), expected="@attribute NAME TYPE")
            elif key.lower() == "@frequency" and rest:
                self._frequency = rest[0]
        names = [name for name, _ in self._attributes]
        if line is None or not names or len({*names, READINGS, FREQUENCY}) < len(names) + 2:
            expected = "different @attribute lines, and @data behind them"
            raise DataError("its header is not whole", where=self._name, expected=expected)

    def _value(self, text: str, name: str, kind: str) -> str:
        text = text.strip()
        if kind != "date":
            return text
        day, _, clock = text.partition(" ")
        return f"{day} {clock.replace('-', ':')}".strip()

    def _readings(self, text: str) -> NDArray[np.float64]:
        cells = text.replace("?", "nan").split(",")
        try:
            readings = np.array(cells, dtype=np.float64)
        except ValueError:
            readings = np.array([np.inf])
        if np.isinf(readings).any():
            place = next(n for n, cell in enumerate(cells) if not _is_finite(cell))
            where = f"{self._where()}, reading {place + 1}"
            raise DataError(
                f"found {shorten(cells[place])}", where=where, expected="a number, or ? where one is missing"
            )
        return readings

    def _where(self) -> str:
        return f"{self._name}, line {self._line}"


def _is_finite(cell: str) -> bool:
    try:
        return not np.isinf(float(cell))
    except ValueError:
        return False
