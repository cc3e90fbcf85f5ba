"""Packed files and other encodings: the same rows as plain UTF-8, or what is wrong, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from seqtext.data.reading import lines as lines_module
from seqtext.data.reading.encodings import encoding_of
from seqtext.data.reading.lines import LineError, Lines
from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.sources import load
from seqtext.data.reading.text_files import open_rows
from seqtext.errors import DataError


def zipped(data: bytes, name: str = "rows.csv", **more: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        for other, content in more.items():
            archive.writestr(other, content)
    return sink.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    ".zip": zipped,
}
DATA = b"text,label\n" + b"".join(b"row %d,%d\n" % (row, row % 3) for row in range(30_000))


def rows_in(path: Path) -> list[dict[str, object]]:
    with open_rows(path) as rows:
        return list(rows)


@pytest.mark.parametrize("ending", PACK)
def test_packed_files_have_the_same_rows(tmp_path: Path, ending: str) -> None:
    plain, packed = tmp_path / "rows.csv", tmp_path / f"rows.csv{ending}"
    plain.write_bytes(DATA)
    packed.write_bytes(PACK[ending](DATA))
    assert rows_in(packed) == rows_in(plain)
    assert load(packed).splits["train"][29_999] == {"text": "row 29999", "label": "2"}


@pytest.mark.fault(5)
@pytest.mark.parametrize("ending", PACK)
def test_packed_files_that_are_cut_off_damaged_or_none_at_all(tmp_path: Path, ending: str) -> None:
    path, whole = tmp_path / f"rows.csv{ending}", PACK[ending](DATA)
    changed = whole[:100] + b"\xff" * 40 + whole[140:]
    for damaged in (
        whole[: len(whole) // 2],
        whole[:-12] + bytes(12),
        *([changed] if ending != ".zst" else []),
    ):  # zst need not have a checksum
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"(compressed data|archive) is (cut off|damaged).*(download|copy)"):
            rows_in(path)
    path.write_bytes(DATA)
    with pytest.raises(
        DataError, match=rf"not a {ending[1:]} file, whatever its name says; take \{ending} off its name"
    ):
        rows_in(path)


def test_what_is_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "any.zip"
    path.write_bytes(
        zipped(b"a\tb\nc\td\n", "rows.tsv", **{"_about.txt": b"x", "__MACOSX/._rows.tsv": b"x", ".DS_Store": b"x"})
    )
    assert rows_in(path) == [{"a": "c", "b": "d"}]
    path.write_bytes(zipped(b"a,b\nc,d\n", "one.csv", **{"two.csv": b"a,b\n"}))
    with pytest.raises(
        DataError, match=r"found 2 files in the archive \(one of one\.csv, two\.csv\); expected one; unpack it"
    ):
        rows_in(path)
    (tmp_path / "one.csv").write_bytes(zipfile.ZipFile(path).read("one.csv"))  # as it says
    assert rows_in(tmp_path / "one.csv") == [{"a": "c", "b": "d"}]
    path.write_bytes(zipped(b"\0\0", "picture.png"))
    with pytest.raises(DataError, match=r"unknown ending '\.png'"):
        rows_in(path)


# ---- encodings

TEXTS = ["the ship sails", "Привет, мир", "日本語の文", "ascii only", "a\tb"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", TEXTS)
def test_encodings_are_recognised(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f'text,label\r\n"{text}",x\r\n"{text}",y\r\n'.encode(encoding))
    assert rows_in(path) == [{"text": text, "label": "x"}, {"text": text, "label": "y"}]


def test_utf8_with_zero_bytes_stays_utf8() -> None:
    for data in (
        b"text\0,label\na\0b,c\n",
        "日本\0語".encode(),
        b"\0",
        b"a\0",
        b"ab\0\0\n",
        b'text,label\n"\0","\0"\n' * 20,
    ):
        assert encoding_of(data) == "utf-8", data
    assert encoding_of("日本語の文\n上海\n".encode("utf-16-le")) == "utf-16-le"


@pytest.mark.fault(3)
def test_utf16_that_is_cut_off_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text,label\na,b\nc,d".encode("utf-16")[:-1])
    with pytest.raises(DataError, match=r"a\.csv, .*not UTF-16, as it begins \(truncated data"):
        rows_in(tmp_path / "a.csv")


def test_bytes_that_are_no_text_can_be_replaced() -> None:
    with open_rows(io.BytesIO(b"a\xffb\nc\n"), format="txt", errors="replace") as rows:
        assert [row["text"] for row in rows] == ["a\ufffdb", "c"]
        assert rows.lines.replaced == 1


# ---- one long line


@pytest.mark.fault(25, 75)
@pytest.mark.parametrize("kind", ["txt", "csv", "jsonl"])
def test_a_line_without_end_is_told_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(lines_module, "LONGEST_LINE", 1 << 16)
    monkeypatch.setattr("seqtext.data.reading.text_files.LONGEST", 1 << 16)
    monkeypatch.setattr(lines_module, "BLOCK", 1 << 12)
    start = {"txt": b"a\n", "csv": b"text,label\na,b\n", "jsonl": b'{"text": "a"}\n'}[kind]
    read = 0

    class Endless(io.RawIOBase):
        def read1(self, size: int) -> bytes:
            nonlocal read
            read += size
            return start if read == size else b"x" * size

    with pytest.raises(DataError, match=r"row 2 \(line \d\): a line of more than 65,536 bytes; split it into rows"):
        list(open_rows(Endless(), format=kind))  # type: ignore[arg-type]
    assert read < 1 << 18


@pytest.mark.fault(75)
def test_a_packed_file_that_unpacks_to_one_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bomb.txt.gz"
    path.write_bytes(gzip.compress(b"a" * (40 << 20), compresslevel=1))
    with pytest.raises(DataError, match=r"bomb\.txt\.gz, row 1 \(line 1\): a line of more than 16,777,216 bytes"):
        rows_in(path)


def test_lines_can_be_looked_at_before_they_are_read() -> None:
    lines = Lines(io.BytesIO(b"a\nb\nc"))
    assert lines.peek(2) == ["a\n", "b\n"]
    assert lines.peek(9) == ["a\n", "b\n"]  # the last, without an end, may still grow
    assert next(iter(lines)) == "a\n"
    assert (lines.peek(9), list(lines), lines.peek(9)) == (["b\n"], ["b\n", "c\n"], [])
    with pytest.raises(LineError):
        Lines(io.BytesIO(b"\xff\n")).peek(1)


def test_a_folder_with_a_packed_file(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.csv.xz").write_bytes(lzma.compress(b",text\n0,NA\n"))
    rows = load(tmp_path / "rows").splits["train"]
    assert rows["text"][:] == ["NA"]
    assert len(notes_of(rows)) == 1
