"""The acts that recipes share, on a task and data of the test's own; and that a recipe itself stays short."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from seqtext.errors import OptionsError
from seqtext.options import RunOptions
from seqtext.saving.configs import read_options
from seqtext.tasks.known import TASKS
from seqtext.training.fit import FitResult
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds
from tests.conftest import ROOT
from tests.training.line import Line, points

SCORE = (SeedFigure("score", "score"),)


@dataclass(frozen=True)
class Options(RunOptions):
    """Flags of a recipe."""

    epochs: int = 2
    batch_tokens: int = 8
    device: str = "cpu"
    revision: str | None = None
    """Commit that is asked for."""


class Source(NamedTuple):
    name: str = "points of a line"
    revision: str | None = "c0ffee"


class Data(NamedTuple):
    train: np.ndarray = points()
    validation: np.ndarray = points(8)


class Report(NamedTuple):
    figures: dict[str, Any]
    table: list[str]


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    """A recipe."""
    task = make_once(Line, open=Line.from_pretrained)
    trained = train(options, folder, Source(), Data(), task, summary=lambda *_: (["rows        60"], {"rows": 60}))
    if trained is None:
        return None
    result, facts = trained
    folder.seal()
    folder.lock.release()
    report = Report({"test": {"score": 1.0}, "data": facts}, ["score  1.00"])
    return show(report, result, folder, command=["use"])


def run(options: Options, train_once: Any = train_once) -> None:
    run_seeds(options, train_once, name="line", data="data/points.csv", figures=SCORE)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_prints_what_is_known_before_and_after_and_keeps_the_commit_it_read(capsys):
    run(Options(run="here"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["data        points of a line", "rows        60", "run         here"]
    *_, table, blank, chosen, saved, command = lines
    assert (table, blank, saved, command) == ("score  1.00", "", "saved in here; try:", "  seqtext use here")
    assert chosen.startswith("model chosen: epoch ")
    assert read_options(Options, Path("here/options.yaml")) == Options(run="here", revision="c0ffee")


@pytest.mark.parametrize(
    ("advice", "told"),
    [
        ("--epochs 8", "in the last epoch: --epochs 8; --resume --run 'my run' --epochs 8 trains on\n"),
        ("--max_minutes 9", "in the last epoch: --max_minutes 9\n"),
        ("", ""),
    ],
)
def test_the_end_says_which_flag_to_change(capsys, advice, told):
    result = FitResult(Path("my run"), 4, {}, "by nothing", 1, 1.0, 0.0, 0.0, {}, [], advice)
    show(Report({}, ["score"]), result, RunFolder("my run"), command=["use"])
    out = capsys.readouterr().out
    assert told in out
    assert ("validation was still getting better" in out) == bool(advice)


def test_without_a_folder_it_is_a_new_one_named_by_recipe_and_data():
    run(Options())
    [folder] = Path("runs").iterdir()
    assert folder.name.startswith("line-points-")
    assert read_options(Options, folder / "options.yaml").run == str(folder)


def test_a_dry_run_prints_the_summary_and_leaves_nothing(capsys):
    run(Options(run="here", dry_run=True))
    assert capsys.readouterr().out.splitlines()[-1] == "run         here"
    assert not Path("here").exists()


def test_a_folder_that_is_taken_is_refused_before_anything_takes_time():
    def never(options: Options, folder: RunFolder) -> None:
        pytest.fail("it was started")

    run(Options(run="here"))
    with pytest.raises(OptionsError, match="--run here: the folder already holds a run"):
        run(Options(run="here"), never)
    run(Options(run="here", resume=True), never)  # it has ended: that is said, and nothing done
    with pytest.raises(OptionsError, match="--run nowhere: there is no run to resume"):
        run(Options(run="nowhere", resume=True), never)


def test_several_seeds_lie_beside_each_other(capsys):
    run(Options(run="here", seeds=2, seed=5))
    assert sorted(path.name for path in Path("here").iterdir()) == ["seed-5", "seed-6", "seeds.json"]
    assert read_options(Options, Path("here/seed-6/options.yaml")).seed == 6
    assert "test score over 2 seeds: 1.00, standard deviation 0.00" in capsys.readouterr().out


def test_what_a_task_took_from_another_run_is_printed(capsys):
    def make() -> Line:
        task = Line()
        task.copied = "1 of 2 tensors"  # type: ignore[attr-defined]
        return task

    make_once(make, open=Line.from_pretrained, init_from="runs/other")
    assert capsys.readouterr().out == "started from runs/other: tokenizer taken over; 1 of 2 tensors\n"


@pytest.mark.parametrize("name", [task.script for task in TASKS])
def test_a_recipe_is_short_and_has_the_acts_in_their_order(name):
    lines = (ROOT / "recipes" / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 110
    acts = [line.split("----")[1].split(":")[0].strip() for line in lines if line.strip().startswith("# ----")]
    assert acts == ["Options", "Data", "Task", "Fit", "Show"]
