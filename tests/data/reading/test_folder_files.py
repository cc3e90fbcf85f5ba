"""What a data folder may have read: tables and texts inside of it, and nothing that runs, lies elsewhere, or never ends."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import datasets
import pytest
from huggingface_hub import HfApi

from seqtext.data.reading.sources import load
from seqtext.errors import DataError

_SEEN: list[str] = []
_WATCHES = [False]


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _WATCHES[0] and event in ("pickle.find_class", "os.system", "subprocess.Popen", "socket.connect"):
        _SEEN.append(event)
    if _WATCHES[0] and event == "open":
        _SEEN.append(str(arguments[0]))


sys.addaudithook(_hook)


@pytest.fixture
def seen() -> Iterator[list[str]]:
    """What is opened, run or asked while a test lasts."""
    _SEEN.clear()
    _WATCHES[0] = True
    yield _SEEN
    _WATCHES[0] = False


def readme(data_files: str) -> str:
    return f"---\nconfigs:\n- config_name: default\n  data_files: {data_files}\n---\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.csv").write_text("text,label\nsecret,a\n")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.mark.fault(63)
def test_an_archive_reaches_nobody_who_would_unpickle_it(folder: Path, seen: list[str]) -> None:
    with tarfile.open(folder / "train.tar", "w") as archive:
        for name in ("a.pth", "a.txt"):
            item = tarfile.TarInfo(name)
            item.size = len(data := b"cos\nsystem\n(S'id'\ntR.")
            archive.addfile(item, io.BytesIO(data))
    with pytest.raises(
        DataError, match=r"data: found 'train.tar', which is no table and no text; expected one of \.csv"
    ):
        load(folder)
    assert "pickle.find_class" not in seen
    assert len([path for path in seen if path.endswith(".tar")]) == 1, "by the test itself"


@pytest.mark.parametrize("name", ["a.jpg", "a.wav", "a.h5", "a.xml", "a.pdb", "a.eval", "a.conll", "data.csv.zip"])
def test_other_kinds_of_files(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    with pytest.raises(DataError, match=rf"found '{name}', which is no table and no text|cannot be loaded|unpack it"):
        load(folder)


@pytest.mark.fault(65)
@pytest.mark.parametrize(
    "data_files",
    [
        *("../secret.csv", "'{0}/secret.csv'", "'x/../../secret.csv'", "'{0}/*.csv'", "'../*.csv'", "[../secret.csv]"),
        *("[{{split: train, path: ../secret.csv}}]", "[{{split: train, path: [a.csv, ../secret.csv]}}]", "'/**'"),
        *("http://127.0.0.1:9/a.csv", "hf://datasets/owner/name/a.csv", "'zip://a.csv::{0}/b.zip'"),
    ],
)
def test_a_readme_names_no_file_outside(folder: Path, tmp_path: Path, data_files: str, seen: list[str]) -> None:
    (folder / "README.md").write_text(readme(data_files.format(tmp_path)))
    (folder / "a.csv").write_text("text,label\na,b\n")
    with pytest.raises(DataError, match=r"names the data files .*not inside of it; copy the files into the folder"):
        load(folder)
    assert not [event for event in seen if event.endswith("secret.csv") or event == "socket.connect"]


@pytest.mark.fault(75)
def test_aliases_that_unfold_to_more_than_any_memory_end(folder: Path) -> None:
    laughs = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
    )
    (folder / "README.md").write_text(f"---\n{laughs}configs: [{{data_files: *y}}]\n---\n")
    (folder / "a.csv").write_text("text,label\na,b\n")
    with pytest.raises(
        DataError, match=r"README\.md: not YAML \(an anchor or alias, 'a'\); mend its head, or leave it out"
    ):
        load(folder)


def test_the_advice_on_files_outside_works(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").write_text(readme("secret.csv"))
    (folder / "secret.csv").write_bytes((tmp_path / "secret.csv").read_bytes())
    assert load(folder).splits["train"]["text"][:] == ["secret"]


@pytest.mark.fault(65)
def test_a_link_that_leads_out_is_not_followed_and_one_inside_is(folder: Path, tmp_path: Path) -> None:
    (folder / "train.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(
        DataError, match=r"data/train\.csv: not inside of .*data, whose data it is to be; copy the file into the folder"
    ):
        load(folder)
    (folder / "train.csv").unlink()
    (folder / "kept").mkdir()
    (folder / "kept" / "train.csv").write_text("text,label\ninside,a\n")
    (folder / "train.csv").symlink_to("kept/train.csv")
    assert set(load(folder).splits["train"]["text"][:]) == {"inside"}


@pytest.mark.fault(65)
def test_a_pipe_as_a_readme_does_not_hang(folder: Path) -> None:
    os.mkfifo(folder / "README.md")
    (folder / "a.csv").write_text("text,label\na,b\n")
    with pytest.raises(DataError, match=r"README\.md: not a regular file inside of it"):
        load(folder)


def test_a_readme_of_a_giant_is_not_parsed(folder: Path) -> None:
    (folder / "README.md").write_text("---\n" + "".join(f"k{n:06}: 0\n" for n in range(110_000)) + "---\n")
    with pytest.raises(DataError, match=r"README\.md: \d+ characters of YAML; expected at most"):
        load(folder)


def test_the_hubs_own_cache_is_made_of_links(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "c0ffee"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    (blobs / "1234").write_text("text,label\na,b\n")
    (snapshot / "train.csv").symlink_to("../../blobs/1234")
    assert load(snapshot).splits["train"]["text"][:] == ["a"]
    (tmp_path / "secret.csv").write_text("text,label\nsecret,b\n")
    (snapshot / "test.csv").symlink_to("../../secret.csv")
    with pytest.raises(DataError, match=r"snapshots/c0ffee/test\.csv: not inside of "):
        load(snapshot)


def test_what_a_download_leaves_beside_the_data_is_not_data(folder: Path) -> None:
    (folder / "train.csv").write_text("text,label\na,b\n")
    left = folder / ".cache" / "huggingface" / "download"
    left.mkdir(parents=True)
    (left / "train.csv.metadata").write_text("c0ffee\n")
    (left / "train.csv").write_text("text,label\nother,b\n")
    (folder / ".gitattributes").write_text("x\n")
    assert load(folder).splits["train"]["text"][:] == ["a"]


def test_a_repository_of_the_hub_brings_its_own_files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Builder:
        name = "csv"
        config = SimpleNamespace(data_files={"train": ["hf://datasets/other/name@c0ffee/train.csv"]})

    monkeypatch.setattr(HfApi, "dataset_info", lambda *_, **__: SimpleNamespace(sha="c0ffee"))
    monkeypatch.setattr(datasets, "load_dataset_builder", lambda *_, **__: Builder())
    with pytest.raises(
        DataError, match=r"owner/name: the data file 'hf://datasets/other/name@.*' is not one of its own"
    ):
        load("owner/name")
    Builder.name = "webdataset"
    with pytest.raises(DataError, match="owner/name: found .*, which is no table and no text"):
        load("owner/name")


# ---- folders of save_to_disk


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("train/state.json", '{"_data_files": [{"filename": "../../secret.arrow"}]}'),
        ("train/state.json", '{"_data_files": [{"filename": "/etc/passwd"}]}'),
        ("train/state.json", '{"_data_files": [{"filename": "gone.arrow"}]}'),
        ("train/state.json", '{"_data_files": []}'),
        ("train/state.json", "[]"),
        ("train/state.json", ""),
        ("train/dataset_info.json", '{"features": {"text": {"_type": "Nonsense"}}}'),
        ("train/dataset_info.json", '{"features": 3}'),
        ("dataset_dict.json", '{"splits": ["../other"]}'),
        ("dataset_dict.json", '{"splits": []}'),
        ("dataset_dict.json", '{"splits": [3]}'),
        ("dataset_dict.json", "{"),
    ],
)
def test_lists_of_save_to_disk_that_lead_elsewhere_or_are_none(tmp_path: Path, file: str, text: str) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a"]})
    rows.save_to_disk(tmp_path / "other")
    datasets.DatasetDict(train=rows).save_to_disk(tmp_path / "data")
    (tmp_path / "data" / file).write_text(text)
    with pytest.raises(DataError, match=r"cannot be loaded \(.*\); save it again with save_to_disk"):
        load(tmp_path / "data")


def test_damaged_rows_of_save_to_disk_are_told(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": ["a ship"] * 50}).save_to_disk(tmp_path / "data")
    [file] = (tmp_path / "data").glob("*.arrow")
    data = bytearray(file.read_bytes())
    start = data.index(b"a shipa ship")
    data[start : start + 6] = b"\xff" * 6
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"\.arrow: not a whole arrow file"):
        load(tmp_path / "data")
