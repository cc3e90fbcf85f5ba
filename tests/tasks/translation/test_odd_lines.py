"""Lines unlike all that was learnt from, 200 of them: numbers and addresses are copied, nothing is repeated, the rest is marked."""

from __future__ import annotations

import random

import pytest

import seqtext
from seqtext.tasks.translation.translator import Translator
from seqtext.tasks.translation.writing import Translation
from tests.tasks.translation.translators import LEXICON, pairs

SIZES = {
    "vocabulary_size": 400, "embedding_size": 48, "encoder_size": 48, "encoder_layers": 1, "hidden_size": 96, "num_layers": 1,
    "embedding_dropout": 0.0, "input_dropout": 0.0, "layer_dropout": 0.0, "output_dropout": 0.0, "copying": 0.3,
}  # fmt: skip


@pytest.fixture(scope="module")
def learnt(tmp_path_factory) -> Translator:
    rows = pairs(400, seed=1)
    task = Translator.from_data(rows, **SIZES)
    seqtext.fit(
        task, rows, pairs(20, seed=2), run=tmp_path_factory.mktemp("odd") / "run", epochs=10, batch_rows=16,
        learning_rate=0.02, warmup=0.05, ema_decay=0.9, threads=1, device="cpu", optimizer="muon",
    )  # fmt: skip
    return task


def odd_lines(seed: int) -> dict[str, list[tuple[str, list[str]]]]:
    """Lines of each kind, with what has to stand in their translations."""
    draw = random.Random(seed)
    words = list(LEXICON)

    def some(least: int, most: int) -> list[str]:
        return draw.choices(words, k=draw.randint(least, most))

    def with_one(made: str) -> tuple[str, list[str]]:
        row = some(2, 6)
        row.insert(draw.randint(0, len(row)), made)
        return " ".join(row), [made]

    letters = "abcdefghijklmnopqrstuvwxyz"
    greek = "αβγδεζηθικλμ"

    def name(alphabet: str = letters) -> str:
        return "".join(draw.choices(alphabet, k=draw.randint(3, 9)))

    return {
        "capitals": [(" ".join(some(3, 8)).upper(), []) for _ in range(49)],
        "numbers": [with_one(str(draw.choice([draw.randrange(10**6), f"{draw.random():.3f}"]))) for _ in range(49)],
        "addresses": [with_one(f"https://{name()}.org/{name()}?{name()}={draw.randrange(99)}") for _ in range(49)],
        "other script": [with_one(name(greek)) for _ in range(49)],
        "2,000 characters": [(" ".join(some(340, 350))[:2000], []) for _ in range(5)],
    }


@pytest.fixture(scope="module")
def made(learnt) -> dict[str, list[tuple[str, list[str], Translation]]]:
    lines = odd_lines(7)
    return {
        kind: [
            (text, wanted, one) for (text, wanted), one in zip(rows, learnt([t for t, _ in rows], beam=2), strict=True)
        ]
        for kind, rows in lines.items()
    }


def test_what_was_learnt_is_translated(learnt):
    rows = pairs(40, seed=3)
    made = learnt(rows["source"], beam=2)
    assert sum(one.text == target for one, target in zip(made, rows["target"], strict=True)) >= 30


@pytest.mark.parametrize("kind", ["numbers", "addresses", "other script"])
def test_what_the_vocabulary_lacks_is_copied_or_the_line_is_marked(made, kind):
    right = [all(text in one.text for text in wanted) for _, wanted, one in made[kind]]
    assert sum(right) >= 0.95 * len(right)
    for (_, _, one), copied in zip(made[kind], right, strict=True):
        assert copied or (one.missing and one.confidence == 0)


def test_capitals_are_read_and_written(made):
    right = 0
    for text, _, one in made["capitals"]:
        assert one.text == one.text.upper()
        right += one.text == " ".join(LEXICON[word.lower()] for word in text.split()).upper()
    assert right >= 30


def test_a_long_line_is_translated_in_parts_to_its_end(made):
    for text, _, one in made["2,000 characters"]:
        assert one.parts > 20
        assert not one.cut
        assert abs(len(one.text.split()) - len(text.split())) < 0.25 * len(text.split())


@pytest.mark.parametrize("kind", ["capitals", "numbers", "addresses", "other script"])
def test_no_run_of_four_pieces_comes_twice(made, kind):
    for _, _, one in made[kind]:
        runs = [one.target_pieces[at : at + 4] for at in range(len(one.target_pieces) - 3)]
        assert len(set(runs)) == len(runs)
