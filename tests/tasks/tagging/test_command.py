"""`seqtext tag`: texts from arguments, files and pipes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqtext.data.tags.column_files import read_sentences
from tests.conftest import write_csv
from tests.in_process import seqtext_command, succeeded
from tests.tasks.tagging.taggers import made


@pytest.fixture(scope="module")
def task():
    return made()


@pytest.fixture(scope="module")
def run(task, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tagger") / "model"
    task.save_pretrained(folder)
    return folder


def line(found) -> str:
    return " ".join(f"{word}/{tag}" for word, tag in found)


def test_texts_given_are_tagged_as_by_the_model(run, task):
    texts = ["Ann can see the owl .", "Bob", ""]
    assert succeeded(seqtext_command("tag", run, *texts)).out.splitlines() == [line(found) for found in task(texts)]
    shown = succeeded(seqtext_command("tag", run, "an\u001bowl", "--probabilities")).out
    [(_, tag, sure)] = task("an\u001bowl", probabilities=True)[0]
    assert shown == f"an owl/{tag}/{sure:.4f}\n"


def test_a_pipe_and_a_file_are_tagged_line_by_line_and_can_be_read_again(run, tmp_path):
    piped = succeeded(seqtext_command("tag", run, stdin="Ann sails\n\n1/2 Zoë\n".encode())).out
    (tmp_path / "texts.txt").write_text("Ann sails\n\n1/2 Zoë\n", encoding="utf-8")
    output = tmp_path / "tagged.txt"
    assert succeeded(seqtext_command("tag", run, "--input", tmp_path / "texts.txt", "--output", output)).out == ""
    assert output.read_text(encoding="utf-8") == piped
    assert len(piped.splitlines()) == 3
    assert read_sentences(str(output), "slashes").columns["tokens"] == [["Ann", "sails"], ["1/2", "Zoë"]]


def test_json_lines_keep_the_columns_and_have_lists(run, task, tmp_path):
    table = write_csv(tmp_path / "rows.csv", {"id": ["7"], "body": ["Ann may"]})
    flags = ("--input", table, "--text_column", "body", "--jsonl")
    [found] = task(["Ann may"], probabilities=True)
    expected = {"id": "7", "body": "Ann may", "words": ["Ann", "may"], "tags": [tag for _, tag, _ in found]}
    assert json.loads(succeeded(seqtext_command("tag", run, *flags)).out) == expected
    sure = {"probabilities": [round(sure, 6) for *_, sure in found]}
    assert json.loads(succeeded(seqtext_command("tag", run, *flags, "--probabilities")).out) == expected | sure


def test_no_texts_are_told(run):
    assert seqtext_command("tag", run).err.startswith("error: no texts; give some as arguments")
