"""Shards whose class names stand in another order: by whatever way they come together, a row keeps the name of its class."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.reading.class_order import in_one_order, names_of
from seqtext.data.reading.remarks import remarks_of
from seqtext.data.reading.sources import load, load_files


def shard(names: list[str], labels: list[str | None]) -> datasets.Dataset:
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=names))
    ids = [names.index(label) if label in names else -1 if label == "" else None for label in labels]
    return datasets.Dataset.from_dict({"text": [f"about {label}" for label in labels], "label": ids}, features=features)


def named(rows: datasets.Dataset) -> list[str]:
    names = rows.features["label"].names
    return [f"about {names[row['label']]}" for row in rows]


ORDERS = [["sports", "finance", "science"], ["science", "sports", "finance"]]
LABELS = [["sports", "science", "finance", "sports"], ["science", "science", "sports", "finance"]]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for number, (names, labels) in enumerate(zip(ORDERS, LABELS, strict=True)):
        shard(names, labels).to_parquet(tmp_path / f"train-{number:05}-of-00002.parquet")
    return tmp_path


@pytest.mark.fault(11, 72)
def test_a_pattern_and_a_folder(shards: Path) -> None:
    for source in (load(shards / "*.parquet"), load(shards), load_files(train=shards / "train-*.parquet")):
        rows = source.splits["train"]
        assert rows.features["label"].names == ORDERS[0]
        assert named(rows) == rows["text"][:] == [f"about {label}" for label in LABELS[0] + LABELS[1]]


@pytest.mark.fault(11)
def test_a_readme_decides_the_order(shards: Path) -> None:
    names = "".join(f"          '{id_}': {name}\n" for id_, name in enumerate(sorted(ORDERS[0])))
    head = "dataset_info:\n  features:\n  - name: text\n    dtype: string\n  - name: label\n    dtype:\n      class_label:\n"
    (shards / "README.md").write_text(f"---\n{head}        names:\n{names}---\n")
    rows = load(shards).splits["train"]
    assert rows.features["label"].names == sorted(ORDERS[0])
    assert named(rows) == rows["text"][:]


@pytest.mark.fault(11)
def test_a_folder_of_save_to_disk(tmp_path: Path) -> None:
    first, second = (shard(names, labels) for names, labels in zip(ORDERS, LABELS, strict=True))
    first.save_to_disk(tmp_path / "both")
    second.save_to_disk(tmp_path / "other")
    part = (tmp_path / "other" / "data-00000-of-00001.arrow").read_bytes()
    (tmp_path / "both" / "more.arrow").write_bytes(part)
    state = tmp_path / "both" / "state.json"
    state.write_text(state.read_text().replace('"_data_files": [', '"_data_files": [{"filename": "more.arrow"}, '))
    rows = load(tmp_path / "both").splits["train"]
    assert rows.features["label"].names == ORDERS[0]  # that of its list of features
    assert named(rows) == rows["text"][:] == [f"about {label}" for label in LABELS[1] + LABELS[0]]


def test_classes_that_only_some_have_come_after_the_others() -> None:
    parts = in_one_order([shard(["b", "a"], ["a", "b"]), shard(["c", "a"], ["c", "a"])])
    assert [part.features["label"].names for part in parts] == [["b", "a", "c"]] * 2
    assert [named(part) for part in parts] == [["about a", "about b"], ["about c", "about a"]]


def test_classes_here_and_plain_numbers_there_are_left_aside_and_told(tmp_path: Path) -> None:
    shard(["a", "b"], ["a"]).to_parquet(tmp_path / "1.parquet")
    datasets.Dataset.from_dict({"text": ["x"], "label": [1]}).to_parquet(tmp_path / "2.parquet")
    rows = load(tmp_path / "*.parquet").splits["train"]
    assert rows.column_names == ["text"]
    assert "the files differ in type" in remarks_of(rows).left_aside["label"]


@pytest.mark.fault(11, 72)
@settings(max_examples=25)
@given(st.data())
def test_whatever_the_orders_every_row_keeps_its_name(data: st.DataObject) -> None:
    def part() -> tuple[datasets.Dataset, list[str | None]]:
        names = data.draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
        labels = data.draw(st.lists(st.sampled_from([*names, None, ""]), min_size=1, max_size=6))
        return shard(names, labels), labels

    parts = [part() for _ in range(data.draw(st.integers(1, 4)))]
    found = in_one_order([rows for rows, _ in parts])
    assert len({tuple(rows.features["label"].names) for rows in found}) == 1
    for rows, (_, labels) in zip(found, parts, strict=True):
        names = rows.features["label"].names
        assert [None if i is None else "" if i == -1 else names[i] for i in rows["label"]] == labels


def test_lists_of_classes_keep_their_names_in_one_order(tmp_path: Path) -> None:
    """As the words' tags of many data sets on the hub are."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [[["sports", "science"], [], None, ["finance"]], [["science"], ["finance", "sports"]]]
    for number, (names, lists) in enumerate(zip(ORDERS, rows, strict=True)):
        features = datasets.Features(tags=datasets.Sequence(datasets.ClassLabel(names=names)))
        ids = [None if one is None else [names.index(name) for name in one] for one in lists]
        datasets.Dataset.from_dict({"tags": ids}, features=features).to_parquet(
            folder / f"train-{number:05}-of-00002.parquet"
        )
    wanted = [one or [] for one in rows[0] + rows[1]]
    for source in (load(folder / "*.parquet"), load(folder)):
        found = source.splits["train"]
        names = names_of(found.features["tags"])
        assert names == ORDERS[0]
        assert [[names[id_] for id_ in one or []] for one in found["tags"]] == wanted
    listed = "".join(f"            '{id_}': {name}\n" for id_, name in enumerate(sorted(ORDERS[0])))
    head = "dataset_info:\n  features:\n  - name: tags\n    sequence:\n      class_label:\n        names:\n"
    (folder / "README.md").write_text(f"---\n{head}{listed}---\n")
    found = load(folder).splits["train"]
    assert names_of(found.features["tags"]) == sorted(ORDERS[0])
    assert [[sorted(ORDERS[0])[id_] for id_ in one or []] for one in found["tags"]] == wanted


def test_a_readme_gives_names_to_lists_of_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train.jsonl").write_text('{"tokens": ["a", "b"], "tags": [1, 0]}\n{"tokens": ["c"], "tags": [1]}\n')
    head = (
        "dataset_info:\n  features:\n  - name: tokens\n    sequence: string\n  - name: tags\n    sequence:\n"
        "      class_label:\n        names:\n          '0': O\n          '1': B-PER\n"
    )
    (folder / "README.md").write_text(f"---\n{head}---\n")
    found = load(folder).splits["train"]
    assert names_of(found.features["tags"]) == ["O", "B-PER"]
    assert found["tokens"][0] == ["a", "b"]
