"""The small campaign, made once for the tests of its parts."""

from __future__ import annotations

import os

import pytest

from tests.conftest import python


@pytest.fixture(scope="session")
def table() -> dict[str, str]:
    """What each part of the campaign came to; one process does all, since it is the imports that take long."""
    done = python("-m", "tests.survival", "all", env={**os.environ, "OMP_NUM_THREADS": "1"})
    return {line[6:44].strip(): line[44:] for line in done.stdout.splitlines() if line.startswith(("ok", "FAULT"))}
