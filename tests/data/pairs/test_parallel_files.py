"""Parallel files of lines, and every other way to give pairs: rows stay rows, and what does not fit together is told."""

from __future__ import annotations

import gzip
import random
import re
from pathlib import Path

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.builtin.phrasebook import Pair
from seqtext.data.pairs.columns import choose_pairs
from seqtext.data.pairs.line_agreement import first_break
from seqtext.data.pairs.parallel_files import read_parallel
from seqtext.data.pairs.sources import load_pair_files, load_pairs
from seqtext.errors import DataError


def made_up(lines: int, seed: int) -> tuple[list[str], list[str]]:
    """Lines of two languages that agree in length about as well as English and German do."""
    rng = random.Random(seed)
    lengths = [rng.randint(15, 120) for _ in range(lines)]
    return ["s" * length for length in lengths], ["t" * round(length * rng.gauss(1.15, 0.12)) for length in lengths]


def written(source: list[str], target: list[str]) -> tuple[str, str]:
    for name, lines in (("a.en", source), ("a.de", target)):
        Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return "a.en", "a.de"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# ---- lines


def test_line_n_of_one_file_goes_with_line_n_of_the_other_whatever_they_hold() -> None:
    source = ["one", "", "thr\u2028ee \x0b\x0c\x85", "  NA  ", "a\rb"]
    target = ["eins", "zwei", "", "null", "\ufeffa"]
    Path("a.en").write_bytes("".join(f"{line}\n" for line in source).encode())
    Path("a.de").write_bytes("\r\n".join(target).encode())
    rows = read_parallel(("a.en", "a.de"), split="train")
    assert rows.column_names == ["source", "target"]
    assert rows["source"][:] == source
    assert rows["target"][:] == target


@pytest.mark.fault(24)
@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=8))
@settings(max_examples=30)
def test_what_is_written_is_what_is_read(pairs: list[tuple[str, str]]) -> None:
    def line(text: str) -> str:
        return re.sub("[\n\r\ufeff\ud800-\udfff]", "", text)

    source, target = ([line(pair[side]) for pair in pairs] for side in (0, 1))
    rows = read_parallel(written(source, target), split="train")
    assert (rows["source"][:], rows["target"][:]) == (source, target)


def test_packed_files_are_unpacked() -> None:
    for name, text in (("a.en.gz", "one\ntwo\n"), ("a.de.gz", "eins\nzwei\n")):
        Path(name).write_bytes(gzip.compress(text.encode()))
    source = load_pair_files(train=("a.en.gz", "a.de.gz"), test=("a.en.gz", "a.de.gz"))
    assert source.splits["train"][:] == {"en": ["one", "two"], "de": ["eins", "zwei"]}
    assert (list(source.splits), source.revision, source.source, source.target) == (["train", "test"], None, "en", "de")
    assert source.name == "a.en.gz + a.de.gz, a.en.gz + a.de.gz"


@pytest.mark.parametrize(
    "names", [("one.txt", "other.txt"), ("plain", "b.txt"), ("a.de", "folder/b.de"), ("a.src", "b.target")]
)
def test_endings_that_name_no_languages_are_no_names(names: tuple[str, str]) -> None:
    Path("folder").mkdir()
    for name in names:
        Path(name).write_text("text\n")
    source = load_pair_files(train=names)
    assert (source.source, source.target) == ("source", "target")
    assert (
        choose_pairs(source.splits, source=source.source, target=source.target).splits["train"][0]["source"] == "text"
    )


def test_the_first_file_is_the_source_unless_it_is_said() -> None:
    found = load_pair_files(train=written(["one"], ["eins"]), source="de")
    pairs = choose_pairs(found.splits, source=found.source, target=found.target)
    assert pairs.splits["train"][:] == {"source": ["eins"], "target": ["one"]}


# ---- files of unequal length


@pytest.mark.fault(31)
def test_a_line_lost_or_added_anywhere_is_found_by_the_lengths() -> None:
    rng, off = random.Random(0), []
    for seed in range(300):
        lines = rng.randint(40, 400)
        at, lost_in_source = rng.randrange(lines), rng.random() < 0.5
        sides = [np.array([len(line) for line in side]) for side in made_up(lines, seed)]
        sides[not lost_in_source] = np.delete(sides[not lost_in_source], at)
        found = first_break(*sides)
        assert found is not None
        off.append(abs(found - (at + 1)))
    # A line is told by its length from its neighbours, which a few in a row may fail to: then the place is off by those.
    assert sorted(off)[int(0.98 * len(off))] <= 3
    assert max(off) <= 8


