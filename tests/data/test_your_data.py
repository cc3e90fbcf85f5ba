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

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqtext.data.pairs.options import PairDataOptions, load_asked_pairs
from seqtext.data.pairs.splits import pair_splits
from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.reading.label_codes import coded
from seqtext.data.reading.options import TextDataOptions, load_texts
from seqtext.data.rows.columns import choose
from seqtext.data.rows.label_sets import EncodedSets
from seqtext.data.series.options import SeriesDataOptions
from seqtext.data.series.splits import load_series
from seqtext.options import parse
from seqtext.tasks.classification.columns import UNASKED, choose_columns, target_column
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


def chosen(path: Path, flags: list[str]) -> object:
    """Texts and labels, as a classifier takes them; `--train` stands for the file itself."""
    place = ["--train", str(path / flags[1].partition("/")[2] if path.is_dir() else path)] if "--train" in flags else []
    label = flags[1] if "--label_column" in flags else None  # which is the recipe's own
    options = parse(TextDataOptions, "", place or ["--data", str(path), *([] if label else flags)])
    splits = load_texts(options).splits
    columns = choose(splits, text=options.text_column, label=label)
    found = coded(splits["train"], columns.label)
    read = [text for part in column_arrays(splits["train"], columns.text) for text in part.to_pylist()]
    return sorted([text, found.values[code]] for text, code in zip(read, found.codes, strict=True))


def several(path: Path, flags: list[str]) -> object:
    """Texts and the labels of each, as a classifier takes them."""
    rows = load_texts(parse(TextDataOptions, "", ["--data", str(path)])).splits["train"]
    columns = choose_columns(rows, UNASKED, label=flags[1:])
    found = target_column(rows, columns.label, UNASKED).answers(rows)
    assert isinstance(found, EncodedSets)
    labels = [[name for name, has in zip(found.names, row, strict=True) if has] for row in found.members]
    return sorted([text, of_text] for text, of_text in zip(rows[columns.text], labels, strict=True))


def named_series(path: Path, flags: list[str]) -> object:
    read = load_series(parse(SeriesDataOptions, "", ["--data", str(path), *flags])).series["train"]
    return {name: read.values[read.starts[i] : read.starts[i + 1]].tolist() for i, name in enumerate(read.names)}


class Layout(NamedTuple):
    """A file of a layout, how it is read, and what has to come out."""

    file: str
    content: str | bytes | dict[str, Any]
    read: Callable[[Path, list[str]], object] = texts
    expected: object = ROWS


times = [f"2024-01-01 0{hour}:00" for hour in range(4)]
meter = "".join(f"{time};{value}\n".replace(".", ",") for time, value in zip(times, READINGS, strict=True))
objects = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
sink = pa.BufferOutputStream()
pq.write_table(pa.Table.from_pylist(objects), sink)
spaced = "\n".join(", ".join(f'"{cell}"' for cell in row) for row in [HEADER, *ROWS]) + "\n"
quotes = [['"Well," she said', "pos"], ["no", "neg"], ['"Yes."', "pos"]] * 2


def classes(order: list[str]) -> bytes:
    """The rows as parquet, the labels as ids of classes in an order."""
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=order))
    written = io.BytesIO()
    datasets.Dataset.from_list(objects, features=features).to_parquet(written)
    return written.getvalue()


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
    "such pairs with numbers beside them, as Tatoeba exports them": Layout(
        "pairs.tsv",
        "".join(f"{i}\t{one}\t{i + 40}\t{other}\n" for i, (one, other) in enumerate(PAIRS)),
        pairs,
        sorted(PAIRS),
    ),
    "a table called txt (UCI's `LD2011_2014.txt`, household power)": Layout("a.txt", table([HEADER, *ROWS], ";")),
    "UTF-16 or UTF-32, with or without a mark": Layout("a.csv", table([HEADER, *ROWS]).encode("utf-16-le")),
    "packed: gz, bz2, xz, zst, or zip with one file": Layout(
        "a.csv.xz", lzma.compress(table([HEADER, *ROWS]).encode())
    ),
    "JSON lines": Layout("a.jsonl", "".join(json.dumps(row) + "\n" for row in objects)),
    "one JSON document": Layout("a.json", json.dumps({"version": 1, "data": objects}, indent=1)),
    "one JSON document of columns, as pandas writes it": Layout(
        "a.json", json.dumps({name: [row[name] for row in objects] for name in objects[0]})
    ),
    "one JSON document with several lists": Layout(
        "a.jsonl", "".join(json.dumps(row) + "\n" for row in objects)
    ),  # jq's
    "parquet": Layout("a.parquet", sink.getvalue().to_pybytes()),
    "a folder of files of lines, two for each split": Layout(
        "lines",
        {f"train.{end}": "".join(f"{pair[i]}\n" for pair in PAIRS) for i, end in enumerate(("en", "fr"))},
        pairs,
        sorted(PAIRS),
    ),
    "a folder laid out like a data set of the hub": Layout("rows/train.csv", table([HEADER, *ROWS])),
}

