"""The small campaign begins with the first test and runs beside all others, since they leave a core idle; its tests come last."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAMPAIGN = pytest.StashKey[tuple[subprocess.Popen[bytes], Path]]()


@pytest.hookimpl(trylast=True)  # behind -k and -m
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    last = [item for item in items if "table" in getattr(item, "fixturenames", ())]
    if not last or session.config.option.collectonly:
        return
    items[:] = [item for item in items if item not in last] + last
    output = Path(tempfile.mkdtemp(prefix="campaign-"), "output.txt")
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.survival", "all"],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
            },  # two programs that share two cores by threads wait for each other
        )
    session.config.stash[CAMPAIGN] = process, output


def pytest_unconfigure(config: pytest.Config) -> None:
    if (campaign := config.stash.get(CAMPAIGN, None)) is not None:
        campaign[0].kill()
        campaign[0].wait()
        campaign[1].unlink()
        campaign[1].parent.rmdir()


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> dict[str, str]:
    """What each part of the campaign came to; one process does all, since it is the imports that take long."""
    process, output = request.config.stash[CAMPAIGN]
    code = process.wait()
    text = output.read_text(encoding="utf-8")
    assert code == 0, text
    return {line[6:44].strip(): line[44:] for line in text.splitlines() if line.startswith(("ok", "FAULT"))}
