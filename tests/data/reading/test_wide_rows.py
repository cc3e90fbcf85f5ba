"""Many columns and keys: no check takes time that grows with the square of how many there are."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seqtext.data.reading.fingerprint import fingerprint
from seqtext.data.reading.sources import load
from seqtext.data.reading.text_files import open_rows
from seqtext.data.rows.columns import choose
from seqtext.errors import DataError

MANY = 40_000  # of which the old checks took a minute and more


@contextmanager
def seconds(most: int) -> Iterator[None]:
    """Ends what computes for longer: a generous bound, which work that grows with the square passes by far."""

    def end(*_: object) -> None:
        raise TimeoutError(f"more than {most} s")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def test_a_header_of_many_names(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(MANY)]
    (tmp_path / "a.csv").write_text(f"{','.join(names)}\n{','.join(['x'] * MANY)}\n")
    with seconds(10), open_rows(tmp_path / "a.csv") as rows:
        assert rows.columns == tuple(names)
        assert len(list(rows.cells())) == 1


def test_a_row_of_many_keys(tmp_path: Path) -> None:
    row = {f"c{n}": 0 for n in range(MANY)}
    text = json.dumps(row)
    (tmp_path / "a.jsonl").write_text(f'{text}\n{text[:-1]}, "c{MANY - 1}": 1}}\n')
    with seconds(10), open_rows(tmp_path / "a.jsonl") as rows:
        assert len(list(rows.cells())) == 2


@pytest.mark.fault(75)
def test_a_table_of_many_columns_is_loaded_hashed_and_its_columns_told(tmp_path: Path) -> None:
    many = MANY // 10
    (tmp_path / "a.csv").write_text(f"{','.join(f'c{n}' for n in range(many))}\n{','.join(['x'] * many)}\n")
    with seconds(20):  # several minutes, where `datasets` copies what it knows of all columns for each
        rows = load(tmp_path / "a.csv").splits["train"]
        assert len(fingerprint(rows)) == 64
        with pytest.raises(DataError, match="no column is clearly the label among 'c0' .string., 'c1'"):
            choose(rows)
