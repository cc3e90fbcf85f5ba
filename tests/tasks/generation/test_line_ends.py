"""Texts of several lines: poems and code come back as they were with --whitespace keep; else the summary says what is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest

import seqtext
from seqtext.errors import OptionsError
from seqtext.tasks.generation.generator import TextGenerator
from tests.in_process import recipe, seqtext_command, succeeded
from tests.tasks.generation.generators import SIZES

POEM, CODE = "Roses are {},\n\tviolets are blue.\n\nAnd so are you.", "def f(x):\n    if x:\n        return {}\n"
WORDS = ["red", "old", "far", "new", "wet"]
ROWS = {
    "text": [one.format(WORDS[number % 5]) for number in range(30) for one in (POEM, CODE)],
    "label": ["poem", "code"] * 30,
}
LEARNT = [
    *("--embedding_dropout", 0.05, "--input_dropout", 0.05, "--output_dropout", 0.2),
    *("--hidden_size", 48, "--embedding_size", 24, "--vocabulary_size", 400, "--batch_tokens", 300, "--epochs", 25),
    *("--device", "cpu", "--precision", "fp32", "--threads", 1, "--evaluation", "none", "--no_copy_ngram", 0),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("lines")
    lines = [json.dumps(dict(zip(ROWS, row, strict=True))) for row in zip(*ROWS.values(), strict=True)]
    (place / "rows.jsonl").write_text("\n".join(lines) + "\n")
    flags = ["--train", place / "rows.jsonl", "--whitespace", "keep", "--run", place / "run"]
    succeeded(recipe("text_generation", *flags, *LEARNT))
    return place / "run"


@pytest.mark.parametrize("text", [*ROWS["text"][:2], "a\r\n\r\nb\rc", "  two\n\n   three  \n", "\n", "\t\n \n"])
def test_texts_come_back_from_the_tokenizer_as_they_were(text):
    task = TextGenerator.from_data(ROWS, whitespace="keep", no_copy_ngram=0, **SIZES)
    assert task.tokenizer.decode(task.tokenizer.encode([text])[0]) == text.replace("\r\n", "\n").replace("\r", "\n")


def test_what_it_learnt_it_writes_with_its_lines(run):
    generator = seqtext.load(run)
    assert re.match(r"def f\(x\):\n +if x:\n +return", generator("code", temperature=0)[0].text)
    [poem] = generator("poem", temperature=0)
    assert poem.text in ROWS["text"]
    assert poem.text.count("\n") == 3
    begun = generator("code", prompt="def f(x):\n    if x:\n", temperature=0)[0].text
    assert re.match(r"def f\(x\):\n    if x:\n +return", begun)


def test_the_terminal_shows_lines_and_json_holds_them(run):
    text = seqtext.load(run)("poem", temperature=0)[0].text
    shown = succeeded(seqtext_command("generate", run, "--topic", "poem", "--temperature", 0)).out
    assert shown == f"{text}\n\n"
    [line] = succeeded(
        seqtext_command("generate", run, "--topic", "poem", "--temperature", 0, "--jsonl")
    ).out.splitlines()
    assert json.loads(line)["text"] == text
    page = (run / "report" / "samples.md").read_text()
    assert "\n- ```\n  Roses are " in page
    assert "\n  \tviolets are blue.\n  \n  And so are you.\n  ```\n" in page


def test_the_summary_says_how_many_texts_lose_their_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = {"text": [*ROWS["text"][:40], *["one line"] * 20, " ends in a line end\n"], "label": ["a", "b"] * 30 + ["a"]}
    datasets.Dataset.from_dict(rows).to_json("rows.jsonl")
    flags = ("--train", "rows.jsonl", "--test", "rows.jsonl", "--validation", "rows.jsonl", *LEARNT, "--dry_run")
    told = succeeded(recipe("text_generation", *flags)).out
    assert "40 of 61 training texts hold line ends: each becomes a space; --whitespace keep keeps them\n" in told
    assert "line ends" not in succeeded(recipe("text_generation", *flags, "--whitespace", "keep")).out


def test_who_starts_from_a_run_that_keeps_them_keeps_them(run):
    task = TextGenerator.from_data(ROWS, init_from=run, no_copy_ngram=0, hidden_size=48, embedding_size=24)
    assert task.config.whitespace == "keep"
    assert "\n" in task.tokenizer.decode(task.tokenizer.encode([ROWS["text"][0]])[0])


def test_requests_are_names_in_whatever_holds_them_and_never_the_names_of_columns(run):
    generator = seqtext.load(run)
    expected = [one.text for one in generator(["poem", "code"], temperature=0)]
    for given in (("poem", "code"), pd.Series(["poem", "code"]), np.array(["poem", "code"]), iter(["poem", "code"])):
        assert [one.text for one in generator(given, temperature=0)] == expected
    assert len(generator(np.array([0.5, 0.5]))) == 1
    with pytest.raises(
        OptionsError, match=r"asked for a DataFrame; expected a name, or a list of names; pass the column"
    ):
        generator(pd.DataFrame({"poem": [1], "code": [2]}))
