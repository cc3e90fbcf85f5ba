from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqtext.data.reading import csv_rows
from seqtext.data.reading.text_files import format_of, open_rows
from seqtext.errors import DataError

ODD = "a\u2028b\x85c\x0bd\x0ce\rf"  # every mark that some reader takes for the end of a line
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Anything UTF-8 can hold, with the marks that readers stumble over made frequent.
texts = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from('",\n\r\t;\\\u2028\u2029\x85\x0b\x0c\x00\ufeff')),
    max_size=12,
)


def stream(data: bytes | str) -> io.BytesIO:
    return io.BytesIO(data.encode() if isinstance(data, str) else data)


def read(path: Path) -> list[dict[str, object]]:
    with open_rows(path) as rows:
        return list(rows)


def rows_of(data: bytes | str, format: str) -> list[dict[str, object]]:
    return list(open_rows(stream(data), format=format))


def written(
    rows: list[list[str]], *, delimiter: str = ",", lineterminator: str = "\n", quoting: Literal[0, 1] = 0
) -> bytes:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter, lineterminator=lineterminator, quoting=quoting).writerows(rows)
    return sink.getvalue().encode()


# ---- text in, text out


@pytest.mark.fault(8)
@quick
@given(
    rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=6),
    delimiter=st.sampled_from(",\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    last_end=st.booleans(),
)
def test_cells_come_out_as_they_went_in(
    rows: list[tuple[str, str]], delimiter: str, end: str, bom: bool, last_end: bool
) -> None:
    data = written(
        [["text", "label"], *map(list, rows)], delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL
    )
    data = data if last_end else data.removesuffix(end.encode())
    found = rows_of(b"\xef\xbb\xbf" * bom + data, "csv" if delimiter == "," else "tsv")
    assert found == [{"text": text, "label": label} for text, label in rows]


@pytest.mark.fault(8, 24)
@quick
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters='",\n\r'), min_size=1), min_size=1))
def test_unquoted_cells_come_out_as_they_went_in(cells: list[str]) -> None:
    data = "text,label\n" + "".join(f"{cell},x\r\n" for cell in cells)
    assert [row["text"] for row in rows_of(data, "csv")] == cells


@pytest.mark.fault(24)
@quick
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n")), min_size=1))
def test_lines_of_txt_come_out_as_they_went_in(lines: list[str]) -> None:
    if lines[0].startswith("\ufeff"):
        lines[0] = "x" + lines[0]
    data = "".join(line + "\n" for line in lines)
    assert [row["text"] for row in rows_of(data, "txt")] == [line.removesuffix("\r") for line in lines]


@quick
@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), texts | st.none() | st.integers() | st.lists(texts)), max_size=5)
)
def test_json_lines_come_out_as_they_went_in(rows: list[dict[str, object]]) -> None:
    rows = [dict.fromkeys("abc"), *rows]
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    assert rows_of(data, "jsonl") == [{key: row.get(key) for key in "abc"} for row in rows]


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "txt"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_format_plain_and_gzipped(tmp_path: Path, kind: str, packed: bool) -> None:
    sep = {"csv": ",", "tsv": "\t"}.get(kind, "")
    cells = [ODD, "NA", "null", "", "None", "nan"]
    if kind == "txt":
        data = "".join(cell + "\n" for cell in cells)
    elif kind == "jsonl":
        data = "".join(json.dumps({"text": cell, "n": 1}) + "\n" for cell in cells)
    else:
        data = f"text{sep}n\n" + "".join(f"{cell}{sep}1\n" for cell in cells)
    path = tmp_path / f"rows.{kind}{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(data.encode()) if packed else data.encode())
    with open_rows(path) as rows:
        assert rows.columns == (("text",) if kind == "txt" else ("text", "n"))
        assert [row["text"] for row in rows] == cells


@pytest.mark.parametrize("kind", ["txt", "csv", "jsonl"])
def test_it_is_known_when_the_next_row_must_be_waited_for(kind: str) -> None:
    line = {"txt": b"a\n", "csv": b"a,1\n", "jsonl": b'{"text": "a", "n": 1}\n'}[kind]
    blocks = iter([(b"text,n\n" if kind == "csv" else b"") + 2 * line, line, 3 * line + line[:1], line[1:], b""])
    with open_rows(SimpleNamespace(read1=lambda _: next(blocks), read=None), format=kind) as rows:  # type: ignore[arg-type]
        assert [rows.lines.used_up for _ in rows] == [False, True, True, False, False, True, True]


