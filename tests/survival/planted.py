"""Data sets of each recipe with one fault planted at a random row of a random split, in each format; the message must say where."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tests.in_process import Ended, seqtext_command

Row = dict[str, Any]
RECIPES = ("topics", "generation", "translation", "electricity")
FORMATS = ("csv", "tsv", "jsonl", "parquet")
WORDS = ["ship", "wave", "harbour", "gull", "tram", "market", "street", "theatre", "oak", "brook", "deer", "owl"]
FLAGS = ("--dry_run", "--device", "cpu", "--threads", "1")
START = datetime(2024, 1, 1)
MOST_ROWS = 3000


class Planted(NamedTuple):
    """Where a fault stands, and how it was told."""

    kind: str
    recipe: str
    path: str
    row: int
    ended: Ended

    @property
    def found(self) -> bool:
        """Whether one line names file and row, and nothing else went wrong."""
        [*_, line] = self.ended.err.splitlines() or [""]
        place = rf"{re.escape(self.path)}, (split '\w+', )?(column '\w+': .*)?row {self.row}\b"
        return self.ended.code == 2 and self.ended.err.count("\n") == 1 and bool(re.search(place, line))


# ---- rows as they should be


def _of_topics(drawn: random.Random, number: int) -> Row:
    label = number % 3
    return {
        "text": " ".join(drawn.choices(WORDS[label * 4 : label * 4 + 4], k=5)) + f" {number}",
        "label": WORDS[label * 4],
    }


def _of_translation(drawn: random.Random, number: int) -> Row:
    text = " ".join(drawn.choices(WORDS, k=4)) + f" {number}"
    return {"source": text, "target": text.upper()}


def _of_electricity(drawn: random.Random, number: int) -> Row:
    return {"time": f"{START + timedelta(hours=number):%Y-%m-%d %H:%M}", "kw": round(drawn.uniform(1, 9), 2)}


ROWS = {"topics": _of_topics, "generation": _of_topics, "translation": _of_translation, "electricity": _of_electricity}


# ---- faults of cells, of lines, and of the bytes of a file

NO_TEXT: dict[str, object] = {"None": None, "int": 7, "float": 1.5, "true": True, "list": ["a"], "object": {"a": 1}}
NO_LABEL: dict[str, object] = {
    "None": None,
    "empty": "",
    "list": ["ship", "oak"],
    "object": {"a": 1},
    "true": True,
    "float": 1.5,
}
NO_NUMBER = ("5,1", "1.234,5", "5.1 kW", "-", "?", "inf", "nan?", "five", "1e999", "12:00")
NO_TIME = ("noon", "2024-13-01 00:00", "2024-02-31 00:00", "31.31.2024", "", "2024-01-01 25:00", "yesterday")


def cell_faults(recipe: str, form: str) -> dict[str, tuple[str, object]]:
    """Cells that cannot be used, by what they are: column and value."""
    if recipe == "electricity":
        numbers = {f"number {value}": ("kw", value) for value in NO_NUMBER}
        times = {f"time {value}": ("time", value) for value in NO_TIME}
        typed = {f"number {kind}": ("kw", value) for kind, value in {"list": [1], "object": {"a": 1}}.items()}
        missing = {"time None": ("time", None)}
        return {**numbers, **times, **(typed | missing if form == "jsonl" else missing if form == "parquet" else {})}
    columns = ("source", "target") if recipe == "translation" else ("text",)
    texts = {f"{column} {kind}": (column, value) for column in columns for kind, value in NO_TEXT.items()}
    labels = {} if recipe == "translation" else {f"label {kind}": ("label", value) for kind, value in NO_LABEL.items()}
    if form == "jsonl":
        return texts | labels
    none = {name: fault for name, fault in texts.items() if name.endswith("None")} if form == "parquet" else {}
    return none | {
        name: labels[name] for name in ("label empty", *(["label None"] if form == "parquet" else [])) if labels
    }


LINES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "too many cells": lambda line, sign: line + sign + b"more",
    "too few cells": lambda line, sign: line.split(sign)[0],
    "bad bytes": lambda line, sign: b"\xe9" + line,
    "a character cut": lambda line, sign: line[:3] + b"\xf0\x9f" + line[3:],
    "a blank line": lambda line, sign: b"",
    "an open quote": lambda line, sign: b'"' + line,
}
JSON_LINES: dict[str, Callable[[bytes], bytes]] = {
    "bad bytes": lambda line: line[:12] + b"\xe9" + line[12:],
    "a line cut": lambda line: line[: len(line) // 2],
    "a list": lambda line: b"[1, 2]",
    "no JSON": lambda line: b"ship",
    "a blank line": lambda line: b"",
    "a key twice": lambda line: line[:-1] + b', "' + line.split(b'"')[1] + b'": "again"}',
    "two objects": lambda line: line + b" " + line,
}


def faults(recipe: str, form: str) -> list[str]:
    """The kinds of fault there are."""
    lines = {"csv": LINES, "tsv": [kind for kind in LINES if "quote" not in kind], "jsonl": JSON_LINES, "parquet": ()}[
        form
    ]
    return [*cell_faults(recipe, form), *lines]


# ---- files


def lines_of(rows: list[Row], form: str) -> list[bytes]:
    """The lines of a text file, the header of a table among them."""
    if form == "jsonl":
        return [json.dumps(row).encode() for row in rows]
    sign = "\t" if form == "tsv" else ","

    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return f'"{text}"' if sign in text else text

    return [line.encode() for line in (sign.join(rows[0]), *(sign.join(map(cell, row.values())) for row in rows))]


def write(path: Path, rows: list[Row], form: str, how: str, line: Callable[[bytes], bytes] | None, at: int) -> None:
    """Writes a file; of a text file one line may be changed on the way."""
    if form == "parquet":
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        if "kw" in columns:  # as text, so that it can be wrong
            columns["kw"] = [str(value) for value in columns["kw"]]
        pq.write_table(pa.table(columns), path, row_group_size=700)
        return
    lines = lines_of(rows, form)
    if line is not None:
        lines[at + (form != "jsonl")] = line(lines[at + (form != "jsonl")])
    data = (b"\r\n" if how == "crlf" else b"\n").join([*lines, b""])
    data = b"\xef\xbb\xbf" + data if how == "mark" else data
    path.write_bytes(gzip.compress(data, 1) if how == "packed" else data)


def planted(drawn: random.Random, folder: Path, recipe: str, form: str, kind: str) -> Planted:
    """Plants a fault, and asks the recipe. `folder` is the working directory."""
    how = drawn.choice(
        ("plain", "folder", "shards", *(() if form == "parquet" else ("packed", "crlf", "mark", "lines")))
    )
    sizes = {name: drawn.choice((drawn.randint(60, 200), drawn.randint(60, MOST_ROWS))) for name in ("train", "test")}
    bad = drawn.choice(list(sizes))
    row = drawn.choice((0, sizes[bad] - 1, *(drawn.randrange(sizes[bad]) for _ in range(6))))
    if kind == "a blank line":
        row = min(
            row, sizes[bad] - 2 if how != "shards" or row < sizes[bad] * 2 // 3 - 1 else 5
        )  # at the end it is none
    place = folder / "data"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    start, named, ending = 0, "", f"{form}.gz" if how == "packed" else form
    for name, size in sizes.items():
        rows = [ROWS[recipe](drawn, start + number) for number in range(size)]
        start += size
        if how == "lines" and form == "csv" and recipe != "electricity":
            for some in drawn.sample(rows, 20):  # so that rows are not lines
                some[next(iter(some))] += "\n,\n"
        change = None
        if name == bad and kind in (cells := cell_faults(recipe, form)):
            column, value = cells[kind]
            rows[row][column] = value
        elif name == bad and form == "jsonl":
            change = JSON_LINES[kind]
        elif name == bad:
            change = partial(LINES[kind], sign=b"\t" if form == "tsv" else b",")
        first = len(rows) * 2 // 3 if how == "shards" else len(rows)
        for number, part in enumerate(filter(None, (rows[:first], rows[first:]))):
            path = place / (f"{name}-{number}.{ending}" if how == "shards" else f"{name}.{ending}")
            inside = row - number * first
            here = name == bad and 0 <= inside < len(part)
            write(path, part, form, how, change if here else None, inside)
            if here:
                named, told = str(path), inside + 1
    star = "-*" if how == "shards" else ""
    files = [flag for name in sizes for flag in (f"--{name}", f"data/{name}{star}.{ending}")]
    sides = ("--source", "source", "--target", "target") if recipe == "translation" else ()
    ended = seqtext_command("train", recipe, *(("--data", "data") if how == "folder" else files), *sides, *FLAGS)
    return Planted(f"{form}, {how}: {kind}", recipe, named, told, ended)


def try_rows(place: Path, count: int, seed: int, until: float) -> list[Planted]:
    """Faults at random rows: recipes and formats in turn, kinds and rows drawn. `place` becomes the working directory."""
    import datasets

    os.chdir(place)
    os.environ["SEQTEXT_CACHE"] = str(place / "cache")
    datasets.config.HF_DATASETS_CACHE = place / "hf"
    drawn = random.Random(seed)
    turns = [(recipe, form) for recipe in RECIPES for form in FORMATS]
    left: dict[tuple[str, str], list[str]] = {}
    done = []
    for number in range(count):
        if time.monotonic() > until:
            break
        turn = turns[number % len(turns)]
        if not left.get(turn):
            left[turn] = drawn.sample(known := faults(*turn), len(known))
        done.append(planted(drawn, Path(), *turn, left[turn].pop()))
    return done
