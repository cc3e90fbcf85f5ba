"""A classifier on new rows: the figures of its report where the rows are the same, and a line for what cannot be measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from seqtext.tasks.classification.report.evaluate import figure_lines
from seqtext.tasks.classification.report.one_label import MOST_CLASSES
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, figures_of, seqtext_command, succeeded


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def evaluate(run: Path, *flags: object) -> Ended:
    return seqtext_command("evaluate", run, *flags, "--device", "cpu", "--threads", "2")


def test_figures_and_predictions_are_those_of_the_report(run_folder):
    test = run_folder.parent / "test.csv"
    ended = succeeded(evaluate(run_folder, "--data", test, "--output", "out", "--json"))
    assert json.loads(ended.out)["test"] == figures_of(run_folder)["test"]
    assert Path("out/predictions.jsonl").read_bytes() == (run_folder / "report" / "predictions.jsonl").read_bytes()
    shown = succeeded(evaluate(run_folder, "--data", test)).out.splitlines()
    report = figures_of(run_folder)
    assert shown == list(figure_lines({"test": report["test"], "baselines": {}, "data": {"source": test}}))
    of_the_run = list(figure_lines(report))
    assert of_the_run[0].endswith(
        f"60 rows: accuracy {report['test']['accuracy']:.2%}, macro F1 {report['test']['macro_f1']:.4f}"
    )
    assert of_the_run[1:4] == [
        *(f"  {one['description']}: {one['accuracy']:.2%}" for one in report["baselines"].values()),
        f"model chosen: {report['training']['selection']}",
    ]
    assert set(shown[1:]) == set(of_the_run[4:]), "a line a class, and their title"


def test_of_many_classes_the_hardest_are_shown():
    classes = [{"name": f"c{n}", "precision": 0.5, "recall": 0.5, "f1": n / 100, "rows": 3} for n in range(60, 0, -1)]
    test = {"accuracy": 0.5, "macro_f1": 0.3, "rows": 180, "per_class": classes}
    lines = list(figure_lines({"test": test, "baselines": {}, "data": {"source": "many"}}))
    assert lines[1] == "the 30 of 60 classes with the lowest F1:"
    assert [line.split()[0] for line in lines[3:]] == [f"c{n}" for n in range(1, MOST_CLASSES + 1)]


def test_labels_that_training_never_had_count_as_mistakes_and_are_told(run_folder):
    rows = topic_rows(6, seed=3)
    write_csv(Path("other.csv"), {"body": [*rows["text"], "x", "y"], "topic": [*rows["label"], "see", "sky"]})
    columns = ("--text_column", "body", "--label_column", "topic")
    ended = succeeded(evaluate(run_folder, "--data", "other.csv", *columns, "--json", "--output", "out"))
    figures = json.loads(ended.out)
    assert figures["test"]["unseen_rows"] == 2
    assert figures["test"]["accuracy"] <= 6 / 8
    assert [json.loads(line)["true"] for line in Path("out/predictions.jsonl").read_text().splitlines()][6:] == [
        "see",
        "sky",
    ]
    shown = succeeded(evaluate(run_folder, "--data", "other.csv", *columns)).out
    assert "warning: other.csv, column 'topic': the label 'see' in row 7 never occurs in training" in shown
    assert "did you mean 'sea'?" in shown


def test_rows_without_a_label_stop_the_evaluation_or_are_left_out_and_counted(run_folder):
    Path("some.csv").write_text("text,label\nthe ship,sea\nthe owl,\nthe deer,wood\n")
    ended = evaluate(run_folder, "--data", "some.csv")
    assert (ended.code, ended.out) == (2, "")
    assert "in row 2 of 3; expected a label in every row; --unlabelled drop" in ended.err
    ended = succeeded(evaluate(run_folder, "--data", "some.csv", "--unlabelled", "drop", "--output", "out"))
    assert "tested on some.csv, 2 rows: " in ended.out
    assert "note: rows left out because they have no label: 1" in ended.out
    lines = [json.loads(line) for line in Path("out/predictions.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == [1, 3], "as they are numbered in the file"


def test_rows_are_drawn_by_class(run_folder):
    test = run_folder.parent / "test.csv"
    figures = json.loads(succeeded(evaluate(run_folder, "--data", test, "--max_rows", "6", "--json")).out)
    assert [one["rows"] for one in figures["test"]["per_class"]] == [2, 2, 2]
    assert figures["data"]["notes"] == ["6 rows measured, drawn by class (--max_rows)"]


REFUSED = {
    "a label column misspelt": (
        ("--label_column", "lable"),
        "in.csv: no column 'lable' among .*did you mean 'label'.*",
    ),
    "a text column misspelt": (("--text_column", "txt"), "in.csv: no column 'txt' among .*did you mean 'text'.*"),
    "no such text column": (("--text_column", "zzz"), "in.csv: no column 'zzz' among .*; pass --text_column NAME"),
    "no such label column": (("--label_column", "zzz"), "in.csv: no column 'zzz' among .*; pass --label_column NAME"),
    "labels of something else": (
        ("--data", "wrong.csv"),
        "wrong.csv.*: found only labels that are not in training: one of 'x'; expected one of 'sea', 'town', 'wood'; .*",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused_in_one_line(run_folder, case):
    flags, told = REFUSED[case]
    Path("in.csv").write_text("text,label\nthe ship,sea\n")
    Path("wrong.csv").write_text("text,label\nthe ship,x\n")
    ended = evaluate(run_folder, *(flags if "--data" in flags else ("--data", "in.csv", *flags)))
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(f"error: {told}\n", ended.err), ended.err
