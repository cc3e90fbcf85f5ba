"""Tagged words as splits: which columns, which rows, which split is which, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import datasets
import pytest

from seqtext.data.reading.remarks import remarks_of
from seqtext.data.tags.columns import TaggedColumns, check_tagged, choose_tagged, tags_of, words_of
from seqtext.data.tags.sources import load_tagged, load_tagged_files
from seqtext.data.tags.splits import tagged_splits
from seqtext.errors import DataError
from tests.data.tags.test_column_files import CONLL, CONLLU, written


def rows(**columns) -> datasets.Dataset:
    return datasets.Dataset.from_dict(columns)


def test_a_folder_whose_names_say_the_splits(tmp_path):
    for name in ("en-ud-train.conllu.gz", "en-ud-dev.conllu", "en-ud-test.conllu"):
        written(tmp_path, name, CONLLU)
    written(tmp_path, "README.md", "Trees.\n")
    written(tmp_path, "LICENSE.txt", "Free as air\n")
    found = load_tagged(tmp_path)
    assert {split: len(part) for split, part in found.splits.items()} == {"train": 2, "validation": 2, "test": 2}
    other = tmp_path / "conll"
    other.mkdir()
    for name in ("eng.train", "eng.testa", "eng.testb"):
        written(other, name, CONLL)
    assert set(load_tagged(other).splits) == {"train", "validation", "test"}


def test_several_files_are_one_split_with_the_columns_that_all_have(tmp_path):
    written(tmp_path, "a.conll", CONLL)
    written(tmp_path, "b.conll", "Peter B-PER\n\nsails O\n")
    found = load_tagged_files(train=str(tmp_path / "*.conll"))
    assert found.splits["train"]["tokens"] == [["EU", "rejects"], ["Peter"], ["Peter"], ["sails"]]
    written(tmp_path, "c.txt", "a/X b/Y\n")
    with pytest.raises(DataError, match=r"found columns in .*conll, slashes in .*c\.txt"):
        load_tagged_files(train=str(tmp_path / "a.conll"), test=str(tmp_path / "c.txt"))
    written(tmp_path, "d.csv", "a,b\n1,2\n")
    with pytest.raises(DataError, match=r"--test .*d\.csv: found no columns of words and tags"):
        load_tagged_files(train=str(tmp_path / "a.conll"), test=str(tmp_path / "d.csv"))


@pytest.mark.parametrize("form", ["lists", "texts"])
def test_json_lines_with_lists_or_with_texts_that_are_cut_at_blanks(tmp_path, form):
    cells = [(["The", "man"], ["DET", "NOUN"]), (["sails"], ["VERB"])]
    if form == "texts":
        cells = [(" ".join(words), "  ".join(tags)) for words, tags in cells]
    lines = [json.dumps({"id": 1, "tokens": words, "tags": tags}) + "\n" for words, tags in cells]
    found = load_tagged_files(train=written(tmp_path, "x.jsonl", "".join(lines))).splits["train"]
    columns = choose_tagged(found)
    assert columns == ("tokens", "tags")
    check_tagged({"train": found}, columns)
    assert list(words_of(found, "tokens")) == [[["The", "man"], ["sails"]]]
    assert list(tags_of(found, "tags")) == [[["DET", "NOUN"], ["VERB"]]]


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        (["The man's", "sails"], ["DET NOUN", "VERB"]),
        (["The man's", "sails"], ["DET,NOUN", "VERB"]),
        (["['The', \"man's\"]", "['sails']"], ["['DET', 'NOUN']", "['VERB']"]),
        (['["The", "man\'s"]', '["sails"]'], ["['DET' 'NOUN']", '["VERB"]']),
    ],
)
def test_a_table_of_texts_or_of_lists_that_are_written_out(tmp_path, words, tags):
    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("Sentence", "word_labels"), *zip(words, tags, strict=True)])
    found = load_tagged_files(train=str(tmp_path / "x.csv")).splits["train"]
    columns = choose_tagged(found, tags="word_labels")
    assert columns == ("Sentence", "word_labels")
    check_tagged({"train": found}, columns)
    assert list(words_of(found, "Sentence")) == [[["The", "man's"], ["sails"]]]
    assert list(tags_of(found, "word_labels")) == [[["DET", "NOUN"], ["VERB"]]]


def test_numbers_of_tags_and_words_with_commas_in_texts():
    found = rows(text=["[ 1,000 ]", "1,000", ","], tags=["[3, 0, 7]", "[12]", ","])
    columns = choose_tagged(found)
    check_tagged({"train": found}, columns)
    assert list(words_of(found, "text")) == [[["[", "1,000", "]"], ["1,000"], [","]]]
    assert list(tags_of(found, "tags")) == [[["3", "0", "7"], ["12"], [","]]]


@pytest.mark.parametrize("ids", [["Sentence: 1", "", "Sentence: 2", ""], ["1", "1", "2", "2"]])
def test_a_table_with_a_row_for_each_word(tmp_path, ids):
    words = ["The", "man", "sails", "."]
    with (tmp_path / "x.csv").open("w", newline="") as file:
        cells = zip(ids, words, ["DT", "NN", "VB", "."], [0, 0, 1, 0], strict=True)
        csv.writer(file).writerows([("Sentence #", "Word", "POS", "Tag"), *cells])
    for source in (load_tagged_files(train=str(tmp_path / "x.csv")), load_tagged(tmp_path / "x.csv")):
        found = source.splits["train"]
        assert choose_tagged(found) == ("Word", "Tag")
        assert list(words_of(found, "Word")) == [[["The", "man"], ["sails", "."]]]
        assert list(tags_of(found, "POS")) == [[["DT", "NN"], ["VB", "."]]]
        assert list(tags_of(found, "Tag")) == [[["0", "0"], ["1", "0"]]]
        assert "4 rows are words, of 2 sentences" in remarks_of(found).notes[-1]


def test_rows_of_single_words_without_their_sentences_are_refused_and_the_fix_works(tmp_path):
    lines = ["word,tag", "The,DET", "man,NOUN", "sails,VERB"]
    written(tmp_path, "x.csv", "\n".join(lines) + "\n")
    with pytest.raises(
        DataError, match="every row of column 'word' is a single word; expected sentences; add a column"
    ):
        choose_tagged(load_tagged_files(train=str(tmp_path / "x.csv")).splits["train"])
    mended = [f"{line},{number}" for line, number in zip(lines, ("sentence_id", 1, 1, 2), strict=True)]
    written(tmp_path, "x.csv", "\n".join(mended) + "\n")
    found = load_tagged_files(train=str(tmp_path / "x.csv")).splits["train"]
    assert found["word"][:] == [["The", "man"], ["sails"]]
    written(tmp_path, "x.csv", "word,tag,sentence_id\nThe,DET,1\n,NOUN,1\n")
    with pytest.raises(DataError, match="row 2, column 'word': the word is empty"):
        load_tagged_files(train=str(tmp_path / "x.csv"))


def test_texts_with_a_label_are_not_tagged_words():
    with pytest.raises(DataError, match="no column is clearly the words"):
        choose_tagged(rows(text=["a b", "c d"], label=["X", "Y"]))


def test_classes_are_their_names_and_numbers_without_names_are_texts():
    names = datasets.Sequence(datasets.ClassLabel(names=["O", "B-PER"]))
    features = datasets.Features(tokens=datasets.Sequence(datasets.Value("string")), ner_tags=names)
    made = datasets.Dataset.from_dict({"tokens": [["a", "b"]], "ner_tags": [[1, 0]]}, features=features)
    assert choose_tagged(made).tags == "ner_tags"
    assert list(tags_of(made, "ner_tags")) == [[["B-PER", "O"]]]
    assert list(tags_of(rows(tokens=[["a"]], tags=[[7]]), "tags")) == [[["7"]]]
    unlabelled = datasets.Dataset.from_dict({"tokens": [["a", "b"]], "ner_tags": [[1, -1]]}, features=features)
    with pytest.raises(DataError, match="row 1: column 'ner_tags': found -1; expected a tag for each word"):
        check_tagged({"train": unlabelled}, TaggedColumns("tokens", "ner_tags"))


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"tokens": [["a"]], "upos": [["X"]], "xpos": [["Y"]], "lemmas": [["a"]]}, "upos"),
        ({"words": [["a"]], "labels": [["X"]], "pos": [["Y"]]}, "labels"),
        ({"tokens": [["a"]], "pos_tags": [[1]], "ner_tags": [[2]]}, "ner_tags"),
        ({"tokens": [["a"]], "2": [["X"]], "10": [["Y"]]}, "10"),
        ({"tokens": [["a"]], "kinds": [["X"]], "note": ["n"]}, "kinds"),
    ],
)
def test_which_column_is_the_tags(columns, chosen):
    assert choose_tagged(rows(**columns)).tags == chosen


def test_columns_that_are_not_clear_or_not_there():
    with pytest.raises(DataError, match="no column is clearly the words among 'text', 'label'"):
        choose_tagged(rows(text=["a"], label=[1]))
    with pytest.raises(DataError, match="no column 'upso' .*did you mean 'upos'"):
        choose_tagged(rows(tokens=[["a"]], upos=[["X"]]), tags="upso")


def test_tags_of_several_types_are_told_though_nobody_names_their_column(tmp_path):
    written(tmp_path, "x.jsonl", '{"tokens": ["a", "b"], "tags": ["X", 1]}\n{"tokens": ["c"], "tags": ["Y"]}\n')
    found = load_tagged_files(train=str(tmp_path / "x.jsonl")).splits["train"]
    told = r"x\.jsonl, row 1, column 'tags': found \['X', 1\]; expected a list of values of one type; write"
    with pytest.raises(DataError, match=told):
        choose_tagged(found)


@pytest.mark.parametrize(
    ("words", "tags", "told"),
    [
        ([["a"], ["b", "c"]], [["X"], ["Y"]], "row 2: found 2 words in 'tokens' and 1 tags in 'tags'"),
        ([["a"], []], [["X"], ["Y"]], "row 2: found 0 words in 'tokens' and 1 tags"),
        ([["a"], ["b"]], [["X"], None], "row 2: column 'tags': found None; expected a list of tags"),
        ([["a"], ["b"]], [["X"], [None]], "row 2: column 'tags': found None; expected a tag for each word"),
        ([["a"], ["b"]], [["X"], [""]], "row 2: column 'tags': found ''"),
        ([["a"], [None]], [["X"], ["Y"]], "row 2: column 'tokens': found None; expected text"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(words, tags, told):
    with pytest.raises(DataError, match=told):
        check_tagged({"train": rows(tokens=words, tags=tags)}, TaggedColumns("tokens", "tags"))


def many(count: int, *tags: str) -> datasets.Dataset:
    words = [[f"w{number % 17}", f"x{number}"] for number in range(count)]
    return datasets.Dataset.from_dict(
        {"tokens": words, "tags": [[tags[n % len(tags)], "N"] for n in range(count)]}, split="train"
    )


def test_what_is_told_of_splits():
    test = rows(tokens=[["w1", "y"], [], ["w1", "x1"]], tags=[["A", "Z"], [], ["A", "N"]])
    data = tagged_splits(datasets.DatasetDict(train=many(60, "A", "B"), test=test))
    assert (len(data.train), len(data.validation), len(data.test)) == (54, 6, 2)
    assert "1 rows of split 'test' have no word and are left out" in data.notes
    assert any(
        "split 'test': 1 of 4 words have tags that no training word has: 'Z' (1); they count as mistakes" in line
        for line in data.warnings
    )
    assert data.duplicates == 1


def test_one_tag_alone_or_far_too_many_is_the_wrong_column():
    with pytest.raises(DataError, match="found 'N' alone, for all words; expected two different tags"):
        tagged_splits(datasets.DatasetDict(train=many(30, "N")))
    words = [[f"w{number}"] for number in range(5000)]
    with pytest.raises(DataError, match=r"found 5,000 different tags; expected at most 4,096"):
        tagged_splits(datasets.DatasetDict(train=rows(tokens=words, tags=words)))


def test_the_phrasebook_is_there_in_any_locale_and_nothing_is_held_out_of_it():
    found = load_tagged("phrasebook").splits
    assert [len(found[split]) for split in ("train", "validation", "test")] == [12_000, 1_000, 1_000]
    assert Path(str(found["train"].info.dataset_name)).name == "phrasebook"


def test_of_a_file_without_names_the_tags_are_the_last_column_that_has_spans_if_any_has(tmp_path):
    text = "1\tAnn\tB-PER\t-\tzed\n2\tsails\tO\t-\tzed\n\n1\tNo\tO\t-\tuma\n2\tship\tO\t-\tuma\n"
    found = load_tagged_files(train=written(tmp_path, "x.iob2", text)).splits["train"]
    assert choose_tagged(found) == ("tokens", "3")
    assert found["tokens"] == [["Ann", "sails"], ["No", "ship"]]
    plain = load_tagged_files(train=written(tmp_path, "y.pos", "Ann NNP x\nsails VBZ y\n\nNo DT x\n")).splits["train"]
    assert choose_tagged(plain) == ("tokens", "3")
