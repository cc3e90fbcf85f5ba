"""Where tagged words come from: files with a word per line, lines of word/TAG, tables, a folder, the hub, the phrasebook.

Tables and the hub are read as `sources.py` reads them. Which columns are words and tags, `columns.py` decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.local_paths import at_home, matching_files
from seqtext.data.reading.remarks import remarks_of, with_remarks
from seqtext.data.reading.sources import Source, load, load_files
from seqtext.data.reading.split_names import split_of
from seqtext.data.tags.column_files import Form, form_of, read_sentences
from seqtext.data.tags.words_per_row import with_sentences
from seqtext.errors import DataError, one_of

if TYPE_CHECKING:
    import datasets

PHRASEBOOK = "phrasebook"
_DOCUMENTS = ("readme", "license", "licence", "changelog", "stats", "notes", ".")  # how names begin of what is no data


def load_tagged(
    name: str | Path,
    *,
    revision: str | None = None,
    config: str | None = None,
    needs: Sequence[str] = ("train",),
    dialect: Dialect = AS_IT_IS,
) -> Source:
    """The data set of a name.

    Args:
        name: `phrasebook` or `phrasebook:de`; a file of tagged words or a pattern of such; a folder of such, whose splits their names
            tell; or a table, folder or name on the hub, as `sources.load` takes them.
        revision: branch, tag or commit on the hub.
        config: the configuration, for data sets that have several.
        needs: the splits there must be.
        dialect: how its files are laid out, where they are tables of text.

    Raises:
        DataError: nothing of that name, or anything that cannot be read.
    """
    asked = str(name)
    if asked.partition(":")[0] == PHRASEBOOK and not (revision or config or dialect.is_said):
        return Source(asked, _phrasebook(asked.partition(":")[2] or "en"))
    path = at_home(asked)
    if path.is_dir():
        given = _of_folder(path)
    else:
        given = {"train": asked} if path.exists() or any(mark in asked for mark in "*?[") else {}
    forms = {split: found for split, pattern in given.items() if (found := _forms(pattern)) is not None}
    if not forms or dialect.is_said:
        source = load(name, revision=revision, config=config, needs=needs, dialect=dialect)
        return replace(source, splits=with_sentences(source.splits))
    if revision or config:
        raise DataError("found a revision or configuration of what has none", where=asked, fix="leave it out")
    for split in needs:
        if split not in forms:
            fix = "name the files so that they say it, or give them with --train, --validation and --test"
            raise DataError(f"no split {split!r}", where=asked, expected=f"it among {', '.join(forms)}", fix=fix)
    return Source(asked, _splits(forms, asked))


def load_tagged_files(
    *,
    train: str | None = None,
    validation: str | None = None,
    test: str | None = None,
    dialect: Dialect = AS_IT_IS,
) -> Source:
    """The data set whose splits are files, each one file or a pattern of such.

    Args:
        train: of the split `train`; likewise the next two.
        validation: or None.
        test: or None.
        dialect: how the files are laid out, where they are tables of text.

    Raises:
        DataError: a file that is not there or cannot be read, or splits of different kinds.
    """
    patterns = {"train": train, "validation": validation, "test": test}
    given = {split: pattern for split, pattern in patterns.items() if pattern is not None}
    found = {split: _forms(pattern, where=f"--{split}") for split, pattern in given.items()}
    forms = {split: of_split for split, of_split in found.items() if of_split is not None}
    if not forms or dialect.is_said:
        source = load_files(train=train, validation=validation, test=test, dialect=dialect)
        return replace(source, splits=with_sentences(source.splits))
    for split, pattern in given.items():
        if split not in forms:
            expected = f"tagged words, as in {given[next(iter(forms))]}"
            fix = "give files of one kind"
            raise DataError(
                "found no columns of words and tags", where=f"--{split} {pattern}", expected=expected, fix=fix
            )
    return Source(", ".join(given.values()), _splits(forms))


def _of_folder(folder: Path) -> dict[str, str | list[Path]]:
    """The files of each split of a folder of tagged words; nothing for any other folder."""
    splits: dict[str, str | list[Path]] = {}
    for file in sorted(folder.iterdir()):
        if not file.is_file() or file.name.lower().startswith(_DOCUMENTS) or file.suffix.lower() == ".md":
            continue
        try:
            form = form_of(str(file))
        except DataError:
            return {}  # who reads it otherwise says what is wrong
        if form is not None:
            of_split = splits.setdefault(split_of(file.name), [])
            assert isinstance(of_split, list)
            of_split.append(file)
    return splits


Files = Mapping[Path, Form]


def _forms(pattern: str | list[Path], *, where: str = "") -> Files | None:
    """The files of a pattern and how they hold tagged words; None where one of them does not."""
    files = matching_files(pattern, where=where) if isinstance(pattern, str) else pattern
    forms = {file: form_of(str(file)) for file in files}
    return {file: form for file, form in forms.items() if form} if all(forms.values()) else None


def _splits(forms: Mapping[str, Files], name: str | None = None) -> datasets.DatasetDict:
    import datasets

    kinds = {form: file for files in forms.values() for file, form in files.items()}
    if len(kinds) > 1:
        found = "found " + ", ".join(f"{form} in {file}" for form, file in kinds.items())
        raise DataError(found, where=name or "the files", expected="one form", fix="give files of one form")
    return datasets.DatasetDict({split: _rows(files, split, name) for split, files in forms.items()})


def _rows(files: Files, split: str, name: str | None) -> datasets.Dataset:
    """The sentences of some files, with the columns that all of them have."""
    import datasets
    import pyarrow as pa
    from datasets.table import InMemoryTable

    read = {file: read_sentences(str(file), form) for file, form in files.items()}
    shared = [
        column for column in next(iter(read.values())).columns if all(column in one.columns for one in read.values())
    ]
    texts = pa.list_(pa.large_string())
    arrays = {
        column: pa.chunked_array([pa.array(one.columns[column], texts) for one in read.values()]) for column in shared
    }
    info = datasets.DatasetInfo(dataset_name=name or one_of(map(str, files), 3).removeprefix("one of "))
    rows = datasets.Dataset(InMemoryTable(pa.table(arrays)), info=info, split=datasets.NamedSplit(split))
    notes = [note for one in read.values() for note in one.notes]
    rows_of = tuple((str(file), len(one.columns["tokens"])) for file, one in read.items())
    return with_remarks(rows, replace(remarks_of(rows), notes=tuple(notes), files=rows_of if len(files) > 1 else ()))


def _phrasebook(locale: str) -> datasets.DatasetDict:
    """The built-in phrases of a locale, with the part that each word plays."""
    import datasets

    from seqtext.builtin.tagged_phrases import tagged_phrases

    splits = datasets.DatasetDict()
    for split, rows in tagged_phrases(locale=locale).items():
        columns = {"tokens": [list(row.words) for row in rows], "tags": [list(row.tags) for row in rows]}
        splits[split] = datasets.Dataset.from_dict(columns, split=datasets.NamedSplit(split))
        splits[split].info.dataset_name = PHRASEBOOK
    return splits
