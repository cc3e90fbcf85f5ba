"""Several processes are the same run as one that accumulates as many times; when one ends, all end, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import seqtext
from seqtext.errors import OptionsError
from seqtext.saving.folders import read_folder
from seqtext.training.processes import ALONE, Processes
from tests.conftest import ROOT, SMALL, topic_rows, write_csv
from tests.fork_server import Forked
from tests.in_process import become, succeeded, topics_recipe
from tests.training.stopping import checkpoints, killed_in_step
from tests.training.test_run_folder import train
from tests.training.together import LINE, act, classifier, sgd_steps

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def started(act: Callable[..., None], *arguments: object, told: Path, size: int = 2) -> list[Forked]:
    """Some processes that do it together, as torchrun would start them; `told` is a folder for what they write to stderr."""
    together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "GLOO_SOCKET_IFNAME": "lo"}
    return [
        Forked(
            act, *arguments,
            environment={**together, "WORLD_SIZE": str(size), "RANK": str(rank), "LOCAL_RANK": str(rank)},
            told=told / f"stderr-{rank}.txt",
        )
        for rank in range(size)
    ]  # fmt: skip


def ended(processes: list[Forked]) -> list[tuple[int, str]]:
    """Exit code and stderr of each."""
    told = [process.communicate(timeout=300)[1] for process in processes]
    return list(zip([process.returncode for process in processes], told, strict=True))


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> tuple[dict[str, torch.Tensor], list[tuple[int, str]]]:
    """What two processes came to, and how they ended: by a gradient that is not finite in the second."""
    folder = tmp_path_factory.mktemp("together")
    codes = ended(started(act, "steps", folder, told=folder))
    return load_file(folder / "steps.safetensors"), codes


def test_gradients_and_weights_are_those_of_one_process_with_dropout_on(steps):
    found = steps[0]
    torch.set_num_threads(1)
    alone = sgd_steps(*classifier(), ALONE)
    assert found.keys() == alone.keys()
    assert any(name.startswith("gradient/") and float(value.abs().sum()) for name, value in alone.items())
    for name, value in alone.items():
        limit = 1e-6 if name.startswith("gradient/") else 1e-5
        assert float((found[name] - value).abs().max()) < limit, name


@pytest.mark.fault(42, 60)
def test_a_number_that_is_not_finite_in_one_process_ends_all_and_is_told_once_with_its_rows(steps):
    codes, told = zip(*steps[1], strict=True)
    assert codes == (4, 4)
    assert re.match(r"error: step 1: the (loss|gradient) of .*rows? .*is not finite.*; the weights were left", told[0])
    assert told[1] == ""


@pytest.fixture(scope="module")
def fits(tmp_path_factory) -> Path:
    """Runs of two processes beside those of one."""
    folder = tmp_path_factory.mktemp("fits")
    train(folder / "one", **LINE, gradient_accumulation=2)
    with killed_in_step(10):
        train(folder / "one, then two", **LINE, gradient_accumulation=2)
    for code, told in ended(started(act, "fits", folder, told=folder)):
        assert code == 0, told
    return folder


@pytest.mark.parametrize("name", ["two", "one, then two", "two more"])
def test_a_run_of_two_processes_has_the_figures_of_one_that_accumulates_twice(fits, name):
    lines = [
        [json.loads(line) for line in (fits / run / "metrics.jsonl").read_text().splitlines()] for run in ("one", name)
    ]
    assert len(lines[0]) == len(lines[1]) > 2
    for one, other in zip(*lines, strict=True):
        assert other.keys() == one.keys()
        for key, value in one.items():
            assert other[key] == pytest.approx(value, rel=1e-3)
    assert checkpoints(fits / name) == checkpoints(fits / "one")


def test_another_product_of_processes_and_accumulation_is_refused(fits):
    with pytest.raises(OptionsError, match="micro-batches per step was 2 and is 3"):
        with killed_in_step(4):
            train(fits / "other", **LINE, gradient_accumulation=2)
        train(fits / "other", **LINE, gradient_accumulation=3, resume=True)


def test_gpus_are_told_apart_by_the_number_on_the_machine(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    third = Processes(rank=3, size=4, local_rank=1)
    assert third.device(torch.device("cuda")) == torch.device("cuda:1")
    assert third.device(torch.device("cpu")) == torch.device("cpu")
    assert ALONE.device(torch.device("cuda:1")) == torch.device("cuda:1")
    with pytest.raises(OptionsError, match="--device cuda:0 for 4 processes; use --device cuda"):
        third.device(torch.device("cuda:0"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(OptionsError, match="process 2 of a machine with 1 GPUs; start 1 on each machine"):
        third.device(torch.device("cuda"))


# ---- one of them ends


def running(folder: Path, processes: list[Forked] | list[subprocess.Popen[str]]) -> None:
    """Waits until they have a checkpoint."""
    while not list(folder.glob("run/checkpoints/step-*")):
        for process in processes:
            assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.mark.fault(60)
@pytest.mark.parametrize("killed", [0, 1])
def test_when_one_is_killed_the_others_end_by_themselves_and_its_checkpoint_verifies(tmp_path, killed):
    both = started(act, "forever", tmp_path, told=tmp_path)
    running(tmp_path, both)
    both[killed].kill()
    since = time.monotonic()
    codes = ended(both)
    assert codes[killed][0] == -signal.SIGKILL
    code, told = codes[1 - killed]
    assert code == 5
    assert "another process of this run has ended or cannot be reached" in told
    assert time.monotonic() - since < 10
    read_folder(tmp_path / "run" / "checkpoints" / checkpoints(tmp_path / "run")[-1])


def test_when_one_gets_a_signal_all_save_and_leave_at_the_same_step(tmp_path):
    both = started(act, "forever", tmp_path, told=tmp_path)
    running(tmp_path, both)
    both[1].send_signal(signal.SIGTERM)
    (first, told), (second, quiet) = ended(both)
    assert (first, second) == (143, 143)
    step = re.search(r"step (\d+), all of it saved; go on with --resume", told)
    assert checkpoints(tmp_path / "run")[-1] == f"step-{int(step[1]):08d}"
    assert quiet == "\nstopping after this step; a second time leaves at once\n"


@pytest.mark.parametrize("what", ["validate", "encode"])
def test_when_one_gets_a_signal_between_epochs_all_leave(tmp_path, what):
    (tmp_path / what).mkdir()
    (first, told), (second, quiet) = ended(started(act, "signalled", tmp_path / what, told=tmp_path))
    assert (first, second) == (143, 143)
    assert "all of it saved; go on with --resume" in told
    assert quiet == "\nstopping after this step; a second time leaves at once\n"


# ---- torchrun


def torchrun(*flags: str, program: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", *flags, *program]
    return subprocess.Popen(
        command, env=ENVIRONMENT, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> list[str]:
    """The flags of a small run of the recipe, without the folder."""
    place = tmp_path_factory.mktemp("recipe")
    for name, rows, seed in (("train", 120, 1), ("test", 30, 3)):
        write_csv(place / f"{name}.csv", topic_rows(rows, seed))
    files = ["--train", str(place / "train.csv"), "--test", str(place / "test.csv"), "--baselines", "none"]
    return ["recipes/topic_classification.py", *files, *SMALL[2:], "--epochs", "2", "--precision", "fp32"]


def test_a_recipe_on_two_groups_of_torchrun_is_the_run_of_one_process(recipe, tmp_path):
    address = ["--nnodes", "2", "--nproc_per_node", "1", "--master_addr", "127.0.0.1", "--master_port", free_port()]
    # Without the two dashes torchrun would take --run for one of its own flags.
    groups = [
        torchrun(*address, "--node_rank", rank, program=["--", *recipe, "--run", str(tmp_path / "two")])
        for rank in "01"
    ]
    out = [group.communicate(timeout=300) for group in groups]
    assert [group.returncode for group in groups] == [0, 0], out
    succeeded(topics_recipe(*recipe[1:], "--gradient_accumulation", "2", "--run", tmp_path / "one"))
    assert "2 processes)" in out[0][0]
    assert out[1][0] == "", "the first alone prints"
    one, two = (json.loads((tmp_path / run / "report" / "metrics.json").read_text()) for run in ("one", "two"))
    assert two["training"]["processes"] == 2
    assert two["training"]["steps"] == one["training"]["steps"]
    assert two["training"]["validation"]["loss"] == pytest.approx(one["training"]["validation"]["loss"], rel=1e-3)
    texts = topic_rows(30, 3)["text"]
    vectors = [seqtext.load(tmp_path / run).encode_texts(texts) for run in ("one", "two")]
    np.testing.assert_allclose(*vectors, atol=1e-3)
    flags = ("--resume", "--run", str(tmp_path / "two"))
    codes, told = zip(*ended(started(become, str(ROOT / recipe[0]), *flags, told=tmp_path)), strict=True)
    assert codes == (0, 0)
    assert "has ended already" in told[0]


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


@pytest.mark.fault(60)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found in /proc")
@pytest.mark.parametrize("how", ["a killed process", "a signal to all"])
def test_torchrun_leaves_no_process_behind(tmp_path, how):
    together = torchrun(
        "--standalone", "--nproc_per_node", "2", program=["-m", "tests.training.together", "forever", str(tmp_path)]
    )
    running(tmp_path, [together])
    both = children(together.pid)
    assert len(both) == 2
    if how == "a killed process":
        os.kill(both[1], signal.SIGKILL)
    else:
        together.send_signal(signal.SIGTERM)
    told = together.communicate(timeout=120)[1]
    assert together.returncode != 0
    for pid in both:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    if how == "a signal to all":
        assert "all of it saved; go on with --resume" in told
    assert not (tmp_path / "run" / ".lock").exists() or how == "a killed process"
    read_folder(tmp_path / "run" / "checkpoints" / checkpoints(tmp_path / "run")[-1])
