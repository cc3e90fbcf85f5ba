"""Which tagged words a recipe trains on, as flags: a data set by its name, or a file for each split."""

from __future__ import annotations

from dataclasses import dataclass

from seqtext.data.reading.options import DataOptions, file_faults
from seqtext.data.reading.sources import Source
from seqtext.data.tags.sources import PHRASEBOOK, load_tagged, load_tagged_files


@dataclass(frozen=True)
class TaggedDataOptions(DataOptions):
    """A data set, or files, whose rows are words with a tag each."""

    data: str = PHRASEBOOK
    """CoNLL-U or other columns, word/TAG lines, a table with lists (jsonl, parquet), folder, name on the hub, or phrasebook[:locale]."""
    train: str | None = None
    """File of training sentences, instead of --data."""
    validation: str | None = None
    """File of validation sentences. Default: held out of the training sentences."""
    test: str | None = None
    """File of test sentences. Default: those of --validation, or else held out of the training sentences."""
    column: str | None = None
    """Column of the tags: upos, xpos, feats, deprel, a number from 2 on, or a name. Default: recognised where there is no doubt."""
    token_column: str | None = None
    """Column of the words. Default: tokens, or words."""

    @property
    def is_built_in(self) -> bool:
        """Whether the data is that which is always there."""
        return self.train is None and self.data.partition(":")[0] == PHRASEBOOK

    def _faults(self) -> list[str]:
        train = () if self.train is None else (self.train,)
        return file_faults(self, train, validation=self.validation, test=self.test)


def load_asked_tags(options: TaggedDataOptions) -> Source:
    """The data set, or the files, that were asked for.

    Raises:
        DataError: nothing of that name, or anything that cannot be read.
    """
    if options.train is not None:
        return load_tagged_files(
            train=options.train, validation=options.validation, test=options.test, dialect=options.dialect
        )
    return load_tagged(options.data, revision=options.revision, config=options.data_config, dialect=options.dialect)
