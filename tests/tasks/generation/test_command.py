"""`seqtext generate`: requests of a file, texts shown while they are written, and what it says to requests that cannot be meant."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import seqtext
from tests.in_process import seqtext_command, succeeded
from tests.tasks.generation.generators import of


@pytest.fixture(scope="module")
def run(rows, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("generator") / "model"
    of(rows).save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def requests(*lines: dict | str) -> str:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    Path("requests.jsonl").write_text(text)
    return "requests.jsonl"


def test_each_request_is_answered_as_it_would_be_alone(run):
    lines = [
        {"topic": "sea", "count": 2},
        {"mixture": {"sea": 0.7, "wood": 0.3}, "seed": 5, "prompt": "the shi"},
        {"topic": "sea=0.7,wood=0.3", "temperature": 1, "max_length": 9, "words": "any"},
        {},
        {"vector": [0.5, 0, 0.5], "top_p": 0.9, "allow_copies": True},
        {"seed": None, "topic": "town"},
    ]
    ended = succeeded(
        seqtext_command("generate", run, "--input", requests(*lines), "--output", "texts.jsonl", "--seed", "3")
    )
    assert ended.out == ""
    found = [json.loads(line) for line in Path("texts.jsonl").read_text().splitlines()]
    assert [one["request"] for one in found] == [1, 1, 2, 3, 4, 5, 6]
    task = seqtext.load(run)
    expected = [
        *task("sea", count=2, seed=3),
        *task({"sea": 0.7, "wood": 0.3}, seed=5, prompt="the shi"),
        *task({"sea": 0.7, "wood": 0.3}, seed=3, temperature=1.0, max_length=9, words="any"),
        *task(seed=3),
        *task([[0.5, 0, 0.5]], seed=3, top_p=0.9, allow_copies=True),
        *task("town", seed=3),
    ]
    assert [one["text"] for one in found] == [one.text for one in expected]
    assert [one["tokens"] for one in found] == [one.tokens for one in expected]


def test_a_pipe_is_answered_and_an_empty_one_with_nothing(run):
    ended = succeeded(seqtext_command("generate", run, "--input", "-", stdin=b'{"topic": "sea"}\n'))
    [line] = ended.out.splitlines()
    assert json.loads(line)["text"] == seqtext.load(run)("sea")[0].text
    assert seqtext_command("generate", run, "--input", "-", stdin=b"") == (0, "", "")


# fmt: off
FAULTS = {
    "an unknown key": ([{}, {"topick": "sea"}], "row 2: unknown key 'topick'; expected one of topic, mixture, .*; did you mean 'topic'[?]"),
    "an unknown topic": ([{"topic": "sea"}, {"topic": "see"}], "row 2: unknown topic 'see'; .*; did you mean 'sea'[?]"),
    "two things": ([{"topic": "sea", "vector": [1, 0, 0]}], "row 1: topic and vector were all asked for; .*"),
    "another kind": ([{"count": "3"}], "row 1, key 'count': found '3'; expected a whole number"),
    "a truth": ([{"seed": True}], "row 1, key 'seed': found True; expected a whole number"),
    "neither": ([{"words": "new"}], "row 1, key 'words': found 'new'; expected known or any"),
    "an empty mixture": ([{"mixture": {}}], "row 1, key 'mixture': found {}; expected an object .*: one or more, each a number"),
    "a weight that is no number": ([{"mixture": {"sea": True}}], "row 1, key 'mixture': found .*; expected .* each a number"),
    "no weights": ([{"mixture": ["sea"]}], "row 1, key 'mixture': found .*; expected an object of names and weights: .* each a number"),
    "out of range": ([{}, {}, {"temperature": -1}], "row 3: temperature is -1; expected 0 or more; 0 is greedy"),
    "a longer vector": ([{"vector": [1, 2]}], "row 1: asked for a vector of 2 numbers; expected .* 3 finite numbers"),
    "a long prompt": ([{"prompt": "ship " * 90, "max_length": 9}], "row 1: the prompt has .* tokens; .*; raise max_length"),
    "twice": (['{"seed": 1, "seed": 2}'], "row 1, key 'seed': the key 'seed' stands twice in the object"),
    "an array": (['["sea", "town"]'], r'row 1 .*: found .*, a JSON array; .*; write an object on each line, as {"topic": ...}'),
    "a name": (['"sea"'], r'row 1 .*: found .*, a JSON string; .*; write an object on each line, as {"topic": ...}'),
    "no JSON": (["sea"], "row 1 .*: not valid JSON .*"),
}
# fmt: on


@pytest.mark.parametrize("case", FAULTS)
def test_a_request_that_cannot_be_meant_is_told_with_its_line(run, case):
    lines, message = FAULTS[case]
    ended = seqtext_command("generate", run, "--input", requests(*lines), "--output", "texts.jsonl")
    assert ended.code == 2
    [line] = ended.err.splitlines()
    kept = r"(; the answers to the first [12] rows are in .*\.part)?"
    assert re.fullmatch(f"error: requests.jsonl, {message}{kept}", line), line
    assert not Path("texts.jsonl").exists()
    assert Path("texts.jsonl.part").exists() == ("the answers to" in line) == (len(lines) > 1)


def re_match(pattern: str, line: str) -> bool:
    import re

    assert re.fullmatch(pattern, line), line
    return True


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--topic", "sea", "--input", "x.jsonl"), "--input holds what is asked for"),
        (("--stream", "--jsonl"), "--stream shows texts as they come"),
        (("--output", "x.csv"), "unknown ending '.csv'"),
        (("--output", "x.txt", "--jsonl"), "--output x.txt is for texts alone"),
    ],
)
def test_flags_that_rule_each_other_out(run, flags, message):
    ended = seqtext_command("generate", run, *flags)
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.parametrize("flags", [(), ("--prompt", "the shi"), ("--words", "any"), ("--temperature", "0")])
def test_what_is_streamed_is_what_is_written_at_once(run, flags):
    asked = ("generate", run, "--topic", "sea", "--count", "6", *flags)
    assert seqtext_command(*asked, "--stream") == seqtext_command(*asked)


def test_texts_go_to_a_file(run):
    asked = ("generate", run, "--topic", "sea", "--count", "3")
    shown = succeeded(seqtext_command(*asked)).out
    assert succeeded(seqtext_command(*asked, "--output", "texts.txt")).out == ""
    assert Path("texts.txt").read_text() == shown
    succeeded(seqtext_command(*asked, "--output", "texts.jsonl"))
    assert len([json.loads(line)["text"] for line in Path("texts.jsonl").read_text().splitlines()]) == 3
