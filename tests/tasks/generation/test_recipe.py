"""The text generation recipe and `seqtext generate` as a user has them: any data in, texts of a topic out, faults told in a line."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

import seqtext
from seqtext.data.reading.sources import load_files
from seqtext.saving.folders import read_folder
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.report.card import IN_WORDS
from seqtext.tasks.known import TASKS
from tests.conftest import TOPICS, topic_rows, write_csv
from tests.in_process import figures_of, seqtext_command
from tests.tasks.generation.recipe import LEARNT, TRAIN, done, recipe, styled


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with texts, a classifier, a run that has learnt its topics and one whose vectors a classifier makes."""
    folder = tmp_path_factory.mktemp("texts")
    for name, rows, seed in (("train", 240, 1), ("test", 45, 2)):
        write_csv(folder / f"{name}.csv", topic_rows(rows, seed))
    before = Path.cwd()
    os.chdir(folder)
    try:
        train = load_files(train="train.csv").splits["train"]
        classifier = TopicClassifier.from_data(train, hidden_size=3, embedding_size=8, vocabulary_size=320)
        classifier.save_pretrained("classifier")
        done(*TRAIN, *LEARNT, "--run", "topics")
        done(*TRAIN, "--vectors_from", "classifier", "--evaluation", "all", "--run", "alike")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("train.csv"), topic_rows(60, seed=1))
    write_csv(Path("test.csv"), topic_rows(12, seed=2))


# ---- what a run leaves


def test_a_run_has_model_report_pictures_samples_and_card(place):
    for name, more in (("topics", ["sweep.json", "sweep.png"]), ("alike", [])):
        folder = place / name
        assert {"config.json", "model.safetensors", "tokenizer.model"} <= set(read_folder(folder / "model"))
        there = sorted(path.name for path in (folder / "report").iterdir())
        assert there == sorted(["learning_curves.png", "manifest.json", "metrics.json", "samples.md", *more])
        pictures = [path for path in there if path.endswith(".png")]
        assert all((folder / "report" / p).read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for p in pictures)
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert sorted(re.findall(r"!\[.*\]\(report/(.*)\)", card)) == pictures
        test = figures_of(folder)["test"]
        assert f"| **this model, with its vector** | {test['perplexity']:.2f} |" in card
        assert f"| interpolated trigram model | {test['trigram_perplexity']:.2f} |" in card


def test_samples_are_shown_for_each_topic_and_on_the_way_between_two(place):
    page = (place / "topics" / "report" / "samples.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", page, flags=re.MULTILINE) == ["sea", "town", "wood", "from sea to town"]
    assert [part.count("\n- ") for part in page.split("## ")[1:]] == [3, 3, 3, 5]
    [first] = seqtext.load(place / "topics")("sea")
    assert f"## sea\n\n- {first.text}\n" in page
    page = (place / "alike" / "report" / "samples.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", page, flags=re.MULTILINE) == ["samples"]


def test_it_learns_what_can_be_learnt_and_writes_what_it_is_asked_for(place):
    figures = figures_of(place / "topics")
    test, samples = figures["test"], figures["samples"]
    assert test["perplexity"] < test["trigram_perplexity"]
    assert test["perplexity"] < test["perplexity_without_vector"]
    assert test["below_trigram"] == pytest.approx(1 - test["perplexity"] / test["trigram_perplexity"])
    assert test["vector_gives"] == pytest.approx(1 - test["perplexity"] / test["perplexity_without_vector"])
    assert test["vector_can_give"] == pytest.approx(1 - math.exp(-math.log(3) / (test["tokens"] / 45)))
    assert samples["count"] == 45
    assert samples["model"]["control_label"] > 0.7, "of three topics"
    assert samples["real"]["control_label"] > 0.9
    for name in ("distinct_1", "distinct_2", "distinct_3", "self_bleu", "copied"):
        assert 0 <= samples["model"][name] <= 1
    points = json.loads((place / "topics" / "report" / "sweep.json").read_text())["points"]
    assert len({(point["guidance"], point["temperature"]) for point in points}) == 12
    pushed = [point["control"] for point in points if point["guidance"] == 3]
    plain = [point["control"] for point in points if point["guidance"] == 1]
    assert sum(pushed) >= sum(plain)


