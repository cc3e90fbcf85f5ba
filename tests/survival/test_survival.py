"""A small part of the campaign, the same code: runs killed and files damaged a few times. `make survival` does it many times."""

from __future__ import annotations

import random
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from seqtext.commands.verify import parts_of
from tests.conftest import python
from tests.survival.mutator import mutated


@pytest.mark.fault(50)
def test_runs_that_are_killed_again_and_again_end_as_if_nobody_had_touched_them(table):
    kills, ended = re.search(
        r"(\d+) kills, \d+ during a save; (\d+) runs ended, 0 faults", table["runs killed"]
    ).groups()
    assert int(kills) >= 20
    assert int(ended) >= 3


def test_no_row_is_repeated_or_missed_after_a_kill_in_any_epoch(table):
    assert table["rows after a kill"].startswith("0 rows")


@pytest.mark.fault(51)
def test_a_run_that_is_asked_to_stop_saves_and_goes_on(table):
    assert re.search(r"[3-9] sent, to the end p50 .*; [1-9]\d* runs ended", table["SIGTERM"])


@pytest.mark.fault(52, 55)
def test_every_file_operation_of_a_save_killed_or_failing_leaves_a_whole_checkpoint(table):
    found = re.search(
        r"(\d+) operations, (\d+) faults tried; 0 left no whole checkpoint", table["file operations of a save"]
    )
    operations, tried = map(int, found.groups())
    assert operations > 50
    assert tried == 4 * operations


@pytest.mark.fault(54, 56)
def test_no_damaged_copy_of_a_run_is_accepted(table):
    assert table["damaged copies, topic_classification"].startswith("1000, 0 accepted")


@pytest.mark.fault(63, 64, 65, 66, 67)
def test_no_malformed_file_crashes_hangs_runs_code_or_opens_another_file(table):
    refused, loaded = map(
        int, re.search(r"500: (\d+) refused, (\d+) loaded and worked, 0 f", table["malformed files"]).groups()
    )
    assert refused > 300
    assert loaded > 5, "some damage is harmless, or nothing was tried"


@pytest.mark.fault(5, 68)
def test_byte_soup_as_data_gives_rows_or_a_line_and_a_damaged_copy_the_same_rows(table):
    refused, loaded = map(
        int, re.search(r"2500: (\d+) refused, (\d+) loaded, 0 f", table["byte soup as data"]).groups()
    )
    assert refused > 1000
    assert loaded > 500, "much damage changes a text and no more, or nothing was tried"


@pytest.mark.fault(3, 5, 6, 7, 10, 14, 16, 36, 37)
def test_a_fault_in_any_row_of_any_format_is_told_with_its_file_and_row(table):
    assert table["faults at random rows"].startswith("60 of 60 ")


@pytest.mark.fault(42)
def test_a_number_that_is_not_finite_stops_the_run_before_the_update(table):
    assert table["NaN at (module, step, row)"].startswith("20 of 20 ")


def test_what_is_made_of_bytes_is_never_the_same_bytes():
    rng = random.Random(0)
    for data in (b"", b"a", b"\0\0", b'{"a": 1}\n' * 20):
        kinds = {mutated(data, rng, [b"other"]) for _ in range(200)}
        assert data not in kinds
        assert len(kinds) > 30


# ---- the harness itself can find what it looks for


def test_operations_are_counted_and_stopped(tmp_path):
    code = f"""
import os
from pathlib import Path
from tests.survival.file_operations import Plan, install
from tests.survival.forked import Notes, in_child
root, output = Path({str(tmp_path)!r}) / "root", Path({str(tmp_path)!r}) / "out"
root.mkdir()
def write():
    (root / "a").write_bytes(b"x" * 100)
    (root / "a").rename(root / "b")
    (root / "b").unlink()
    (root.parent / "outside").write_bytes(b"x")
def attempt(**plan):
    notes = Notes()
    def work():
        install(Plan(root, **plan), notes)
        write()
    ended = in_child(work, output=output)
    found = sorted((path.name, path.stat().st_size) for path in root.iterdir())
    for path in root.iterdir():
        path.unlink()
    print(ended.code, notes[0], found, ended.told.strip().splitlines()[-1:])
attempt()
for at in range(1, 5):
    attempt(at=at)
attempt(at=2, fault="ENOSPC")
attempt(at=3, fault="EIO")
"""
    lines = python("-c", code, env=None).stdout.splitlines()
    assert lines[0] == "0 4 [] []"
    assert lines[1:5] == ["-9 1 [] []", "-9 2 [('a', 50)] []", "-9 3 [('a', 100)] []", "-9 4 [('b', 100)] []"]
    assert re.fullmatch(r"1 2 \[\('a', 50\)\] \[.*No space left on device.*\]", lines[5])
    assert re.fullmatch(r"1 3 \[\('a', 100\)\] \[.*Input/output error.*\]", lines[6])


def test_a_child_that_hangs_is_ended_and_one_that_crashes_is_told_from_one_that_fails(tmp_path):
    code = f"""
import os, signal, time
from pathlib import Path
from tests.survival.forked import in_child
output = Path({str(tmp_path)!r}) / "out"
print(in_child(lambda: time.sleep(60), output=output, limit=0.2).code)
print(in_child(lambda: os.kill(os.getpid(), signal.SIGSEGV), output=output).code)
print(in_child(lambda: 1 / 0, output=output).code)
print(in_child(lambda: print("said"), output=output).told.strip())
print(in_child(lambda: time.sleep(60), output=output, stop_with=signal.SIGTERM, after=0.2).code)
"""
    started = time.monotonic()
    found = python("-c", code).stdout.split()
    assert found == [str(-signal.SIGALRM), str(-signal.SIGSEGV), "1", "said", str(-signal.SIGTERM)]
    assert time.monotonic() - started < 50, "nobody waited for the sleepers"


def test_a_copy_with_one_changed_letter_in_any_text_is_found(run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "run")
    for path in sorted((tmp_path / "run").rglob("*")):
        if path.suffix in (".json", ".jsonl", ".yaml", ".md"):
            good = path.read_bytes()
            path.write_bytes(good.replace(b"e", b"E", 1))
            faults = [part.fault for part in parts_of(tmp_path / "run") if part.fault]
            assert any(Path(path).name in fault for fault in faults), path
            path.write_bytes(good)
    assert not [part.fault for part in parts_of(tmp_path / "run") if part.fault]
