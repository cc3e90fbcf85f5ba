"""Rows that share their texts, or rare runs of words, belong together; what many share joins nobody."""

import numpy as np
import pytest
from datasets import Dataset

from seqtext.data.rows.splits import split_validation
from seqtext.data.text import groups as module
from seqtext.data.text.groups import groups_by, groups_of, groups_of_column


def together(groups):
    """The groups of two rows and more, as sets of rows."""
    return {
        tuple(np.flatnonzero(groups == group).tolist()) for group in np.unique(groups) if (groups == group).sum() > 1
    }


def test_equal_words_belong_together_whatever_their_case_and_signs():
    texts = ["The cat sat.", "a dog", "the cat, sat", "The Cat Sat!", "", "...", "a dog barks"]
    assert together(groups_of(texts)) == {(0, 2, 3)}
    assert together(groups_of(texts, near=False)) == {(0, 2, 3)}


@pytest.mark.fault(76)
def test_phrases_of_one_sentence_belong_together_also_by_way_of_it():
    sentence = "one two three four five six seven eight nine ten"
    others = ["red is quite another colour altogether", "blue has nothing at all to do with it"]
    texts = ["one two three four five", others[0], sentence, "six seven eight nine ten", others[1], "two three"]
    assert together(groups_of(texts)) == {(0, 2, 3)}
    assert together(groups_of(texts, near=False)) == set()


def test_what_many_texts_share_is_a_phrase_of_the_language():
    texts = [f"word{n} once upon a time there was number{n}" for n in range(60)]
    assert together(groups_of(texts)) == set()


def test_where_five_words_would_join_too_many_ten_are_asked_for(monkeypatch):
    monkeypatch.setattr(module, "RUNS", ((2, 20), (4, 20)))
    chain = [f"w{n} w{n + 1} w{n + 2}" for n in range(100)]  # each shares two words with the next
    same = ["a b c d e", "b c d e f"]
    assert together(groups_of([*chain, *same])) == {(100, 101)}


def test_of_very_many_rows_only_equal_texts_are_found(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    texts = ["a b", "A b", "a b", "c"]
    assert together(groups_of(texts)) == {(0, 2)}
    assert groups_of(texts).tolist() == [1, 2, 1, 0], "the same in every process: a split is drawn by these numbers"
    assert groups_of_column(Dataset.from_dict({"text": texts}), "text").tolist() == [1, 2, 1, 0]


def test_none_of_nothing():
    assert len(groups_of([])) == 0


@pytest.mark.fault(76)
@pytest.mark.parametrize("labelled", [False, True])
def test_a_drawn_split_never_cuts_between_them(labelled):
    draw = np.random.default_rng(0)
    groups = np.unique(draw.integers(0, 80, 300), return_inverse=True)[1]
    data = Dataset.from_dict({"n": list(range(300))})
    labels = groups % 3 if labelled else None
    train, held_out = split_validation(data, rows=30, labels=labels, groups=groups)
    assert not {*groups[train["n"]]} & {*groups[held_out["n"]]}
    assert len(train) + len(held_out) == 300
    assert 20 <= len(held_out) <= 40
    if labelled:
        assert {*(groups[held_out["n"]] % 3)} == {0, 1, 2}


def test_rows_that_all_stand_alone_are_drawn_as_ever():
    data = Dataset.from_dict({"n": list(range(50))})
    alone = split_validation(data, rows=10, groups=np.arange(50))
    assert [part["n"][:] for part in alone] == [part["n"][:] for part in split_validation(data, rows=10)]


def test_where_a_class_would_lose_its_rows_on_a_side_groups_are_cut():
    groups = np.repeat(np.arange(12), 10)  # of few groups none fits in what is held out, or one class alone would be
    labels = np.repeat([0, 1, 2], 40)
    data = Dataset.from_dict({"n": list(range(120))})
    held_out = split_validation(data, rows=12, labels=labels, groups=groups)[1]
    assert {*labels[held_out["n"]]} == {0, 1, 2}


def test_a_class_of_one_group_and_many_classes_of_few_rows_cut_no_other_group():
    rare = np.repeat([0, 1, 2], [500, 498, 2])
    many = np.repeat(np.arange(1000), 10)
    for labels in (rare, many):
        groups = np.arange(len(labels))
        groups[1::10] = groups[::10]  # pairs
        groups[-1] = groups[-2]
        groups = np.unique(groups, return_inverse=True)[1]
        data = Dataset.from_dict({"n": list(range(len(labels)))})
        train, held_out = split_validation(data, rows=len(labels) // 10, labels=labels, groups=groups)
        assert not {*groups[train["n"]]} & {*groups[held_out["n"]]}
        assert {*labels[train["n"]]} == {*labels}
        lost = {*labels} - {*labels[held_out["n"]]}
        assert lost <= ({2} if labels is rare else set())


def test_what_is_not_cut_apart_is_chosen_by_name():
    texts = [
        "the ship sails at dawn today",
        "The ship sails at dawn today!",
        "now the ship sails at dawn today",
        "owls",
    ]
    rows = Dataset.from_dict({"text": texts})
    near, equal = (groups_by(rows, "text", how) for how in ("near", "equal"))
    assert near.tolist() == [0, 0, 0, 1]
    assert equal[0] == equal[1]
    assert len({*equal.tolist()}) == 3
    assert groups_by(rows, "text", "rows") is None
