"""A data set laid out like a repository of the hub, on the hub or in a folder: files of each split, perhaps a README.

`datasets` says which files belong to which split. Text files are then read by `text_files.py`, since the readers of
`datasets` make None of `NA`, dates of texts, and two rows of one at U+2028; the rest is left to them. No code is run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from seqtext.data.reading.arrow_copy import COLUMNAR
from seqtext.data.reading.class_order import names_of, renumbered
from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.folder_files import check_files, check_readme
from seqtext.data.reading.hub import explained
from seqtext.data.reading.label_codes import coded, name_rows
from seqtext.data.reading.packed import packing_of, without_packing
from seqtext.data.reading.remarks import Remarks, remarks_of, with_remarks
from seqtext.data.reading.split_files import read_files
from seqtext.data.reading.split_names import splits_by_name
from seqtext.data.reading.text_files import FORMATS, check_dialect, open_rows
from seqtext.errors import DataError, one_of, shorten

if TYPE_CHECKING:
    import datasets

_HUB = "hf://datasets/"
# Settings of a text reader that ours knows too, or that change nothing in what is read.
_KNOWN = {"name", "version", "data_dir", "data_files", "description", "features", "chunksize"}
_DIALECT = {"sep", "delimiter", "names", "column_names"}


def load_repository(
    path: str,
    name: str,
    *,
    config: str | None = None,
    revision: str | None = None,
    dialect: Dialect = AS_IT_IS,
) -> datasets.DatasetDict:
    """All splits of a folder, or of a name on the hub at a commit.

    Args:
        path: the absolute path (a folder `text` would be taken for the library's reader of that name), or the hub name.
        name: what messages call it.
        config: the configuration, where there are several.
        revision: the commit.
        dialect: how its files are laid out, where they are tables of text.

    Raises:
        DataError: no data files, several configurations and none named, a script, a file that cannot be read.
    """
    import datasets

    folder = None if revision else Path(path)
    if folder is not None:
        check_readme(folder, name)
    with quiet():
        try:
            builder = datasets.load_dataset_builder(path, config, revision=revision)
            if folder and (own := splits_by_name(builder.config.data_files or {}, folder)):
                builder = datasets.load_dataset_builder(path, config, data_files=own)
            base = path if folder else f"{_HUB}{path}@{quote(revision or '', safe='')}/"
            files = [file for of_split in (builder.config.data_files or {}).values() for file in of_split]
            check_files(files, kind=builder.name, folder=folder, base=base, name=name)
            format = _our_format(builder)
            if format and (splits := _read_splits(builder, format, name, _as_configured(builder, dialect))):
                return with_declared(splits, builder.info.features)
            check_dialect(dialect, builder.name, name)
            if builder.name == "csv":  # in a dialect that ours does not know
                builder = datasets.load_dataset_builder(path, config, revision=revision, keep_default_na=False)
            if packed := next(
                (file for file in files if packing_of(file)), None
            ):  # nobody else bounds what it unfolds to
                raise DataError("packed, and not laid out as rows", where=packed, fix="unpack it")
            builder.download_and_prepare()
            return builder.as_dataset()
        except DataError:
            raise
        except Exception as error:
            raise explained(error, name, revision) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without the progress bars and log lines of `datasets` and `huggingface_hub`; afterwards they are as they were."""
    import datasets
    import huggingface_hub

    libraries: list[Any] = [datasets.utils, huggingface_hub.utils]
    with_bars = [library for library in libraries if not library.are_progress_bars_disabled()]
    levels = [library.logging.get_verbosity() for library in libraries]
    for library in with_bars:
        library.disable_progress_bars()
    for library in libraries:
        library.logging.set_verbosity(library.logging.CRITICAL)
    try:
        yield
    finally:
        for library in with_bars:
            library.enable_progress_bars()
        for library, level in zip(libraries, levels, strict=True):
            library.logging.set_verbosity(level)


def _our_format(builder: datasets.DatasetBuilder) -> str | None:
    """The name our reader has for the format of a builder's files; None if they are for `datasets` to read."""
    formats = {"json": "jsonl", "text": "txt", "parquet": "parquet", "arrow": "arrow"}
    if builder.name == "csv":
        formats["csv"] = "tsv" if builder.config.sep == "\t" else "csv"
    defaults = type(builder.config)()
    settings = {field.name for field in dataclasses.fields(defaults)} - _KNOWN - _DIALECT
    if any(getattr(builder.config, name) != getattr(defaults, name) for name in settings):
        return None
    if builder.name == "csv" and len(builder.config.sep or "") != 1:
        return None
    names = [str(file).lower() for files in builder.config.data_files.values() for file in files]
    ours = all(
        Path(without_packing(name)).suffix in (*FORMATS, *COLUMNAR) and packing_of(name) != ".zip" for name in names
    )
    return formats.get(builder.name) if ours else None


def _as_configured(builder: datasets.DatasetBuilder, dialect: Dialect) -> Dialect:
    """The layout as the README says it, unless the user does; a comma or tab is what it says where it says nothing."""
    if builder.name != "csv":
        return dialect
    sep, names = builder.config.sep, builder.config.names or builder.config.column_names
    said = Dialect(delimiter=None if sep in (",", "\t") else sep, columns=tuple(map(str, names or ())))
    return dataclasses.replace(
        dialect, delimiter=dialect.delimiter or said.delimiter, columns=dialect.columns or said.columns
    )


def _read_splits(
    builder: datasets.DatasetBuilder, format: str, name: str, dialect: Dialect
) -> datasets.DatasetDict | None:
    """The builder's splits read by us, or None where its files turn out not to be for our reader."""
    import datasets

    files = {str(split): [_local(file) for file in files] for split, files in builder.config.data_files.items()}
    if format == "jsonl" and not all(_is_json_lines(file) for of_split in files.values() for file in of_split):
        return None
    splits = datasets.DatasetDict()
    for split, part in files.items():
        splits[split] = read_files(part, format=format, split=split, name=name, dialect=dialect)
    return splits


def _local(file: str) -> Path:
    """The path of a data file, downloaded first if it is on the hub."""
    if not file.startswith(_HUB):
        return Path(file)
    from huggingface_hub import hf_hub_download

    repository, _, rest = file.removeprefix(_HUB).partition("@")
    revision, _, inside = rest.partition("/")
    return Path(hf_hub_download(repository, inside, repo_type="dataset", revision=unquote(revision)))


def _is_json_lines(file: Path) -> bool:
    """Whether a file that may as well be some other JSON document is rows for our reader."""
    if ".jsonl" in file.suffixes:
        return True
    try:
        with open_rows(file, format="jsonl"):
            return True
    except DataError:
        return False


def with_declared(splits: datasets.DatasetDict, features: datasets.Features | None) -> datasets.DatasetDict:
    """The splits with the types and classes that their README or `save_to_disk` declares, if it does.

    Pictures and the like stay what is stored of them: to show them, files that they name would be opened.
    """
    import datasets

    if features is not None:
        for name, split in splits.items():
            plain = {
                column: feature
                if isinstance(feature, datasets.Value) or names_of(feature) is not None
                else split.features.get(column, feature)
                for column, feature in features.items()
            }
            if split.features != plain:
                splits[name] = _as_declared(split, datasets.Features(plain))
    return splits


def _as_declared(split: datasets.Dataset, features: datasets.Features) -> datasets.Dataset:
    """A split with the declared columns; those that it has not, or that are of another type, are left aside.

    Raises:
        DataError: if it has none of them.
    """
    import datasets

    place, known = place_of(split), remarks_of(split)
    left_aside: dict[str, str] = {}
    for column in {**split.features, **features}:
        try:
            if (column in features) != (column in split.column_names):
                found = f"{'no' if column in features else 'a'} column {column!r}"
                raise DataError(found, where=place, expected=f"those its README declares: {', '.join(features)}")
            declared, own = names_of(features[column]), names_of(split.features[column])
            if declared is not None and own is not None:
                if set(own) <= set(declared):
                    split = renumbered(split, column, declared)
            elif hasattr(features[column], "names"):
                _check_names(split, column, features[column].names)
            if not hasattr(features[column], "names") and split.features[column] != features[column]:
                split.select_columns([column]).cast(datasets.Features({column: features[column]}))
        except DataError as error:
            left_aside[column] = str(error)
        except Exception as error:  # whatever Arrow finds
            expected = f"{features[column]}, as its README declares"
            found = f"cannot be read ({shorten(str(error))})"
            left_aside[column] = str(DataError(found, where=f"{place}, column {column!r}", expected=expected))
    kept = [column for column in features if column not in left_aside]
    if not kept:
        raise DataError(next(iter(left_aside.values())))
    cast = split.select_columns(kept).cast(datasets.Features({column: features[column] for column in kept}))
    new = {column: why for column, why in left_aside.items() if column not in known.left_aside}
    notes = (*known.notes, *Remarks((), new).all_notes(place))
    return with_remarks(cast, Remarks(notes, {**left_aside, **known.left_aside}, known.files))


def _check_names(split: datasets.Dataset, column: str, names: Sequence[str]) -> None:
    codes = coded(split, column)
    ids = {str(id_) for id_ in range(-1, len(names))}
    for code, value in enumerate(codes.values):
        if value not in names and value not in ids:
            where = f"{place_of(split)}, column {column!r}"
            found = f"found {shorten(value)} in {name_rows((codes.codes == code).nonzero()[0])}"
            raise DataError(found, where=where, expected=f"{one_of(names)}, as its README declares")
