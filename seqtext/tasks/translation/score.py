"""`seqtext score` of a translator: pairs from a file or a pipe; how likely each target is, given its source.

Reads, scores and writes in step, so any number of pairs needs little memory.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from seqtext.data.reading.csv_rows import Separated
from seqtext.data.reading.json_lines import as_written
from seqtext.data.reading.table_options import TableOptions
from seqtext.errors import DataError, OptionsError, one_of, raise_together, shorten
from seqtext.tasks.streams import (
    Errors,
    ModelOptions,
    Row,
    as_they_come,
    free_names,
    json_text,
    one_line,
    open_input,
    tell,
)
from seqtext.tasks.targets import open_target
from seqtext.tasks.translation.sides import Side, columns_of_training, language_side

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows
    from seqtext.tasks.translation.scoring import PairScore
    from seqtext.tasks.translation.settings import TranslatorConfig

_PASTED = "make one, as with: paste SOURCE TARGET > pairs.tsv; and pass --no_header"


@dataclass(frozen=True, kw_only=True)
class Score(TableOptions, ModelOptions):
    """Log-probability of each pair's target, given its source, in all and per token: to filter a corpus, for one."""

    pairs: Positional[Annotated[str, arg(metavar="[PAIRS]")]] = "-"
    """A table of pairs (tsv, csv, jsonl, parquet; packed), a folder, or a data set on the hub. - is the pipe, of a tsv."""
    source: str | None = None
    """Column of the sources, or language of the column translation. Default: that of training, else the first of two columns."""
    target: str | None = None
    """Column of the targets, likewise."""
    split: str | None = None
    """Split of a data set that has several. Default: test."""
    input_format: Literal["csv", "tsv", "jsonl"] | None = None
    """Format of the table where its name does not tell."""
    errors: Errors = "strict"
    """Bytes of the input that are no UTF-8 stop it, or are replaced by U+FFFD and counted."""
    by_token: bool = False
    """Also how likely each token was."""
    output: str | None = None
    """File to write. Default: the terminal."""
    jsonl: bool = False
    """JSON lines with the input's columns, instead of log-probability, that per token, source and target between tabs."""

    def run(self) -> None:
        """Scores all pairs."""
        from seqtext.data.pairs.parallel_files import refuse_one_side
        from seqtext.data.pairs.sources import pair_table

        raise_together(self.table_faults())
        if self.input_format is None:
            refuse_one_side(self.pairs, fix=_PASTED)
        translator = self.open("score")
        done = cut = 0
        with ExitStack() as stack:
            format = self.input_format or ("tsv" if self.pairs == "-" else None)
            dialect = pair_table(self.dialect)
            rows = open_input(self.pairs, stack, format=format, split=self.split, dialect=dialect, errors=self.errors)
            sides = () if rows is None else self._sides(rows, translator.config)
            target = stack.enter_context(open_target(self.output, self.pairs))
            for chunk in as_they_come(rows, self.output):
                where = self.pairs if self.pairs != "-" else "standard input"
                both = [side.texts(chunk, before=done, where=where) for side in sides]
                found = translator.score(*both, by_token=self.by_token)
                for row, source, text, score in zip(chunk, *both, found, strict=True):
                    print(self._line(row, source, text, score), file=target.file)
                target.flush(len(chunk))
                done += len(chunk)
                cut += sum(one.cut for one in found)
            tell((*self._told(rows, translator.config), *rows.told()) if rows is not None else ())
        if cut:
            tell([f"{cut:,} of {done:,} pairs cut to {translator.config.max_length} tokens a side"])

    def _sides(self, rows: Rows, config: TranslatorConfig) -> tuple[Side, ...]:
        """Of source and target.

        Raises:
            DataError: where it is not clear which they are.
            OptionsError: for one column as both.
        """
        trained = columns_of_training(config, rows.columns)
        if trained is None and len(sides := self._languages(rows, config)) == 2:
            return sides
        usual = trained or tuple(rows.columns[:2])
        asked = (self.source or usual[0], self.target or usual[-1])
        if len(rows.columns) == 1:
            raise DataError("a single column", where=rows.name, expected="a table of sources and targets", fix=_PASTED)
        for flag, name in zip(("--source", "--target"), asked, strict=True):
            if name not in rows.columns:
                raise DataError(
                    f"no column {name!r}", where=rows.name, expected=one_of(rows.columns), fix=f"pass {flag} NAME"
                )
        if trained is None and len(rows.columns) > 2 and not (self.source and self.target):
            found = f"{len(rows.columns)} columns"
            raise DataError(found, where=rows.name, expected="two", fix="pass --source NAME --target NAME")
        if asked[0] == asked[1]:
            raise OptionsError(f"source and target are both column {asked[0]!r}", expected="different columns")
        return Side(asked[0], "--source", by_language=False), Side(asked[1], "--target", by_language=False)

    def _told(self, rows: Rows, config: TranslatorConfig) -> list[str]:
        """That the first line was taken for names where nothing says that it holds any: it may have been a pair."""
        said = not self.header or self.columns or self.source or self.target
        if said or not isinstance(rows.source, Separated) or columns_of_training(config, rows.columns):
            return []
        names = " and ".join(map(shorten, rows.columns))
        return [f"{rows.name}: its first line, {names}, names the columns; if it is a pair, pass --no_header"]

    def _languages(self, rows: Rows, config: TranslatorConfig) -> tuple[Side, ...]:
        """Both sides, where they are languages of the column `translation`."""
        asked = (("--source", self.source, config.languages[0]), ("--target", self.target, config.languages[1]))
        found = [language_side(rows, name, language, flag=flag) for flag, name, language in asked]
        return tuple(filter(None, found))

    def _line(self, row: Row, source: str, target: str, found: PairScore) -> str:
        if self.jsonl:
            figures: dict[str, Any] = {
                "log_probability": round(found.log_probability, 6),
                "tokens": found.tokens,
                "log_probability_per_token": round(found.per_token, 6),
                "perplexity": round(found.perplexity, 4),
                "cut": found.cut,
            }
            if self.by_token:
                figures["by_token"] = found.by_token
            return json_text({**row, **free_names(figures, row)}, default=as_written, theirs=True)
        shown = one_line(target)
        if self.by_token:
            shown = " ".join(f"{token}:{log:.2f}" for token, log in found.by_token)
        return f"{found.log_probability:.4f}\t{found.per_token:.4f}\t{one_line(source)}\t{shown}"
