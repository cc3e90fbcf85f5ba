"""Tables as other people write them: read, or told with the flag that reads them, which is then obeyed."""

from __future__ import annotations

import csv
import io
import re
import shlex
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqtext.data.reading.dialect import AS_IT_IS, Dialect, one_character
from seqtext.data.reading.options import TextDataOptions
from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.sources import load
from seqtext.data.reading.text_files import open_rows
from seqtext.errors import DataError, OptionsError
from seqtext.options import parse

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = ["the ship sails", "a bond fell, again", "she scored twice", "rain; then sun"]
LABELS = ["sea", "money", "sports", "weather"]


def rows_in(path: Path, content: str | bytes, dialect: Dialect = AS_IT_IS) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a file through its Arrow copy, and what is told."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = load(path, dialect=dialect).splits["train"]
    return rows.to_list(), notes_of(rows)


def table(rows: list[list[str]], mark: str, quoting: Literal[0, 1, 2, 3] = csv.QUOTE_MINIMAL) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=mark, lineterminator="\n", quoting=quoting).writerows(rows)
    return sink.getvalue()


PAIRS = [list(pair) for pair in zip(TEXTS, LABELS, strict=True)]
EXPECTED = [{"text": text, "label": label} for text, label in PAIRS]


# ---- delimiters


@pytest.mark.fault(69)
@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_told_by_the_first_lines(tmp_path: Path, ending: str, mark: str, end: str) -> None:
    content = table([["text", "label"], *PAIRS], mark).replace("\n", end)
    rows, notes = rows_in(tmp_path / f"a.{ending}", content)
    assert rows == EXPECTED
    usual = mark == {"csv": ",", "tsv": "\t"}[ending]
    assert notes == (
        [] if usual else [f"{tmp_path}/a.{ending}: cells are separated by {mark!r}, as its first lines tell"]
    )


@pytest.mark.parametrize("given", ["^", "colon", ":", "space", "\\t", "semicolon"])
def test_any_delimiter_can_be_given(tmp_path: Path, given: str) -> None:
    mark = one_character(given)
    assert mark is not None
    content = table([["text", "label"], ["one", "a"], ["two", "b"]], mark)
    options = parse(TextDataOptions, "", ["--delimiter", given])
    rows, _ = rows_in(tmp_path / "a.csv", content, options.dialect)
    assert rows == [{"text": "one", "label": "a"}, {"text": "two", "label": "b"}]


def test_decimal_commas_and_a_comma_in_the_header_do_not_mislead(tmp_path: Path) -> None:
    rows, _ = rows_in(tmp_path / "a.csv", "time;load, kW\n1.1.2024;2,5\n2.1.2024;3,5\n")
    assert rows[0] == {"time": "1.1.2024", "load, kW": "2,5"}
    rows, _ = rows_in(tmp_path / "b.csv", "sep=;\ntext;label\na,b;c,d\n")
    assert rows == [{"text": "a,b", "label": "c,d"}]


def test_one_column_of_texts_is_one_column(tmp_path: Path) -> None:
    rows, notes = rows_in(tmp_path / "a.csv", "text\nHello; you\nGood day\n")
    assert (rows, notes) == ([{"text": "Hello; you"}, {"text": "Good day"}], [])
    with pytest.raises(DataError, match=r"row 1 \(line 2\): found 2 cells; expected 1 .*quotes"):
        rows_in(tmp_path / "b.csv", "text\nHello, world\nGood, day\nBye, you\n")


def test_bad_layouts_are_refused_before_anything_is_read() -> None:
    for flags, message in (
        (["--delimiter", "ab"], "--delimiter is 'ab'; expected one character, or tab, semicolon"),
        (["--columns", "a", "a"], "--columns names a column twice"),
        (["--columns", "a", "b", "--no_header"], "leave --no_header out"),
        (["--skip_lines", "-1"], "--skip_lines is -1; expected 0 or more"),
    ):
        with pytest.raises(OptionsError, match=re.escape(message)):
            TextDataOptions()._faults() if not flags else _checked(flags)


def _checked(flags: list[str]) -> None:
    from seqtext.options import raise_together

    raise_together(parse(TextDataOptions, "", flags)._faults())


