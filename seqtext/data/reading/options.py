"""Which data a recipe trains on, as flags: a data set by its name, or files instead. Other kinds of data add theirs beside these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seqtext.data.reading.dialect import Dialect, one_character
from seqtext.data.reading.sources import BUILT_IN, Source, load, load_files
from seqtext.errors import shorten
from seqtext.options import NOT_NEGATIVE, out_of_range


@dataclass(frozen=True)
class TableOptions:
    """How a table of text is laid out, where its first lines do not tell."""

    delimiter: str | None = None
    """What stands between cells: a character, or tab, semicolon, comma, pipe, space. Default: told by the first lines."""
    columns: tuple[str, ...] = ()
    """Names for the columns of a table without a header, in their order."""
    header: bool = True
    """Whether the first line names the columns; with --no_header they are called 1, 2, 3, ..."""
    skip_lines: int = 0
    """Lines before the header to leave out."""

    @property
    def dialect(self) -> Dialect:
        """The same for a reader."""
        delimiter = None if self.delimiter is None else one_character(self.delimiter)
        return Dialect(delimiter, self.columns, self.header, self.skip_lines)

    def table_faults(self) -> list[str]:
        """What is wrong with the values, a line each."""
        faults = out_of_range(self, {NOT_NEGATIVE: ("skip_lines",)})
        if self.delimiter is not None and one_character(self.delimiter) is None:
            expected = "one character, or tab, semicolon, comma, pipe, space"
            faults.append(f"--delimiter is {shorten(self.delimiter)}; expected {expected}")
        if len(set(self.columns)) < len(self.columns):
            faults.append(f"--columns names a column twice: {', '.join(self.columns)}")
        if self.columns and not self.header:
            faults.append("--columns names the columns of a table without a header; leave --no_header out")
        return faults


@dataclass(frozen=True)
class DataOptions(TableOptions):
    """A data set by its name."""

    data: str = "phrasebook"
    """A data set: name on the hub, folder, file (csv, tsv, jsonl, txt, parquet; packed), or phrasebook[:locale]."""
    revision: str | None = None
    """Commit, tag or branch of a data set on the hub. Default: the newest, whose commit is printed and kept."""
    data_config: str | None = None
    """Configuration of a data set that has several."""


@dataclass(frozen=True)
class TextDataOptions(DataOptions):
    """A data set, or a file for each split, with texts in a column."""

    train: str | None = None
    """File of training rows, instead of --data."""
    validation: str | None = None
    """File of validation rows. Default: held out of the training rows."""
    test: str | None = None
    """File of test rows. Default: held out of the training rows."""
    text_column: str | None = None
    """Column of the texts. Default: recognised where there is no doubt."""

    @property
    def is_built_in(self) -> bool:
        """Whether the data is that which is always there."""
        return self.train is None and self.data.partition(":")[0] in BUILT_IN

    def _faults(self) -> list[str]:
        train = () if self.train is None else (self.train,)
        return file_faults(self, train, validation=self.validation, test=self.test)


def table_of_readings(dialect: Dialect) -> Dialect:
    """The same for readings over time: a txt of them is a table, never a text a line."""
    return replace(dialect, txt_is_table=True)


def file_faults(options: DataOptions, train: Sequence[str], **held_out: object) -> list[str]:
    """What is wrong with a data set and files named together.

    Args:
        options: of the data set.
        train: files of training rows.
        held_out: files of other splits, by flag.
    """
    faults = options.table_faults()
    if not train and any(held_out.values()):
        flags = " and ".join(f"--{name}" for name in held_out)
        files = "are files" if len(held_out) > 1 else "is a file"
        faults.append(f"{flags} {files} beside --train; --data brings its own splits")
    if train and options.data not in (type(options).data, *train):
        faults.append("--data and --train both name training data; give one of them")
    if train and (options.revision or options.data_config):
        faults.append("--revision and --data_config are of --data; files of --train have none")
    return faults


def load_texts(options: TextDataOptions) -> Source:
    """The data set, or the files, that were asked for.

    Raises:
        DataError: nothing of that name, or anything that cannot be read.
    """
    if options.train is not None:
        return load_files(
            train=options.train, validation=options.validation, test=options.test, dialect=options.dialect
        )
    return load(options.data, revision=options.revision, config=options.data_config, dialect=options.dialect)
