"""The README is true: its file map is the folder, and its commands run, those for the hub on a stand-in of the same name."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import shlex
import sys
from pathlib import Path

import datasets
import pytest

import seqtext.cli
from seqtext.builtin.household import household
from tests.conftest import ROOT, SMALL, TOPICS, topic_rows, write_csv

README = (ROOT / "README.md").read_text(encoding="utf-8")
TINY = {
    "topic_classification.py": [*SMALL, "--max_steps", "3", "--baselines", "fast"],
    "text_generation.py": [*SMALL, "--max_steps", "3", "--evaluation", "fast"],
    "translation.py": [
        *("--epochs", "1", "--max_steps", "3", "--hidden_size", "24", "--encoder_size", "24", "--embedding_size", "24"),
        *("--encoder_layers", "1", "--num_layers", "1", "--batch_tokens", "600", "--vocabulary_size", "1500"),
        *("--threads", "2", "--max_rows", "300", "--beam", "1", "--baselines", "fast"),
    ],
    "electricity.py": [
        "--hidden_size",
        "8",
        "--max_steps",
        "3",
        "--baselines",
        "fast",
        "--threads",
        "2",
        "--max_rows",
        "3000",
    ],
}


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    parts = re.split(r"^```(\w*)\n", README, flags=re.MULTILINE)  # text, fence, block, closing fence, text, ...
    return [block for fence, block in zip(parts[1::4], parts[2::4], strict=True) if fence == language]


def commands(start: str) -> list[str]:
    """Lines of shell blocks that begin with `start`, without their comments."""
    lines = [line.split("  #")[0].strip() for block in blocks("") for line in block.splitlines()]
    return [line for line in lines if line.startswith(start)]


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory) -> Path:
    """A folder with everything the README's commands name, small: hub data sets are folders of the same name."""
    place = tmp_path_factory.mktemp("readme")
    train, test = topic_rows(120, seed=1), topic_rows(40, seed=2)
    news = ["World", "Sports", "Business"]
    for name, column, names in (("fancyzhx/ag_news", "text", news), ("stanfordnlp/sst2", "sentence", list(TOPICS))):
        folder = place / name
        folder.mkdir(parents=True)
        for split, rows in (("train", train), ("test", test)):
            labels = datasets.ClassLabel(names=names)
            features = datasets.Features({column: datasets.Value("string"), "label": labels})
            columns = {column: rows["text"], "label": [list(TOPICS).index(label) for label in rows["label"]]}
            datasets.Dataset.from_dict(columns, features=features).to_parquet(folder / f"{split}.parquet")
    for split, rows in (("train", train), ("test", test)):
        write_csv(place / f"{split}.csv", {"body": rows["text"], "section": rows["label"]})
    write_csv(place / "articles.csv", {"id": ["1", "2"], "body": ["the ship sails", "NA"]})
    styles = zip(train["text"], train["label"], ["plain", "terse"] * 60, strict=True)
    lines = [
        {"text": text, "topic": topic, "style": style, "embedding": [1.0, len(text)]} for text, topic, style in styles
    ]
    (place / "x.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    parallel = [[f"{text}." for text in train["text"]], [f"{text.upper()}!" for text in train["text"]]]
    for split in ("train", "val", "test"):
        for suffix, side in zip(("en", "de"), parallel, strict=True):
            (place / f"{split}.{suffix}").write_text("".join(f"{line}\n" for line in side), encoding="utf-8")
    rows = "".join(f"{one}\t{other}\n" for one, other in zip(*parallel, strict=True))
    (place / "pairs.tsv").write_text(f"english\tgerman\n{rows}", encoding="utf-8")
    hub = place / "bentrevett" / "multi30k"
    hub.mkdir(parents=True)
    for split in ("train", "validation", "test"):
        datasets.Dataset.from_dict(dict(zip(("en", "de"), parallel, strict=True))).to_parquet(hub / f"{split}.parquet")
    (place / "input.txt").write_text("a ship\n\nan owl\n", encoding="utf-8")
    (place / "headlines.txt").write_text("a ship\nan owl\n", encoding="utf-8")
    load = household(days=40)
    times, values = [str(time).replace("T", " ") for time in load.times], [f"{value:.3f}" for value in load.values]
    for name, part in (
        ("electricity_train", slice(0, 3000)),
        ("electricity_test", slice(3000, None)),
        ("readings", slice(None)),
    ):
        write_csv(place / f"{name}.csv", {"when": times[part], "kw": values[part]})
    write_csv(place / "load.csv", {"when": times, "kw": values})
    write_csv(place / "meter.csv", {"when": times[:200], "kw": values[:200]})
    write_csv(place / "many.csv", {"client": ["a"] * 3840 + ["b"] * 3840, "when": times * 2, "kw": values * 2})
    return place


def run(program, arguments, monkeypatch) -> None:
    """Runs a program in this process; it must end well."""
    monkeypatch.setattr(sys, "argv", arguments)
    code = 0
    try:
        program()
    except SystemExit as stop:
        code = stop.code or 0
    assert code == 0, arguments


@pytest.fixture(scope="module")
def trained(stand_in) -> Path:
    """The recipe commands of the README, run one after the other as they stand there, at the smallest size."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(stand_in)
        monkeypatch.setattr("seqtext.data.pairs.sources.PHRASES", 2000)
        done = commands("python recipes/")
        assert len(done) == 29
        for command in done:
            _, script, *flags = shlex.split(command)
            recipe = str(ROOT / script)
            run(
                lambda recipe=recipe: runpy.run_path(recipe, run_name="__main__"),
                [script, *flags, *TINY[Path(script).name]],
                monkeypatch,
            )
    return stand_in


def test_recipe_commands_run_in_the_order_of_the_readme(trained):
    for name in ("ja", "ag", "ag2", "sst2"):
        assert (trained / "runs" / name / "model" / "config.json").is_file()
    assert len(list((trained / "runs").glob("*/seed-*"))) == 3
    for name in ("news", "mood", "two", "dense", "like", "lm", "news2", "zeros"):
        assert (trained / "runs" / name / "report" / "samples.md").is_file()
    for name in ("electricity", "day", "many", "meter"):
        assert (trained / "runs" / name / "report" / "two_weeks.png").is_file()
    for name in ("ja-fr", "de", "m30k", "plain"):
        assert (trained / "runs" / name / "report" / "examples.md").is_file()
    assert len(list((trained / "runs").glob("topic-train-*"))) == 1, "--dry_run made a folder too"


@pytest.mark.parametrize("command", commands("seqtext ") + commands("cat ") + commands("tail "))
def test_shell_commands_run(trained, command, monkeypatch, capsys):
    monkeypatch.chdir(trained)
    command = command.partition(" > ")[0]
    if " | " in command:
        source, _, command = command.removeprefix("cat ").removeprefix("tail -f ").partition(" | ")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(source).read_bytes())))
    run(seqtext.cli.main, shlex.split(command), monkeypatch)
    assert capsys.readouterr().out or "--output" in command


def test_the_output_named_in_the_readme_keeps_the_columns(trained, monkeypatch):
    monkeypatch.chdir(trained)
    [command] = [command for command in commands("seqtext predict ") if "--output" in command]
    run(seqtext.cli.main, shlex.split(command), monkeypatch)
    header, first, second = Path("labelled.csv").read_text(encoding="utf-8").splitlines()
    assert header == "id,body,predicted,probability"
    assert first.startswith("1,the ship sails,")
    assert second.startswith("2,NA,")


def test_python_blocks_run(trained, monkeypatch):
    monkeypatch.chdir(trained)
    os.symlink("ag", "runs/demo")
    for block in blocks("python"):
        block = re.sub(r'from_data\(train, cell="gru"\)', 'from_data(train, cell="gru", hidden_size=8)', block)
        exec(compile(block, "README.md", "exec"), {})
    assert (trained / "runs" / "mine" / "model").is_dir()


def test_every_recipe_is_a_row_of_the_table_of_shapes():
    rows = re.findall(r"^\|.*`(recipes/\w+\.py)` \|$", README, flags=re.MULTILINE)
    assert sorted(rows) == sorted(str(path.relative_to(ROOT)) for path in (ROOT / "recipes").glob("*.py"))


def test_every_promise_names_a_test_that_is_there():
    section = README.partition("## What a run promises")[2].partition("\n## ")[0]
    promises = re.findall(r"^- (?:.|\n  )*?`(tests/[\w/]+\.py)::(test_\w+)`$", section, flags=re.MULTILINE)
    assert len(promises) == section.count("\n- ") > 10
    for file, name in promises:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"
