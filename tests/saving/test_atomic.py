"""Whatever stops a write, and whoever reads meanwhile: the old folder or the new one is there, whole, and nothing else stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seqtext.errors import ResourceError, SavedFileError
from seqtext.saving import atomic
from seqtext.saving.atomic import SUFFIX, is_temporary, left_behind, retire
from seqtext.saving.folders import atomic_folder, check_folder, read_folder, write_text
from seqtext.saving.manifest import Entry, manifest_bytes
from tests.conftest import ROOT

OLD, NEW = {"a": b"old", "b": b"old too"}, {"a": b"new"}


def fill(target: Path, files: dict[str, bytes]) -> Path:
    with atomic_folder(target) as place:
        for name, data in files.items():
            (place / name).write_bytes(data)
    return target


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["exchange", "two renames"])
def exchange(request, monkeypatch) -> str:
    """With the system call, and on systems without it."""
    if request.param == "two renames":
        monkeypatch.setattr(atomic, "exchange", lambda one, other: False)
    return request.param


WRITER = """
import sys, time
from pathlib import Path
from seqtext.saving.folders import atomic_folder
with atomic_folder(Path(sys.argv[1])) as place:
    (place / "half").write_bytes(b"x")
    print("writing", flush=True)
    time.sleep(60)
"""


def writer(target: Path) -> subprocess.Popen[str]:
    """Another process, in the middle of a save."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", WRITER, target], stdout=-1, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def test_what_a_killed_save_left_goes_with_the_next_and_what_is_being_written_stays(tmp_path):
    fill(tmp_path / "step-10", OLD)
    with writer(tmp_path / "step-20") as process:
        fill(tmp_path / "step-10", NEW)
        assert len(names(tmp_path)) == 2, "the other process is still writing"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
    assert [name for name in names(tmp_path) if is_temporary(Path(name))] != []
    fill(tmp_path / "step-30", NEW)
    assert names(tmp_path) == ["step-10", "step-30"]


def test_somebody_elses_files_are_never_taken_for_left_behind(tmp_path):
    foreign = [
        ".model-abcdefgh",
        ".model.seqtext",
        ".cache-abcdefgh.seqtext",
        "model-abcdefgh.seqtext",
        ".other-1234567",
    ]
    for name in foreign:
        (tmp_path / name).mkdir()
    fill(tmp_path / "model", NEW)
    assert names(tmp_path) == sorted([*foreign, "model"])


def test_a_kill_between_two_renames_leaves_the_older_folder_to_read_and_the_next_save_mends_it(tmp_path):
    fill(tmp_path / "model", OLD)
    (tmp_path / "model").rename(tmp_path / f".model-abcdefgh-old{SUFFIX}")
    (tmp_path / f".model-abcdefgh{SUFFIX}").mkdir()
    (tmp_path / f".model-abcdefgh{SUFFIX}" / "half").write_bytes(b"x")
    assert len(left_behind(tmp_path / "model")) == 2
    assert read_folder(tmp_path / "model") == OLD
    with pytest.raises(ResourceError), atomic_folder(tmp_path / "model"):
        raise OSError
    assert read_folder(tmp_path / "model") == OLD
    assert names(tmp_path) == ["model"]


def test_a_folder_that_was_never_whole_is_not_taken_for_one(tmp_path):
    (tmp_path / f".model-abcdefgh{SUFFIX}").mkdir()
    with pytest.raises(SavedFileError, match="no such folder"):
        read_folder(tmp_path / "model")
    fill(tmp_path / "model", NEW)
    assert names(tmp_path) == ["model"]


def test_a_disk_that_fails_after_the_exchange_gets_the_older_folder_back(tmp_path, monkeypatch, exchange):
    fill(tmp_path / "model", OLD)
    sync = atomic.sync

    def fail(path: Path) -> None:
        if path == tmp_path:
            raise OSError(5, "Input/output error")
        sync(path)

    monkeypatch.setattr(atomic, "sync", fail)
    for target in (tmp_path / "model", tmp_path / "another"):
        with pytest.raises(ResourceError, match="Input/output error"):
            fill(target, NEW)
    assert read_folder(tmp_path / "model") == OLD
    assert names(tmp_path) == ["model"]


