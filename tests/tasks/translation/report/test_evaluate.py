"""A translator on new pairs: the figures of its report where the pairs are the same, however they come, and a line for what is wrong."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import datasets
import pytest

from seqtext.tasks.translation.report.evaluate import figure_lines
from seqtext.tasks.translation.translator import Translator
from tests.conftest import write_csv
from tests.in_process import Ended, figures_of, seqtext_command, succeeded
from tests.tasks.translation import translators
from tests.tasks.translation.recipe import FILES, done, pairs, write, write_all


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pairs, one of them blank on a side, and a run that was tested on them."""
    folder = tmp_path_factory.mktemp("pairs")
    before = Path.cwd()
    os.chdir(folder)
    try:
        write_all()
        source, target = pairs(12, 2)
        write("test.de", [*target[:3], "", *target[4:]])
        done(*FILES, "--run", "run", "--baselines", "fast", "--max_steps", "3")
        write_csv(folder / "table.csv", {"en": source[4:], "de": target[4:], "topic": ["a", "b"] * 4})
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def evaluate(run: Path, *flags: object) -> Ended:
    return seqtext_command("evaluate", run, *flags, "--device", "cpu", "--threads", "1")


def without_times(figures: dict) -> dict:
    """Figures that are the same each time."""
    return {name: value for name, value in figures.items() if name not in ("sentences_per_second", "seconds")}


def test_figures_and_predictions_are_those_of_the_report(place):
    files = (place / "test.en", place / "test.de")
    ended = succeeded(evaluate(place / "run", "--data", *files, "--beam", "2", "--json", "--output", "out"))
    figures, report = json.loads(ended.out), figures_of(place / "run")
    assert without_times(figures["test"]) == without_times(report["test"])
    assert figures["test"]["rows"] == 11
    assert figures["baselines"] == {"copy": report["baselines"]["copy"]}
    assert figures["data"]["languages"] == report["data"]["languages"] == ["en", "de"]
    assert figures["data"]["notes"] == ["1 of 12 pairs of split 'test' are left out, blank on a side (rows 4)"]
    assert Path("out/predictions.jsonl").read_bytes() == (place / "run" / "report" / "predictions.jsonl").read_bytes()


def test_a_folder_of_files_of_lines_is_measured_as_it_is_trained_on(place):
    Path("lines").mkdir()
    for name in ("train.en", "train.de", "test.en", "test.de"):
        Path("lines", name).write_bytes((place / name).read_bytes())
    files, folder = (
        json.loads(succeeded(evaluate(place / "run", "--data", *data, "--json")).out)
        for data in ((place / "test.en", place / "test.de"), ("lines",))
    )
    assert without_times(folder["test"]) == without_times(files["test"])
    swapped = evaluate(place / "run", "--data", "lines", "--source", "de", "--target", "en")
    assert (swapped.code, "swap the two" in swapped.err) == (2, True)


def test_lines_are_those_of_the_report(place):
    report = figures_of(place / "run")
    lines = list(figure_lines(report))
    test, copy = report["test"], report["baselines"]["copy"]
    assert re.match(
        rf"tested on .*, 11 pairs, beam 2: BLEU {test['bleu']:.2f}, chrF {test['chrf']:.2f}, tokenized BLEU ", lines[0]
    )
    assert lines[1].startswith(f"  the source, copied: BLEU {copy['bleu']:.2f}, chrF {copy['chrf']:.2f}, ")
    assert f"  perplexity {test['perplexity']:.3f} per token of the target" in lines
    assert lines[-1] == f"model chosen: {report['training']['selection']}"


def test_a_table_its_columns_and_its_topics(place):
    columns = ("--source", "en", "--target", "de")
    figures = json.loads(succeeded(evaluate(place / "run", "--data", place / "table.csv", *columns, "--json")).out)
    assert figures["test"]["rows"] == 8
    assert [group["name"] for group in figures["test"]["by_topic"]] == ["a", "b"]
    assert "beam 5" in next(figure_lines(figures))
    greedy = succeeded(evaluate(place / "run", "--data", place / "table.csv", *columns, "--beam", "1")).out
    assert ", 8 pairs, greedy: BLEU " in greedy


