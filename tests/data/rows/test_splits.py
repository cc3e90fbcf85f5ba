from __future__ import annotations

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.rows.draws import draw_per_class, draw_rows
from seqtext.data.rows.splits import split_validation, take
from seqtext.errors import DataError, OptionsError


def numbered(count: int) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"n": list(range(count))})


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=60), st.integers(0, 3), st.data())
def test_a_draw_is_exact_stratified_and_leaves_something(labels: list[int], seed: int, data: st.DataObject) -> None:
    ids = np.array(labels)
    count = data.draw(st.integers(1, len(ids) - 1))
    drawn = draw_rows(len(ids), count, seed=seed, labels=ids, leave_one=True)
    assert len(drawn) == len(set(drawn.tolist())) == count
    assert (np.diff(drawn) > 0).all()
    sizes, got = np.bincount(ids, minlength=6), np.bincount(ids[drawn], minlength=6)
    several = sizes > 1
    if several.sum() <= count <= (sizes - 1)[several].sum():
        assert (got[several] >= 1).all()
        assert (got[several] < sizes[several]).all()
        assert (got[sizes == 1] == 0).all()
    assert draw_rows(len(ids), count, seed=seed, labels=ids, leave_one=True).tolist() == drawn.tolist()


def test_shares_of_classes_are_kept() -> None:
    ids = np.repeat([0, 1, 2], [1000, 200, 10])
    drawn = draw_rows(1210, 121, seed=0, labels=ids)
    assert np.bincount(ids[drawn]).tolist() == [100, 20, 1]


def test_of_more_classes_than_rows_to_draw_any_may_come_and_each_keeps_a_row() -> None:
    ids = np.repeat(np.arange(150), 2)
    drawn = [ids[draw_rows(300, 30, seed=seed, labels=ids, leave_one=True)] for seed in range(2)]
    assert all(len(set(classes.tolist())) == 30 for classes in drawn)
    assert all(classes.max() > 120 and classes.min() < 30 for classes in drawn)
    assert drawn[0].tolist() != drawn[1].tolist()


def test_another_seed_draws_other_rows() -> None:
    assert draw_rows(1000, 100, seed=0).tolist() != draw_rows(1000, 100, seed=1).tolist()


def test_validation_rows_are_taken_out_of_training_rows() -> None:
    train, validation = split_validation(numbered(50), rows=10, seed=3)
    assert len(validation) == 10
    assert sorted([*train["n"], *validation["n"]]) == list(range(50))
    assert list(validation["n"]) == sorted(validation["n"])


def test_the_name_of_the_label_column_will_do() -> None:
    data = datasets.Dataset.from_dict({"label": ["a"] * 90 + ["b"] * 8 + [None, None]})
    validation = split_validation(data, rows=10, labels="label")[1]
    assert sorted(map(str, validation["label"])) == ["None", *["a"] * 8, "b"]
    assert sorted(map(str, take(data, 3, labels="label")["label"])) == ["None", "a", "b"]


@pytest.mark.fault(18)
@pytest.mark.parametrize("count", [2, 3])
def test_neither_side_is_ever_empty(count: int) -> None:
    for rows in (1, count - 1):
        train, validation = split_validation(numbered(count), rows=rows, labels=np.zeros(count, np.int64))
        assert len(train) > 0
        assert len(validation) > 0


@pytest.mark.fault(18)
def test_splits_that_cannot_be_made() -> None:
    with pytest.raises(DataError, match="the data: 1 row left to train on; expected two at least"):
        split_validation(numbered(1), rows=1)
    with pytest.raises(OptionsError, match="9 validation rows of 9; expected 1 to 8"):
        split_validation(numbered(9), rows=9)
    with pytest.raises(OptionsError, match="--max_rows is 0"):
        take(numbered(9), 0)


def test_taking_rows() -> None:
    data = numbered(30)
    assert take(data, None) is data
    assert take(data, 30) is data
    taken = list(take(data, 10, seed=1)["n"])
    assert len(taken) == 10
    assert taken == sorted(taken) != list(range(10))


@settings(max_examples=30)
@given(st.lists(st.integers(-1, 4), max_size=60), st.integers(1, 20), st.integers(0, 3))
def test_a_draw_per_class_has_so_many_of_each_or_all_and_every_row_without_a_label(labels, count, seed) -> None:
    ids = np.array(labels, dtype=np.int64)
    drawn = draw_per_class(ids, count, seed=seed)
    assert drawn.tolist() == sorted(set(drawn.tolist()))
    for label in set(labels):
        there = labels.count(label)
        assert (ids[drawn] == label).sum() == (there if label < 0 else min(there, count))


def test_another_seed_draws_other_rows_of_a_class() -> None:
    ids = np.arange(300) % 3
    assert draw_per_class(ids, 5, seed=0).tolist() == draw_per_class(ids, 5, seed=0).tolist()
    assert draw_per_class(ids, 5, seed=0).tolist() != draw_per_class(ids, 5, seed=1).tolist()


def test_rows_of_a_negative_id_are_never_held_out() -> None:
    data = datasets.Dataset.from_dict({"n": list(range(50))})
    ids = np.where(np.arange(50) < 10, np.arange(50) % 2, -1)
    for groups in (None, np.arange(50) // 2):
        train, held_out = split_validation(data, rows=4, seed=0, labels=ids, groups=groups)
        assert len(train) + len(held_out) == 50
        assert 0 < len(held_out) <= 5
        assert max(held_out["n"]) < 10
