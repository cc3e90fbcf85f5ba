"""`seqtext check`: all faults of a kind together, with the rows as they stand in the file, and a copy without them."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import pytest

from seqtext.data.reading.sources import load
from seqtext.tasks.known import TASKS
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, seqtext_command


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*flags: object) -> Ended:
    return seqtext_command("check", *flags)


def rows_of(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_data_without_faults_is_said_to_have_none():
    write_csv(Path("train.csv"), topic_rows(60))
    ended = check("train.csv")
    assert (ended.code, ended.err) == (0, "")
    first, *_, last = ended.out.splitlines()
    assert first == "train.csv: texts in 'text', labels in 'label' (as for seqtext train topics)"
    assert last == "no faults"


def faulty_table(rows: int, wrong: dict[int, str]) -> list[str]:
    """Lines of a csv of texts and labels, some of them replaced."""
    made = topic_rows(rows)
    lines = [f"{text},{label}" for text, label in zip(made["text"], made["label"], strict=True)]
    return ["text,label", *(wrong.get(number, line) for number, line in enumerate(lines, start=1))]


@pytest.mark.fault(7, 14)
def test_all_rows_of_a_kind_are_told_together_under_their_numbers_in_the_file():
    short = sorted(random.Random(1).sample(range(1, 200), 7))
    unlabelled = [number for number in (3, 77, 150) if number not in short]
    wrong = dict.fromkeys(short, "cut") | dict.fromkeys(unlabelled, "the ship,") | {199: "a,b,c"}
    Path("train.csv").write_text("\n".join(faulty_table(200, wrong)) + "\n")
    ended = check("train.csv")
    assert ended.code == 2
    first = ", ".join(map(str, short[:5]))
    assert f"fault: 7 rows, the first {first}: found 1 cell; expected 2 (" in ended.out
    assert "fault: row 199: found 3 cells; expected 2 (" in ended.out
    some = ", ".join(map(str, unlabelled))
    assert f"fault: {len(unlabelled)} rows, {some}: column 'label': found no label" in ended.out
    assert f"{8 + len(unlabelled)} of 200 rows are at fault" in ended.err


@pytest.mark.fault(71)
def test_the_copy_that_is_proposed_has_the_other_rows_as_they_were_and_trains():
    wrong = {5: "cut", 9: '"a ""quoted"", text",', 10: ""}
    Path("my train.csv").write_text("\n".join(faulty_table(90, wrong)) + "\n")
    ended = check("my train.csv")
    assert ended.code == 2
    assert "seqtext check 'my train.csv' --fix drop --output clean.csv" in ended.err
    mended = check("my train.csv", "--fix", "drop", "--output", "clean.csv")
    assert (mended.code, mended.err) == (0, "")
    assert mended.out.endswith("dropped 3 rows; the other 87 are in clean.csv\n")
    made = topic_rows(90)
    expected = [
        {"text": text, "label": label}
        for number, (text, label) in enumerate(zip(made["text"], made["label"], strict=True), start=1)
        if number not in wrong
    ]
    assert rows_of("clean.csv") == expected
    assert check("clean.csv").code == 0
    assert len(load("clean.csv").splits["train"]) == 87


@pytest.mark.fault(5, 10)
def test_json_lines_are_judged_line_by_line():
    lines = [json.dumps({"text": f"a text {number}", "label": "ab"[number % 2]}) for number in range(60)]
    lines[3] = '{"text": "cut'
    lines[30] = "[1]"
    lines[40] = json.dumps({"text": None, "label": "a"})
    Path("rows.jsonl").write_text("\n".join(lines) + "\n")
    ended = check("rows.jsonl")
    assert ended.code == 2
    assert "fault: row 4: not valid JSON" in ended.out
    assert "fault: row 31: found '[1]', a JSON array; expected a JSON object" in ended.out or "row 31: " in ended.out
    assert "fault: row 41: column 'text': found None; expected text" in ended.out
    assert check("rows.jsonl", "--fix", "drop", "--output", "clean.jsonl").code == 0
    kept = [json.loads(line) for line in Path("clean.jsonl").read_text().splitlines()]
    assert kept == [json.loads(line) for number, line in enumerate(lines) if number not in (3, 30, 40)]


@pytest.mark.fault(36, 37)
def test_readings_and_times_that_are_none_are_found_wherever_they_stand():
    lines = [f"2024-01-{1 + n // 24:02}T{n % 24:02}:00,{n}.5" for n in range(200)]
    lines[17] = "2024-01-01T17:00,1.234.5"
    lines[18] = "2024-01-01T18:00,12 kW"
    lines[150] = "someday,3"
    Path("load.csv").write_text("timestamp,value\n" + "\n".join(lines) + "\n")
    ended = check("load.csv")
    assert ended.code == 2
    assert "times in 'timestamp', readings in 'value' (as for seqtext train electricity)" in ended.out
    assert "row 18: column 'value': found '1.234.5'" in ended.out
    assert "row 19: column 'value': found '12 kW'" in ended.out
    assert "row 151: column 'timestamp': found 'someday'" in ended.out


def test_pairs_and_texts_alone_are_recognised():
    write_csv(
        Path("pairs.csv"), {"source": ["a ship", "a tree", " "] * 10, "target": ["ein Schiff", "ein Baum", "x"] * 10}
    )
    pairs = check("pairs.csv")
    assert pairs.code == 0
    assert "sources in 'source', targets in 'target' (as for seqtext train translation)" in pairs.out
    assert "10 of 30 pairs of split 'train' are left out, blank on a side" in pairs.out
    Path("texts.txt").write_text("a ship\na tree\n" * 20)
    assert "texts in 'text' (as for seqtext train generation)" in check("texts.txt").out


def test_what_no_dropped_row_mends_is_told_and_nothing_written():
    write_csv(Path("one.csv"), {"text": ["a ship"] * 20, "label": ["sea"] * 20})
    ended = check("one.csv", "--fix", "drop", "--output", "clean.csv")
    assert ended.code == 2
    assert "fault: " in ended.out
    assert "two classes at least" in ended.out
    assert not Path("clean.csv").exists()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("rows.csv", "--task", "topic"), "--task is topic; expected one of .*; did you mean 'topics'?"),
        (("rows.csv", "--fix", "drop"), "--fix drop and --output go together"),
        (("rows.csv", "--output", "clean.csv"), "--fix drop and --output go together"),
        (("rows.csv", "--fix", "drop", "--output", "clean.parquet"), "a name that ends in .csv, .tsv"),
        (("phrasebook", "--fix", "drop", "--output", "clean.csv"), "phrasebook has 3 splits"),
        (("nothing.csv",), "no such file or folder"),
        (("empty.csv",), "the file is empty"),
        (("latin.csv",), "not UTF-8: byte 0xE9"),
        (("numbers.csv",), "pass --task, one of topics, generation, language, tags, translation, digits, electricity"),
    ],
)
def test_what_cannot_be_checked_is_told_in_a_line(flags, told):
    write_csv(Path("rows.csv"), topic_rows(30))
    Path("empty.csv").write_text("")
    Path("latin.csv").write_bytes(b"text,label\nb\xe9b\xe9,a\nx,b\n")
    Path("numbers.csv").write_text("a,b\n1,2\n3,4\n")
    ended = check(*flags)
    assert ended.code == 2
    [line] = ended.err.splitlines()
    assert line.startswith("error: ")
    assert re.search(told, line), line


def test_every_task_can_be_checked():
    for task in TASKS:
        part = task.part("check")
        assert callable(part.columns)
        assert callable(part.faults)
        assert callable(part.told)


def test_a_test_that_the_recipe_draws_itself_is_not_said_to_be_learnt_by_heart():
    made = topic_rows(60)
    twice = {name: [*values, *values] for name, values in made.items()}
    write_csv(Path("train.csv"), twice)
    assert "in train too" not in check("train.csv").out
    Path("data").mkdir()
    for split in ("train", "test"):
        write_csv(Path("data", f"{split}.csv"), made)
    assert "54 test texts are in train too" in check("data").out


@pytest.mark.fault(71)
def test_rows_without_a_label_are_told_the_flags_that_train_with_them():
    write_csv(Path("train.csv"), {**(made := topic_rows(60)), "label": ["", *made["label"][1:]]})
    assert "or train with --unlabelled drop" in check("train.csv").out
    for way in ("drop", "use"):
        flags = ("--data", "train.csv", "--dry_run", "--hidden_size", "8", "--vocabulary_size", "300")
        assert seqtext_command("train", "topics", *flags, "--unlabelled", way).code == 0
    refused = seqtext_command("train", "topics", *flags)
    assert (
        "--unlabelled drop leaves these rows out and counts them; --unlabelled use learns from their texts"
        in refused.err
    )