def test_the_figure_is_that_of_the_saved_model_on_the_test_rows(place):
    task, figures = seqtext.load(place / "topics"), figures_of(place / "topics")
    rows = load_files(train=place / "test.csv").splits["train"]
    examples = task.encode(rows)
    assert int(examples.lengths.sum()) == figures["test"]["tokens"]
    assert math.exp(task.token_loss(examples)) == pytest.approx(figures["test"]["perplexity"], rel=1e-5)
    size = sum(len(text.encode()) for text in rows["text"])
    bits = task.token_loss(examples) / math.log(2) * figures["test"]["tokens"] / size
    assert bits == pytest.approx(figures["test"]["bits_per_byte"], rel=1e-5)


def test_what_is_printed_is_what_was_measured():
    ended = done(*TRAIN, "--run", "run")
    figures = figures_of("run")
    for said in (
        "vector      3 features: label (sea, town, wood)",
        "rows        54 train, 6 validation, 12 test",
        f"\nthis model, with its vector          {figures['test']['perplexity']:>20.2f}",
        f"\ninterpolated trigram model           {figures['test']['trigram_perplexity']:>20.2f}",
        "model chosen: epoch 1 of 1, the lowest loss on the validation rows, never on test",
        "  seqtext generate run --topic sea --count 5",
    ):
        assert said in ended.out, said
    assert "samples" not in figures


# ---- every way to start one


def test_a_dry_run_makes_all_checks_and_leaves_nothing():
    before = sorted(os.walk("."))
    ended = done(*TRAIN, "--dry_run", "--run", "run")
    assert sorted(os.walk(".")) == before
    parts = r"Embedding\(\d+, 16\) \+ vector Linear\(3, 16\) -> nn.LSTM\(16, 16, batch_first=True\) from state Linear\(3, 32\) -> .*"
    assert re.search(rf"^model +{parts}: [\d,]+ parameters$", ended.out, re.M)
    assert ended.err == ""


def test_without_a_vector():
    ended = done(*TRAIN, "--vector", "none", "--evaluation", "all", "--run", "run")
    assert "\nvector      none\n" in ended.out
    assert re.search(r"^this model +[\d.]+ +[\d.]+$", ended.out, re.M)
    assert ended.out.endswith("  seqtext generate run --count 5\n")
    test = figures_of("run")["test"]
    assert "perplexity_without_vector" not in test
    assert "vector_can_give" not in test
    assert not Path("run", "report", "sweep.png").exists()
    assert seqtext_command("generate", "run", "--count", "2").out.count("\n") == 2


def test_with_the_vector_as_the_only_input():
    ended = done(*TRAIN, "--feedback", "zeros", "--run", "run")
    assert re.search(r"^model +vector Linear\(3, 16\), then zeros -> nn.LSTM", ended.out, re.M)
    assert seqtext_command("generate", "run", "--topic", "wood").code == 0


def test_with_several_attributes():
    for name, rows, seed in (("train", 60, 1), ("test", 18, 2)):
        write_csv(Path(f"{name}.csv"), styled(topic_rows(rows, seed)))
    flags = ("--attributes", "label", "style", "--evaluation", "all", "--max_length", "24")
    ended = done(*TRAIN, *flags, "--run", "run")
    assert "vector      5 features: label (sea, town, wood); style (calm, loud)" in ended.out
    assert "--topic label:sea --count 5" in ended.out
    assert re.search(r"^18 samples .* copied +control-label +control-style$", ended.out, re.M)
    samples = figures_of("run")["samples"]
    assert {"control_label", "control_style"} <= set(samples["model"]) & set(samples["real"])
    page = Path("run", "report", "samples.md").read_text()
    assert re.findall(r"^## (.*)$", page, flags=re.MULTILINE) == [
        *("label:sea", "label:town", "label:wood", "style:calm", "style:loud"),
        "from label:sea to label:town",
    ]
    [made] = [json.loads(line) for line in generated("run", "--topic", "wood,loud=2", "--jsonl").splitlines()]
    assert made["vector"] == [0, 0, 1, 0, 1]


