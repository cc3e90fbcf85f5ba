"""The recipe of language models from start to end: it learns, says how well, goes on, and other tasks start from it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import seqtext
from tests import in_process
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, figures_of, seqtext_command, succeeded
from tests.training.stopping import hashes, killed_in_step

TINY = [
    *("--hidden_size", "24", "--embedding_size", "24", "--vocabulary_size", "320", "--batch_tokens", "300"),
    *("--device", "cpu", "--threads", "1", "--learning_rate", "0.02", "--epochs", "4", "--ema_decay", "0.9"),
    *("--output_dropout", "0", "--input_dropout", "0", "--max_length", "24", "--warm_up", "12"),
]
SHORT = [
    "--text_column",
    "text",
    "--epochs",
    "2",
    "--max_rows",
    "120",
    "--checkpoint_every",
    "3",
    "--gradient_accumulation",
    "2",
]
TRAIN = ("--train", "train.csv", "--test", "test.csv")


def recipe(*flags: object) -> Ended:
    """`python recipes/language_model.py ...`."""
    return in_process.recipe("language_model", *TINY, *flags)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("language")
    for name, rows, seed in (("train", 300, 1), ("test", 60, 3)):
        write_csv(folder / f"{name}.csv", topic_rows(rows, seed))
        with gzip.open(folder / f"{name}.txt.gz", "wt", encoding="utf-8") as file:
            file.writelines(f" {text} \n \n" for text in topic_rows(rows, seed)["text"])
    return folder


@pytest.fixture(autouse=True)
def here(place, monkeypatch) -> None:
    monkeypatch.chdir(place)


@pytest.fixture(scope="module")
def pieces(place) -> Ended:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        return succeeded(recipe(*TRAIN, "--text_column", "text", "--run", "runs/pieces"))


def test_it_learns_and_says_how_well_beside_simpler_models(pieces):
    figures = figures_of("runs/pieces")
    test, simple = figures["test"], figures["baselines"]
    assert set(test["by_direction"]) == {"forward", "backward"}
    for one in (test, *test["by_direction"].values()):
        assert one["perplexity"] < 0.75 * simple["unigram model"]["perplexity"]
        assert one["bits_per_byte"] < simple["unigram model"]["bits_per_byte"]
    assert simple["trigram model"]["perplexity"] < simple["unigram model"]["perplexity"]
    for shown in (
        "directions  both",
        "this model",
        "forward alone",
        "trigram model",
        "unigram model",
        "try:\n  seqtext score runs/pieces",
    ):
        assert shown in pieces.out
    assert figures["data"]["rows"] == {"train": 270, "validation": 30, "test": 60}
    for name in ("report/learning_curves.png", "README.md"):
        assert Path("runs/pieces", name).is_file()
    assert "A language model" in Path("runs/pieces/README.md").read_text()


def test_evaluate_says_what_the_report_says(pieces):
    ended = succeeded(seqtext_command("evaluate", "runs/pieces", "--data", "test.csv", "--output", "out"))
    test = figures_of("runs/pieces")["test"]
    each = (
        f"{test[key]:,.{digits}f}"
        for key, digits in (("perplexity", 2), ("perplexity_per_word", 2), ("bits_per_byte", 3))
    )
    assert "perplexity per token {}, per word {}, bits per byte {}".format(*each) in ended.out
    assert "cache" not in ended.out
    lines = Path("out/predictions.jsonl").read_text().splitlines()
    assert len(lines) == 60
    assert "perplexity per token" in succeeded(seqtext_command("info", "runs/pieces")).out
    ended = succeeded(seqtext_command("evaluate", "runs/pieces", "--data", "test.csv", "--cache", "300", "--json"))
    found = json.loads(ended.out)["test"]
    assert found["perplexity"] == pytest.approx(test["perplexity"])
    cached = found["with_cache"]
    assert cached["cache"] == 300
    assert cached["perplexity"] < found["perplexity"] * 1.01
    assert cached["perplexity"] != found["perplexity"]
    ended = succeeded(seqtext_command("evaluate", "runs/pieces", "--data", "test.csv", "--cache", "300"))
    assert f"  with a cache of 300 tokens: perplexity per token {cached['perplexity']:,.2f}, " in ended.out


def test_words_are_counted_as_papers_do_with_an_end_for_each_line():
    files = ("--train", "train.txt.gz", "--validation", "test.txt.gz", "--test", "test.txt.gz")
    ended = succeeded(recipe(*files, "--tokens", "words", "--run", "runs/words", "--baselines", "fast"))
    test = figures_of("runs/words")["test"]
    words = sum(len(text.split()) for text in topic_rows(60, 3)["text"])
    assert test["tokens"] == test["words"] == words + 120
    assert test["perplexity"] == pytest.approx(test["perplexity_per_word"])
    assert "bits_per_byte" not in test
    assert "directions  forward" in ended.out
    refused = in_process.recipe("topic_classification", "--train", "train.csv", "--init_from", "runs/words")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(
        "error: --init_from runs/words reads whole words, and other runs pieces of words; expected a run that reads pieces"
    )


@pytest.mark.parametrize(
    "flags",
    [
        ("--directions", "backward", "--subword_sampling"),
        ("--num_layers", "2", "--optimizer", "adamw", "--sampled_softmax", "60"),
    ],
)
def test_a_run_that_was_killed_goes_on_to_the_same_bits(flags, tmp_path):
    flags = (*TRAIN, *flags, *SHORT)
    succeeded(recipe(*flags, "--run", tmp_path / "whole"))
    with killed_in_step(1 + 5):  # one is made to say how long it will take
        recipe(*flags, "--run", tmp_path / "run")
    succeeded(in_process.recipe("language_model", "--resume", "--run", tmp_path / "run"))
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")


def test_a_dry_run_says_all_and_writes_nothing(tmp_path):
    ended = succeeded(recipe(*TRAIN, "--text_column", "text", "--dry_run", "--run", tmp_path / "dry"))
    assert "windows     " in ended.out
    assert not (tmp_path / "dry").exists()


def test_a_classifier_learns_from_few_labels_what_the_model_knows(pieces):
    ended = succeeded(in_process.recipe(
        "topic_classification", "--train", "train.csv", "--test", "test.csv", "--init_from", "runs/pieces", "--run", "runs/topics",
        "--epochs", "1", "--threads", "1", "--baselines", "none",
    ))  # fmt: skip
    assert (
        "started from runs/pieces: tokenizer taken over; embedding, backbone copied; head, auxiliary new" in ended.out
    )
    config = seqtext.load("runs/topics").config
    assert (config.hidden_size, config.embedding_size, config.lowercase) == (24, 24, False)


def test_several_columns_of_texts_are_joined_and_checked(place):
    texts = topic_rows(40, 5)["text"]
    write_csv(Path("two.csv"), {"title": texts[:20], "body": texts[20:]})
    columns = ("--text_column", "title", "body")
    ended = succeeded(recipe("--train", "two.csv", *columns, "--dry_run", "--run", "runs/two"))
    assert f"{texts[0]} \u241f {texts[20]}"[:60] in ended.out
    succeeded(seqtext_command("check", "two.csv", "--task", "language", *columns))
