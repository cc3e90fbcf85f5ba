"""What `make quick` leaves out is named by file in conftest.py; each name there is that of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LONGEST, SLOW

TESTS = Path(__file__).parent


@pytest.mark.parametrize("pattern", [*SLOW, *LONGEST])
def test_files_that_take_long_are_there(pattern):
    assert [path for path in TESTS.glob(pattern) if path.name.startswith("test_")]


def test_they_and_only_they_are_marked(request):
    slow = {path for pattern in SLOW for path in TESTS.glob(pattern)}
    marked = {item.path for item in request.session.items if item.get_closest_marker("slow")}
    unmarked = {item.path for item in request.session.items} - marked
    assert marked <= slow
    assert not unmarked & slow
