"""The recipe from end to end: what a run leaves, what its figures rest on, and every way to start one."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from statistics import mean, stdev

import pytest

import seqtext
from seqtext.saving.folders import read_folder
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.training import run_folder as run_folder_module
from tests.conftest import topic_rows, write_csv
from tests.in_process import Ended, topics_recipe

TINY = [
    *("--hidden_size", "16", "--embedding_size", "16", "--vocabulary_size", "300", "--batch_tokens", "600"),
    *("--device", "cpu", "--threads", "1", "--learning_rate", "0.01", "--epochs", "1", "--baselines", "none"),
]
TRAIN = ("--train", "train.csv", "--test", "test.csv")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("train.csv"), topic_rows(60, seed=1))
    write_csv(Path("test.csv"), topic_rows(12, seed=2))


def figures_of(run: str | Path) -> dict:
    return json.loads(Path(run, "report", "metrics.json").read_text(encoding="utf-8"))


def done(*flags: object) -> Ended:
    ended = topics_recipe(*TINY, *flags)
    assert ended.code == 0, ended.err
    return ended


# ---- what a run leaves


def test_a_run_folder_has_the_parts_that_its_file_describes(run_folder):
    described = set(
        re.findall(r"^([\w.]+/?) {2,}|  ([\w.]+/?) {2,}", str(run_folder_module.__doc__), flags=re.MULTILINE)
    )
    parts = {(one or other).rstrip("/") for one, other in described}
    assert len(parts) == 8
    there = {path.name for path in run_folder.iterdir()}
    assert there | {"timing.jsonl"} == parts  # which has a line every 20 steps, and so small a run may have fewer


def test_the_model_and_two_checkpoints_are_whole(run_folder):
    assert set(read_folder(run_folder / "model")) == {
        "config.json", "linear.safetensors", "model.safetensors", "tokenizer.model",
    }  # fmt: skip
    checkpoints = sorted((run_folder / "checkpoints").iterdir())
    assert len(checkpoints) == 2
    for checkpoint in checkpoints:
        assert re.fullmatch(r"step-\d{8}", checkpoint.name)
        assert set(read_folder(checkpoint)) == {"environment.json", "progress.json", "state.safetensors"}


def test_the_report_has_figures_pictures_and_predictions(run_folder):
    pictures = ["confusion_matrix.png", "learning_curves.png", "per_class_f1.png"]
    assert sorted(path.name for path in (run_folder / "report").iterdir()) == [
        *pictures[:2], "manifest.json", "metrics.json", pictures[2], "predictions.jsonl",
    ]  # fmt: skip
    for name in pictures:
        data = (run_folder / "report" / name).read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert min(struct.unpack(">2I", data[16:24])) > 200, "too small to be read"


def test_figures_come_with_baselines_data_and_how_the_model_was_chosen(run_folder):
    figures = figures_of(run_folder)
    assert set(figures) == {"test", "parts", "baselines", "data", "training"}
    assert set(figures["baselines"]) == {"majority", "TF-IDF"}
    assert figures["data"]["rows"] == {"train": 270, "validation": 30, "test": 60}
    assert figures["data"]["notes"] == ["validation: 30 training rows, held out by class with seed 0"]
    assert figures["test"]["rows"] == 60
    assert re.fullmatch(
        r"epoch \d of 3, the best accuracy on the validation rows \(then the lowest loss\), never on test",
        figures["training"]["selection"],
    )
    validated = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    accuracy = {line["epoch"]: line["validation"]["accuracy"] for line in validated if "validation" in line}
    assert accuracy[figures["training"]["best_epoch"]] == max(accuracy.values())


def test_it_learns(run_folder):
    figures = figures_of(run_folder)
    assert figures["baselines"]["majority"]["accuracy"] == pytest.approx(1 / 3, abs=0.01)
    assert figures["test"]["accuracy"] > 0.8


def test_predictions_are_those_of_the_saved_model_and_add_up_to_the_figure(run_folder):
    lines = [json.loads(line) for line in (run_folder / "report" / "predictions.jsonl").read_text().splitlines()]
    rows = topic_rows(60, seed=3)
    assert [line["row"] for line in lines] == list(range(1, 61))
    assert [line["true"] for line in lines] == rows["label"]
    for line, found in zip(lines, seqtext.load(run_folder)(rows["text"]), strict=True):
        assert (line["predicted"], line["probability"]) == (found.label, pytest.approx(found.probability, abs=1e-5))
    right = [line["true"] == line["predicted"] for line in lines]
    assert mean(right) == pytest.approx(figures_of(run_folder)["test"]["accuracy"])


def test_the_card_shows_results_pictures_and_mistakes(run_folder):
    card = (run_folder / "README.md").read_text(encoding="utf-8")
    figures = figures_of(run_folder)
    assert f"| **this model** | {figures['test']['accuracy']:.2%} |" in card
    for baseline in figures["baselines"].values():
        assert f"| {baseline['accuracy']:.2%} | {baseline['macro_f1']:.4f} |" in card
    pictures = re.findall(r"!\[.*\]\((.*)\)", card)
    assert len(pictures) == 3
    assert all((run_folder / picture).is_file() for picture in pictures)
    mistakes = card.partition("## Most confident mistakes")[2].strip().splitlines()
    wrong = round((1 - figures["test"]["accuracy"]) * 60)
    assert len(mistakes) == (min(wrong, 20) + 2 if wrong else 1)
    assert "python recipes/topic_classification.py --train " in card


def test_mistakes_are_listed_from_the_surest_on_and_nothing_in_them_is_markup(run_folder):
    worst = "the ship sails over waves | <b>and</b> *gulls* follow\\"
    write_csv(Path("wrong.csv"), {"text": [worst, "a", "the deer"], "label": ["wood", "sea", "wood"]})
    surely = ("--epochs", "8", "--word_dropout", "0", "--embedding_dropout", "0", "--head_dropout", "0")
    done("--train", run_folder.parent / "train.csv", "--test", "wrong.csv", *surely, "--run", "run")
    mistakes = Path("run", "README.md").read_text().partition("## Most confident mistakes")[2].strip().splitlines()[2:]
    probabilities = [float(line.split("|")[-2]) for line in mistakes]
    assert probabilities == sorted(probabilities, reverse=True)
    told = r"the ship sails over waves \| &lt;b&gt;and&lt;/b&gt; \*gulls\* follow\\"
    assert any(line.startswith(f"| {told} | wood |") for line in mistakes)


def test_the_summary_names_what_was_found_before_the_first_step(run_folder):
    out = done(*TRAIN, "--dry_run").out
    for title in ("data", "rows", "text", "vocabulary", "batches", "model", "time", "example", "note", "run"):
        assert re.search(f"^{title} ", out, flags=re.MULTILINE), title
    [row] = re.findall(r"all +(\d+) +(\d+) +(\d+)\n", out)
    assert row == ("54", "6", "12")


# ---- ways to start


def test_a_dry_run_trains_nothing_and_leaves_nothing():
    before = sorted(path.name for path in Path().iterdir())
    for flags in ((), ("--run", "run"), ("--seeds", "2")):
        ended = done(*TRAIN, "--dry_run", *flags)
        assert ended.err == "", "an epoch would have been told there"
        assert sorted(path.name for path in Path().iterdir()) == before


@pytest.mark.fault(39, 49)
def test_the_same_command_gives_the_same_model_to_the_bit_whatever_the_test_rows_are():
    write_csv(Path("other.csv"), topic_rows(9, seed=8))
    done(*TRAIN, "--run", "one")
    done("--train", "train.csv", "--test", "other.csv", "--run", "two")
    done(*TRAIN, "--run", "three", "--seed", "1")
    assert read_folder(Path("one/model")) == read_folder(Path("two/model"))
    assert read_folder(Path("one/model")) != read_folder(Path("three/model"))


def test_several_seeds_give_mean_and_deviation_of_their_figures():
    out = done(*TRAIN, "--seeds", "2", "--seed", "5", "--run", "both").out
    assert sorted(path.name for path in Path("both").iterdir()) == ["seed-5", "seed-6", "seeds.json"]
    accuracies = [figures_of(f"both/seed-{seed}")["test"]["accuracy"] for seed in (5, 6)]
    told = json.loads(Path("both/seeds.json").read_text())
    assert told["accuracy"] == accuracies
    assert (told["mean"], told["standard_deviation"]) == (
        pytest.approx(mean(accuracies)),
        pytest.approx(stdev(accuracies)),
    )
    assert f"test accuracy over 2 seeds: {mean(accuracies):.2%}" in out
    for seed in (5, 6):
        options = Path(f"both/seed-{seed}/options.yaml").read_text()
        assert f"seed: {seed}\n" in options
        assert "seeds: 1\n" in options, "so that this run alone can be resumed or repeated"


def test_the_folders_of_all_seeds_are_checked_before_the_first_is_trained():
    done(*TRAIN, "--run", "both/seed-6")
    ended = topics_recipe(*TINY, *TRAIN, "--seeds", "2", "--seed", "5", "--run", "both")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: --run both/seed-6: the folder already holds a run; ")
    ended = topics_recipe(*TINY, *TRAIN, "--seeds", "2", "--run", "both/seed-6", "--overwrite")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: --run both/seed-6: the folder holds a single run; choose another --run\n"


@pytest.mark.fault(17)
def test_true_labels_are_reported_by_their_names_where_a_class_lost_its_training_rows():
    rare_in_the_middle = [f"class {4 if n % 5 == 1 and n > 9 else n % 5}" for n in range(62)]
    rows = {"text": [f"word{n}" for n in range(62)], "label": rare_in_the_middle}
    write_csv(Path("five.csv"), rows)
    done("--train", "five.csv", "--validation", "five.csv", "--test", "five.csv", "--max_rows", "4", "--run", "run")
    lines = [json.loads(line) for line in Path("run/report/predictions.jsonl").read_text().splitlines()]
    assert [line["true"] for line in lines] == rows["label"]
    assert seqtext.load("run").config.labels == ("class 0", "class 2", "class 3", "class 4")
    assert {row["name"]: row["rows"] for row in figures_of("run")["test"]["per_class"]} == {
        name: rows["label"].count(name) for name in set(rows["label"])
    }


def test_what_belongs_to_a_data_set_is_refused_beside_files():
    for flags in (("--revision", "main"), ("--data_config", "raw")):
        ended = topics_recipe(*TINY, *TRAIN, *flags)
        assert ended.code == 2
        assert "--revision and --data_config are of --data; files of --train have none" in ended.err


def test_a_configuration_is_taken_by_its_name():
    for config in ("plain", "raw"):
        Path("rows", config).mkdir(parents=True)
        write_csv(Path("rows", config, "train.csv"), topic_rows(60, seed=1))
    configs = "".join(f"- config_name: {config}\n  data_files: {config}/train.csv\n" for config in ("plain", "raw"))
    Path("rows", "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    assert "pass --data_config NAME" in topics_recipe(*TINY, "--data", "rows", "--dry_run").err
    done("--data", "rows", "--data_config", "raw", "--dry_run")


def test_options_of_a_run_are_taken_back_and_flags_win(run_folder):
    ended = topics_recipe(
        "--config", run_folder / "options.yaml", "--seed", "2", "--epochs", "1", "--run", "again", "--threads", "1"
    )
    assert ended.code == 0, ended.err
    old, new = ((folder / "options.yaml").read_text().splitlines() for folder in (run_folder, Path("again")))
    changed = {
        line.partition(":")[0] for one, other in zip(old, new, strict=True) if one != other for line in (one, other)
    }
    assert changed == {"seed", "epochs", "run", "threads"}
    refused = topics_recipe("--config", run_folder / "options.yaml")
    assert refused.code == 2
    assert "the folder already holds a run; choose another --run" in refused.err


def test_a_finished_run_that_is_resumed_says_so_and_its_model_stays_as_it_is():
    done(*TRAIN, "--run", "run")
    parts = [Path("run/model"), *Path("run/checkpoints").iterdir()]
    kept, logs, figures = (
        [read_folder(part) for part in parts],
        Path("run/metrics.jsonl").read_bytes(),
        figures_of("run"),
    )
    ended = topics_recipe("--resume", "--run", "run")
    assert ended.code == 0
    assert ended.err == f"run run has ended already: epoch 1, step {figures['training']['steps']}\n"
    assert [read_folder(part) for part in parts] == kept
    assert Path("run/metrics.jsonl").read_bytes() == logs
    assert figures_of("run")["test"] == figures["test"]


def test_a_run_stopped_by_ctrl_c_goes_on_to_the_same_bits(monkeypatch):
    done(*TRAIN, "--run", "whole", "--epochs", "3")
    calls, evaluate = [], TopicClassifier.validate

    def stopped(task: TopicClassifier, examples: object, **how: object) -> dict[str, float]:
        calls.append(1)
        if len(calls) == 3:  # the first is the summary, which measures how long it takes
            raise KeyboardInterrupt
        return evaluate(task, examples, **how)

    with monkeypatch.context() as patch:
        patch.setattr(TopicClassifier, "validate", stopped)
        ended = topics_recipe(*TINY, *TRAIN, "--run", "parts", "--epochs", "3")
    assert ended.code == 130
    assert ended.err.endswith("\nstopped by Ctrl-C\n")
    assert seqtext.load("parts").config == seqtext.load("whole").config
    ended = topics_recipe("--resume", "--run", "parts")
    assert ended.code == 0
    assert ended.err.startswith("run parts goes on: epoch 1, step ")
    assert read_folder(Path("parts/model")) == read_folder(Path("whole/model"))
    assert figures_of("parts")["test"] == figures_of("whole")["test"]
    assert Path("parts/metrics.jsonl").read_bytes() == Path("whole/metrics.jsonl").read_bytes()


def test_a_run_is_never_overwritten_unless_asked_and_this_is_found_before_the_data_is_looked_at():
    done(*TRAIN, "--run", "run")
    before = read_folder(Path("run/model"))
    ended = topics_recipe("--train", "no such file", "--run", "run")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: --run run: the folder already holds a run; ")
    assert read_folder(Path("run/model")) == before
    done(*TRAIN, "--run", "run", "--overwrite", "--seed", "1")
    assert read_folder(Path("run/model")) != before
    assert len(list(Path("run/checkpoints").iterdir())) == 1


@pytest.mark.fault(53)
def test_a_run_folder_that_cannot_be_made_is_a_fault_of_the_machine():
    ended = topics_recipe(*TINY, *TRAIN, "--run", "test.csv/run")
    assert ended.code == 5
    assert re.search(r"error: /.*/test.csv/run: cannot be written \(Not a directory\)\n$", ended.err)


def test_a_run_goes_on_from_another_with_other_labels(run_folder):
    rows = topic_rows(60, seed=1)
    write_csv(Path("wet.csv"), {"text": rows["text"], "label": ["wet" if x == "sea" else "dry" for x in rows["label"]]})
    ended = done(
        *("--train", "wet.csv", "--init_from", run_folder, "--run", "wet"),
        *("--hidden_size", "24", "--embedding_size", "24", "--vocabulary_size", "500"),
    )
    assert re.search(
        r"^started from .*: tokenizer taken over; embedding, backbone, auxiliary copied; head new\n", ended.out
    )
    assert read_folder(Path("wet/model"))["tokenizer.model"] == read_folder(run_folder / "model")["tokenizer.model"]
    assert seqtext.load("wet").config.labels == ("dry", "wet")
    refused = topics_recipe(*TINY, "--train", "wet.csv", "--init_from", run_folder, "--run", "no", "--cell", "gru")
    assert refused.code == 2
    assert "but the run to start from has" in refused.err


@pytest.mark.fault(18, 47)
@pytest.mark.parametrize("rows", [0, 1, 2, 5, 7, 9])
@pytest.mark.parametrize("held_out", [True, False])
def test_any_number_of_rows_trains_or_is_refused_in_one_line(rows, held_out):
    """Batches hold 8 rows: none, one, two, few, and one fewer and one more than a batch."""
    write_csv(Path("few.csv"), {name: column[:rows] for name, column in topic_rows(60, seed=5).items()})
    others = () if held_out else ("--validation", "test.csv", "--test", "test.csv")
    ended = topics_recipe(*TINY, "--train", "few.csv", *others, "--batch_rows", "8", "--run", "run")
    if rows < (5 if held_out else 2):
        assert (ended.code, ended.out) == (2, "")
        assert re.fullmatch(r"error: few\.csv.*\n", ended.err)
        return
    assert ended.code == 0
    assert figures_of("run")["data"]["rows"]["train"] == rows - 2 * held_out
    assert figures_of("run")["training"]["steps"] >= (rows - 2 * held_out) / 8


def test_so_many_rows_a_class_are_drawn_anew_for_each_seed():
    ended = done(*TRAIN, "--per_class", "6", "--seeds", "2", "--run", "draws", "--model", "linear")
    assert re.search(r"test accuracy over 2 seeds: [\d.]+%, standard deviation [\d.]+ points", ended.out)
    for seed in (0, 1):
        assert f"18 training rows used, 6 of each class, drawn with seed {seed} (--per_class)" in ended.out
        rows = figures_of(f"draws/seed-{seed}")["data"]["rows"]
        assert (rows["train"] + rows["validation"], rows["test"]) == (18, 12)


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        (("--compare_scratch",), "--compare_scratch compares with a start, and there is none; give --init_from"),
        (("--new_tokenizer",), "--new_tokenizer is for a model that starts from another; give --init_from"),
        (
            ("--pretraining_epochs", "2"),
            "--pretraining_epochs is of a language model of texts without labels; give --unl",
        ),
    ],
)
def test_what_is_of_a_start_is_refused_without_one(flag, told):
    ended = topics_recipe(*TRAIN, *flag)
    assert ended.code == 2
    assert told in ended.err


@pytest.mark.parametrize(("flags", "told"), [(("1",), "--per_class is 1"), (("5", "--max_rows", "9"), "give one of")])
def test_rows_a_class_that_cannot_be_meant_are_refused(flags, told):
    ended = topics_recipe(*TRAIN, "--per_class", *flags)
    assert ended.code == 2
    assert told in ended.err


def test_a_run_that_has_ended_trains_on_to_more_epochs_and_its_report_says_so():
    done(*TRAIN, "--run", "run")
    ended = topics_recipe("--resume", "--run", "run", "--epochs", "3")
    assert ended.code == 0, ended.err
    assert "on to epoch 3, where 1 were planned" in ended.err
    assert "planned for 1 epochs and trained on to 3" in Path("run", "README.md").read_text()
    assert "epoch 3, step" in ended.err
    read_folder(Path("run"))
    assert "has ended already: epoch 3" in topics_recipe("--resume", "--run", "run").err


@pytest.mark.fault(62)
def test_names_of_files_may_be_anything_the_system_takes():
    place = Path("spaced ü\nline [x]*\udce9")
    place.mkdir()
    write_csv(place / "train.csv", topic_rows(60, seed=1))
    done("--train", place / "train.csv", "--run", place / "run")
    card = (place / "run" / "README.md").read_text(encoding="utf-8")
    assert r"# Topics of spaced ü line \[x\]\* /train.csv" in card
    assert re.search(r"\n    python \S+topic_classification.py .* --train 'spaced ü line \[x\]\* /train.csv'", card)
    assert figures_of(place / "run")["data"]["source"] == str(place / "train.csv")
    assert "has ended already" in topics_recipe("--resume", "--run", place / "run").err
    assert topics_recipe("--config", place / "run" / "options.yaml", "--run", "new", "--dry_run").code == 0


def test_at_most_so_many_rows_are_used_the_same_for_the_same_seed():
    out = done(*TRAIN, "--max_rows", "30", "--dry_run").out
    assert "note        30 training rows used, drawn by class with seed 0 (--max_rows)" in out
    assert re.search(r"all +27 +3 +12\n", out)
    assert re.search(r"sea +9 +1 +4\n", out)
    assert done(*TRAIN, "--max_rows", "30", "--dry_run").out.partition("time ")[0] == out.partition("time ")[0]


def test_without_arguments_the_phrasebook_is_learnt_offline():
    ended = topics_recipe(
        "--max_steps", "3", "--max_rows", "400", "--baselines", "fast", "--hidden_size", "32", "--threads", "1"
    )
    assert ended.code == 0, ended.err
    [run] = Path("runs").iterdir()
    assert re.fullmatch(r"topic-phrasebook-\d{8}-\d{6}", run.name)
    figures = figures_of(run)
    assert figures["training"]["steps"] == 3
    assert figures["data"]["rows"]["train"] == 400
    assert len(figures["test"]["per_class"]) == 10
    assert f"saved in {run}; try:\n  seqtext predict {run} " in ended.out
