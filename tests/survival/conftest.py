"""The small campaign comes first: it is the longest, and other processes of the test do the rest beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import python

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: HERE not in item.path.parents)


@pytest.fixture(scope="session")
def table() -> dict[str, str]:
    """What each part of the campaign came to; one process does all, since it is the imports that take long."""
    done = python("-m", "tests.survival", "all", env={**os.environ, "OMP_NUM_THREADS": "1"})
    return {line[6:44].strip(): line[44:] for line in done.stdout.splitlines() if line.startswith(("ok", "FAULT"))}
