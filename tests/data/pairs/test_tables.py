"""Pairs in one table without a header, as most collections publish them: the first two columns, which is told."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from seqtext.data.pairs.options import PairDataOptions, load_asked_pairs
from seqtext.data.pairs.sources import load_pair_files, load_pairs
from seqtext.data.pairs.splits import PairSplits, pair_splits
from seqtext.errors import DataError
from seqtext.options import parse

SENTENCES = [
    ('"Go," he said.', "Va, dit-il."),
    ("Run!", "Cours !"),
    ("Who?", 'Qui "donc" ?'),
    ('"Wait."', '"Attends."'),
]


def splits_of(*flags: str) -> PairSplits:
    found = load_asked_pairs(parse(PairDataOptions, "", flags))
    return pair_splits(found.splits, source=found.source, target=found.target)


def write(path: Path, columns: int) -> None:
    rows = [
        (
            *SENTENCES[i % 4],
            f"CC-BY 2.0 (France) Attribution: somebody.org #{i} (a) and #{i + 1} (b), and who else it was",
        )
        for i in range(80)
    ]
    path.write_text("".join("\t".join(row[:columns]) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("name", ["fra.txt", "fra.tsv", "fra.zip"])
def test_two_or_three_columns_without_names(tmp_path: Path, columns: int, name: str) -> None:
    path = tmp_path / name
    write(tmp_path / "fra.txt" if name == "fra.zip" else path, columns)
    if name == "fra.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "fra.txt", "fra.txt")
            archive.writestr("_about.txt", "what this is")
    for flag in ("--data", "--train"):
        data = splits_of(flag, str(path))
        pairs = {(row["source"], row["target"]) for row in data.train}
        assert pairs == set(SENTENCES)
        assert sum(map(len, (data.train, data.validation, data.test))) == 80
        assert data.languages == ("1", "2")
        assert sum("the columns are called 1, 2" in note for note in data.notes) == 1
        assert "source: column 1; target: column 2 (--source and --target choose others)" in data.notes
    assert splits_of("--data", str(path), "--source", "2", "--target", "1").train[0]["source"] in {
        t for _, t in SENTENCES
    }
    named = splits_of(
        "--data", str(path), "--columns", *["en", "fr", "whose"][:columns], "--source", "en", "--target", "fr"
    )
    assert named.languages == ("en", "fr")


def test_columns_of_numbers_are_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("".join(f"{i}\tSentence {i}.\t{2 * i}\tSatz {i}.\n" for i in range(3, 40)))
    found = splits_of("--data", str(path))
    assert found.languages == ("2", "4")
    assert "source: column 2; target: column 4 (--source and --target choose others)" in found.notes
    assert splits_of("--data", str(path), "--source", "4", "--target", "2").languages == ("4", "2")
    path.write_text("".join(f"A {i}.\tB {i}.\tC {i}.\tD {i}.\n" for i in range(3, 40)))
    with pytest.raises(
        DataError, match=r"found the columns of text 1, 2, 3, 4; expected two; pass --source NAME --target NAME"
    ):
        splits_of("--data", str(path))


def test_a_txt_of_lines_alone_is_no_pair(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A sentence.\nAnd another.\nAnd one.\n")
    with pytest.raises(DataError, match="found the columns of text 1; expected two"):
        splits_of("--data", str(tmp_path / "a.txt"))


def test_the_layout_of_a_table_is_none_of_two_files(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("x\n")
    with pytest.raises(DataError, match="found the layout of a table; .*leave --delimiter, --columns"):
        splits_of("--train", str(tmp_path / "a"), str(tmp_path / "b"), "--delimiter", "tab")


def test_one_file_of_lines_is_one_side_alone(tmp_path):
    for name in ("new.en", "new.eng_Latn", "NEW.DE"):
        (tmp_path / name).write_text("one\ntwo\n")
        for load in (load_pairs, lambda path: load_pair_files(train=[str(path)])):
            with pytest.raises(
                DataError, match="found one file of lines; expected two, the source and its trans.*, or one"
            ):
                load(tmp_path / name)
    (tmp_path / "new.tmx").write_text("<tmx/>\n")
    with pytest.raises(DataError, match=r"unknown ending '\.tmx'"):
        load_pairs(tmp_path / "new.tmx")


def test_captions_without_a_header_or_a_full_stop_are_pairs_and_short_names_are_not(tmp_path: Path) -> None:
    captions = [
        (f"a dog number {i} runs over the grass", f"ein Hund Nummer {i} rennt über die Wiese") for i in range(80)
    ]
    lines = ["\t".join(pair) + "\n" for pair in captions]
    (tmp_path / "pairs.tsv").write_text("".join(lines), encoding="utf-8")
    found = load_pairs(tmp_path / "pairs.tsv").splits["train"]
    assert len(found) == 80
    assert found[0] == {"1": captions[0][0], "2": captions[0][1]}
    (tmp_path / "named.tsv").write_text("text in English\ttext in German\n" + "".join(lines), encoding="utf-8")
    assert load_pairs(tmp_path / "named.tsv").splits["train"].column_names == ["text in English", "text in German"]
    with pytest.raises(DataError, match=r"or the other way round; if these are a pair of texts, pass --no_header"):
        splits_of("--data", str(tmp_path / "named.tsv"))
