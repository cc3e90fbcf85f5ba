"""One run a folder: a living owner is named, a dead one does not keep the lock, and of several that reclaim it one gets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from seqtext.errors import OptionsError
from seqtext.training.run_folder import RunFolder
from seqtext.training.run_lock import NAME, Owner, RunLock, _started
from tests.conftest import ROOT
from tests.training.line import Line
from tests.training.test_run_folder import train


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another living process."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        yield process
        process.kill()


def owned(folder, **values) -> RunLock:
    """The lock of a folder, held by a process with some other values than this one's."""
    (folder / NAME).write_text(json.dumps({**Owner.here()._asdict(), **values}))
    return RunLock(folder)


def test_a_living_owner_is_named_and_keeps_its_lock(tmp_path, other):
    lock = owned(tmp_path, pid=other.pid, started=_started(other.pid))
    before = lock.path.read_bytes()
    host = Owner.here().host
    for refuse in (lock.check, lock.take, lambda: RunFolder(tmp_path).check(overwrite=True, resume=False)):
        with pytest.raises(
            OptionsError, match=rf"process {other.pid} on {host} is using this folder; wait for it, stop it"
        ):
            refuse()
    lock.release()
    assert lock.path.read_bytes() == before


def test_a_dead_owner_does_not(tmp_path, other):
    lock = owned(tmp_path, pid=other.pid, started=_started(other.pid))
    other.kill()
    while _started(other.pid):  # dead, but its parent, which is this test, has not asked how it ended
        time.sleep(0.01)
    lock.take()
    assert json.loads(lock.path.read_text())["pid"] == os.getpid()
    lock.release()
    assert not lock.path.exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "1", '{"pid": 1}', '{"pid": 1, "host": "x", "started": "", "more": 1}']
)
def test_what_is_no_lock_is_none(tmp_path, content):
    (tmp_path / NAME).write_text(content)
    RunLock(tmp_path).take()
    RunLock(tmp_path).release()


def test_another_process_with_the_number_of_the_owner_is_told_apart(tmp_path, other):
    owned(tmp_path, pid=other.pid, started="an earlier boot/123").check()
    owned(tmp_path, pid=2**40).check()


def test_an_owner_elsewhere_counts_as_alive_and_the_file_to_delete_is_named(tmp_path):
    with pytest.raises(OptionsError, match=rf"process 12 on elsewhere .*; if it is gone, delete .*{NAME}"):
        owned(tmp_path, pid=12, host="elsewhere").check()


def test_a_process_may_take_its_own_lock_again(tmp_path):
    RunLock(tmp_path).take()
    RunLock(tmp_path).take()
    RunLock(tmp_path).release()
    assert not (tmp_path / NAME).exists()


RECLAIM = """
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


def test_of_several_that_reclaim_a_lock_at_once_one_gets_it_and_it_goes_when_that_ends(tmp_path):
    owned(tmp_path, pid=2**40)
    command, pipes = (
        [sys.executable, "-c", RECLAIM, str(tmp_path)],
        {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE},
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    racers = [subprocess.Popen(command, text=True, env=environment, **pipes) for _ in range(4)]
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    assert sorted(racer.stdout.readline().strip() for racer in racers) == ["got it", *["refused"] * 3]
    for racer in racers:
        racer.communicate("\n")
    assert not (tmp_path / NAME).exists()


def test_a_run_holds_its_folder_while_it_trains_and_leaves_no_lock(tmp_path):
    task, seen = Line(), []
    evaluate = task.evaluate

    def evaluated(examples, **how):
        seen.append(json.loads((tmp_path / "run" / NAME).read_text())["pid"])
        return evaluate(examples, **how)

    task.evaluate = evaluated
    train(tmp_path / "run", task)
    assert set(seen) == {os.getpid()}
    assert not (tmp_path / "run" / NAME).exists()


def test_a_folder_that_holds_only_a_dead_owners_lock_is_free(tmp_path):
    (tmp_path / "run").mkdir()
    owned(tmp_path / "run", pid=2**40)
    train(tmp_path / "run")
