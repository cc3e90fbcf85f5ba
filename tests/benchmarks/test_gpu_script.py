"""`benchmarks/gpu.py` works when a GPU is there: the same code on the CPU, small."""

from __future__ import annotations

import importlib
import json

import pytest

from tests.conftest import ROOT
from tests.in_process import run, succeeded


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("gpu")


def measured(script, path, *flags):
    return run(script.main, "gpu.py", "--device", "cpu", "--quick", "--json", path, *flags)


def test_every_part_has_its_figures(script, tmp_path):
    ended = succeeded(measured(script, tmp_path / "gpu.json"))
    found = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert found["incomplete"] == {}, ended.out
    assert set(found["figures"]) == set(found["seconds"]) == set(script.PARTS)
    assert "CPU" in found["device"]
    for name, figures in found["figures"].items():
        assert figures, name
        for figure in figures:
            assert figure["what"] in ended.out
            assert figure["value"] >= 0
    assert all(figure["value"] < 1e-4 for figure in found["figures"]["agreement"])


def test_a_part_that_fails_is_told_and_the_others_go_on(script, tmp_path, monkeypatch):
    def fails(machine):
        yield script.Figure("before", 1.5, "s")
        raise RuntimeError("no kernel of that size")

    def late(machine):
        yield from (script.Figure(f"figure {number}", 2.0, "s") for number in range(3))

    parts = {
        "one": script.PARTS["steps"]._replace(measure=fails),
        "two": script.PARTS["steps"]._replace(measure=late, seconds=-1),
    }
    monkeypatch.setattr(script, "PARTS", parts)
    ended = succeeded(measured(script, tmp_path / "gpu.json"))
    found = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert found["figures"]["one"] == [{"what": "before", "value": 1.5, "unit": "s"}]
    assert len(found["figures"]["two"]) == 1
    assert found["incomplete"] == {"one": "RuntimeError: no kernel of that size", "two": "left at the end of its -1 s"}
    assert "one is not complete: RuntimeError: no kernel of that size" in ended.out


def test_without_a_gpu_it_says_so(script, tmp_path):
    if script.torch.cuda.is_available():
        pytest.skip("there is one")
    ended = run(script.main, "gpu.py", "--json", tmp_path / "gpu.json")
    assert ended.code == 5
    assert "--device cuda: this machine has 0 device(s) of that kind" in ended.err
    assert not list(tmp_path.iterdir())