def test_with_dense_vectors_and_a_test_of_few_rows():
    rows = topic_rows(40, seed=1)
    for name, count in (("train", 40), ("test", 3)):
        lines = [{"text": rows["text"][n], "vector": [n % 3, n % 2, 1.5]} for n in range(count)]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    flags = ("--train", "train.jsonl", "--test", "test.jsonl", "--vector_column", "vector", "--evaluation", "all")
    ended = done(*flags, "--run", "run")
    assert "vector      3 features of column 'vector', 1 of them the same in all training rows" in ended.out
    assert figures_of("run")["samples"]["count"] == 3


def test_with_the_vectors_of_a_classifier(place):
    task = seqtext.load(place / "alike")
    assert task.config.has_encoder
    assert task.config.vector_size == task.encoder.model.pooling.output_size
    assert figures_of(place / "alike")["samples"]["count"] == 45


def test_from_another_run():
    done(*TRAIN, "--vector", "none", "--evaluation", "none", "--run", "first")
    ended = done(*TRAIN, "--init_from", "first", "--max_steps", "1", "--run", "second")
    [told] = re.findall("^started from first: tokenizer taken over; (.*) copied; (.*) new$", ended.out, re.MULTILINE)
    assert [set(part.split(", ")) for part in told] == [
        {"embedding", "backbone", "head"},
        {"to_input", "to_state", "no_vector"},
    ]
    assert Path("first/model/tokenizer.model").read_bytes() == Path("second/model/tokenizer.model").read_bytes()
    rows = "".join(f'{{"text": "жуки и ежи {number}", "label": "{number % 2}"}}\n' for number in range(40))
    Path("other.jsonl").write_text(rows, encoding="utf-8")
    ended = recipe("--train", "other.jsonl", "--init_from", "first", "--run", "third")
    assert ended.code == 2
    assert re.search(
        "split 'train': .* of the tokens spell characters the vocabulary lacks: .*; train a tokenizer", ended.err
    )
    assert figures_of("first")["test"] == {}


def test_several_seeds_are_told_with_their_spread():
    done(*TRAIN, "--seeds", "2", "--max_steps", "2", "--run", "runs")
    seeds = json.loads(Path("runs", "seeds.json").read_text())
    assert seeds["perplexity"] == [figures_of(f"runs/seed-{seed}")["test"]["perplexity"] for seed in (0, 1)]
    assert seeds["perplexity"][0] != seeds["perplexity"][1]
    assert seeds["mean"] == pytest.approx(np.mean(seeds["perplexity"]))
    assert recipe(*TRAIN, "--seeds", "2", "--max_steps", "2", "--run", "runs").code == 2, "folders that are taken"


def test_a_run_that_has_ended_is_not_trained_again():
    args = (*TRAIN, "--max_steps", "2", "--run", "run")
    done(*args)
    weights = Path("run", "model", "model.safetensors").read_bytes()
    assert recipe(*args).code == 2, "a run folder that is taken"
    assert "has ended already" in done("--resume", "--run", "run").err
    assert Path("run", "model", "model.safetensors").read_bytes() == weights


@pytest.mark.fault(21, 25)
def test_long_texts_are_read_in_windows_and_empty_ones_are_counted():
    rows = topic_rows(60, seed=1)
    rows["text"][3] = ""
    write_csv(Path("train.csv"), rows)
    ended = done(*TRAIN, "--max_length", "5", "--run", "run")
    assert re.search(r"^ +1 empty texts, \d\d read in windows of 5, ", ended.out, re.M)
    assert figures_of("run")["data"]["empty_texts"] == {"train": 1, "validation": 0, "test": 0}


def test_words_cut_anew_every_epoch():
    done(*TRAIN, "--subword_sampling", "--epochs", "2", "--run", "run")
    assert seqtext.load("run").config.subword_sampling


# ---- seqtext generate


