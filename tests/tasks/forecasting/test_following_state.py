"""A pipe that goes on: a history before its first line, and a state that is kept in a file, taken up to the same answers, or refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.tasks.forecasting.following import answers, follow, stamped
from tests.tasks.forecasting.recipe import load, table, times


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("model", ["one", "carried", "day", "linear"])
def test_a_history_stands_before_the_first_line(meters, model):
    values = load(200)
    expected = answers(follow(meters / model, "\n".join(stamped(values))))[-50:]
    Path("warmup.csv").write_text(table("when,kw", times(150), values[:150]))
    ended = follow(meters / model, "\n".join(stamped(values[150:], 150)), "--history", "warmup.csv")
    found = answers(ended)
    assert [row[0] for row in found] == [row[0] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        assert [float(cell) for cell in row[1:]] == pytest.approx([float(cell) for cell in wanted[1:]], rel=1e-4)
    assert ended.err == ""


@pytest.mark.parametrize("model", ["one", "carried", "day", "linear"])
def test_a_state_is_taken_up_to_the_same_answers(meters, model):
    flags = ("--flag",) if model in ("day", "linear") else ()
    lines = stamped(load(90))
    expected = follow(meters / model, "\n".join(lines), *flags)
    state = ("--save_state", "kept/state.json", *flags)
    parts = [follow(meters / model, "\n".join(some), *state) for some in (lines[:10], lines[10:50], [], lines[49:])]
    assert [row for part in parts for row in answers(part)] == answers(expected)
    assert "note: line 1: '2024-01-03 01:00' was there before" in parts[3].err
    Path("warmup.csv").write_text(table("when,kw", times(30), load(30)))
    both = follow(meters / model, "", *state, "--history", "warmup.csv")
    assert both.err == "note: kept/state.json is taken up, and --history is left unread\n"


def test_a_state_without_times(meters):
    values = [str(value) for value in load(60)]
    expected = answers(follow(meters / "linear", "\n".join(values)))
    state = ("--save_state", "state.json")
    parts = [answers(follow(meters / "linear", "\n".join(some), *state)) for some in (values[:40], values[40:])]
    assert [row[1:] for part in parts for row in part] == [row[1:] for row in expected]


def same(flipped: bytearray, content: bytes) -> bool:
    """Whether both say the same: another blank, or another digit behind those that a number has."""
    try:
        return json.loads(flipped.decode()) == json.loads(content)
    except ValueError:
        return False


@pytest.mark.fault(56)
def test_a_state_that_is_damaged_or_of_another_model_is_refused(meters):
    succeeded = follow(meters / "linear", "\n".join(stamped(load(40))), "--save_state", "state.json")
    assert succeeded.code == 0
    whole_ = Path("state.json").read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(whole_) - 1, 40).tolist():
        flipped = bytearray(whole_)
        flipped[at] ^= 1 << int(rng.integers(0, 7))
        if same(flipped, whole_):
            continue
        Path("state.json").write_bytes(flipped)
        ended = follow(meters / "linear", "1\n", "--save_state", "state.json")
        assert (ended.code, ended.out) == (3, ""), at
        assert ended.err.startswith("error: state.json")
        assert Path("state.json").read_bytes() == flipped, "what is refused is left as it is"
    for content in (b"", b"[]", b"{}", whole_[: len(whole_) // 2]):
        Path("state.json").write_bytes(content)
        assert follow(meters / "linear", "1\n", "--save_state", "state.json").code == 3
    Path("state.json").write_bytes(whole_)
    ended = follow(meters / "one", "1\n", "--save_state", "state.json")
    assert ended.code == 3
    assert "state.json: the state is of another model; name another file with --save_state, or that model" in ended.err


def test_a_line_that_ends_the_pipe_with_an_error_leaves_the_state_of_those_before(meters):
    lines = stamped(load(40))
    assert follow(meters / "one", "\n".join([*lines[:30], "noon,1"]), "--save_state", "state.json").code == 2
    ended = follow(meters / "one", "\n".join(lines[30:]), "--save_state", "state.json")
    assert answers(ended) == answers(follow(meters / "one", "\n".join(lines)))[-10:]


@pytest.mark.fault(51)
def test_sigterm_saves_the_state(meters, tmp_path):
    lines = stamped(load(40))
    command = [sys.executable, "-m", "seqtext.cli", "forecast", str(meters / "one"), "--follow"]
    command += ["--save_state", str(tmp_path / "state.json")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as child:
        child.stdin.write("\n".join([*lines[:30], ""]).encode())
        child.stdin.flush()
        for _ in range(1 + 30 - 23):
            child.stdout.readline()
        child.terminate()
        assert child.wait(20) == 143
    ended = follow(meters / "one", "\n".join(lines[30:]), "--save_state", "state.json")
    assert answers(ended) == answers(follow(meters / "one", "\n".join(lines)))[-10:]
