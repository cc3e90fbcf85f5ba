"""From a data set to training, validation and test pairs: blank pairs go whole, and what looks wrong is said."""

from __future__ import annotations

import random

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.pairs.checks import blank_rows
from seqtext.data.pairs.splits import pair_splits
from seqtext.data.text.normaliser import Normaliser
from seqtext.errors import DataError

EN = ("the", "dog", "runs", "over", "a", "green", "field", "while", "two", "men", "watch", "from", "their", "old")
DE = (
    "der",
    "hund",
    "läuft",
    "über",
    "eine",
    "grüne",
    "wiese",
    "während",
    "zwei",
    "männer",
    "gucken",
    "aus",
    "ihrem",
    "alten",
)


def pairs(count: int, seed: int = 0) -> datasets.Dataset:
    rng = random.Random(seed)
    numbers = [[rng.randrange(len(EN)) for _ in range(rng.randint(4, 12))] for _ in range(count)]
    source, target = ([" ".join(words[n] for n in row) for row in numbers] for words in (EN, DE))
    return datasets.Dataset.from_dict({"source": source, "target": target})


def of(**splits: datasets.Dataset) -> datasets.DatasetDict:
    return datasets.DatasetDict(splits)


def test_given_splits_are_used_as_they_are() -> None:
    found = pair_splits(of(train=pairs(60, 1), dev=pairs(10, 2), test=pairs(9, 3), other=pairs(4)))
    assert [len(part) for part in (found.train, found.validation, found.test)] == [60, 10, 9]
    assert (found.languages, found.warnings, found.has_topic) == (("source", "target"), (), False)
    assert found.notes == ("validation: the split 'dev'", "split 'other' is not used")
    assert found.blank == {"train": 0, "validation": 0, "test": 0}


def test_missing_splits_are_held_out_of_training_pairs() -> None:
    one, two = (pair_splits(of(train=pairs(200)), seed=seed) for seed in (0, 7))
    assert [len(part) for part in (one.train, one.validation, one.test)] == [162, 18, 20]
    assert one.test[:] == two.test[:]
    assert one.validation[:] != two.validation[:]
    assert "no test split: 20 training pairs are held out as one, the same whatever the seed" in one.notes
    assert "validation: 18 training pairs, held out with seed 0" in one.notes


def test_a_validation_split_alone_is_the_test_and_rows_are_drawn() -> None:
    given_pairs = pairs(10, 2)
    found = pair_splits(of(train=pairs(100, 1), validation=given_pairs), max_rows=30)
    assert found.test[:] == given_pairs[:]
    assert [len(part) for part in (found.train, found.validation)] == [27, 3]
    assert "30 training pairs used, drawn with seed 0 (--max_rows)" in found.notes


@pytest.mark.fault(32)
@given(st.lists(st.tuples(st.sampled_from(["", " ", "\t\u3000", "text"]), st.sampled_from(["", "\xa0", "wort"]))))
@settings(max_examples=60)
def test_a_pair_with_a_blank_side_goes_whole_and_no_pair_is_shifted(blanks: list[tuple[str, str]]) -> None:
    rows = [
        (f"{one} {n}" if one == "text" else one, f"{two} {n}" if two == "wort" else two)
        for n, (one, two) in enumerate(blanks)
    ]
    rows += [("text a", "wort a"), ("text b", "wort b")]
    train = datasets.Dataset.from_dict({"source": [a for a, _ in rows], "target": [b for _, b in rows]})
    found = pair_splits(of(train=train, validation=pairs(3), test=pairs(3)))
    kept = list(zip(found.train["source"][:], found.train["target"][:], strict=True))
    assert kept == [(a, b) for a, b in rows if a.strip() and b.strip()]
    assert all(a.split()[1] == b.split()[1] for a, b in kept)
    assert found.blank["train"] == len(rows) - len(kept)


@given(st.lists(st.text(st.sampled_from("\0\t\n\x1c\x7f\x85\x9f \xa0\u1680\u2003\u2028\u3000\u200b\xada")), min_size=1))
def test_a_side_is_blank_if_the_normaliser_leaves_nothing_of_it(texts: list[str]) -> None:
    rows = datasets.Dataset.from_dict({"source": texts, "target": ["a"] * len(texts)})
    assert blank_rows(rows).tolist() == [Normaliser()(text) == "" for text in texts]


def test_blank_pairs_are_counted_with_their_rows() -> None:
    train, test = pairs(40, 1)[:], pairs(20, 2)[:]
    for row in (4, 16):
        train["source"][row] = " "
    train["target"][30] = test["target"][0] = ""
    found = pair_splits(of(train=datasets.Dataset.from_dict(train), test=datasets.Dataset.from_dict(test)))
    assert found.notes[:2] == (
        "3 of 40 pairs of split 'train' are left out, blank on a side (rows 5, 17, 31)",
        "1 of 20 pairs of split 'test' are left out, blank on a side (rows 1)",
    )
    assert len(found.test) == 19


