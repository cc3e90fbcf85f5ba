"""A folder is there whole or not at all, and what is read from it is what was written, byte by byte, or is refused."""

from __future__ import annotations

import errno
import json
import os
import pickle
import resource
import shutil
import struct
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.errors import ResourceError, SavedFileError
from seqtext.saving import atomic, untrusted
from seqtext.saving.folders import (
    atomic_folder,
    parse_tensors,
    read_folder,
    read_tensors,
    save_tensors,
    write_json,
    write_text,
)
from seqtext.saving.manifest import MANIFEST
from seqtext.saving.untrusted import parse_json

FILES = {"a.bin": bytes(range(256)), "b.txt": b"some text\n", "empty": b""}


def fill(target: Path, files: dict[str, bytes]) -> Path:
    with atomic_folder(target) as place:
        for name, data in files.items():
            (place / name).write_bytes(data)
    return target


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- written whole


def test_a_folder_holds_what_was_written_and_a_manifest_of_it(tmp_path):
    folder = fill(tmp_path / "deep" / "er" / "run", FILES)
    assert read_folder(folder) == FILES
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest == {
        "format_version": 1,
        "files": {name: {"size": len(data), "sha256": sha256(data).hexdigest()} for name, data in FILES.items()},
    }
    assert names(folder.parent) == ["run"]
    assert folder.stat().st_mode & 0o777 == 0o755, "others may read a shared run"


