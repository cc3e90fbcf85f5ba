"""`seqtext translate`: texts from arguments, a file or a pipe; one line in, one line out, in their order, or with --n_best
some lines for each and an empty one between.

Lines are read, translated by length and written in step, so any number of them needs little memory, and a pipe is answered as it comes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from tyro.conf import Positional, arg

from seqtext.data.reading.table_options import TableOptions
from seqtext.errors import OptionsError, raise_together
from seqtext.tasks.streams import (
    Errors,
    ModelOptions,
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
from seqtext.tasks.translation.settings import Search

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows
    from seqtext.tasks.translation.translator import Translator
    from seqtext.tasks.translation.writing import Translation

LINES_AT_ONCE = 512  # some blocks of lines of like length; what Ctrl-C loses at most


@dataclass(frozen=True, kw_only=True)
class Translate(Search, TableOptions, ModelOptions):
    """A translation of each text: those given, the lines of a file, or those of a pipe.

    With --n_best 2 or more, a line is a score and a text with a tab between, and an empty line stands between the lines of two texts.
    """

    texts: Positional[Annotated[tuple[str, ...], arg(metavar="[TEXT ...]")]] = ()
    """Texts to translate. Without any, --input is read, or the pipe."""
    input: str | None = None
    """A file of a text a line, a table (csv, tsv, jsonl, parquet), both also packed; a folder, or a data set on the hub. - is the pipe."""
    text_column: str | None = None
    """Column of a table. Default: the one the model was trained to translate from, else the only one."""
    split: str | None = None
    """Split of a data set that has several. Default: test."""
    errors: Errors = "strict"
    """Bytes of the input that are no UTF-8 stop it, or are replaced by U+FFFD and counted."""
    output: str | None = None
    """File to write. Default: the terminal."""
    attention: str | None = None
    """Picture of where the model looked while it wrote; of a single text."""
    jsonl: bool = False
    """JSON lines with scores and alternatives, instead of a text a line."""

    def run(self) -> None:
        """Translates all texts."""
        self._check()
        translator = self.open("translate")
        if self.attention is not None and translator.config.attention is None:
            raise OptionsError("the model has no attention", where=f"--attention {self.attention}", fix="leave it out")
        texts = cut = unended = 0
        with ExitStack() as stack:
            opened = self._open(stack)
            chunks = self._chunks(opened, translator)
            target = stack.enter_context(open_target(self.output))
            for chunk in chunks:
                made = translator(chunk, attention=self.attention is not None, **keywords(self, Search))
                for number, (text, one) in enumerate(zip(chunk, made, strict=True), start=texts):
                    if number and self.n_best > 1 and not self.jsonl:
                        print(file=target.file)
                    self._write(text, one, target.file)
                target.flush(len(made))
                texts += len(made)
                cut += sum(one.cut for one in made)
                unended += sum(not one.ended for one in made)
            tell(opened.told() if opened is not None else ())
        if cut:
            print(f"warning: {cut:,} of {texts:,} texts cut to {translator.config.max_length} tokens", file=sys.stderr)
        if unended:
            print(f"note: {unended:,} of {texts:,} translations reached the length limit", file=sys.stderr)
        if self.attention is not None:
            self._draw(made[0])

    def _check(self) -> None:
        if self.texts and self.input:
            raise OptionsError("texts and --input were both given", fix="give one of them")
        if not self.texts and self.input is None and (sys.stdin is None or sys.stdin.isatty()):
            raise OptionsError("no texts", fix="give some as arguments, a file with --input, or a pipe")
        if self.attention is not None and len(self.texts) != 1:
            raise OptionsError("a picture is of one text", where=f"--attention {self.attention}", fix="give one text")
        if self.attention is not None:
            from seqtext.reporting.canvas import check_name

            check_name(self.attention, flag="--attention")
        raise_together(self.table_faults())

    def _open(self, stack: ExitStack) -> Rows | None:
        """What is read, if it is not the arguments: whatever is no table is a text a line."""
        from seqtext.data.pairs.parallel_files import TABLES
        from seqtext.data.reading.packed import without_packing

        if self.texts:
            return None
        name = self.input or "-"
        is_table = Path(without_packing(name.lower())).suffix in TABLES
        is_lines = name == "-" or (Path(name).expanduser().is_file() and not is_table)
        format = "txt" if is_lines else None
        return open_input(name, stack, format=format, split=self.split, dialect=self.dialect, errors=self.errors)

    def _chunks(self, opened: Rows | None, translator: Translator) -> Iterator[list[str]]:
        """The texts, as many at a time as have come."""
        if self.texts:
            # what the shell hands over as bytes that are not UTF-8 comes as lone surrogates, which the normaliser mends
            yield list(self.texts)
            return
        if opened is None:
            return
        trained, before = translator.config.source_column, 0
        column = column_of(opened, self.text_column, trained, flag="--text_column")
        for chunk in as_they_come(opened, self.output, at_once=LINES_AT_ONCE):
            yield texts_in(chunk, column, before=before, where=opened.name)
            before += len(chunk)

    def _write(self, text: str, made: Translation, file: TextIO) -> None:
        if self.jsonl:
            alternatives = [{"text": other, "score": round(score, 6)} for other, score in made.alternatives]
            line = {
                "source": text,
                "text": made.text,
                "score": round(made.score, 6),
                "log_probability": round(made.log_probability, 6),
                "ended": made.ended,
                "cut": made.cut,
                "alternatives": alternatives,
            }
            print(json_text(line), file=file)
        elif self.n_best > 1:
            for score, one in [(made.score, made.text), *((score, one) for one, score in made.alternatives)]:
                print(f"{score:.4f}\t{one_line(one)}", file=file)
        else:
            print(one_line(made.text), file=file)

    def _draw(self, made: Translation) -> None:
        from seqtext.tasks.translation.report.attention_picture import attention_picture, left_out

        path = Path(str(self.attention)).expanduser()
        if made.attention is None or not len(made.attention):
            print("note: nothing was read, so there is no picture", file=sys.stderr)
            return
        if note := left_out(len(made.source_pieces), len(made.target_pieces)):
            print(f"note: {path} shows {note}", file=sys.stderr)
        attention_picture(made.attention, made.source_pieces, made.target_pieces, path)
