"""`seqtext translate`: one line in, one line out, whatever the lines hold, and the same as from Python."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import datasets
import pytest
import torch

import seqtext
from seqtext.data.text.tokenizer import END
from seqtext.tasks.translation.translator import Translator
from tests.in_process import Ended, seqtext_command, succeeded

SIZES = {
    "vocabulary_size": 320, "embedding_size": 12, "encoder_size": 8, "encoder_layers": 1, "hidden_size": 16,
    "num_layers": 2, "max_length": 12,
}  # fmt: skip
LINES = ["two dogs run", "", "  a dog  ", "NA", "the \u2028 man runs", "dogs dogs dogs", "a man"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A translator with random weights, large enough that translations differ."""
    words = ["two", "dogs", "run", "a", "dog", "the", "man", "runs", "in", "snow"]
    texts = [" ".join(words[(3 * n + k) % 10] for k in range(2 + n % 5)) for n in range(60)]
    rows = datasets.Dataset.from_dict({"source": texts, "target": [text[::-1] for text in texts]})
    task = Translator.from_data(rows, **SIZES)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
        task.model.head.bias[END] -= 4  # or nearly all would be empty
    folder = tmp_path_factory.mktemp("translator") / "model"
    task.save_pretrained(folder)
    return folder


def done(*arguments: object, stdin: bytes | None = None) -> Ended:
    ended = seqtext_command("translate", *arguments, stdin=stdin)
    assert ended.code == 0, ended.err
    return ended


