"""`seqtext train RECIPE ...` is `python recipes/NAME.py ...`: the same flags, messages and exit codes, in the words of the command."""

from __future__ import annotations

import re
import shlex
from importlib import import_module

import pytest

from seqtext.errors import DataError
from seqtext.saving.configs import write_options
from seqtext.tasks.known import TASKS
from tests.conftest import ROOT, SMALL, topic_rows, write_csv
from tests.in_process import Ended, figures_of, recipe, seqtext_command, topics_recipe

RECIPES = {task.recipe: task.script for task in TASKS}


def both(name: str, *flags: object) -> tuple[Ended, Ended]:
    """What the command and the recipe say, the recipe's as if it had been called by the command's name."""
    ours, theirs = seqtext_command("train", name, *flags), recipe(RECIPES[name], *flags)
    path = str(ROOT / "recipes" / f"{RECIPES[name]}.py")
    return ours, Ended(theirs.code, *(text.replace(path, f"seqtext train {name}") for text in theirs[1:]))


@pytest.mark.parametrize("flags", [(), ("--help",), ("-h",)])
def test_without_a_recipe_the_recipes_are_listed(flags):
    ended = seqtext_command("train", *flags)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("usage: seqtext train RECIPE ...\n")
    listed = re.findall(r"^  (\w+) +(.+) \(used by seqtext (\w+)\)$", ended.out, flags=re.MULTILINE)
    assert listed == [(task.recipe, task.trains, task.command) for task in TASKS]


@pytest.mark.parametrize(
    ("name", "fix"), [("topic", "did you mean 'topics'?"), ("topic_classification", ""), ("--run", "")]
)
def test_an_unknown_recipe_is_told_with_those_there_are(name, fix):
    known = f"expected one of {', '.join(RECIPES)}"
    told = f"error: unknown recipe {name!r}; {known}" + (f"; {fix}" if fix else "")
    ended = seqtext_command("train", name, "x")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(told)


@pytest.mark.parametrize("name", RECIPES)
def test_help_is_the_recipes_own(name):
    ours, theirs = both(name, "--help")
    assert ours.code == theirs.code == 0
    for ended in (ours, theirs):
        assert "--hidden_size" in ended.out
        assert "--resume" in ended.out
    flags = [set(re.findall(r"--\w+", ended.out)) for ended in (ours, theirs)]
    assert flags[0] == flags[1]
    assert ours.out.startswith(f"usage: seqtext train {name} ")


@pytest.mark.parametrize("name", RECIPES)
def test_the_examples_of_the_help_are_in_the_words_of_the_program(name):
    ours, theirs = both(name, "--help")
    for ended, program, other in (
        (ours, f"seqtext train {name}", "recipes/"),
        (theirs, f"python recipes/{RECIPES[name]}.py", "seqtext train"),
    ):
        usage, examples = ended.out.split("\n\n", 1)
        assert len(re.findall(rf"{re.escape(program)} .*(?:#|--)", examples)) == 3, usage
        assert other not in examples


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("flags", [("--epochs", "0"), ("--data", "none.csv"), ("--resume", "--run", "none")])
def test_faults_have_the_recipes_message_and_exit_code(tmp_path, monkeypatch, name, flags):
    monkeypatch.chdir(tmp_path)
    ours, theirs = both(name, *flags)
    assert ours.code == theirs.code == 2
    assert ours.err == theirs.err
    assert "Traceback" not in ours.err


@pytest.mark.parametrize("name", RECIPES)
def test_a_misspelt_flag_is_told_with_the_nearest(name):
    for ended in both(name, "--hidden_siez", "3"):
        assert (ended.code, ended.out) == (2, "")
        assert "--hidden_siez" in ended.err
        assert "--hidden_size" in ended.err


def test_what_is_not_there_has_the_recipes_exit_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "train.csv", topic_rows(60))
    ours, theirs = both("topics", "--data", "train.csv", "--device", "cuda:99", "--vocabulary_size", "300")
    assert ours.code == theirs.code == 5
    assert ours.err == theirs.err


