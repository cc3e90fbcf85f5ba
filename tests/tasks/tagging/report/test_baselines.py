"""The baselines of taggers: what each can know, and what it cannot."""

from __future__ import annotations

import numpy as np

from seqtext.tasks.tagging.report.baselines import TaggedWords, baselines


def words(rows: list[str], forms: dict[str, int], tags: list[str]) -> TaggedWords:
    split = [row.split() for row in rows]
    numbers = [forms.setdefault(word, len(forms)) for row in split for word in row]
    places = np.repeat(np.arange(len(rows)), [len(row) for row in split])
    ids = [int(tag) for row in tags for tag in row]
    return TaggedWords([], np.array(numbers), places, np.array(ids))


def made() -> tuple[TaggedWords, TaggedWords]:
    """`b` is 1 before `x` and 2 before `y`, which only who sees what follows can know; `c` behind `d` is 3, else 0."""
    forms: dict[str, int] = {}
    train = words(["b x", "b y", "d c", "a c"] * 30 + ["b y"], forms, ["10", "20", "03", "00"] * 30 + ["20"])
    test = words(["b x", "b y", "d c", "a c", "zzz"], forms, ["10", "20", "03", "00", "0"])
    return train._replace(forms=list(forms)), test._replace(forms=list(forms))


def test_the_commonest_tag_of_each_word_and_of_all_for_a_new_one():
    train, test = made()
    [one] = baselines(train, test, "fast")
    assert one.predicted.tolist() == [2, 0, 2, 0, 0, 0, 0, 0, 0]
    assert baselines(train, test, "none") == []


def test_the_linear_model_sees_both_sides_and_the_one_that_streams_what_was_there():
    train, test = made()
    _, both, before = baselines(train, test, "all", after=0)
    assert both.predicted.tolist() == test.tags.tolist()
    assert before.predicted[[0, 2]].tolist() in ([1, 1], [2, 2])
    assert before.predicted[4:8].tolist() == [0, 3, 0, 0]
    assert len(baselines(train, test, "all")) == 2
    assert len(baselines(train, test, "all", after=2)) == 2
