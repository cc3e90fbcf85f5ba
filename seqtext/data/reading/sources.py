"""Where data comes from: a name or a path becomes named splits, memory-mapped, each with a row at least.

Takes a built-in name, a file, a folder or a name on the hub; what exists on this machine wins over the hub. Knows
splits and where they came from; which column is what, `columns.py` decides.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.class_files import class_files, load_class_files
from seqtext.data.reading.class_folders import class_folders, load_class_folders
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.hub import is_hub_name, resolve_commit
from seqtext.data.reading.hub_layout import load_repository
from seqtext.data.reading.local_paths import at_home, matching_files, missing
from seqtext.data.reading.not_data import check_is_no_model
from seqtext.data.reading.saved_folders import is_saved, load_saved
from seqtext.data.reading.split_files import read_files
from seqtext.errors import DataError, one_of

if TYPE_CHECKING:
    import datasets

BUILT_IN = ("phrasebook",)


@dataclass(frozen=True)
class Source:
    """A data set and where it came from.

    Args:
        name: as it was asked for.
        splits: the named splits.
        revision: the commit on the hub; None for what was on this machine.
    """

    name: str
    splits: datasets.DatasetDict
    revision: str | None = None


def load(
    name: str | Path,
    *,
    revision: str | None = None,
    config: str | None = None,
    needs: Sequence[str] = ("train",),
    dialect: Dialect = AS_IT_IS,
) -> Source:
    """The data set of a name.

    Args:
        name: `phrasebook` or `phrasebook:de`; a csv, tsv, jsonl, txt (each also packed) or parquet file, or a
            pattern of such (`data/*.csv`), which is the split `train`; a folder laid out like a repository of the hub,
            or written by `save_to_disk`; or a name on the hub, `owner/name`.
        revision: branch, tag or commit on the hub. Without it the main branch is resolved to its commit now.
        config: the configuration, for data sets that have several.
        needs: the splits there must be.
        dialect: how its files are laid out, where they are tables of text.

    Raises:
        DataError: nothing of that name, a split that is missing or has no rows, or anything that cannot be read.
    """
    asked = str(name)
    path = at_home(asked)
    commit = None
    is_built_in, is_folder = asked.partition(":")[0] in BUILT_IN, os.path.isdir(path)
    is_files = not is_folder and (os.path.lexists(path) or glob.has_magic(asked))
    if revision and (is_built_in or is_files or is_folder):
        fix = "leave --revision out"
        raise DataError("found a revision of what is on this machine", where=asked, expected="a hub name", fix=fix)
    if config and (is_built_in or is_files or is_saved(path)):
        fix = "leave --data_config out"
        raise DataError("found a configuration of what has none", where=asked, expected="a folder or hub name", fix=fix)
    if dialect.is_said and (is_built_in or is_saved(path)):
        fix = "leave --delimiter, --columns and --no_header out"
        raise DataError("found a layout of what is no text", where=asked, expected="a table of text", fix=fix)
    if is_built_in:
        splits = phrasebook(asked.partition(":")[2] or "en")
    elif is_folder:
        splits = _folder(path, asked, config, dialect)
    elif is_files:
        return _files({"train": asked}, "", needs, dialect)
    elif is_hub_name(asked):
        commit = resolve_commit(asked, revision)
        splits = load_repository(asked, asked, config=config, revision=commit, dialect=dialect)
    else:
        kinds = f"a file, a folder, a hub name owner/name, or built in: {', '.join(BUILT_IN)}"
        raise missing(path, where=asked, expected=kinds, also=BUILT_IN)
    return Source(asked, _checked(splits, asked, needs), commit)


def load_files(
    *,
    train: str | Path | None = None,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    needs: Sequence[str] = ("train",),
    dialect: Dialect = AS_IT_IS,
) -> Source:
    """The data set whose splits are files, each one file or a pattern such as `data/*.csv`, its files sorted by name.

    Args:
        train: of the split `train`; likewise the next two.
        validation: or None.
        test: or None.
        needs: the splits there must be.
        dialect: how the files are laid out, where they are tables of text.

    Raises:
        DataError: a file that is not there or cannot be read, with the row where there is one.
    """
    given = {"train": train, "validation": validation, "test": test}
    return _files({split: file for split, file in given.items() if file is not None}, "--", needs, dialect)


def load_table(
    name: str,
    *,
    flag: str,
    expected: str,
    split: str | None = None,
    usual: str = "train",
    dialect: Dialect = AS_IT_IS,
) -> datasets.Dataset:
    """The rows of one file (or of the files of one pattern), or of one split of a folder or a data set on the hub.

    Args:
        name: as of `load`.
        flag: what it was given as, for messages.
        expected: what should be there, for messages.
        split: which; the only one, or the usual one, if not given.
        usual: likewise.
        dialect: how the files are laid out, where they are tables of text.

    Raises:
        DataError: as `load`, or a split that is not there.
    """
    path = Path(name).expanduser()
    if path.is_dir() or (not path.exists() and is_hub_name(name)):
        splits = load(name, needs=(), dialect=dialect).splits
        wanted = split or (next(iter(splits)) if len(splits) == 1 else usual)
        if wanted not in splits:
            fix = "pass --split NAME" if split is None else "choose another --split"
            raise DataError(f"no split {wanted!r}", where=f"{flag} {name}", expected=one_of(splits), fix=fix)
        return splits[wanted]
    rows = read_files(matching_files(name, where=flag, expected=expected), split=None, name=name, dialect=dialect)
    _check_rows(rows, name)
    return rows


def _folder(path: Path, name: str, config: str | None, dialect: Dialect) -> datasets.DatasetDict:
    """All splits of a folder, by how it is laid out."""
    check_is_no_model(path)
    if is_saved(path):
        return load_saved(path, name)
    if config is None and not dialect.is_said and (classes := class_folders(path)):
        return load_class_folders(classes, name)
    if config is None and not dialect.is_said and (by_class := class_files(path)):
        splits = load_class_files(by_class, name)
        if splits is not None:
            return splits
    return load_repository(str(path.absolute()), name, config=config, dialect=dialect)


def _files(given: dict[str, str | Path], flag: str, needs: Sequence[str], dialect: Dialect) -> Source:
    import datasets

    splits = datasets.DatasetDict()
    for split, pattern in given.items():
        files = matching_files(pattern, where=f"{flag}{split}" if flag else "")
        splits[split] = read_files(files, split=split, name=str(pattern), dialect=dialect)
    name = ", ".join(map(str, given.values()))
    return Source(name, _checked(splits, name, needs, named=True))


def _checked(
    splits: datasets.DatasetDict, name: str, needs: Sequence[str], *, named: bool = False
) -> datasets.DatasetDict:
    """The splits, once each that is needed is there and none is empty; with their name, unless they have it."""
    for split in needs:
        if split not in splits:
            fix = "rename the splits, or give a file for each with --train, --validation and --test"
            raise DataError(f"no split {split!r}", where=name, expected=f"it among {', '.join(splits)}", fix=fix)
    for split, dataset in splits.items():
        _check_rows(dataset, f"{name}, split {split!r}")
    return splits if named else _named(splits, name)


def _check_rows(dataset: datasets.Dataset, where: str) -> None:
    if not len(dataset):
        raise DataError("no rows", where=where, expected="one row at least", fix="was it filtered?")


def _named(splits: datasets.DatasetDict, name: str) -> datasets.DatasetDict:
    """Copies (of the objects, not of the rows) that know what messages should call them."""
    import datasets

    copies = datasets.DatasetDict()
    for split, dataset in splits.items():
        copies[split] = dataset.with_format(None)
        # A data set that was made or saved by itself may not know which split it is.
        copies[split].info.dataset_name = name if dataset.split else f"{name}, split {split!r}"
    return copies


def phrasebook(
    locale: str = "en", *, seed: int = 0, train: int = 12_000, validation: int = 1_000, test: int = 1_000
) -> datasets.DatasetDict:
    """The built-in phrases of a locale, in columns `text` and `label`, whose classes are their topics.

    Args:
        locale: one of the Unicode CLDR's, such as `en`, `pt-BR` or `zh_Hant`.
        seed: another one, other phrases.
        train: rows of the split of that name; so `validation` and `test`.

    Raises:
        DataError: for a locale that is unknown, or has too few names.
        OptionsError: for a number of rows that cannot be had.
    """
    import datasets

    from seqtext.builtin.phrasebook import phrases

    made = phrases(locale=locale, seed=seed, train=train, validation=validation, test=test)
    topics = sorted({phrase.topic for rows in made.values() for phrase in rows})
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=topics))
    splits = datasets.DatasetDict()
    for split, rows in made.items():
        columns = {"text": [row.text for row in rows], "label": [topics.index(row.topic) for row in rows]}
        splits[split] = datasets.Dataset.from_dict(columns, features=features, split=datasets.NamedSplit(split))
    return splits
