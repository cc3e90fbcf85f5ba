"""What the recipe of text generation says to rows and options that cannot be used."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.conftest import TOPICS, topic_rows, write_csv
from tests.in_process import figures_of
from tests.tasks.generation.recipe import done, recipe, styled

pytestmark = pytest.mark.draws  # what is odd is drawn too


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("train.csv"), topic_rows(60, seed=1))
    write_csv(Path("test.csv"), topic_rows(12, seed=2))


BAD = 16  # the row, from 0, that a fault is put into: row 17


def rows_with(column: str, value: object, **more: object) -> str:
    """The training rows as JSON lines with another cell in row 17."""
    given = {**styled(topic_rows(60, seed=1)), "vector": [[0.5, 1.5]] * 60, **more}
    lines = [dict(zip(given, cells, strict=True)) for cells in zip(*given.values(), strict=True)]
    lines[BAD][column] = value
    return "".join(json.dumps(line) + "\n" for line in lines)


# fmt: off
FAULTS = {
    "a missing attribute": ("label", None, (), ".*column 'label': found no value .* in row 17 of 60; .*; fill them in, .*"),
    "a missing second attribute": (
        "style", "", ("--attributes", "label", "style"), ".*column 'style': found no value .* in row 17 of 60; .*"),
    "a missing text": ("text", None, (), ".*row 17, column 'text': found None; expected text; .*"),
    "a missing vector": (
        "vector", None, ("--vector_column", "vector"), ".*row 17, column 'vector': found None; expected a list of 2 finite numbers"),
    "a shorter vector": (
        "vector", [1.0], ("--vector_column", "vector"), r".*row 17, column 'vector': found \[1.0\] \(1 numbers\); .* 2 finite numbers"),
    "an odd number": (
        "vector", [1.0, "a"], ("--vector_column", "vector"), r".*row 17, .*: found \[1.0, 'a'\], .*; expected a list .* each a number, .*"),
    "a vector as text": (
        "vector", "[0.5 1.5]", ("--vector_column", "vector"), ".*row 17, column 'vector': found '\\[0.5 1.5\\]', which is text; .*"),
    "no such column": ("label", "sea", ("--attributes", "lable"), ".*no column 'lable' among .*; did you mean 'label'[?]"),
    "no such vectors": ("label", "sea", ("--vector_column", "vectr"), ".*no column 'vectr' among .*; did you mean 'vector'[?]"),
    "two ways": (
        "label", "sea", ("--attributes", "label", "--vector_column", "vector"), "--attributes, --vector_column, .* rule each other out"),
    "no vector, yet zeros": (
        "label", "sea", ("--vector", "none", "--feedback", "zeros"), "--feedback zeros reads nothing but the vector, and .*"),
    "an unknown run": ("label", "sea", ("--init_from", "nowhere"), "nowhere.*"),
    "a share of 1": ("label", "sea", ("--vector_dropout", "1"), "--vector_dropout is 1.0; expected from 0 to below 1"),
    "a revision of a file": ("label", "sea", ("--revision", "main"), "--revision and --data_config are of --data; .*"),
}
# fmt: on


@pytest.mark.fault(9, 10, 14)
@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_in_a_line_before_training(case):
    column, value, flags, message = FAULTS[case]
    Path("bad.jsonl").write_text(rows_with(column, value))
    before = sorted(os.walk("."))
    ended = recipe("--train", "bad.jsonl", *flags, "--run", "run")
    assert ended.code in (2, 3), ended.err
    assert re.fullmatch(f"error: {message}\n", ended.err), ended.err
    assert sorted(os.walk(".")) == before


def test_without_a_clear_attribute_the_flags_are_told():
    Path("plain.txt").write_text("".join(f"{text}\n" for text in topic_rows(60)["text"]))
    ended = recipe("--train", "plain.txt", "--run", "run")
    assert ended.code == 2
    assert re.fullmatch(
        r"error: .*no column is clearly the label .*; pass --attributes NAME, or --vector none\n", ended.err
    )


def test_texts_of_a_single_word_have_no_pairs_and_are_reported_all_the_same():
    words = [(word, topic) for topic, text in TOPICS.items() for word in text.split()]
    rows = {"text": [word for word, _ in words], "label": [topic for _, topic in words]}
    write_csv(Path("train.csv"), rows)
    done("--train", "train.csv", "--evaluation", "all", "--max_steps", "1", "--run", "run")
    assert figures_of("run")["samples"]["real"]["distinct_2"] == 0
