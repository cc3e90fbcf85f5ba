"""How generated texts stand beside real ones: figures that a look at a few texts gives too, and a judge of what it can and cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqtext.errors import DataError
from seqtext.tasks.generation.report.card import JUDGES, in_words
from seqtext.tasks.generation.report.realism import invented, known_words, ngram_texts, repeating, told_apart


def test_invented_words_are_those_that_no_text_has():
    known = known_words(["the ship sails , and the owl sings .", "12 owls"])
    assert invented(["the ship . . !", "12 owls sing"], known) == pytest.approx(1 / 5)
    assert invented(["The"], known) == 1
    assert invented([". !", ""], known) == 0


def test_texts_that_repeat_a_run():
    assert repeating(["a b c d x a b c d", "a b c d", "a a a a", "a a a a a", ""]) == pytest.approx(2 / 5)
    assert repeating([]) == 0


def test_an_ngram_model_writes_the_runs_of_its_texts():
    texts = ["the ship sails to the island", "the ship turns to the harbour", "an owl sings"]
    made = ngram_texts(texts, 300, seed=1)
    runs = {run for text in texts for run in runs_of(text)}
    assert all(set(runs_of(text)) <= runs for text in made)
    assert {"the ship sails to the harbour", *texts} <= set(made)
    assert np.mean([text == "an owl sings" for text in made]) == pytest.approx(1 / 3, abs=0.1)
    assert made == ngram_texts(texts, 300, seed=1) != ngram_texts(texts, 300, seed=2)
    with pytest.raises(DataError, match="no texts"):
        ngram_texts([], 1)


def runs_of(text: str) -> list[tuple[str, ...]]:
    words = ["", "", *text.split(), ""]
    return list(zip(words, words[1:], words[2:], strict=False))


def test_a_judge_tells_apart_what_differs_and_guesses_what_does_not():
    draw = np.random.default_rng(0)

    def texts(count: int, nouns: str) -> list[str]:
        return [" ".join(draw.choice(nouns.split(), 6)) for _ in range(count)]

    same = "ship owl deer tram gull"
    assert told_apart(texts(50, same), texts(50, "market square wood harbour")) == dict.fromkeys(JUDGES, 1)
    alike = told_apart(texts(150, same), texts(150, same))
    assert alike == dict.fromkeys(JUDGES, pytest.approx(0.5, abs=0.1))
    assert told_apart(texts(24, same), texts(200, same)) == told_apart([""] * 30, [""] * 30) == {}


def test_one_of_the_judges_reads_in_order():
    draw = np.random.default_rng(1)
    rows = [draw.permutation(["ship", "owl", "deer", "tram", "gull", "wood", "harbour", "square"]) for _ in range(200)]
    first = [" ".join(row) for row in rows if list(row).index("ship") < list(row).index("owl")]
    last = [" ".join(row) for row in rows if list(row).index("ship") > list(row).index("owl")]
    apart = told_apart(first, last)
    assert apart["told_apart_in_order"] > apart["told_apart"] + 0.1
    before = torch.get_rng_state()
    assert told_apart(first, last) == apart
    assert torch.equal(torch.get_rng_state(), before)


def test_the_card_says_it_in_words():
    samples = {
        "model": {"invented": 0.012, "repeating": 0.03, "told_apart": 0.645, "told_apart_in_order": 0.7},
        "ngram": {"invented": 0.0, "repeating": 0.01, "told_apart": 0.611},
        "real": {"invented": 0.014, "repeating": 0.02},
    }
    invented_, repeated, judged, read = in_words(samples)
    assert invented_ == (
        "Words that no training text has: 1.2% in its texts, 0.0% in those of a word trigram model, 1.4% in real ones."
    )
    assert repeated.startswith("The same four words in a row twice: in 3.0% of its texts,")
    assert "is right about 64.5% of others, 61.1% against texts of a word trigram model;" in judged
    assert read == (
        "A small recurrent classifier, reading word after word, is right about 70.0% of others; guessing is right about 50.0%."
    )
    assert in_words({}) == in_words({"model": {}, "real": {}}) == []
