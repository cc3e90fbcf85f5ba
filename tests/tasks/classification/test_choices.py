"""What a classifier is made with where nobody says so: pieces of its tokenizer, and how much of a text it reads."""

from __future__ import annotations

import random

import datasets
import numpy as np
import pytest

from seqtext.tasks.classification import choices
from seqtext.tasks.classification.choices import length_for
from seqtext.tasks.classification.classifier import TopicClassifier
from tests.conftest import write_csv
from tests.in_process import succeeded, topics_recipe

TINY = {"hidden_size": 8, "embedding_size": 8}
HAN = [chr(0x4E00 + number) for number in range(900)]
HANGUL = [chr(0xAC00 + number) for number in range(0, 900, 2)]


def rows_of(characters: list[str], length: int) -> list[dict[str, str]]:
    draw = random.Random(3)
    return [{"text": "".join(draw.choices(characters, k=length)), "label": "ab"[place % 2]} for place in range(300)]


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        (rows_of([*"abcdefghij"], 6), 400),  # names
        (rows_of([*"abcdefghij "], 40), 16_000),  # texts
        (rows_of([*"名前東京文字列入力漢語"], 12), 16_000),  # texts of a script without spaces
        (rows_of([*"กขคงจฉชซฌญ"], 20), 16_000),
        (rows_of(HAN, 20), 16_000),
        (rows_of(HAN, 1), 261 + len({row["text"] for row in rows_of(HAN, 1)})),
        (rows_of(HANGUL, 3), 261 + len({sign for row in rows_of(HANGUL, 3) for sign in row["text"]})),
    ],
)
def test_pieces_follow_from_the_texts_whatever_their_script(rows, asked):
    classifier = TopicClassifier.from_data(rows, **TINY)
    assert classifier.config.vocabulary_size == asked
    assert len(classifier.tokenizer) <= asked
    spelt = [piece for row in rows for piece in classifier.tokenizer.encode([row["text"]])[0] if 4 <= piece < 260]
    assert len(spelt) <= 0.01 * sum(len(row["text"]) for row in rows)  # hardly any character is spelt in bytes


# ---- how much of a text is read


@pytest.mark.parametrize(
    ("lengths", "budget", "expected"),
    [
        ([1], 1e9, 256),
        ([5] * 100, 1e9, 256),
        ([10] * 10 + [5000], 1e9, 256),  # nine of ten are short
        ([256] * 10, 1e9, 256),
        ([257] * 10, 1e9, 320),
        ([10] * 8 + [500] * 2, 1e9, 512),
        ([1024] * 10, 1e9, 1024),
        ([50_000] * 10, 1e9, 1024),
        ([500] * 10, 5_000, 512),
        ([500] * 10, 4_999, 448),
        ([500] * 10, 3_200, 320),
        ([500] * 10, 10, 256),  # the least, whatever it takes
    ],
)
def test_nine_of_ten_texts_are_read_whole_as_far_as_that_is_affordable(lengths, budget, expected):
    assert length_for(np.array(lengths), budget) == expected


@pytest.mark.parametrize(
    ("rows", "length", "epochs"),
    [(500, 200, 47), (2_000, 200, 12), (500, 3_000, 47), (10_000, 400, 4), (100_000, 3_000, 2)],
)
def test_longer_texts_take_no_epochs_away(rows, length, epochs):
    lengths = np.full(min(rows, 20_000), length)
    whole = choices._affordable(lengths, rows) * rows / len(lengths)
    assert whole == pytest.approx(12_000_000 / epochs)


PLACES = {"head": 0, "tail": 28, "mean": None, "nowhere": -1}