def test_a_row_is_given_before_the_stream_ends() -> None:
    """Standard input may be a person typing: a reader that waits for a full block would never answer."""
    program = "import sys; from seqtext.data.reading.text_files import open_rows\n"
    program += "for row in open_rows(sys.stdin.buffer, format='txt'): print(row['text'], flush=True)"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        child.stdin.write(b"one\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"one\n"
    assert child.wait() == 0


def test_reading_imports_nothing_heavy() -> None:
    program = "import sys, seqtext.data.reading.text_files; print({'numpy', 'pyarrow', 'pandas', 'datasets'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"set()\n"


@pytest.mark.fault(25)
def test_large_cells_are_no_fault() -> None:
    text = "word, " * 700_000
    assert rows_of(f'text,label\n"{text}",a\n', "csv") == [{"text": text, "label": "a"}]


@pytest.mark.fault(34)
def test_rows_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtext.data.reading.lines.BLOCK", 5)
    data = written([["text", "label"], ["äöü\u2028", "日本語\nzwei"], ["x" * 40, ODD]], lineterminator="\r\n")
    assert [list(row.values()) for row in rows_of(data, "csv")] == [["äöü\u2028", "日本語\nzwei"], ["x" * 40, ODD]]


# ---- not UTF-8


@pytest.mark.fault(3)
@quick
@given(
    st.sampled_from(["txt", "csv", "jsonl"]),
    st.integers(0, 30),
    st.sampled_from([b"\xe4", b"\xff", b"\xc3"]),
    st.booleans(),
)
def test_a_bad_byte_is_found_in_its_row(kind: str, bad: int, byte: bytes, packed: bool) -> None:
    head = {"csv": b"text,label\n"}.get(kind, b"")
    # In csv every row but the bad one takes two lines, so that row and line differ.
    cell = {"csv": '"ä{}\nzwei",x\n', "txt": "ä{}\n", "jsonl": '{{"text": "ä{}"}}\n'}[kind]
    lines = [cell.format(number).encode() for number in range(31)]
    offset = len(head) + sum(map(len, lines[:bad])) + lines[bad].index("ä".encode())
    lines[bad] = lines[bad].replace("ä".encode(), byte)
    data = head + b"".join(lines)
    source = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data))) if packed else stream(data)
    line = bad + 1 if kind != "csv" else 2 * bad + 2
    found = f"row {bad + 1} (line {line}): not UTF-8: byte 0x{byte.hex().upper()} at byte offset {offset} of the "
    with pytest.raises(DataError) as caught:
        list(open_rows(source, format=kind))  # type: ignore[arg-type]
    assert found in str(caught.value)
    assert "iconv -f windows-1252 -t utf-8" in str(caught.value)


def test_the_rows_before_a_bad_byte_are_read() -> None:
    reading = iter(open_rows(stream(b"one\ntwo\n\xe4\n"), format="txt"))
    assert [next(reading)["text"], next(reading)["text"]] == ["one", "two"]


@pytest.mark.fault(3)
def test_a_character_cut_off_at_the_end() -> None:
    with pytest.raises(DataError, match=r"row 2 .*byte offset 4 of the file, and the file ends inside a character"):
        rows_of("one\nä".encode()[:-1], "txt")


