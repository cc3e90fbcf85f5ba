from __future__ import annotations

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.duplicates import duplicates
from seqtext.data.fingerprint import fingerprint
from seqtext.data.splits import draw_rows, split_validation, take
from seqtext.errors import DataError, OptionsError


def numbered(count: int) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"n": list(range(count))})


def texts(values: list[str | None]) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"text": values}, features=datasets.Features(text=datasets.Value("string")))


# ---- splits


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


def test_another_seed_draws_other_rows() -> None:
    assert draw_rows(1000, 100, seed=0).tolist() != draw_rows(1000, 100, seed=1).tolist()


def test_validation_rows_are_taken_out_of_training_rows() -> None:
    train, validation = split_validation(numbered(50), share=0.2, seed=3)
    assert len(validation) == 10
    assert sorted([*train["n"], *validation["n"]]) == list(range(50))
    assert list(validation["n"]) == sorted(validation["n"])
    assert len(split_validation(numbered(50), rows=7)[1]) == 7
    assert len(split_validation(numbered(50))[1]) == 5


def test_the_name_of_the_label_column_will_do() -> None:
    data = datasets.Dataset.from_dict({"label": ["a"] * 90 + ["b"] * 8 + [None, None]})
    validation = split_validation(data, share=0.1, labels="label")[1]
    assert sorted(map(str, validation["label"])) == ["None", *["a"] * 8, "b"]
    assert sorted(map(str, take(data, 3, labels="label")["label"])) == ["None", "a", "b"]


@pytest.mark.parametrize("count", [2, 3])
def test_neither_side_is_ever_empty(count: int) -> None:
    for share in (0.001, 0.999):
        train, validation = split_validation(numbered(count), share=share, labels=np.zeros(count, np.int64))
        assert len(train) > 0
        assert len(validation) > 0


def test_splits_that_cannot_be_made() -> None:
    with pytest.raises(DataError, match="the data: 1 rows; expected two at least"):
        split_validation(numbered(1))
    with pytest.raises(OptionsError, match=r"share of 1\.5; expected more than 0 and less than 1"):
        split_validation(numbered(9), share=1.5)
    with pytest.raises(OptionsError, match="9 validation rows of 9; expected 1 to 8"):
        split_validation(numbered(9), rows=9)
    with pytest.raises(OptionsError, match="both"):
        split_validation(numbered(9), rows=2, share=0.5)
    with pytest.raises(OptionsError, match="--max_rows is 0"):
        take(numbered(9), 0)


def test_taking_rows() -> None:
    data = numbered(30)
    assert take(data, None) is data
    assert take(data, 30) is data
    taken = list(take(data, 10, seed=1)["n"])
    assert len(taken) == 10
    assert taken == sorted(taken) != list(range(10))


# ---- duplicates


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=2)), st.lists(st.text(max_size=2)))
def test_duplicates_are_those_in_both(train: list[str], test: list[str]) -> None:
    found = duplicates(texts(list(train)), texts(list(test)), "text", first=3)
    rows = [row for row, text in enumerate(test, start=1) if text in train]
    assert found == (len(rows), tuple(rows[:3]))


def test_planted_duplicates_are_counted_across_batches() -> None:
    train = texts([f"train {row}" for row in range(25_000)])
    values = [f"test {row}" for row in range(25_000)]
    for row in (3, 9_999, 10_000, 24_999):
        values[row] = f"train {row}"
    assert duplicates(train, texts(list(values)), "text") == (4, (4, 10_000, 10_001, 25_000))


# ---- fingerprint


def test_a_fingerprint_depends_on_content_not_on_where_it_lies(tmp_path: object) -> None:
    values: list[str | None] = [f"text {row}" for row in range(25_000)]
    values[7] = None
    data = texts(values)
    prints = {
        fingerprint(data),
        fingerprint(
            datasets.concatenate_datasets([texts(values[:11]), texts(values[11:12_345]), texts(values[12_345:])])
        ),
        fingerprint(data.select(range(24_999, -1, -1)).select(range(24_999, -1, -1))),
        fingerprint(texts([*values, "more"]).select(range(25_000))),
        fingerprint(data.cast(datasets.Features(text=datasets.Value("large_string")))),
    }
    data.save_to_disk(f"{tmp_path}/saved", num_shards=3)
    prints.add(fingerprint(datasets.load_from_disk(f"{tmp_path}/saved")))
    assert len(prints) == 1


def test_one_changed_cell_changes_the_fingerprint() -> None:
    values: list[str | None] = ["ab", "c", "", None, "d"]
    changed: list[list[str | None]] = [
        ["a", "bc", "", None, "d"],
        ["ab", "c", None, "", "d"],
        ["c", "ab", "", None, "d"],
        ["ab", "c", "", None, "e"],
        ["ab", "c", "", None, "d", ""],
    ]
    prints = {fingerprint(texts(version)) for version in [values, *changed]}
    prints |= {fingerprint(texts(values).rename_column("text", "other")), fingerprint(numbered(5))}
    assert len(prints) == 8


def test_class_names_columns_and_nested_values_count() -> None:
    def classes(names: list[str]) -> datasets.Dataset:
        return datasets.Dataset.from_dict({"y": [0, 1]}, features=datasets.Features(y=datasets.ClassLabel(names=names)))

    assert fingerprint(classes(["a", "b"])) != fingerprint(classes(["b", "a"]))
    nested = [{"a": [["x"], ["y", "z"]], "b": True}, {"a": [["x", "y"], ["z"]], "b": True}, {"a": [], "b": False}]
    prints = {fingerprint(datasets.Dataset.from_list([row, nested[2]])) for row in nested[:2]}
    assert len(prints) == 2
    two = datasets.Dataset.from_dict({"a": ["x"], "b": ["y"]})
    assert fingerprint(two, ["a"]) == fingerprint(datasets.Dataset.from_dict({"a": ["x"], "b": ["z"]}), ["a"])
    assert fingerprint(two, ["b", "a"]) == fingerprint(two)
