"""A text generator on new texts: the figures of its report where the texts are the same, samples judged, and a line for what is wrong."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path

import pytest

import seqtext
from seqtext.data.reading.sources import load_files
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.report import report as report_module
from seqtext.tasks.generation.report.evaluate import figure_lines
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, figures_of, seqtext_command, succeeded
from tests.tasks.generation.recipe import done, styled

SPLITS = {"train": (90, 1), "validation": (12, 5), "test": (18, 2)}
TINY = ("--max_steps", "8", "--data", "texts")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of splits, and runs: of topics, of topics and styles, of a classifier's vectors, of no vector."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "texts").mkdir()
    for name, (rows, seed) in SPLITS.items():
        write_csv(folder / "texts" / f"{name}.csv", styled(topic_rows(rows, seed)))
    before = Path.cwd()
    os.chdir(folder)
    try:
        train = load_files(train="texts/train.csv").splits["train"]
        settings = {"hidden_size": 3, "embedding_size": 8, "vocabulary_size": 320}
        TopicClassifier.from_data(train, label_column="label", **settings).save_pretrained("classifier")
        TopicClassifier.from_data(train, label_column="style", **settings).save_pretrained("styles")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report_module, "SWEPT", 4)  # texts at each point of the sweep, which is not compared
            done(*TINY, "--attributes", "label", "--evaluation", "all", "--run", "topics")
        done(*TINY, "--attributes", "style", "label", "--run", "styled")
        done(*TINY, "--vectors_from", "classifier", "--run", "alike")
        done(*TINY, "--vector", "none", "--run", "free")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def evaluate(run: Path, *flags: object) -> Ended:
    return seqtext_command("evaluate", run, *flags, "--device", "cpu", "--threads", "1")


def measured(run: Path, *flags: object) -> dict:
    return json.loads(succeeded(evaluate(run, *flags, "--json")).out)


def test_figures_and_control_are_those_of_the_report(place):
    figures, report = measured(place / "topics", "--data", place / "texts"), figures_of(place / "topics")
    assert figures["test"] == report["test"]
    assert figures["samples"] == report["samples"]
    assert {"control_label", "copied", "distinct_2"} < set(figures["samples"]["model"])


@pytest.mark.parametrize("run", ["styled", "alike", "free"])
def test_perplexities_are_those_of_the_report_whatever_makes_the_vector(place, run):
    figures = measured(place / run, "--data", place / "texts", "--samples", "6")
    assert figures["test"] == figures_of(place / run)["test"]
    assert figures["samples"]["count"] == 6
    controls = {name for name in figures["samples"]["model"] if name.startswith("control")}
    assert controls == ({"control_style", "control_label"} if run == "styled" else set())
    assert figures["data"]["notes"] == []


def test_lines_are_those_of_the_report(place):
    report = figures_of(place / "topics")
    lines, test, samples = list(figure_lines(report)), report["test"], report["samples"]
    assert lines[0].endswith(f" tokens: perplexity {test['perplexity']:.2f}, {test['bits_per_byte']:.3f} bits per byte")
    assert lines[1].startswith(f"  without its vector: perplexity {test['perplexity_without_vector']:.2f}, ")
    assert lines[2] == f"  interpolated trigram model: perplexity {test['trigram_perplexity']:.2f}"
    assert lines[3] == "18 samples, and as many real texts:"
    control = samples["model"]["control_label"], samples["real"]["control_label"]
    assert f"  control-label: {control[0]:.3f}, real texts {control[1]:.3f}" in lines
    assert lines[-1] == f"model chosen: {report['training']['selection']}"
    unmeasured = {"test": {}, "data": report["data"], "training": report["training"]}
    assert list(figure_lines(unmeasured)) == lines[-1:]


def test_new_texts_alone_have_perplexities_and_samples_that_nobody_judges(place):
    write_csv(Path("new.csv"), topic_rows(9, seed=8))
    figures = measured(place / "topics", "--data", "new.csv", "--output", "out")
    assert set(figures["test"]) == {
        "tokens",
        "perplexity",
        "bits_per_byte",
        "perplexity_without_vector",
        "bits_per_byte_without_vector",
        "vector_gives",
        "vector_can_give",
    }
    assert not [name for name in figures["samples"]["model"] if name.startswith(("control", "copied"))]
    [note] = figures["data"]["notes"]
    assert note.startswith("nobody says which topic samples have: pass --judge RUN of a topic classifier, or ")
    lines = [json.loads(line) for line in Path("out/predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines] == topic_rows(9, seed=8)["text"]
    assert [line["row"] for line in lines] == list(range(1, 10))
    assert sum(line["tokens"] for line in lines) == figures["test"]["tokens"]
    mean = -sum(line["log_probability"] for line in lines) / figures["test"]["tokens"]
    assert math.exp(mean) == pytest.approx(figures["test"]["perplexity"], rel=1e-5)
    assert list(figure_lines(figures))[2] == "9 samples, and as many real texts:"


def test_a_long_text_is_read_in_windows_and_counted_once(place):
    write_csv(Path("long.csv"), {"text": ["the ship sails " * 60, "", "a tram"], "label": ["sea", "wood", "town"]})
    figures = measured(place / "topics", "--data", "long.csv", "--samples", "0", "--output", "out")
    assert "samples" not in figures
    lines = [json.loads(line) for line in Path("out/predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0]["tokens"] > 48, "the longest window"
    assert lines[1]["tokens"] == 1
    mean = -sum(line["log_probability"] for line in lines) / figures["test"]["tokens"]
    assert math.exp(mean) == pytest.approx(figures["test"]["perplexity"], rel=1e-5)


def test_a_classifier_judges_the_attribute_whose_names_it_knows(place):
    write_csv(Path("new.csv"), styled(topic_rows(9, seed=8)))
    rows = topic_rows(9, seed=8)
    classifier = seqtext.load(place / "classifier")
    right = [one.label == label for one, label in zip(classifier(styled(rows)["text"]), rows["label"], strict=True)]
    for run in ("topics", "styled"):
        figures = measured(place / run, "--data", "new.csv", "--judge", place / "classifier")
        assert figures["samples"]["real"]["control_label"] == pytest.approx(sum(right) / 9)
        assert 0 <= figures["samples"]["model"]["control_label"] <= 1
        assert figures["data"]["notes"] == []
    figures = measured(place / "styled", "--data", "new.csv", "--judge", place / "styles")
    assert "control_style" in figures["samples"]["model"]
    assert "control_label" not in figures["samples"]["model"]


def test_texts_and_attributes_may_be_in_other_columns(place):
    rows = topic_rows(9, seed=8)
    write_csv(Path("new.csv"), rows)
    write_csv(Path("other.csv"), {"text": ["x"] * 9, "body": rows["text"], "topic": rows["label"]})
    columns = ("--text_column", "body", "--attributes", "topic", "--judge", place / "classifier")
    figures = measured(place / "topics", "--data", "other.csv", *columns)
    assert figures["test"] == measured(place / "topics", "--data", "new.csv", "--samples", "0")["test"]
    assert "control_topic" in figures["samples"]["model"]


REFUSED = {
    "no such text column": (("--text_column", "zzz"), "new.csv.*: no column 'zzz' among .*; pass --text_column NAME"),
    "a text column misspelt": (("--text_column", "txt"), "new.csv.*: no column 'txt' among .*; did you mean 'text'?"),
    "no such attribute": (
        ("--attributes", "zzz"),
        "new.csv.*: no column 'zzz' among .*; pass --attributes with the columns of the data",
    ),
    "two attributes for one": (
        ("--attributes", "label", "text"),
        "--attributes names 2 columns; expected 1, in the place of label",
    ),
    "a column of vectors": (
        ("--vector_column", "v"),
        "--vector_column v, and the model's vectors are not those of a column; leave it out",
    ),
    "a value that training never had": (
        ("--data", "wrong.csv"),
        "wrong.csv, row 2, column 'label': found 'sky', which training never had; expected one of sea, .*",
    ),
    "a row without a value": (("--data", "bare.csv"), "bare.csv.*, column 'label': .*"),
    "a judge of something else": (
        ("--judge", "styles"),
        r"--judge styles: it knows the labels calm, loud; expected those of label \(sea, town, wood\); leave it out",
    ),
    "a judge of no samples": (
        ("--judge", "classifier", "--samples", "0"),
        "--judge judges samples, and --samples is 0; leave one of them out",
    ),
    "fewer samples than none": (("--samples", "-1"), "--samples is -1; expected 0 or more"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused_in_one_line(place, case):
    flags, told = REFUSED[case]
    write_csv(Path("new.csv"), topic_rows(6, seed=8))
    Path("wrong.csv").write_text("text,label\nthe ship,sea\nthe moon,sky\n")
    Path("bare.csv").write_text("text,label\nthe ship,sea\nthe moon,\n")
    for name in ("styles", "classifier"):
        Path(name).symlink_to(place / name)
    ended = evaluate(place / "topics", *(flags if "--data" in flags else ("--data", "new.csv", *flags)))
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert re.fullmatch(f"error: {told}\n".replace("?", r"\?"), ended.err), ended.err


def test_a_judge_of_a_model_without_names_is_refused(place):
    ended = evaluate(place / "free", "--data", place / "texts", "--judge", place / "classifier")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(
        "it knows the labels sea, town, wood; expected a model whose vectors have names; leave it out\n"
    )
