"""Web pages and pointers of Git LFS that lie where data should; frames as pandas writes them to one JSON document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqtext.data.reading.sources import load
from seqtext.errors import DataError

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>x</title></head></html>\n"
COLUMNS = {"text": ["a b", "c d", "e f"], "label": ["x", "y", "x"]}
ROWS = [{"text": text, "label": label} for text, label in zip(*COLUMNS.values(), strict=True)]


def test_a_run_or_its_model_is_told_from_data(run_folder: Path) -> None:
    for place in (run_folder, run_folder / "model"):
        with pytest.raises(DataError, match="a trained run, not data; expected rows"):
            load(place)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "txt", "parquet", "csv.gz"])
def test_a_pointer_of_git_lfs_is_told(tmp_path: Path, ending: str) -> None:
    (path := tmp_path / f"train.{ending}").write_text(POINTER)
    with pytest.raises(DataError, match=r"a pointer of Git LFS.*git lfs pull"):
        load(path)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n  "])
def test_a_web_page_is_told(tmp_path: Path, ending: str, start: str) -> None:
    (path := tmp_path / f"train.{ending}").write_text(start + PAGE)
    with pytest.raises(DataError, match=r"a web page \(HTML\).*download the file itself"):
        load(path)


def test_lines_of_text_may_be_html(tmp_path: Path) -> None:
    (path := tmp_path / "train.txt").write_text(PAGE)
    assert load(path).splits["train"]["text"][0] == "<!DOCTYPE html>"


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "document",
    [
        COLUMNS,
        {name: dict(zip("012", cells, strict=True)) for name, cells in COLUMNS.items()},
        dict(zip(("0", "1", "2"), ROWS, strict=True)),
        dict(zip(("p1", "p2", "p3"), ROWS, strict=True)),
        {"columns": list(COLUMNS), "index": [0, 1, 2], "data": [list(row.values()) for row in ROWS]},
        {"schema": {"fields": []}, "data": ROWS},
    ],
)
def test_a_frame_in_one_document_is_its_rows(tmp_path: Path, document: object, indent: int | None) -> None:
    (path := tmp_path / "train.json").write_text(json.dumps(document, indent=indent))
    assert load(path).splits["train"].to_list() == ROWS


def test_lists_of_words_in_one_line_are_a_row(tmp_path: Path) -> None:
    row = {"tokens": ["a", "b"], "tags": ["X", "Y"]}
    (path := tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n")
    assert load(path).splits["train"].to_list() == [row]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"text": ["a", "b"], "label": ["x"]}, r"unequal length \('text' 2, 'label' 1\)"),
        (
            {"train": [["a", "x"]], "val": [["b", "y"]]},
            r"lists of lists in 'train', 'val'.*jq -c '\.train\[\] \| \{text",
        ),
    ],
)
def test_other_documents_are_told_what_makes_lines_of_them(tmp_path: Path, document: object, told: str) -> None:
    (path := tmp_path / "train.json").write_text(json.dumps(document, indent=1))
    with pytest.raises(DataError, match=told):
        load(path)