def test_a_layout_is_refused_where_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"a\.jsonl: found --delimiter, --columns or --no_header; expected a table of text"
    ):
        rows_in(tmp_path / "a.jsonl", '{"text": "a"}\n', Dialect(delimiter=";"))
    with pytest.raises(DataError, match="phrasebook: found a layout of what is no text"):
        load("phrasebook", dialect=Dialect(columns=("a", "b")))


# ---- headers


@pytest.mark.fault(69)
def test_a_column_without_a_name_is_left_aside_with_a_note(tmp_path: Path) -> None:
    content = table([["", "text", "label"], *([str(i), *pair] for i, pair in enumerate(PAIRS))], ",")
    rows, notes = rows_in(tmp_path / "a.csv", content)
    assert [list(row.values())[1:] for row in rows] == PAIRS
    assert notes == [f"{tmp_path}/a.csv: column 1 has no name: not used, but for times, or asked for as 'Unnamed: 0'"]
    rows, notes = rows_in(tmp_path / "b.csv", "text,label,\na,b,\nc,d,\n")
    assert list(rows[0]) == ["text", "label", "Unnamed: 2"]


@pytest.mark.fault(69)
def test_a_header_one_name_short_is_one_of_r(tmp_path: Path) -> None:
    body = "".join(f'"{i + 1}","{text}","{label}"\n' for i, (text, label) in enumerate(PAIRS))
    rows, notes = rows_in(tmp_path / "a.csv", f'"text","label"\n{body}')
    assert [[row["text"], row["label"]] for row in rows] == PAIRS
    assert notes[0] == f"{tmp_path}/a.csv: the header has one name less than the rows have cells"
    for wrong in ("great film,pos,\nbad film,neg,\n", "Well, he said,pos\nbad film,neg\n"):
        with pytest.raises(DataError, match=r"row 1 \(line 2\): found 3 cells; expected 2"):
            rows_in(tmp_path / "b.csv", f"text,label\n{wrong}")


@pytest.mark.fault(69, 71)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            "".join(f"{label},{text}\n" for label, text in zip("abc" * 3, "ABCDEFGHI", strict=True)),
            "'a' occurs again in its column",
        ),
        ("".join(f"{i},x y\n" for i in (5, 7, 8)), "'5' is a number, as those below it are"),
        ("".join(f"2024-01-0{i} 00:00,{i}.5\n" for i in (1, 2, 3)), "'2024-01-01 00:00' is a time, as those below"),
        ("".join(f"A sentence of its own {i}.\tx{i}\n" for i in range(3)), "'A sentence of its own 0.' is a sentence"),
        ("".join(f"{i}{'word ' * 30},x{i}\n" for i in range(3)), "is a long text, as those below it are"),
    ],
)
def test_a_first_row_that_looks_like_data_is_told_and_the_advice_reads_it(
    tmp_path: Path, content: str, why: str
) -> None:
    with pytest.raises(DataError, match=r"line 1 \(the header\): its first line looks like a row: ") as caught:
        rows_in(tmp_path / "a.csv", content)
    assert why in str(caught.value)
    assert "pass --no_header" in str(caught.value)
    rows, _ = rows_in(tmp_path / "a.csv", content, parse(TextDataOptions, "", ["--no_header"]).dialect)
    assert list(rows[0]) == ["1", "2"]
    assert len(rows) == content.count("\n")
    named = parse(TextDataOptions, "", ["--columns", "text", "label"]).dialect
    assert [list(row.values()) for row in rows_in(tmp_path / "a.csv", content, named)[0]] == [
        [*row.values()] for row in rows
    ]


def test_who_insists_on_a_header_names_it(tmp_path: Path) -> None:
    content = "5,6\n1,2\n3,4\n"
    with pytest.raises(DataError) as caught:
        rows_in(tmp_path / "a.csv", content)
    advice = re.search(r"if these are their names: (--columns [^)]+)\)", str(caught.value))
    assert advice
    rows, _ = rows_in(tmp_path / "a.csv", content, parse(TextDataOptions, "", shlex.split(advice[1])).dialect)
    assert rows == [{"5": "1", "6": "2"}, {"5": "3", "6": "4"}]