def test_everything_is_on_the_disk_before_the_rename_and_the_rename_before_the_older_one_goes(tmp_path, monkeypatch):
    """What power loss does cannot be tried here; the order in which the disk is told can."""
    fill(tmp_path / "model", OLD)
    told: list[str] = []
    swap, remove, fsync = atomic.exchange, atomic.remove, os.fsync

    def log(what: str, function, path_of=lambda path, *_: path):
        def logged(*arguments):
            told.append(f"{what} {path_of(*arguments)}")
            return function(*arguments)

        return logged

    monkeypatch.setattr(atomic, "exchange", log("swap", swap))
    monkeypatch.setattr(atomic, "remove", log("remove", remove))
    monkeypatch.setattr(os, "fsync", log("sync", fsync, lambda number: Path(os.readlink(f"/proc/self/fd/{number}"))))
    fill(tmp_path / "model", NEW)
    place = next(line for line in told if line.startswith("swap")).removeprefix("swap ")
    assert sorted(told[:2]) == [f"sync {place}/a", f"sync {place}/manifest.json"]
    assert told[2:] == [f"sync {place}", f"swap {place}", f"sync {tmp_path}", f"remove {place}"]


def test_a_reader_finds_one_save_or_another_but_never_parts_of_both(tmp_path, exchange):
    fill(tmp_path / "model", {"a": b"0" * 100, "b": b"0" * 100})
    stop, faults = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                found = read_folder(tmp_path / "model")
            except SavedFileError as error:
                faults.append(str(error))
                return
            if len(set(found["a"] + found["b"])) != 1:
                faults.append(str(found))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(12):
        fill(tmp_path / "model", {name: str(number % 10).encode() * 100 for name in ("a", "b")})
    stop.set()
    reader.join()
    assert faults == []


def test_a_disk_that_gives_back_other_bytes_is_found_before_the_older_folder_goes(tmp_path, monkeypatch):
    from seqtext.saving import folders

    fill(tmp_path / "model", OLD)
    honest = folders.fingerprint
    monkeypatch.setattr(folders, "fingerprint", lambda path, **how: Entry(3, "0" * 64) if how else honest(path))
    with pytest.raises(ResourceError, match="the disk does not give back what was written"):
        fill(tmp_path / "model", NEW)
    assert read_folder(tmp_path / "model") == OLD
    assert names(tmp_path) == ["model"]


def test_a_folder_that_goes_is_gone_at_once(tmp_path, monkeypatch):
    folder = fill(tmp_path / "step-10", OLD)

    def stop(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(atomic, "remove", stop)
        retire(folder)
    assert not folder.exists(), "a kill here leaves no checkpoint that is only half there"
    fill(tmp_path / "step-20", NEW)
    assert names(tmp_path) == ["step-20"]


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "new\nline", "-", ".hidden"])
def test_any_name_that_the_file_system_takes_can_be_written(tmp_path, name):
    fill(tmp_path / name, OLD)
    fill(tmp_path / name, NEW)
    assert read_folder(tmp_path / name) == NEW
    write_text(tmp_path / "x", "y")
    assert names(tmp_path) == sorted([name, "x"])


def test_a_link_or_a_pipe_that_is_named_like_something_left_behind_does_no_harm(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f".model-abcdefgh{SUFFIX}").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / f".model-bcdefghi{SUFFIX}")
    with pytest.raises(SavedFileError):
        check_folder(tmp_path / "model")
    fill(tmp_path / "model", NEW)
    assert (tmp_path / "elsewhere").is_dir()


def test_a_manifest_is_accepted_as_it_was_written_only(tmp_path):
    folder = fill(tmp_path / "model", OLD)
    data = (folder / "manifest.json").read_bytes()
    assert data == manifest_bytes(check_folder(folder))
    for changed in (data.replace(b"\n", b" "), data[:-1], data + b"\n", data.replace(b'"a"', b'"\\u0061"')):
        (folder / "manifest.json").write_bytes(changed)
        with pytest.raises(SavedFileError, match=r"manifest\.json: it is not as it was written"):
            read_folder(folder)
