"""Parquet and Arrow files: whole ones come out as they are, and of all others a line says which file and what."""

from __future__ import annotations

import json
import random
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqtext.data.reading import columnar
from seqtext.data.reading.arrow_copy import arrow_copy
from seqtext.data.reading.remarks import Remarks
from seqtext.data.reading.sources import load
from seqtext.errors import DataError

ROWS = pa.table({"text": [f"a ship {n} é☃" for n in range(60)], "label": ["sea", "wood", None] * 20})


def read(path: Path) -> pa.Table:
    with pa.memory_map(str(arrow_copy(path))) as source:
        return pa.ipc.open_stream(source).read_all()


def write_stream(rows: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)


def write_file(rows: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)


WAYS = {"a.parquet": pq.write_table, "b.arrow": write_stream, "c.arrow": write_file}


@pytest.mark.parametrize("name", WAYS)
def test_rows_come_out_as_they_went_in(tmp_path: Path, name: str) -> None:
    WAYS[name](ROWS, tmp_path / name)
    assert read(tmp_path / name).to_pydict() == ROWS.to_pydict()


@pytest.mark.fault(5)
@pytest.mark.parametrize("name", WAYS)
def test_damaged_files_are_told_by_name_or_give_whole_rows(tmp_path: Path, name: str) -> None:
    path, rng, told = tmp_path / name, random.Random(3), list[str]()
    WAYS[name](ROWS, path)
    whole = path.read_bytes()
    for case in range(120):
        data, place = bytearray(whole), rng.randrange(len(whole))
        if case % 3 == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif case % 3 == 1:
            data[place : place + 4] = rng.randbytes(4)
        else:
            data = data[:place]
        path.write_bytes(data)
        try:
            read(path).validate(full=True)
            datasets.Dataset.from_file(str(arrow_copy(path)))[:]
        except DataError as error:
            told.append(str(error))
    assert len(told) > 40
    assert all(message.startswith(str(path)) for message in told)


@pytest.mark.fault(5)
def test_a_damaged_page_is_no_full_cache(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(ROWS, path)
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.parquet: not a whole parquet file .*; download or copy it again"):
        arrow_copy(path)


def test_a_text_that_is_none_is_found_before_anybody_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["abcdefgh"] * 3}), path, compression="none", use_dictionary=False)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abc\xff\xfefgh"))
    with pytest.raises(DataError, match=r"a\.parquet: not a whole parquet file .*UTF8"):
        arrow_copy(path)


def test_a_column_twice_is_left_aside_with_its_reason(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array(list("ab"))] * 3, names=["text", "x", "x"])
    pq.write_table(twice, tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found.to_pydict() == {"text": ["a", "b"]}
    assert "the column 'x' 2 times; rename one" in Remarks.from_json(found.schema.metadata[b"seqtext"]).left_aside["x"]
    pq.write_table(twice.select([1, 2]), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: found the column 'x' 2 times; rename one"):
        arrow_copy(tmp_path / "a.parquet")


def test_a_name_with_a_nul_is_left_aside(tmp_path: Path) -> None:
    pq.write_table(pa.table({"te\0xt": ["a"], "label": ["b"]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").to_pydict() == {"label": ["b"]}
    (tmp_path / "a.csv").write_text("te\0xt,label\na,b\n")
    with pytest.raises(DataError, match=r"a\.csv: its columns cannot be had .*; rename them"):
        load(tmp_path / "a.csv")


@pytest.mark.fault(70)
def test_types_that_nobody_has_are_left_aside_and_others_become_plain(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "text": pa.array(["a", "b"], pa.string_view()),
            "kind": pa.array(["x", None]).dictionary_encode(),
            "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    write_stream(rows, tmp_path / "a.arrow")
    found = datasets.Dataset.from_file(str(arrow_copy(tmp_path / "a.arrow")))
    assert found[:] == {"text": ["a", "b"], "kind": ["x", None]}
    told = Remarks.from_json(read(tmp_path / "a.arrow").schema.metadata[b"seqtext"]).left_aside
    assert "column 'map': found the type map<" in told["map"]


@pytest.mark.parametrize(
    "noted",
    ["{", "[]", '{"info": 3}', '{"info": {"features": {"label": {"names": ["a", "a"], "_type": "ClassLabel"}}}}'],
)
def test_notes_that_are_damaged_are_left_aside(tmp_path: Path, noted: str) -> None:
    rows = pa.table({"label": [0, 1]}).replace_schema_metadata({"huggingface": noted})
    pq.write_table(rows, tmp_path / "a.parquet")
    found = datasets.Dataset.from_file(str(arrow_copy(tmp_path / "a.parquet")))
    assert found.features["label"].dtype == "int64"


def test_pictures_are_never_opened(tmp_path: Path) -> None:
    noted = json.dumps({"info": {"features": {"picture": {"_type": "Image"}}}})
    rows = pa.table({"picture": [{"bytes": None, "path": str(tmp_path / "secret")}]})
    pq.write_table(rows.replace_schema_metadata({"huggingface": noted}), tmp_path / "a.parquet")
    found = datasets.Dataset.from_file(str(arrow_copy(tmp_path / "a.parquet")))
    assert found[0] == {"picture": {"bytes": None, "path": str(tmp_path / "secret")}}


@pytest.mark.fault(75)
def test_what_unfolds_to_far_more_than_it_is_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "_LARGE", 1 << 20)
    pq.write_table(
        pa.table({"text": ["a" * (1 << 22)]}), tmp_path / "a.parquet", compression="zstd", use_dictionary=False
    )
    with pytest.raises(DataError, match=r"a\.parquet: it packs 4,194,\d+ bytes into .*without compression"):
        arrow_copy(tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["a" * (1 << 22)]}), tmp_path / "a.parquet", compression="none")
    assert len(read(tmp_path / "a.parquet")["text"][0].as_py()) == 1 << 22


@pytest.mark.parametrize(
    ("cells", "rows"), [(["ab" * (1 << 15)], 4), (["ab", "c"], 1000), ([*map(str, range(10_000))], 6)]
)
def test_a_cell_that_is_kept_once_and_repeated_is_unfolded_a_few_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: list[str], rows: int
) -> None:
    monkeypatch.setattr(columnar, "UNFOLDED", 1 << 18)
    monkeypatch.setattr(columnar, "MAX_ROWS", 1000)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": cells * (20 if len(cells) < 9 else 1)}), path)
    at_once = columnar._rows_at_once(pq.ParquetFile(path), path)
    assert rows / 2 <= at_once <= rows
    assert read(path)["text"].to_pylist() == cells * (20 if len(cells) < 9 else 1)


def test_a_file_that_fills_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "_LARGE", 1 << 16)
    pq.write_table(pa.table({"text": ["ab" * (1 << 15)] * 300}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"unfolds to more than .*; expected at most 200 times its size"):
        arrow_copy(tmp_path / "a.parquet")