@pytest.mark.parametrize(
    "header",
    [
        "country,2000,2001,2002",
        "no.,Temp.,a,b",
        "id,How satisfied are you with the service we gave you, all in all?,x,y",
        "0,1,2,3",
    ],
)
def test_headers_that_only_look_odd_are_headers(tmp_path: Path, header: str) -> None:
    names = next(csv.reader([header]))
    rows = [[str(10 * i + j) for j in range(len(names))] for i in range(5)]
    assert len(rows_in(tmp_path / "a.csv", table([names, *rows], ","))[0]) == 5


@pytest.mark.fault(9, 70)
def test_a_column_named_twice_is_left_aside_until_it_is_asked_for(tmp_path: Path) -> None:
    rows, notes = rows_in(tmp_path / "a.csv", "text,x,label,x\na,1,b,2\n")
    assert rows == [{"text": "a", "label": "b"}]
    assert notes == [f"{tmp_path}/a.csv: left aside: 'x' (line 1 (the header): found the column 'x' 2 times)"]


@pytest.mark.fault(75)
def test_wide_headers_are_read_in_linear_time(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(20_000)]
    with open_rows(io.BytesIO(f"{','.join(names)}\n{','.join(names)}x\n".encode()), format="csv") as rows:
        assert len(rows.columns) == 20_000


@pytest.mark.fault(69, 71)
@pytest.mark.parametrize(
    "before", ["Meter 17\n", "# exported 2024\n# by hand\n", "Station;Oslo\n\n\n", "Station: Oslo\nFrom: 2024\n"]
)
def test_lines_before_the_header_are_told_and_the_advice_reads_it(tmp_path: Path, before: str) -> None:
    content = before + "time;kw;kvar\n" + "".join(f"2024-01-01 0{i}:00;{i},5;1,0\n" for i in range(5))
    with pytest.raises(DataError, match=r"\(the header\): .*a table only from line \d+ on") as caught:
        rows_in(tmp_path / "a.csv", content)
    advice = re.search(r"pass (--skip_lines \d+)", str(caught.value))
    assert advice
    rows, _ = rows_in(tmp_path / "a.csv", content, parse(TextDataOptions, "", advice[1].split()).dialect)
    assert rows[0] == {"time": "2024-01-01 00:00", "kw": "0,5", "kvar": "1,0"}
    assert len(rows) == 5


# ---- quotes


@pytest.mark.fault(69)
def test_blanks_between_comma_and_quote_open_a_cell_or_are_told(tmp_path: Path) -> None:
    content = 'label, text\n"sea", "the ship, she sails"\n"sky",  "blue"\nx, y\n'
    rows, notes = rows_in(tmp_path / "a.csv", content)
    assert [list(row.values()) for row in rows] == [["sea", "the ship, she sails"], ["sky", "blue"], ["x", "y"]]
    assert list(rows[0]) == ["label", "text"]
    assert notes == [f"{tmp_path}/a.csv: blanks after ',' are left out, since quotes stand behind them"]
    late = "label,text\n" + "a,b\n" * 600 + 'c, "d"\n'
    with pytest.raises(
        DataError, match=r"row 601 \(line 602\): a blank stands between ',' and a quote; .*remove the blank"
    ):
        rows_in(tmp_path / "b.csv", late)
    rows, notes = rows_in(tmp_path / "c.csv", 'text,label\n"he said, ""no"", twice",x\n' + "a, b\n")
    assert [row["label"] for row in rows] == ["x", " b"]
    assert notes == []


QUOTED = [['He said "no"', "a"], ["two\nlines", "b"], ["a\ttab", "c"], ["plain", "d"]]


