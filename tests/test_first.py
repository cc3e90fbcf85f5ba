"""`recipes/first.py`: one page, without options, and it learns."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.in_process import recipe, succeeded


def test_it_is_one_page_without_options():
    lines = (ROOT / "recipes" / "first.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert not re.search(r"argparse|tyro|sys\.argv|parse\(", "\n".join(lines))


def test_it_beats_the_commonest_topic_by_far():
    last = succeeded(recipe("first")).out.splitlines()[-1]
    [accuracy, commonest] = map(float, re.fullmatch(r"test accuracy (.+)%; always '\w+': (.+)%", last).groups())
    assert accuracy > 95
    assert commonest < 20
