"""Input as it comes: each fault is found before training, told in one line that says where, what and what to do, or passed with a note."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, topics_recipe

pytestmark = pytest.mark.draws  # what is odd is drawn too

ROWS = topic_rows(60, seed=1)
TINY = [
    *("--hidden_size", "8", "--embedding_size", "8", "--vocabulary_size", "300", "--batch_tokens", "600"),
    *("--device", "cpu", "--threads", "1", "--dry_run"),
]
TRAIN = ("--train", "train.csv")
BAD = 16  # the row, from 0, that a fault is put into: row 17, line 18 of a csv file


def lines_of(labels: list[object], texts: list[object] | None = None) -> str:
    """JSON lines of texts and labels."""
    pairs = zip(texts or ROWS["text"], labels, strict=True)
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in pairs)


def with_bad(values: list[object], bad: object) -> list[object]:
    return [*values[:BAD], bad, *values[BAD + 1 :]]


def csv_with_bad(line: str) -> str:
    """The csv file with another line as row 17."""
    rows = [f"{text},{label}" for text, label in zip(*ROWS.values(), strict=True)]
    return "\n".join(["text,label", *with_bad(rows, line)]) + "\n"


IDS = [number % 3 for number in range(60)]
CSV = csv_with_bad(f"{ROWS['text'][BAD]},{ROWS['label'][BAD]}")
OFFSET = len("\n".join(CSV.split("\n")[: BAD + 1])) + 1  # of the first byte of row 17


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("train.csv"), ROWS)
    write_csv(Path("test.csv"), topic_rows(12, seed=2))


def checked(files: dict[str, str | bytes], flags: tuple[str, ...]) -> Ended:
    """The recipe's checks of these files, with these flags; nothing may be left behind."""
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = sorted(os.walk("."))
    ended = topics_recipe(*TINY, *flags)
    assert sorted(os.walk(".")) == before
    assert "Traceback" not in ended.out + ended.err
    return ended


