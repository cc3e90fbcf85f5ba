"""What commands read from and write to: pipes, closed streams, bytes that are no text, Ctrl-C, links under the name of an output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import seqtext
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.streams import CONTROLS, as_they_come, json_text, one_line, open_input
from seqtext.tasks.targets import open_target
from tests.conftest import ROOT, write_csv
from tests.in_process import seqtext_command

TOGETHER = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in TOGETHER:
        monkeypatch.delenv(name, raising=False)


def command(*arguments: object, redirect: str = "", **options) -> subprocess.CompletedProcess[bytes]:
    """`seqtext ...` in a shell, with streams closed or led elsewhere."""
    line = f'exec "$0" -m seqtext.cli "$@" {redirect}'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-c", line, sys.executable, *map(str, arguments)],
        capture_output=True,
        env=environment,
        check=False,
        **options,
    )


# ---- processes


@pytest.mark.fault(74)
@pytest.mark.parametrize("rank", ["1", "abc", "0"])
def test_a_command_that_does_not_train_answers_whatever_a_scheduler_has_set(run_folder, monkeypatch, rank):
    expected = seqtext_command("predict", run_folder, "a ship")
    assert expected.code == 0
    assert expected.out
    for size in (None, "2", "many"):
        monkeypatch.setenv("RANK", rank)
        if size:
            monkeypatch.setenv("WORLD_SIZE", size)
        assert seqtext_command("predict", run_folder, "a ship") == expected
        assert seqtext_command("predict", "nowhere", "a ship").err.startswith("error: nowhere: no such folder")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"WORLD_SIZE": "2", "RANK": "0"}, "environment: WORLD_SIZE is 2, and MASTER_ADDR is not set; start them with"),
        ({"WORLD_SIZE": "2", "RANK": "abc"}, "environment: RANK is 'abc'; expected a number from 0 to 1"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "environment: RANK is '2'; expected a number from 0 to 1"),
        ({"WORLD_SIZE": "2"}, "environment: RANK is ''; expected a number from 0 to 1"),
        ({"WORLD_SIZE": "two"}, "environment: WORLD_SIZE is 'two'; expected a number from 1 to"),
        ({"WORLD_SIZE": "9" * 30}, "environment: WORLD_SIZE is '999"),
        ({"WORLD_SIZE": "0"}, "environment: WORLD_SIZE is '0'; expected a number from 1 to"),
    ],
)
def test_an_environment_that_is_not_torchruns_is_told_in_a_line(monkeypatch, environment, told):
    from seqtext.errors import OptionsError
    from seqtext.training.processes import started_processes

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OptionsError) as error:
        started_processes.__wrapped__()
    assert str(error.value).startswith(told)


def test_a_rank_alone_trains_alone(monkeypatch):
    from seqtext.training.processes import ALONE, is_first, started_processes

    monkeypatch.setenv("RANK", "3")
    assert started_processes.__wrapped__() is ALONE
    assert is_first()


# ---- closed streams


@pytest.mark.fault(74)
def test_closed_streams_are_told_in_a_line_or_not_needed(run_folder):
    out = command("predict", run_folder, "a ship", redirect=">&-")
    assert out.returncode == 5
    assert out.stderr == b"error: standard output is closed; leave >&- out, or give --output FILE\n"
    assert command("predict", run_folder, "a ship", "--output", "o.csv", redirect=">&-").returncode == 0
    assert Path("o.csv").read_text().startswith("text,predicted")
    source = command("predict", run_folder, "--input", "-", redirect="<&-")
    assert (source.returncode, source.stdout) == (2, b"")
    assert source.stderr == b"error: standard input is closed; leave <&- out, or give a file\n"
    errors = command("predict", run_folder, "a ship", "", redirect="2>&-")
    assert (errors.returncode, errors.stdout.count(b"\n")) == (0, 2)  # notes are not put among the answers
    full = command("predict", run_folder, "a ship", redirect="> /dev/full")
    assert full.returncode == 5
    assert full.stderr == b"error: the output: cannot be written (No space left on device)\n"


@pytest.mark.fault(52)
def test_a_full_disk_names_the_file(run_folder):
    ended = seqtext_command("predict", run_folder, "a ship", "--output", "/dev/full")
    assert ended.code == 5
    assert ended.err.startswith("error: /dev/full: cannot be written (No space left on device)")
    _many()
    small = subprocess.run(
        ["bash", "-c", 'ulimit -f 8; exec "$0" -m seqtext.cli "$@"', sys.executable, "predict", str(run_folder),
         "--input", "many.txt", "--output", "p.csv"],
        capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}, check=False,
    )  # fmt: skip
    assert small.returncode == 5
    assert small.stderr.startswith(f"error: {Path.cwd()}/p.csv: cannot be written (File too large".encode())
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["many.txt"]


def _many(rows: int = 5000) -> Path:
    path = Path("many.txt")
    path.write_text("".join(f"the ship sails {number}\n" for number in range(rows)))
    return path


@pytest.mark.parametrize(
    "flags",
    [
        ("predict", "RUN", "a ship", "--output", "x" * 300),
        ("predict", "RUN", "--input", "x" * 300 + ".txt"),
        ("predict", "x" * 300, "a ship"),
        ("info", "x" * 300),
        ("verify", "x" * 300),
        ("check", "x" * 300 + ".csv"),
        ("evaluate", "RUN", "--data", "x" * 300 + ".csv"),
        ("evaluate", "RUN", "--data", "phrasebook", "--output", "x" * 300),
        ("train", "topics", "--dry_run", "--run", "x" * 300),
        ("train", "topics", "--dry_run", "--train", "x" * 300 + ".csv"),
        ("train", "topics", "--dry_run", "--config", "x" * 300),
        ("train", "topics", "--dry_run", "--train", "~nobody-is-called-this/x.csv"),
        ("train", "topics", "--dry_run", "--run", "~nobody-is-called-this/x"),
    ],
)
def test_a_name_that_cannot_be_is_told_in_a_line(run_folder, flags):
    ended = seqtext_command(*(str(run_folder) if flag == "RUN" else flag for flag in flags))
    assert ended.code in (2, 3)
    [line] = ended.err.splitlines()
    assert line.startswith("error: ")


# ---- bytes that are no text


@pytest.mark.fault(3)
@pytest.mark.parametrize("ending", ["txt", "csv", "jsonl"])
def test_bytes_that_are_no_text_stop_or_are_replaced_and_counted(run_folder, ending):
    texts = [b"b\xe9b\xe9 ship", "schön \ufffd".encode(), b"old oak \xff\xfe trees"]
    data = {
        "txt": b"".join(text + b"\n" for text in texts),
        "csv": b"text\n" + b"".join(text + b"\n" for text in texts),
        "jsonl": b"".join(b'{"text": "' + text + b'"}\n' for text in texts),
    }[ending]
    Path(f"in.{ending}").write_bytes(data)
    flags = ("predict", run_folder, "--input", f"in.{ending}", "--output_format", "jsonl")
    stopped = seqtext_command(*flags)
    assert (stopped.code, stopped.out) == (2, "")
    assert "not UTF-8: byte 0xE9" in stopped.err
    ended = seqtext_command(*flags, "--errors", "replace")
    assert ended.code == 0
    assert [json.loads(line)["text"] for line in ended.out.splitlines()] == [t.decode(errors="replace") for t in texts]
    assert "note: 4 characters stand for bytes that are no UTF-8" in ended.err


def test_rows_keep_their_numbers_behind_bytes_that_were_replaced(run_folder):
    Path("in.csv").write_bytes(b"text,n\n" + b"a \xff ship,1\n" * 3 + b"cut\n")
    ended = seqtext_command("predict", run_folder, "--input", "in.csv", "--errors", "replace")
    assert ended.err.startswith("error: in.csv, row 4 (line 5): found 1 cell; expected 2")


# ---- where answers go


def interrupted_after(chunks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the chunk behind so many is answered."""
    predict, calls = TopicClassifier.predict, []

    def stopping(self, texts, **options):
        calls.append(len(texts))
        for number, one in enumerate(predict(self, texts, **options)):
            if len(calls) > chunks and number == 7:
                raise KeyboardInterrupt
            yield one

    monkeypatch.setattr(TopicClassifier, "predict", stopping)


