"""The command line as real processes: pipes, signals of the shell, bytes that are no text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def started(*arguments: str | bytes, **options) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {"PYTHONPATH": str(ROOT)} | options.pop("env", {})
    command = [sys.executable, "-m", "seqtext.cli", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, **options)


def test_a_reader_that_leaves_early_is_no_fault(run_folder):
    with Path("many.txt").open("w") as file:
        file.writelines(f"the ship sails over the waves {number}\n" for number in range(4000))
    with (
        Path("many.txt").open() as file,
        started("predict", str(run_folder), stdin=file, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout.readline().endswith(b"\tthe ship sails over the waves 0\n")
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.fault(52)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_an_output_that_is_full_is_told_in_one_line():
    with Path("/dev/full").open("wb") as full:
        process = started("--help", stdout=full)
        told = b"error: the output: cannot be written (No space left on device)\n"
        assert (process.communicate()[1], process.returncode) == (told, 5)


@pytest.mark.fault(62)
def test_arguments_that_are_no_utf8_and_a_terminal_that_knows_ascii_only(run_folder):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = started("predict", str(run_folder), b"caf\xe9 ship", "ü", stdout=subprocess.PIPE, env=plain)
    out, err = process.communicate()
    assert (err, process.returncode) == (b"", 0)
    first, second = (line.split(b"\t")[2] for line in out.splitlines())
    assert first == b"caf? ship"
    assert second.decode()