def generated(folder: str | Path, *flags: object) -> str:
    ended = seqtext_command("generate", folder, *flags)
    assert ended.code == 0, ended.err
    return ended.out


def own_words(text: str, topic: str) -> float:
    """The share of a text's words that are of a topic."""
    words = text.split()
    return sum(word in TOPICS[topic].split() for word in words) / max(len(words), 1)


def test_texts_are_of_the_topic_that_is_asked_for(place):
    for topic in TOPICS:
        lines = generated(place / "topics", "--topic", topic, "--count", "20", "--guidance", "2").splitlines()
        assert len(lines) == 20
        share = {name: np.mean([own_words(line, name) for line in lines]) for name in TOPICS}
        assert max(share, key=share.get) == topic


def test_a_seed_gives_the_same_texts_as_python_does(place):
    flags = (
        "--topic",
        "sea=0.7,town=0.3",
        "--count",
        "3",
        "--temperature",
        "0.8",
        "--top_p",
        "0.95",
        "--guidance",
        "2",
    )
    lines = generated(place / "topics", *flags, "--seed", "1").splitlines()
    made = seqtext.load(place / "topics")(
        {"sea": 0.7, "town": 0.3}, count=3, temperature=0.8, top_p=0.95, guidance=2.0, seed=1
    )
    assert lines == [one.text for one in made]
    assert generated(place / "topics", *flags, "--seed", "2").splitlines() != lines


def test_json_lines_keep_scores_and_vector(place):
    out = generated(place / "topics", "--topic", "sea=3,wood=1", "--prompt", "the ship", "--count", "2", "--jsonl")
    made = [json.loads(line) for line in out.splitlines()]
    expected = seqtext.load(place / "topics")({"sea": 3, "wood": 1}, prompt="the ship", count=2)
    for line, one in zip(made, expected, strict=True):
        assert list(line) == ["text", "log_probability", "tokens", "ended", "vector"]
        assert line["text"] == one.text
        assert line["text"].startswith("the ship")
        assert line["log_probability"] == pytest.approx(one.log_probability, abs=1e-6)
        assert line["vector"] == [0.75, 0, 0.25]
    anything = json.loads(generated(place / "topics", "--jsonl"))
    assert anything["vector"] is None


def test_the_vector_of_an_example(place):
    text = "the ship sails over waves"
    [line] = generated(place / "alike", "--like", text, "--jsonl").splitlines()
    expected = seqtext.load(place / "alike").vector_like(text)
    assert json.loads(line)["vector"] == pytest.approx(expected.tolist(), rel=1e-3, abs=1e-5)


def test_texts_that_were_cut_and_empty_ones_are_said_to_be(place):
    ended = seqtext_command("generate", place / "topics", "--topic", "sea", "--count", "9", "--max_length", "2")
    assert re.fullmatch(r"note: [1-9] of 9 texts reached the length limit, 2 tokens\n", ended.err)
    task = seqtext.load(place / "topics")
    task.model.head.bias.data[3] = 100.0
    task.save_pretrained("silent")
    assert seqtext_command("generate", "silent", "--count", "2") == (0, "\n" * 2, "note: 2 of 2 texts are empty\n")


def test_a_name_may_hold_commas_and_equals_signs():
    rows = topic_rows(60, seed=1)
    rows["label"] = [{"sea": "sea, sky", "town": "a=b"}.get(label, label) for label in rows["label"]]
    write_csv(Path("train.csv"), rows)
    ended = done("--train", "train.csv", "--max_steps", "1", "--run", "run")
    assert "--topic a=b --count 5" in ended.out
    for name, vector in (("a=b", [1, 0, 0]), ("sea, sky", [0, 1, 0]), ("a=b=3,wood=1", [0.75, 0, 0.25])):
        assert json.loads(generated("run", "--topic", name, "--jsonl"))["vector"] == vector