@pytest.mark.parametrize("exchange", [atomic._RENAME_EXCHANGE, 1 << 20], ids=["exchange", "two renames"])
def test_an_older_folder_is_replaced_as_a_whole(tmp_path, monkeypatch, exchange):
    monkeypatch.setattr(atomic, "_RENAME_EXCHANGE", exchange)
    fill(tmp_path / "run", {"old.bin": b"old", "a.bin": b"old"})
    fill(tmp_path / "run", FILES)
    assert read_folder(tmp_path / "run") == FILES
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("fault", [ValueError("ours"), KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")])
def test_a_fault_while_writing_leaves_the_older_folder_and_nothing_else(tmp_path, fault):
    fill(tmp_path / "run", FILES)
    with pytest.raises((type(fault), ResourceError)), atomic_folder(tmp_path / "run") as place:
        (place / "half.bin").write_bytes(b"half")
        raise fault
    assert read_folder(tmp_path / "run") == FILES
    assert names(tmp_path) == ["run"]


@pytest.mark.fault(52)
def test_a_full_disk_found_only_when_syncing_leaves_the_older_folder(tmp_path, monkeypatch):
    fill(tmp_path / "run", FILES)
    write_text(tmp_path / "note.txt", "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    told = r"run: cannot be written \(No space left on device\); 0\.0 MB were needed and [\d,.]+ .B are free there; what stood"
    with pytest.raises(ResourceError, match=told):
        fill(tmp_path / "run", {"new.bin": b"new"})
    with pytest.raises(ResourceError, match=r"note\.txt: cannot be written"):
        write_text(tmp_path / "note.txt", "new")
    assert read_folder(tmp_path / "run") == FILES
    assert (tmp_path / "note.txt").read_text() == "old"
    assert names(tmp_path) == ["note.txt", "run"]


@pytest.mark.fault(52)
def test_weights_that_do_not_fit_on_the_disk_are_told_like_any_other_file(tmp_path):
    fill(tmp_path / "run", FILES)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with (
            pytest.raises(ResourceError, match=r"run: cannot be written \(File too large\); 0\.4 MB were needed"),
            atomic_folder(tmp_path / "run") as place,
        ):
            save_tensors(place / "model.safetensors", {"weight": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert read_folder(tmp_path / "run") == FILES
    assert names(tmp_path) == ["run"]


@pytest.mark.fault(53)
def test_a_place_that_cannot_be_written_is_told_as_such(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for target in (tmp_path / "file" / "run", tmp_path / "file" / "deep" / "run"):
        with pytest.raises(ResourceError, match="cannot be written"):
            fill(target, FILES)
    with pytest.raises(ResourceError, match="cannot be written"):
        write_text(tmp_path / "file" / "note.txt", "text")
    with pytest.raises(ResourceError, match="cannot be written"):
        write_text(tmp_path / "none" / "note.txt", "text")


def test_what_a_link_leads_to_is_not_touched_when_the_link_is_replaced(tmp_path):
    fill(tmp_path / "elsewhere", {"x": b"x"})
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    fill(tmp_path / "run", FILES)
    assert read_folder(tmp_path / "run") == FILES
    assert read_folder(tmp_path / "elsewhere") == {"x": b"x"}
    assert names(tmp_path) == ["elsewhere", "run"]


@settings(deadline=None, max_examples=30)
@given(st.text(alphabet=st.characters()))
def test_a_text_file_holds_the_text_byte_for_byte(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    write_text(path, "longer before\n" * 3)
    write_text(path, text)
    assert path.read_bytes() == text.encode(errors="backslashreplace")


def test_json_keeps_names_that_are_no_text_and_refuses_numbers_that_json_has_not(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"file": "caf\udce9", "ü": 1})
    assert json.loads(path.read_bytes()) == {"file": "caf\udce9", "ü": 1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert names(tmp_path) == ["a.json"]


# ---- read as it was written, or refused


@pytest.mark.fault(56)
@settings(deadline=None)
@given(st.data())
def test_a_single_bit_flipped_anywhere_is_refused(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "flipped"
    if not folder.exists():
        fill(folder, FILES)
    path = folder / data.draw(st.sampled_from([MANIFEST, "a.bin", "b.txt"]))
    good = path.read_bytes()
    position, bit = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(0, 7))
    path.write_bytes(good[:position] + bytes([good[position] ^ 1 << bit]) + good[position + 1 :])
    try:
        with pytest.raises(SavedFileError, match=str(folder)):
            read_folder(folder)
    finally:
        path.write_bytes(good)
    assert read_folder(folder) == FILES


@pytest.mark.parametrize("name", [MANIFEST, *FILES])
def test_a_missing_file_is_named(tmp_path, name):
    fill(tmp_path / "run", FILES)
    (tmp_path / "run" / name).unlink()
    with pytest.raises(SavedFileError, match=f"{name}: the file is missing"):
        read_folder(tmp_path / "run")


@pytest.mark.parametrize("size", [0, 1, 255, 257])
def test_a_file_that_was_cut_or_has_grown_is_refused(tmp_path, size):
    path = fill(tmp_path / "run", FILES) / "a.bin"
    path.write_bytes((FILES["a.bin"] * 2)[:size])
    with pytest.raises(SavedFileError, match=f"a.bin: {size} bytes; expected 256"):
        read_folder(tmp_path / "run")


def test_a_file_that_the_manifest_does_not_list_is_not_read(tmp_path):
    fill(tmp_path / "run", FILES)
    (tmp_path / "run" / "config.pkl").write_bytes(pickle.dumps(print))
    assert read_folder(tmp_path / "run") == FILES


@pytest.mark.fault(65)
def test_what_is_no_file_is_never_opened(tmp_path):
    """A pipe would hang for ever, a device may do anything, a link leads out."""
    path = fill(tmp_path / "run", FILES) / "b.txt"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SavedFileError, match=r"b\.txt: not a regular file"):
        read_folder(tmp_path / "run")
    path.unlink()
    path.mkdir()
    with pytest.raises(SavedFileError, match=r"b\.txt: (not a regular file|cannot be read)"):
        read_folder(tmp_path / "run")
    path.rmdir()
    path.symlink_to("/dev/zero")
    with pytest.raises(SavedFileError, match=r"b\.txt: cannot be read"):
        read_folder(tmp_path / "run")


@pytest.mark.fault(65)
@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", ".", "..", "a\\b", "a\0b", "sub/x"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    fill(tmp_path / "run", FILES)
    (tmp_path / "outside").write_bytes(b"x")
    entry = {"size": 1, "sha256": sha256(b"x").hexdigest()}
    (tmp_path / "run" / MANIFEST).write_text(json.dumps({"format_version": 1, "files": {name: entry}}))
    with pytest.raises(SavedFileError, match="leads out of the folder"):
        read_folder(tmp_path / "run")


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ([], "not a manifest of seqtext"),
        ({"format_version": 1}, "not a manifest of seqtext"),
        ({"format_version": 1, "files": ["a"]}, "not a manifest of seqtext"),
        ({"format_version": 1, "files": {"a": 1}}, "not a manifest of seqtext"),
        ({"format_version": 2, "files": {}}, "format version 2; expected 1; load it with the seqtext that wrote it"),
        ({"files": {}}, "format version None; expected 1"),
        ({"format_version": 1, "files": {"\ud800": {}}}, r"'\\ud800' is no name of a file"),
        ({"format_version": 1, "files": {"a.bin": {}}}, r"'a\.bin' has {}; expected a size and a SHA-256"),
        ({"format_version": 1, "files": {"a.bin": {"size": 256, "sha256": None}}}, "expected a size and a SHA-256"),
    ],
)
def test_a_manifest_of_something_else_is_refused(tmp_path, manifest, told):
    fill(tmp_path / "run", FILES)
    (tmp_path / "run" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(SavedFileError, match=told):
        read_folder(tmp_path / "run")


def test_a_folder_that_is_not_there_is_told_with_the_nearest_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "topics", FILES)
    Path("file").write_text("x")
    with pytest.raises(SavedFileError, match=rf"^topic: no such folder: {tmp_path}/topic; did you mean 'topics'\?"):
        read_folder(Path("topic"))
    with pytest.raises(SavedFileError, match=r"^no/where: no such folder: .*; check the path"):
        read_folder(Path("no/where"))
    with pytest.raises(SavedFileError, match=r"^file: it is a file; expected the folder of a run"):
        read_folder(Path("file"))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1} x'])
def test_what_is_no_json_is_refused_by_name(data):
    with pytest.raises(SavedFileError, match=r"^config\.json: not JSON"):
        parse_json(data, where="config.json")


def test_json_larger_than_any_of_ours_is_not_parsed(monkeypatch):
    monkeypatch.setattr(untrusted, "MOST_BYTES", 10)
    with pytest.raises(SavedFileError, match="11 bytes of JSON; expected at most 10"):
        parse_json(b'"123456789"', where="config.json")


# ---- tensors

MODEL = {"weight": torch.arange(6.0).reshape(2, 3), "steps": torch.tensor(3)}


def packed(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_tensors_come_back_as_they_were_whatever_their_layout(tmp_path):
    save_tensors(tmp_path / "x", {**MODEL, "weight": MODEL["weight"].t().contiguous().t()})
    found = parse_tensors((tmp_path / "x").read_bytes(), MODEL, where="x")
    assert found.keys() == MODEL.keys()
    assert all(torch.equal(found[name], MODEL[name]) and found[name].dtype == MODEL[name].dtype for name in MODEL)


@pytest.mark.fault(58, 64)
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weight": None}, "'weight' is missing"),
        ({"bias": torch.ones(2)}, "'bias' is not of this model"),
        ({"weight": torch.ones(3, 2)}, r"'weight' is F32 \(3, 2\); expected F32 \(2, 3\)"),
        ({"weight": torch.ones(2, 3).half()}, r"'weight' is F16 \(2, 3\); expected F32"),
        ({"weight": torch.full((2, 3), float("nan"))}, "'weight' holds NaN or infinity; use an earlier checkpoint"),
        ({"weight": torch.tensor([[0, 0, 0], [0, 0, float("inf")]])}, "'weight' holds NaN or infinity"),
    ],
)
def test_tensors_of_another_model_are_refused_by_name(tmp_path, changes, told):
    tensors = {name: tensor for name, tensor in {**MODEL, **changes}.items() if tensor is not None}
    save_tensors(tmp_path / "x", tensors)
    with pytest.raises(SavedFileError, match=f"^model.safetensors: tensor {told}"):
        parse_tensors((tmp_path / "x").read_bytes(), MODEL, where="model.safetensors")


WEIGHT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1234567",
        b"\xff" * 100,
        pickle.dumps({"weight": 1}),
        packed(b"{"),
        packed(b"[" * 100_000),
        packed({"w": WEIGHT}, b"\0" * 7),
        packed({"w": WEIGHT}, b"\0" * 9),
        packed({"w": {**WEIGHT, "shape": [2**62, 4]}}, b"\0" * 8),
        packed({"w": {**WEIGHT, "shape": [-2]}}, b"\0" * 8),
        packed({"w": {**WEIGHT, "dtype": "PICKLE"}}, b"\0" * 8),
        packed({"w": {**WEIGHT, "dtype": "F8_E8M0", "data_offsets": [0, 2]}}, b"\0" * 2),
        packed({"w": {**WEIGHT, "dtype": "F4", "data_offsets": [0, 1]}}, b"\0"),
        packed({"w": WEIGHT, "v": WEIGHT}, b"\0" * 8),
        packed({"w": WEIGHT, "v": {**WEIGHT, "data_offsets": [4, 12]}}, b"\0" * 12),
        packed({"__metadata__": {"w": 1}}),
    ],
)
def test_bytes_that_are_no_tensors_are_refused(data):
    with pytest.raises(SavedFileError, match="^x: not a safetensors file"):
        read_tensors(data, where="x")
    with pytest.raises(SavedFileError, match="^x: (not a safetensors file|tensor '[wv]' is )"):
        parse_tensors(data, {"w": torch.empty(2, device="meta")}, where="x")


@pytest.mark.fault(63)
def test_a_pickle_in_the_place_of_weights_is_refused_and_not_run(tmp_path):
    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "canary",))

    torch.save({"w": Harmful()}, tmp_path / "x")
    for data in ((tmp_path / "x").read_bytes(), pickle.dumps(Harmful())):
        with pytest.raises(SavedFileError, match="not a safetensors file"):
            parse_tensors(data, {"w": torch.empty(2, device="meta")}, where="x")
    assert not (tmp_path / "canary").exists()


def test_the_expected_tensors_may_be_shapes_only_so_that_nothing_large_is_made_for_a_small_file():
    huge = torch.empty(2**40, device="meta")
    with pytest.raises(SavedFileError, match=r"'w' is F32 \(2,\); expected F32 \(1099511627776,\)"):
        parse_tensors(packed({"w": WEIGHT}, b"\0" * 8), {"w": huge}, where="x")


def test_a_folder_copied_elsewhere_is_still_whole(tmp_path):
    shutil.copytree(fill(tmp_path / "run", FILES), tmp_path / "copy")
    assert read_folder(tmp_path / "copy") == FILES