def test_ctrl_c_keeps_what_is_done_whole_rows_alone_and_says_where(run_folder, monkeypatch):
    _many()
    Path("out.csv").write_text("older")
    interrupted_after(2, monkeypatch)
    ended = seqtext_command("predict", run_folder, "--input", "many.txt", "--output", "out.csv")
    assert ended.code == 130
    part = Path.cwd() / "out.csv.part"
    lines = part.read_text().splitlines()
    done = len(lines) - 1  # two chunks, which end where a block of the file does
    assert done > 2000
    assert ended.err == f"\nstopped by Ctrl-C; the answers to the first {done:,} rows are in {part}\n"
    assert [line.split(",")[0] for line in lines[1:]] == [f"the ship sails {number}" for number in range(done)]
    assert Path("out.csv").read_text() == "older"
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["many.txt", "out.csv", "out.csv.part"]


def test_ctrl_c_before_the_first_answers_leaves_nothing(run_folder, monkeypatch):
    _many()
    interrupted_after(0, monkeypatch)
    ended = seqtext_command("predict", run_folder, "--input", "many.txt", "--output", "out.csv")
    assert (ended.code, ended.err) == (130, "\nstopped by Ctrl-C\n")
    assert [path.name for path in Path.cwd().iterdir()] == ["many.txt"]


