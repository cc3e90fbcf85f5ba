"""Programs run inside the test's own process as a user starts them, so that nothing is imported anew for each."""

from __future__ import annotations

import io
import json
import runpy
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

import seqtext.cli
from tests.conftest import ROOT


class Ended(NamedTuple):
    """How a program ended, and what it wrote."""

    code: int
    out: str
    err: str


class Terminal(io.TextIOWrapper):
    """A standard input that somebody types into."""

    def isatty(self) -> bool:
        return True


def run(program: Callable[[], object], *arguments: object, stdin: bytes | None = None) -> Ended:
    """Runs a program; anything but its own exit comes through, and fails the test as the traceback it would be."""
    errors = ("strict", "backslashreplace")  # as the interpreter opens the two
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=kind, newline="\n") for kind in errors)
    source = Terminal(io.BytesIO()) if stdin is None else io.TextIOWrapper(io.BytesIO(stdin))
    code, threads = 0, torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", list(map(str, arguments)))
        patch.setattr(sys, "stdin", source)
        try:
            program()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    torch.set_num_threads(threads)
    written = []
    for stream in (out, err):
        stream.flush()
        written.append(stream.buffer.getvalue().decode())
    return Ended(code, *written)


def seqtext_command(*arguments: object, stdin: bytes | None = None) -> Ended:
    """`seqtext ...`; without `stdin` it stands at a terminal."""
    return run(seqtext.cli.main, "seqtext", *arguments, stdin=stdin)


def recipe(name: str, *flags: object) -> Ended:
    """`python recipes/NAME.py ...`."""
    path = str(ROOT / "recipes" / f"{name}.py")
    return run(lambda: runpy.run_path(path, run_name="__main__"), path, *flags)


def become(script: str, *flags: str) -> None:
    """`python SCRIPT ...`, which this process is from now on."""
    sys.argv = [script, *flags]
    runpy.run_path(script, run_name="__main__")


def topics_recipe(*flags: object) -> Ended:
    """`python recipes/topic_classification.py ...`."""
    return recipe("topic_classification", *flags)


def succeeded(ended: Ended) -> Ended:
    """The same, if it ended with 0."""
    assert ended.code == 0, ended.err
    return ended


def figures_of(folder: str | Path) -> dict:
    """What a run's report says."""
    return json.loads(Path(folder, "report", "metrics.json").read_text(encoding="utf-8"))