def test_the_phrasebook_of_any_two_locales(place, monkeypatch):
    monkeypatch.setattr("seqtext.data.pairs.sources.PHRASES", 100)  # of its training split, which is not measured
    ended = succeeded(
        evaluate(
            place / "run",
            "--data",
            "phrasebook",
            "--target",
            "es",
            "--split",
            "validation",
            "--max_rows",
            "2",
            "--beam",
            "1",
        )
    )
    assert ended.out.startswith("tested on phrasebook, en to es, split validation, 2 pairs, greedy: ")
    assert "note: 2 pairs measured, drawn from all (--max_rows)\n" in ended.out


def test_columns_of_training_are_remembered(tmp_path):
    rows = translators.pairs(40).rename_columns({"source": "en", "target": "de"})
    sizes = translators.SIZES
    Translator.from_data(rows, source_column="en", target_column="de", **sizes).save_pretrained(tmp_path / "named")
    Translator.from_data(translators.pairs(40), **sizes).save_pretrained(tmp_path / "plain")
    found = []
    for name, table in (("named", rows.add_column("fr", ["x"] * 40)), ("plain", translators.pairs(40))):
        table.select(range(5)).to_csv(f"{name}.csv")
        found.append(
            json.loads(succeeded(evaluate(tmp_path / name, "--data", f"{name}.csv", "--beam", "1", "--json")).out)
        )
    assert without_times(found[0]["test"])["bleu"] == without_times(found[1]["test"])["bleu"]
    assert found[0]["test"]["perplexity"] == pytest.approx(found[1]["test"]["perplexity"])
    assert found[0]["data"]["languages"] == ["en", "de"]


def test_choices_of_the_search_are_those_of_translating(place):
    flags = ("--data", place / "test.en", place / "test.de", "--beam", "3", "--output", "out")
    choices = ("--length_penalty", "0.5", "--max_ratio", "0.2", "--no_repeat_ngram", "2")
    succeeded(evaluate(place / "run", *flags, *choices))
    lines = [json.loads(line) for line in Path("out/predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [line["source"] for line in lines]
    made = succeeded(seqtext_command("translate", place / "run", *texts, "--beam", "3", *choices)).out.splitlines()
    assert [line["translation"] for line in lines] == made


REFUSED = {
    "one file of lines": (
        ("a.en",),
        "--data a.en: found one file of lines; expected two, the source and its translation, or one table; give .*",
    ),
    "three files": (("a.en", "a.de", "a.de"), "--data a.en a.de a.de: found 3 files; expected two files of lines, .*"),
    "files of unequal length": (
        ("a.en", "short.de"),
        "--data a.en short.de: found 3 and 2 lines; expected as many in both; .*",
    ),
    "the same file twice": (
        ("a.en", "a.en"),
        "--data a.en a.en: found the same file twice; expected the source and its translation",
    ),
    "no such file": (("a.en", "nix.de"), "--data: no such file.*nix.de.*|.*nix.de: no such file.*"),
    "tables": (
        ("t.csv", "a.de"),
        r"t.csv: found a table \(.csv\); expected a file of lines; give the table alone: it has both columns",
    ),
    "a column that is not there": (
        ("t.csv", "--source", "eng", "--target", "de"),
        "t.csv.*: --source eng is none of the columns of text; expected one of en, de; did you .*",
    ),
    "blank pairs alone": (
        ("a.en", "blank.de"),
        "a.en .*: all 3 pairs have a blank side; expected text on both sides; .*",
    ),
    "a split of two files": (
        ("a.en", "a.de", "--split", "test"),
        "--revision, --data_config and --split are of a data set; two files have none",
    ),
    "a beam of none": (("a.en", "a.de", "--beam", "0"), "--beam is 0; expected at least 1"),
    "a beam of too many": (("a.en", "a.de", "--beam", "1000000"), "--beam is 1000000; expected from 1 to 1,000"),
    "one language of the phrasebook": (("phrasebook:de",), "phrasebook:de: found one language; expected two; .*"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused_in_one_line(place, case):
    flags, told = REFUSED[case]
    for name, text in (
        ("a.en", "a b\nc\nd e f\n"),
        ("a.de", "α β\nγ\nδ\n"),
        ("short.de", "α\nβ\n"),
        ("blank.de", "\n \n\n"),
    ):
        Path(name).write_text(text, encoding="utf-8")
    datasets.Dataset.from_dict({"en": ["a", "b"], "de": ["c", "d"]}).to_csv("t.csv")
    ended = evaluate(place / "run", "--data", *flags)
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert re.fullmatch(f"error: ({told})\n", ended.err), ended.err
