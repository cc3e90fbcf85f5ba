"""`seqtext predict`: texts from arguments, a file or a pipe; labels to the terminal or a file, with the input's columns kept.

Reads, predicts and writes in step, so any number of rows needs little memory, and rows that drip into a pipe are answered as they come.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO, TypeAlias

from tyro.conf import Positional, arg

from seqtext.data.reading.json_lines import as_written
from seqtext.data.reading.table_options import TableOptions
from seqtext.errors import OptionsError, one_of, raise_together
from seqtext.tasks.classification.settings import Ranking
from seqtext.tasks.streams import ModelOptions, as_they_come, column_of, open_target, tell, texts_in

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows
    from seqtext.tasks.classification.classifier import Prediction

Format = Literal["plain", "csv", "tsv", "jsonl"]
_BY_ENDING: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".txt": "plain"}
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")  # what could be a command to a terminal


Row: TypeAlias = Mapping[str, Any]


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
    text_column: str | None = None
    """Column of the texts. Default: the one the model was trained on, else the only one."""
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
            columns: tuple[str, ...] = ("text",)
            column = "text"
            if opened is not None:
                columns, trained = opened.columns, classifier.config.text_column
                column = column_of(opened, self.text_column, trained, flag="--text_column")
            file = open_target(self.output, stack)
            write = _writer(self._format(columns), columns, column, self.top_k, file)
            for chunk in rows:
                texts = texts_in(chunk, column, before=report.texts, where=where)
                for row, found in zip(chunk, classifier.predict(texts, top_k=self.top_k, report=report), strict=True):
                    write(row, found)
                file.flush()
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
        """What is read, if it is not the arguments; rows in chunks, and what to call them in a message."""
        from seqtext.data.reading.inputs import open_input

        if self.texts:
            # what the shell hands over as bytes that are not UTF-8 comes as lone surrogates, which the normaliser mends
            return None, [[{"text": text} for text in self.texts]], "arguments"
        if self.input in (None, "-"):
            asked = open_input(sys.stdin.buffer, format=self.input_format or "txt", dialect=self.dialect)
        else:
            asked = open_input(str(self.input), format=self.input_format, split=self.split, dialect=self.dialect)
        opened = stack.enter_context(asked)
        return opened, as_they_come(opened), self.input or "standard input"

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
    form: Format, columns: tuple[str, ...], text_column: str, top_k: int, file: TextIO
) -> Callable[[Row, Prediction], None]:
    """A function that writes one row with its prediction."""
    if form == "plain":
        return lambda row, found: print(_plain(found, str(row[text_column])), file=file)
    if form == "jsonl":
        return lambda row, found: print(
            json.dumps({**row, **_columns(found, top_k, columns)}, ensure_ascii=False, default=as_written), file=file
        )
    table = csv.writer(file, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    header: list[str] = []

    def write(row: Row, found: Prediction) -> None:
        added = _columns(found, top_k, columns)
        if not header:
            header.extend([*columns, *added])
            table.writerow(header)
        table.writerow([*map(_cell, row.values()), *added.values()])

    return write


def _plain(found: Prediction, text: str) -> str:
    """Label and probability, of the likeliest first, and the text, between tabs, each without tabs and controls of its own."""
    ranked = [cell for label, probability in found.top for cell in (label, f"{probability:.4f}")]
    return "\t".join(" ".join(cell.translate(_CONTROLS).split()) for cell in [*ranked, text])


def _columns(found: Prediction, top_k: int, taken: tuple[str, ...]) -> dict[str, Any]:
    """`predicted`, `probability`, and for the next likeliest `predicted_2`, `probability_2`, ..."""
    added: dict[str, Any] = {}
    for place in range(min(top_k, len(found.top))):
        ending = f"_{place + 1}" if place else ""
        label, probability = found.top[place]
        added[_free(f"predicted{ending}", taken)] = label
        added[_free(f"probability{ending}", taken)] = round(probability, 6)
    return added


def _cell(value: object) -> str:
    """A value of JSON lines in a table: text as it is, nothing as nothing, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=as_written)


def _free(name: str, taken: tuple[str, ...]) -> str:
    """The name, or one with an ending if the input has such a column: its columns are kept as they are."""
    while name in taken:
        name += "_by_seqtext"
    return name
