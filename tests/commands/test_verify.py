"""`seqtext verify` says of every part of a run whether it is what was written, and ends with 3 where one is not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.in_process import seqtext_command


@pytest.fixture
def run(run_folder, tmp_path) -> Path:
    shutil.copytree(run_folder, tmp_path / "run")
    return tmp_path / "run"


def test_a_finished_run_is_verified_part_by_part(run):
    ended = seqtext_command("verify", run)
    assert (ended.code, ended.err) == (0, "")
    parts = re.findall(r"^(\S+) +\d+ files?, [\d.]+ MB, verified$", ended.out, flags=re.MULTILINE)
    newest = sorted(f"checkpoints/{path.name}/" for path in (run / "checkpoints").iterdir())
    assert parts == ["model/", *newest, "report/", "./"]
    assert "not covered" not in ended.out


@pytest.mark.parametrize(
    "name",
    [
        "model/model.safetensors",
        "report/metrics.json",
        "options.yaml",
        "metrics.jsonl",
        "README.md",
        "manifest.json",
    ],
)
def test_a_file_that_is_not_what_it_was_is_named_and_the_exit_code_is_3(run, name):
    data = bytearray((run / name).read_bytes())
    data[0 if name == "manifest.json" else len(data) // 2] ^= 1  # inside, a hash of another file could be hit
    (run / name).write_bytes(data)
    ended = seqtext_command("verify", run)
    assert ended.code == 3
    assert re.fullmatch(rf"error: {run}/.*{Path(name).name}: .*\n", ended.err)
    assert ended.out.count("DAMAGED") == 1


def test_all_parts_are_told_where_several_are_damaged(run):
    (run / "model" / "config.json").unlink()
    (run / "README.md").unlink()
    ended = seqtext_command("verify", run)
    assert ended.code == 3
    assert ended.err.startswith("error: 2 parts:\n")
    assert "config.json: the file is missing" in ended.err
    assert "README.md: the file is missing" in ended.err


def test_what_no_manifest_covers_is_named(run):
    (run / "notes.txt").write_text("mine")
    (run / "model" / "more.txt").write_text("mine")
    ended = seqtext_command("verify", run)
    assert ended.code == 0
    assert re.findall(r"not covered by a manifest: (.*)", ended.out) == ["more.txt", "notes.txt"]


def test_a_run_that_has_not_ended_is_verified_as_far_as_it_is(run):
    shutil.rmtree(run / "report")
    (run / "manifest.json").unlink()
    ended = seqtext_command("verify", run)
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"^metrics\.jsonl +its [\d,]+ bytes up to step-\d+, verified$", ended.out, flags=re.MULTILINE)
    assert re.search(
        r"^\./ +the run has not ended\n +not covered by a manifest: README.md, options.yaml$", ended.out, flags=re.M
    )
    log = (run / "metrics.jsonl").read_bytes()
    for damaged in (log.replace(b"1", b"2", 1), log[:-2]):
        (run / "metrics.jsonl").write_bytes(damaged)
        ended = seqtext_command("verify", run)
        assert ended.code == 3
        assert "metrics.jsonl: " in ended.err
    (run / "metrics.jsonl").write_bytes(log + b'{"step": 99')
    assert seqtext_command("verify", run).code == 0, "what stands behind the checkpoint is made again"


@pytest.mark.parametrize("part", ["manifest.json", "report/manifest.json", "model/manifest.json"])
def test_a_manifest_that_is_gone_is_missed(run, part):
    (run / part).unlink()
    ended = seqtext_command("verify", run)
    assert ended.code == 3
    assert "manifest.json: the file is missing" in ended.err


def test_a_model_folder_alone_can_be_verified_and_another_folder_is_none(run, tmp_path):
    assert "4 files" in (told := seqtext_command("verify", run / "model").out) or "3 files" in told
    ended = seqtext_command("verify", tmp_path)
    assert ended.code == 3
    assert "manifest.json: the file is missing" in ended.err
    (tmp_path / "file.txt").write_text("mine")
    for name, told in (("none", "no such folder: "), ("file.txt", "it is a file; ")):
        ended = seqtext_command("verify", tmp_path / name)
        assert (ended.code, ended.out) == (3, "")
        assert ended.err.startswith(f"error: {tmp_path / name}: {told}")


def test_what_a_kill_left_is_named(run):
    (run / "checkpoints" / ".step-00000001-abcdefgh.seqtext").mkdir()
    ended = seqtext_command("verify", run)
    assert ended.code == 0
    assert "left by a kill" in ended.out


@pytest.mark.fault(65)
def test_a_part_that_is_a_link_out_of_the_run_is_refused(run, tmp_path):
    (run / "model").rename(tmp_path / "elsewhere")
    (run / "model").symlink_to(tmp_path / "elsewhere")
    assert "a link that leaves the run" in seqtext_command("verify", run).err
    assert "a link that leaves the run" in seqtext_command("predict", run, "a ship").err