@pytest.mark.fault(3)
def test_a_bad_byte_in_the_header() -> None:
    with pytest.raises(DataError, match=r"standard input, line 1 \(the header\): not UTF-8"):
        rows_of(b"te\xffxt,label\na,b\n", "csv")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b"text\nabc\n", mtime=0), "gzip-compressed.*ends in .gz"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xff", "zip archive or a spreadsheet"),
        (b"PAR1\x15\x04\x15\xff", "parquet"),
    ],
)
def test_other_kinds_of_file_are_recognised(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows_of(data, "txt")


# ---- csv


@pytest.mark.fault(4, 6, 7, 9)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("text,label\na,b\nc\n", r"row 2 \(line 3\): found 1 cell; expected 2 .*; add"),
        ("text,label\na,b\nc,d,e\n", r"row 2 \(line 3\): found 3 cells; expected 2 .*that contain ',' in quotes"),
        ('text,label\n"a\nb",c\nd\n', r"row 2 \(line 4\): found 1 cell"),
        ("text,label\na,b\n\nc,d\n", r"row 2 \(line 3\): found a blank line"),
        ("text,label\na,b\n\n\nc,d\n", r"row 2 \(line 3\): found a blank line"),
        ("text,label\n\na,b\n\nc,d\n", r"row 1 \(line 2\): found a blank line"),
        ("text\na\n\nb\n", r'row 2 \(line 3\): found a blank line.*write an empty text as ""'),
        ('text,label\na,b\n"c,d\ne,f\n', r"row 2 \(line 3\): the quote opened in line 3 is never closed; close"),
        ('text,label\n"a\nb","c\nd,e\n', r"row 1 \(line 2\): the quote opened in line 3 is never closed"),
        ('text,label\n"a,b\nc,"d"\n', r"row 1 \(line 2\): the quote opened in line 2 is closed in line 3, but"),
        ('text,label\n"a" b,c\n', r"row 1 \(line 2\): the quote opened in line 2 is closed in line 2, but"),
        ('te"xt,"label\na,b\n', r"line 1 \(the header\): the quote opened in line 1 is never closed"),
        ("text,text\na,b\n", r"line 1 \(the header\): found the column 'text' 2 times"),
        ("\ntext,label\na,b\n", r"line 1 \(the header\): a blank line"),
        ("text,label\ra,b\r", r"its lines end in a bare CR.*tr '\\r' '\\n'"),
        ("text,label\n", "a header and no rows"),
        ("text,label\n\n\n", "a header and no rows"),
        ("\ufeff", "no rows; expected the names"),
        ("", "no rows; expected the names"),
    ],
)
def test_csv_faults(data: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows_of(data, "csv")


def test_reading_goes_on_behind_a_row_at_fault() -> None:
    rows = open_rows(stream("a,b\n1,2\n\n3,4\n5\n6,7\n"), format="csv").source
    found, faults = [], []
    while True:
        try:
            found += map(tuple, rows.cells())
            break
        except DataError as error:
            faults.append((rows.row, str(error).partition(":")[0]))  # type: ignore[attr-defined]
    assert found == [("1", "2"), ("3", "4"), ("6", "7")]
    assert faults == [(2, "standard input, row 2 (line 3)"), (4, "standard input, row 4 (line 5)")]


def test_blank_lines_at_the_end_of_csv_are_let_pass() -> None:
    assert rows_of("text,label\na,b\n\n\r\n", "csv") == [{"text": "a", "label": "b"}]


@pytest.mark.fault(7)
@quick
@given(st.lists(texts, min_size=2, max_size=6), st.data())
def test_a_missing_cell_is_found_in_its_row_and_line(cells: list[str], data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, len(cells) - 1))
    rows = [[cell, "x"] if row != bad else [cell] for row, cell in enumerate(cells)]
    line = written([["text", "label"], *rows[:bad]], quoting=csv.QUOTE_ALL).count(b"\n") + 1
    with pytest.raises(DataError) as caught:
        rows_of(written([["text", "label"], *rows], quoting=csv.QUOTE_ALL), "csv")
    assert f"row {bad + 1} (line {line}): found 1 cell" in str(caught.value)


@pytest.mark.fault(75)
def test_a_stray_quote_does_not_take_the_whole_file_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LARGEST_CELL", 1000)
    endless = iter([b'text,label\na,b\n"c,d\n'] + [b"more,rows\n"] * 10_000)

    class Endless(io.RawIOBase):
        def read1(self, _: int) -> bytes:
            return next(endless)

    with pytest.raises(DataError, match=r"row 2 \(line 3\): the quote opened in line 3 is never closed within 1,000"):
        list(open_rows(Endless(), format="csv"))  # type: ignore[arg-type]
    assert len(list(endless)) > 9_000
    with pytest.raises(DataError, match=r"row 1 \(line 2\): a cell of more than 1,000 characters in line 2"):
        rows_of(f"text,label\n{'x' * 2000},a\n", "csv")


# ---- json lines


