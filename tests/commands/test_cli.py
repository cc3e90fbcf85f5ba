"""`seqtext` as a user has it in the shell: texts in from anywhere, labels out to anywhere, and a line that says what is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import seqtext
import seqtext.cli
from seqtext.commands.info import _shown
from seqtext.data.series.series import whole
from seqtext.saving.folders import atomic_folder, seal
from seqtext.saving.manifest import Entry, manifest_bytes
from seqtext.tasks.forecasting.forecaster import Forecaster
from tests.conftest import ROOT, write_csv
from tests.in_process import seqtext_command
from tests.tasks.forecasting import forecasters

TEXTS = ["the ship sails", "", "old oak trees", 'a "tram"\tcrosses, the street', "ünknöwn 🙂"]


@pytest.fixture(scope="module")
def expected(run_folder) -> list[tuple[str, float]]:
    """What the model says of `TEXTS` in Python."""
    return [(found.label, found.probability) for found in seqtext.load(run_folder)(TEXTS)]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def predicted(rows: list[dict[str, str]]) -> list[tuple[str, float]]:
    return [(row["predicted"], pytest.approx(float(row["probability"]), abs=1e-5)) for row in rows]


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


# ---- the program


def test_help_lists_the_commands_and_is_what_no_command_gives():
    asked = seqtext_command("--help")
    assert asked == seqtext_command() == seqtext_command("-h")
    assert asked.code == 0
    for command in ("predict", "evaluate", "info"):
        assert f"\n  {command} " in asked.out
        helped = seqtext_command(command, "--help")
        assert helped.code == 0
        assert helped.out.startswith(f"usage: seqtext {command} ")
    assert seqtext_command("--version").out == f"seqtext {seqtext.__version__}\n"


def test_an_unknown_command_is_told_the_nearest():
    known = ", ".join(seqtext.cli.COMMANDS)
    told = f"error: unknown command 'predct'; expected one of {known}; did you mean 'predict'?\n"
    assert seqtext_command("predct", "x") == (2, "", told)


# ---- predict: where texts come from


def test_texts_as_arguments_give_label_probability_and_text_between_tabs(run_folder, expected):
    ended = seqtext_command("predict", run_folder, *TEXTS)
    assert ended.code == 0
    told = [line.split("\t") for line in ended.out.split("\n")[:-1]]
    assert [(label, float(probability)) for label, probability, _ in told] == [
        (label, pytest.approx(probability, abs=1e-4)) for label, probability in expected
    ]
    assert [text for *_, text in told] == [" ".join(text.split()) for text in TEXTS]
    assert ended.err == "note: texts: 5; empty: 1; cut to the longest length the model reads: 0\n"


@pytest.mark.fault(21)
def test_a_pipe_is_a_text_a_line_and_an_empty_line_is_a_text(run_folder):
    piped = seqtext_command("predict", run_folder, stdin=b"the ship sails\n\nold oak trees\r\nlast \xe2\x80\xa8 one")
    given = seqtext_command("predict", run_folder, "the ship sails", "", "old oak trees", "last \u2028 one")
    assert piped == given
    assert piped.code == 0
    assert piped.out.count("\n") == 4
    assert seqtext_command("predict", run_folder, "--input", "-", stdin=b"\n").out.count("\n") == 1


def test_a_pipe_may_be_a_table(run_folder, expected):
    lines = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in TEXTS)
    ended = seqtext_command("predict", run_folder, "--input_format", "jsonl", "--output_format", "csv", stdin=lines)
    assert predicted(table(ended.out)) == expected


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "txt"])
def test_every_format_of_file_gives_the_same_and_keeps_its_columns(run_folder, expected, ending, packed):
    path = Path(f"in.{ending}{packed}")
    texts = TEXTS if ending != "txt" else [text.replace("\t", " ") for text in TEXTS]
    written = io.StringIO(newline="")
    if ending == "txt":
        written.write("".join(f"{text}\n" for text in texts))
    elif ending == "jsonl":
        written.write("".join(json.dumps({"id": f"00{i}", "text": text}) + "\n" for i, text in enumerate(texts)))
    else:
        writer = csv.writer(written, delimiter="\t" if ending == "tsv" else ",", lineterminator="\n")
        writer.writerows([("id", "text"), *((f"00{i}", text) for i, text in enumerate(texts))])
    data = written.getvalue().encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    ended = seqtext_command("predict", run_folder, "--input", path, "--output_format", "csv")
    assert ended.code == 0
    rows = table(ended.out)
    assert [row["text"] for row in rows] == texts
    if ending != "txt":
        assert list(rows[0]) == ["id", "text", "predicted", "probability"]
        assert [row["id"] for row in rows] == ["000", "001", "002", "003", "004"]
        assert predicted(rows) == expected


def test_a_text_in_a_pipe_is_answered_before_the_next_one_comes(run_folder):
    command = [sys.executable, "-m", "seqtext.cli", "predict", str(run_folder), "--threads", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as child:
        for text in (b"the ship sails", b"under old oak trees"):
            child.stdin.write(text + b"\n")
            child.stdin.flush()
            assert child.stdout.readline().endswith(b"\t" + text + b"\n")


def test_another_text_column_is_used_if_named_or_if_it_is_the_only_one(run_folder):
    Path("two.csv").write_text("id,body\n1,the ship sails\n")
    Path("one.csv").write_text("body\nthe ship sails\n")
    named = seqtext_command("predict", run_folder, "--input", "two.csv", "--text_column", "body")
    [row] = table(named.out)
    assert list(row) == ["id", "body", "predicted", "probability"]
    [alone] = table(seqtext_command("predict", run_folder, "--input", "one.csv").out)
    assert alone["predicted"] == row["predicted"]


def test_many_texts_come_out_in_the_order_they_went_in(run_folder):
    texts = [f"the ship sails {'and an owl ' * (number % 7)}{number}" for number in range(4500)]
    Path("many.txt").write_text("".join(f"{text}\n" for text in texts))
    ended = seqtext_command("predict", run_folder, "--input", "many.txt")
    assert [line.split("\t")[2] for line in ended.out.splitlines()] == texts


# ---- predict: where labels go


@pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_an_output_file_is_of_the_format_its_name_says(run_folder, expected, ending, delimiter):
    write_csv(Path("in.csv"), {"text": TEXTS, "n": list("12345")})
    ended = seqtext_command("predict", run_folder, "--input", "in.csv", "--output", f"out.{ending}")
    assert (ended.code, ended.out) == (0, "")
    rows = table(Path(f"out.{ending}").read_text(encoding="utf-8"), delimiter)
    assert [(row["text"], row["n"]) for row in rows] == list(zip(TEXTS, "12345", strict=True))
    assert predicted(rows) == expected
    assert sorted(os.listdir()) == ["in.csv", f"out.{ending}"]


def test_json_lines_keep_every_value_as_it_was(run_folder, expected):
    rows = [{"text": text, "tags": ["a", 1], "n": None, "é": True} for text in TEXTS]
    Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert seqtext_command("predict", run_folder, "--input", "in.jsonl", "--output", "out.jsonl").code == 0
    found = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    assert predicted(found) == expected
    ended = seqtext_command("predict", run_folder, "--input", "in.jsonl")
    assert table(ended.out)[0]["tags"] == '["a", 1]'
    assert (table(ended.out)[0]["n"], table(ended.out)[0]["é"]) == ("", "true")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_column_of_the_input_is_never_overwritten(run_folder, form):
    Path("in.csv").write_text("text,predicted,probability\nthe ship sails,mine,keep\n")
    ended = seqtext_command("predict", run_folder, "--input", "in.csv", "--output_format", form)
    [row] = table(ended.out) if form == "csv" else [json.loads(ended.out)]
    assert (row["predicted"], row["probability"]) == ("mine", "keep")
    assert row["predicted_by_seqtext"] in ("sea", "town", "wood")
    assert 0 < float(row["probability_by_seqtext"]) < 1


def test_the_likeliest_labels_are_listed_from_the_likeliest_on_no_more_than_there_are(run_folder):
    plain = seqtext_command("predict", run_folder, "the ship sails", "--top_k", "9")
    *ranked, text = plain.out.rstrip("\n").split("\t")
    assert (len(ranked), text) == (6, "the ship sails")
    assert sorted(ranked[::2]) == ["sea", "town", "wood"]
    probabilities = [float(probability) for probability in ranked[1::2]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-3)
    two = seqtext_command("predict", run_folder, "the ship sails", "--top_k", "2", "--output_format", "jsonl")
    row = json.loads(two.out)
    assert list(row) == ["text", "predicted", "probability", "predicted_2", "probability_2"]
    assert [row["predicted"], row["predicted_2"]] == ranked[:4:2]


def test_a_fault_in_a_later_row_leaves_the_older_output_and_keeps_whole_answers_beside_it(run_folder):
    Path("in.csv").write_text("text,n\n" + "the ship,1\n" * 2500 + "cut\n")
    Path("out.csv").write_text("older")
    ended = seqtext_command("predict", run_folder, "--input", "in.csv", "--output", "out.csv")
    assert ended.code == 2
    assert ended.err.startswith("error: in.csv, row 2501 (line 2502): found 1 cell; expected 2")
    assert Path("out.csv").read_text() == "older"
    assert sorted(os.listdir()) == ["in.csv", "out.csv", "out.csv.part"]
    done = len(table(Path("out.csv.part").read_text(encoding="utf-8")))
    assert done >= 2000
    assert ended.err.endswith(f"; the answers to the first {done:,} rows are in {Path.cwd() / 'out.csv.part'}\n")


def test_an_output_may_be_the_input(run_folder):
    write_csv(Path("same.csv"), {"text": TEXTS})
    assert seqtext_command("predict", run_folder, "--input", "same.csv", "--output", "same.csv").code == 0
    assert [row["text"] for row in table(Path("same.csv").read_text(encoding="utf-8"))] == TEXTS


def test_an_output_that_is_a_device_is_written_to_and_one_that_is_a_link_stays_one(run_folder):
    os.mkfifo("pipe.csv")
    reader = os.open("pipe.csv", os.O_RDONLY | os.O_NONBLOCK)
    Path("file.csv").write_text("older")
    Path("link.csv").symlink_to("file.csv")
    for name in ("pipe.csv", "link.csv"):
        assert seqtext_command("predict", run_folder, "the ship", "--output", name).code == 0
    assert os.read(reader, 9) == b"text,pred"
    os.close(reader)
    assert Path("link.csv").is_symlink()
    assert Path("file.csv").read_text().startswith("text,predicted,probability\n")


@pytest.mark.fault(67)
def test_what_could_be_a_command_to_the_terminal_is_not_shown(run_folder):
    ended = seqtext_command("predict", run_folder, "\x1b[31mred\x07", "a\u200db\x9b1m")
    assert not {"\x1b", "\x07", "\x9b"} & set(ended.out)
    assert ended.out.endswith("\ta\u200db 1m\n")


# ---- predict: what is refused


@pytest.mark.fault(1, 3, 9, 10)
@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        ((), 2, "no texts; give some as arguments, a file with --input, or a pipe"),
        (("x", "--input", "in.csv"), 2, "texts and --input were both given; give one of them"),
        (("x", "--top_k", "0"), 2, "--top_k is 0; expected at least 1"),
        (("x", "--threads", "0"), 2, "--threads is 0; expected at least 1"),
        (("x", "--device", "cuda:77"), 5, r"--device cuda:77: this machine has \d device\(s\) of that kind; use --device"),
        (("x", "--device", "fpu"), 2, "--device fpu; expected auto, cpu, cuda"),
        (("--input", "in.csv"), 2, "in.csv: no column 'text'; expected one of id, body; pass --text_column NAME"),
        (("--input", "in.csv", "--text_column", "bdy"), 2, "no column 'bdy'; expected one of id, body; did you mean 'body'"),
        (("--input", "i.csv"), 2, r"i.csv: no such file or folder: .*/i.csv; did you mean 'in.csv'\?"),
        (("--input", "folder.csv"), 2, "folder.csv: found no data files of a kind that can be read"),
        (("--input", "in.xlsx"), 2, "in.xlsx: unknown ending '.xlsx'; expected one of .csv, .tsv"),
        (("--input", "none.jsonl"), 2, "none.jsonl, row 2, column 'text': found None .*; expected text"),
        (("x", "--output", "out.csv.gz"), 2, "--output out.csv.gz: what is written is not packed; call it out.csv, and pack"),
        (("x", "--output", "no/where.csv"), 5, r"/no/where.csv: cannot be written \(No such file or directory\)"),
        (("x", "--output", "."), 5, r"cannot be written \(Is a directory\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_predicted_is_refused_in_one_line(run_folder, flags, code, told):
    Path("in.csv").write_text("id,body\n1,the ship\n")
    Path("in.xlsx").write_text("PK")
    Path("folder.csv").mkdir()
    Path("none.jsonl").write_text('{"text": "a"}\n{"text": null}\n')
    before = sorted(os.listdir())
    ended = seqtext_command("predict", run_folder, *flags)
    assert (ended.code, ended.out) == (code, "")
    [line] = ended.err.splitlines()
    assert re.search(f"^error: .*{told}", line), line
    assert sorted(os.listdir()) == before


@pytest.mark.fault(2)
@pytest.mark.parametrize(
    ("flags", "stdin"),
    [
        ((), b""),
        (("--input", "-", "--input_format", "csv"), b""),
        (("--input", "-", "--input_format", "csv"), b"id,text\n"),
        (("--input", "-", "--input_format", "jsonl"), b""),
        (("--input", "empty.txt"), b""),
        (("--input", "empty.txt.gz"), b""),
        (("--input", "header.csv"), b""),
    ],
)
def test_an_input_without_rows_is_answered_with_nothing(run_folder, flags, stdin):
    Path("empty.txt").write_bytes(b"")
    Path("empty.txt.gz").write_bytes(gzip.compress(b""))
    Path("header.csv").write_text("id,text\n")
    assert seqtext_command("predict", run_folder, *flags, stdin=stdin) == (0, "", "")
    assert seqtext_command("predict", run_folder, *flags, "--output", "out.csv", stdin=stdin) == (0, "", "")
    assert Path("out.csv").read_text() == ""


@pytest.mark.fault(56)
@pytest.mark.parametrize("command", [("predict", "x"), ("evaluate", "--data", "phrasebook"), ("info",)])
def test_a_damaged_run_is_refused_with_3_by_every_command(run_folder, command):
    name, *flags = command
    shutil.copytree(run_folder, "copy")
    weights = Path("copy/model/model.safetensors")
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    ended = seqtext_command(name, "copy", *flags)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == (
        "error: copy/model/model.safetensors: the content is not what was saved (SHA-256 differs);"
        " copy or download it again, or use another run\n"
    )


@pytest.mark.parametrize("command", [("predict", "x"), ("evaluate", "--data", "phrasebook"), ("info",)])
def test_a_run_that_is_not_there_is_refused_with_3_by_every_command(command):
    name, *flags = command
    Path("here").mkdir()
    told = {
        "her": f"her: no such folder: {Path.cwd()}/her; did you mean 'here'?",
        "here": "here/manifest.json: the file is missing; is this the folder of a run, or its model/?",
        "runs/x": f"runs/x: no such folder: {Path.cwd()}/runs/x; check the path",
    }
    for folder, message in told.items():
        assert seqtext_command(name, folder, *flags) == (3, "", f"error: {message}\n")


# ---- info


def test_info_says_what_the_model_is_and_what_its_report_says(run_folder):
    report = json.loads((run_folder / "report" / "metrics.json").read_text())
    ended = seqtext_command("info", run_folder)
    assert (ended.code, ended.err) == (0, "")
    assert f"TopicClassifier in {run_folder / 'model'}: {report['data']['parameters']:,} parameters" in ended.out
    assert "  labels             sea, town, wood\n" in ended.out
    assert f"60 rows: accuracy {report['test']['accuracy']:.2%}" in ended.out
    assert f"model chosen: {report['training']['selection']}" in ended.out
    model_only = seqtext_command("info", run_folder / "model")
    assert model_only.code == 0
    assert "tested on" not in model_only.out


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([("calendar", "sea"), ("short",)], "calendar, sea; short"),
        ([0.09666666666666666, 0.1, 1.0], "0.09667, 0.1, 1"),
        (0.3770258571445141, "0.377"),
        (123456, "123456"),
        (False, "False"),
        (None, ""),
        ([], ""),
        ([()], ""),
    ],
)
def test_settings_are_shown_as_people_read_them(value, shown):
    assert _shown(value) == shown


@pytest.mark.parametrize("content", ["[]", "{", '{"test": 3}'])
def test_info_refuses_a_report_that_is_none(run_folder, content):
    shutil.copytree(run_folder, "copy")
    Path("copy/report/metrics.json").write_text(content)
    seal(Path("copy/report"))
    ended = seqtext_command("info", "copy")
    assert ended.code == 3
    assert ended.err.startswith("error: copy/report/metrics.json: not ")


def test_info_reads_no_report_that_is_a_link_is_huge_or_is_not_what_was_sealed(run_folder):
    shutil.copytree(run_folder, "copy")
    report = Path("copy/report")
    figures = (report / "metrics.json").read_text()
    (report / "metrics.json").write_text(figures.replace("0.", "1.", 1))
    changed = seqtext_command("info", "copy")
    assert changed.code == 3
    assert "report/metrics.json: the content is not what was saved" in changed.err
    Path("secret.json").write_text(figures)
    (report / "metrics.json").unlink()
    (report / "metrics.json").symlink_to(Path.cwd() / "secret.json")
    linked = seqtext_command("info", "copy")
    assert linked.code == 3
    assert "tested on" not in linked.out
    (report / "metrics.json").unlink()
    with (report / "metrics.json").open("wb") as file:
        file.truncate(6 << 30)
    entry = Entry(6 << 30, "0" * 64)
    (report / "manifest.json").write_bytes(manifest_bytes({"metrics.json": entry}))
    huge = seqtext_command("info", "copy")
    assert huge.code == 3
    assert huge.err.endswith("metrics.json: 6442450944 bytes; expected at most 33554432\n")
    shutil.rmtree(report)
    shutil.copytree(run_folder / "report", "outside")
    report.symlink_to(Path.cwd() / "outside")
    outside = seqtext_command("info", "copy")
    assert outside.code == 3
    assert "report: a link that leaves the run" in outside.err


def test_info_does_not_show_what_no_manifest_covers(run_folder):
    shutil.copytree(run_folder, "copy")
    Path("copy/report/manifest.json").unlink()
    ended = seqtext_command("info", "copy")
    assert ended.code == 0
    assert "tested on" not in ended.out
    assert ended.err.startswith("note: report/ has no manifest")


def test_info_lists_no_setting_that_is_not_set(saved_tasks):
    for folder in saved_tasks.values():
        ended = seqtext_command("info", folder)
        assert ended.code == 0
        assert "None" not in ended.out


def test_info_of_a_linear_forecaster_names_no_recurrent_layers(tmp_path):
    series = forecasters.series_of(forecasters.load(), names=["kw"])
    for model in ("linear", "segments"):
        Forecaster.from_data(whole(series), model=model, window=48).save_pretrained(tmp_path / model)
        ended = seqtext_command("info", tmp_path / model)
        assert ended.code == 0
        assert ("cell" in ended.out, "hidden_size" in ended.out) == (model != "linear",) * 2


def test_a_config_of_many_labels_twice_is_told_in_short(saved_tasks):
    shutil.copytree(saved_tasks["TopicClassifier"], "model")
    config = json.loads(Path("model/config.json").read_text())
    config["labels"] = ["again"] * 100_000
    Path("model/config.json").write_text(json.dumps(config))
    seal(Path("model"))
    ended = seqtext_command("predict", "model", "a")
    assert ended.code == 3
    assert "100000 labels, 'again' more than once" in ended.err
    assert len(ended.err) < 400


def test_a_model_of_a_task_of_ones_own_is_said_to_be_one(tmp_path):
    with atomic_folder(tmp_path / "own") as place:
        (place / "weights.bin").write_bytes(b"x")
    ended = seqtext_command("info", tmp_path / "own")
    assert (ended.code, ended.out) == (3, "")
    assert re.fullmatch(
        r"error: .*own: no config\.json; expected a model of seqtext's own tasks \(.*\); open it with its own class\n",
        ended.err,
    )
