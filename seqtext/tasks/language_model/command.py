"""`seqtext score`: texts from arguments, a file or a pipe; how likely each is, to the terminal or a file.

Reads, scores and writes in step, so any number of texts needs little memory.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from seqtext.errors import DataError, OptionsError, did_you_mean, one_of, shorten
from seqtext.tasks.language_model.settings import Scoring
from seqtext.tasks.streams import ModelOptions, Row, as_they_come, keywords, open_target

if TYPE_CHECKING:
    from seqtext.tasks.language_model.scoring import TextScore

_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")  # what could be a command to a terminal


@dataclass(frozen=True, kw_only=True)
class Score(Scoring, ModelOptions):
    """Perplexity and bits per byte of each text: those given, those of a file, or those of a pipe, one per line."""

    texts: Positional[Annotated[tuple[str, ...], arg(metavar="[TEXT ...]")]] = ()
    """Texts to score. Without any, --input is read, or the pipe."""
    input: str | None = None
    """File of texts: csv, tsv, jsonl or txt, also gzipped. - is the pipe."""
    input_format: Literal["csv", "tsv", "jsonl", "txt"] | None = None
    """Format of the input where its name does not tell. A pipe is txt, one text per line, unless this says otherwise."""
    text_column: str | None = None
    """Column of the texts. Default: the one the model was trained on, else the only one."""
    output: str | None = None
    """File to write. Default: the terminal."""
    jsonl: bool = False
    """JSON lines with the input's columns, instead of perplexity, bits per byte and text between tabs."""

    def run(self) -> None:
        """Scores all texts."""
        if self.texts and self.input:
            raise OptionsError("texts and --input were both given", fix="give one of them")
        if not self.texts and self.input is None and (sys.stdin is None or sys.stdin.isatty()):
            raise OptionsError("no texts", fix="give some as arguments, a file with --input, or a pipe")
        model, done = self.open("score"), 0
        with ExitStack() as stack:
            columns, rows, where = self._rows(stack)
            column = self._column(columns, model.config.text_column, where)
            file = open_target(self.output, stack)
            for chunk in rows:
                texts = [_text(row, column, number, where) for number, row in enumerate(chunk, start=done + 1)]
                for row, found in zip(chunk, model(texts, **keywords(self, Scoring)), strict=True):
                    print(self._line(row, found), file=file)
                done += len(chunk)
                file.flush()

    def _rows(self, stack: ExitStack) -> tuple[tuple[str, ...], Iterable[list[Row]], str]:
        """Columns, rows in chunks, and what to call them in a message."""
        from seqtext.data.reading.text_files import open_rows

        if self.texts:
            return ("text",), [[{"text": text} for text in self.texts]], "arguments"
        if self.input in (None, "-"):
            opened = stack.enter_context(open_rows(sys.stdin.buffer, format=self.input_format or "txt"))
        else:
            opened = stack.enter_context(open_rows(str(self.input), format=self.input_format))
        return opened.columns, as_they_come(opened), self.input or "standard input"

    def _column(self, columns: tuple[str, ...], trained: str, where: str) -> str:
        """The column asked for, or the one of training, or the only one."""
        wanted = self.text_column or (trained if trained in columns or len(columns) != 1 else columns[0])
        if wanted not in columns:
            fix = did_you_mean(wanted, columns) or "pass --text_column NAME"
            raise DataError(f"no column {wanted!r}", where=where, expected=one_of(columns), fix=fix)
        return wanted

    def _line(self, row: Row, found: TextScore) -> str:
        if self.jsonl:
            figures: dict[str, Any] = {
                "log_probability": round(found.log_probability, 6),
                "tokens": found.tokens,
                "perplexity": round(found.perplexity, 4),
                "perplexity_per_word": round(found.perplexity_per_word, 4),
                "bits_per_byte": round(found.bits_per_byte, 4),
            }
            return json.dumps(
                {**row, **figures, **({"by_token": found.by_token} if self.by_token else {})}, ensure_ascii=False
            )
        shown = found.text
        if self.by_token:
            shown = " ".join(f"{token}:{log:.2f}" for token, log in found.by_token)
        text = " ".join(shown.translate(_CONTROLS).split())
        return f"{found.perplexity:.2f}\t{found.bits_per_byte:.3f}\t{text}"


def _text(row: Row, column: str, number: int, where: str) -> str:
    text = row[column]
    if not isinstance(text, str):
        found = f"found {shorten(text)} ({type(text).__name__})"
        raise DataError(found, where=f"{where}, row {number}, column {column!r}", expected="text")
    return text
