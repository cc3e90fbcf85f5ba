"""Texts of known words: whatever is asked for, each word is one of training or of the prompt; and prompts that end inside a word."""

from __future__ import annotations

import datasets
import numpy as np
import pytest

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.data.text.words import words as words_of
from seqtext.errors import OptionsError, SavedFileError
from seqtext.tasks.generation.beginning import beginning
from seqtext.tasks.generation.generator import TextGenerator
from tests.tasks.generation.generators import MIXED, of


@pytest.fixture(scope="module")
def known(rows) -> set[str]:
    return {word for text in rows["text"] for word in words_of(text)}


def new_in(texts: list[str], known: set[str]) -> list[str]:
    found = [word for text in texts for word in words_of(text)]
    assert len(found) > 30
    return [word for word in found if word not in known and word.isalnum()]


CHOICES = [
    {},
    {"temperature": 0.0, "max_length": 9},
    {"guidance": 3.0, "top_p": 0.9},
    {"top_k": 3, "no_repeat_ngram": 1, "guidance": 1.0},
    {"min_p": 0.1, "repetition_penalty": 1.5, "max_length": 4},
]


@pytest.mark.parametrize("choices", CHOICES)
@pytest.mark.parametrize("settings", [{}, {"feedback": "zeros"}, {"no_copy_ngram": 3}, {"subword_sampling": True}])
def test_no_word_is_new(rows, known, choices, settings):
    made = of(rows, **settings)(["sea", MIXED, None], count=20, **choices)
    assert new_in([one.text for one in made], known) == []


def test_any_words_are_written_where_they_are_asked_for(generator, known):
    assert new_in([one.text for one in generator("sea", count=20, words="any")], known)


def test_words_of_the_prompt_are_known_in_its_texts(generator, known):
    texts = [one.text for one in generator("sea", count=40, prompt="the zoran, ", max_length=30)]
    assert set(new_in(texts, known)) == {"zoran"}
    begun = beginning(generator.tokenizer, "the zoran, ", 30, generator.records.words)
    zoran = begun.words.words_in(begun.ids)[1]
    assert begun.words.node_of(zoran)
    assert not generator.records.words.node_of(zoran)


@pytest.mark.parametrize(
    ("prompt", "whole"), [("the shi", "ship"), ("s", "ship sail square stop"), ("ships and har", "harbour")]
)
def test_a_prompt_that_ends_inside_a_word_goes_on_with_it(generator, prompt, whole):
    begun, _, part = prompt.rpartition(" ")
    allowed = set(whole.split()) | {one for one in known_from(generator) if one.startswith(part)}
    for one in generator("sea", count=20, prompt=prompt):
        assert one.text.startswith(prompt)
        assert words_of(one.text[len(begun) :])[0] in allowed


def known_from(generator: TextGenerator) -> set[str]:
    texts = generator(None, count=300)
    return {word for one in texts for word in words_of(one.text)}


def test_an_ended_word_is_not_gone_on_with(generator):
    for one in generator("sea", count=20, prompt="the shi "):
        assert words_of(one.text)[1] == "shi"


def test_a_word_is_begun_only_where_there_is_room_to_end_it(generator, known):
    for length in range(1, 6):
        texts = [one.text for one in generator("sea", count=200, max_length=length)]
        assert new_in([*texts, *["ship"] * 40], known) == []


def test_texts_are_the_same_alone_and_in_company(generator):
    many = generator(["sea", "wood", MIXED] * 7, seed=3, prompt="the shi", top_p=0.9)
    for size in (1, 4, 9):
        some = generator((["sea", "wood", MIXED] * 7)[:size], seed=3, prompt="the shi", top_p=0.9)
        assert [one[:4] for one in some] == [one[:4] for one in many[:size]]


def test_watched_texts_are_the_same(generator):
    seen: dict[int, str] = {}
    made = generator("sea", count=3, seed=2, watch=seen.__setitem__)
    assert [one[:4] for one in made] == [one[:4] for one in generator("sea", count=3, seed=2)]
    assert [one.text for one in made] == list(seen.values())


def test_lists_of_names_may_have_new_ones(rows):
    draw = np.random.default_rng(0)
    names = ["".join(draw.choice(list("abdeiklmnorstu"), 6)) for _ in range(len(rows))]
    task = of(datasets.Dataset.from_dict({"text": names, "label": rows["label"]}))
    assert task.config.new_words > 0.9
    assert any(one.text not in names for one in task("sea", count=20))
    assert {word for one in task("sea", count=20, words="known") for word in one.text.split()} <= set(names)


def test_scripts_without_blanks_are_of_characters(rows):
    texts = ["船は海を渡る", "森の木は高い", "町の市場", "海の船"] * (len(rows) // 4)
    task = of(
        datasets.Dataset.from_dict({"text": texts, "label": (["sea", "wood", "town", "sea"] * len(rows))[: len(texts)]})
    )
    made = {one.text for one in task("sea", count=40, max_length=12)}
    assert len(made - set(texts)) > 20  # not as a whole those of training


def test_the_record_is_saved_and_read(generator, tmp_path):
    generator.save_pretrained(tmp_path / "model")
    again = TextGenerator.from_pretrained(tmp_path / "model")
    made, before = (task("sea", count=5, prompt="the shi") for task in (again, generator))
    assert [one[:4] for one in made] == [one[:4] for one in before]
    again.records = again.records._replace(words=None)
    with pytest.raises(OptionsError, match="no record of its words"):
        again("sea", words="known")


def test_a_record_of_another_tokenizer_is_refused(generator, rows, tmp_path):
    other = of(rows, vocabulary_size=300)
    assert len(other.tokenizer) != len(generator.tokenizer)
    other.records = generator.records
    other.save_pretrained(tmp_path / "model")
    with pytest.raises(SavedFileError, match="not a record of words"):
        TextGenerator.from_pretrained(tmp_path / "model")


def test_a_blank_at_the_end_of_a_prompt_is_that_of_the_next_word(generator):
    """Where blanks are kept the tokenizer has a piece for it, behind which a word with a blank of its own would make two."""
    keeps = Tokenizer(generator.tokenizer.model, Normaliser(whitespace="keep"))
    words = generator.records.words
    folded, kept = (beginning(one, "the ship ", 30, words) for one in (generator.tokenizer, keeps))
    assert kept.ids == folded.ids
    assert kept.words.start == folded.words.start
