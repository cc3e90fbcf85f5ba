"""Every line of the table in docs/your-data.md: a file of that layout, read with what the line says to type."""

from __future__ import annotations

import csv
import io
import json
import lzma
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqtext.data.pairs.options import PairDataOptions, load_asked_pairs
from seqtext.data.pairs.splits import pair_splits
from seqtext.data.reading.options import TextDataOptions, load_texts
from seqtext.data.series.options import SeriesDataOptions
from seqtext.data.series.splits import load_series
from seqtext.options import parse
from tests.conftest import ROOT

ROWS = [["a great film, they said", "pos"], ["a bad one", "neg"], ["dull; and long", "neg"], ["great", "pos"]] * 3
HEADER = ["text", "label"]
READINGS = [0.5, 1.5, 2.5, 3.5]
PAIRS = [['"Go," he said.', "Va."], ["Run!", "Cours !"], ["Wait.", "Attends."], ["Stop!", "Halte !"]] * 3


def table(rows: list[list[str]], mark: str = ",", quoting: Any = csv.QUOTE_MINIMAL) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=mark, lineterminator="\n", quoting=quoting).writerows(rows)
    return sink.getvalue()


def texts(path: Path, flags: list[str]) -> object:
    rows = load_texts(parse(TextDataOptions, "", ["--data", str(path), *flags])).splits["train"]
    return [list(row.values())[-2:] for row in rows]


def readings(path: Path, flags: list[str]) -> object:
    return load_series(parse(SeriesDataOptions, "", ["--data", str(path), *flags])).series["train"].values.tolist()


def pairs(path: Path, flags: list[str]) -> object:
    found = load_asked_pairs(parse(PairDataOptions, "", ["--data", str(path), *flags]))
    data = pair_splits(found.splits, source=found.source, target=found.target)
    order = (
        (lambda row: [row["target"], row["source"]])
        if "2" in flags[:2]
        else (lambda row: [row["source"], row["target"]])
    )
    return sorted(order(row) for part in (data.train, data.validation, data.test) for row in part)


class Layout(NamedTuple):
    """A file of a layout, how it is read, and what has to come out."""

    file: str
    content: str | bytes
    read: Callable[[Path, list[str]], object] = texts
    expected: object = ROWS


times = [f"2024-01-01 0{hour}:00" for hour in range(4)]
meter = "".join(f"{time};{value}\n".replace(".", ",") for time, value in zip(times, READINGS, strict=True))
objects = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
sink = pa.BufferOutputStream()
pq.write_table(pa.Table.from_pylist(objects), sink)
spaced = "\n".join(", ".join(f'"{cell}"' for cell in row) for row in [HEADER, *ROWS]) + "\n"
quotes = [['"Well," she said', "pos"], ["no", "neg"], ['"Yes."', "pos"]] * 2

LAYOUTS = {
    "comma-separated, with a header": Layout("a.csv", table([HEADER, *ROWS])),
    "semicolons, as spreadsheets write them in most of Europe": Layout("a.csv", table([HEADER, *ROWS], ";")),
    "tabs or bars, whatever the ending says": Layout("a.csv", table([HEADER, *ROWS], "|")),
    "another delimiter": Layout("a.csv", table([HEADER, *ROWS], "^")),
    "decimal commas": Layout("a.csv", f"time;kw\n{meter}", readings, READINGS),
    "a first column without a name, as of `to_csv` and `write.csv`": Layout(
        "a.csv", table([["", *HEADER], *([str(i), *row] for i, row in enumerate(ROWS))])
    ),
    "a header one name short, as of R's `write.table`": Layout(
        "a.csv", table([HEADER, *([str(i + 1), *row] for i, row in enumerate(ROWS))], ",", csv.QUOTE_ALL)
    ),
    "no header": Layout("a.csv", table(ROWS)),
    "lines before the header": Layout("a.csv", "# exported 2024\n" + table([HEADER, *ROWS])),
    "blanks between comma and quote": Layout("a.csv", spaced),
    "tabs, where a quote is a character (Tatoeba, GLUE, Common Voice)": Layout(
        "a.tsv", "".join("\t".join(row) + "\n" for row in [HEADER, *quotes]), texts, quotes
    ),
    "pairs in two or three columns without names (`fra.txt`)": Layout(
        "fra.txt", "".join("\t".join([*pair, "CC-BY"]) + "\n" for pair in PAIRS), pairs, sorted(PAIRS)
    ),
    "a table called txt (UCI's `LD2011_2014.txt`, household power)": Layout("a.txt", table([HEADER, *ROWS], ";")),
    "UTF-16 or UTF-32, with or without a mark": Layout("a.csv", table([HEADER, *ROWS]).encode("utf-16-le")),
    "packed: gz, bz2, xz, zst, or zip with one file": Layout(
        "a.csv.xz", lzma.compress(table([HEADER, *ROWS]).encode())
    ),
    "JSON lines": Layout("a.jsonl", "".join(json.dumps(row) + "\n" for row in objects)),
    "one JSON document": Layout("a.json", json.dumps({"version": 1, "data": objects}, indent=1)),
    "one JSON document with several lists": Layout(
        "a.jsonl", "".join(json.dumps(row) + "\n" for row in objects)
    ),  # jq's
    "parquet": Layout("a.parquet", sink.getvalue().to_pybytes()),
    "a folder laid out like a data set of the hub": Layout("rows/train.csv", table([HEADER, *ROWS])),
}

LINES = re.findall(
    r"^\| (?!layout|-)(.+?) \| .* \| (.+?) \|$", (ROOT / "docs" / "your-data.md").read_text(), re.MULTILINE
)


def test_every_layout_of_the_table_is_tried() -> None:
    assert [layout for layout, _ in LINES] == list(LAYOUTS)


@pytest.mark.fault(69, 71)
@pytest.mark.parametrize(("layout", "typed"), LINES, ids=[layout for layout, _ in LINES])
def test_what_the_table_says_to_type_reads_the_layout(tmp_path: Path, layout: str, typed: str) -> None:
    file, content, read, expected = LAYOUTS[layout]
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    given = [flags for flags in re.findall(r"`(--[^`]+)`", typed) if flags != "--split"]
    ways = [shlex.split(flags) for flags in given] + ([[]] if "as it is" in typed and "for texts" not in typed else [])
    for flags in ways or [[]]:
        assert read(path.parent if "/" in file else path, flags) == expected, flags


def test_readings_and_pairs_in_a_txt_need_nothing(tmp_path: Path) -> None:
    (tmp_path / "LD.txt").write_text('"";"MT_001"\n' + meter)
    assert readings(tmp_path / "LD.txt", ["--decimal", ","]) == READINGS
    (tmp_path / "pairs.txt").write_text("".join("\t".join(pair) + "\n" for pair in [["en", "fr"], *PAIRS]))
    assert pairs(tmp_path / "pairs.txt", ["--source", "en"]) == sorted(PAIRS)


@pytest.mark.fault(71)
@pytest.mark.parametrize("layout", ["another delimiter", "no header", "lines before the header", "decimal commas"])
def test_without_what_is_to_be_typed_it_is_told(tmp_path: Path, layout: str) -> None:
    file, content, read, _ = LAYOUTS[layout]
    (tmp_path / file).write_text(str(content))
    with pytest.raises(Exception, match=r"--(delimiter|columns|skip_lines|decimal)"):
        read(tmp_path / file, [])
