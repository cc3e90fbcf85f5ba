"""Lines of fastText: the label before each text is its class, and whatever does not fit that is told with its line."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.reading.sources import load
from seqtext.data.reading.text_files import open_rows
from seqtext.errors import DataError

LINES = "__label__sea a ship, old\n__label__wood\towls  wait \n__label__5 \n__label__sea __label\r\n"
ROWS = [("a ship, old", "sea"), ("owls  wait ", "wood"), ("", "5"), ("__label", "sea")]


@pytest.mark.fault(72)
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_labels_and_texts(tmp_path: Path, name: str, mark: str) -> None:
    data = (mark + LINES + "\n").encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    rows = load(tmp_path / name).splits["train"]
    assert list(zip(rows["text"], rows["label"], strict=True)) == ROWS


def test_a_text_that_speaks_of_labels_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a __label__sea\n__label__wood b\n")
    assert load(tmp_path / "a.txt").splits["train"].column_names == ["text"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("__label__a b\nc\n", r"row 2 \(line 2\): found 'c'; expected __label__NAME, as in line 1; give the line its"),
        ("__label__a b\n\n__label__a b\n", r"row 2 \(line 2\): found ''; expected __label__NAME"),
        ("__label__a b\n__label__ c\n", r"row 2 \(line 2\): found '__label__ c'; expected __label__NAME"),
        (
            "__label__a b\n__label__c  __label__d e\n",
            r"row 2 \(line 2\): found several labels, 'c' and 'd'; expected one",
        ),
        ("__label__a b\n__label__c \udcff\n", r"row 2 \(line 2\): not UTF-8"),
    ],
)
def test_lines_that_do_not_fit(tmp_path: Path, lines: str, told: str) -> None:
    (tmp_path / "a.txt").write_bytes(lines.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=rf"a\.txt, {told}"):
        load(tmp_path / "a.txt")


@pytest.mark.fault(71, 72)
def test_the_advice_on_several_labels_works(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("__label__a __label__b\t__label__c one two\n__label__b x\n")
    with pytest.raises(DataError) as caught:
        load(path)
    command = str(caught.value).partition("keep the first of each line: ")[2]
    subprocess.run(command.replace("FILE", str(path)).replace("NEW", str(tmp_path / "b.txt")), shell=True, check=True)
    assert load(tmp_path / "b.txt").splits["train"][:] == {"text": ["one two", "x"], "label": ["a", "b"]}


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n\r")).filter(
    lambda t: not t.lstrip().startswith("__label__")
)


@settings(max_examples=30)
@given(st.lists(st.tuples(TEXT, st.from_regex(r"[a-z]{1,3}", fullmatch=True)), min_size=1))
def test_what_was_written_comes_back(rows: list[tuple[str, str]]) -> None:
    path = Path(os.environ["SEQTEXT_CACHE"]).parent / "lines.txt"
    path.write_bytes("".join(f"__label__{label} {text}\n" for text, label in rows).encode())
    with open_rows(path) as found:
        assert [(row["text"], row["label"]) for row in found] == rows
