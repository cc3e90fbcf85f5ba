"""Where pairs of texts come from: the phrasebook in two locales, parallel files, a table, a folder, the hub.

What exists is found as `sources.py` finds it; this file knows the two forms that only pairs have, two files for a split
and two locales for a data set. Which columns are the pair, `columns.py` decides, unless it is clear from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seqtext.data.pairs.columns import TOPIC
from seqtext.data.pairs.line_folders import parallel_files_in
from seqtext.data.pairs.parallel_files import SOURCE, TARGET, read_parallel, refuse_one_side
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.local_paths import at_home
from seqtext.data.reading.packed import without_packing
from seqtext.data.reading.sources import Source, load, load_files
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

PHRASEBOOK = "phrasebook"
PHRASES = 24_000  # to train on: a sign or name that is rare has to be met some hundred times
LOCALES = ("en", "de")  # of the phrasebook, where nothing else is asked for
LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?")


class PairSource(NamedTuple):
    """A data set of pairs, where it came from, and what source and target are called.

    Attributes:
        name: as it was asked for.
        splits: the named splits.
        revision: the commit on the hub; None for what was on this machine.
        source: column or language to translate from; None where the columns must tell.
        target: likewise to translate to.
    """

    name: str
    splits: datasets.DatasetDict
    revision: str | None
    source: str | None
    target: str | None


def load_pairs(
    name: str | Path,
    *,
    source: str | None = None,
    target: str | None = None,
    revision: str | None = None,
    config: str | None = None,
    dialect: Dialect = AS_IT_IS,
) -> PairSource:
    """The data set of a name.

    Args:
        name: `phrasebook`, or a file, folder or name on the hub as `sources.load` takes them.
        source: column or language to translate from; of the phrasebook, a locale.
        target: likewise to translate to.
        revision: branch, tag or commit on the hub.
        config: the configuration, for data sets that have several.
        dialect: how its files are laid out, where they are tables of text.

    Raises:
        DataError: nothing of that name, an unknown locale with the nearest one, or anything that cannot be read.
    """
    asked, _, locale = str(name).partition(":")
    if asked != PHRASEBOOK:
        refuse_one_side(name)
        folder = at_home(str(name))
        if folder.is_dir() and (files := parallel_files_in(folder, source, target)):
            return load_pair_files(source=source, target=target, flag="", dialect=dialect, **files)
        return _named(load(name, revision=revision, config=config, dialect=pair_table(dialect)), source, target)
    if locale:
        fix = f"pass --source {locale} --target {LOCALES[1] if locale != LOCALES[1] else LOCALES[0]}"
        raise DataError("found one language", where=str(name), expected="two", fix=fix)
    if revision or config:
        found = f"found a {'revision' if revision else 'configuration'} of what is built in"
        raise DataError(found, where=asked, fix=f"leave --{'revision' if revision else 'data_config'} out")
    source, target = _locales(source, target)
    return PairSource(f"phrasebook, {source} to {target}", _phrasebook(source, target), None, source, target)


def pairs_in_folder(
    name: str, source: str | None, target: str | None, languages: tuple[str, str], *, dialect: Dialect
) -> PairSource | None:
    """The data set of a folder of files of lines, two for each split; None if it is none.

    Args:
        name: of the folder.
        source: ending of the files to translate from, if it was said.
        target: likewise to translate to.
        languages: what they are usually, where nothing was said and the files end so.
        dialect: how tables are laid out, which these are not.

    Raises:
        DataError: files that cannot be told apart, or do not fit together.
    """
    if not (folder := at_home(name)).is_dir():
        return None
    endings = {Path(without_packing(path.name)).suffix[1:] for path in folder.iterdir()}
    if source is None and target is None and endings.issuperset(languages):
        source, target = languages
    try:
        files = parallel_files_in(folder, source, target)
    except DataError as error:
        told = error.told.partition("; ")[0]
        raise DataError(told, where=name, fix="give the two files themselves: --data SOURCE TARGET") from None
    if files is None:
        return None
    return load_pair_files(source=source, target=target, flag="--data", dialect=dialect, **files)._replace(name=name)


def load_pair_files(
    *,
    train: Sequence[str] = (),
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    source: str | None = None,
    target: str | None = None,
    flag: str | None = None,
    dialect: Dialect = AS_IT_IS,
) -> PairSource:
    """The data set whose splits are files: one table for each split, or two files of lines for each.

    Args:
        train: one or two files. Of two, the first is the source; their endings name the languages, if they are codes.
        validation: as many, or none.
        test: likewise.
        source: column or language to translate from, if it is not the first file.
        target: likewise.
        flag: what the files were given as, for messages; the names of the splits (`--train`) if None.
        dialect: how tables are laid out.

    Raises:
        DataError: splits of different kinds, or files that cannot be read or do not fit together.
    """
    given = {"train": tuple(train), "validation": tuple(validation), "test": tuple(test)}
    given = {split: files for split, files in given.items() if files}
    decides = next(iter(given.values()))
    for split, files in given.items():
        if len(files) > 2 or len(files) != len(decides):
            expected = "one table" if len(decides) == 1 else "two files of lines, the source and its translation"
            found = f"found {len(files)} file{'' if len(files) == 1 else 's'}"
            raise DataError(
                found, where=f"{flag or f'--{split}'} {' '.join(files)}", expected=f"{expected}, for every split"
            )
    if len(decides) == 1:
        tables = {split: files[0] for split, files in given.items()}
        for split, name in tables.items():
            refuse_one_side(name, flag=flag or f"--{split}")
        return _named(load_files(**tables, dialect=pair_table(dialect)), source, target)
    if dialect.is_said or dialect.skip_lines:
        where = f"{flag or '--train'} {' '.join(decides)}"
        fix = "leave --delimiter, --columns, --no_header and --skip_lines out"
        raise DataError(
            "found the layout of a table", where=where, expected="that of one; two files have lines", fix=fix
        )
    import datasets

    names = _languages(decides)
    splits = datasets.DatasetDict()
    for split, files in given.items():
        rows = read_parallel(files, split=split, flag=flag or f"--{split}")
        splits[split] = rows.rename_columns(dict(zip((SOURCE, TARGET), names, strict=True)))
    if source is None and target is None:
        source, target = names
    return PairSource(", ".join(" + ".join(files) for files in given.values()), splits, None, source, target)


def pair_table(dialect: Dialect) -> Dialect:
    """The same for pairs: a txt alone is a table, for lines alone are no pairs, and its first line may be a pair, as in most of them."""
    return replace(dialect, txt_is_table=True, may_lack_header=True)


def _named(found: Source, source: str | None, target: str | None) -> PairSource:
    return PairSource(found.name, found.splits, found.revision, source, target)


def _languages(files: Sequence[str]) -> tuple[str, str]:
    """What the endings of two files call their languages; `source` and `target` if they do not."""
    one, other = (Path(without_packing(file)).suffix.removeprefix(".") for file in files)
    return (one, other) if one != other and LANGUAGE.fullmatch(one) and LANGUAGE.fullmatch(other) else (SOURCE, TARGET)


def _locales(source: str | None, target: str | None) -> tuple[str, str]:
    """The two asked for; the one that is not is English, or German to or from English."""
    if source is None and target is None:
        return LOCALES
    other = LOCALES[1] if LOCALES[0] in (source, target) else LOCALES[0]
    return other if source is None else source, other if target is None else target


def _phrasebook(source: str, target: str) -> datasets.DatasetDict:
    """The built-in phrases of two locales, with their topics."""
    import datasets

    from seqtext.builtin.phrasebook import pairs

    splits = datasets.DatasetDict()
    for split, rows in pairs(source=source, target=target, train=PHRASES).items():
        columns = {source: [row.source for row in rows], target: [row.target for row in rows]}
        columns[TOPIC] = [row.topic for row in rows]
        splits[split] = datasets.Dataset.from_dict(columns, split=datasets.NamedSplit(split))
        splits[split].info.dataset_name = PHRASEBOOK
    return splits
