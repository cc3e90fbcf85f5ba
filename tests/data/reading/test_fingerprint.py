from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from seqtext.data.reading.fingerprint import fingerprint


def numbered(count: int) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"n": list(range(count))})


def texts(values: list[str | None]) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"text": values}, features=datasets.Features(text=datasets.Value("string")))


def test_a_fingerprint_depends_on_content_not_on_where_it_lies(tmp_path: Path) -> None:
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
    data.save_to_disk(tmp_path / "saved", num_shards=3)
    prints.add(fingerprint(datasets.load_from_disk(tmp_path / "saved")))
    assert len(prints) == 1


@pytest.mark.fault(13)
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