def test_a_real_ctrl_c_does_the_same(run_folder):
    os.mkfifo("pipe.txt")
    child = subprocess.Popen(
        [sys.executable, "-m", "seqtext.cli", "predict", str(run_folder), "--input", "pipe.txt", "--output", "o.txt"],
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
    )  # fmt: skip
    with Path("pipe.txt").open("w") as pipe:
        pipe.write("a ship\nold oak trees\n")
        pipe.flush()
        until = time.monotonic() + 60
        while not any(path.stat().st_size for path in Path.cwd().glob(".o.txt-*")) and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "the answers to the first 2 rows are in" in told
    assert Path("o.txt.part").read_text().count("\n") == 2


def test_a_link_under_a_temporary_name_leads_nowhere(run_folder):
    Path("victim.txt").write_text("mine")
    for name in (".o.csv.part", "o.csv.part"):
        Path(name).symlink_to("victim.txt")
    assert seqtext_command("predict", run_folder, "a ship", "--output", "o.csv").code == 0
    assert Path("victim.txt").read_text() == "mine"
    assert Path("o.csv").read_text().startswith("text,predicted")
    with pytest.raises(KeyboardInterrupt), open_target("o.csv") as target:
        target.file.write("whole\n")
        target.flush(1)
        raise KeyboardInterrupt
    assert Path("victim.txt").read_text() == "mine"
    assert Path("o.csv.part").read_text() == "whole\n"


def test_a_fault_of_the_reader_leaves_no_part(run_folder):
    write_csv(Path("in.csv"), {"text": ["a ship"] * 10})
    with Path("in.csv").open("a") as file:
        file.write('"open\n')
    ended = seqtext_command("predict", run_folder, "--input", "in.csv", "--output", "o.csv")
    assert ended.code == 2
    assert [path.name for path in Path.cwd().iterdir()] == ["in.csv"]


def test_a_fault_behind_whole_answers_keeps_them(run_folder):
    _many(5000)
    with Path("many.txt").open("ab") as file:
        file.write(b"caf\xe9\n")
    ended = seqtext_command("predict", run_folder, "--input", "many.txt", "--output", "o.csv")
    assert ended.code == 2
    assert "many.txt, row 5001" in ended.err
    part = Path.cwd() / "o.csv.part"
    done = len(part.read_text().splitlines()) - 1
    assert done >= 2000
    assert ended.err.endswith(f"; the answers to the first {done:,} rows are in {part}\n")
    assert not Path("o.csv").exists()


