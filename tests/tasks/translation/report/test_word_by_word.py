"""The table of words finds what explains what, and what it never met stays as it is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from seqtext.tasks.translation.report.word_by_word import (
    WordTable,
    copied_source,
    join_pieces,
    join_words,
    word_by_word,
)

LEXICON = {"the": "das", "house": "Haus", "book": "Buch", "a": "ein", "green": "grüne", "old": "alte", "man": "Mann"}


def pairs(count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Sentences of the lexicon, the target in another order."""
    rng = random.Random(seed)
    sources = [rng.choices(list(LEXICON), k=rng.randint(2, 6)) for _ in range(count)]
    targets = [[LEXICON[word] for word in source] for source in sources]
    for target in targets:
        rng.shuffle(target)
    return [" ".join(words) for words in sources], [" ".join(words) for words in targets]


def by_hand(sources: list[list[str]], targets: list[list[str]], iterations: int) -> dict[str, str]:
    """IBM model 1 as Brown et al. (1993) define it, with loops."""
    share = {(s, t): 1.0 for one, other in zip(sources, targets, strict=True) for s in ["", *one] for t in other}
    for _ in range(iterations):
        counts = dict.fromkeys(share, 0.0)
        for one, other in zip(sources, targets, strict=True):
            for t in other:
                whole = sum(share[s, t] for s in ["", *one])
                for s in ["", *one]:
                    counts[s, t] += share[s, t] / whole
        totals: dict[str, float] = {}
        for (s, _), count in counts.items():
            totals[s] = totals.get(s, 0.0) + count
        share = {(s, t): count / totals[s] for (s, t), count in counts.items()}
    return {s: max((p, t) for (x, t), p in share.items() if x == s)[1] for s, _ in share if s}


def test_the_table_is_that_of_the_definition() -> None:
    sources, targets = ([text.split() for text in side] for side in pairs(40, seed=3))
    for iterations in (1, 2, 5):
        table, expected = WordTable(sources, targets, iterations), by_hand(sources, targets, iterations)
        assert {word: table.translate([word])[0] for word in expected} == expected


def test_what_explains_what_is_found_in_any_order() -> None:
    baseline = word_by_word(*pairs(200), ["the old man", "a green book", "the unknown house"])
    assert baseline.predicted == ["das alte Mann", "ein grüne Buch", "das unknown Haus"]
    assert (baseline.name, baseline.description) == ("word by word", "word by word (IBM model 1 on 200 pairs)")


def test_brackets_that_always_come_together_stay_what_they_are() -> None:
    baseline = word_by_word(["(a)", "(b) c"] * 9, ["(x)", "(y) z"] * 9, ["c (a)"])
    assert baseline.predicted == ["z (x)"]


def test_texts_without_spaces_go_by_pieces() -> None:
    sources, targets = ["東京", "東京 時間", "時間 リマ"] * 5, ["▁Tokyo", "▁Tokyo ▁hours", "▁hours ▁Lima"] * 5
    ways = {"split_source": str.split, "split_target": str.split, "join": join_pieces}
    baseline = word_by_word(sources, targets, ["リマ 時間 東京"], unit="piece", **ways)
    assert (baseline.name, baseline.predicted) == ("piece by piece", ["Lima hours Tokyo"])


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["▁Two", "▁dog", "s", "."], "Two dogs."),
        (["▁caf", "<0xC3>", "<0xA9>", "▁x"], "café x"),
        (["<0xFF>"], "\ufffd"),
        ([], ""),
    ],
)
def test_pieces_make_texts_again(pieces: list[str], text: str) -> None:
    assert join_pieces(pieces) == text


def test_words_are_joined_as_they_are_written() -> None:
    assert join_words(["Ein", "Hund", ",", "10", ",", "50", "€", "(", "viel", ")", "."]) == "Ein Hund, 10,50 € (viel)."
    assert join_words([]) == ""


def test_empty_texts_and_too_many_pairs_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert word_by_word(["", ""], ["", ""], ["a", ""]).predicted == ["a", ""]
    assert word_by_word(["a", "b"], ["", "y"], ["b"]).predicted == ["y"]
    monkeypatch.setattr("seqtext.tasks.translation.report.word_by_word.MOST_CELLS", 60)
    table = WordTable([["a"] * 5] * 9, [["b"] * 5] * 9)
    assert table.pairs == 2
    assert table.translate(["a"]) == ["b"]


def test_the_source_is_copied() -> None:
    assert copied_source(["a", ""]).predicted == ["a", ""]


def test_it_is_the_same_every_time() -> None:
    one, two = (word_by_word(*pairs(60), ["the old green house"]) for _ in range(2))
    assert one.predicted == two.predicted
    assert np.isfinite(one.seconds)
