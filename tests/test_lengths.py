"""Files of the package are short enough to be read at once."""

from __future__ import annotations

from tests.conftest import ROOT


def test_no_file_of_the_package_has_more_than_300_lines() -> None:
    lengths = {path.name: path.read_text(encoding="utf-8").count("\n") for path in (ROOT / "seqtext").rglob("*.py")}
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > 300} == {}
