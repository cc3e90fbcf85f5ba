"""N-grams are those that a loop over characters and words finds, each text's own, whatever stands beside it."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.text import ngrams as module
from seqtext.data.text.ngrams import CHARACTERS, LONGEST, count_ngrams
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.words import words


def plainly(text):
    """How many different words and pairs, and runs of characters, there are, and how often the commonest stand there."""
    text = Normaliser(lowercase=True)(text)
    found = words(text)
    of_words = Counter(found) + Counter(pairwise(found))
    runs = Counter()
    for word in text.split():
        padded = f" {word} "
        runs.update(word)
        for length in range(2, LONGEST + 1):
            runs.update(padded[start : start + length] for start in range(len(padded) - length + 1))
    return of_words, runs


def counted(texts):
    """For each text the counts of words and of characters, sorted."""
    found = count_ngrams(texts)
    kinds = found.buckets >= CHARACTERS
    return [
        [sorted(found.counts[(found.texts == text) & (kinds == kind)].tolist()) for kind in (False, True)]
        for text in range(len(texts))
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abAB .,éß日本\n\t", max_size=12), max_size=5))
def test_they_are_those_that_a_plain_loop_finds(texts):
    assert counted(texts) == [[sorted(part.values()) for part in plainly(text)] for text in texts]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_text_has_the_same_alone_and_among_others(texts):
    together = count_ngrams(texts)
    for number, text in enumerate(texts):
        alone, mine = count_ngrams([text]), together.texts == number
        assert np.array_equal(alone.buckets, together.buckets[mine])
        assert np.array_equal(alone.counts, together.counts[mine])


def test_texts_are_worked_on_in_parts_that_change_nothing(monkeypatch):
    texts = ["one two", "", "three", "four five six"] * 3
    whole = count_ngrams(texts)
    monkeypatch.setattr(module, "MOST_CHARACTERS", 8)
    for one, other in zip(whole, count_ngrams(texts), strict=True):
        assert np.array_equal(one, other)


def test_letter_case_and_white_space_are_folded_and_no_text_has_none():
    assert counted(["The  Cat"]) == counted([" the\ncat "])
    assert counted(["", " "]) == [[[], []], [[], []]]
    assert len(count_ngrams([]).texts) == 0


@pytest.mark.parametrize("texts", [["ab", "ba"], ["a b", "b a"], ["a b", "ab"], ["1", "2"]])
def test_different_texts_have_different_ones(texts):
    first, second = (set(count_ngrams([text]).buckets.tolist()) for text in texts)
    assert first != second