@pytest.mark.fault(32)
def test_copies_are_warned_of() -> None:
    rows = pairs(40, 1)[:]
    for share, warned in ((20, False), (21, True)):
        copied = {"source": rows["source"], "target": rows["source"][:share] + rows["target"][share:]}
        found = pair_splits(of(train=datasets.Dataset.from_dict(copied), validation=pairs(9, 2), test=pairs(9, 3)))
        assert found.same == share / 40
        said = "source and target are the same text in 52.5% of the training pairs: a model learns to copy"
        assert (said in found.warnings) == warned


@pytest.mark.fault(32)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_swapped_sides_are_warned_of(split: str) -> None:
    given_splits = {"train": pairs(80, 1), "validation": pairs(20, 2), "test": pairs(20, 3)}
    assert pair_splits(of(**given_splits)).warnings == ()
    swapped = given_splits[split].rename_columns({"source": "target", "target": "source"})
    [warning] = pair_splits(of(**{**given_splits, split: swapped})).warnings
    assert warning.startswith(f"{split}: its source is written like the target of train, ")


@pytest.mark.parametrize(("swapped", "warned"), [(20, False), (22, False), (26, True), (32, True)])
def test_swapped_sides_are_warned_of_where_they_are_clearly_most_of_a_split(swapped: int, warned: bool) -> None:
    rows = pairs(40, 3)[:]
    mixed = {
        side: rows[other][:swapped] + rows[side][swapped:]
        for side, other in (("source", "target"), ("target", "source"))
    }
    test = datasets.Dataset.from_dict(mixed)
    found = pair_splits(of(train=pairs(80, 1), validation=pairs(20, 2), test=test)).warnings
    assert [warning.partition(":")[0] for warning in found] == ["test"] * warned


def test_one_language_on_both_sides_is_never_called_swapped() -> None:
    def backwards(rows: datasets.Dataset) -> datasets.Dataset:
        return rows.map(lambda row: {"target": " ".join(reversed(row["source"].split()))})

    found = pair_splits(
        of(train=backwards(pairs(80, 1)), validation=backwards(pairs(20, 2)), test=backwards(pairs(20, 3)))
    )
    assert found.warnings == ()


@pytest.mark.fault(19)
def test_test_sources_of_train_and_uneven_pairs_are_counted() -> None:
    train, test = pairs(60, 1)[:], pairs(10, 2)[:]
    test["source"][3:5] = train["source"][7:9]
    train["target"][0] = "haus " * 200
    found = pair_splits(
        of(train=datasets.Dataset.from_dict(train), validation=pairs(9, 5), test=datasets.Dataset.from_dict(test))
    )
    assert found.duplicates == 2
    assert found.warnings == ("2 test sources are in train too: the test figures flatter",)
    assert found.uneven == 1
    assert "1 training pairs are over 4 times longer on one side than is usual; left in" in found.notes
    assert found.train["target"][0] == "haus " * 200


def test_topics_are_told_where_every_split_has_them() -> None:
    topical = pairs(40, 1).add_column("topic", ["a"] * 40)
    assert pair_splits(of(train=topical)).has_topic
    assert not pair_splits(of(train=topical, test=pairs(9, 2))).has_topic


@pytest.mark.fault(2, 10)
@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"test": pairs(9)}, "no training pairs; expected a split 'train'; its splits: test"),
        ({"train": pairs(1)}, "1 row left to train on; expected two at least, to hold one out"),
        (
            {"train": datasets.Dataset.from_dict({"source": ["", "a"], "target": ["b", " "]})},
            "all 2 pairs have a blank side; expected text on both sides; look into the files, or choose other columns",
        ),
    ],
)
def test_what_cannot_be_used_is_told(splits: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pair_splits(of(**splits))


@pytest.mark.parametrize(("split_by", "apart"), [("rows", True), ("equal", False), ("near", False)])
def test_translations_of_one_source_stay_on_one_side_unless_each_pair_stands_by_itself(split_by, apart) -> None:
    """Of 60 sources with 5 targets each, 10 pairs held out one by one would have their source in training."""
    once = pairs(60, 1)[:]
    many = {"source": once["source"] * 5, "target": [f"{text} {time}" for time in range(5) for text in once["target"]]}
    found = pair_splits(of(train=datasets.Dataset.from_dict(many)), split_by=split_by)
    for part in (found.validation, found.test):
        assert bool({*part["source"]} & {*found.train["source"]}) == apart


def test_sources_that_are_nearly_the_same_are_kept_together_where_that_is_asked_for() -> None:
    words = iter(range(10_000))
    stems = [" ".join(f"w{next(words)}" for _ in range(8)) for _ in range(60)]
    near = {"source": [f"{stem} {end}" for end in "abcde" for stem in stems], "target": [*map(str, range(300))]}
    for split_by, apart in (("equal", True), ("near", False)):
        found = pair_splits(of(train=datasets.Dataset.from_dict(near)), split_by=split_by)
        stems_of = [{text[:-2] for text in part["source"]} for part in (found.train, found.test)]
        assert bool(stems_of[0] & stems_of[1]) == apart
