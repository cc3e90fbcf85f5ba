"""An epoch's bar is seen at a terminal and in a notebook, and is not in files and pipes."""

from __future__ import annotations

import io

import pytest

from seqtext.training.progress_bar import progress_bar
from tests.training.test_run_folder import train


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Notebook(io.StringIO):
    """As ipykernel.iostream.OutStream: no terminal, though somebody looks."""

    __module__ = "ipykernel.iostream"


@pytest.mark.parametrize(("stream", "seen"), [(Terminal, True), (Notebook, True), (io.StringIO, False)])
@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_is_drawn_where_somebody_looks(monkeypatch, stream, seen, shown):
    written = stream()
    monkeypatch.setattr("sys.stderr", written)
    with progress_bar(10, done=3, title="epoch 1/2", shown=shown) as bar:
        bar.update()
    assert ("epoch 1/2" in written.getvalue()) == (seen and shown)


def test_training_in_a_notebook_shows_each_epoch(tmp_path, monkeypatch):
    written = Notebook()
    monkeypatch.setattr("sys.stderr", written)
    train(tmp_path / "run", epochs=2)
    for title in ("epoch 1/2:", "epoch 2/2:", "epoch 2, step"):
        assert title in written.getvalue()
