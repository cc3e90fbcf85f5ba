"""`seqtext evaluate` whatever the task: what is printed, written, replaced and refused; what each task measures, its own tests hold."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from seqtext.saving.folders import check_folder
from seqtext.tasks.known import TASKS
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, seqtext_command, succeeded
from tests.tasks.forecasting.recipe import load, table, times
from tests.tasks.tagging.taggers import conllu
from tests.tasks.transcription.transcribers import write_recordings

DATA = {
    "TopicClassifier": ("rows.csv",),
    "TextGenerator": ("rows.csv", "--samples", "0"),
    "LanguageModel": ("rows.csv",),
    "Tagger": ("words.conllu",),
    "Transcriber": ("recordings",),
    "Translator": ("two.en", "two.de", "--beam", "1"),
    "Forecaster": ("load.csv",),
}
WRITTEN = ["manifest.json", "metrics.json", "predictions.jsonl"]
by_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("rows.csv"), topic_rows(12, seed=4))
    Path("words.conllu").write_text(conllu(12, seed=4))
    write_recordings(Path("recordings"), takes=2)
    Path("two.en").write_text("old house\ngreen tree\nsmall dog sleeps\n")
    Path("two.de").write_text("alt Haus\ngrün Baum\nklein Hund schläft\n")
    Path("load.csv").write_text(table("when,kw", times(40), load(40)))


def test_there_are_data_for_each_task():
    assert set(DATA) == {task.name for task in TASKS} != set()


def evaluate(run: Path, *flags: object) -> Ended:
    return seqtext_command("evaluate", run, *flags, "--device", "cpu", "--threads", "1")


@by_task
def test_figures_are_printed_as_info_prints_them_and_written_with_a_line_a_prediction(saved_tasks, task):
    flags = ("--data", *DATA[task.name])
    ended = succeeded(evaluate(saved_tasks[task.name], *flags, "--output", "deep/out"))
    assert ended.err == "saved in deep/out\n"
    assert sorted(os.listdir("deep/out")) == WRITTEN
    check_folder(Path("deep/out"))
    figures = json.loads(Path("deep/out/metrics.json").read_text(encoding="utf-8"))
    lines = list(task.part("report.evaluate").figure_lines(figures))
    notes = [f"note: {note}" for note in figures["data"]["notes"]]
    assert ended.out.splitlines() == [*lines, *notes]
    assert lines[0].startswith(f"tested on {figures['data']['source']}, ")
    assert figures["data"]["source"].startswith(DATA[task.name][0]), "the split of a single file has no name"
    assert "split" not in figures["data"]["source"].removesuffix(", split test")
    predictions = Path("deep/out/predictions.jsonl").read_text(encoding="utf-8").split("\n")
    assert predictions.pop() == ""
    assert len(predictions) == figures["test"].get("rows", figures["test"].get("windows", 12))
    assert all(isinstance(json.loads(line), dict) for line in predictions)


@by_task
def test_json_is_what_is_written_and_the_same_each_time(saved_tasks, task):
    flags = ("--data", *DATA[task.name], "--json")
    first = succeeded(evaluate(saved_tasks[task.name], *flags, "--output", "out"))
    written = json.loads(Path("out/metrics.json").read_text(encoding="utf-8"))
    assert json.loads(first.out) == written
    again = json.loads(succeeded(evaluate(saved_tasks[task.name], *flags)).out)
    for figures in (written, again):
        figures["test"].pop("sentences_per_second", None)
        for baseline in figures.get("baselines", {}).values():
            baseline.pop("seconds")
    assert again == written


@by_task
def test_fewer_rows_are_measured_if_asked_for(saved_tasks, task):
    flags = ("--data", *DATA[task.name], "--max_rows", "2", "--output", "out")
    succeeded(evaluate(saved_tasks[task.name], *flags))
    assert Path("out/predictions.jsonl").read_text(encoding="utf-8").count("\n") == 2


@by_task
def test_what_is_there_is_replaced_only_if_asked_for_and_only_an_evaluation(saved_tasks, task):
    run = saved_tasks[task.name]
    flags = ("--data", *DATA[task.name])
    Path("out").mkdir()  # an empty folder is free
    succeeded(evaluate(run, *flags, "--max_rows", "2", "--output", "out"))
    before = Path("out/metrics.json").read_bytes()
    told = "error: --output out: the folder already holds an evaluation; choose another --output, or --overwrite to replace it\n"
    assert evaluate(run, *flags, "--output", "out") == (2, "", told)
    assert Path("out/metrics.json").read_bytes() == before
    succeeded(evaluate(run, *flags, "--output", "out", "--overwrite"))
    assert Path("out/metrics.json").read_bytes() != before
    assert sorted(os.listdir("out")) == WRITTEN


def test_an_evaluation_that_fails_leaves_the_earlier_one(saved_tasks, monkeypatch):
    run = saved_tasks["TopicClassifier"]
    succeeded(evaluate(run, "--data", "rows.csv", "--output", "out"))
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    part = TASKS[0].part("report.evaluate")
    measure = part.measure

    def broken(task, options):
        def predictions():
            yield {"row": 0}
            raise KeyboardInterrupt

        return measure(task, options)._replace(predictions=predictions())

    monkeypatch.setattr(part, "measure", broken)
    assert evaluate(run, "--data", "rows.csv", "--output", "out", "--overwrite").code == 130
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before
    assert not list(Path().glob(".*"))


REFUSED = {
    "no data": ((), "no data to measure on; name it with --data: a file, a folder, or a data set on the hub"),
    "no file": (("--data", "nix.csv"), "nix.csv: no such file or folder: .*/nix.csv; .*"),
    "an empty file": (("--data", "empty.csv"), r"empty.csv: the file is empty \(0 bytes\); write or download it again"),
    "no rows": (("--data", "head.csv"), "head.csv: a header and no rows; expected one row at least; .*"),
    "no such split": (("--data", "rows.csv", "--split", "test"), "rows.csv: no split 'test'; expected one of train; pass --split NAME"),
    "a folder without the split": (
        ("--data", "folder"), "folder: no split 'test'; expected one of train, validation; pass --split NAME",
    ),
    "a configuration": (("--data", "rows.csv", "--data_config", "raw"), ".*; leave --data_config out"),
    "a revision": (("--data", "rows.csv", "--revision", "main"), ".*; leave --revision out"),
    "no rows wanted": (("--data", "rows.csv", "--max_rows", "0"), "--max_rows is 0; expected at least 1"),
    "no threads": (("--data", "rows.csv", "--threads", "0"), "--threads is 0; expected at least 1"),
    "an output that is a file": (
        ("--data", "rows.csv", "--output", "rows.csv"), "--output rows.csv: it is a file; expected a folder, or a name that is free",
    ),
    "a folder of others": (
        ("--data", "rows.csv", "--output", "folder", "--overwrite"),
        r"--output folder: the folder holds other files \(train.csv, validation.csv\); choose a new folder",
    ),
    "nothing to replace": (
        ("--data", "rows.csv", "--overwrite"), "--overwrite replaces the folder of --output; give --output, or leave it out",
    ),
}  # fmt: skip


@by_task
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused_in_one_line(saved_tasks, task, case):
    flags, told = REFUSED[case]
    Path("empty.csv").write_text("")
    Path("head.csv").write_text("text,label\n")
    Path("folder").mkdir()
    for split in ("train", "validation"):
        write_csv(Path("folder", f"{split}.csv"), topic_rows(6, seed=1))
    before = sorted(os.walk("."))
    ended = seqtext_command("evaluate", saved_tasks[task.name], *flags)
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert re.fullmatch(f"error: {told}\n", ended.err), ended.err
    assert sorted(os.walk(".")) == before


def test_the_run_comes_first():
    told = "error: --data stands before the run; seqtext evaluate RUN --data DATA ...\n"
    assert seqtext_command("evaluate", "--data", "rows.csv") == (2, "", told)
    assert seqtext_command("evaluate") == seqtext_command("evaluate", "--help")


def test_a_device_that_is_not_there_is_told_before_anything_is_read(saved_tasks):
    ended = seqtext_command("evaluate", saved_tasks["Forecaster"], "--data", "nix.csv", "--device", "cuda:77")
    assert ended.code == 5
    assert ended.err.startswith("error: --device cuda:77: this machine has ")