NOTHING: dict[str, str | bytes] = {}
# fmt: off
FAULTS = {
    # paths
    "a file that is not there": (
        NOTHING, ("--train", "trian.csv"),
        r"--train trian.csv: no such file or folder: /.*/trian.csv; did you mean 'train.csv'\?",
    ),
    "a test file that is not there": (
        NOTHING, (*TRAIN, "--test", "tset.csv"), r"--test tset.csv: no such file .*; did you mean 'test.csv'\?",
    ),
    "a name that is nothing": (
        NOTHING, ("--data", "phrasebok"),
        r"phrasebok: no such file or folder: .*; expected a file, a folder, a hub name .*; did you mean 'phrasebook'\?",
    ),
    "a hub name without a network": (
        NOTHING, ("--data", "no/such"), r"no/such: .* the hub cannot be reached .*; download it where there is a network .*",
    ),
    "a language there is not": (NOTHING, ("--data", "phrasebook:xx"), r"unknown locale 'xx'; expected a CLDR locale such as .*"),
    "a folder in the place of a file": (
        {"folder/a.csv": "x"}, ("--train", "folder"), r"--train folder: found a folder; expected a file; .*a.csv",
    ),
    "a pattern that matches nothing": (NOTHING, ("--train", "*.tsv"), r"--train \*.tsv: the pattern matches no file: .*"),
    "an unknown kind of file": ({"a.xlsx": "PK"}, ("--train", "a.xlsx"), r"a.xlsx: unknown ending '.xlsx'; expected one of .csv, .*"),
    # files
    "an empty file": ({"a.csv": ""}, ("--train", "a.csv"), r"--train a.csv: the file is empty \(0 bytes\); .*"),
    "a header only": (
        {"a.csv": "text,label\n"}, ("--train", "a.csv"), r"a.csv: a header and no rows; expected one row at least; .*",
    ),
    "a row that is too short": (
        {"a.csv": csv_with_bad("only a text")}, ("--train", "a.csv"),
        r"a.csv, row 17 \(line 18\): found 1 cell; expected 2 \('text, label'\); add the missing cells, .*",
    ),
    "a row that is too long": (
        {"a.csv": csv_with_bad("one, two,sea")}, ("--train", "a.csv"),
        r"a.csv, row 17 \(line 18\): found 3 cells; expected 2 .*; put cells that contain ',' in quotes",
    ),
    "a quote that is never closed": (
        {"a.csv": csv_with_bad('"never closed,sea')}, ("--train", "a.csv"),
        r"a.csv, row 17 \(line 18\): the quote opened in line 18 is never closed; close the quote, .*",
    ),
    "a blank line": (
        {"a.csv": csv_with_bad("")}, ("--train", "a.csv"), r"a.csv, row 17 \(line 18\): found a blank line; .*; remove it",
    ),
    "a column twice": (
        {"a.csv": CSV.replace("text,label", "text,text")}, ("--train", "a.csv"),
        r"a.csv, line 1 \(the header\): found the column 'text' 2 times; rename one",
    ),
    "latin-1": (
        {"a.csv": csv_with_bad("é,sea").encode("latin-1")}, ("--train", "a.csv"),
        rf"a.csv, row 17 \(line 18\): not UTF-8: byte 0xE9 at byte offset {OFFSET} of the file; re-encode .* iconv -f windows-1252 .*",
    ),
    "a line that is no JSON": (
        {"a.jsonl": lines_of(IDS).replace(json.dumps(ROWS["text"][BAD]), '"cut', 1)}, ("--train", "a.jsonl"),
        r"a.jsonl, row 17 \(line 17\): not valid JSON at column \d+ \(.*\); expected one JSON object per line; mend .*",
    ),
    "a gzip file that was cut": (
        {"a.csv.gz": gzip.compress(CSV.encode())[:-20]}, ("--train", "a.csv.gz"),
        r"a.csv.gz, row \d+ .*: the compressed data is cut off after .*; download or copy the file again",
    ),
    # columns
    "a misspelt text column": (
        NOTHING, (*TRAIN, "--text_column", "txet"), r"train.csv, split 'train': no column 'txet' among .*; did you mean 'text'\?",
    ),
    "a misspelt label column": (
        NOTHING, (*TRAIN, "--label_column", "lable"), r"train.csv, .*: no column 'lable' among .*; did you mean 'label'\?",
    ),
    "no column that could be the label": (
        {"a.csv": CSV.replace("text,label", "text,kind").replace("sea", "a,b").replace("wood", "c,a").replace("town", "b,c")
         .replace("kind", "kind,mood")}, ("--train", "a.csv"),
        r"a.csv, split 'train': no column is clearly the label among 'text' \(string\), 'kind' \(string\), 'mood' \(string\); .*",
    ),
    "a test file without the column": (
        {"a.csv": "body,label\nx,sea\n"}, (*TRAIN, "--test", "a.csv"), r"a.csv, split 'test': no column 'text' among 'body' .*",
    ),
    "a text that is none": (
        {"a.jsonl": lines_of(IDS, with_bad(ROWS["text"], None))}, ("--train", "a.jsonl"),
        r"a.jsonl, split 'train', row 17, column 'text': found None; expected text; give the rows a text, or remove them",
    ),
    "texts that are numbers": (
        {"a.jsonl": lines_of(IDS, list(range(60)))}, ("--train", "a.jsonl", "--text_column", "text"),
        r"a.jsonl, .*column 'text'.* expected text.*",
    ),
    # labels
    "one class only": (
        {"a.csv": "text,label\n" + "a ship,sea\n" * 20}, ("--train", "a.csv"),
        r"a.csv, split 'train', column 'label': found only 'sea', in 20 rows; expected two classes at least; .*",
    ),
    "a test file of other labels only": (
        {"a.csv": "text,label\nx,see\ny,wod\n"}, (*TRAIN, "--test", "a.csv"),
        r"a.csv, split 'test', column 'label': found only labels that are not in training: .*'see', 'wod'; expected .*'sea', .*",
    ),
    "a test file without labels": (
        {"a.csv": "text,label\nx,\ny,\n"}, (*TRAIN, "--test", "a.csv"),
        r"a.csv, split 'test', column 'label': found no label .* in 2 rows, 1, 2 of 2; expected .*; use another split.*",
    ),
    "too few rows to hold some out": (
        {"a.csv": "text,label\nx,sea\ny,wood\n"}, ("--train", "a.csv"),
        r"a.csv, .*: 2 rows are too few to take rows to validate and to test out of them; .*; give more rows, or a file for each .*",
    ),
    "a language the tokenizer never saw": (
        {"a.csv": "text,label\nбыл туман,sea\nшёл дождь,wood\n"}, (*TRAIN, "--test", "a.csv"),
        r"split 'test': \d+% of the tokens spell characters the vocabulary lacks: . .*; train a tokenizer on this language .*",
    ),
    # runs and options
    "a run folder that holds a run": (
        {"run/options.yaml": "seed: 1\n"}, (*TRAIN, "--run", "run"),
        r"--run run: the folder already holds a run; choose another --run, or --resume .*, or --overwrite .*",
    ),
    "a run folder of somebody else": (
        {"run/thesis.tex": "x"}, (*TRAIN, "--run", "run", "--overwrite"),
        r"--run run: the folder holds other files \(thesis.tex\); choose a new folder",
    ),
    "a run folder that is a file": (NOTHING, (*TRAIN, "--run", "test.csv"), r"--run test.csv: it is a file; expected a folder.*"),
    "a run to resume that is not there": (
        NOTHING, ("--resume", "--run", "none"),
        r"--run none: there is no run to go on with; leave --resume out to start one",
    ),
    "a config that is misspelt": (
        {"a.yaml": "epoch: 3\n"}, (*TRAIN, "--config", "a.yaml"), r"a.yaml: unknown key 'epoch'; did you mean 'epochs'\?",
    ),
    "a value out of range": (NOTHING, (*TRAIN, "--epochs", "0"), r"--epochs is 0; expected more than 0"),
    "a model too large to be meant": (NOTHING, (*TRAIN, "--num_layers", "65"), r"--num_layers is 65; expected 1 to 64"),
    "rows from two places": (
        NOTHING, (*TRAIN, "--data", "phrasebook:de"), r"--data and --train both name training data; give one of them",
    ),
    "a test file without a training file": (
        NOTHING, ("--test", "test.csv"), r"--validation and --test are files beside --train; --data brings its own splits",
    ),
    "a revision of a file": (
        NOTHING, ("--data", "train.csv", "--revision", "main"),
        r"train.csv: found a revision of what is on this machine; expected a hub name; .*",
    ),
}
LABELS = [
    (None, IDS, r"column 'label': found no label .* in row 17 of 60; expected .*; --unlabelled drop leaves .*"),
    (None, ROWS["label"], r"column 'label': found no label .* in row 17 of 60; .*--unlabelled drop .*"),
    ("", ROWS["label"], r"column 'label': found no label .* in row 17 of 60; .*--unlabelled drop .*"),
    (-1, IDS, r"column 'label': found no label .* in row 17 of 60; .*--unlabelled drop .*"),
    (-100, IDS, r"column 'label': found -100 in row 17; expected 0 or more; .*no label is ever ignored.*"),
    (1.5, IDS, r"column 'label': found 1.5 in row 17 .*; expected a name, a whole number, .*; write .*"),
    (1.5, ROWS["label"], r"row 17, column 'label': found 1.5, .*; expected text, as in other rows; .*"),
    (True, IDS, r"row 17, column 'label': found True, .*; expected a whole number, .*; .*"),
    ("two", IDS, r"row 17, column 'label': found 'two', which is text; expected a whole number.*"),
    ([1], ROWS["label"], r"row 17, column 'label': found \[1\], which is a list; expected text.*"),
]
OF_OTHER_KINDS = {
    "a device that is not there": (
        5, (*TRAIN, "--device", "cuda:77"), r"--device cuda:77: this machine has \d device.*; use --device cpu or auto",
    ),
    "a precision without the hardware": (5, (*TRAIN, "--device", "cpu", "--precision", "fp16"), r"--precision fp16 needs a GPU; use .*"),
    "a model to start from that is not there": (3, (*TRAIN, "--init_from", "none"), r"none: no such folder: /.*/none; check the path"),
    "a folder to start from that is no model": (3, (*TRAIN, "--init_from", "."), "manifest.json: the file is missing; is this .*"),
}
# fmt: on


