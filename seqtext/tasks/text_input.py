"""`TextInput`: the texts that a command answers one by one: arguments, the rows of whatever a data set may be, or lines of a pipe.

Knows columns and chunks, not what is said of the texts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from tyro.conf import Positional, arg

from seqtext.data.reading.joined_columns import BETWEEN, parts_of
from seqtext.data.reading.table_options import TableOptions
from seqtext.errors import OptionsError, raise_together
from seqtext.tasks.streams import Errors, Row, as_they_come, column_of, open_input, tell, texts_in

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows


class Answered(NamedTuple):
    """Some rows, and their texts."""

    rows: list[Row]
    texts: list[str]


class TextRows:
    """The rows that a command answers.

    Args:
        opened: what they are read from; None for arguments, or where there is nothing.
        chunks: the rows, some at a time.
        asked: columns of the texts.
        where: what messages call the rows.

    Attributes:
        columns: names of all columns.
        asked: those of the texts, which are joined.
    """

    def __init__(self, opened: Rows | None, chunks: Iterable[list[Row]], asked: tuple[str, ...], where: str) -> None:
        self.columns: tuple[str, ...] = ("text",) if opened is None else opened.columns
        self.asked = asked
        self._opened, self._chunks, self._where = opened, chunks, where

    def __iter__(self) -> Iterator[Answered]:
        """The rows with their texts, as they come; what is to be told of how they were read is told at the end.

        Raises:
            DataError: a cell that is no text, with its row.
        """
        before = 0
        for rows in self._chunks:
            parts = [texts_in(rows, column, before=before, where=self._where) for column in self.asked]
            yield Answered(rows, [BETWEEN.join(of_row) for of_row in zip(*parts, strict=True)])
            before += len(rows)
        tell(self._opened.told() if self._opened is not None else ())


@dataclass(frozen=True, kw_only=True)
class TextInput(TableOptions):
    """Where the texts come from."""

    texts: Positional[Annotated[tuple[str, ...], arg(metavar="[TEXT ...]")]] = ()
    """The texts. Without any, --input is read, or the pipe."""
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

    def check_texts(self) -> None:
        """Refuses options that cannot be meant, before the model is opened.

        Raises:
            OptionsError: for texts from two places or from none.
        """
        if self.texts and self.input:
            raise OptionsError("texts and --input were both given", fix="give one of them")
        if not self.texts and self.input is None and (sys.stdin is None or sys.stdin.isatty()):
            raise OptionsError("no texts", fix="give some as arguments, a file with --input, or a pipe")
        raise_together(self.table_faults())

    def text_rows(self, stack: ExitStack, trained: str, output: str | None) -> TextRows:
        """The rows to answer.

        Args:
            stack: closes what is opened.
            trained: column of the texts in training.
            output: file that answers go to.

        Raises:
            DataError: what cannot be read, or lacks the column.
        """
        if self.texts:
            # what the shell hands over as bytes that are not UTF-8 comes as lone surrogates, which the normaliser mends
            return TextRows(None, [[{"text": text} for text in self.texts]], ("text",), "arguments")
        format = self.input_format or ("txt" if self.input in (None, "-") else None)
        opened = open_input(
            self.input, stack, format=format, split=self.split, dialect=self.dialect, errors=self.errors
        )
        asked = ("text",) if opened is None else self._asked(opened, trained)
        return TextRows(opened, as_they_come(opened, output), asked, self.input or "standard input")

    def _asked(self, rows: Rows, trained: str) -> tuple[str, ...]:
        """The columns asked for, or those of training, or the only one."""
        wanted = self.text_column or parts_of(trained)
        if self.text_column or len(wanted) > 1:
            return tuple(column_of(rows, name, name, flag="--text_column") for name in wanted)
        return (column_of(rows, None, trained, flag="--text_column"),)
