from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.reading.arrow_copy import arrow_copy, remarks_in
from seqtext.data.reading.typed_columns import TypedColumn
from seqtext.errors import DataError, ResourceError


def read(path: Path) -> pa.Table:
    with pa.memory_map(str(arrow_copy(path))) as source:
        return pa.ipc.open_stream(source).read_all()


def test_a_copy_is_made_once_for_a_content_and_mapped_from_disk(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nNA,b\n")
    (tmp_path / "b.csv").write_bytes((tmp_path / "a.csv").read_bytes())
    first, second = arrow_copy(tmp_path / "a.csv"), arrow_copy(tmp_path / "b.csv")
    assert first == second
    assert [path.suffix for path in first.parent.iterdir()] == [".arrow"]
    (tmp_path / "a.csv").write_text("text,label\nc,d\n")
    assert read(tmp_path / "a.csv").to_pydict() == {"text": ["c"], "label": ["d"]}
    assert arrow_copy(tmp_path / "a.csv", format="txt") != arrow_copy(tmp_path / "a.csv")


@pytest.mark.fault(68)
def test_a_damaged_copy_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nNA,b\n")
    copy = arrow_copy(tmp_path / "a.csv")
    copy.write_bytes(copy.read_bytes()[:100])
    assert read(tmp_path / "a.csv").to_pydict() == {"text": ["NA"], "label": ["b"]}


def test_a_file_at_fault_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "a,b\n" * 60_000 + "c\n")
    with pytest.raises(DataError, match=rf"^{tmp_path}/a.csv, row 60001 \(line 60002\): found 1 cell"):
        arrow_copy(tmp_path / "a.csv")
    assert list((tmp_path / "cache" / "arrow").iterdir()) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("a\n")
    (tmp_path / "a.txt").write_text("a\n")
    monkeypatch.setenv("SEQTEXT_CACHE", str(tmp_path / "file"))
    with pytest.raises(ResourceError, match="set SEQTEXT_CACHE to another folder"):
        arrow_copy(tmp_path / "a.txt")


@pytest.mark.fault(8)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=4), min_size=1), st.integers(1, 4))
def test_texts_survive_whatever_the_batches(values: list[str | None], batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqtext.data.reading.text_to_arrow.MAX_ROWS", batch)
        folder = Path(os.environ["SEQTEXT_CACHE"]).parent
        (folder / "rows.jsonl").write_text("".join(json.dumps({"text": value}) + "\n" for value in values))
        assert read(folder / "rows.jsonl")["text"].to_pylist() == values


@pytest.mark.parametrize("batch", [2, 100])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [0, 1, 2, "two"],
            "row 4, column 'label': found 'two', which is text; expected a whole number, as in other rows",
        ),
        (["a", None, 3, "b"], "row 3, column 'label': found 3, which is a whole number; expected text"),
        ([1.5, 2, True, 1], "row 3, column 'label': found True, which is true or false; expected a number"),
        ([True, False, 0], "row 3, column 'label': found 0, which is a whole number; expected true or false"),
        ([None, None, [1], ["a"]], "row 4, column 'label': found .*, which is a list; expected a list"),
        ([{"a": 1}, ["a"]], r"row 2, column 'label': found \['a'\], which is a list; expected an object"),
        ([1, 2**63], "row 2, column 'label': found 9223372036854775808; expected a whole number of at most 64 bits"),
    ],
)
def test_json_values_of_mixed_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[object], message: str, batch: int
) -> None:
    monkeypatch.setattr("seqtext.data.reading.text_to_arrow.MAX_ROWS", batch)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"label": value}) + "\n" for value in values))
    with pytest.raises(DataError, match=rf"a\.jsonl, {message}"):  # there is no other column
        arrow_copy(tmp_path / "a.jsonl")
    lines = [json.dumps({"text": "a", "label": value}) + "\n" for value in values]
    (tmp_path / "a.jsonl").write_text("".join(lines))
    copy = read(tmp_path / "a.jsonl")
    assert copy.to_pydict() == {"text": ["a"] * len(values)}
    [note] = remarks_in(arrow_copy(tmp_path / "a.jsonl"), "a.jsonl").notes
    reason = message.partition("; ")[0].replace(", column 'label'", "")
    assert re.search(rf"^a\.jsonl: left aside: 'label' \({reason}", note)


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize(
    "values", [[1, 2.5, None, 3], [None, None, "a"], [None, None], [[], ["a"], None], [{"a": 1}, {"b": "x"}, None]]
)
def test_json_types_widen_over_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[object], batch: int
) -> None:
    monkeypatch.setattr("seqtext.data.reading.text_to_arrow.MAX_ROWS", batch)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"x": value}) + "\n" for value in values))
    assert (
        read(tmp_path / "a.jsonl")["x"].combine_chunks().equals(pa.chunked_array([pa.array(values)]).combine_chunks())
    )


@pytest.mark.fault(10)
@pytest.mark.parametrize("batch", [3, 100])
def test_the_row_of_a_misfit_is_the_true_one(batch: int) -> None:
    """The type of a column is that of most rows: a wrong one in row 1 blames row 1."""
    for place in range(50):
        values: list[object] = [None if row % 3 == 0 else row for row in range(50)]
        values[place] = "x"
        column = TypedColumn("c", "a")
        for start in range(0, 50, batch):
            column.add(values[start : start + batch], 1 + start)
        assert str(column.error()).startswith(
            f"a, row {place + 1}, column 'c': found 'x', which is text; expected a whole"
        )


def test_parquet_with_categories_cut_off_or_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"label": pa.array(["a", None, "b"]).dictionary_encode()}), path)
    assert read(path)["label"].to_pylist() == ["a", None, "b"]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"a\.parquet: not a whole parquet file .*download or copy it again"):
        arrow_copy(path)
    pq.write_table(pa.table({"label": pa.array([], pa.string())}), path)
    with pytest.raises(DataError, match=r"a\.parquet: no rows"):
        arrow_copy(path)