# fmt: off
ASKED = {
    "an unknown topic": (("--topic", "see"), "unknown topic 'see'; expected one of sea, town, wood; did you mean 'sea'[?]"),
    "a weight that is no number": (("--topic", "sea=much"), "weight 'much' in --topic sea=much; expected a number"),
    "a negative weight": (("--topic", "sea=-1"), "weight of 'sea' is -1.0; expected a finite number, 0 or more"),
    "a weight of NaN": (("--topic", "sea=nan"), "weight of 'sea' is nan; .*"),
    "all weights 0": (("--topic", "sea=0,town=0"), "the weights of sea, town are all 0; expected one above 0"),
    "a topic twice": (("--topic", "sea,sea=2"), "'sea' stands twice in --topic sea,sea=2"),
    "topic and like": (("--topic", "sea", "--like", "x"), "--topic and --like were both given; give one of them"),
    "like without a classifier": (("--like", "x"), "the model cannot make the vector of a text; train with .*"),
    "a long prompt": (("--prompt", "the ship sails", "--max_length", "2"), "the prompt has .* tokens; expected fewer than .*"),
    "count 0": (("--count", "0"), "--count is 0; expected at least 1"),
    "a cold temperature": (("--temperature", "-1"), "--temperature is -1.0; expected 0 or more; 0 is greedy"),
    "top_p of 0": (("--top_p", "0"), "--top_p is 0.0; expected above 0, at most 1"),
    "top_p beyond 1": (("--top_p", "1.5"), "--top_p is 1.5; expected above 0, at most 1"),
    "no limit": (("--max_length", "0"), "--max_length is 0; expected from 1 to 100,000"),
    "no threads": (("--threads", "0"), "--threads is 0; expected at least 1"),
    "no such device": (("--device", "tpu9"), "--device tpu9; expected auto, cpu, .*"),
}
# fmt: on


@pytest.mark.parametrize("case", ASKED)
def test_what_cannot_be_generated_is_told_in_a_line(place, case):
    flags, message = ASKED[case]
    ended = seqtext_command("generate", place / "topics", *flags)
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(f"error: {message}\n", ended.err), ended.err


# ---- the other commands on such a run


def test_info_tells_what_a_generator_is_and_how_good_it_was(place):
    for name in ("topics", "alike"):
        ended = seqtext_command("info", place / name)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("TextGenerator in ")
        settings = ended.out.split("\n\n")[0]
        assert not re.search(r"[\[\](']|\.\d{9}|^  \w+ +$", settings.partition("\n")[2], re.M), settings
        figures = figures_of(place / name)
        assert f"\ntested on {figures['data']['source']}, {figures['test']['tokens']:,} tokens: perplexity" in ended.out
        assert f"trigram model: perplexity {figures['test']['trigram_perplexity']:.2f}\n" in ended.out
        assert len(figures["samples"]["real"]) > 1
        for measure, real in figures["samples"]["real"].items():
            model = figures["samples"]["model"][measure]
            if measure in IN_WORDS:
                assert all(f"{share:.1%}" in ended.out for share in (model, real))
                continue
            assert f"\n  {measure.replace('_', '-')}: {model:.3f}, real texts {real:.3f}\n" in ended.out


def test_info_on_a_run_that_was_not_measured():
    done(*TRAIN, "--evaluation", "none", "--max_steps", "1", "--run", "run")
    ended = seqtext_command("info", "run")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("\n\nmodel chosen: epoch 1 of 1, the lowest loss on the validation rows, never on test\n")


def test_commands_of_other_tasks_refuse_a_generator_and_the_other_way_round(place):
    for command, wanted, name, found in (
        ("predict", "TopicClassifier", "topics", "TextGenerator"),
        ("forecast", "Forecaster", "topics", "TextGenerator"),
        ("translate", "Translator", "topics", "TextGenerator"),
        ("generate", "TextGenerator", "classifier", "TopicClassifier"),
    ):
        takes = next(task.command for task in TASKS if task.name == found)
        told = f"error: {place}/{name} is a {found}; expected a {wanted}; seqtext {takes} {place}/{name}\n"
        rest = (
            ("--history", place / "train.csv")
            if command == "forecast"
            else ()
            if command == "generate"
            else ("a text",)
        )
        assert seqtext_command(command, place / name, *rest) == (2, "", told)
