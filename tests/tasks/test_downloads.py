"""A model on the hub: of a whole run only the saved model is fetched, as its manifest lists it."""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError

import seqtext
from seqtext.errors import SavedFileError


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A repository in a folder, and the names of the files that were fetched from it."""
    hub = SimpleNamespace(folder=tmp_path / "repository", fetched=[], online=True)
    monkeypatch.setenv("SEQTEXT_CACHE", str(tmp_path / "cache"))

    def fetch(name: str, local_dir: Path) -> None:
        hub.fetched.append(name)
        (local_dir / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(hub.folder / name, local_dir / name)

    def one(repository: str, name: str, *, revision: str | None, local_dir: Path) -> None:
        if not hub.online:
            raise LocalEntryNotFoundError("Cannot reach the hub")
        if not (hub.folder / name).exists():
            raise RemoteEntryNotFoundError(
                "no such entry", response=SimpleNamespace(headers={}, status_code=404, request=None)
            )
        fetch(name, local_dir)

    def several(repository: str, *, allow_patterns: list[str], revision: str | None, local_dir: Path) -> None:
        for path in sorted(hub.folder.rglob("*")):
            name = str(path.relative_to(hub.folder))
            if path.is_file() and any(fnmatchcase(name, pattern) for pattern in allow_patterns):
                fetch(name, local_dir)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", one)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", several)
    return hub


@pytest.mark.fault(75)
@pytest.mark.parametrize("is_run", [True, False])
def test_only_the_saved_model_is_fetched(run_folder: Path, hub: SimpleNamespace, is_run: bool) -> None:
    shutil.copytree(run_folder if is_run else run_folder / "model", hub.folder)
    (hub.folder / "other.safetensors").write_bytes(b"large")
    classifier = seqtext.load("owner/name")
    assert classifier(["the ship"]) == seqtext.load(run_folder)(["the ship"])
    place = "model/" if is_run else ""
    model = {f"{place}{path.name}" for path in (run_folder / "model").iterdir()}
    assert set(hub.fetched) == model
    assert any("checkpoints" in str(path) for path in run_folder.rglob("*.safetensors")), "there was more to fetch"


def test_what_is_no_model_and_a_hub_out_of_reach_are_told(hub: SimpleNamespace) -> None:
    hub.folder.mkdir()
    (hub.folder / "config.json").write_text("{}")
    with pytest.raises(SavedFileError, match=r"owner/name: no model of seqtext; expected model/manifest\.json"):
        seqtext.load("owner/name")
    hub.online = False
    with pytest.raises(
        SavedFileError, match="owner/name: neither a folder here nor to be had from the hub .Cannot reach"
    ):
        seqtext.load("owner/name")
    assert hub.fetched == []


def test_a_manifest_with_patterns_for_names_fetches_nothing_more(hub: SimpleNamespace) -> None:
    hub.folder.mkdir()
    (hub.folder / "manifest.json").write_text(
        '{\n "format_version": 1,\n "files": {\n  "*": {\n   "size": 1,\n   "sha256": "' + "0" * 64 + '"\n  }\n }\n}\n'
    )
    (hub.folder / "large.safetensors").write_bytes(b"large")
    with pytest.raises(SavedFileError):
        seqtext.load("owner/name")
    assert set(hub.fetched) == {"manifest.json"}
