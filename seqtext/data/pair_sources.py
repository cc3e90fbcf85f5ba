"""Where pairs of texts come from: the phrasebook in two locales, parallel files, a table, a folder, the hub.

What exists is found as `sources.py` finds it; this file knows the two forms that only pairs have, two files for a split
and two locales for a data set. Which columns are the pair, `pair_columns.py` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.pair_columns import TOPIC
from seqtext.data.parallel_files import SOURCE, TARGET, read_parallel
from seqtext.data.sources import Source, load, load_files
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

PHRASEBOOK = "phrasebook"
LOCALES = ("en", "de")  # of the phrasebook, where nothing else is asked for


def load_pairs(
    name: str | Path,
    *,
    source: str | None = None,
    target: str | None = None,
    revision: str | None = None,
    config: str | None = None,
) -> Source:
    """The data set of a name.

    Args:
        name: `phrasebook`, or a file, folder or name on the hub as `sources.load` takes them.
        source: the phrasebook's locale to translate from; of other data it is the columns' business.
        target: the locale to translate to.
        revision: branch, tag or commit on the hub.
        config: the configuration, for data sets that have several.

    Raises:
        DataError: nothing of that name, an unknown locale with the nearest one, or anything that cannot be read.
    """
    asked, _, locale = str(name).partition(":")
    if asked == PHRASEBOOK and locale:
        fix = f"pass --source {locale} --target {LOCALES[1] if locale != LOCALES[1] else LOCALES[0]}"
        raise DataError("found one language", where=str(name), expected="two", fix=fix)
    if asked != PHRASEBOOK:
        return load(name, revision=revision, config=config)
    if revision or config:
        found = f"found a {'revision' if revision else 'configuration'} of what is built in"
        raise DataError(found, where=asked, fix=f"leave --{'revision' if revision else 'data_config'} out")
    source, target = _locales(source, target)
    return Source(f"phrasebook, {source} to {target}", _phrasebook(source, target))


def load_pair_files(
    *, train: Sequence[str], validation: Sequence[str] = (), test: Sequence[str] = (), check_sides: Sequence[str] = ()
) -> Source:
    """The data set whose splits are files: one table for each split, or two files of lines for each.

    Args:
        train: one or two files; of two, the first is the source.
        validation: as many, or none.
        test: likewise.
        check_sides: names of sides that were asked for, which parallel files do not have.

    Raises:
        DataError: splits of different kinds, or files that cannot be read or do not fit together.
    """
    given = {"train": tuple(train), "validation": tuple(validation), "test": tuple(test)}
    given = {split: files for split, files in given.items() if files}
    for split, files in given.items():
        if len(files) > 2 or len(files) != len(given["train"]):
            expected = "one table" if len(train) == 1 else "two files of lines, the source and its translation"
            found = f"found {len(files)} files"
            raise DataError(found, where=f"--{split} {' '.join(files)}", expected=f"{expected}, for every split")
    if len(train) == 1:
        return load_files(**{split: files[0] for split, files in given.items()})
    if check_sides:
        found = f"--source and --target name columns or languages ({', '.join(check_sides)})"
        raise DataError(
            found, where=f"--train {' '.join(train)}", fix="leave them out: of two files the first is the source"
        )
    import datasets

    splits = datasets.DatasetDict()
    for split, files in given.items():
        splits[split] = read_parallel(files, split=split, flag=f"--{split}")
    return Source(", ".join(" + ".join(files) for files in given.values()), splits)


def _locales(source: str | None, target: str | None) -> tuple[str, str]:
    """The two asked for; the one that is not is English, or German to or from English."""
    if source is None and target is None:
        return LOCALES
    other = LOCALES[1] if (source or target) == LOCALES[0] else LOCALES[0]
    return source or other, target or other


def _phrasebook(source: str, target: str) -> datasets.DatasetDict:
    """The built-in phrases of two locales, with their topics."""
    import datasets

    from seqtext.builtin.phrasebook import pairs

    splits = datasets.DatasetDict()
    for split, rows in pairs(source=source, target=target).items():
        columns = {SOURCE: [row.source for row in rows], TARGET: [row.target for row in rows]}
        columns[TOPIC] = [row.topic for row in rows]
        splits[split] = datasets.Dataset.from_dict(columns, split=datasets.NamedSplit(split))
        splits[split].info.dataset_name = PHRASEBOOK
    return splits
