"""The phrasebook's words with the parts they play: the same phrases, parts as order decides them, in any locale."""

from __future__ import annotations

from collections import defaultdict

import pytest

from seqtext.builtin.phrasebook import phrases
from seqtext.builtin.tagged_phrases import PARTS, tagged, tagged_phrases

SIZES = {"train": 400, "validation": 20, "test": 20}


@pytest.mark.parametrize("locale", ["en", "de", "ja", "ar", "pt-BR"])
def test_they_are_the_phrases_of_the_phrasebook(locale):
    made, plain = tagged_phrases(locale=locale, **SIZES), phrases(locale=locale, **SIZES)
    for split in SIZES:
        assert [" ".join(row.words) for row in made[split]] == [row.text for row in plain[split]]
        for row in made[split]:
            assert len(row.words) == len(row.tags)
            assert set(row.tags) <= set(PARTS)


def test_the_same_word_plays_several_parts():
    parts = defaultdict(set)
    for row in tagged_phrases(**SIZES)["train"]:
        for word, tag in zip(*row, strict=True):
            parts[word].add(tag)
    assert {"number", "day"} <= parts["3"]
    assert sum(len(found) > 1 for found in parts.values()) > 40


def test_parts_of_some_phrases():
    lines = [
        " ".join(f"{word}/{tag}" for word, tag in zip(*row, strict=True)) for row in tagged_phrases(**SIZES)["train"]
    ]
    assert "Angola:/place Dec/month 7/day –/sign 20/day" in lines
    assert any("→/sign 51.00/amount Chinese/currency yuan/currency" in line for line in lines)
    asides = [line for line in lines if "(" in line]
    assert asides
    for line in asides:
        inside = line[line.index("(") : line.index(")")]
        assert all(word.endswith("/aside") for word in inside.split()[:-1])


def test_a_word_without_a_part_is_a_sign_and_brackets_that_close_nothing_are_no_aside():
    assert tagged("a ) b").tags == ("sign", "sign", "sign")
    assert tagged("(a b) c").tags == ("aside", "aside", "sign")
