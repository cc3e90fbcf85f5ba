"""What commands read: tables of any layout, parquet, folders and the hub, as training does; what was left aside is told once."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import TOPICS
from tests.in_process import Ended, seqtext_command, succeeded
from tests.tasks.forecasting.recipe import load, table, times

TEXTS = ["two ships sail", "NA", "the bond; fell, again"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def predicted(saved_tasks, *flags: object, stdin: bytes | None = None) -> Ended:
    return succeeded(seqtext_command("predict", saved_tasks["TopicClassifier"], *flags, stdin=stdin))


def write_rows(name: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": i, "text": text} for i, text in enumerate(TEXTS)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    semicolons = ";id;text\n" + "".join(f'{i};{i};"{text}"\n' for i, text in enumerate(TEXTS))
    content = {
        ".jsonl": lines.encode(),
        ".json": json.dumps({"data": rows}).encode(),
        ".xz": lzma.compress(lines.encode()),
        ".csv": semicolons.encode(),
        ".gz": gzip.compress(semicolons.encode("utf-16")),
    }
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_bytes(content[path.suffix])
    return name


@pytest.mark.fault(69)
@pytest.mark.parametrize(
    "name",
    ["a.jsonl", "a.json", "a.jsonl.xz", "a.csv", "a.csv.gz", "a.parquet", "folder/test.parquet", "folder/test.csv"],
)
def test_predict_reads_whatever_training_reads(saved_tasks, name):
    file = write_rows(name)
    ended = predicted(saved_tasks, "--input", "folder" if "/" in name else file, "--output", "out.jsonl")
    rows = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in rows] == TEXTS
    assert [str(row["id"]) for row in rows] == ["0", "1", "2"]
    assert all("predicted" in row for row in rows)
    assert ended.err.count("has no name: not used") == (".csv" in name)


def test_predict_chooses_a_split(saved_tasks):
    for split in ("train", "test"):
        write_rows(f"folder/{split}.jsonl")
    Path("folder/test.jsonl").write_text('{"text": "only one"}\n')
    assert len(predicted(saved_tasks, "--input", "folder").out.splitlines()) == 1
    assert len(predicted(saved_tasks, "--input", "folder", "--split", "train").out.splitlines()) == 4
    ended = seqtext_command("predict", saved_tasks["TopicClassifier"], "--input", "folder", "--split", "dev")
    assert (ended.code, "no split 'dev'; expected one of train, test" in ended.err) == (2, True)


@pytest.mark.fault(70)
def test_columns_that_are_not_used_stop_no_prediction(saved_tasks):
    Path("a.jsonl").write_text(
        '{"text": "a", "n": 1}\n{"text": "b", "n": NaN}\n{"text": "c", "n": "x", "vote": 3}\n{"text": "d", "n": 1, "n": 2}\n'
    )
    ended = predicted(saved_tasks, "--input", "a.jsonl", "--output", "out.jsonl")
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == list("abcd")
    assert rows[3]["n"] == 2
    assert ended.err == "note: a.jsonl: left aside: keys that the first row has not: 'vote' (first in row 3)\n"
    Path("b.csv").write_text("text,x,x\na,1,2\nb,3,4\n")
    ended = predicted(saved_tasks, "--input", "b.csv")
    assert ended.err == "note: b.csv: left aside: 'x' (line 1 (the header): found the column 'x' 2 times)\n"
    ended = seqtext_command("predict", saved_tasks["TopicClassifier"], "--input", "b.csv", "--text_column", "x")
    assert ended.code == 2
    assert ended.err == "error: b.csv, line 1 (the header): found the column 'x' 2 times; rename one\n"


def test_a_key_that_stands_twice_in_the_text_stops(saved_tasks):
    Path("a.jsonl").write_text('{"text": "a"}\n{"text": "b", "text": "c"}\n')
    ended = seqtext_command("predict", saved_tasks["TopicClassifier"], "--input", "a.jsonl")
    assert ended.code == 2
    assert "a.jsonl, row 2, column 'text': the key 'text' stands twice" in ended.err


def test_a_table_in_a_pipe_with_a_layout(saved_tasks):
    ended = predicted(saved_tasks, "--delimiter", "tab", "--columns", "n", "text", stdin=b"1\ta ship\n2\ta bond\n")
    assert [line.split(",")[:2] for line in ended.out.splitlines()][1:] == [["1", "a ship"], ["2", "a bond"]]
    ended = seqtext_command("predict", saved_tasks["TopicClassifier"], "--delimiter", "ab", stdin=b"a\n")
    assert (ended.code, "--delimiter is 'ab'" in ended.err) == (2, True)


def test_translate_reads_tables(saved_tasks):
    rows = [{"source": "old house", "x": 1}, {"source": "green tree", "x": 2}]
    pq.write_table(pa.Table.from_pylist(rows), "a.parquet")
    Path("a.csv").write_text("other;source\nu;old house\nv;green tree\n")
    Path("a.txt").write_text("old house\ngreen tree\n")
    Path("lines.en").write_text("old house\ngreen tree\n")
    run = saved_tasks["Translator"]
    made = {
        name: succeeded(seqtext_command("translate", run, "--input", name)).out
        for name in ("a.parquet", "a.csv", "a.txt", "lines.en")
    }
    assert len(set(made.values())) == 1
    assert made["a.txt"].count("\n") == 2
    ended = succeeded(seqtext_command("translate", run, "--input", "a.csv", "--text_column", "other"))
    assert ended.out.count("\n") == 2
    ended = seqtext_command("translate", run, "--input", "a.csv", "--text_column", "sourc")
    assert (ended.code, "did you mean 'source'?" in ended.err) == (2, True)
    pq.write_table(pa.Table.from_pylist([{"source": 1}]), "b.parquet")
    ended = seqtext_command("translate", run, "--input", "b.parquet")
    assert (ended.code, "b.parquet, row 1, column 'source': found 1 (int); expected text" in ended.err) == (2, True)


def test_forecast_and_evaluate_read_other_layouts(saved_tasks):
    content = table("when,kw", times(40), load(40))
    Path("a.csv").write_text(content)
    Path("a.txt").write_text(content.replace(",", ";").replace(".", ","))
    Path("folder").mkdir()
    rows = [line.split(",") for line in content.splitlines()[1:]]
    pq.write_table(
        pa.table({"when": [row[0] for row in rows], "kw": [float(row[1]) for row in rows]}), "folder/train.parquet"
    )
    Path("index.csv").write_text(content.replace("when,kw", ",kw"))
    run, several = saved_tasks["Forecaster"], []
    for name, *flags in (["a.csv"], ["a.txt", "--decimal", ","], ["folder"], ["index.csv"]):
        several.append(succeeded(seqtext_command("forecast", run, "--history", name, *flags)).out)
        measured = seqtext_command("evaluate", run, "--data", name, *flags, "--device", "cpu")
        assert "tested on" in succeeded(measured).out
    assert len(set(several)) == 1


def test_evaluate_tells_how_the_data_were_read(saved_tasks):
    rows = "".join(f"{i};a ship {i};{label}\n" for i, label in enumerate([*TOPICS] * 3))
    Path("a.csv").write_text(f";text;label\n{rows}")
    ended = succeeded(seqtext_command("evaluate", saved_tasks["TopicClassifier"], "--data", "a.csv", "--device", "cpu"))
    assert "note: a.csv: cells are separated by ';', as its first lines tell\n" in ended.out
    assert "note: a.csv: column 1 has no name" in ended.out
