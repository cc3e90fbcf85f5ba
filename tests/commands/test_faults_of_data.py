"""Files that cannot be used, or look so, given to each recipe from the command line: the same words and codes for all."""

from __future__ import annotations

import gzip
import os
import random
import re
from pathlib import Path

import pytest

from tests.in_process import Ended, seqtext_command
from tests.survival.planted import FLAGS, RECIPES, ROWS, Row, lines_of, write

N = 80
TEXTS = ("--embedding_size", "8", "--hidden_size", "8", "--vocabulary_size", "400", "--epochs", "1")
SMALL = {
    "topics": (*TEXTS, "--model", "rnn"),
    "generation": TEXTS,
    "translation": (*TEXTS, "--encoder_size", "8", "--encoder_layers", "1", "--num_layers", "1"),
    "electricity": ("--window", "4", "--hidden_size", "8", "--epochs", "1"),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows_of(recipe: str, rows: int = N) -> list[Row]:
    drawn = random.Random(rows)
    return [ROWS[recipe](drawn, number) for number in range(rows)]


def train(recipe: str, path: str, *flags: str) -> Ended:
    """The recipe's checks of a file; nothing may be left behind, nor a traceback seen."""
    before = sorted(os.walk("."))
    sides = ("--source", "source", "--target", "target") if recipe == "translation" and "--source" not in flags else ()
    ended = seqtext_command("train", recipe, "--train", path, *sides, *SMALL[recipe], *FLAGS, *flags)
    assert sorted(os.walk(".")) == before
    assert "Traceback" not in ended.out + ended.err
    return ended


def refused(ended: Ended) -> str:
    """The one line of a fault of data."""
    assert (ended.code, ended.out) == (2, ""), ended
    [line] = ended.err.splitlines()
    return line


PACKED = gzip.compress(b"text,label\n" + b"a ship,sea\n" * 500)
FILES: dict[str, tuple[bytes | None, str]] = {
    "trian.csv": (None, r"--train trian.csv: no such file or folder: /.*/trian.csv; .*did you mean 'train.csv'\?"),
    "folder": (None, "--train folder: found a folder; expected a file; .*"),
    "*.tsv": (None, r"--train \*.tsv: the pattern matches no file: .*"),
    "empty.csv": (b"", r".*empty.csv: the file is empty \(0 bytes\); .*"),
    "empty.jsonl": (b"", r".*empty.jsonl: the file is empty \(0 bytes\); .*"),
    "empty.parquet": (b"", r".*empty.parquet: .*"),
    "header.csv": (b"text,label\n", ".*header.csv: a header and no rows; .*"),
    "cut.csv.gz": (PACKED[:-12], "cut.csv.gz, row .*: the compressed data is cut off .*"),
    "no.csv.gz": (b"text,label\na,b\n", "no.csv.gz.*: .*"),
    "no.parquet": (b"text,label\na,b\n", "no.parquet: .*"),
    "no.jsonl": (b"text,label\na,b\n", "no.jsonl, row 1 .*not valid JSON .*"),
    "a.docx": (b"PK", "a.docx: unknown ending '.docx'; .*"),
}


@pytest.mark.fault(1, 2, 5)
@pytest.mark.parametrize("recipe", RECIPES)
def test_files_that_are_none_are_told_in_a_line(recipe: str):
    write(Path("train.csv"), rows_of(recipe), "csv", "", None, 0)
    Path("folder").mkdir()
    for name, (content, _) in FILES.items():
        if content is not None:
            Path(name).write_bytes(content)
    for name, (_, told) in FILES.items():
        assert re.fullmatch(f"error: {told}", line := refused(train(recipe, name))), line


@pytest.mark.fault(5)
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_file_that_was_cut_is_told_wherever_it_ends(recipe: str, form: str):
    write(Path(f"a.{form}"), rows_of(recipe), form, "", None, 0)
    data = Path(f"a.{form}").read_bytes()
    for share in (0.1, 0.5, 0.97):
        end = int(len(data) * share)
        while form == "jsonl" and data[end - 1 : end + 1] in (b"\n{", b"}\n"):  # whole rows are no fault
            end += 1
        Path(f"a.{form}").write_bytes(data[:end])
        line = refused(train(recipe, f"a.{form}"))
        row = data[:end].count(b"\n") + 1
        assert f"a.{form}, row {row} " in line if form == "jsonl" else f"a.{form}: " in line


@pytest.mark.fault(4, 24)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(recipe: str):
    outputs = []
    for how in ("", "mark", "crlf"):
        write(Path("a.csv"), rows_of(recipe), "csv", how, None, 0)
        ended = train(recipe, "a.csv")
        assert (ended.code, ended.err) == (0, "")
        outputs.append(re.sub(r"runs/\S+|\d+(\.\d+)? m?s\b.*", "", ended.out))
    assert outputs[0] == outputs[1] == outputs[2]


COLUMN = {"topics": "text", "generation": "text", "translation": "target", "electricity": "kw"}


@pytest.mark.fault(9)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_column_that_is_misspelt_missing_in_a_split_or_there_twice_is_told(recipe: str):
    column = COLUMN[recipe]
    rows = rows_of(recipe)
    write(Path("a.csv"), rows, "csv", "", None, 0)
    flag = {"translation": "--target", "electricity": "--value_column"}.get(recipe, "--text_column")
    sides = ("--source", "source") if recipe == "translation" else ()
    for wrong in (column[1:], f"{column}x", column[::-1]):
        line = refused(train(recipe, "a.csv", flag, wrong, *sides))
        assert wrong in line
        assert column in line
    write(Path("b.csv"), [{f"no{name}" if name == column else name: cell for name, cell in row.items()} for row in rows],
          "csv", "", None, 0)  # fmt: skip
    line = refused(train(recipe, "a.csv", "--test", "b.csv"))
    assert column in line
    assert "b.csv" in line
    head, *lines = lines_of(rows, "csv")
    twice = [b",".join([head, column.encode()]), *(line + b",1" for line in lines)]
    Path("c.csv").write_bytes(b"\n".join([*twice, b""]))
    line = refused(train(recipe, "c.csv", flag, column, *sides))
    assert f"'{column}' 2 times" in line


@pytest.mark.fault(18)
@pytest.mark.parametrize("recipe", RECIPES)
def test_any_number_of_rows_passes_or_is_told_in_a_line(recipe: str):
    for rows in (1, 2, 3, 7, 8, 9):
        write(Path("a.jsonl"), rows_of(recipe, rows), "jsonl", "", None, 0)
        ended = train(recipe, "a.jsonl", "--batch_rows", "8")
        assert ended.code == 0 or re.match(r"error: .*a\.jsonl", refused(ended))


@pytest.mark.fault(8, 22, 23, 24)
@pytest.mark.parametrize("recipe", ["topics", "generation", "translation"])
def test_texts_of_any_characters_are_taken(recipe: str):
    odd = [
        "NA",
        "null",
        "None",
        "nan",
        "\0\x01\x1b[31m a",
        "\u2028\u0085\v\f a",
        "\u202e🙂\ue000👨‍👩‍👧 a",
        "\ud800 a",
        "a\rb",
    ]
    rows = rows_of(recipe)
    for row, text in zip(rows, odd, strict=False):
        row[next(iter(row))] = text
    write(Path("a.jsonl"), rows, "jsonl", "", None, 0)
    ended = train(recipe, "a.jsonl")
    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