hours = range(4)
twice = {"a": READINGS, "b": READINGS[::-1]}
below = [[name, time, str(value)] for name, kept in twice.items() for time, value in zip(times, kept, strict=True)]
listed = [{"start": times[0], "target": kept} for kept in twice.values()]
zoned = "".join(f"2023-07-10 0{hour}:00 CEST,{READINGS[hour]}\n" for hour in hours)
home = [
    ["m", f"2024-01-01T00:{minute:02}:00", state]
    for minute, state in [(0, "0.5"), (16, "1.5"), (31, "unavailable"), (33, "2.5"), (47, "3.5")]
]
LAYOUTS |= {
    "premise and hypothesis, title and body": Layout(
        "a.csv",
        table([["premise", "hypothesis", "label"], ["It rains", "It is wet", "yes"], ["It snows", "It is hot", "no"]]),
        chosen,
        [["It rains ␟ It is wet", "yes"], ["It snows ␟ It is hot", "no"]],
    ),
    "names of columns that say nothing": Layout(
        "a.csv",
        table([["v1", "v2"], *([("ham", "spam")[i % 2], f"words {i}"] for i in range(24))]),
        chosen,
        sorted([f"words {i}", ("ham", "spam")[i % 2]] for i in range(24)),
    ),
    "labels as 1.0, 2.0": Layout(
        "a.csv", table([HEADER, ["bad", "1.0"], ["good", "2.0"]]), chosen, [["bad", "1"], ["good", "2"]]
    ),
    "several labels a text, in a list or with a mark between them": Layout(
        "a.csv",
        table([["text", "genres"], ["a", "war|drama"], ["b", "drama"], ["c", "[]"]]),
        several,
        [["a", ["drama", "war"]], ["b", ["drama"]], ["c", []]],
    ),
    "a column of 0 and 1 for each label": Layout(
        "a.csv",
        table([["text", "toxic", "insult"], ["you", "1", "1"], ["we", "0", "0"], ["they", "1", "0"]]),
        several,
        [["they", ["toxic"]], ["we", []], ["you", ["toxic", "insult"]]],
    ),
    "few rows of many classes": Layout(
        "a.csv",
        table([["text", "intent"], *([f"say {i}", f"i{i // 2}"] for i in range(300))]),
        chosen,
        sorted([f"say {i}", f"i{i // 2}"] for i in range(300)),
    ),
    "poems, code, dialogue": Layout(
        "a.jsonl",
        "".join(json.dumps({"text": f"def {name}():\n\tpass", "label": name}) + "\n" for name in "ab"),
        chosen,
        [[f"def {name}():\n\tpass", name] for name in "ab"],
    ),
    "series below each other": Layout("a.csv", table([["unique_id", "ds", "y"], *below]), named_series, twice),
    "a list in each row": Layout(
        "a.jsonl", "".join(json.dumps(row) + "\n" for row in listed), readings, [*READINGS, *READINGS[::-1]]
    ),
    "Monash `.tsf`": Layout(
        "a.tsf",
        "@relation a\n@attribute series_name string\n@attribute start_timestamp date\n@frequency hourly\n@data\n"
        + "".join(f"{name}:2024-01-01 00-00-00:{','.join(map(str, kept))}\n" for name, kept in twice.items()),
        named_series,
        twice,
    ),
    "a column of days and one of hours": Layout(
        "a.csv",
        "date,hour,kw\n" + "".join(f"2024-01-01,{hour},{READINGS[hour]}\n" for hour in hours),
        readings,
        READINGS,
    ),
    "a column of days and one of times": Layout(
        "a.csv",
        "Date,Time,kw\n" + "".join(f"2024-01-01,0{hour}:00,{READINGS[hour]}\n" for hour in hours),
        readings,
        READINGS,
    ),
    "year, month, day and hour in columns": Layout(
        "a.csv",
        "year,month,day,hour,pm25\n" + "".join(f"2024,1,1,{hour},{READINGS[hour]}\n" for hour in hours),
        readings,
        READINGS,
    ),
    "years, or years and months": Layout(
        "a.csv", "year,gdp\n" + "".join(f"{1990 + hour},{READINGS[hour]}\n" for hour in hours), readings, READINGS
    ),
    "spreadsheet days, zone names, zero fractions, milliseconds": Layout(
        "a.csv", f"time,kw\n{zoned}", readings, READINGS
    ),
    "uneven times, as of Home Assistant": Layout(
        "a.csv", table([["entity_id", "last_changed", "state"], *home]), named_series, {"m": [0.5, 1.5, 2.5, 3.5]}
    ),
    "many meters side by side": Layout(
        "a.csv",
        "time;MT_001;MT_002\n" + "".join(f"{times[i]};{READINGS[i]};{READINGS[-1 - i]}\n" for i in hours),
        named_series,
        {"MT_001": READINGS, "MT_002": READINGS[::-1]},
    ),
    "a folder for each class, a file for each text": Layout(
        "data",
        {
            f"{split}/{kind}/{i}.txt": f"{kind} {i}"
            for split in ("train", "test")
            for kind in ("neg", "pos", "unsup")
            for i in hours
        },
        chosen,
        sorted([f"{kind} {i}", kind] for kind in ("neg", "pos") for i in hours),
    ),
    "a file of lines for each class": Layout(
        "data",
        {f"{kind}.txt": "".join(f"{kind} {i}\n" for i in range(6)) for kind in ("Arabic", "Czech")},
        chosen,
        sorted([f"{kind} {i}", kind] for kind in ("Arabic", "Czech") for i in range(6)),
    ),
    "lines of fastText": Layout(
        "train.txt", "".join(f"__label__{label} {text}\n" for text, label in ROWS), chosen, sorted(ROWS)
    ),
    "several files whose class lists are in another order": Layout(
        "data",
        {f"{i}.parquet": classes(order) for i, order in enumerate((["neg", "pos"], ["pos", "neg"]))},
        chosen,
        sorted(ROWS * 2),
    ),
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
    for place, written in (
        {path / name: part for name, part in content.items()}.items()
        if isinstance(content, dict)
        else [(path, content)]
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(written.encode() if isinstance(written, str) else written)
    given = [flags for flags in re.findall(r"`(--[^`]+)`", typed) if flags != "--split" and "store" not in flags]
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
