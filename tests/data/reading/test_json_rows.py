"""JSON as others write it: documents, optional keys, mixed types; what is wrong in a column nobody uses stops nobody."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqtext.data.reading.remarks import notes_of, remarks_of
from seqtext.data.reading.sources import load
from seqtext.data.rows.columns import choose, require
from seqtext.errors import DataError

ROWS = [{"text": "the ship sails", "label": "sea"}, {"text": "a bond fell", "label": "money"}]


def read(path: Path, content: str) -> tuple[list[dict[str, Any]], list[str]]:
    path.write_text(content, encoding="utf-8")
    rows = load(path).splits["train"]
    return rows.to_list(), notes_of(rows)


def lines(*rows: object) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


# ---- documents


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap", [lambda r: r, lambda r: {"data": r}, lambda r: {"version": "1", "Rows": r}, lambda r: {"x": r}]
)
def test_one_document_is_read(tmp_path: Path, indent: int | None, wrap: Any) -> None:
    for ending in ("json", "jsonl"):
        assert read(tmp_path / f"a.{ending}", json.dumps(wrap(ROWS), indent=indent)) == (ROWS, [])


def test_a_row_alone_is_a_row(tmp_path: Path) -> None:
    row = {"text": "a", "spans": [{"start": 1}]}
    assert read(tmp_path / "a.json", json.dumps(row))[0] == [row]
    for rows in ([{"data": [row]}] * 2, [{"data": [row]}] * 3):  # lines of objects, the last without a line end
        assert read(tmp_path / "a.json", lines(*rows).rstrip("\n"))[0] == rows


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"train": ROWS, "test": ROWS}, r"rows in 'train', 'test'; .*make a file of each: jq -c '\.train\[\]' FILE"),
        ({"my data": ROWS, "b c": ROWS}, r"""jq -c '\.\["my data"\]\[\]' FILE > NEW\.jsonl"""),
        ([{"text": "a"}, "b"], r"row 2: found 'b', a JSON string; expected a JSON object"),
    ],
)
def test_documents_that_are_not_rows_are_told(tmp_path: Path, document: object, message: str) -> None:
    for indent in (None, 1):
        with pytest.raises(DataError, match=message):
            read(tmp_path / "a.json", json.dumps(document, indent=indent))


def test_the_command_that_is_told_makes_rows(tmp_path: Path) -> None:
    """What `jq -c '.train[]'` writes is read."""
    assert read(tmp_path / "a.jsonl", lines(*ROWS))[0] == ROWS


def test_a_document_that_is_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtext.data.reading.json_lines.LONGEST", 100)
    with pytest.raises(DataError, match=r"one JSON document of more than 100 characters; .*jq -c '\.\[\]' FILE"):
        read(tmp_path / "a.json", json.dumps(ROWS * 10, indent=1))


# ---- columns nobody asked for

FAULTY = {
    "of mixed type": ([1, "x", 2, 3], r"row 2, column 'meta': found 'x', which is text; expected a whole number"),
    "wrong in row 1": (["x", 1, 2, 3], r"row 1, column 'meta': found 'x', which is text; expected a whole number"),
    "not a number": ([1.5, float("nan"), 2.0, 3.0], r"row 2, column 'meta': found NaN, which is no number of JSON's"),
    "infinite": ([1.5, 2.0, float("inf"), 3.0], r"row 3, column 'meta': found Infinity"),
    "over 64 bits": (
        [2**70, 2**70, 1, 2],
        r"row 1, column 'meta': found 118\d+; expected a whole number of at most 64",
    ),
    "lists and objects": (
        [[1], {"a": 1}, [2], [3]],
        r"row 2, column 'meta': found {'a': 1}, which is an object; expected a",
    ),
    "data as keys": ([{f"k{i}": 1 for i in range(1100)}, {}, {}, {}], r"row 1, column 'meta': found {'k0'"),
}


@pytest.mark.fault(70)
@pytest.mark.parametrize(("values", "message"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_column_is_left_aside_until_it_is_asked_for(tmp_path: Path, values: list[Any], message: str) -> None:
    rows = [{"text": f"t{i}", "label": "ab"[i % 2], "meta": value} for i, value in enumerate(values)]
    found, notes = read(tmp_path / "a.jsonl", lines(*rows))
    assert found == [{"text": row["text"], "label": row["label"]} for row in rows]
    assert len(notes) == 1
    assert notes[0].startswith(f"{tmp_path}/a.jsonl: left aside: 'meta' (row ")
    splits = load(tmp_path / "a.jsonl").splits
    assert choose(splits) == ("text", "label")
    for asked in ({"text": "meta"}, {"label": "meta"}):
        with pytest.raises(DataError, match=rf"^{tmp_path}/a\.jsonl, {message}"):
            choose(splits, **asked)


def test_a_column_that_must_be_meant_is_not_replaced_by_another(tmp_path: Path) -> None:
    """A wrong cell in the text column must not have the title trained on."""
    rows = [{"text": "a" if i else 1, "title": "x", "label": "ab"[i % 2]} for i in range(6)]
    (tmp_path / "a.jsonl").write_text(lines(*rows))
    with pytest.raises(
        DataError, match=r"a\.jsonl, row 1, column 'text': found 1, which is a whole number; expected text"
    ):
        choose(load(tmp_path / "a.jsonl").splits)


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    twice = ['{"text": "a", "x": 1, "x": 2}', '{"text": "b", "x": 1}', '{"text": "c", "x": {"y": 1, "y": 1}}']
    found, notes = read(tmp_path / "a.jsonl", lines(*twice))
    assert found == [{"text": text} for text in "abc"]
    assert notes == [f"{tmp_path}/a.jsonl: left aside: 'x' (row 1: the key 'x' stands twice in the object)"]
    with pytest.raises(DataError, match="row 1, column 'x': the key 'x' stands twice"):
        require(load(tmp_path / "a.jsonl").splits, "x")


@pytest.mark.fault(70)
def test_keys_that_the_first_row_has_not_are_columns(tmp_path: Path) -> None:
    rows = [{"text": "a"}, {"text": "b", "vote": "3"}, {"text": "c", "vote": "4", "label": 1}]
    found, notes = read(tmp_path / "a.jsonl", lines(*rows))
    assert found == [{"text": None, "vote": None, "label": None} | row for row in rows]
    keys = "'vote' (first in row 2), 'label' (first in row 3)"
    assert notes == [f"{tmp_path}/a.jsonl: keys that not every row has, empty where missing: {keys}"]


def test_a_misspelt_key_of_a_used_column_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"text": "a", "label": "x"}, {"txt": "b", "label": "y"}))
    with pytest.raises(DataError, match=r"row 2, column 'text': found None; expected text"):
        choose(load(tmp_path / "a.jsonl").splits)


def test_files_of_the_same_content_have_their_own_names_in_what_is_told(tmp_path: Path) -> None:
    for name in "ab":
        _, notes = read(tmp_path / f"{name}.jsonl", lines({"text": "a", "x": 1}, {"text": "b", "x": "y"}))
        assert notes[0].startswith(f"{tmp_path}/{name}.jsonl: ")
        aside = remarks_of(load(tmp_path / f"{name}.jsonl").splits["train"]).left_aside
        assert aside["x"].startswith(f"{tmp_path}/{name}.jsonl, row 2")


def test_in_a_folder_laid_out_like_the_hub(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "train.jsonl").write_text(lines({"text": "a", "n": 1}, {"text": "b", "n": "x"}, {"text": "c", "late": 1}))
    (folder / "test.jsonl").write_text(lines({"text": "d"}))
    splits = load(folder).splits
    assert splits["train"]["text"][:] == ["a", "b", "c"]
    assert splits["test"].column_names == ["text"]
    assert any("left aside: 'n' (row 2" in note for note in notes_of(*splits.values()))


def test_what_the_readme_declares_and_a_file_has_not(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "train.jsonl").write_text(lines({"text": "a", "more": 1, "n": "x"}, {"text": "b", "more": 2, "n": "y"}))
    yaml = "---\ndataset_info:\n  features:\n  - name: text\n    dtype: string\n  - name: gone\n    dtype: string\n"
    (folder / "README.md").write_text(yaml + "  - name: n\n    dtype: int64\n---\n")
    splits = load(folder).splits
    assert splits["train"][:] == {"text": ["a", "b"]}
    for column, message in {
        "gone": "no column 'gone'",
        "more": "a column 'more'",
        "n": "cannot be read .*int64",
    }.items():
        with pytest.raises(DataError, match=message):
            require(splits, column)


def test_parquet_with_a_column_twice(tmp_path: Path) -> None:
    columns = [pa.array(["a", "b"]), pa.array([1, 2]), pa.array([3, 4])]
    pq.write_table(pa.Table.from_arrays(columns, names=["text", "x", "x"]), tmp_path / "a.parquet")
    rows = load(tmp_path / "a.parquet").splits["train"]
    assert rows[:] == {"text": ["a", "b"]}
    assert notes_of(rows) == [f"{tmp_path}/a.parquet: left aside: 'x' (found the column 'x' 2 times)"]
    with pytest.raises(DataError, match=r"a\.parquet: found the column 'x' 2 times; rename one"):
        require({"train": rows}, "x")


@pytest.mark.fault(75)
def test_many_keys_and_repeated_keys_take_linear_time(tmp_path: Path) -> None:
    keys = ", ".join(f'"k{i}": 1' for i in range(40_000))
    started = time.perf_counter()
    found, _ = read(tmp_path / "a.jsonl", f'{{"text": "a", {keys}, "k39999": 1}}\n')
    assert found[0]["text"] == "a"
    assert len(found[0]) <= 1000
    assert time.perf_counter() - started < 10


# ---- rows in, rows out

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(0, 9), max_size=3),
)
anything = st.fixed_dictionaries(
    {"text": st.text(st.characters(codec="utf-8"), max_size=5)},
    optional={"a": values, "b": values, "c": st.dictionaries(st.sampled_from("xyz"), values, max_size=2)},
)


@pytest.mark.fault(8)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(anything, min_size=1, max_size=8), batch=st.integers(1, 4))
def test_rows_out_are_rows_in_plus_what_is_told(tmp_path: Path, rows: list[dict[str, Any]], batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqtext.data.reading.text_to_arrow.MAX_ROWS", batch)
        found, notes = read(tmp_path / "a.jsonl", lines(*rows))
    assert [row["text"] for row in found] == [row["text"] for row in rows]
    told = " ".join(notes)
    for column in {key for row in rows for key in row} - {"text"}:
        if column in found[0]:
            for given, got in zip(rows, found, strict=True):
                assert _same(given.get(column), got[column]), (given, got)
        else:
            assert re.search(rf"left aside: .*'{column}'", told)


def _same(given: Any, got: Any) -> bool:
    """Numbers may have become floats, and objects have all keys that any has."""
    if isinstance(given, dict) and isinstance(got, dict):
        return all(_same(given.get(key), value) for key, value in got.items()) and given.keys() <= got.keys()
    if given != given and got != got:
        return True  # not a number, in an object too
    return bool(given == got and isinstance(given, bool) == isinstance(got, bool)) or (given == {} and got is not None)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[["a b", "x"], ["c", "y"]]', ".[] | {text: .[0], label: .[1]}"),
        ('["a b", "x"]\n["c", "y"]\n', "{text: .[0], label: .[1]}"),
    ],
)
def test_arrays_of_text_and_label_name_the_command_that_makes_objects(tmp_path: Path, text: str, path: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=re.escape(f"make objects of it: jq -c '{path}' FILE > NEW.jsonl")):
        load(tmp_path / "a.json")