def test_debug_brings_the_traceback(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for program in (lambda *flags: seqtext_command("train", "topics", *flags), lambda *flags: topics_recipe(*flags)):
        with pytest.raises(DataError, match=r"none\.csv: no such file"):  # which ends a process with its traceback
            program("--debug", "--data", "none.csv")


def test_a_run_is_the_recipes_to_the_bit_and_names_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, rows, seed in (("train", 120, 1), ("test", 40, 3)):
        write_csv(tmp_path / f"{name}.csv", topic_rows(rows, seed))
    flags = ["--train", "train.csv", "--test", "test.csv", *SMALL, "--max_steps", "4", "--baselines", "none"]
    ours = seqtext_command("train", "topics", *flags, "--run", "command")
    theirs = recipe("topic_classification", *flags, "--run", "recipe")
    assert ours.code == theirs.code == 0
    weights = [(tmp_path / run / "model" / "model.safetensors").read_bytes() for run in ("command", "recipe")]
    assert weights[0] == weights[1]
    assert figures_of("command")["test"] == figures_of("recipe")["test"]
    assert "seqtext train topics" in (tmp_path / "command" / "README.md").read_text(encoding="utf-8")


def test_a_run_of_another_recipe_is_sent_to_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "my run"
    run.mkdir()
    module = import_module("seqtext.recipes.text_generation")
    write_options(run / "options.yaml", module.Options())
    ended = seqtext_command("train", "topics", "--resume", "--run", "my run")
    assert ended.code == 2
    [line] = ended.err.splitlines()
    assert line.endswith("it was made by another: seqtext train generation --resume --run 'my run'")
    (run / "options.yaml").write_text("epochs: 1\nnobodys: 3\n")
    ended = seqtext_command("train", "topics", "--resume", "--run", "my run")
    assert "seqtext info 'my run' says what it is" in ended.err


@pytest.mark.fault(67)
def test_names_from_anyone_reach_neither_terminal_nor_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = topic_rows(90)
    names = {"sea": "\x1b[31msea\nside\x07", "town": "$(touch owned)", "wood": "w" * 5000}
    rows["label"] = [names[label] for label in rows["label"]]
    rows["text"] = [f"--output=x\x1b]0;{text}; touch owned '" for text in rows["text"]]
    write_csv(tmp_path / "my $(touch owned) rows.csv", rows)
    flags = [*SMALL, "--max_steps", "2", "--baselines", "none", "--run", "a run; touch owned"]
    ended = seqtext_command("train", "topics", "--train", "my $(touch owned) rows.csv", *flags)
    assert ended.code == 0, ended.err
    for text in (ended.out, ended.err):
        assert all(line.isprintable() for line in text.splitlines())
    table = ended.out.partition("text  ")[0]
    assert max(map(len, table.splitlines())) < 120
    tried = ended.out.rstrip("\n").rpartition("\n")[2]
    program, command, run, text = shlex.split(tried)
    assert (program, command, run) == ("seqtext", "predict", "a run; touch owned")
    assert not text.startswith("-")
    assert seqtext_command(*shlex.split(tried)[1:]).code == 0
    told = seqtext_command("info", run)
    assert told.code == 0
    assert all(line.isprintable() for line in told.out.splitlines())


def test_several_seeds_are_looked_at_once_where_nothing_is_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "train.csv", topic_rows(60))
    flags = ["--train", "train.csv", *SMALL, "--dry_run", "--run", "r"]
    ended = seqtext_command("train", "topics", *flags, "--seeds", "1000")
    assert (ended.code, ended.out.count("==== seed")) == (0, 1)
    assert (
        "--seeds is 1000000; expected at most 1,000"
        in seqtext_command("train", "topics", *flags, "--seeds", "1000000").err
    )


@pytest.mark.fault(61, 66)
def test_a_model_that_fits_no_machine_is_refused_before_it_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "train.csv", topic_rows(60))
    ended = seqtext_command(
        "train", "topics", "--train", "train.csv", "--hidden_size", "16384", "--num_layers", "64", "--dry_run"
    )
    assert ended.code == 5
    assert "for its weights" in ended.err
    assert "lower --hidden_size" in ended.err
