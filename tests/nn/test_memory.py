"""What a model takes is known from its shapes, and compared with what there is before anything is allocated."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from seqtext.errors import ResourceError
from seqtext.nn import memory
from tests.conftest import ROOT


@pytest.mark.fault(61, 66)
def test_a_model_too_large_for_the_memory_is_refused_by_its_shapes_alone(monkeypatch):
    with torch.device("meta"):
        model = nn.Linear(10_000_000, 100_000)  # 4 TB
    with pytest.raises(ResourceError, match=r"has 1,000,000,100,000 parameters.*for its weights 4,000.0 GB of memory"):
        memory.check_memory(model, torch.device("cpu"))
    monkeypatch.setattr(memory, "_free", lambda: 8_100)
    small = nn.Linear(20, 20)  # 1,680 bytes
    memory.check_memory(small, torch.device("cpu"), copies=4)
    with pytest.raises(ResourceError, match="lower --hidden_size"):
        memory.check_memory(small, torch.device("cpu"), copies=5)


@pytest.mark.parametrize("names", memory._CGROUPS)
def test_copies_of_files_do_not_count_as_what_a_container_uses(names, monkeypatch, tmp_path):
    limit, used, of_files = names
    monkeypatch.setattr(memory, "_OF_CONTAINER", tmp_path)
    (tmp_path / limit).parent.mkdir(exist_ok=True)
    (tmp_path / limit).write_text("9000\n")
    (tmp_path / used).write_text("8000\n")
    assert memory._free() == 1000
    (tmp_path / limit).with_name("memory.stat").write_text(f"anon 1000\n{of_files} 6000\nactive_file 1000\n")
    assert memory._free() == 7000


def test_a_limit_of_the_process_counts():
    code = (
        "import resource; from seqtext.nn.memory import _free; before = _free();"
        " resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30)); print(before, _free())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    before, after = map(int, told.split())
    assert 0 < after <= min(before, 6 << 30)
