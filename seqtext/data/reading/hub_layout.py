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

from seqtext.data.reading.arrow_copy import COLUMNAR, arrow_copy
from seqtext.data.reading.class_order import in_one_order, renumbered
from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.folder_files import check_files, check_readme
from seqtext.data.reading.hub import explained
from seqtext.data.reading.label_codes import coded, name_rows
from seqtext.data.reading.text_files import FORMATS, open_rows
from seqtext.errors import DataError, one_of, shorten

if TYPE_CHECKING:
    import datasets

_HUB = "hf://datasets/"
# Settings of a text reader that ours knows too, or that change nothing in what is read.
_KNOWN = {"name", "version", "data_dir", "data_files", "description", "features", "sep", "delimiter", "chunksize"}


def load_repository(
    path: str, name: str, *, config: str | None = None, revision: str | None = None
) -> datasets.DatasetDict:
    """All splits of a folder, or of a name on the hub at a commit.

    Args:
        path: the absolute path (a folder `text` would be taken for the library's reader of that name), or the hub name.
        name: what messages call it.
        config: the configuration, where there are several.
        revision: the commit.

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
            base = path if folder else f"{_HUB}{path}@{quote(revision or '', safe='')}/"
            files = [file for of_split in (builder.config.data_files or {}).values() for file in of_split]
            check_files(files, kind=builder.name, folder=folder, base=base, name=name)
            format = _our_format(builder)
            if format and (splits := _read_splits(builder, format, name)):
                return with_declared(splits, builder.info.features)
            if packed := next((file for file in files if file.lower().endswith(".gz")), None):
                found = f"{shorten(packed)} is not of one row a line, and packed"
                raise DataError(
                    found, where=name, fix="unpack it: gunzip FILE"
                )  # into a bounded memory nobody else would
            if builder.name == "csv":  # in a dialect that ours does not know
                builder = datasets.load_dataset_builder(path, config, revision=revision, keep_default_na=False)
            builder.download_and_prepare()
            return builder.as_dataset()
        except DataError:
            raise
        except Exception as error:
            raise explained(error, name, revision) from error


def read_files(files: Sequence[Path], *, format: str | None = None, split: str | None, name: str) -> datasets.Dataset:
    """One split out of files that have the same columns, memory-mapped.

    Args:
        files: text files, parquet or Arrow.
        format: as in `arrow_copy`.
        split: its name; None for rows that are of no split.
        name: what messages call it.

    Raises:
        DataError: a file that cannot be read, or whose columns are not those of the first.
    """
    import datasets

    parts = []
    for file in files:
        info = datasets.DatasetInfo(dataset_name=name)
        copy = str(arrow_copy(file, format=format))
        try:
            parts.append(datasets.Dataset.from_file(copy, info=info, split=split and datasets.NamedSplit(split)))
        except (ValueError, TypeError, LookupError) as error:  # `datasets` refuses a name that has a NUL
            found = f"its columns cannot be had ({shorten(' '.join(str(error).split()))})"
            raise DataError(found, where=str(file), fix="rename them") from None
        if parts[-1].column_names != parts[0].column_names:
            found = f"found the columns {', '.join(parts[-1].column_names)}"
            expected = f"those of {files[0]}: {', '.join(parts[0].column_names)}"
            raise DataError(found, where=str(file), expected=expected)
    try:
        return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(in_one_order(parts))
    except ValueError as error:
        fix = "write each column in one type in all files"
        raise DataError(f"the files differ in type ({shorten(str(error))})", where=name, fix=fix) from error


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
        formats["csv"] = {",": "csv", "\t": "tsv"}.get(builder.config.sep, "")
    defaults = type(builder.config)()
    settings = {field.name for field in dataclasses.fields(defaults)} - _KNOWN
    if any(getattr(builder.config, name) != getattr(defaults, name) for name in settings):
        return None
    names = [str(file).lower().removesuffix(".gz") for files in builder.config.data_files.values() for file in files]
    return (
        formats.get(builder.name) or None if all(Path(name).suffix in (*FORMATS, *COLUMNAR) for name in names) else None
    )


def _read_splits(builder: datasets.DatasetBuilder, format: str, name: str) -> datasets.DatasetDict | None:
    """The builder's splits read by us, or None where its files turn out not to be for our reader."""
    import datasets

    files = {str(split): [_local(file) for file in files] for split, files in builder.config.data_files.items()}
    if format == "jsonl" and not all(_is_json_lines(file) for of_split in files.values() for file in of_split):
        return None
    splits = {split: read_files(of_split, format=format, split=split, name=name) for split, of_split in files.items()}
    return datasets.DatasetDict(splits)


def _local(file: str) -> Path:
    """The path of a data file, downloaded first if it is on the hub."""
    if not file.startswith(_HUB):
        return Path(file)
    from huggingface_hub import hf_hub_download

    repository, _, rest = file.removeprefix(_HUB).partition("@")
    revision, _, inside = rest.partition("/")
    return Path(hf_hub_download(repository, inside, repo_type="dataset", revision=unquote(revision)))


def _is_json_lines(file: Path) -> bool:
    """Whether a file that may as well be one JSON document has an object in its first line."""
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

    Raises:
        DataError: columns that are not those declared, or a value that is none of the classes.
    """
    if features is None:
        return splits
    return type(splits)({name: _cast(split, features) for name, split in splits.items()})


def _cast(split: datasets.Dataset, declared: datasets.Features) -> datasets.Dataset:
    import datasets

    if set(split.column_names) != set(declared):
        found = f"found the columns {', '.join(split.column_names)}"
        raise DataError(found, where=place_of(split), expected=f"those its README declares: {', '.join(declared)}")
    features = split.features.copy()
    for column, feature in declared.items():
        if isinstance(feature, datasets.ClassLabel) and hasattr(features[column], "names"):
            if set(features[column].names) <= set(feature.names):
                split = renumbered(split, column, feature.names)
        elif isinstance(feature, datasets.ClassLabel):
            _check_names(split, column, feature.names)
        if isinstance(feature, datasets.ClassLabel | datasets.Value):
            features[column] = feature
    return split if split.features == features else split.cast(features)


def _check_names(split: datasets.Dataset, column: str, names: Sequence[str]) -> None:
    codes = coded(split, column)
    ids = {str(id_) for id_ in range(-1, len(names))}
    for code, value in enumerate(codes.values):
        if value not in names and value not in ids:
            where = f"{place_of(split)}, column {column!r}"
            found = f"found {shorten(value)} in {name_rows((codes.codes == code).nonzero()[0])}"
            raise DataError(found, where=where, expected=f"{one_of(names)}, as its README declares")
