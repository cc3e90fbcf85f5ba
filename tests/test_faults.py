"""The faults that people, files and machines bring, by number; tests are marked with those they cover, and none is without."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

FAULTS = {
    # files of data
    1: "a path that leads nowhere, to a folder, or a pattern without files",
    2: "no bytes, no rows behind the header, no rows left",
    3: "bytes that are no UTF-8, anywhere",
    4: "a byte order mark at the beginning",
    5: "a file that ends too early, or is not what its name says",
    6: "a table's row with a cell too many, or a quote that stays open",
    7: "a table's row with a cell too few",
    8: "texts that other readers take for nothing",
    9: "columns that are missing, misspelt, or there twice",
    10: "a cell of texts that holds no text",
    11: "columns or classes in another order in some files",
    12: "the hub: out of reach, closed, with code, without a commit",
    13: "data that changed between saving and going on",
    # labels and splits
    14: "rows that have no label",
    15: "the id that losses leave out",
    16: "labels that are none: out of range, fractions, mixed",
    17: "classes that only some splits have",
    18: "one class, one row, hardly any rows",
    19: "test rows that were trained on",
    20: "batches without anything to learn",
    # texts and tokens
    21: "texts of nothing",
    22: "control characters, marks of direction, symbols",
    23: "half of a character in two parts",
    24: "line ends that are none, inside of lines",
    25: "one text of millions of characters",
    26: "a long row that makes its whole batch long",
    27: "ids beyond the vocabulary, tokenizers of another model",
    28: "special tokens at other places",
    29: "a corpus too small for the vocabulary asked for",
    30: "a script that the tokenizer never saw",
    # pairs, streams, numbers
    31: "two files of lines that lost step",
    32: "pairs with a blank side, copies, swapped sides",
    33: "texts that are cut, never end, or end at once",
    34: "streams cut at any place",
    35: "what leaks between streams, or out of the future",
    36: "numbers with commas, units, signs",
    37: "times that are missing, repeated, out of order, of several zones",
    38: "values without end, constant, or far out",
    39: "anything learnt from rows it is measured on",
    40: "targets of another shape",
    41: "histories shorter than what is read",
    # numbers in training
    42: "a loss or gradient that is no number",
    43: "states that grow without end",
    44: "saved weights that are no numbers",
    45: "padding that changes a result",
    46: "lengths beyond the width",
    47: "a last batch of one row",
    48: "accumulation with a remainder, scaled losses",
    49: "a run that differs from itself",
    # processes, disks, going on
    50: "a kill at any moment",
    51: "signals, and a second one while saving",
    52: "a disk that is full or fails while saving",
    53: "a folder that cannot be written to",
    54: "a newest checkpoint that is torn",
    55: "a moment without a whole checkpoint",
    56: "one bit that flipped",
    57: "two runs in one folder, locks of the dead",
    58: "going on with anything changed",
    59: "going on at an end, twice, too early, too late",
    60: "one of several processes that dies",
    61: "memory that is not enough, devices that are not there",
    62: "odd names, places and languages of the machine",
    # from strangers
    63: "files that would run code",
    64: "tensors whose head lies",
    65: "names that lead out, pipes, links",
    66: "configs that ask for too much, or for other things",
    67: "tokenizers that are malformed; terminal codes in texts and labels",
    # from the field
    68: "a cached copy that is damaged",
    69: "tables as other programs write them",
    70: "columns that nobody asked for",
    71: "advice that leads to a wrong model",
    72: "labels as other people write them",
    73: "Python objects in the place of texts and tables",
    74: "forks, default types, schedulers, closed streams",
    75: "time and memory without a bound",
    76: "rows nearly alike on both sides of a split",
}  # fmt: skip
WITHOUT: dict[int, str] = {}  # those of what is not here yet, and why


@cache
def marked() -> dict[int, list[str]]:
    """The tests that are marked with each number, as they stand in the source."""
    found: dict[int, list[str]] = defaultdict(list)
    place = Path(__file__).parent
    for path in sorted(place.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                for row in node.args:
                    found[ast.literal_eval(row)].append(f"{path.relative_to(place)}:{node.lineno}")
    return found


def test_every_fault_has_a_test_or_a_reason_why_it_has_none():
    tests = marked()
    untested = {number: fault for number, fault in FAULTS.items() if number not in tests and number not in WITHOUT}
    assert not untested
    assert not tests.keys() & WITHOUT.keys(), "there is a test by now"


def test_numbers_of_tests_are_those_of_the_list():
    assert marked().keys() | WITHOUT.keys() <= FAULTS.keys()
    assert list(FAULTS) == list(range(1, len(FAULTS) + 1))
