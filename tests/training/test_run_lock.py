"""One run per folder: a living owner is named, a dead one of any host keeps nothing, and of several that come at once one gets it."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seqtext.errors import OptionsError
from seqtext.training.run_folder import RunFolder
from seqtext.training.run_lock import NAME, RunLock
from tests.conftest import ROOT
from tests.training.line import Line
from tests.training.test_run_folder import train

HOLD = """
import sys
from pathlib import Path
from seqtext.errors import OptionsError
from seqtext.training.run_lock import RunLock
sys.stdin.readline()
try:
    RunLock(Path(sys.argv[1])).take()
    print("got it", flush=True)
except OptionsError:
    print("refused", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def hold() -> Iterator[Callable[..., list[subprocess.Popen[str]]]]:
    """Starts processes that take a folder's lock at the same moment."""
    begun: list[subprocess.Popen[str]] = []

    def processes(folder: Path, count: int = 1) -> list[subprocess.Popen[str]]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        for _ in range(count):
            command = [sys.executable, "-c", HOLD, str(folder)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            begun.append(subprocess.Popen(command, text=True, env=environment, **pipes))
        for process in begun[-count:]:
            process.stdin.write("\n")
            process.stdin.flush()
        return begun[-count:]

    yield processes
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def other(tmp_path, hold) -> subprocess.Popen[str]:
    """Another living process, which holds the lock of `tmp_path`."""
    [process] = hold(tmp_path)
    assert process.stdout.readline() == "got it\n"
    return process


@pytest.mark.fault(57)
def test_a_living_owner_is_named_and_keeps_its_lock(tmp_path, other):
    lock = RunLock(tmp_path)
    before = lock.path.read_bytes()
    for refuse in (lock.check, lock.take, lambda: RunFolder(tmp_path).check(overwrite=True, resume=False)):
        told = rf"process {other.pid} on {socket.gethostname()} is using this folder; wait for it, stop it"
        with pytest.raises(OptionsError, match=told):
            refuse()
    lock.release()
    assert lock.path.read_bytes() == before


@pytest.mark.fault(57)
def test_a_dead_owner_does_not(tmp_path, other):
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    lock = RunLock(tmp_path)
    assert lock.path.exists(), "a kill leaves the file"
    lock.check()
    lock.take()
    assert lock.path.read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    lock.release()
    assert not lock.path.exists()


@pytest.mark.parametrize(
    "left", ["process 12 on elsewhere\n", f"process {os.getppid()} on {socket.gethostname()}\n", ""]
)
def test_a_file_that_nobody_locks_is_no_lock_whatever_host_or_process_it_names(tmp_path, left):
    (tmp_path / NAME).write_text(left * 10)
    lock = RunLock(tmp_path)
    lock.check()
    lock.take()
    assert lock.path.read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    lock.release()


def test_an_owner_on_another_host_is_named_as_long_as_the_system_keeps_its_lock(tmp_path, other):
    (tmp_path / NAME).write_text("process 12 on node-7.cluster\n")  # as a shared file system shows it
    with pytest.raises(OptionsError, match=r"process 12 on node-7\.cluster is using this folder"):
        RunLock(tmp_path).check()
    other.kill()
    other.wait()
    RunLock(tmp_path).take()
    RunLock(tmp_path).release()


@pytest.mark.parametrize("content", ["", "{", "process 1 on \x1b[2J\n", "process x on host\n", "\ud800" * 400])
def test_an_owner_that_is_not_told_is_another_process(tmp_path, other, content):
    (tmp_path / NAME).write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(OptionsError, match=r"another process is using this folder"):
        RunLock(tmp_path).take()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_lies_there_instead_of_a_file_is_neither_followed_nor_waited_for(tmp_path, kind):
    path, precious = tmp_path / NAME, tmp_path / "precious"
    precious.write_text("years of work")
    {"link": lambda: path.symlink_to(precious), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    RunLock(tmp_path).check()
    with pytest.raises(OSError):  # noqa: PT011 - each kind has an error of its own
        RunLock(tmp_path).take()
    assert precious.read_text() == "years of work"


def test_a_process_may_take_its_own_lock_again_by_any_name_of_the_folder(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    RunLock(tmp_path / "run").take()
    RunLock(tmp_path / "link").check()
    RunLock(tmp_path / "link").take()
    RunLock(tmp_path / "run").release()
    assert not (tmp_path / "run" / NAME).exists()


@pytest.mark.fault(57)
def test_of_several_that_take_it_at_once_one_gets_it_and_it_goes_when_that_ends(tmp_path, hold):
    (tmp_path / NAME).write_text("process 12 on elsewhere\n")
    racers = hold(tmp_path, 4)
    assert sorted(racer.stdout.readline().strip() for racer in racers) == ["got it", *["refused"] * 3]
    for racer in racers:
        racer.communicate("\n")
    assert not (tmp_path / NAME).exists()


def test_a_lock_that_its_owner_removes_while_another_opens_it_is_taken_anew(tmp_path, monkeypatch):
    lock, plain = RunLock(tmp_path), fcntl.flock
    lock.path.write_text("")

    def removed(descriptor, how):
        monkeypatch.setattr(fcntl, "flock", plain)
        lock.path.unlink()
        plain(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", removed)
    lock.take()
    assert lock.path.exists(), "else nobody else would see that the folder is taken"
    lock.release()


def test_a_check_elsewhere_at_the_same_moment_refuses_nobody(tmp_path, monkeypatch):
    lock = RunLock(tmp_path)
    lock.path.write_text("process 12 on elsewhere\n")
    with lock.path.open() as seen:
        fcntl.flock(seen, fcntl.LOCK_SH)
        monkeypatch.setattr("seqtext.training.run_lock.time.sleep", lambda _: fcntl.flock(seen, fcntl.LOCK_UN))
        lock.take()
    lock.release()


FORK = """
import os, signal, subprocess, sys
from pathlib import Path
from seqtext.errors import OptionsError
from seqtext.training.run_lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.take()
program = subprocess.Popen(["sleep", "60"], close_fds=False)
if (forked := os.fork()) == 0:
    told = "it took the lock"
    lock.release()
    try:
        lock.take()
    except OptionsError as error:
        told = str(error)
    print(os.getpid(), program.pid, told, flush=True)
signal.pause()
"""


def test_neither_a_fork_nor_a_program_keeps_the_lock_of_its_parent(tmp_path):
    command, environment = [sys.executable, "-c", FORK, str(tmp_path)], os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        forked, program, told = owner.stdout.readline().split(maxsplit=2)
        try:
            assert f"process {owner.pid} on" in told, "a fork has no lock of its own, and releases none"
            owner.kill()
            owner.wait()
            for left in (forked, program):
                os.kill(int(left), 0)
            RunLock(tmp_path).take()
            RunLock(tmp_path).release()
        finally:
            owner.kill()
            for left in (forked, program):
                os.kill(int(left), signal.SIGKILL)


@pytest.mark.parametrize("fault", [errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_files_cannot_be_locked_that_is_said_once_and_the_run_goes_on(tmp_path, monkeypatch, capsys, fault):
    def none(descriptor, how):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(fcntl, "flock", none)
    train(tmp_path / "run")
    told = [line for line in capsys.readouterr().err.splitlines() if "locked" in line]
    assert told == [
        f"note: files in {tmp_path / 'run'} cannot be locked: see to it that no second run uses this folder"
    ]
    assert not (tmp_path / "run" / NAME).exists()


def test_a_run_holds_its_folder_while_it_trains_and_leaves_no_lock(tmp_path):
    task, seen = Line(), []
    evaluate = task.validate

    def evaluated(examples, **how):
        seen.append((tmp_path / "run" / NAME).read_text())
        return evaluate(examples, **how)

    task.validate = evaluated
    train(tmp_path / "run", task)
    assert set(seen) == {f"process {os.getpid()} on {socket.gethostname()}\n"}
    assert not (tmp_path / "run" / NAME).exists()


def test_a_folder_that_holds_only_a_dead_owners_lock_is_free(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / NAME).write_text("process 12 on elsewhere\n")
    train(tmp_path / "run")
