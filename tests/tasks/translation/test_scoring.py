"""Scores of pairs: the teacher-forced sum, of empty sides too, from Python and from the shell."""

from __future__ import annotations

import json

import pytest
import torch

import seqtext
from seqtext.batching.padded import Padded
from seqtext.data.text.tokenizer import BEGIN, END
from seqtext.errors import DataError
from tests.in_process import seqtext_command, succeeded
from tests.tasks.translation.translators import of, pairs

PAIRS = [("old dog", "alt Hund"), ("", "Haus"), ("green tree here", ""), ("", ""), ("man and dog", "Mann und Hund")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score") / "model"
    of(pairs(60)).save_pretrained(folder)
    return folder


def teacher_forced(task, source: str, target: str) -> list[float]:
    """Token by token, each given all before it."""
    read, written = ([i for i in task.tokenizer.encode([text])[0] if i != BEGIN] for text in (source, target))
    with torch.no_grad():
        state = task.model.initial_state(Padded(torch.tensor([[*read, END]]), torch.tensor([len(read) + 1])))
        logs, last = [], BEGIN
        for token in [*written, END]:
            outputs, state = task.model.step(torch.tensor([last]), state)
            logs.append(float(task.model.logits(outputs)[0].log_softmax(-1)[token]))
            last = token
    return logs


def test_a_score_is_the_teacher_forced_sum_of_empty_sides_too(translator):
    found = translator.score(*zip(*PAIRS, strict=True), by_token=True)
    for (source, target), one in zip(PAIRS, found, strict=True):
        logs = teacher_forced(translator, source, target)
        assert one.tokens == len(logs) == len(one.by_token)
        assert one.log_probability == pytest.approx(sum(logs), rel=1e-4)
        assert [log for _, log in one.by_token] == pytest.approx(logs, rel=1e-3, abs=1e-4)
        assert one.per_token == pytest.approx(sum(logs) / len(logs), rel=1e-4)
        [alone] = translator.score([source], [target])
        assert alone.log_probability == pytest.approx(one.log_probability, rel=1e-5)
    assert [one.tokens for one in found][1:4] == [len(teacher_forced(translator, "", "Haus")), 1, 1]
    assert translator.score([], []) == []


def test_a_pair_in_capitals_is_read_in_small_letters_as_it_is_translated(translator):
    assert not translator.config.has_capitals
    loud, quiet = translator.score(
        ["GREEN TREE HERE", "green tree here"], ["MANN UND HUND HIER", "Mann und hund hier"], by_token=True
    )
    assert [piece for piece, _ in loud.by_token] == [piece for piece, _ in quiet.by_token]
    assert loud.log_probability == pytest.approx(quiet.log_probability, rel=1e-5)
    short, as_it_is = translator.score(["GREEN TREE HERE", "old dog"], ["ALT", "ALT"], by_token=True)
    assert [piece for piece, _ in short.by_token] == [piece for piece, _ in as_it_is.by_token], "an abbreviation"


def test_what_both_sides_have_is_one_token(translator):
    [one] = translator.score(["dog 451"], ["Hund 451"], by_token=True)
    assert "<1>" in [piece for piece, _ in one.by_token]
    with pytest.raises(DataError, match="2 sources and 1 targets; expected as many of one as of the other"):
        translator.score(["a", "b"], ["a"])


def test_files_of_lines_are_scored_as_the_message_says(saved, tmp_path):
    sides = [tmp_path / "new.en", tmp_path / "new.de"]
    for side, path in enumerate(sides):
        path.write_text("".join(f"{pair[side]}\n" for pair in PAIRS[:3]), encoding="utf-8")
    ended = seqtext_command("score", saved, sides[0])
    assert (ended.code, ended.out) == (2, "")
    told = "new.en: found one file of lines; expected two, the source and its translation, or one table; make one, as with: paste"
    assert told in ended.err
    pasted = tmp_path / "pairs.tsv"
    pasted.write_text("".join(f"{a}\t{b}\n" for a, b in PAIRS[:3]), encoding="utf-8")
    assert len(succeeded(seqtext_command("score", saved, pasted, "--no_header")).out.splitlines()) == 3


def test_the_command_scores_tables_and_pipes(saved, tmp_path):
    table = tmp_path / "pairs.tsv"
    table.write_text("source\ttarget\n" + "".join(f"{a}\t{b}\n" for a, b in PAIRS[:3]), encoding="utf-8")
    lines = succeeded(seqtext_command("score", saved, table)).out.splitlines()
    python = seqtext.load(saved).score(*zip(*PAIRS[:3], strict=True))
    assert [line.split("\t")[2:] for line in lines] == [list(pair) for pair in PAIRS[:3]]
    assert [float(line.split("\t")[0]) for line in lines] == pytest.approx(
        [one.log_probability for one in python], abs=1e-3
    )
    piped = succeeded(seqtext_command("score", saved, "--no_header", stdin=b"old dog\talt Hund\n")).out
    assert piped.split("\t")[2:] == ["old dog", "alt Hund\n"]
    rows = list(
        map(json.loads, succeeded(seqtext_command("score", saved, table, "--jsonl", "--by_token")).out.splitlines())
    )
    assert [row["tokens"] for row in rows] == [one.tokens for one in python]
    assert sum(log for _, log in rows[0]["by_token"]) == pytest.approx(rows[0]["log_probability"], abs=1e-3)
    helped = succeeded(seqtext_command("score", saved, "--help")).out
    assert "[PAIRS]" in helped
    assert "[TEXT" not in helped


def test_columns_of_the_input_are_kept_and_it_is_not_replaced(saved, tmp_path):
    table = tmp_path / "pairs.jsonl"
    rows = [{"source": "old dog", "target": "alt Hund", "tokens": ["x"], "perplexity": 12.5}]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    [made] = map(json.loads, succeeded(seqtext_command("score", saved, table, "--jsonl")).out.splitlines())
    assert {name: made[name] for name in rows[0]} == rows[0]
    assert made["tokens_by_seqtext"] == 3
    ended = seqtext_command("score", saved, table, "--jsonl", "--output", table)
    assert (ended.code, "which it would replace" in ended.err) == (2, True)
    assert json.loads(table.read_text()) == rows[0]


@pytest.mark.parametrize("lines", [b"dog\tHund\n", b"dog\tHund\ntree\tBaum\n"])
def test_a_first_line_that_may_be_a_pair_is_told(saved, lines):
    ended = succeeded(seqtext_command("score", saved, stdin=lines))
    assert len(ended.out.splitlines()) == lines.count(b"\n") - 1
    told = "standard input: its first line, 'dog' and 'Hund', names the columns; if it is a pair, pass --no_header"
    assert told in ended.err
    again = succeeded(seqtext_command("score", saved, "--no_header", stdin=lines))
    assert (len(again.out.splitlines()), again.err) == (lines.count(b"\n"), "")
    for flags, names in (((), b"source\ttarget\n"), (("--source", "a", "--target", "b"), b"a\tb\n")):
        assert succeeded(seqtext_command("score", saved, *flags, stdin=names + lines)).err == ""


def test_json_in_a_pipe_names_the_flag_that_reads_it(saved):
    line = b'{"source": "dog", "target": "Hund"}\n'
    ended = seqtext_command("score", saved, stdin=line)
    assert ended.code == 2
    assert "standard input, line 1 (the header): found JSON; call it .jsonl, or pass --input_format jsonl" in ended.err
    assert succeeded(seqtext_command("score", saved, "--input_format", "jsonl", stdin=line)).out.endswith("dog\tHund\n")


@pytest.mark.parametrize(
    ("text", "flags", "told"),
    [
        ("a\tb\tc\n1\t2\t3\n", (), "3 columns; expected two; pass --source NAME --target NAME"),
        (
            "a\n1\n",
            (),
            "a single column; expected a table of sources and targets; make one, as with: paste SOURCE TARGET",
        ),
        ("a\tb\n1\t2\n", ("--source", "x"), "no column 'x'; expected one of a, b; pass --source NAME"),
        ("a\tb\n1\t2\n", ("--source", "b", "--target", "b"), "source and target are both column 'b'"),
    ],
)
def test_tables_that_are_no_pairs_are_told(saved, tmp_path, text, flags, told):
    table = tmp_path / "pairs.tsv"
    table.write_text(text)
    ended = seqtext_command("score", saved, table, *flags)
    assert ended.code == 2
    assert told in ended.err
