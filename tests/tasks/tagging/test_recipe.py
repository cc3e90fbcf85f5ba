"""The recipe of taggers from start to end: it learns, says how well beside simpler methods, goes on, and names what is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import seqtext
from tests import in_process
from tests.in_process import Ended, figures_of, seqtext_command, succeeded
from tests.tasks.language_model import models
from tests.tasks.tagging.taggers import conllu, sentences
from tests.training.stopping import hashes, killed_in_step

TINY = [
    *("--hidden_size", "24", "--embedding_size", "16", "--spelling_size", "8", "--character_size", "8", "--epochs", "4"),
    *("--device", "cpu", "--threads", "1", "--learning_rate", "0.02", "--ema_decay", "0.9", "--batch_rows", "8"),
    *("--output_dropout", "0", "--input_dropout", "0", "--embedding_dropout", "0", "--word_dropout", "0.1"),
]  # fmt: skip
TRAIN = ("--train", "train.conllu.gz", "--test", "test.conllu")


def recipe(*flags: object) -> Ended:
    """`python recipes/tagging.py ...`."""
    return in_process.recipe("tagging", *TINY, *flags)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tagging")
    with gzip.open(folder / "train.conllu.gz", "wt", encoding="utf-8") as file:
        file.write(conllu(300, seed=1))
    (folder / "test.conllu").write_text(conllu(60, seed=3) + "1\tZelda\t_\tPROPN\t_\t_\t0\t_\t_\t_\n")
    rows = [
        dict(zip(("tokens", "upos", "ner_tags"), row, strict=True))
        for row in zip(*sentences(200).values(), strict=True)
    ]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(autouse=True)
def here(place, monkeypatch) -> None:
    monkeypatch.chdir(place)


@pytest.fixture(scope="module")
def trained(place) -> Ended:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        return succeeded(recipe(*TRAIN, "--run", "runs/tags"))


def test_it_learns_and_says_how_well_beside_simpler_methods(trained):
    figures = figures_of("runs/tags")
    test, simple = figures["test"], figures["baselines"]
    assert test["accuracy"] > 0.985 > simple["commonest tag"]["accuracy"] > 0.8
    assert set(simple) == {"commonest tag", "linear model", "linear model that streams"}
    assert test["unseen"]["words"] == 1
    assert {one["name"] for one in test["per_tag"]} == {"AUX", "DET", "NOUN", "PROPN", "PUNCT", "VERB"}
    told = ("words in 'tokens', tags in 'upos'", "as soon as a word is there", "this model", "of new words")
    for shown in (*told, "try:\n  seqtext tag runs/tags"):
        assert shown in trained.out
    for name in ("learning_curves.png", "confusion_matrix.png", "per_tag_f1.png", "predictions.jsonl"):
        assert Path("runs/tags/report", name).is_file()
    assert "A tagger of words" in Path("runs/tags/README.md").read_text()
    assert seqtext.load("runs/tags")("Ann can see the can")[0][1::3] == [("can", "AUX"), ("can", "NOUN")]


def test_evaluate_and_info_say_what_the_report_says(trained):
    ended = succeeded(seqtext_command("evaluate", "runs/tags", "--data", "test.conllu", "--output", "out"))
    test = figures_of("runs/tags")["test"]
    assert f"accuracy {test['accuracy']:.2%}" in ended.out
    lines = [json.loads(line) for line in Path("out/predictions.jsonl").read_text().splitlines()]
    assert len(lines) == 61
    assert lines[-1]["words"] == ["Zelda"]
    assert f"accuracy {test['accuracy']:.2%}" in succeeded(seqtext_command("info", "runs/tags")).out


def test_spans_from_json_lines_read_from_both_ends():
    flags = ("--train", "train.jsonl", "--column", "ner_tags", "--bidirectional", "--baselines", "fast")
    ended = succeeded(recipe(*flags, "--run", "runs/names"))
    assert "when the whole sentence was read" in ended.out
    figures = figures_of("runs/names")
    assert figures["test"]["span_f1"] > 0.95
    assert "span F1" in ended.out
    assert "span_f1" in ended.err
    assert figures["training"]["selection"].startswith("epoch")


@pytest.mark.parametrize("flags", [(), ("--look_ahead", "1", "--max_length", "6", "--optimizer", "adamw")])
def test_a_run_that_was_killed_goes_on_to_the_same_bits(flags, tmp_path):
    short = (
        "--epochs",
        "2",
        "--max_rows",
        "100",
        "--checkpoint_every",
        "3",
        "--gradient_accumulation",
        "2",
        "--baselines",
        "none",
    )
    flags = (*TRAIN, *flags, *short)
    succeeded(recipe(*flags, "--run", tmp_path / "whole"))
    with killed_in_step(1 + 4):  # one is made to say how long it will take
        recipe(*flags, "--run", tmp_path / "run")
    succeeded(in_process.recipe("tagging", "--resume", "--run", tmp_path / "run"))
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")


def test_it_goes_on_from_another_tagger(trained):
    flags = (
        "--train",
        "train.jsonl",
        "--column",
        "ner_tags",
        "--init_from",
        "runs/tags",
        "--max_steps",
        "3",
        "--baselines",
        "none",
    )
    ended = succeeded(recipe(*flags, "--run", "runs/started"))
    assert "started from runs/tags: tokenizer taken over; embedding, backbone, auxiliary copied; head new" in ended.out


def test_it_goes_on_from_a_language_model(tmp_path):
    models.made(directions="forward").save_pretrained(tmp_path / "language")
    ended = succeeded(
        in_process.recipe(
            *("tagging", *TRAIN, "--init_from", tmp_path / "language", "--max_steps", "2", "--baselines", "none"),
            *("--device", "cpu", "--threads", "1", "--run", tmp_path / "run"),
        )
    )
    said = f"started from {tmp_path / 'language'}: tokenizer taken over; embedding (in part), backbone copied; head, auxiliary new"
    assert said in ended.out
    assert "mean of pieces Embedding(" in ended.out


@pytest.mark.fault(6)
def test_what_is_wrong_is_named_before_anything_is_trained(tmp_path):
    wrong = tmp_path / "wrong.conllu"
    wrong.write_text(conllu(20, 1) + "1\tAnn\tPROPN\n")
    line = (conllu(20, 1)).count("\n") + 1
    ended = recipe("--train", wrong)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(
        f"error: {wrong}, line {line}: found 3 columns in '1\\tAnn\\tPROPN'; expected the 10 of CoNLL-U"
    )
    checked = seqtext_command("check", wrong)
    assert checked.code == 2
    assert f"line {line}: found 3 columns" in checked.err
    for flags, told in (
        (("--column", "xpos"), "found '_' alone, for all words; expected two different tags at least; pass --column"),
        (("--column", "uops"), "no column 'uops'"),
        (("--bidirectional", "--look_ahead", "2"), "--look_ahead is of a model that streams"),
    ):
        ended = recipe(*TRAIN, *flags)
        assert ended.code == 2
        assert told in ended.err


def test_rows_with_faults_are_found_and_left_out_by_check(tmp_path):
    rows = [{"tokens": ["a", "b"], "tags": ["X", "Y"]}] * 20 + [{"tokens": ["a", "b"], "tags": ["X"]}]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = seqtext_command("check", tmp_path / "x.jsonl")
    assert "words in 'tokens', tags in 'tags' (as for seqtext train tags)" in ended.out
    assert "fault: row 21: found 2 words in 'tokens' and 1 tags in 'tags'" in ended.out
    refused = recipe("--train", tmp_path / "x.jsonl")
    assert "row 21: found 2 words" in refused.err
    ended = succeeded(
        seqtext_command("check", tmp_path / "x.jsonl", "--fix", "drop", "--output", tmp_path / "clean.jsonl")
    )
    assert "dropped 1 rows; the other 20" in ended.out
