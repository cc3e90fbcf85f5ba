"""`seqtext translate`: texts from arguments, a file or a pipe; one line in, one line out, in their order, or with --n_best
some lines for each and an empty one between. Several runs named first translate together.

Lines are read, translated by length and written in step, so any number of them needs little memory, and a pipe is answered as it comes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
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
    json_text,
    keywords,
    one_line,
    open_input,
    tell,
)
from seqtext.tasks.targets import open_target
from seqtext.tasks.translation.given import leading_runs, read_glossary
from seqtext.tasks.translation.settings import Search
from seqtext.tasks.translation.sides import source_side
from seqtext.tasks.translation.told import Told, aligned

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows
    from seqtext.tasks.translation.translator import Translator
    from seqtext.tasks.translation.writing import Translation

DOUBTFUL = "[?] "  # before a text that was left as it is
LINES_AT_ONCE = 512  # some blocks of lines of like length; what Ctrl-C loses at most


@dataclass(frozen=True, kw_only=True)
class Translate(Search, TableOptions, ModelOptions):
    """A translation of each text: those given, the lines of a file, or those of a pipe.

    With --n_best 2 or more, a line is a score and a text with a tab between, and an empty line stands between the lines of two texts.
    """

    texts: Positional[Annotated[tuple[str, ...], arg(metavar="[RUN ...] [TEXT ...]")]] = ()
    """Further run folders, which translate together with the first; then texts. Without any text, --input is read, or the pipe."""
    input: str | None = None
    """A file of a text a line, a table (csv, tsv, jsonl, parquet), both also packed; a folder, or a data set on the hub. - is the pipe."""
    text_column: str | None = None
    """Column of a table, or language of its column translation. Default: what the model translates from, else the only column."""
    split: str | None = None
    """Split of a data set that has several. Default: test."""
    errors: Errors = "strict"
    """Bytes of the input that are no UTF-8 stop it, or are replaced by U+FFFD and counted."""
    output: str | None = None
    """File to write. Default: the terminal."""
    attention: str | None = None
    """Picture of where the model looked while it wrote; of a single text."""
    jsonl: bool = False
    """JSON lines with scores, confidence and alternatives, instead of a text a line."""
    alignments: bool = False
    """With --jsonl: the pieces of both sides, and for each written one that which the model looked at most, with its weight."""
    glossary: str | None = None
    """A file with a term, a tab and its translation on each line: wherever a text has the term, its translation has the other."""

    def run(self) -> None:
        """Translates all texts."""
        runs, given = leading_runs(self.texts)
        self._check(given)
        translator, *others = self.open_all("translate", runs)
        weights = self.attention is not None or self.alignments
        if weights and any(one.config.attention is None for one in (translator, *others)):
            where = f"--attention {self.attention}" if self.attention else "--alignments"
            raise OptionsError("the model has no attention", where=where, fix="leave it out")
        terms = None if self.glossary is None else read_glossary(self.glossary)
        told, made = Told(terms), []
        with ExitStack() as stack:
            opened = self._open(stack, given)
            chunks = self._chunks(opened, translator, given)
            target = stack.enter_context(open_target(self.output, self.input, self.glossary))
            for chunk in chunks:
                made = translator(chunk, others=others, glossary=terms, attention=weights, **keywords(self, Search))
                for number, (text, one) in enumerate(zip(chunk, made, strict=True), start=told.texts):
                    if number and self.n_best > 1 and not self.jsonl:
                        print(file=target.file)
                    self._write(text, one, target.file)
                target.flush(len(made))
                told.add(chunk, made)
            tell(opened.told() if opened is not None else _may_be_meant_otherwise(given))
        for line in told.lines():
            print(line, file=sys.stderr)
        if self.attention is not None:
            self._draw(made[0])

    def _check(self, given: Sequence[str]) -> None:
        if given and self.input:
            raise OptionsError("texts and --input were both given", fix="give one of them")
        if not given and self.input is None and (sys.stdin is None or sys.stdin.isatty()):
            raise OptionsError("no texts", fix="give some as arguments, a file with --input, or a pipe")
        if self.attention is not None and len(given) != 1:
            raise OptionsError("a picture is of one text", where=f"--attention {self.attention}", fix="give one text")
        if self.attention is not None:
            from seqtext.reporting.canvas import check_name

            check_name(self.attention, flag="--attention")
        faults = ["--alignments are data; give --jsonl too"] if self.alignments and not self.jsonl else []
        raise_together([*faults, *self.table_faults()])

    def _open(self, stack: ExitStack, given: Sequence[str]) -> Rows | None:
        """What is read, if it is not the arguments: whatever is no table is a text a line."""
        from seqtext.data.pairs.parallel_files import TABLES
        from seqtext.data.reading.packed import without_packing

        if given:
            return None
        name = self.input or "-"
        is_table = Path(without_packing(name.lower())).suffix in TABLES
        place = Path(name).expanduser()
        is_lines = name == "-" or (place.exists() and not place.is_dir() and not is_table)  # a named pipe too
        format = "txt" if is_lines else None
        return open_input(name, stack, format=format, split=self.split, dialect=self.dialect, errors=self.errors)

    def _chunks(self, opened: Rows | None, translator: Translator, given: Sequence[str]) -> Iterator[list[str]]:
        """The texts, as many at a time as have come."""
        if given:
            # what the shell hands over as bytes that are not UTF-8 comes as lone surrogates, which the normaliser mends
            yield list(given)
            return
        if opened is None:
            return
        before, side = 0, source_side(opened, self.text_column, translator.config)
        for chunk in as_they_come(opened, self.output, at_once=LINES_AT_ONCE):
            yield side.texts(chunk, before=before, where=opened.name)
            before += len(chunk)

    def _write(self, text: str, made: Translation, file: TextIO) -> None:
        if self.jsonl:
            alternatives = [{"text": other, "score": round(score, 6)} for other, score in made.alternatives]
            line = {
                "source": text,
                "text": made.text,
                "score": round(made.score, 6),
                "log_probability": round(made.log_probability, 6),
                "confidence": round(made.confidence, 4),
                "doubtful": made.doubtful,
                "ended": made.ended,
                "missing": made.missing,
                "parts": made.parts,
                "cut": made.cut,
                "alternatives": alternatives,
            }
            if self.alignments:
                line |= aligned(made)
            print(json_text(line), file=file)
        elif self.n_best > 1:
            best = f"{DOUBTFUL if made.doubtful else ''}{made.text}"
            for score, one in [(made.score, best), *((score, one) for one, score in made.alternatives)]:
                print(f"{score:.4f}\t{one_line(one)}", file=file)
        else:
            print(f"{DOUBTFUL if made.doubtful else ''}{one_line(made.text)}", file=file)

    def _draw(self, made: Translation) -> None:
        from seqtext.tasks.translation.report.attention_picture import attention_picture, left_out

        path = Path(str(self.attention)).expanduser()
        if made.attention is None or not len(made.attention):
            print("note: nothing was read, so there is no picture", file=sys.stderr)
            return
        if note := left_out(len(made.source_pieces), len(made.target_pieces)):
            print(f"note: {path} shows {note}", file=sys.stderr)
        attention_picture(made.attention, made.source_pieces, made.target_pieces, path)


def _is_there(text: str) -> bool:
    with suppress(OSError, ValueError):  # a long text is no name of a file
        return Path(text).is_file()
    return False


def _may_be_meant_otherwise(given: Sequence[str]) -> Iterator[str]:
    """Notes on texts that have the form of something else."""
    from seqtext.data.reading.hub import is_hub_name

    for text in filter(_is_there, given):
        yield f"{text} was translated as a text, and is the name of a file; --input {text} translates its lines"
    if len(given) > 1 and is_hub_name(given[0]):
        yield f"{given[0]} was translated as a text; a run that is to translate too is given as its folder"
