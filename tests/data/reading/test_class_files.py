"""A file of lines for each class, as names by language lie, and other folders that are none of these."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtext.data.reading.class_files import class_files
from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.sources import load
from tests.data.reading.test_class_folders import rows_of, write

NAMES = {
    "Arabic.txt": "Khoury\nNahas\n\nDaher\nGerges\nNazari\n",
    "Old Norse.txt": "Ásgeir\nBjörn\nEgill\nFreyr\nÞórr\nÆgir",
}


def test_names_by_language(tmp_path: Path) -> None:
    root = tmp_path / "names"
    write(root, {**NAMES, "README.md": "about them", "LICENSE.txt": "free\n" * 9, ".DS_Store": b"\xff"})
    rows = rows_of(root)
    assert [row for row in rows if row[0]] == [
        *((name, "Arabic") for name in ("Khoury", "Nahas", "Daher", "Gerges", "Nazari")),
        *((name, "Old Norse") for name in ("Ásgeir", "Björn", "Egill", "Freyr", "Þórr", "Ægir")),
    ]
    [note] = notes_of(load(root).splits["train"])
    assert note == "column 'label' is what its 2 files are called: Arabic, Old Norse"


@pytest.mark.parametrize(
    "files",
    [
        {"train.txt": "a\n" * 9, "test.txt": "b\n" * 9},
        {"wiki.train.txt": "a\n" * 9, "wiki.test.txt": "b\n" * 9},
        {"part-1.txt": "a\n" * 9, "part-2.txt": "b\n" * 9},
        {"Arabic.txt": "a\n" * 9},
        {"Arabic.txt": "a\n" * 9, "README.txt": "b\n" * 9},
        {"Arabic.txt": "a\n" * 9, "Czech.csv": "b\n" * 9},
        {"Arabic.txt": "a\n" * 9, "Czech.txt": "b\n" * 9, "more/c.txt": "c\n"},
        {**NAMES, "README.md": "---\nlicense: mit\n---\n"},
    ],
)
def test_other_folders_are_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert class_files(write(tmp_path, files)) is None


def test_files_of_one_text_each_are_texts(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.txt": f"About {name}.\nOn two lines.\n" for name in ("ships", "sails", "wind")})
    assert load(tmp_path).splits["train"].column_names == ["text"]