@pytest.mark.fault(69)
@pytest.mark.parametrize("ending", ["tsv", "txt", "csv"])
def test_quotes_in_files_with_tabs_are_characters_unless_the_file_shows_otherwise(tmp_path: Path, ending: str) -> None:
    texts = ['"Well," she said', 'and "left"', '"Yes."', '"', "plain, simple", 'a "b" c"']
    content = "text\tlabel\n" + "".join(f"{text}\t{i}\n" for i, text in enumerate(texts))
    rows, _ = rows_in(tmp_path / f"a.{ending}", content, Dialect(txt_is_table=True))
    assert [row["text"] for row in rows] == texts


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("places", [[0], [1], [2], [0, 1, 2, 3]])
def test_tabs_with_cells_in_quotes_are_read_too(tmp_path: Path, quoting: Literal[0, 1], places: list[int]) -> None:
    pairs = [QUOTED[place] for place in places] + [["plain", "x"]] * 3
    rows, notes = rows_in(tmp_path / "a.tsv", table([["text", "label"], *pairs], "\t", quoting))
    assert [[row["text"], row["label"]] for row in rows] == pairs
    assert notes == []


def test_what_spreadsheets_write_with_tabs(tmp_path: Path) -> None:
    content = "text\tlabel\n" + "".join(f'"well, number {i}"\ta\nplain {i}\tb\n' for i in range(4))
    rows, _ = rows_in(tmp_path / "a.tsv", content)
    assert rows[0]["text"] == "well, number 0"


@pytest.mark.fault(6)
def test_a_quote_that_takes_lines_is_told_with_its_lines(tmp_path: Path) -> None:
    """A file that can only be read with quotes around cells, one of which holds tabs and line ends."""
    content = 'text\tlabel\na\tx\n"b\tx\nc\nd"\tx\n'
    rows, notes = rows_in(tmp_path / "a.tsv", content)
    assert [row["text"] for row in rows] == ["a", "b\tx\nc\nd"]
    assert notes == [f"{tmp_path}/a.tsv, line 3: a cell in quotes holds tabs and line ends; is each quote a cell's?"]


def test_a_line_of_another_width_is_told_where_it_is(tmp_path: Path) -> None:
    content = 'text\tlabel\n"Well," she said\tx\nno label\nb\tx\n'
    with pytest.raises(DataError, match=r"row 2 \(line 3\): found 1 cell; expected 2 .*; add the missing cells$"):
        rows_in(tmp_path / "a.tsv", content)


# ---- a txt


def test_a_txt_is_texts_unless_a_layout_is_given(tmp_path: Path) -> None:
    content = "text\tlabel\nthe ship\tsea\n"
    rows, _ = rows_in(tmp_path / "a.txt", content)
    assert rows == [{"text": "text\tlabel"}, {"text": "the ship\tsea"}]
    for flags in (["--delimiter", "tab"], ["--columns", "text", "label"]):
        rows, _ = rows_in(tmp_path / "a.txt", content, parse(TextDataOptions, "", flags).dialect)
        assert rows == [{"text": "the ship", "label": "sea"}]


# ---- text in, text out

cells = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_characters="\x00"), st.sampled_from("\",;|\n\r\t ' ")), max_size=8
)


@pytest.mark.fault(24)
@quick
@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=5),
    mark=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    named=st.booleans(),
)
def test_rows_out_are_rows_in_or_it_is_told(
    tmp_path: Path, rows: list[tuple[str, str]], mark: str, quoting: Literal[0, 1], named: bool
) -> None:
    """However a csv writer writes them: the same rows, or an error; never others."""
    path = tmp_path / "a.csv"
    path.write_text(table([["text", "label"], *map(list, rows)], mark, quoting), newline="", encoding="utf-8")
    try:
        with open_rows(path, dialect=Dialect(columns=("text", "label")) if named else Dialect()) as opened:
            found = [list(cells) for cells in opened.cells()]
    except DataError:
        assert quoting == csv.QUOTE_MINIMAL or mark != ","  # what is all in quotes, with commas, is always read
        return
    # The writer of this Python leaves a CR at the end of a row without quotes: there it is the line's end, and nobody could tell.
    bare = [quoting == csv.QUOTE_MINIMAL and not re.search(f'[\n"{re.escape(mark)}]', row[-1]) for row in rows]
    assert found == [
        [row[0], row[1].removesuffix("\r") if is_bare else row[1]] for row, is_bare in zip(rows, bare, strict=True)
    ]
