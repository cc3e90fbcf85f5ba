"""Distinct, self-BLEU and copied n-grams agree with counting by hand, and with definitions written out slowly."""

import math
import random
from collections import Counter

import pytest

from seqtext.data.text.words import words
from seqtext.errors import DataError
from seqtext.tasks.generation.report import diversity
from seqtext.tasks.generation.report.diversity import copied_share, distinct, distinct_at, distinct_ratio, self_bleu


def random_texts(count, seed=0, *, longest=12, letters="abcdef"):
    draw = random.Random(seed)
    return [draw.choices(letters, k=draw.randrange(longest + 1)) for _ in range(count)]


def grams(text, n):
    return [tuple(text[start : start + n]) for start in range(len(text) - n + 1)]


def test_words_are_words_symbols_and_single_characters_of_unspaced_scripts():
    assert words("It's 3$, 東京 naïve\n") == ["It", "'", "s", "3", "$", ",", "東", "京", "naïve"]
    assert words("  ") == []


def test_distinct_counts_within_texts_only():
    texts = [["a", "b", "a", "b"], ["b", "a"]]
    assert distinct(texts, 1) == 2 / 6
    assert distinct(texts, 2) == 2 / 4  # ab, ba, ab and ba; not the b of one text with the b of the next
    assert distinct(iter(texts), 3) == 1.0


@pytest.mark.parametrize("texts", [[], [[]], [["a"], ["b"]]])
def test_without_n_grams_nothing_is_distinct_and_nothing_copied(texts):
    assert distinct(texts, 2) == 0.0
    assert copied_share(texts, [["a", "b"]], 2) == 0.0


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_hashes_find_what_sets_find(n):
    texts, training = random_texts(200), random_texts(50, seed=1)
    every = [gram for text in texts for gram in grams(text, n)]
    known = {gram for text in training for gram in grams(text, n)}
    assert distinct(texts, n) == len(set(every)) / len(every)
    assert copied_share(texts, iter(training), n) == pytest.approx(sum(gram in known for gram in every) / len(every))


def test_sets_are_compared_over_as_many_tokens():
    ours, real = [["a", "b"], ["a", "b", "c", "d"]], [["a", "b", "c"]]
    assert distinct_at(ours, 1, 3) == 2 / 3  # a b a
    assert distinct_at(ours, 1, 2) == 1.0
    assert distinct_ratio(ours, real, 1) == pytest.approx(2 / 3)
    assert distinct_ratio(real, ours, 1) == pytest.approx(3 / 2)
    with pytest.raises(ValueError, match="over 7 tokens need as many, got 6"):
        distinct_at(ours, 1, 7)
    with pytest.raises(DataError, match="no text has 2 tokens in a row"):
        distinct_ratio([["a"], ["b"]], real, 2)


def test_what_was_copied_is_found_across_chunks_and_tokens_unknown_to_the_texts_match_nothing(monkeypatch):
    monkeypatch.setattr(diversity, "CHUNK", 3)
    copied, fresh = list("abcdefgh"), list("hgfedcba")
    training = [list("xyz"), list("zabcdefghz"), ["new"] * 20]
    assert copied_share([copied, fresh], training) == 0.5
    assert copied_share([copied] * 3 + [fresh], training) == 0.75
    assert copied_share([fresh], training) == 0.0
    assert copied_share([copied], []) == 0.0


def test_n_grams_of_no_tokens_are_refused():
    with pytest.raises(ValueError, match="got n = 0"):
        distinct([["a"]], 0)


def slow_bleu(text, others):
    """BLEU-4 of one text as the papers define it."""
    if not set(text) & {token for other in others for token in other}:
        return 0.0
    total = 0.0
    for n in (1, 2, 3, 4):
        mine, theirs = Counter(grams(text, n)), [Counter(grams(other, n)) for other in others]
        matched = sum(min(count, max(other[gram] for other in theirs)) for gram, count in mine.items())
        total += math.log((matched or 0.1) / max(len(text) - n + 1, 1)) / 4
    nearest = min((abs(len(other) - len(text)), len(other)) for other in others)[1]
    return math.exp(total) * min(1.0, math.exp(1 - nearest / len(text)))


def test_self_bleu_is_the_mean_of_bleu_against_all_others():
    texts = random_texts(40)
    slow = [slow_bleu(text, texts[:row] + texts[row + 1 :]) for row, text in enumerate(texts)]
    assert 0.1 < self_bleu(texts) < 0.9
    assert self_bleu(texts) == pytest.approx(sum(slow) / len(slow))


def test_self_bleu_of_equal_texts_is_one_and_of_strangers_nothing():
    assert self_bleu([list("abcde")] * 3) == pytest.approx(1.0)
    assert self_bleu([list("abcde"), list("fghij"), []]) == 0.0
    with pytest.raises(DataError, match="got 1; expected at least two"):
        self_bleu([list("abcde")])


def test_self_bleu_draws_its_sample_by_seed():
    texts = random_texts(100)
    assert self_bleu(texts, sample=20, seed=1) == self_bleu(texts, sample=20, seed=1)
    assert self_bleu(texts, sample=20, seed=1) != self_bleu(texts, sample=20, seed=2)
    assert self_bleu(texts, sample=100, seed=1) == pytest.approx(self_bleu(texts, seed=2))
