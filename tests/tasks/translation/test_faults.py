"""What the translation recipe says to pairs and options that cannot be used, and what it makes of odd ones."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.in_process import figures_of
from tests.tasks.translation.recipe import (
    FILES,
    done,
    pairs,
    predictions_of,
    recipe,
    write,
    write_all,
)

pytestmark = pytest.mark.draws  # what is odd is drawn too


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_all()


# fmt: off
FAULTS = {
    "files of unequal length": (
        ("--train", "train.en", "short.de"),
        "--train train.en short.de: found 60 and 59 lines; expected as many in both; the lengths of their lines .*"),
    "one file of lines": (("--train", "train.en"), "--train train.en: found one file of lines; expected two, .*; give the other one too"),
    "files for some splits": (
        ("--train", "train.en", "train.de", "--test", "test.en"), "--test test.en: found 1 file; expected two files of lines, .*"),
    "a test without training": (("--test", "test.en", "test.de"), "--validation and --test are files beside --train; .*"),
    "no such language": (("--source", "xx"), r"source: unknown locale 'xx'; expected a CLDR locale .*"),
    "a misspelt language": (("--target", "german"), r"target: unknown locale 'german'; .*; did you mean 'de'\?"),
    "one language twice": (("--source", "de"[:2], "--target", "de"), "phrasebook: found 'de' as source and as target; .*"),
    "no beam": (("--beam", "0"), "--beam is 0; expected from 1 to 1,000"),
    "faults of training, model and recipe": (
        ("--epochs", "0", "--label_smoothing", "1", "--beam", "0"),
        r"3 options:\n  --label_smoothing is 1.0; .*\n  --epochs is 0; .*\n  --beam is 0; .*"),
    "a beam of too many": (("--beam", "1001"), "--beam is 1001; expected from 1 to 1,000"),
    "a revision of files": (
        (*FILES, "--revision", "main"), "--revision and --data_config are of --data; files of --train have none"),
    "no such side": ((*FILES, "--source", "fr", "--target", "de"), ".*--source fr is none of the columns of text; .*"),
}
# fmt: on


@pytest.mark.fault(32)
def test_pairs_without_text_on_a_side_are_left_out_and_counted():
    source, target = pairs(60, 1)
    source[4] = target[9] = "\x01 \u2003"  # a control character is no text either
    write("bare.en", source)
    write("bare.de", target)
    ended = done("--train", "bare.en", "bare.de", "--test", "test.en", "test.de", "--run", "run")
    assert "2 of 60 pairs of split 'train' are left out, blank on a side (rows 5, 10)" in ended.out
    assert figures_of("run")["data"]["blank_pairs"] == {"train": 2, "test": 0}


@pytest.mark.fault(1, 31)
@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_in_a_line_before_training(case):
    flags, message = FAULTS[case]
    write("short.de", pairs(60, 1)[1][:-1])
    before = sorted(os.walk("."))
    ended = recipe(*flags, "--run", "run")
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(f"error: {message}\n", ended.err), ended.err
    assert sorted(os.walk(".")) == before


BAD = 16  # the row, from 0, that a fault is put into: row 17


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "row 17, column 'de': found None; expected text; .*"), (7, "row 17, column 'de': found 7, .*")],
)
def test_a_cell_that_is_no_text_is_told_by_its_row(value: object, message: str):
    rows = [{"en": a, "de": b} for a, b in zip(*pairs(60, 1), strict=True)]
    rows[BAD]["de"] = value
    Path("bad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = recipe("--train", "bad.jsonl", "--source", "en", "--target", "de", "--run", "run")
    assert ended.code == 2
    assert re.fullmatch(f"error: .*{message}\n", ended.err), ended.err
    assert not Path("run").exists()


@pytest.mark.fault(3)
@pytest.mark.parametrize("name", ["train.en", "train.de"])
def test_bytes_that_are_no_text_are_told_by_file_and_line(name: str):
    lines = Path(name).read_bytes().split(b"\n")
    lines[BAD] += b"\xff"
    Path(name).write_bytes(b"\n".join(lines))
    ended = recipe(*FILES, "--run", "run")
    assert ended.code == 2
    assert re.match(rf"error: {name}, row 17 \(line 17\): not UTF-8: byte 0xFF at byte offset ", ended.err), ended.err


@pytest.mark.fault(22)
def test_odd_characters_go_through_training_and_translation():
    odd = ["\u2028a b\x0b", "e\u0301 \u200d👩\u200d🚀", "\x00\x01", "\ufeffx", "שלום \u200f", "NA", "null", "a" * 3000]
    write("odd.src", [*odd, *pairs(60, 1)[0]])
    write("odd.tgt", [*reversed(odd), *pairs(60, 1)[1]])
    done("--train", "odd.src", "odd.tgt", "--test", "odd.src", "odd.tgt", "--max_length", "40", "--run", "run")
    rows = [line["row"] for line in predictions_of("run")]
    assert rows == [row for row in range(1, 69) if row not in (3, 6)], "those of control characters alone are no pairs"
