"""Every command and flag that takes a run, given the run of each task: it says what that run is, and which command takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqtext.tasks.known import BY_NAME, TASKS
from tests.conftest import topic_rows, write_csv
from tests.in_process import recipe, seqtext_command

PAIRS = [(task, other) for task in TASKS for other in TASKS if not other.has(task.command)]
CLASSIFIER = BY_NAME["TopicClassifier"]
OTHERS = [task for task in TASKS if task is not CLASSIFIER]


def test_there_are_pairs_of_a_command_and_the_run_of_another_task():
    shared = sum(task.also is not None for task in TASKS)
    assert len(PAIRS) == len(TASKS) * (len(TASKS) - 1) - shared >= 12
    assert len(OTHERS) == len(TASKS) - 1


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("rows.csv"), topic_rows(30, seed=1))


USES = {
    "predict": ("x",),
    "score": ("x",),
    "tag": ("x",),
    "generate": (),
    "translate": ("x",),
    "transcribe": ("x.wav",),
    "forecast": ("--history", "rows.csv"),
}


@pytest.mark.parametrize(("task", "other"), PAIRS, ids=lambda task: task.name)
def test_a_command_given_the_run_of_another_task_names_the_command_that_takes_it(saved_tasks, task, other):
    run = saved_tasks[other.name]
    wanted = " or a ".join(one.name for one in TASKS if one.has(task.command))
    told = f"error: {run} is a {other.name}; expected a {wanted}; seqtext {other.command} {run}\n"
    assert seqtext_command(task.command, run, *USES[task.command]) == (2, "", told)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_commands_for_any_task_take_the_run_of_each(saved_tasks, task):
    run = saved_tasks[task.name]
    shown = seqtext_command("info", run)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(f"{task.name} in {run}: ")
    assert seqtext_command("verify", run).code == 0
    helped = seqtext_command("evaluate", run, "--help")
    assert (helped.code, helped.err) == (0, "")
    assert helped.out.startswith("usage: seqtext evaluate [-h] [OPTIONS] RUN")
    for flag in ("--data", "--split", "--revision", "--data_config", "--max_rows", "--output", "--overwrite", "--json"):
        assert flag in helped.out
    assert f"  {task.name:<16} {task.measures}\n" in seqtext_command("evaluate").out + "\n"


@pytest.mark.parametrize("other", OTHERS, ids=lambda task: task.name)
def test_flags_that_take_a_classifier_say_what_they_were_given(saved_tasks, other):
    run = saved_tasks[other.name]
    told = f"error: {run}/config.json: a {other.name}; expected a {CLASSIFIER.name}; seqtext {other.command} takes it, "
    judged = seqtext_command("evaluate", saved_tasks["TextGenerator"], "--data", "rows.csv", "--judge", run)
    made = recipe("text_generation", "--train", "rows.csv", "--vectors_from", run, "--run", "run", "--threads", "1")
    for ended in (judged, made):
        assert (ended.code, ended.out) == (3, "")
        assert ended.err.startswith(told)
        assert ended.err.count("\n") == 1
    assert not Path("run").exists()


def test_an_example_is_taken_as_a_text_even_if_it_names_a_run(saved_tasks):
    ended = seqtext_command("generate", saved_tasks["TextGenerator"], "--like", saved_tasks["TopicClassifier"])
    told = "error: the model cannot make the vector of a text; train with --vectors_from a topic classifier\n"
    assert ended == (2, "", told)
