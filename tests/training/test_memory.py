"""What is said of a GPU's memory: what a batch may have, before it is too large and after."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from seqtext.batching.batch_plan import Epoch
from seqtext.errors import ResourceError
from seqtext.training.memory import BatchMemory, Counters, counters_of
from tests.conftest import ROOT
from tests.training.line import Points

MB = 2**20
POINTS = Points(torch.zeros(50, 2))


def memory(*, now: int = 100 * MB, most: int = 300 * MB, capacity: int = 1000 * MB) -> BatchMemory:
    made = BatchMemory(lambda: Counters(now, most, capacity))
    for steps in (50, 200, 120):
        made.made(steps)
    return made


def test_how_many_steps_fit_follows_from_the_largest_batch_so_far():
    assert memory().most_steps() == 800  # 1 MB each beside the 100 that stay, in nine tenths of the memory
    assert memory(most=500 * MB).most_steps() == 400
    assert memory(most=100 * MB).most_steps() is None
    assert BatchMemory(lambda: Counters(1, 2, 3)).most_steps() is None, "no batch yet"


def epoch(*sizes: int) -> Epoch:
    """Steps of a batch of so many rows each; a point is a step."""
    bounds = np.cumsum([0, *sizes])
    return Epoch(np.arange(sum(sizes)), bounds, np.arange(len(sizes)), 1)


def test_a_batch_that_is_not_likely_to_fit_is_told_before():
    assert memory().note(POINTS, epoch(3, 800, 2)) == ""
    assert (
        memory()
        .note(POINTS, epoch(3, 1800, 2))
        .startswith(
            "a batch of 1,800 points, as will come, may not fit into the memory of this device: about 800 do, by those made so far;"
        )
    )
    assert "about 1 do" in memory(now=990 * MB, most=995 * MB).note(POINTS, epoch(2))


def test_without_counters_nothing_is_said():
    made = BatchMemory(counters_of(torch.device("cpu")))
    made.made(100)
    assert made.most_steps() is None
    assert made.note(POINTS, epoch(10**6)) == ""


@pytest.mark.fault(61)
@pytest.mark.parametrize(
    ("made", "more"), [(memory(), " (about 800 fit, by the batches before)"), (BatchMemory(None), "")]
)
def test_a_device_that_is_full_is_told_with_rows_steps_and_the_flag_to_lower(made, more):
    with pytest.raises(ResourceError) as caught, made.enough_for(POINTS, np.arange(30)):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of")
    assert caught.value.exit_code == 5
    assert str(caught.value) == (
        "out of memory (2.00 GiB were asked for) in a batch of 30 rows with 30 points together;"
        f" lower --batch_tokens{more} or --batch_rows, and raise --gradient_accumulation by as much"
    )


def test_other_errors_come_through():
    with pytest.raises(RuntimeError, match="shapes"), memory().enough_for(POINTS, np.arange(3)):
        raise RuntimeError("shapes do not fit")


@pytest.mark.skipif(sys.platform != "linux", reason="torch has it on Linux alone")
@pytest.mark.parametrize("name", [None, "PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"])
def test_memory_is_asked_for_in_segments_that_grow_unless_the_user_said_otherwise(name):
    here = {key: value for key, value in os.environ.items() if "ALLOC_CONF" not in key}
    given = {} if name is None else {name: "max_split_size_mb:64"}
    code = "import os, seqtext; print({k: v for k, v in os.environ.items() if 'ALLOC_CONF' in k})"
    told = subprocess.run(
        [sys.executable, "-c", code], env=here | given, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str(given or {"PYTORCH_ALLOC_CONF": "expandable_segments:True"})
