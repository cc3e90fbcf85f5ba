"""`seqtext score`: texts from arguments, a file or a pipe; how likely each is, to the terminal or a file.

Reads, scores and writes in step, so any number of texts needs little memory.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from seqtext.data.reading.joined_columns import BETWEEN, parts_of
from seqtext.data.reading.json_lines import as_written
from seqtext.data.reading.table_options import TableOptions
from seqtext.errors import OptionsError, raise_together
from seqtext.tasks.language_model.settings import Scoring
from seqtext.tasks.streams import (
    Errors,
    ModelOptions,
    Row,
    as_they_come,
    column_of,
    json_text,
    keywords,
    one_line,
    open_input,
    tell,
    texts_in,
)
from seqtext.tasks.targets import open_target

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows
    from seqtext.tasks.language_model.scoring import TextScore


@dataclass(frozen=True, kw_only=True)
class Score(Scoring, TableOptions, ModelOptions):
    """Perplexity and bits per byte of each text: those given, those of a file, or those of a pipe, one per line."""

    texts: Positional[Annotated[tuple[str, ...], arg(metavar="[TEXT ...]")]] = ()
    """Texts to score. Without any, --input is read, or the pipe."""
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
    """File to write. Default: the terminal."""
    jsonl: bool = False
    """JSON lines with the input's columns, instead of perplexity, bits per byte and text between tabs."""

    def run(self) -> None:
        """Scores all texts."""
        if self.texts and self.input:
            raise OptionsError("texts and --input were both given", fix="give one of them")
        if not self.texts and self.input is None and (sys.stdin is None or sys.stdin.isatty()):
            raise OptionsError("no texts", fix="give some as arguments, a file with --input, or a pipe")
        raise_together(self.table_faults())
        model, done = self.open("score"), 0
        with ExitStack() as stack:
            opened, rows, where = self._rows(stack)
            asked = ("text",) if opened is None else self._columns(opened, model.config.text_column)
            target = stack.enter_context(open_target(self.output))
            for chunk in rows:
                parts = [texts_in(chunk, column, before=done, where=where) for column in asked]
                texts = [BETWEEN.join(of_row) for of_row in zip(*parts, strict=True)]
                for row, found in zip(chunk, model(texts, **keywords(self, Scoring)), strict=True):
                    print(self._line(row, found), file=target.file)
                done += len(chunk)
                target.flush(len(chunk))
            tell(opened.told() if opened is not None else ())

    def _rows(self, stack: ExitStack) -> tuple[Rows | None, Iterable[list[Row]], str]:
        """What is read, if it is not the arguments or nothing; rows in chunks, and what to call them in a message."""
        if self.texts:
            return None, [[{"text": text} for text in self.texts]], "arguments"
        format = self.input_format or ("txt" if self.input in (None, "-") else None)
        opened = open_input(
            self.input, stack, format=format, split=self.split, dialect=self.dialect, errors=self.errors
        )
        return opened, as_they_come(opened, self.output), self.input or "standard input"

    def _columns(self, rows: Rows, trained: str) -> tuple[str, ...]:
        """The columns asked for, or those of training, or the only one."""
        wanted = self.text_column or parts_of(trained)
        if self.text_column or len(wanted) > 1:
            return tuple(column_of(rows, name, name, flag="--text_column") for name in wanted)
        return (column_of(rows, None, trained, flag="--text_column"),)

    def _line(self, row: Row, found: TextScore) -> str:
        if self.jsonl:
            figures: dict[str, Any] = {
                "log_probability": round(found.log_probability, 6),
                "tokens": found.tokens,
                "perplexity": round(found.perplexity, 4),
                "perplexity_per_word": round(found.perplexity_per_word, 4),
                "bits_per_byte": round(found.bits_per_byte, 4),
            }
            if self.by_token:
                figures["by_token"] = found.by_token
            return json_text({**row, **figures}, default=as_written, theirs=True)
        shown = found.text
        if self.by_token:
            shown = " ".join(f"{token}:{log:.2f}" for token, log in found.by_token)
        return f"{found.perplexity:.2f}\t{found.bits_per_byte:.3f}\t{one_line(shown)}"
