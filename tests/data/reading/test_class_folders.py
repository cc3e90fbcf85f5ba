"""A folder for each class with a file for each text, as people unpack them, and other folders that are none of these."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from seqtext.data.reading.class_folders import class_folders
from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.sources import load
from seqtext.errors import DataError


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def rows_of(root: Path, split: str = "train") -> list[tuple[str, str]]:
    rows = load(root).splits[split]
    return [(row["text"], rows.features["label"].names[row["label"]]) for row in rows]


IMDB = {
    **{f"train/{label}/{n}_{n}.txt": f"{label} film {n}\r\nsecond line\n" for label in ("pos", "neg") for n in range(3)},
    **{f"test/{label}/{n}_1.txt": f"{label} test {n}" for label in ("pos", "neg") for n in range(2)},
    **{f"train/unsup/{n}_0.txt": "film" for n in range(4)},
    "imdb.vocab": "the\n", "README": "about it", "train/urls_pos.txt": "http\n", "train/labeledBow.feat": "9 0:9\n",
}  # fmt: skip


@pytest.mark.fault(72)
def test_imdb(tmp_path: Path) -> None:
    write(tmp_path, IMDB)
    source = load(tmp_path)
    assert {name: len(rows) for name, rows in source.splits.items()} == {"train": 6, "test": 4}
    assert source.splits["train"].features["label"].names == ["neg", "pos"]
    assert rows_of(tmp_path) == [
        (f"{label} film {n}\r\nsecond line\n", label) for label in ("neg", "pos") for n in range(3)
    ]
    told = "the 4 texts of train/unsup have no label and are not used; a classifier learns from them too with --unlabelled_data "
    assert notes_of(*source.splits.values()) == [told + str(tmp_path / "train" / "unsup")]


def test_20_newsgroups_whose_files_have_no_ending(tmp_path: Path) -> None:
    names = ("comp.graphics", "rec.autos")
    write(tmp_path, {f"20news-bydate-train/{name}/{n}": f"about {name}" for name in names for n in (37261, 9, 10)})
    write(tmp_path, {f"20news-bydate-test/{name}/{n}": f"on {name}" for name in names for n in (1, 2)})
    write(tmp_path, {"20news-bydate-train/.DS_Store": b"\xff", "__MACOSX/train/x/1.txt": "x", ".cache/a/b.txt": "x"})
    assert rows_of(tmp_path) == [(f"about {name}", name) for name in names for _ in range(3)]
    assert rows_of(tmp_path, "test") == [(f"on {name}", name) for name in names for _ in range(2)]


def test_classes_without_splits(tmp_path: Path) -> None:
    write(tmp_path, {"business/001.txt": "a", "business/002.txt": "b", "sport/001.txt": "\ufeffc", "README.TXT": "x"})
    assert rows_of(tmp_path) == [("a", "business"), ("b", "business"), ("c", "sport")]
    assert list(load(tmp_path).splits) == ["train"]


def test_a_changed_a_renamed_and_a_new_file_are_seen(tmp_path: Path) -> None:
    write(tmp_path, {"a/1": "x", "a/2": "y", "b/1": "z"})
    assert len(rows_of(tmp_path)) == 3
    before = os.stat(tmp_path / "a/1")
    write(tmp_path, {"a/1": "w"})
    os.utime(tmp_path / "a/1", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert rows_of(tmp_path)[0] == ("w", "a")
    (tmp_path / "a/1").rename(tmp_path / "b/0")
    assert rows_of(tmp_path) == [("y", "a"), ("w", "b"), ("z", "b")]


@pytest.mark.fault(3, 71)
def test_bytes_that_are_no_text_are_told_with_their_file_and_the_advice_mends_them(tmp_path: Path) -> None:
    root = tmp_path / "it's data"
    write(root, {"a/1": "é".encode("latin-1"), "a/2": "é", "b/1": b"caf\xe9", "b/2": "z"})
    with pytest.raises(
        DataError, match=r"a/1: not UTF-8: byte 0xE9 at byte offset 0; expected a text in UTF-8"
    ) as caught:
        load(root)
    command = str(caught.value).partition("re-encode it and all like it: ")[2]
    subprocess.run(command, shell=True, check=False)
    assert rows_of(root) == [("é", "a"), ("é", "a"), ("café", "b"), ("z", "b")]


@pytest.mark.parametrize(
    "files",
    [
        {"train.csv": "text,label\na,b\n"},
        {"data/train.txt": "a\n", "other/train.txt": "b\n", "data/test.txt": "c\n"},
        {"train/a.txt": "a\n", "train/b.txt": "b\n", "test/a.txt": "c\n"},
        {"a/1.csv": "x\n", "a/2.csv": "y\n", "b/1.csv": "z\n"},
        {"a/1.jpg": "x", "a/2.jpg": "y", "b/1.jpg": "z"},
        {"a/1.txt": "x", "a/2.txt": "y"},
        {"a/1.txt": "x", "b/1.txt": "y"},
        {"README.md": "---\ndata_files: x\n---\n", "a/1.txt": "x", "a/2.txt": "y", "b/1.txt": "z"},
        {"train.parquet": "x", "a/1.txt": "x", "a/2.txt": "y", "b/1.txt": "z"},
        {},
    ],
)
def test_other_folders(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    assert class_folders(write(tmp_path, files)) is None


def test_links_that_lead_out_and_pipes_are_not_read(tmp_path: Path) -> None:
    root = write(tmp_path / "data", {"a/1": "x", "a/2": "y", "b/1": "z"})
    (tmp_path / "secret").write_text("secret")
    (root / "b" / "2").symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match=r"b/2: not a regular file inside of the folder"):
        load(root)
    (root / "b" / "2").unlink()
    os.mkfifo(root / "b" / "2")
    with pytest.raises(DataError, match=r"b/2: not a regular file inside of the folder"):
        load(root)


def test_a_giant_file_is_not_one_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtext.data.reading.class_folders.LARGEST", 10)
    with pytest.raises(DataError, match=r"a/2: 11 bytes; expected one text, of at most 10"):
        load(write(tmp_path, {"a/1": "x", "a/2": "y" * 11, "b/1": "z"}))


def test_texts_of_many_batches_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{label}/{n:02}": f"{label}{n}" for label in "ab" for n in range(20)}
    write(tmp_path, files)
    monkeypatch.setattr("seqtext.data.reading.class_folders._BATCH", 7)
    assert [text for text, _ in rows_of(tmp_path)] == list(files.values())
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
