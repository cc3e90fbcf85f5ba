"""`seqtext predict`: texts from arguments, a file or a pipe; labels to the terminal or a file, with the input's columns kept.

Reads, predicts and writes in step, so any number of rows needs little memory, and rows that drip into a pipe are answered as they come.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

from tyro.conf import Positional, arg

from seqtext.errors import DataError, OptionsError, did_you_mean, one_of, shorten
from seqtext.tasks.classification.settings import Ranking
from seqtext.tasks.streams import (
    Errors,
    ModelOptions,
    Row,
    as_they_come,
    cell_text,
    json_text,
    one_line,
    open_input,
    open_target,
)

if TYPE_CHECKING:
    from seqtext.tasks.classification.classifier import Prediction

Format = Literal["plain", "csv", "tsv", "jsonl"]
_BY_ENDING: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".txt": "plain"}


@dataclass(frozen=True, kw_only=True)
class Predict(Ranking, ModelOptions):
    """Label and probability of each text: those given, those of a file, or those of a pipe, one per line."""

    texts: Positional[Annotated[tuple[str, ...], arg(metavar="[TEXT ...]")]] = ()
    """Texts to label. Without any, --input is read, or the pipe."""
    input: str | None = None
    """File of texts: csv, tsv, jsonl or txt, also gzipped. - is the pipe."""
    input_format: Literal["csv", "tsv", "jsonl", "txt"] | None = None
    """Format of the input where its name does not tell. A pipe is txt, one text per line, unless this says otherwise."""
    text_column: str | None = None
    """Column of the texts. Default: the one the model was trained on, else the only one."""
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
            columns, rows, where = self._rows(stack)
            column = _text_column(self.text_column, columns, classifier.config.text_column, where) if columns else ""
            target = stack.enter_context(open_target(self.output))
            write = _writer(self._format(columns), columns, column, self.top_k, target.file)
            for chunk in rows:
                texts = _texts(chunk, column, report.texts, where)
                for row, found in zip(chunk, classifier.predict(texts, top_k=self.top_k, report=report), strict=True):
                    write(row, found)
                target.flush(len(chunk))
        if report.empty or report.cut or report.in_windows:
            note = f"empty: {report.empty:,}; cut to the longest length the model reads: {report.cut:,}"
            note += f"; read in windows: {report.in_windows:,}" if report.in_windows else ""
            print(f"note: texts: {report.texts:,}; {note}", file=sys.stderr)

    def _check(self) -> None:
        if self.texts and self.input:
            raise OptionsError("texts and --input were both given", fix="give one of them")
        if not self.texts and self.input is None and (sys.stdin is None or sys.stdin.isatty()):
            raise OptionsError("no texts", fix="give some as arguments, a file with --input, or a pipe")

    def _rows(self, stack: ExitStack) -> tuple[tuple[str, ...], Iterable[list[Row]], str]:
        """Columns (none where there is nothing to answer), rows in chunks, and what to call them in a message."""
        if self.texts:
            # what the shell hands over as bytes that are not UTF-8 comes as lone surrogates, which the normaliser mends
            return ("text",), [[{"text": text} for text in self.texts]], "arguments"
        format = self.input_format or ("txt" if self.input in (None, "-") else None)
        opened = open_input(self.input, stack, format=format, errors=self.errors)
        columns = () if opened is None else opened.columns
        return columns, as_they_come(opened, self.output), self.input or "standard input"

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


def _text_column(asked: str | None, columns: tuple[str, ...], trained: str, where: str) -> str:
    """The column asked for, or the one of training, or the only one."""
    wanted = asked or (trained if trained in columns else columns[0] if len(columns) == 1 else trained)
    if wanted not in columns:
        raise DataError(
            f"no column {wanted!r}",
            where=where,
            expected=one_of(columns),
            fix=did_you_mean(wanted, columns) or "pass --text_column NAME",
        )
    return wanted


def _texts(rows: Sequence[Row], column: str, before: int, where: str) -> list[str]:
    """The texts of some rows, before which there were others."""
    for number, row in enumerate(rows, start=before + 1):
        text = row[column]
        if not isinstance(text, str):
            raise DataError(
                f"found {shorten(text)} ({type(text).__name__})",
                where=f"{where}, row {number}, column {column!r}",
                expected="text",
            )
    return [row[column] for row in rows]


def _writer(
    form: Format, columns: tuple[str, ...], text_column: str, top_k: int, file: TextIO
) -> Callable[[Row, Prediction], None]:
    """A function that writes one row with its prediction."""
    if form == "plain":
        return lambda row, found: print(_plain(found, str(row[text_column])), file=file)
    if form == "jsonl":
        return lambda row, found: print(json_text({**row, **_columns(found, top_k, columns)}), file=file)
    table = csv.writer(file, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    header: list[str] = []

    def write(row: Row, found: Prediction) -> None:
        added = _columns(found, top_k, columns)
        if not header:
            header.extend([*columns, *added])
            table.writerow(header)
        table.writerow([*map(cell_text, row.values()), *added.values()])

    return write


def _plain(found: Prediction, text: str) -> str:
    """Label and probability, of the likeliest first, and the text, between tabs, each without tabs and controls of its own."""
    ranked = [cell for label, probability in found.top for cell in (label, f"{probability:.4f}")]
    return "\t".join(map(one_line, [*ranked, text]))


def _columns(found: Prediction, top_k: int, taken: tuple[str, ...]) -> dict[str, Any]:
    """`predicted`, `probability`, and for the next likeliest `predicted_2`, `probability_2`, ..."""
    added: dict[str, Any] = {}
    for place in range(min(top_k, len(found.top))):
        ending = f"_{place + 1}" if place else ""
        label, probability = found.top[place]
        added[_free(f"predicted{ending}", taken)] = label
        added[_free(f"probability{ending}", taken)] = round(probability, 6)
    return added


def _free(name: str, taken: tuple[str, ...]) -> str:
    """The name, or one with an ending if the input has such a column: its columns are kept as they are."""
    while name in taken:
        name += "_by_seqtext"
    return name
