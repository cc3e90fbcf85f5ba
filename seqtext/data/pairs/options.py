"""Which pairs of texts a recipe trains on, as flags: a data set with two columns of texts, or two files of lines for each split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqtext.data.pairs.sources import PHRASEBOOK, PairSource, load_pair_files, load_pairs, pair_table
from seqtext.data.reading.dialect import Dialect
from seqtext.data.reading.options import DataOptions, file_faults


@dataclass(frozen=True)
class PairDataOptions(DataOptions):
    """A data set, or files, whose rows are a text and another one that belongs to it."""

    data: str = PHRASEBOOK
    """Name on the hub, folder, file (csv, tsv, jsonl, txt, parquet), or phrasebook (with a smaller model and one epoch of its own)."""
    source: str | None = None
    """What to translate from: a column, a language of the column translation, or a locale of the phrasebook (en)."""
    target: str | None = None
    """What to translate to, likewise (de)."""
    train: tuple[str, ...] = ()
    """Two files whose lines are each other's translation, the source first, or one table; instead of --data."""
    validation: tuple[str, ...] = ()
    """Likewise for validation, which chooses the epoch; without --test, these are the test. Default: held out of the training pairs."""
    test: tuple[str, ...] = ()
    """Likewise for the test. Default: the pairs of --validation, or else held out of the training pairs."""
    split_by: Literal["near", "equal", "rows"] = "equal"
    """What stays on one side of a split that is drawn: pairs with sources that are nearly the same, equal ones, or each pair by itself."""

    def _faults(self) -> list[str]:
        return file_faults(self, self.train, validation=self.validation, test=self.test)

    @property
    def dialect(self) -> Dialect:
        """How tables are laid out; one txt is a table, and its first line may be a pair."""
        return pair_table(DataOptions.dialect.fget(self))  # type: ignore[attr-defined]

    @property
    def is_built_in(self) -> bool:
        """Whether the data is that which is always there."""
        return self.data == PHRASEBOOK and not self.train


def load_asked_pairs(options: PairDataOptions) -> PairSource:
    """The data set, or the files, that were asked for.

    Raises:
        DataError: nothing of that name, files that do not fit together, or anything that cannot be read.
    """
    if options.train:
        return load_pair_files(
            train=options.train,
            validation=options.validation,
            test=options.test,
            source=options.source,
            target=options.target,
            dialect=options.dialect,
        )
    return load_pairs(
        options.data,
        source=options.source,
        target=options.target,
        revision=options.revision,
        config=options.data_config,
        dialect=options.dialect,
    )
