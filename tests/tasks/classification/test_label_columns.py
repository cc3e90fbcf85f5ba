"""Labels and texts as people have them, with the recipe: what is told, and that what it advises, done, trains a model of all rows."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

import seqtext
from seqtext.data.reading.joined_columns import SEPARATOR
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, recipe, seqtext_command, succeeded, topics_recipe

TINY = [
    *("--hidden_size", 8, "--embedding_size", 8, "--vocabulary_size", 400, "--batch_tokens", 600),
    *("--device", "cpu", "--threads", 1, "--epochs", 1, "--baselines", "none"),
]
ROWS = topic_rows(90, seed=1)
TEXTS, LABELS = ROWS["text"], ROWS["label"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def dry(*flags: object) -> Ended:
    return topics_recipe(*TINY, "--dry_run", *flags)


def rows_told(ended: Ended) -> int:
    """Rows of all splits, as the summary counts them."""
    return sum(map(int, re.search(r"all +(\d+) +(\d+) +(\d+)\n", succeeded(ended).out).groups()))


def write_lines(name: str, **columns: list) -> None:
    lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    Path(name).write_text("\n".join(lines) + "\n")


# ---- several labels a row


@pytest.mark.fault(71, 72)
@pytest.mark.parametrize("flags", [(), ("--label_column", "labels")])
def test_lists_of_labels_are_several_and_the_first_of_each_alone_trains(flags):
    lists = [[label, "new"] if number % 3 else [label] for number, label in enumerate(LABELS)]
    write_lines("lists.jsonl", text=TEXTS, labels=lists)
    write_csv(Path("text.csv"), {"text": TEXTS, "labels": [str(one) for one in lists]})
    write_csv(Path("marks.csv"), {"text": TEXTS, "labels": ["|".join(one) for one in lists]})
    for file in ("lists.jsonl", "text.csv", "marks.csv"):
        out = succeeded(dry("--train", file, *flags)).out
        assert "rows        label " in out
        [counts] = re.findall(r"\n +new +(\d+) +(\d+) +(\d+)\n", out)
        assert sum(map(int, counts)) == 60
        assert re.search(r"note +column 'labels' is read as (a list of labels|labels with '\|' between them) ?", out)
    for file, shown in (("lists.jsonl", "['town', 'new']"), ("text.csv", "\"['town', 'new']\"")):
        ended = dry("--train", file, *flags, "--target", "label")
        assert ended.code == 2
        assert f"column 'labels', row 2, found {shown}: each row has several labels; where a text has one" in ended.err
    write_lines("first.jsonl", text=TEXTS, labels=lists, label=[one[0] for one in lists])
    assert rows_told(dry("--train", "first.jsonl")) == 90


@pytest.mark.fault(72)
def test_objects_of_a_number_for_each_label_train_and_measure_whatever_form_another_file_has():
    names = ["sea", "town", "wood"]
    sets = [[label, "wood"] if number % 4 else [label] for number, label in enumerate(LABELS)]
    write_lines("one.jsonl", text=TEXTS, cats=[{name: float(name == label) for name in names} for label in LABELS])
    write_lines("several.jsonl", text=TEXTS, cats=[{name: float(name in one) for name in names} for one in sets])
    assert rows_told(dry("--train", "one.jsonl")) == 90
    assert "rows        class " in succeeded(dry("--train", "one.jsonl")).out
    run = succeeded(topics_recipe(*TINY, "--train", "several.jsonl", "--model", "linear", "--run", "run")).out
    assert "rows        label " in run
    write_csv(Path("cells.csv"), {"text": TEXTS, "cats": ["|".join(one) for one in sets]})
    write_csv(Path("lists.csv"), {"text": TEXTS, "cats": [json.dumps(one) for one in sets]})
    figures = [
        json.loads(succeeded(seqtext_command("evaluate", "run", "--data", file, "--json")).out)
        for file in ("several.jsonl", "cells.csv", "lists.csv")
    ]
    assert figures[0]["test"]["unseen_rows"] == 0
    assert all(one["test"] == figures[0]["test"] for one in figures)
    assert all(not one["data"]["warnings"] for one in figures)
    told = succeeded(seqtext_command("info", "run")).out
    assert "  model              linear\n" in told
    assert not any(name in told for name in ("hidden_size", "max_length", "word_dropout", "vocabulary_size"))
    assert "linear, 0 parameters" in repr(seqtext.load("run"))


@pytest.mark.fault(71, 72)
def test_a_column_for_each_label_is_told_and_both_ways_that_are_told_train():
    flags = {name: [str(int(label == name)) for label in LABELS] for name in ("sea", "town")}
    write_csv(Path("columns.csv"), {"text": TEXTS, **flags})
    ended = dry("--train", "columns.csv")
    assert ended.code == 2
    assert "columns 'sea', 'town': each row may have several labels" in ended.err
    [all_of_them, one] = re.findall(r"--label_column((?: (?:sea|town))+)", ended.err)
    assert (all_of_them.split(), one.split()) == (["sea", "town"], ["sea"])
    for columns in (all_of_them, one):
        assert rows_told(dry("--train", "columns.csv", "--label_column", *columns.split())) == 90
    assert re.search(r"\(none\) +\d+ +\d+ +\d+\n", dry("--train", "columns.csv", "--label_column", "sea", "town").out)


# ---- names


def test_names_are_trimmed_or_told_and_whole_floats_are_classes():
    odd = {"sea": " sea", "town": "Town", "wood": "wood"}
    mixed = [odd[label] if number % 2 else label for number, label in enumerate(LABELS)]
    write_csv(Path("odd.csv"), {"text": TEXTS, "label": mixed})
    out = succeeded(dry("--train", "odd.csv")).out
    assert re.search(r"note +split 'train': blanks around 15 labels of column 'label' are left out\n", out)
    assert re.search(
        r"warning +labels that differ only in case or blanks .*: 'Town' \(15 rows\) and 'town' \(15 rows\); if", out
    )
    write_lines("floats.jsonl", text=TEXTS, label=[float(["sea", "town", "wood"].index(label)) for label in LABELS])
    write_csv(Path("floats.csv"), {"text": TEXTS, "label": [f"{['sea', 'town', 'wood'].index(x)}.0" for x in LABELS]})
    for file in ("floats.jsonl", "floats.csv"):
        out = succeeded(dry("--train", file, "--validation", "floats.csv", "--test", "floats.jsonl")).out
        assert re.search(r"\n +0 +30 +30 +30\n +1 +30 +30 +30\n +2 +30 +30 +30\n", out)


@pytest.mark.fault(71, 72)
def test_few_rows_of_many_classes_train_where_the_column_is_named():
    texts = [f"question {number} about thing {number % 151}" for number in range(300)]
    write_csv(Path("few.csv"), {"text": texts, "label": [f"intent {number % 151}" for number in range(300)]})
    ended = dry("--train", "few.csv")
    assert ended.code == 2
    assert "found 151 different values in 300 rows; expected classes; if they are the labels, pass " in ended.err
    [advice] = re.findall(r"--label_column \w+", ended.err)
    out = succeeded(dry("--train", "few.csv", *advice.split())).out
    assert "warning     151 classes in 300 training rows: hardly anything can be learnt of a class\n" in out
    assert [int(count) for count in re.search(r"all +(\d+) +(\d+) +(\d+)\n", out).groups()] == [243, 27, 30]


# ---- several columns of texts

PAIRS = {"premise": TEXTS, "hypothesis": TEXTS[1:] + TEXTS[:1], "gold": LABELS}
BOTH = [f"{one} {SEPARATOR} {other}" for one, other in zip(PAIRS["premise"], PAIRS["hypothesis"], strict=True)]


@pytest.fixture
def run() -> Path:
    write_csv(Path("pairs.csv"), PAIRS)
    ended = topics_recipe(*TINY, "--train", "pairs.csv", "--label_column", "gold", "--run", "run")
    assert ended.code == 2
    assert "pass --text_column NAME (several names are joined)" in ended.err
    named = ("--text_column", "premise", "hypothesis", "--label_column", "gold")
    out = succeeded(topics_recipe(*TINY, "--train", "pairs.csv", *named, "--run", "run")).out
    assert any(f"example     {text[:100]!r}" in out for text in BOTH)
    return Path("run")


def test_texts_of_several_columns_are_read_as_one_wherever_rows_are(run):
    classifier = seqtext.load(run)
    expected = [one.label for one in classifier(BOTH)]
    for given in (PAIRS, [dict(zip(PAIRS, row, strict=True)) for row in zip(*PAIRS.values(), strict=True)]):
        assert [one.label for one in classifier(given)] == expected
    assert classifier({"premise": TEXTS[0], "hypothesis": TEXTS[1]}) == classifier(BOTH[0])
    assert SEPARATOR in classifier.tokenizer.decode(classifier.tokenizer.encode([BOTH[0]])[0])
    ids = classifier.tokenizer.encode([SEPARATOR])[0]
    assert not classifier.tokenizer.count_bytes(np.array(ids, dtype=np.int32))

    succeeded(seqtext_command("predict", run, "--input", "pairs.csv", "--output", "out.csv"))
    with open("out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted"] for row in rows] == expected
    assert [row["premise"] for row in rows] == TEXTS
    piped = seqtext_command(
        "predict", run, "--input_format", "csv", "--output_format", "plain", stdin=Path("pairs.csv").read_bytes()
    )
    assert [line.split("\t")[0] for line in succeeded(piped).out.splitlines()] == expected
    assert BOTH[0] in piped.out
    alone = succeeded(seqtext_command("predict", run, BOTH[0])).out
    assert alone.split("\t")[0] == expected[0]

    figures = json.loads(succeeded(seqtext_command("evaluate", run, "--data", "pairs.csv", "--json")).out)
    assert figures["test"]["rows"] == 90
    assert figures["test"]["accuracy"] == pytest.approx(classifier.evaluate(PAIRS)["test"]["accuracy"])


def test_other_names_of_the_columns_are_given_as_in_training(run):
    write_csv(Path("other.csv"), {"b": PAIRS["hypothesis"], "a": PAIRS["premise"], "gold": LABELS})
    ended = seqtext_command("predict", run, "--input", "other.csv")
    assert ended.code == 2
    assert "no column 'premise'" in ended.err
    named = ("--text_column", "a", "b")
    one = succeeded(seqtext_command("predict", run, "--input", "pairs.csv", "--output_format", "plain")).out
    assert (
        succeeded(seqtext_command("predict", run, "--input", "other.csv", *named, "--output_format", "plain")).out
        == one
    )
    figures = [
        json.loads(succeeded(seqtext_command("evaluate", run, "--data", *data, "--json")).out)["test"]
        for data in (("pairs.csv",), ("other.csv", *named))
    ]
    assert figures[0] == figures[1]


def test_a_stopped_run_of_several_columns_goes_on(run):
    ended = succeeded(topics_recipe("--resume", "--run", "run"))
    assert "has ended already" in ended.err


def test_a_generator_writes_joined_texts_too():
    write_csv(Path("pairs.csv"), PAIRS)
    flags = ("--train", "pairs.csv", "--text_column", "premise", "hypothesis", "--attributes", "gold", "--run", "g")
    sizes = ("--hidden_size", 8, "--embedding_size", 8, "--vocabulary_size", 400, "--epochs", 1, "--device", "cpu")
    out = succeeded(recipe("text_generation", *flags, *sizes, "--evaluation", "fast", "--max_rows", 40)).out
    assert f" {SEPARATOR} " in out
    assert seqtext.load("g").config.text_column == f"premise {SEPARATOR} hypothesis"