def test_of_several_lost_lines_the_first_is_told() -> None:
    source, target = (np.array([len(line) for line in side]) for side in made_up(900, seed=3))
    found = first_break(source, np.delete(target, [200, 500, 501, 700]))
    assert found is not None
    assert abs(found - 201) <= 3
    found = first_break(np.delete(source, range(300, 360)), target)
    assert found is not None
    assert abs(found - 301) <= 3


def test_lines_of_unrelated_files_agree_nowhere() -> None:
    source, target = (np.array([len(line) for line in made_up(400, seed)[0]]) for seed in (1, 2))
    assert first_break(source, target[:-1]) is None
    assert first_break(source, target) is None, "as many lines: nothing is lost"
    assert first_break(source, target[:0]) is None


def test_lines_that_are_all_alike_agree_to_the_end_of_the_shorter_file() -> None:
    assert first_break(np.full(20, 3), np.full(19, 4)) == 20
    assert first_break(np.full(19, 3), np.full(25, 4)) == 20


@pytest.mark.fault(31)
def test_both_counts_and_the_place_are_told() -> None:
    source, target = made_up(120, seed=7)
    del target[59]
    with pytest.raises(DataError) as told:
        load_pair_files(train=written(source, target))
    place = re.fullmatch(
        r"--train a.en a.de: found 120 and 119 lines; expected as many in both; "
        r"the lengths of their lines stop agreeing at about line (\d+): look there for one that was lost or split",
        str(told.value),
    )
    assert place
    assert abs(int(place[1]) - 60) <= 2


def test_blank_lines_at_the_end_and_unrelated_files_are_told_as_such() -> None:
    source, target = made_up(50, seed=1)
    with pytest.raises(
        DataError,
        match=r"found 50 and 52 lines; .*; without the blank lines they end in, 0 and 2, they have as many: remove",
    ):
        read_parallel(written(source, [*target, "", ""]), split="train")
    _, other = made_up(60, seed=2)
    with pytest.raises(
        DataError, match=r"50 and 60 lines; .*; the lengths of their lines agree nowhere: are they each"
    ):
        read_parallel(written(source, other), split="train")


def test_blank_lines_at_both_ends_do_not_hide_a_line_too_many_in_the_middle() -> None:
    source, target = made_up(200, seed=3)
    target.insert(50, "a line that belongs to nothing at all, and is long enough to be seen")
    with pytest.raises(DataError, match="found 201 and 202 lines; .* stop agreeing at about line ") as told:
        read_parallel(written([*source, ""], [*target, ""]), split="train")
    place = re.search(r"about line (\d+)", str(told.value))
    assert place
    assert abs(int(place[1]) - 51) <= 2


# ---- files that do not fit together


@pytest.mark.parametrize(
    ("given_files", "message"),
    [
        ({"train": ("a.en", "aa.de")}, r"--train aa.de: no such file or folder: .*; did you mean 'a.de'\?"),
        ({"train": ("a.en", "a.en")}, "--train a.en a.en: found the same file twice; expected the source and its"),
        (
            {"train": ("a.en", "b.tsv")},
            r"b.tsv: found a table \(.tsv\); expected a file of lines; give the table alone",
        ),
        ({"train": ("a.en", "a.de"), "test": ("b.tsv",)}, "--test b.tsv: found 1 file; expected two files of lines"),
        ({"train": ("b.tsv",), "test": ("a.en", "a.de")}, "--test a.en a.de: found 2 files; expected one table"),
        ({"train": ("a.en", "a.de", "b.tsv")}, "--train a.en a.de b.tsv: found 3 files; expected two files of lines"),
        ({"train": ("a.en", "empty")}, r"--train empty: the file is empty \(0 bytes\)"),
        (
            {"train": ("a.en", "latin1")},
            r"latin1, row 2 \(line 2\): not UTF-8: byte 0xFC at byte offset 7 .*; re-encode",
        ),
    ],
)
def test_files_that_cannot_be_used_are_told(given_files: dict, message: str) -> None:
    written(["one", "two"], ["eins", "zwei"])
    Path("b.tsv").write_text("en\tde\none\teins\n")
    Path("empty").write_text("")
    Path("latin1").write_bytes("eins\nzwülf\n".encode("latin1"))
    with pytest.raises(DataError, match=message):
        load_pair_files(**given_files)


