"""Figures reach tensorboard and wandb as both packages take them; one that is not there, or may not be used, is told in one line."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from seqtext.errors import ResourceError
from seqtext.training import tracking
from seqtext.training.tracking import check_tracker
from tests.training.stopping import killed_in_step
from tests.training.test_run_folder import train

FIGURES = {"loss", "learning_rate", "validation/loss"}  # some of those that are logged


class Board:
    """As torch.utils.tensorboard.SummaryWriter is called."""

    made: list[Board]

    def __init__(self, folder: str) -> None:
        self.folder, self.logged, self.closed = folder, [], False
        self.made.append(self)

    def add_text(self, name: str, text: str) -> None:
        self.texts = {name: text}

    def add_scalar(self, name: str, figure: float, step: int) -> None:
        assert not self.closed
        self.logged.append((name, float(figure), step))

    def close(self) -> None:
        self.closed = True


class Wandb(ModuleType):
    """As wandb is called."""

    class Error(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("wandb")
        self.begun, self.logged, self.closed = [], [], False

    def init(self, *, project: str, name: str, dir: str, config: dict[str, object]) -> Wandb:
        self.begun.append((project, name, dir))
        self.config = config
        return self

    def log(self, figures: dict[str, float], *, step: int) -> None:
        assert not self.closed
        assert type(figures) is dict
        self.logged += [(name, float(figure), step) for name, figure in figures.items()]

    def finish(self) -> None:
        self.closed = True


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr(Board, "made", [], raising=False)
    monkeypatch.setattr("seqtext.training.fit.check_tracker", lambda name: None)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Board))
    return Board


@pytest.fixture
def wandb(monkeypatch):
    module = Wandb()
    monkeypatch.setattr("seqtext.training.fit.check_tracker", lambda name: None)
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def logged_right(logged: list[tuple[str, float, int]]) -> None:
    steps = [step for _, _, step in logged]
    assert {name for name, _, _ in logged} >= FIGURES
    assert steps == sorted(steps)
    assert len([step for name, _, step in logged if name == "validation/loss"]) == 3, "epochs"


def test_figures_go_to_tensorboard(tmp_path, board):
    train(tmp_path / "run", track="tensorboard")
    [writer] = board.made
    assert writer.folder == str(tmp_path / "run" / "tensorboard")
    assert writer.closed
    assert "    epochs: 3\n" in writer.texts["options"]
    logged_right(writer.logged)


def test_a_run_that_is_stopped_has_logged_its_figures(tmp_path, board):
    with killed_in_step(30):
        train(tmp_path / "run", track="tensorboard")
    [writer] = board.made
    assert writer.closed


def test_figures_and_options_go_to_wandb(tmp_path, wandb, monkeypatch):
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    train(tmp_path / "run", track="wandb")
    assert wandb.begun == [("seqtext", "run", str(tmp_path / "run"))]
    assert wandb.config["epochs"] == 3
    assert wandb.config["track"] == "wandb"
    assert wandb.closed
    logged_right(wandb.logged)


def test_the_project_is_the_one_that_wandb_is_told_of(tmp_path, wandb, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "of mine")
    train(tmp_path / "run", track="wandb")
    assert wandb.begun[0][0] == "of mine"


def test_a_tracker_that_may_not_be_used_is_told_in_one_line(tmp_path, wandb, monkeypatch):
    def refused(**_):
        raise wandb.Error("No API key configured.")

    monkeypatch.setattr(wandb, "init", refused)
    with pytest.raises(
        ResourceError, match=r"^--track wandb: No API key configured; log in with `wandb login`, or set"
    ):
        train(tmp_path / "run", track="wandb")


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_one_that_is_not_installed_is_told_with_what_to_install(monkeypatch, name):
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=rf"^--track {name}: it is not installed; pip install 'seqtext\[{name}\]'$"):
        check_tracker(name)
    check_tracker(None)


def test_what_a_tracker_left_goes_with_the_run_that_is_overwritten(tmp_path, board):
    train(tmp_path / "run")
    for name in ("tensorboard", "wandb"):
        (tmp_path / "run" / name).mkdir()
    train(tmp_path / "run", overwrite=True)
    assert not [name for name in ("tensorboard", "wandb") if (tmp_path / "run" / name).exists()]