def test_a_line_comes_out_for_each_that_goes_in_in_their_order(saved):
    ended = done(saved, "--beam", 3, stdin="".join(line + "\n" for line in LINES).encode())
    lines = ended.out.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(LINES)
    assert lines[1] == ""
    python = [re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", one.text) for one in seqtext.load(saved)(LINES, beam=3)]
    assert lines == [" ".join(text.split()) for text in python]
    assert len(set(lines)) > 3
    alone = [done(saved, line, "--beam", 3).out.removesuffix("\n") for line in LINES]
    assert alone == lines, "a line depends on its neighbours"


def test_what_is_read_is_never_written_over(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("two dogs\n")
    Path("terms.tsv").write_text("dogs\tsgod\n")
    Path("link.txt").symlink_to("in.txt")
    for output in ("in.txt", "./in.txt", "link.txt", "terms.tsv"):
        ended = seqtext_command("translate", saved, "--input", "in.txt", "--glossary", "terms.tsv", "--output", output)
        assert ended.code == 2
        assert ended.err == f"error: --output {output} is what is read, which it would replace; give it another name\n"
    assert Path("in.txt").read_text() == "two dogs\n"
    assert {path.name for path in Path.cwd().iterdir()} == {"in.txt", "terms.tsv", "link.txt"}


def test_a_text_that_is_the_name_of_a_file_is_told(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("two dogs\n")
    ended = seqtext_command("translate", saved, "in.txt", "a dog", "x" * 5_000)
    assert ended.code == 0
    told = "note: in.txt was translated as a text, and is the name of a file; --input in.txt translates its lines\n"
    assert told in ended.err
    assert ended.err.count("name of a file") == 1
    other = succeeded(seqtext_command("translate", saved, "owner/model", "a dog")).err
    assert (
        "note: owner/model was translated as a text; a run that is to translate too is given as its folder\n" in other
    )
    assert "as its folder" not in succeeded(seqtext_command("translate", saved, "and/or")).err


def test_a_named_pipe_is_read_line_by_line(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("texts")
    writer = threading.Thread(target=lambda: Path("texts").write_text("two dogs\na dog\n"))
    writer.start()
    assert succeeded(seqtext_command("translate", saved, "--input", "texts")).out.count("\n") == 2
    writer.join()


@pytest.mark.parametrize("data", [b"\n", b"a dog", b"a dog\r\n\r\nthe man\r\n"])
def test_pipes_that_end_in_any_way(saved, data):
    ended = done(saved, stdin=data)
    assert ended.out.count("\n") == len(data.decode().splitlines())


def test_files_also_gzipped_in_and_out(saved, tmp_path):
    text = "".join(line + "\n" for line in LINES)
    (tmp_path / "in.txt").write_text(text, encoding="utf-8")
    (tmp_path / "in.txt.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("in.txt", "in.txt.gz"):
        assert done(saved, "--input", tmp_path / name, "--output", tmp_path / "out.txt").out == ""
        written = (tmp_path / "out.txt").read_text(encoding="utf-8")
        assert written == done(saved, stdin=text.encode()).out
    ended = seqtext_command("translate", saved, "--input", tmp_path / "in.txt", "--output", tmp_path / "out.txt.gz")
    assert ended.code == 2
    assert "out.txt.gz: what is written is not packed; call it out.txt, and pack it once it is there" in ended.err


def test_alternatives_and_json_lines(saved):
    ended = done(saved, "two dogs run", "--beam", 4, "--n_best", 3)
    scores = [float(line.split("\t")[0]) for line in ended.out.splitlines()]
    assert 1 < len(scores) <= 3
    assert scores == sorted(scores, reverse=True)
    [line] = done(saved, "two dogs run", "--beam", 4, "--n_best", 3, "--jsonl").out.splitlines()
    row = json.loads(line)
    assert row["source"] == "two dogs run"
    assert [round(row["score"], 4), *(round(one["score"], 4) for one in row["alternatives"])] == scores
    assert [row["text"]] == [one.text for one in seqtext.load(saved)(["two dogs run"], beam=4)]


def test_alternatives_of_several_texts_have_an_empty_line_between_them(saved):
    texts = ["two dogs run", "", "a man"]
    ended = done(saved, *texts, "--beam", 3, "--n_best", 2)
    groups = ended.out.removesuffix("\n").split("\n\n")
    alone = [done(saved, text, "--beam", 3, "--n_best", 2).out.removesuffix("\n") for text in texts]
    assert groups == alone
    assert groups[1] == "0.0000\t"
    assert groups[0].count("\n") == 1


def test_what_is_cut_or_never_ends_is_counted(saved, tmp_path, monkeypatch):
    monkeypatch.setattr("seqtext.tasks.translation.reading.MOST_CHARACTERS", 40)
    ended = done(saved, "dogs " * 4000, "a dog", "--beam", 1)
    assert "warning: 1 of 2 texts cut to 20,000 characters" in ended.err
    task = seqtext.load(saved)
    with torch.no_grad():
        task.model.head.bias[END] = -1e4
    task.save_pretrained(tmp_path / "endless")
    ended = done(tmp_path / "endless", "a dog", "two dogs", "--max_ratio", 1)
    assert "note: 2 of 2 translations reached the length limit" in ended.err
    assert ended.out.count("\n") == 2


@pytest.mark.draws
def test_a_picture_of_the_attention(saved, tmp_path):
    done(saved, "two dogs run", "--attention", tmp_path / "heat.png")
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("flag", "value"), [("length_penalty", 0.0), ("length_penalty", 8.0), ("no_repeat_ngram", 1), ("max_ratio", 0.2)]
)
def test_every_choice_is_that_of_python(saved, flag, value):
    task, texts = seqtext.load(saved), [line for line in LINES if line.strip()]
    expected, plain = task(texts, **{flag: value}), task(texts)
    assert expected != plain, "the choice makes no difference here"
    rows = [json.loads(line) for line in done(saved, *texts, f"--{flag}", value, "--jsonl").out.split("\n")[:-1]]
    assert [(row["text"], row["score"]) for row in rows] == [(one.text, round(one.score, 6)) for one in expected]


def test_a_pipe_is_answered_as_it_comes(saved):
    command = [sys.executable, "-m", "seqtext.cli", "translate", str(saved)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        for line in ("two dogs run", "a man"):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == done(saved, line).out
        process.stdin.close()
        assert process.wait(60) == 0


def test_threads_are_those_asked_for(saved, monkeypatch):
    asked = []
    monkeypatch.setattr("seqtext.nn.precision.set_threads", asked.append)
    done(saved, "a dog", "--threads", 3)
    assert asked == [3]


WRONG = {
    "a picture without a name": (("x", "--attention", ""), "--attention ; expected a name that ends in .png, .svg or .pdf"),
    "no texts": ((), "no texts; give some as arguments, a file with --input, or a pipe"),
    "a beam of none": (("x", "--beam", 0), "--beam is 0; expected from 1 to 1,000"),
    "more than the beam": (
        ("x", "--n_best", 6), "--n_best is 6; expected from 1 to --beam, which is 5"
    ),
    "texts and a file": (("x", "--input", "y"), "texts and --input were both given; give one of them"),
    "a picture of no format": (("x", "--attention", "heat"), "--attention heat; expected a name that ends in .png, .svg or .pdf"),
    "a beam of a million": (("x", "--beam", "1000000"), "--beam is 1000000; expected from 1 to 1,000"),
    "a ratio without end": (("x", "--max_ratio", "1e9"), "--max_ratio is 1000000000.0; expected from 0 to 100"),
    "a picture of two": (("x", "y", "--attention", "z.png"), "--attention z.png: a picture is of one text; give one text"),
    "a ratio below 0": (("x", "--max_ratio", -1), "--max_ratio is -1.0; expected from 0 to 100"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_translated_is_told_in_a_line(saved, case):
    arguments, told = WRONG[case]
    assert seqtext_command("translate", saved, *arguments) == (2, "", f"error: {told}\n")


def test_a_model_of_another_task_is_refused(topics, tmp_path):
    seqtext.TopicClassifier.from_data(
        topics["train"], hidden_size=4, embedding_size=8, vocabulary_size=400
    ).save_pretrained(tmp_path / "topics")
    ended = seqtext_command("translate", tmp_path / "topics", "x")
    assert ended == (
        2,
        "",
        f"error: {tmp_path}/topics is a TopicClassifier; expected a Translator; seqtext predict {tmp_path}/topics\n",
    )
