"""Names of files that are none: each is told in a line that says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqtext.data.reading.local_paths import at_home, existing_file, matching_files
from seqtext.data.reading.sources import load, load_files
from seqtext.errors import DataError


def test_a_name_that_begins_with_a_tilde_is_a_file_unless_it_is_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert at_home("~/x.csv") == tmp_path / "home" / "x.csv"
    with pytest.raises(DataError, match=r"--train ~x\.csv: no such file or folder: .*/~x\.csv"):
        load_files(train="~x.csv")
    Path("~x.csv").write_text("text,label\na,b\n")
    assert load_files(train="~x.csv").splits["train"]["text"][:] == ["a"]
    assert load("~x.csv").splits["train"]["text"][:] == ["a"]


@pytest.mark.parametrize("name", ["{0}/link.csv", "{0}/folder/x.csv"])
def test_links_to_nowhere_are_no_misspelt_names_of_themselves(tmp_path: Path, name: str) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "folder").symlink_to(tmp_path / "gone")
    for read in (load, existing_file, matching_files):
        with pytest.raises(DataError, match=r"leads to .*gone") as caught:
            read(name.format(tmp_path))
        assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".csv", "x" * 300 + "/a.csv", "a\0b.csv", "a/" * 3000])
def test_names_that_no_file_can_have(name: str) -> None:
    for read in (load, existing_file, matching_files):
        with pytest.raises(DataError, match="no such file or folder"):
            read(name)


@pytest.mark.fault(65)
def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("text,label\na,b\n")
    for name in ("a.csv", "*.csv"):
        with pytest.raises(DataError, match=r"a\.csv: not a regular file; .*cat PIPE > FILE"):
            load(tmp_path / name)


def test_a_pipe_in_a_data_folder_is_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "train.csv")
    with pytest.raises(DataError):
        load(tmp_path / "data")


@pytest.mark.parametrize("name", ["a.npy", "a.pkl", "a.xls", "a", "a.tar", "a.csv.7z"])
def test_files_of_other_kinds(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x93NUMPY\1\0")
    with pytest.raises(DataError, match=rf"{name}: unknown ending .*expected one of \.csv.*convert it"):
        load_files(train=tmp_path / name)
