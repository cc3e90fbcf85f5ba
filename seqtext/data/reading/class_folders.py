"""A folder for each class with a file for each text: found by its layout, and read as columns `text` and `label`.

So lie aclImdb, 20 newsgroups, and what scikit-learn's `load_files` reads. A text is a whole file, as it is. Knows files, no columns
of other data; what is left aside is said.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.folder_files import lies_inside
from seqtext.data.reading.kept_copies import kept_copy
from seqtext.data.reading.remarks import Remarks, with_remarks
from seqtext.data.reading.text_files import FORMATS, TEXT_COLUMN
from seqtext.errors import DataError

if TYPE_CHECKING:
    import datasets

LABEL_COLUMN = "label"
LARGEST = 1 << 26  # bytes of a file; one that is larger is not one text
VERSION = 1  # of the way files become rows; raise it when the same files would be read otherwise
_BATCH = 16 << 20  # characters
_SPLITS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip
_OF_SPLIT = re.compile(rf"(?:.*[-_. ])?({'|'.join(_SPLITS)})(?:[-_. ]?\d.*)?", re.IGNORECASE)
_WITHOUT_LABEL = {"unsup", "unlabeled", "unlabelled"}
_TABLES = {*FORMATS, ".parquet", ".arrow"} - {".txt"}


@dataclass(frozen=True)
class ClassFolders:
    """What was found.

    Attributes:
        root: the folder of all.
        splits: by name, the files of each class by its name; files sorted.
        notes: what is left aside, a line each.
    """

    root: Path
    splits: dict[str, dict[str, list[Path]]]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The classes of all splits, sorted."""
        return sorted({name for classes in self.splits.values() for name in classes})


def class_folders(root: Path) -> ClassFolders | None:
    """The classes of a folder that has a folder for each, perhaps inside of one for each split; None for any other folder."""
    if describes_itself(root):
        return None
    try:
        folders, files = inside(root)
        by_split = {folder: _SPLITS[found[1].lower()] for folder in folders if (found := split_of(folder))}
        notes: list[str] = []
        splits: dict[str, dict[str, list[Path]]] = {}
        if "train" in by_split.values():
            if len(set(by_split.values())) < len(by_split) or any(_is_table(file) for file in files):
                return None
            splits = {split: _classes(folder, notes) for folder, split in by_split.items()}
        elif not by_split and not any(_is_table(file) or split_of(file) for file in files):
            splits["train"] = _classes(root, notes)
            if any(map(split_of, (file for files in splits["train"].values() for file in files))):
                return None  # configurations of a data set, each with its splits
    except OSError:
        return None  # who reads it otherwise says what is wrong
    train = splits.get("train", {})
    if len(train) < 2 or not all(splits.values()) or sum(map(len, train.values())) <= len(train):
        return None
    return ClassFolders(
        root, {name: splits[name] for name in ("train", "validation", "test") if name in splits}, tuple(notes)
    )


def load_class_folders(found: ClassFolders, name: str) -> datasets.DatasetDict:
    """All splits, in the order of classes and files.

    Args:
        found: by `class_folders`.
        name: what messages call it.

    Raises:
        DataError: a file that is no UTF-8 text, or too large for one.
    """
    import datasets

    features = datasets.Features(
        {TEXT_COLUMN: datasets.Value("string"), LABEL_COLUMN: datasets.ClassLabel(names=found.names)}
    )
    splits = datasets.DatasetDict()
    for split, classes in found.splits.items():
        rows = [(path, label) for label, paths in classes.items() for path in paths]
        info = datasets.DatasetInfo(dataset_name=name)
        copy = kept_copy(_key(rows, features, found.root), partial(_write, rows, features, found.root))
        read = datasets.Dataset.from_file(str(copy), info=info, split=datasets.NamedSplit(split))
        splits[split] = with_remarks(read, Remarks(found.notes))
    return splits


def inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Folders and files directly in a folder, sorted; neither hidden ones nor what an archive of a Mac brings along."""
    with os.scandir(folder) as entries:
        seen = sorted((Path(e.path), e.is_dir()) for e in entries if not e.name.startswith((".", "__")))
    return [path for path, is_folder in seen if is_folder], [path for path, is_folder in seen if not is_folder]


def split_of(path: Path) -> re.Match[str] | None:
    """The split that a file or folder is called after, as the group 1; None for another name."""
    return _OF_SPLIT.fullmatch(path.name if path.is_dir() else path.name.partition(".")[0])


def _is_table(path: Path) -> bool:
    """Whether a file is rows of a data set, by its name."""
    endings = {suffix.lower() for suffix in path.suffixes[-2:]}
    return bool(endings & _TABLES)


def describes_itself(root: Path) -> bool:
    """Whether a README says what the data is, as on the hub."""
    readme = root / "README.md"
    try:
        if not readme.is_file():
            return os.path.lexists(readme)  # a pipe or the like, of which others tell
        with readme.open("rb") as file:
            return file.read(3) == b"---"
    except OSError:
        return False


def _classes(folder: Path, notes: list[str]) -> dict[str, list[Path]]:
    """The files of each class; none if some are no texts."""
    found = {path.name: inside(path)[1] for path in inside(folder)[0]}
    found = {name: files for name, files in found.items() if files}
    left = [name for name in found if name.lower() in _WITHOUT_LABEL and len(found) > 2]
    notes += [
        f"the {len(found[name]):,} texts of {folder.name}/{name} have no label and are not used; a classifier learns from them too"
        f" with --unlabelled_data {shlex.quote(str(folder / name))}"
        for name in left
    ]
    classes = {name: files for name, files in found.items() if name not in left}
    return classes if all(_is_text(file) for files in classes.values() for file in files) else {}


def _is_text(path: Path) -> bool:
    """Whether a file may be one text, by its name: many have no ending, or one that says nothing."""
    kind, packed = mimetypes.guess_type(path.name)
    is_text = kind is None or kind.startswith(("text/", "message/"))
    return is_text and not packed and not _is_table(path)


def _key(rows: list[tuple[Path, str]], features: datasets.Features, root: Path) -> str:
    """Hash of what the rows are made of: names and bytes of all files."""
    whole = hashlib.sha256(repr((VERSION, features[LABEL_COLUMN].names)).encode("utf-8", "surrogateescape"))
    for path, label in rows:
        data = _read(path, root)
        whole.update(f"{label}/{path.name} {len(data)} ".encode("utf-8", "surrogateescape"))
        whole.update(data)
    return f"{whole.hexdigest()}-classes"


def _write(rows: list[tuple[Path, str]], features: datasets.Features, root: Path, target: Path) -> None:
    import pyarrow as pa

    schema = features.arrow_schema
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for texts, labels in _batches(rows, root):
            ids = features[LABEL_COLUMN].str2int(labels)
            writer.write_batch(
                pa.record_batch([pa.array(texts, pa.string()), pa.array(ids, pa.int64())], schema=schema)
            )


def _batches(rows: list[tuple[Path, str]], root: Path) -> Iterator[tuple[list[str], list[str]]]:
    texts, labels, size = list[str](), list[str](), 0
    for path, label in rows:
        texts.append(_text(path, root))
        labels.append(label)
        size += len(texts[-1])
        if size > _BATCH:
            yield texts, labels
            texts, labels, size = [], [], 0
    if texts:
        yield texts, labels


def _text(path: Path, root: Path) -> str:
    data = _read(path, root)
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        found = f"not UTF-8: byte 0x{data[error.start]:02X} at byte offset {error.start}"
        place = shlex.quote(str(root))
        fix = (
            f"re-encode it and all like it: find {place} -type f ! -exec iconv -f utf-8 -t utf-8 -o /dev/null {{}} \\; "
            '-exec sh -c \'iconv -f windows-1252 -t utf-8 "$1" > "$1.new" && mv "$1.new" "$1"\' _ {} \\; 2> /dev/null'
        )
        raise DataError(found, where=str(path), expected="a text in UTF-8", fix=fix) from None


def _read(path: Path, root: Path) -> bytes:
    try:
        if not path.is_file() or not lies_inside(path, root):
            raise DataError(
                "not a regular file inside of the folder", where=str(path), fix="remove it, or put the text there"
            )
        if (size := path.stat().st_size) > LARGEST:
            fix = "give such data as a table: csv, jsonl or parquet"
            raise DataError(f"{size:,} bytes", where=str(path), expected=f"one text, of at most {LARGEST:,}", fix=fix)
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=str(path)) from None
