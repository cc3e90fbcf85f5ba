"""Files with a word per line: what is read, what is left out as the format says, and what is refused with its true line."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from seqtext.data.tags.column_files import form_of, read_sentences
from seqtext.errors import DataError

WORD = "{}\t{}\tlemma\t{}\tX\t_\t0\troot\t_\t_\n"
CONLLU = (
    "# sent_id = 1\n# text = Don't go.\n"
    + "1-2\tDon't" + 8 * "\t_" + "\n"
    + WORD.format(1, "Do", "AUX") + WORD.format(2, "n't", "PART") + WORD.format(3, "go", "VERB")
    + "3.1\tgone" + 8 * "\t_" + "\n"
    + WORD.format(4, ".", "PUNCT") + "\n"
    + WORD.format(1, "#", "SYM")
)  # fmt: skip
CONLL = "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\n\nPeter NNP I-NP B-PER\n"


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    opened = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
    with opened(path, "wt", encoding="utf-8", newline="") as file:
        file.write(text)
    return str(path)


@pytest.mark.parametrize("name", ["x.conllu", "x.conllu.gz", "x.CONLLU.bz2", "x.txt"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_conllu_without_the_nodes_that_are_no_words(tmp_path, name, end):
    path = written(tmp_path, name, CONLLU.replace("\n", end))
    assert form_of(path) == "conllu"
    found = read_sentences(path, "conllu")
    assert found.columns["tokens"] == [["Do", "n't", "go", "."], ["#"]]
    assert found.columns["upos"] == [["AUX", "PART", "VERB", "PUNCT"], ["SYM"]]
    assert set(found.columns) == {"tokens", "lemmas", "upos", "xpos", "feats", "deprel"}
    assert found.notes == (f"{path}: 1 multi-word and 1 empty nodes are no words, and left out",)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("3\tgo\tVERB\n", "found 3 columns in '3\\tgo\\tVERB'; expected the 10 of CoNLL-U"),
        (WORD.format("x", "go", "VERB"), "found the id 'x'; expected 1, 1-2 or 1.1"),
        (WORD.format("1-", "go", "VERB"), "found the id '1-'"),
        (WORD.format(3, " ", "VERB"), "the word is empty"),
        ("go VERB\n", "found 1 column in 'go VERB'"),
    ],
)
def test_a_line_of_conllu_that_is_wrong_is_named_by_its_true_number(tmp_path, line, told):
    path = written(tmp_path, "x.conllu.gz", 40 * CONLLU + "\n\n" + line + CONLLU)
    number = (40 * CONLLU + "\n\n").count("\n") + 1
    with pytest.raises(DataError) as caught:
        read_sentences(path, "conllu")
    assert str(caught.value).startswith(f"{path}, line {number}: {told}")


@pytest.mark.parametrize("name", ["eng.train", "x.txt", "x.conll", "x.tsv"])
def test_columns_between_blanks_or_tabs(tmp_path, name):
    path = written(tmp_path, name, CONLL.replace(" ", "\t") if name == "x.tsv" else CONLL)
    assert form_of(path) == "columns"
    found = read_sentences(path, "columns")
    assert found.columns == {
        "tokens": [["EU", "rejects"], ["Peter"]],
        "2": [["NNP", "VBZ"], ["NNP"]],
        "3": [["I-NP", "I-VP"], ["I-NP"]],
        "4": [["B-ORG", "O"], ["B-PER"]],
    }
    assert found.notes == (f"{path}: 1 lines -DOCSTART- are no words, and left out",)


def test_a_line_with_a_column_too_few_is_named(tmp_path):
    path = written(tmp_path, "x.bio", CONLL + "blackbeard NN O\n")
    with pytest.raises(
        DataError, match=r"x\.bio, line 8: found 3 columns in 'blackbeard NN O'; expected 4, as in line 3"
    ):
        read_sentences(path, "columns")
    alone = written(tmp_path, "y.bio", "\nEU\n")
    with pytest.raises(DataError, match=r"line 2: found 1 column in 'EU'; expected two at least: a word and its tag"):
        read_sentences(alone, "columns")


def test_comments_are_left_out_and_a_word_that_is_their_sign_is_not(tmp_path):
    path = written(tmp_path, "x.conll", "# id = 1 2\nthe DT\n# #\n\n# = #\nof IN\n")
    assert read_sentences(path, "columns").columns["tokens"] == [["the", "#"], ["of"]]


def test_lines_of_words_with_their_tags(tmp_path):
    path = written(tmp_path, "x.txt.gz", "The/DT 1/2/CD man/NN\n\n  sails/VBZ\n")
    assert form_of(path) == "slashes"
    assert read_sentences(path, "slashes").columns == {
        "tokens": [["The", "1/2", "man"], ["sails"]],
        "tags": [["DT", "CD", "NN"], ["VBZ"]],
    }
    wrong = written(tmp_path, "y.txt", 9 * "a/X b/Y\n" + "a/X b\n")
    assert form_of(wrong) == "slashes"
    with pytest.raises(DataError, match=r"y\.txt, line 10: found 'b'; expected word/TAG"):
        read_sentences(wrong, "slashes")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", CONLL),
        ("x.jsonl", "{}\n"),
        ("x.txt", "A text.\nAnother one here.\n"),
        ("x.tsv", "tokens\ttags\na b\tX Y\n"),
    ],
)
def test_what_has_no_word_per_line_is_left_to_who_reads_tables(tmp_path, name, text):
    assert form_of(written(tmp_path, name, text)) is None


def test_bytes_that_are_no_text_are_named_by_their_line(tmp_path):
    path = tmp_path / "x.conllu"
    path.write_bytes(CONLLU.encode() + b"\xff\n")
    with pytest.raises(DataError, match=rf"x\.conllu, line {CONLLU.count(chr(10)) + 1}: not UTF-8"):
        read_sentences(str(path), "conllu")


def test_a_file_without_a_sentence(tmp_path):
    with pytest.raises(DataError, match="no words; expected sentences"):
        read_sentences(written(tmp_path, "x.conllu", "# nothing\n\n"), "conllu")


GERMEVAL = (
    "#\thttp://de.example.org/x\t[2009-10-17]\n1\tSchartau\tB-PER\tO\n2\tsagte\tO\tO\n\n"
    "#\thttp://de.example.org/y\t[2009-10-18]\n1\tUli\tB-PER\tO\n"
)


@pytest.mark.parametrize("name", ["x.tsv", "x.iob2"])
def test_a_first_column_that_counts_is_no_word(tmp_path, name):
    found = read_sentences(written(tmp_path, name, GERMEVAL), "columns")
    assert found.columns == {
        "tokens": [["Schartau", "sagte"], ["Uli"]], "3": [["B-PER", "O"], ["B-PER"]], "4": [["O", "O"], ["O"]],
    }  # fmt: skip
    assert found.notes[0].endswith("the first column counts the words of each sentence, which stand in the second")
    assert form_of(written(tmp_path, name, GERMEVAL)) == "columns"


def test_numbers_that_do_not_count_and_hashes_are_words(tmp_path):
    text = "#\tO\nnow\tO\n\n1\tO\n3\tO\n"
    assert read_sentences(written(tmp_path, "x.bio", text), "columns").columns["tokens"] == [["#", "now"], ["1", "3"]]
    text = "#begin document (x); part 000\n1 a\n2 b\n\n#end document\n"
    found = read_sentences(written(tmp_path, "x.conll", text), "columns").columns
    assert found == {"tokens": [["1", "2"]], "2": [["a", "b"]]}, "of two columns the word is the first"