def test_rows_are_taken_as_they_are_answered_not_before():
    _many(5000)
    from contextlib import ExitStack

    with ExitStack() as stack:
        rows = open_input("many.txt", stack, format=None)
        assert rows is not None
        assert rows.size == Path("many.txt").stat().st_size
        chunks = as_they_come(rows, None, at_once=100)
        assert len(next(chunks)) == 100
        assert sum(map(len, chunks)) == 4900


# ---- what could be a command to the terminal


def test_controls_are_blanks_in_lines_and_escapes_in_json():
    text = "a\x1b[31mb\x07\x9bc\x00\nd"
    assert one_line(text) == "a [31mb c d"
    assert not set(map(chr, CONTROLS)) & set(json_text({"text": text}))
    assert json.loads(json_text({"text": text})) == {"text": text}


@pytest.mark.fault(67)
@pytest.mark.parametrize("flag", [(), ("--jsonl",)])
def test_a_generator_that_writes_controls_does_not_reach_the_terminal(saved_tasks, monkeypatch, flag):
    from seqtext.tasks.generation.writing import Generated

    made = Generated("a\x1b]0;title\x07\x9b2J\x00b", -1.0, 3, True, None)
    monkeypatch.setattr(seqtext.TextGenerator, "__call__", lambda *_, **__: [made])
    ended = seqtext_command("generate", saved_tasks["TextGenerator"], *flag)
    assert ended.code == 0
    assert not (set(map(chr, CONTROLS)) - {"\n"}) & set(ended.out)


# ---- answers that are none


def spoilt(name: str, place: Path) -> Path:
    """A saved task whose weights are finite, and its answers not."""
    task = seqtext.load(place)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.fill_(3e38)
    target = Path(name)
    task.save_pretrained(target)
    return target


@pytest.mark.fault(42)
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("TopicClassifier", ("predict", "a ship")),
        ("TextGenerator", ("generate",)),
        ("Translator", ("translate", "a ship")),
        ("Tagger", ("tag", "a ship")),
    ],
)
def test_answers_that_are_no_numbers_end_with_4(saved_tasks, name, command):
    verb, *rest = command
    ended = seqtext_command(verb, spoilt(name, saved_tasks[name]), *rest)
    assert (ended.code, ended.out) == (4, "")
    [line] = ended.err.splitlines()
    assert "not finite" in line or "not numbers" in line or "not a number" in line


def test_a_pipe_of_readings_is_told_of_bytes_that_are_no_text_and_of_none_at_all(saved_tasks):
    flags = ("forecast", saved_tasks["Forecaster"], "--follow")
    ended = seqtext_command(*flags, stdin=b"\xef\xbb\xbfvalue\n1.5\n\xe9\n2\n")
    assert ended.code == 2
    assert ended.err.startswith("error: standard input, line 3: not UTF-8: byte 0xE9")
    empty = seqtext_command(*flags, stdin=b"")
    assert (empty.code, empty.out.count("\n"), empty.err) == (0, 1, "")
    closed = command(*flags, redirect="<&-")
    assert (closed.returncode, closed.stderr) == (
        2,
        b"error: standard input is closed; leave <&- out, or give a file\n",
    )


@pytest.mark.parametrize("flags", [(), ("--jsonl",), ("--n_best", "2")])
def test_a_pipe_without_lines_is_translated_into_none(saved_tasks, flags):
    assert seqtext_command("translate", saved_tasks["Translator"], *flags, stdin=b"") == (0, "", "")


def test_bytes_that_are_no_text_are_replaced_in_what_is_translated(saved_tasks):
    ended = seqtext_command("translate", saved_tasks["Translator"], "--errors", "replace", stdin=b"a \xff ship\n\xfe\n")
    assert (ended.code, ended.out.count("\n")) == (0, 2)
    assert "note: 2 characters stand for bytes that are no UTF-8" in ended.err
