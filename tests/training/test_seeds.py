"""Several seeds of any recipe: each in its folder, their figures told with mean and standard deviation."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from seqtext.errors import OptionsError
from seqtext.options import RunOptions
from seqtext.saving.configs import write_options
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, mean_and_std, run_seeds

SCORE, SHARE = SeedFigure("score", "score"), SeedFigure("share", "share right", digits=1, percent=True)


@dataclass(frozen=True)
class Options(RunOptions):
    """Of a recipe that has no flags of its own."""


def trained(options: Options, folder: RunFolder) -> dict:
    """What a recipe leaves and returns."""
    assert options.seeds == 1
    folder.path.mkdir(parents=True)
    write_options(folder.options, options)
    return {"test": {"score": 10.0 + options.seed, "share": options.seed / 10}}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_one_seed_is_one_run_where_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    run_seeds(Options(run="one", seed=3), trained, name="line", data="", figures=(SCORE,))
    assert [path.name for path in Path("one").iterdir()] == ["options.yaml"]
    assert capsys.readouterr().out == ""


def test_all_seeds_are_told_with_mean_and_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    run_seeds(Options(run="runs", seeds=3, seed=4), trained, name="line", data="", figures=(SCORE, SHARE))
    assert sorted(path.name for path in Path("runs").iterdir()) == ["seed-4", "seed-5", "seed-6", "seeds.json"]
    told = json.loads(Path("runs/seeds.json").read_text())
    assert told == {"score": [14, 15, 16], "share": [0.4, 0.5, 0.6], "mean": 15, "standard_deviation": 1}
    out = capsys.readouterr().out
    assert "test score over 3 seeds: 15.00, standard deviation 1.00\n" in out
    assert "test share right over 3 seeds: 50.0%, standard deviation 10.0 points\n" in out


def test_what_was_not_trained_or_measured_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    for nothing in (None, {"test": {}}):
        run_seeds(
            Options(run="runs", seeds=2), lambda *_, nothing=nothing: nothing, name="line", data="", figures=(SCORE,)
        )
    assert not Path("runs").exists()
    assert "over" not in capsys.readouterr().out


def test_folders_are_checked_before_the_first_is_trained() -> None:
    def never(options: Options, folder: RunFolder) -> None:
        pytest.fail("a run was started")

    trained(Options(), RunFolder("runs/seed-1"))
    with pytest.raises(OptionsError, match="--run runs/seed-1: the folder already holds a run"):
        run_seeds(Options(run="runs", seeds=2), never, name="line", data="", figures=(SCORE,))
    with pytest.raises(OptionsError, match="--run runs/seed-1: the folder holds a single run; choose another --run"):
        run_seeds(Options(run="runs/seed-1", seeds=2, overwrite=True), never, name="line", data="", figures=(SCORE,))


def test_the_deviation_is_the_sample_deviation_and_zero_for_one_seed():
    assert mean_and_std([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert mean_and_std([0.9, 0.92]) == (pytest.approx(0.91), pytest.approx(0.02 / math.sqrt(2)))
    assert mean_and_std([0.5]) == (0.5, 0.0)
    with pytest.raises(ValueError, match="at least one"):
        mean_and_std([])