@pytest.mark.fault(5)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"text": "a"}\n{"text": a}\n', r"row 2 \(line 2\): not valid JSON at column 10 \(Expecting value\).*mend"),
        ('{"text": "a"}\n{"text": "b', r"row 2 \(line 2\): not valid JSON at column 10 .*if the file was cut off"),
        ('{"text": a}\n{"text": "b"}', r"row 1 .*mend or remove the line"),
        ('{"text": "a"}\n["b"]\n', r"row 2 .*found \['b'\], a JSON array; expected a JSON object; .*jq"),
        ('{"text": "a"}\n"b"\n', "row 2 .*found 'b', a JSON string"),
        ('{\n"text": "a"\n}\n', r"found {'text': 'a'}; expected one JSON object per line; convert it: jq -c '\.'"),
        ('[\n{"text": "a"},\n{"text": }\n]\n', r"line 3: not valid JSON at column 10"),
        ('{"text": "a"}\n\n{"text": "b"}\n', r"row 2 \(line 2\): found a blank line"),
        ('{"text": "a"}\n' + "[" * 100_000, "row 2 .*nested too deeply"),
        ("{}\n", "row 1 .*no keys"),
        ("\n \n", "no rows"),
    ],
)
def test_json_faults(data: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows_of(data, "jsonl")


def test_missing_keys_are_none_and_blank_lines_at_the_end_are_let_pass() -> None:
    data = '{"text": "a", "label": 1}\n{"label": 2}\n\n  \n'
    assert rows_of(data, "jsonl") == [{"text": "a", "label": 1}, {"text": None, "label": 2}]


@pytest.mark.fault(23)
def test_lone_surrogates_become_the_replacement_character() -> None:
    data = '{"text": "\\ud83d\\ude00", "parts": ["\\udc0d", "\\\\ud800"]}\n'
    assert rows_of(data, "jsonl") == [{"text": "😀", "parts": ["\ufffd", "\\ud800"]}]


# ---- files


@pytest.mark.fault(1)
def test_a_missing_path_names_what_was_tried_and_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text\na\n")
    with pytest.raises(DataError, match=rf"no such file or folder: {tmp_path}/trian.csv; did you mean 'train.csv'\?"):
        open_rows(tmp_path / "trian.csv")
    with pytest.raises(DataError, match=rf"{tmp_path} holds one of train.csv"):
        open_rows(tmp_path / "zzz" / "train.csv")


@pytest.mark.fault(1, 2, 5)
def test_folders_empty_files_and_unknown_endings(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "rows.xlsx").write_bytes(b"PK")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=r"empty\.csv: the file is empty \(0 bytes\)"):
        open_rows(tmp_path / "empty.csv")
    with pytest.raises(
        DataError, match=r"unknown ending '\.xlsx'; expected one of \.csv, \.tsv, \.jsonl, \.json, \.ndjson, \.txt"
    ):
        open_rows(tmp_path / "rows.xlsx")
    with pytest.raises(DataError, match=r"folder\.csv: found a folder; expected a file"):
        open_rows(tmp_path / "folder.csv")
    assert format_of("A.TSV.GZ") == "tsv"


@pytest.mark.fault(5)
@pytest.mark.parametrize("rows", [10, 200_000])
def test_gzip_cut_off_damaged_or_none_at_all(tmp_path: Path, rows: int) -> None:
    whole = gzip.compress(b"".join(b"%d\n" % row for row in range(rows)), compresslevel=1)
    path = tmp_path / "rows.txt.gz"
    path.write_bytes(whole[: len(whole) // 2 + 5])
    with pytest.raises(DataError, match=r"rows\.txt\.gz, row \d+ \(line \d+\): the compressed data is cut off"):
        read(path)
    path.write_bytes(whole[:-8] + b"\0\0\0\0\0\0\0\0")
    with pytest.raises(DataError, match="the compressed data is damaged"):
        read(path)
    path.write_bytes(b"plain text\n")
    with pytest.raises(DataError, match=r"rows\.txt\.gz: not a gz file, whatever its name says; take \.gz off"):
        read(path)


def test_streams_need_a_known_format() -> None:
    with pytest.raises(
        DataError, match="standard input: the format is not given; expected one of csv, tsv, jsonl, txt"
    ):
        open_rows(stream("a\n"))
    with pytest.raises(DataError, match=r"unknown format 'jsnl'.*did you mean 'jsonl'\?"):
        open_rows(stream("a\n"), format="jsnl", name="the pipe")


def test_files_are_closed_on_every_way_out(tmp_path: Path) -> None:
    """A file left open would warn, and warnings are errors here."""
    path = tmp_path / "rows.csv"
    path.write_text("text,label\na,b\nc\n")
    with pytest.raises(DataError):
        read(path)
    with open_rows(path) as rows:
        next(iter(rows))
    path.write_text("text,text\n")
    with pytest.raises(DataError):
        open_rows(path)
