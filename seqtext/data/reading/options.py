"""Which data a recipe trains on, as flags: a data set by its name, or files instead. Other kinds of data add theirs beside these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seqtext.data.reading.sources import BUILT_IN, Source, load, load_files
from seqtext.data.reading.table_options import TableOptions


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
    text_column: tuple[str, ...] = ()
    """Column of the texts, or several, whose texts are joined. Default: recognised where there is no doubt."""
    split_by: Literal["near", "equal", "rows"] = "near"
    """What stays on one side of a split that is drawn: texts that are nearly the same, equal ones, or each row by itself."""

    @property
    def is_built_in(self) -> bool:
        """Whether the data is that which is always there."""
        return self.train is None and self.data.partition(":")[0] in BUILT_IN

    def _faults(self) -> list[str]:
        train = () if self.train is None else (self.train,)
        return file_faults(self, train, validation=self.validation, test=self.test)


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
