"""`seqtext predict`: texts from arguments, a file or a pipe; labels to the terminal or a file, with the input's columns kept.

Reads, predicts and writes in step, so any number of rows needs little memory, and rows that drip into a pipe are answered as they come.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

from tyro.conf import Positional, arg

from seqtext.data.reading.joined_columns import BETWEEN, parts_of
from seqtext.data.reading.json_lines import as_written
from seqtext.data.reading.table_options import TableOptions
from seqtext.errors import OptionsError, one_of, raise_together
from seqtext.tasks.classification.settings import Ranking
from seqtext.tasks.streams import (
    Errors,
    ModelOptions,
    Row,
    as_they_come,
    cell_text,
    column_of,
    json_text,
    one_line,
    open_input,
    tell,
    texts_in,
)
from seqtext.tasks.targets import open_target

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows
    from seqtext.tasks.classification.inference import Prediction

Format = Literal["plain", "csv", "tsv", "jsonl"]
_BY_ENDING: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".txt": "plain"}


@dataclass(frozen=True, kw_only=True)
class Predict(Ranking, TableOptions, ModelOptions):
    """Label and probability of each text: those given, those of a file, or those of a pipe, one per line."""

    texts: Positional[Annotated[tuple[str, ...], arg(metavar="[TEXT ...]")]] = ()
    """Texts to label. Without any, --input is read, or the pipe."""
    input: str | None = None
    """Texts: a file (csv, tsv, jsonl, txt, also packed; parquet), a folder, or a data set on the hub. - is the pipe."""
    split: str | None = None
    """Split of a data set that has several. Default: test."""
    input_format: Literal["csv", "tsv", "jsonl", "txt"] | None = None
    """Format of the input where its name does not tell. A pipe is txt, one text per line, unless this says otherwise."""
    text_column: tuple[str, ...] = ()
    """Column of the texts, or several, whose texts are joined. Default: what the model was trained on, else the only column."""
    errors: Errors = "strict"
    """Bytes of the input that are no UTF-8 stop it, or are replaced by U+FFFD and counted."""
    output: str | None = None
    """File to write: csv, tsv, jsonl or txt by its name. Default: the terminal."""
    output_format: Format | None = None
    """Default: that of --output; csv for input with columns; else plain: label, probability and text between tabs."""

    def run(self) -> None:
        """Predicts all rows."""
        self._check()
        from seqtext.data.text.encoding import EncodingReport

        classifier = self.open("predict")
        report = EncodingReport()
        with ExitStack() as stack:
            opened, rows, where = self._rows(stack)
            columns = ("text",) if opened is None else opened.columns
            asked = ("text",) if opened is None else self._text_columns(opened, classifier.config.text_column)
            target = stack.enter_context(open_target(self.output))
            write = _writer(self._format(columns), columns, asked, target.file)
            for chunk in rows:
                parts = [texts_in(chunk, column, before=report.texts, where=where) for column in asked]
                texts = [BETWEEN.join(of_row) for of_row in zip(*parts, strict=True)]
                for row, found in zip(chunk, classifier.predict(texts, top_k=self.top_k, report=report), strict=True):
                    write(row, found)
                target.flush(len(chunk))
            tell(opened.told() if opened is not None else ())
        if report.empty or report.cut or report.in_windows:
            note = f"empty: {report.empty:,}; cut to the longest length the model reads: {report.cut:,}"
            note += f"; read in windows: {report.in_windows:,}" if report.in_windows else ""
            print(f"note: texts: {report.texts:,}; {note}", file=sys.stderr)

    def _check(self) -> None:
        if self.texts and self.input:
            raise OptionsError("texts and --input were both given", fix="give one of them")
        if not self.texts and self.input is None and (sys.stdin is None or sys.stdin.isatty()):
            raise OptionsError("no texts", fix="give some as arguments, a file with --input, or a pipe")
        raise_together(self.table_faults())

    def _rows(self, stack: ExitStack) -> tuple[Rows | None, Iterable[list[Row]], str]:
        """What is read, if it is not the arguments or nothing; rows in chunks, and what to call them in a message."""
        if self.texts:
            # what the shell hands over as bytes that are not UTF-8 comes as lone surrogates, which the normaliser mends
            return None, [[{"text": text} for text in self.texts]], "arguments"
        format = self.input_format or ("txt" if self.input in (None, "-") else None)
        opened = open_input(
            self.input, stack, format=format, split=self.split, dialect=self.dialect, errors=self.errors
        )
        return opened, as_they_come(opened, self.output), self.input or "standard input"

    def _text_columns(self, rows: Rows, trained: str) -> tuple[str, ...]:
        """The columns asked for, or those of training, or the only one."""
        wanted = self.text_column or parts_of(trained)
        if self.text_column or len(wanted) > 1:
            return tuple(column_of(rows, name, name, flag="--text_column") for name in wanted)
        return (column_of(rows, None, trained, flag="--text_column"),)

    def _format(self, columns: tuple[str, ...]) -> Format:
        if self.output_format:
            return self.output_format
        if self.output and (ending := Path(self.output).suffix.lower()):
            if ending not in _BY_ENDING:
                fix = "name the format with --output_format"
                raise OptionsError(
                    f"unknown ending {ending!r}", where=f"--output {self.output}", expected=one_of(_BY_ENDING), fix=fix
                )
            return _BY_ENDING[ending]
        return "plain" if columns == ("text",) else "csv"


def _writer(
    form: Format, columns: tuple[str, ...], texts_in: tuple[str, ...], file: TextIO
) -> Callable[[Row, Prediction], None]:
    """A function that writes one row with its prediction."""
    if form == "plain":
        return lambda row, found: print(_plain(found, BETWEEN.join(row[name] for name in texts_in)), file=file)
    if form == "jsonl":
        return lambda row, found: print(
            json_text({**row, **_columns(found, columns)}, default=as_written, theirs=True), file=file
        )
    table = csv.writer(file, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    header: list[str] = []

    def write(row: Row, found: Prediction) -> None:
        added = _columns(found, columns)
        if not header:
            header.extend([*columns, *added])
            table.writerow(header)
        table.writerow([*map(cell_text, row.values()), *added.values()])

    return write


def _plain(found: Prediction, text: str) -> str:
    """Label and probability, of the likeliest first, and the text, between tabs, each without tabs and controls of its own."""
    ranked = [cell for label, probability in found.top for cell in (label, f"{probability:.4f}")]
    return "\t".join(map(one_line, [*ranked, text]))


def _columns(found: Prediction, taken: tuple[str, ...]) -> dict[str, Any]:
    """`predicted`, `probability`, and for the next likeliest `predicted_2`, `probability_2`, ..."""
    added: dict[str, Any] = {}
    for place, (label, probability) in enumerate(found.top):
        ending = f"_{place + 1}" if place else ""
        added[_free(f"predicted{ending}", taken)] = label
        added[_free(f"probability{ending}", taken)] = round(probability, 6)
    return added


def _free(name: str, taken: tuple[str, ...]) -> str:
    """The name, or one with an ending if the input has such a column: its columns are kept as they are."""
    while name in taken:
        name += "_by_seqtext"
    return name
