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
from typing import Any, Literal, TextIO

from seqtext.data.reading.joined_columns import BETWEEN
from seqtext.data.reading.json_lines import as_written
from seqtext.errors import OptionsError, one_of
from seqtext.tasks.classification.predictions import LabelsPrediction, NumberPrediction, Prediction
from seqtext.tasks.classification.settings import Ranking
from seqtext.tasks.streams import ModelOptions, Row, cell_text, free_names, json_text, one_line
from seqtext.tasks.targets import open_target
from seqtext.tasks.text_input import TextInput

Found = Prediction | LabelsPrediction | NumberPrediction
IN_A_CELL = "|"  # between several labels
Format = Literal["plain", "csv", "tsv", "jsonl"]
_BY_ENDING: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".txt": "plain"}


@dataclass(frozen=True, kw_only=True)
class Predict(Ranking, TextInput, ModelOptions):
    """Label and probability of each text, or its labels, or its number: of those given, of a file, or of a pipe, one per line."""

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
            form, ranked = self._format(given.columns), self.top_k != 1
            if ranked and classifier.config.target == "number":
                raise OptionsError(f"--top_k {self.top_k}, and a text has a number", fix="leave it out")
            write = _writer(form, given.columns, given.asked, target.file, ranked=ranked)
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
    form: Format, columns: tuple[str, ...], texts_in: tuple[str, ...], file: TextIO, *, ranked: bool
) -> Callable[[Row, Found], None]:
    """A function that writes one row with its prediction.

    Args:
        form: of the file.
        columns: of the input.
        texts_in: those of the texts.
        file: to write to.
        ranked: whether the likeliest labels were asked for, beside those that a text has.
    """
    if form == "plain":
        return lambda row, found: print(_plain(found, BETWEEN.join(row[name] for name in texts_in), ranked), file=file)
    if form == "jsonl":
        return lambda row, found: print(
            json_text({**row, **free_names(_columns(found, ranked), columns)}, default=as_written, theirs=True),
            file=file,
        )
    table = csv.writer(file, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    header: list[str] = []

    def write(row: Row, found: Found) -> None:
        added = free_names(_columns(found, ranked), columns)
        if not header:
            header.extend([*columns, *added])
            table.writerow(header)
        table.writerow([*map(cell_text, row.values()), *map(_cell, added.values())])

    return write


def _plain(found: Found, text: str, ranked: bool) -> str:
    """What was found and the text, between tabs, each without tabs and controls of its own; of labels the probability behind each."""
    if isinstance(found, NumberPrediction):
        cells = [f"{found.number:.6g}"]
    elif isinstance(found, LabelsPrediction) and not ranked:
        cells = [IN_A_CELL.join(found.labels), IN_A_CELL.join(f"{one:.4f}" for one in found.probabilities)]
    else:
        cells = [cell for label, probability in found.top for cell in (label, f"{probability:.4f}")]
    return "\t".join(map(one_line, [*cells, text]))


def _columns(found: Found, ranked: bool) -> dict[str, Any]:
    """`predicted`, `probability`, and for the next likeliest `predicted_2`, `probability_2`, ...; of several labels all of them in one.

    Of several labels `likeliest` and `likeliest_probability` are those asked for with `--top_k`, whatever the thresholds say.
    """
    if isinstance(found, NumberPrediction):
        return {"predicted": float(f"{found.number:.6g}")}
    if isinstance(found, LabelsPrediction):
        sure = [round(one, 6) for one in found.probabilities]
        added: dict[str, Any] = {"predicted": list(found.labels), "probability": sure}
        if ranked:
            added["likeliest"] = [label for label, _ in found.top]
            added["likeliest_probability"] = [round(probability, 6) for _, probability in found.top]
        return added
    added = {}
    for place, (label, probability) in enumerate(found.top):
        ending = f"_{place + 1}" if place else ""
        added[f"predicted{ending}"] = label
        added[f"probability{ending}"] = round(probability, 6)
    return added


def _cell(value: object) -> object:
    """A list as one cell of a table."""
    return IN_A_CELL.join(map(str, value)) if isinstance(value, list) else value