def told(ended: Ended) -> str:
    """The one line of a fault."""
    assert ended.out == "", "the fault comes before the summary"
    [line] = ended.err.splitlines()
    assert len(line) < 400
    return line


@pytest.mark.fault(1, 2, 3, 5, 6, 7, 9, 10, 12, 18, 30)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_input_stops_with_2_and_one_line_about(fault):
    files, flags, pattern = FAULTS[fault]
    ended = checked(files, flags)
    assert re.fullmatch(f"error: {pattern}", told(ended)), ended.err
    assert ended.code == 2


@pytest.mark.fault(14, 15, 16, 72)
@pytest.mark.parametrize(("value", "labels", "pattern"), LABELS)
def test_what_is_no_label_stops_with_2_and_its_row(value, labels, pattern):
    ended = checked({"a.jsonl": lines_of(with_bad(labels, value))}, ("--train", "a.jsonl"))
    assert re.fullmatch(f"error: a.jsonl, .*{pattern}", told(ended)), ended.err
    assert ended.code == 2


@pytest.mark.fault(61)
@pytest.mark.parametrize("fault", OF_OTHER_KINDS)
def test_a_fault_of_another_kind_has_its_own_exit_code(fault):
    code, flags, pattern = OF_OTHER_KINDS[fault]
    ended = checked(NOTHING, flags)
    assert re.fullmatch(f"error: {pattern}", ended.err.strip().splitlines()[-1]), ended.err
    assert ended.code == code


