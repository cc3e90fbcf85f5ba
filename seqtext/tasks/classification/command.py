"""`seqtext predict`: texts from arguments, a file or a pipe; labels to the terminal or a file, with the input's columns kept.

Reads, predicts and writes in step, so any number of rows needs little memory, and rows that drip into a pipe are answered as they come.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from seqtext.data.reading.joined_columns import BETWEEN
from seqtext.data.reading.json_lines import as_written
from seqtext.errors import OptionsError, one_of
from seqtext.tasks.classification.settings import Ranking
from seqtext.tasks.streams import ModelOptions, Row, cell_text, json_text, one_line
from seqtext.tasks.targets import open_target
from seqtext.tasks.text_input import TextInput

if TYPE_CHECKING:
    from seqtext.tasks.classification.inference import Prediction

Format = Literal["plain", "csv", "tsv", "jsonl"]
_BY_ENDING: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".txt": "plain"}


@dataclass(frozen=True, kw_only=True)
class Predict(Ranking, TextInput, ModelOptions):
    """Label and probability of each text: those given, those of a file, or those of a pipe, one per line."""

    output: str | None = None
    """File to write: csv, tsv, jsonl or txt by its name. Default: the terminal."""
    output_format: Format | None = None
    """Default: that of --output; csv for input with columns; else plain: label, probability and text between tabs."""

    def run(self) -> None:
        """Predicts all rows."""
        self.check_texts()
        from seqtext.data.text.encoding import EncodingReport

        classifier = self.open("predict")
        report = EncodingReport()
        with ExitStack() as stack:
            given = self.text_rows(stack, classifier.config.text_column, self.output)
            target = stack.enter_context(open_target(self.output))
            write = _writer(self._format(given.columns), given.columns, given.asked, target.file)
            for rows, texts in given:
                for row, found in zip(rows, classifier.predict(texts, top_k=self.top_k, report=report), strict=True):
                    write(row, found)
                target.flush(len(rows))
        if report.empty or report.cut or report.in_windows:
            note = f"empty: {report.empty:,}; cut to the longest length the model reads: {report.cut:,}"
            note += f"; read in windows: {report.in_windows:,}" if report.in_windows else ""
            print(f"note: texts: {report.texts:,}; {note}", file=sys.stderr)

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