def told_at(place: str, rows: int = 240) -> datasets.Dataset:
    """Texts of 30 words, one or two of which tell the label, at the same place in all, anywhere, or not at all."""
    draw = random.Random(1)
    words = ["tide", "moor", "lamp", "clay", "fern", "rope", "dusk", "barn"]
    texts, labels = [], []
    for number in range(rows):
        text = draw.choices(words, k=30)
        label = number % 3 % 2
        at = PLACES[place]
        if at is None:
            text[draw.randrange(4)] = text[draw.randrange(26, 30)] = ["gull", "oak"][label]
            text[draw.choice([0, 29])] = ["wave", "elm"][label]
        elif at >= 0:
            text[at : at + 2] = [["gull", "wave"], ["oak", "elm"]][label]
        texts.append(" ".join(text))
        labels.append("ab"[label])
    return datasets.Dataset.from_dict({"text": texts, "label": labels}, split="train")


def made(rows: datasets.Dataset, **settings: object) -> TopicClassifier:
    return TopicClassifier.from_data(rows, vocabulary_size=320, **TINY, **settings)


@pytest.mark.parametrize(("place", "chosen"), [("head", "head"), ("tail", "tail"), ("nowhere", "head")])
def test_the_part_that_tells_most_of_the_labels_is_read_of_long_texts(place, chosen):
    task = made(told_at(place), max_length=12)
    assert (task.config.max_length, task.config.long_texts) == (12, chosen)
    assert task.chosen[0].startswith(
        f"--long_texts {chosen}: 100% of the training texts are longer than 12 tokens; what"
    )


def test_whole_texts_are_read_where_both_ends_tell_and_only_if_the_epochs_allow_it(monkeypatch):
    found = {"head": 0.4, "tail": 0.4, "mean": 0.1}
    monkeypatch.setattr("seqtext.tasks.classification.prepare._mismatch", lambda *_: found[next(order)])
    order = iter(["head", "tail", "mean"] * 3)
    assert made(told_at("mean"), max_length=12).config.long_texts == "mean"
    found["mean"] = 0.385  # not clearly better
    assert made(told_at("mean"), max_length=12).config.long_texts == "head"
    found["mean"] = 0.1
    monkeypatch.setattr(choices, "_affordable", lambda *_: 240 * 20)
    task = made(told_at("mean"), max_length=12)
    assert task.config.long_texts == "head"
    assert task.chosen[0].endswith("heads 0.400, tails 0.400, whole texts 0.100")


def test_whoever_says_what_is_read_is_believed_and_a_linear_model_reads_all(monkeypatch):
    monkeypatch.setattr("seqtext.tasks.classification.prepare._mismatch", None)  # nothing is measured
    for settings in ({"long_texts": "head"}, {"long_texts": "mean"}, {"model": "linear"}):
        task = made(told_at("tail"), max_length=12, **settings)
        assert (task.config.long_texts, task.chosen) == (settings.get("long_texts", "head"), ())
    assert made(told_at("tail", rows=180), max_length=12).config.long_texts == "head"  # chance
    assert made(told_at("tail")).config.max_length == 256


def test_longer_texts_are_read_whole_and_told_and_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = told_at("tail")
    texts = [" ".join([text] * 8) for text in rows["text"]]
    write_csv(tmp_path / "long.csv", {"text": texts, "label": rows["label"]})
    flags = ("--train", "long.csv", "--hidden_size", 8, "--embedding_size", 8, "--vocabulary_size", 300, "--threads", 1)
    out = succeeded(topics_recipe(*flags, "--dry_run")).out
    [length] = {line.split()[2].rstrip(":") for line in out.splitlines() if line.startswith("note        --max_length")}
    task = made(datasets.Dataset.from_dict({"text": texts, "label": rows["label"]}))
    assert 256 < task.config.max_length <= 1024
    assert int(length) % 64 == 0
    task.save_pretrained("model")
    assert TopicClassifier.from_pretrained("model").config.max_length == task.config.max_length
    assert "--max_length" not in "".join(
        line
        for line in succeeded(topics_recipe(*flags, "--dry_run", "--max_length", 300)).out.splitlines()
        if "note" in line
    )
