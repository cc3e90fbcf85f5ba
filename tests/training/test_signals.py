"""Ctrl-C and SIGTERM: the step is finished and saved, the exit code tells the signal, and a second one leaves at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from seqtext.errors import Stopped, run_program
from seqtext.saving.folders import read_folder
from seqtext.training import checkpoint, run_state, signals
from seqtext.training.signals import Interrupted, StopSignals
from tests.conftest import ROOT
from tests.training.line import Line
from tests.training.stopping import Killed, after_step, checkpoints, hashes
from tests.training.test_resume_exact import train, whole  # noqa: F401 - a fixture

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
every_signal = pytest.mark.parametrize("number", CODES)


@pytest.fixture(autouse=True)
def plain_handlers():
    before = {number: signal.getsignal(number) for number in CODES}
    yield
    assert {number: signal.getsignal(number) for number in CODES} == before, "handlers of others come back"


@pytest.mark.fault(51)
@every_signal
@pytest.mark.parametrize("step", [1, 25, 52, 53, 156])
def test_the_step_is_finished_and_saved_and_the_run_goes_on_to_the_same_bits(whole, tmp_path, number, step):  # noqa: F811
    run = tmp_path / "run"
    with after_step(step, lambda: signal.raise_signal(number)) as made, pytest.raises(Stopped) as stop:
        train(run, checkpoint_every="60m")
    assert len(made) == step
    assert stop.value.exit_code == CODES[number]
    assert f"step {step}, all of it saved; go on with --resume --run {run}" in str(stop.value)
    assert checkpoints(run)[-1] == f"step-{step:08d}"
    train(run, resume=True)
    assert hashes(run) == hashes(whole)


@every_signal
@pytest.mark.parametrize("name", ["validate", "encode"])
def test_what_is_done_again_on_resume_is_left_at_once(whole, tmp_path, number, name):  # noqa: F811
    task, calls = Line(), []
    plain = getattr(task, name)

    def signalled(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:  # of encoding: validation, first epoch, second epoch
            signal.raise_signal(number)
            raise AssertionError("it went on")
        return plain(*arguments, **options)

    setattr(task, name, signalled)
    task.encodes_each_epoch = name == "encode"
    with pytest.raises(Stopped) as stop:
        train(tmp_path / "run", task, checkpoint_every="60m")
    assert stop.value.exit_code == CODES[number]
    train(tmp_path / "run", resume=True)
    assert hashes(tmp_path / "run") == hashes(whole)


def test_weights_are_their_own_again_when_the_validation_of_averaged_ones_is_left(tmp_path):
    task = Line()
    task.validate = lambda *_, **__: signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Stopped):
        train(tmp_path / "run", task)
    state = read_folder(tmp_path / "run" / "checkpoints" / "step-00000052")["state.safetensors"]
    own = task.model.weight.detach().numpy().tobytes()
    assert state.count(own) == 1, "the weights; the average has other numbers"


@pytest.mark.fault(51)
@every_signal
@pytest.mark.parametrize("where", [(checkpoint, "save_tensors"), (run_state, "save_checkpoint")])
def test_a_second_signal_leaves_at_once_and_the_checkpoint_before_stands(whole, tmp_path, monkeypatch, number, where):  # noqa: F811
    run, left = tmp_path / "run", []

    def leave(code):
        left.append(code)
        raise Killed

    def twice(*_, **__):
        signal.raise_signal(number)
        raise AssertionError("it went on")

    monkeypatch.setattr(signals.os, "_exit", leave)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        act = lambda: (signal.raise_signal(signal.SIGTERM), patch.setattr(*where, twice))  # noqa: E731
        with after_step(30, act):
            train(run)
    assert left == [CODES[number]]
    assert checkpoints(run)[-1] == "step-00000028"
    train(run, resume=True)
    assert hashes(run) == hashes(whole)


def test_a_signal_while_the_last_epoch_is_saved_ends_the_run_there(whole, tmp_path, monkeypatch):  # noqa: F811
    run, plain = tmp_path / "run", run_state.save_checkpoint

    def signalled(folder, stepper, average, progress, environment):
        plain(folder, stepper, average, progress, environment)
        if progress.finished:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch, pytest.raises(Stopped, match="stopped at the last epoch's end, step 156, all"):
        patch.setattr(run_state, "save_checkpoint", signalled)
        train(run)
    train(run, resume=True)
    assert hashes(run) == hashes(whole)


@pytest.mark.fault(74)
def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopSignals() as stop:
            signal.raise_signal(signal.SIGINT)
            assert stop.received is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_came_before_is_not_forgotten_where_one_may_leave():
    with StopSignals() as stop:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Interrupted), stop.at_once():
            raise AssertionError("it went on")


@every_signal
def test_a_program_leaves_with_the_code_of_the_signal_and_says_how_to_go_on(number, capsys):
    def program():
        raise Stopped("stopped in epoch 1; go on with --resume", number=number)

    with pytest.raises(SystemExit) as stop:
        run_program(program, argv=["--debug"])
    assert stop.value.code == CODES[number]
    assert capsys.readouterr().err == "stopped in epoch 1; go on with --resume\n"


PROGRAM = """
import sys
from seqtext.errors import run_program
from tests.training.test_run_folder import train
run_program(lambda: train(sys.argv[1], epochs=10**9, batch_tokens=1))
"""


@pytest.mark.fault(51)
@pytest.mark.parametrize("times", [1, 2])
def test_a_real_process_leaves_with_143_and_its_checkpoint_verifies(tmp_path, times):
    run = tmp_path / "run"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(run)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while not list(run.glob("checkpoints/step-*")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        for _ in range(times):
            process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 143
    assert "stopping after this step; a second time leaves at once" in told
    assert "go on with --resume" in told or (times == 2 and "left at once; the last checkpoint stands" in told)
    read_folder(max(run.glob("checkpoints/step-*")))


@pytest.mark.fault(74)
def test_a_run_in_the_background_of_a_script_leaves_ctrl_c_to_others_and_answers_sigterm(tmp_path):
    run = tmp_path / "run"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c", PROGRAM, str(run)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while not list(run.glob("checkpoints/step-*")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        seen = checkpoints(run)
        while checkpoints(run) == seen:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 143
    assert told.count("stopping after this step") == 1
    assert "go on with --resume" in told