# ---- columns


TWO = {"en": ["one", "two"], "de": ["eins", "zwei"]}
NESTED = {"translation": [{"en": "one", "de": "eins", "fr": "un"}, {"en": "two", "de": "zwei", "fr": "deux"}]}


def splits(columns: dict, features: datasets.Features | None = None) -> datasets.DatasetDict:
    return datasets.DatasetDict(train=datasets.Dataset.from_dict(columns, features=features, split="train"))


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_tables_have_both_sides_as_columns(suffix: str) -> None:
    rows = datasets.Dataset.from_dict({**TWO, "id": ["a", "b"]})
    if suffix == "parquet":
        rows.to_parquet("a.parquet")
    elif suffix == "jsonl":
        rows.to_json("a.jsonl")
    else:
        rows.to_csv(f"a.{suffix}", sep="\t" if suffix == "tsv" else ",", index=False)
    source = load_pair_files(train=(f"a.{suffix}",))
    pairs = choose_pairs(source.splits, source="en", target="de")
    assert pairs.splits["train"][:] == {"source": ["one", "two"], "target": ["eins", "zwei"]}
    assert (pairs.source, pairs.target) == ("en", "de")
    assert load_pairs(f"a.{suffix}").splits["train"][:] == source.splits["train"][:]


@pytest.mark.parametrize("features", [None, datasets.Features(translation=datasets.Translation(["en", "de", "fr"]))])
def test_a_translation_column_has_its_languages_chosen_by_name(features: datasets.Features | None) -> None:
    pairs = choose_pairs(splits(NESTED, features), source="fr", target="en")
    assert pairs.splits["train"][:] == {"source": ["un", "deux"], "target": ["one", "two"]}
    shuffled = datasets.DatasetDict(train=splits(NESTED, features)["train"].select([1, 0]))
    assert choose_pairs(shuffled, source="en", target="de").splits["train"]["target"][:] == ["zwei", "eins"]


def test_what_is_clear_need_not_be_said() -> None:
    assert choose_pairs(splits(TWO), source="de").target == "en"
    assert choose_pairs(splits(TWO), target="de").source == "en"
    named = splits({"target": ["eins"], "source": ["one"], "other": ["x"]})
    assert choose_pairs(named).splits["train"][:] == {"source": ["one"], "target": ["eins"]}
    swapped = choose_pairs(named, source="target", target="source").splits["train"]
    assert swapped[:] == {"source": ["eins"], "target": ["one"]}


