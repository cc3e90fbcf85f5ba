"""Files of a folder go to the splits their names say, however they are spelt."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtext.data.reading.sources import load


def folder_of(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text,label\n" + "".join(f"{name} {row},{row % 2}\n" for row in range(number + 4)))
    return folder


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Train.csv", "Test.csv"),
        ("TRAIN.csv", "TEST.csv"),
        ("reviewsTrain_raw.csv", "reviewsTest_raw.csv"),
        ("Train/a.csv", "Test/a.csv"),
        ("train.csv", "test.csv"),
    ],
)
def test_what_is_named_as_test_rows_is_not_trained_on(tmp_path: Path, train: str, test: str) -> None:
    splits = load(str(folder_of(tmp_path / "d", train, test))).splits
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 4, "test": 5}


def test_what_a_readme_says_is_done(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "d", "a_test.csv", "b_test.csv")
    (folder / "README.md").write_text("---\nconfigs:\n- config_name: default\n  data_files: '*.csv'\n---\n")
    assert {name: len(rows) for name, rows in load(str(folder)).splits.items()} == {"train": 9}


def test_words_that_hold_such_a_name_are_none(tmp_path: Path) -> None:
    splits = load(str(folder_of(tmp_path / "d", "Latest.csv", "Contestants.csv"))).splits
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 9}
