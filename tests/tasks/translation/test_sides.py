"""Tables with the names of training, or with a column `translation`: the same answers, whatever the order of their columns."""

from __future__ import annotations

import json

import datasets
import pytest

from tests.in_process import seqtext_command, succeeded
from tests.tasks.translation.translators import of, pairs


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sides") / "model"
    of(pairs(60), languages=("en", "de")).save_pretrained(folder)
    return folder


@pytest.fixture
def tables(tmp_path):
    """The same pairs in several forms."""
    rows = [*pairs(4, seed=3)]
    by_language = [{"translation": {"de": row["target"], "en": row["source"]}} for row in rows]
    (tmp_path / "nested.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in by_language), encoding="utf-8")
    datasets.Dataset.from_list(by_language).to_parquet(tmp_path / "nested.parquet")
    for name, columns in (("usual.tsv", ("source", "target")), ("swapped.tsv", ("de", "en"))):
        ordered = [
            (row["target"], row["source"]) if columns[0] == "de" else (row["source"], row["target"]) for row in rows
        ]
        (tmp_path / name).write_text(
            "".join("\t".join(cells) + "\n" for cells in [columns, *ordered]), encoding="utf-8"
        )
    return tmp_path


@pytest.mark.parametrize("name", ["nested.jsonl", "nested.parquet", "swapped.tsv"])
def test_names_of_training_say_which_side_is_which(saved, tables, name):
    for command in (("score", saved), ("translate", saved, "--beam", 1, "--input")):
        usual, other = (succeeded(seqtext_command(*command, tables / one)).out for one in ("usual.tsv", name))
        assert other == usual
        assert len(other.splitlines()) == 4
    measured = succeeded(seqtext_command("evaluate", saved, "--data", tables / name, "--beam", 1, "--json")).out
    assert json.loads(measured)["data"]["languages"] == ["en", "de"]


def test_what_a_column_of_languages_lacks_is_told_and_the_fix_works(saved, tables):
    ended = seqtext_command("score", saved, tables / "nested.jsonl", "--source", "fr")
    assert (ended.code, ended.out) == (2, "")
    told = "row 1, column 'translation': no language 'fr'; expected one of de, en; pass --source LANGUAGE\n"
    assert ended.err.endswith(told)
    succeeded(seqtext_command("score", saved, tables / "nested.jsonl", "--source", "en"))
    (tables / "mixed.jsonl").write_text(
        '{"translation": {"en": "old dog", "de": "alt Hund"}}\n{"translation": "old"}\n'
    )
    ended = seqtext_command("translate", saved, "--input", tables / "mixed.jsonl")
    assert ended.code == 2
    assert "row 2, column 'translation': found 'old'; expected texts by language" in ended.err
    (tables / "mixed.jsonl").write_text('{"translation": {"en": 5}}\n')
    ended = seqtext_command("translate", saved, "--input", tables / "mixed.jsonl")
    assert "row 1, column 'en': found 5 (int); expected text" in ended.err


def test_pairs_the_other_way_round_are_refused(saved, tables, tmp_path):
    for language, column in (("de", 0), ("en", 1)):
        lines = (tables / "swapped.tsv").read_text(encoding="utf-8").splitlines()[1:]
        text = "".join(line.split("\t")[column] + "\n" for line in lines)
        (tmp_path / f"new.{language}").write_text(text, encoding="utf-8")
    files = [tmp_path / "new.de", tmp_path / "new.en"]
    ended = seqtext_command("evaluate", saved, "--data", *files)
    assert (ended.code, ended.out) == (2, "")
    assert "source is 'de' and target 'en'; expected 'en' and 'de', as in training; swap the two" in ended.err
    succeeded(seqtext_command("evaluate", saved, "--data", *files[::-1], "--beam", 1))
    of(pairs(60), languages=("de", "en")).save_pretrained(tmp_path / "back")
    ended = seqtext_command("evaluate", saved, "--data", *files[::-1], "--against", tmp_path / "back")
    assert ended.code == 2
    assert "--against" in ended.err
    assert "expected 'en' and 'de', as in training; compare with a run of the same direction" in ended.err
