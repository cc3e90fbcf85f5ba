from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import datasets
import pytest
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub import HfApi, errors

from seqtext.data.reading.hub import is_hub_name, resolve_commit
from seqtext.data.reading.sources import load
from seqtext.errors import DataError


def test_names_of_the_hub() -> None:
    assert all(map(is_hub_name, ["owner/name", "fancyzhx/ag_news", "a/b-c.d_e"]))
    assert not any(map(is_hub_name, ["name", "a/b/c", "data/train.csv", "data/train.txt.gz", "./name", "/name", "a/*"]))


@pytest.mark.fault(12)
def test_the_hub_without_a_network() -> None:
    program = "from seqtext.data.reading.sources import load\nfrom seqtext.errors import run_program\n"
    program += "run_program(lambda: load('owner/name'))"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    child = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert child.returncode == 2
    assert child.stderr.startswith(
        "error: owner/name: no path here, and the hub cannot be reached (HF_HUB_OFFLINE is set); "
    )
    assert "hf download owner/name --repo-type dataset --local-dir FOLDER" in child.stderr
    assert child.stderr.count("\n") == 1


def answering(monkeypatch: pytest.MonkeyPatch, answer: object) -> list[str | None]:
    asked: list[str | None] = []

    def dataset_info(_: HfApi, name: str, *, revision: str | None = None, timeout: float) -> object:
        asked.append(revision)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(sha=answer)

    monkeypatch.setattr(HfApi, "dataset_info", dataset_info)
    return asked


def refusal(kind: type[errors.HfHubHTTPError]) -> Exception:
    return kind("refused", response=SimpleNamespace(headers={}, status_code=403, request=None))  # type: ignore[arg-type]


@pytest.mark.fault(12)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refusal(errors.GatedRepoError), "gated, and this account.*https://huggingface.co/datasets/owner/name.*FOLDER"),
        (refusal(errors.RepositoryNotFoundError), "neither a path here .*owner/name.* nor a data set on the hub"),
        (refusal(errors.RevisionNotFoundError), "the hub has no revision 'v9' of it"),
        (TimeoutError("slow"), r"the hub cannot be reached \('slow'\); download it where"),
        (errors.OfflineModeIsEnabled("offline"), "the hub cannot be reached .HF_HUB_OFFLINE is set"),
    ],
)
def test_refusals_of_the_hub(monkeypatch: pytest.MonkeyPatch, answer: Exception, message: str) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(DataError, match=f"^owner/name: .*{message}"):
        resolve_commit("owner/name", "v9")


@pytest.mark.fault(12)
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("Dataset scripts are no longer supported, but found name.py"),
            "runs no code.*refs/convert/parquet",
        ),
        (DatasetNotFoundError("Dataset 'owner/name' is a gated dataset on the Hub."), "is gated"),
        (ValueError("a\nb"), "cannot be loaded: ValueError, 'a b'"),
    ],
)
def test_refusals_of_the_library(monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    answering(monkeypatch, "c0ffee")
    monkeypatch.setattr(datasets, "load_dataset_builder", refuse)
    with pytest.raises(DataError, match=f"^owner/name: .*{message}"):
        load("owner/name")
