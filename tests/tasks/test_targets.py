"""Where answers go: a file that is whole or not there, and what is whole of it whatever ends the command."""

from __future__ import annotations

import signal

import pytest

from seqtext.errors import Stopped
from seqtext.tasks.targets import open_target


@pytest.fixture(autouse=True)
def _nobody_listens():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("rows", [1, 0])
def test_what_is_whole_outlasts_sigterm(tmp_path, rows):
    output = tmp_path / "answers.txt"
    with pytest.raises(Stopped) as caught, open_target(str(output)) as target:
        print("one", file=target.file)
        target.flush(rows)
        print("half", end="", file=target.file)
        signal.raise_signal(signal.SIGTERM)
    kept = "the answers to the first 1 rows are" if rows else "what was written is"
    assert str(caught.value) == f"stopped by SIGTERM; {kept} in {output}.part"
    assert caught.value.exit_code == 143
    assert (tmp_path / "answers.txt.part").read_text() == "one\n"
    assert not output.exists()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_who_listens_to_sigterm_already_still_does(tmp_path):
    heard = []
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    with open_target(str(tmp_path / "answers.txt")) as target:
        signal.raise_signal(signal.SIGTERM)
        print("one", file=target.file)
    assert heard == [signal.SIGTERM]
    assert (tmp_path / "answers.txt").read_text() == "one\n"