@pytest.mark.parametrize(
    ("flags", "pattern"),
    [
        (("--hiden_size", "3"), r"Unrecognized options: --hiden_size, 3 Perhaps you meant: --hidden_size"),
        (("--cell", "gruu"), r"invalid choice 'gruu' for argument '--cell'\. Expected one of"),
        (("train.csv",), r"Unrecognized options: train\.csv"),
    ],
)
def test_a_flag_that_cannot_be_meant_stops_with_2_and_says_which(flags, pattern):
    ended = checked(NOTHING, (*TRAIN, *flags))
    assert (ended.code, ended.out) == (2, "")
    without_box = re.sub(r"[^ -~]+|----+", " ", ended.err)
    assert re.search(pattern, " ".join(without_box.split())), ended.err


@pytest.mark.fault(56)
@pytest.mark.parametrize("part", ["config.json", "model.safetensors", "tokenizer.model", "manifest.json"])
def test_a_damaged_model_to_start_from_is_refused_with_3(run_folder, part):
    shutil.copytree(run_folder / "model", "start")
    data = bytearray(Path("start", part).read_bytes())
    data[len(data) // 2] ^= 16
    Path("start", part).write_bytes(data)
    ended = checked(NOTHING, (*TRAIN, "--init_from", "start"))
    assert ended.code == 3
    assert told(ended).startswith("error: start/")


@pytest.mark.fault(9)
@settings(deadline=None, max_examples=20)
@given(st.data())
def test_a_column_name_with_one_letter_wrong_is_told_the_right_one(data):
    name = data.draw(st.sampled_from(["text", "label"]))
    place = data.draw(st.integers(0, len(name) - 1))
    misspelt = name[:place] + data.draw(st.sampled_from(["", "x", name[place] * 2])) + name[place + 1 :]
    assume(misspelt != name)
    ended = topics_recipe(*TINY, *TRAIN, f"--{name}_column", misspelt)
    assert ended.code == 2
    assert told(ended).endswith(f"; did you mean {name!r}?")


# ---- what is passed, with a word about it

# fmt: off
PASSED = {
    "rows without a label, if told to drop them": (
        {"a.jsonl": lines_of([None, -1, *IDS[2:]])}, ("--train", "a.jsonl", "--unlabelled", "drop"),
        r"note +2 of 60 rows of split 'train' have no label and are left out \(--unlabelled drop\)",
    ),
    "a hidden test split, if told to drop it": (
        {"a.csv": "text,label\nx,\n"}, (*TRAIN, "--test", "a.csv", "--unlabelled", "drop"), r"note +1 of 1 rows of split 'test'",
    ),
    "a test label that training never had": (
        {"a.csv": "text,label\nthe ship,sea\nthe owl,wod\n"}, (*TRAIN, "--test", "a.csv"),
        r"warning +a.csv, split 'test', column 'label': the label 'wod' in row 2 never occurs .*; did you mean 'wood'\?",
    ),
    "a class that the test never has": (
        {"a.csv": "text,label\nthe ship,sea\nthe owl,wood\n"}, (*TRAIN, "--test", "a.csv"), r"\n +town +18 +2 +0\n",
    ),
    "test texts that are in train": (
        {"a.csv": "\n".join([*CSV.split("\n")[:4], "something new,sea\n"])}, (*TRAIN, "--test", "a.csv"),
        r"warning +3 test texts are in train too \(test rows [\d, ]+\): the test figure flatters",
    ),
    "empty texts": ({"a.csv": csv_with_bad('"",sea')}, ("--train", "a.csv"), r"\n +1 empty texts, 0 cut"),
    "texts too long to be read whole": (
        {"a.csv": csv_with_bad("ship " * 4000 + ",sea")}, ("--train", "a.csv"), "0 empty texts, 1 cut to the longest",
    ),
    "labels that are numbers": ({"a.jsonl": lines_of([number * 5 for number in IDS])}, ("--train", "a.jsonl"), r"\n +0 .*\n +5 .*\n +10 "),
    "labels that are true and false": (
        {"a.jsonl": lines_of([number < 1 for number in IDS])}, ("--train", "a.jsonl"), r"\n +false .*\n +true ",
    ),
    "texts that other readers take for nothing": (
        {"a.csv": "text,label\n" + "NA,null\nnan,null\nNone,NA\n\"\",NA\n" * 10}, ("--train", "a.csv"), r"\n +NA .*\n +null ",
    ),
    "a byte order mark, and lines that end as on Windows": (
        {"a.csv": b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()}, ("--train", "a.csv"), r"\n +sea .*\n +town .*\n +wood ",
    ),
    "characters of every kind": ({"a.csv": csv_with_bad("\0\x1b[31m \u2028\u202e🙂\ue000 a,sea")}, ("--train", "a.csv"), r"\n +all "),
    "a corpus smaller than the vocabulary": (NOTHING, (*TRAIN, "--vocabulary_size", "9999"), r"asked for 9,999; the corpus has no more"),
    "no test rows": (NOTHING, TRAIN, r"note +no test split: 6 training rows are held out as one, the same whatever the seed\n"),
    "validation rows only": (
        NOTHING, (*TRAIN, "--validation", "test.csv"), r"no test split: the given validation split is the test",
    ),
    "fewer rows than there are": (
        NOTHING, (*TRAIN, "--max_rows", "30"), r"note +30 training rows used, drawn by class with seed 0 \(--max_rows\)",
    ),
}
# fmt: on


@pytest.mark.fault(2, 4, 8, 14, 17, 19, 21, 22, 24, 25, 29)
@pytest.mark.parametrize("case", PASSED)
def test_passed_with_a_word_about_it(case):
    files, flags, pattern = PASSED[case]
    ended = checked(files, flags)
    assert (ended.code, ended.err) == (0, "")
    assert re.search(pattern, ended.out), ended.out
    assert "\x1b" not in ended.out
