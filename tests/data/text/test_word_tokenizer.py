"""Whole words as ids, as papers count them."""

from __future__ import annotations

import numpy as np
import pytest

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import BEGIN, UNKNOWN
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.errors import DataError, OptionsError

PLAIN = Normaliser()


def trained(texts: list[str], size: int = 100, **form) -> WordTokenizer:
    return WordTokenizer.train(texts, vocabulary_size=size, normaliser=Normaliser(**form))


def test_words_are_those_between_blanks_the_commonest_first():
    words = trained(["b a , a", "a b  c <unk>\tc", "d <unk>"])
    assert words.words[4:] == ["a", "b", "c", ",", "d"]
    assert words.encode(["a  b x <unk>", "", " "]) == [[4, 5, UNKNOWN, UNKNOWN], [BEGIN], [BEGIN]]
    assert words.decode([4, 5, UNKNOWN, 3]) == "a b <unk>"
    assert words.pieces([3, 4]) == ["</s>", "a"]
    assert words.count_bytes(np.array([1, 4, 1], dtype=np.int32)) == 2
    assert words.commonest_unknown(["a x y", "y"]) == ["y", "x"]


def test_words_that_come_once_stand_for_unknown_ones_unless_the_texts_have_a_mark_for_them():
    assert trained(["a a b c c"]).words[4:] == ["a", "c"]
    assert trained(["a a b <unk>"]).words[4:] == ["a", "b"]
    assert trained(["a b"]).words[4:] == ["a", "b"], "of words that all come once none can be left out"


def test_the_vocabulary_is_no_larger_than_asked_and_case_is_folded_if_asked():
    assert trained(["a a a b b c c"], size=6).words[4:] == ["a", "b"]
    assert len(trained(["a a a b b c c"], size=6)) == 6
    assert trained(["A a"], lowercase=True).words[4:] == ["a"]


def test_special_ids_cannot_be_written_in_a_text():
    words = trained(["</s> a <s> a <pad>"])
    assert words.words[4:] == ["a"]
    assert words.encode(["</s> <s> <pad> a"]) == [[UNKNOWN, UNKNOWN, UNKNOWN, 4]]


def test_the_bytes_of_a_list_are_the_list():
    words = trained(["a a é é \u2028x \u2028x x x"])
    again = WordTokenizer.from_bytes(words.model, PLAIN)
    assert (again.words, again.sha256) == (words.words, words.sha256)


def test_no_words_and_no_room_are_refused():
    with pytest.raises(DataError, match="all are empty"):
        trained(["", "  "])
    with pytest.raises(OptionsError, match="--vocabulary_size 4 is too small; expected more than 4"):
        trained(["a"], size=4)
