"""Folders of files of lines: which are source and target, which split they are of, and what is not clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtext.data.pairs.line_folders import parallel_files_in
from seqtext.data.pairs.sources import load_pairs
from seqtext.errors import DataError


def folder(tmp_path: Path, *names: str, at: str = "pairs") -> Path:
    place = tmp_path / at
    place.mkdir(exist_ok=True)
    for name in names:
        (place / name).write_text("".join(f"{name} {number}\n" for number in range(3)))
    return place


def test_endings_are_languages_and_names_are_splits(tmp_path: Path) -> None:
    place = folder(tmp_path, "train.en", "train.de", "val.en", "val.de", "test_2016.en", "test_2016.de", "README.md")
    found = load_pairs(place)
    assert {split: rows.num_rows for split, rows in found.splits.items()} == {"train": 3, "validation": 3, "test": 3}
    assert (found.source, found.target) == ("en", "de")
    assert found.splits["test"][1] == {"en": "test_2016.en 1", "de": "test_2016.de 1"}


@pytest.mark.parametrize(
    ("names", "at", "asked", "expected"),
    [
        (("train.en", "train.de"), "x", ("de", "en"), ("de", "en")),
        (("train.en", "train.de"), "x", (None, "en"), ("de", "en")),
        (("train.en", "train.de"), "corpus-de-en", (None, None), ("de", "en")),
        (("train.cs", "train.uk"), "uk-cs", (None, None), ("uk", "cs")),
        (("train.src", "train.tgt"), "x", (None, None), ("src", "tgt")),
        (("train.target", "train.source"), "x", (None, None), ("source", "target")),
        (("train.cs", "train.de", "train.fr"), "x", ("fr", "cs"), ("fr", "cs")),
    ],
)
def test_the_order_is_told_by_flags_names_or_english(
    tmp_path: Path, names: tuple[str, ...], at: str, asked: tuple[str | None, str | None], expected: tuple[str, str]
) -> None:
    found = load_pairs(folder(tmp_path, *names, at=at), source=asked[0], target=asked[1])
    source, target = expected
    assert found.splits["train"][0] == {source: f"train.{source} 0", target: f"train.{target} 0"}


@pytest.mark.parametrize("names", [("train.cs", "train.uk"), ("train.cs", "train.de", "train.fr")])
def test_an_order_that_is_not_clear_is_asked_for_and_the_fix_works(tmp_path: Path, names: tuple[str, ...]) -> None:
    place = folder(tmp_path, *names)
    with pytest.raises(DataError, match=r"pass --source cs --target (uk|de)") as told:
        load_pairs(place)
    words = str(told.value).split()
    asked = words[words.index("--source") + 1], words[words.index("--target") + 1]
    assert load_pairs(place, source=asked[0], target=asked[1]).source == asked[0]


def test_several_files_of_a_split_are_not_chosen_from(tmp_path: Path) -> None:
    place = folder(tmp_path, "train.en", "train.de", "test_a.en", "test_a.de", "test_b.en", "test_b.de")
    with pytest.raises(DataError, match=r"test_a\.en, test_b\.en.*--train .*train\.en .*--test|several pairs"):
        load_pairs(place)


def test_tables_are_read_as_ever(tmp_path: Path) -> None:
    place = folder(tmp_path, "train.en", "train.de")
    (place / "train.csv").write_text("en,de\na,b\nc,d\n")
    assert parallel_files_in(place, None, None) is None
    assert parallel_files_in(folder(tmp_path, "a.txt", "b.txt", at="other"), None, None) is None