def test_topics_are_kept_where_there_are_any() -> None:
    for columns in ({**TWO, "topic": ["a", "b"]}, {**NESTED, "topic": ["a", "b"]}):
        assert choose_pairs(splits(columns), source="en", target="de").splits["train"]["topic"][:] == ["a", "b"]
    plain = choose_pairs(splits({"en": ["one"], "topic": ["x"]}), source="en", target="topic").splits["train"]
    assert plain.column_names == ["source", "target"]


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    ("columns", "asked", "message"),
    [
        (
            TWO,
            {},
            "which of the columns of text en, de is source, which target, is not clear; "
            "pass --source en --target de, or the other way round",
        ),
        (
            {"english": ["one"], "de": ["eins"]},
            {"source": "engish", "target": "de"},
            r"--source engish is none of the columns of text; expected one of english, de; did you mean 'english'\?",
        ),
        (TWO, {"source": "en", "target": "en"}, "'en' is both source and target"),
        (NESTED, {"source": "en", "target": "dee"}, r"--target dee is none of the languages .*; did you mean 'de'\?"),
        (NESTED, {"source": "en"}, "found the languages of column 'translation' en, de, fr; expected two"),
        ({"en": ["one"], "n": [1]}, {}, "found the columns of text en; expected two"),
        ({"en": ["one", None], "de": ["a", "b"]}, {"source": "en", "target": "de"}, "row 2, column 'en': found None"),
        (
            {"translation": [{"en": "one", "de": "a"}, {"en": "two", "de": None}]},
            {"source": "en", "target": "de"},
            "row 2, column 'translation.de': found None; expected text",
        ),
    ],
)
def test_columns_that_cannot_be_chosen_are_told(columns: dict, asked: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        choose_pairs(splits(columns), **asked)


def test_a_column_whose_rows_differ_in_their_languages_is_no_column_of_pairs() -> None:
    features = datasets.Features(translation=datasets.TranslationVariableLanguages(["en", "de"]))
    rows = splits({"translation": [{"en": "one", "de": "eins"}]}, features)
    with pytest.raises(DataError, match="--source en is none of the columns of text"):
        choose_pairs(rows, source="en", target="de")


def test_a_split_without_a_language_is_told() -> None:
    both = splits(NESTED)
    both["test"] = datasets.Dataset.from_dict({"translation": [{"en": "one", "fr": "un"}]}, split="test")
    with pytest.raises(DataError, match="split 'test', column 'translation': no language 'de'; .*; it has en, fr"):
        choose_pairs(both, source="en", target="de")


# ---- the phrasebook


def test_the_phrasebook_has_pairs_of_any_two_locales() -> None:
    found = load_pairs("phrasebook", source="ja", target="fr")
    assert found.name == "phrasebook, ja to fr"
    assert {name: len(rows) for name, rows in found.splits.items()} == {
        "train": 24_000,
        "validation": 1_000,
        "test": 1_000,
    }
    assert found.splits["test"].column_names == ["ja", "fr", "topic"]
    assert (found.source, found.target, found.revision) == ("ja", "fr", None)
    pairs = choose_pairs(found.splits, source=found.source, target=found.target)
    assert pairs.splits["test"].column_names == ["source", "target", "topic"]


@pytest.mark.parametrize(
    ("asked", "chosen"), [(("fr", None), ("fr", "en")), ((None, "fr"), ("en", "fr")), ((None, "en"), ("de", "en"))]
)
def test_the_locale_that_is_not_named_is_english_or_german(
    asked: tuple, chosen: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {"train": [Pair("a", "b", "money")]}
    monkeypatch.setattr("seqtext.builtin.phrasebook.pairs", lambda source, target, train: made)
    found = load_pairs("phrasebook", source=asked[0], target=asked[1])
    assert (found.source, found.target) == chosen
    assert found.splits["train"].column_names == [*chosen, "topic"]


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        (
            "phrasebook",
            {"source": "en", "target": "german"},
            r"target: unknown locale 'german'; .*; did you mean 'de'\?",
        ),
        (
            "phrasebook",
            {"source": "pt_RB", "target": "de"},
            r"source: unknown locale 'pt_RB'; .*; did you mean 'pt_BR'\?",
        ),
        ("phrasebook", {"target": "jp"}, r"target: unknown locale 'jp'; .*; did you mean 'ja'\?"),
        ("phrasebook", {"target": "US"}, r"target: unknown locale 'US'; .*; did you mean 'en'\?"),
        (
            "phrasebook",
            {"target": "zz"},
            "target: unknown locale 'zz'; expected a CLDR locale such as en, pt-BR or zh-Hant$",
        ),
        ("phrasebook", {"target": ""}, "target: unknown locale ''; expected a CLDR locale"),
        ("phrasebook", {"target": "ug"}, "target: locale 'ug' has only"),
        ("phrasebook", {"source": "en", "target": "en"}, "found 'en' as source and as target"),
        ("phrasebook:ja", {}, "found one language; expected two; pass --source ja --target de"),
        ("phrasebook", {"revision": "main"}, "found a revision of what is built in; leave --revision out"),
        ("phrasebok", {}, r"no such file or folder: .*did you mean 'phrasebook'\?"),
    ],
)
def test_a_language_or_name_that_is_not_there_is_told(name: str, asked: dict, message: str) -> None:
    with pytest.raises(Exception, match=message) as told:
        load_pairs(name, **asked)
    assert told.value.exit_code == 2
