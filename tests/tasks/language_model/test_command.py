"""`seqtext score`: texts from arguments, files and pipes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqtext.errors import OptionsError
from tests.conftest import write_csv
from tests.in_process import seqtext_command, succeeded
from tests.tasks.language_model.models import made


@pytest.fixture(scope="module")
def task():
    return made()


@pytest.fixture(scope="module")
def run(task, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lm") / "model"
    task.save_pretrained(folder)
    return folder


def test_texts_given_are_scored_as_by_the_model(run, task):
    found = task(["the ship", "an\u001bowl"])
    lines = succeeded(seqtext_command("score", run, "the ship", "an\u001bowl")).out.splitlines()
    assert lines == [
        f"{one.perplexity:.2f}\t{one.bits_per_byte:.3f}\t{text}"
        for one, text in zip(found, ["the ship", "an owl"], strict=True)
    ]


def test_a_pipe_and_a_file_are_scored_line_by_line(run, tmp_path):
    piped = succeeded(seqtext_command("score", run, stdin=b"the ship\n\nan owl\n")).out
    (tmp_path / "texts.txt").write_text("the ship\n\nan owl\n")
    output = tmp_path / "scores.txt"
    assert succeeded(seqtext_command("score", run, "--input", tmp_path / "texts.txt", "--output", output)).out == ""
    assert output.read_text() == piped
    assert len(piped.splitlines()) == 3


def test_json_lines_keep_the_columns_and_have_each_token_where_asked(run, task, tmp_path):
    table = write_csv(tmp_path / "rows.csv", {"id": ["7"], "text": ["the ship"]})
    [line] = map(
        json.loads, succeeded(seqtext_command("score", run, "--input", table, "--jsonl", "--by_token")).out.splitlines()
    )
    [found] = task(["the ship"], by_token=True)
    assert (line["id"], line["text"], line["tokens"]) == ("7", "the ship", found.tokens)
    assert line["log_probability"] == pytest.approx(found.log_probability, abs=1e-5)
    assert line["perplexity"] == pytest.approx(found.perplexity, rel=1e-3)
    assert [token for token, _ in line["by_token"]] == [token for token, _ in found.by_token]
    shown = succeeded(seqtext_command("score", run, "the ship", "--by_token")).out
    assert f"</s>:{found.by_token[-1][1]:.2f}" in shown


@pytest.mark.parametrize(
    ("flags", "stdin", "told"),
    [
        ((), None, "no texts; give some as arguments, a file with --input, or a pipe"),
        (("x", "--input", "y.txt"), None, "texts and --input were both given; give one of them"),
        (
            ("--input", "-", "--input_format", "jsonl"),
            b'{"text": 3}\n',
            "row 1, column 'text': found 3 (int); expected text",
        ),
        (
            ("--input", "-", "--input_format", "csv", "--text_column", "txt"),
            b"text,other\na,b\n",
            "no column 'txt'; expected one of text, other; did you mean 'text'?",
        ),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(run, flags, stdin, told):
    ended = seqtext_command("score", run, *flags, stdin=stdin)
    assert ended.code == 2
    assert told in ended.err
    assert ended.err.count("\n") == 1


def test_a_cache_looks_back_at_the_text_itself(run, task):
    text = "the ship sails over the sea, the ship sails over the sea, the ship sails over the sea"
    [found] = task([text], cache=50)
    assert found.perplexity < task([text])[0].perplexity
    assert succeeded(seqtext_command("score", run, text, "--cache", "50")).out.startswith(f"{found.perplexity:.2f}\t")
    for cache in (1.5, True, 1_000_001):
        with pytest.raises(OptionsError, match="--cache is"):
            task([text], cache=cache)
    for command in (("score", run, text), ("evaluate", run, "--data", "x.csv")):
        assert "--cache is -1; expected 0 to 1000000" in seqtext_command(*command, "--cache", "-1").err


def test_a_threads_of_nothing_is_refused(run):
    assert seqtext_command("score", run, "x", "--threads", "0").err == "error: --threads is 0; expected at least 1\n"
