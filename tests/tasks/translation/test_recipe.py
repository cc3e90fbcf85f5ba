"""The translation recipe as a user has it: any pairs in, a saved translator and honest figures out, faults told in a line."""

from __future__ import annotations

import json
import os
import re
from functools import partial
from pathlib import Path

import datasets
import numpy as np
import pytest
import sacrebleu
import yaml

import seqtext
from seqtext.builtin import phrasebook
from seqtext.saving.folders import read_folder
from seqtext.tasks.translation.report.report import _examples
from tests.in_process import figures_of, seqtext_command
from tests.tasks.translation.recipe import (
    FILES,
    LEARNT,
    done,
    pairs,
    predictions_of,
    recipe,
    write,
    write_all,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pairs and a run that has learnt them."""
    folder = tmp_path_factory.mktemp("pairs")
    before = Path.cwd()
    os.chdir(folder)
    try:
        write_all(train=500, test=60)
        done(*FILES, *LEARNT, "--run", "learnt")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_all()


# ---- what a run leaves


def test_it_learns_to_translate_far_better_than_its_baselines(place):
    figures = figures_of(place / "learnt")
    test, baselines = figures["test"], figures["baselines"]
    assert test["exact"] > 0.5
    assert test["bleu"] > 50
    assert set(baselines) == {"copy", "word by word"}
    for baseline in baselines.values():
        assert baseline["bleu"] < test["bleu"] / 2
        assert baseline["exact"] < test["exact"] / 2
    assert baselines["word by word"]["chrf"] > baselines["copy"]["chrf"]


def test_the_report_tells_of_the_test_and_of_what_was_translated(place):
    test, made = figures_of(place / "learnt")["test"], predictions_of(place / "learnt")
    task = seqtext.load(place / "learnt")
    source, target = (Path(place, f"test.{side}").read_text(encoding="utf-8").split("\n")[:-1] for side in ("en", "de"))
    found = task.validate(task.encode(datasets.Dataset.from_dict({"source": source, "target": target})))
    assert test["perplexity"] == pytest.approx(found["perplexity"], rel=1e-6)
    assert [line["translation"] for line in made] == [one.text for one in task(source, beam=3)]
    assert test["without_end"] == sum(not line["ended"] for line in made)
    assert test["empty"] == sum(not line["translation"] for line in made)


def test_a_model_that_has_learnt_nothing_is_reported_too():
    ended = done(*FILES, "--max_steps", "1", "--run", "run")
    made = predictions_of("run")
    unended = figures_of("run")["test"]["without_end"]
    assert unended == sum(not line["ended"] for line in made) > 0
    for told in (ended.out, seqtext_command("info", "run").out):
        assert f"{unended:,} translations reached the length limit, " in told
    done(*FILES, "--max_steps", "2", "--optimizer", "adamw", "--learning_rate", "1e9", "--run", "wrong")
    assert figures_of("wrong")["test"]["perplexity"] > 1e300  # of a loss beyond any float's logarithm


def test_from_another_run(place):
    ended = done(*FILES, *LEARNT, "--init_from", place / "learnt", "--max_steps", "1", "--run", "run")
    assert f"started from {place / 'learnt'}: " in ended.out
    assert "copied; nothing new\n" in ended.out
    tokenizers = [Path(folder, "model", "tokenizer.model").read_bytes() for folder in (place / "learnt", "run")]
    assert tokenizers[0] == tokenizers[1]
    refused = recipe(*FILES, *LEARNT, "--vocabulary_size", "300", "--init_from", place / "learnt", "--run", "no")
    assert refused.code == 2
    assert "--vocabulary_size is 300, but the run to start from has 400; leave --vocabulary_size out" in refused.err


def test_a_run_has_model_report_pictures_examples_and_card(place):
    folder = place / "learnt"
    assert {"config.json", "model.safetensors"} <= set(read_folder(folder / "model"))
    pictures = ["attention_1.png", "attention_2.png", "attention_3.png", "learning_curves.png"]
    there = sorted(path.name for path in (folder / "report").iterdir())
    assert there == sorted([*pictures, "examples.md", "manifest.json", "metrics.json", "predictions.jsonl"])
    assert all((folder / "report" / p).read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for p in pictures)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"!\[.*\]\(report/(.*)\)", card)) == pictures
    test = figures_of(folder)["test"]
    scores = f"{test['bleu']:.2f} | {test['chrf']:.2f} | {test['tokenized_bleu']:.2f} | {test['exact']:.2%}"
    assert f"| **this model, beam 3** | {scores} |" in card
    assert f"`{test['bleu_signature']}`" in card
    assert "A translator from en to de made with seqtext" in card
    page = (folder / "report" / "examples.md").read_text(encoding="utf-8")
    assert re.findall("^## (.*)$", page, re.M) == ["The best", "The middle", "The worst"]
    assert page.count("- translation: ") == 15


def test_figures_are_those_of_the_saved_model_on_the_test_pairs(place):
    lines, test = predictions_of(place / "learnt"), figures_of(place / "learnt")["test"]
    sources, references = pairs(60, 2)
    assert [line["row"] for line in lines] == list(range(1, 61))
    assert [line["source"] for line in lines] == sources
    assert [line["reference"] for line in lines] == references
    made = seqtext.load(place / "learnt")(sources, beam=3)
    assert [line["translation"] for line in lines] == [one.text for one in made]
    assert test["bleu"] == sacrebleu.corpus_bleu([one.text for one in made], [references]).score
    assert test["exact"] == np.mean([line["exact"] for line in lines])
    assert sum(group["rows"] for group in test["by_length"]) == 60
    assert test["by_topic"] == []


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_no_example_is_shown_twice(count):
    texts = [f"text {number}" for number in range(count)]
    examples = _examples(texts, texts, texts, np.arange(count, dtype=float))
    shown = [one.source for part in examples.values() for one in part]
    assert len(set(shown)) == len(shown) == min(count, 3)


def test_examples_go_from_the_best_to_the_worst(place):
    page = (place / "learnt" / "report" / "examples.md").read_text(encoding="utf-8")
    scores = [float(score) for score in re.findall(r"\(chrF ([\d.]+)\)", page)]
    assert scores == sorted(scores, reverse=True)
    expected = sorted((line["chrf"] for line in predictions_of(place / "learnt")), reverse=True)
    assert scores[:5] == pytest.approx(expected[:5], abs=0.06)
    assert scores[-5:] == pytest.approx(expected[-5:], abs=0.06)


def test_what_is_printed_is_what_was_measured():
    ended = done(*FILES, "--run", "run")
    test = figures_of("run")["test"]
    row = [f"{test['bleu']:.2f}", f"{test['chrf']:.2f}", f"{test['tokenized_bleu']:.2f}", f"{test['exact']:.2%}"]
    for said in (
        "data        train.en + train.de, test.en + test.de\n",
        "languages   en to de\n",
        "rows        54 train, 6 validation, 12 test\n",
        f"BLEU            {test['bleu_signature']}\n",
        "word by word (IBM model 1 on 54 pairs)",
        "model chosen: epoch 1 of 1, ",
        "saved in run; try:\n  seqtext translate run '",
    ):
        assert said in ended.out, said
    assert row in [line.split()[-4:] for line in ended.out.splitlines() if line.startswith("this model, ")]
    assert re.search("^(word by word|copy) is better by .* BLEU here, and simpler", ended.out, re.M)


def test_info_tells_what_a_translator_is_and_how_good_it_was(place):
    ended = seqtext_command("info", place / "learnt")
    assert (ended.code, ended.err) == (0, "")
    test = figures_of(place / "learnt")["test"]
    assert ended.out.startswith("Translator in ")
    bleu = f"BLEU {test['bleu']:.2f}, chrF {test['chrf']:.2f}, tokenized BLEU {test['tokenized_bleu']:.2f}"
    assert f", 60 pairs, beam 3: {bleu}, exact match {test['exact']:.2%}\n" in ended.out
    assert f"\n  BLEU {test['bleu_signature']}\n" in ended.out
    assert "\n  the source, copied: BLEU " in ended.out


# ---- every way to start one


def test_without_attention_the_state_is_the_only_bridge():
    done(*FILES, "--attention", "None", "--run", "run", "--baselines", "fast")
    assert not list(Path("run", "report").glob("attention*"))
    assert set(figures_of("run")["baselines"]) == {"copy"}


def test_tables_a_translation_column_and_packed_files():
    sources, targets = pairs(60, 1)
    rows = list(zip(sources, targets, strict=True))
    Path("a.tsv").write_text("english\tgerman\n" + "".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    lines = (json.dumps({"translation": {"en": a, "de": b}}) + "\n" for a, b in rows)
    Path("a.jsonl").write_text("".join(lines), encoding="utf-8")
    write("a.en.gz", sources)
    write("a.de.gz", targets)
    for flags in (
        ("--train", "a.tsv", "--source", "english", "--target", "german"),
        ("--train", "a.jsonl", "--source", "en"),
        ("--data", "a.jsonl", "--source", "en", "--target", "de"),
        ("--train", "a.en.gz", "a.de.gz"),
    ):
        ended = done(*flags, "--dry_run")
        assert f"example     {sources[0]!r}" in ended.out.replace(
            f"example     {sources[1]!r}", f"example     {sources[0]!r}"
        )
        assert "rows        49 train, 5 validation, 6 test" in ended.out


def test_a_dry_run_makes_all_checks_and_leaves_nothing():
    before = sorted(os.walk("."))
    ended = done(*FILES, "--dry_run", "--run", "run")
    assert sorted(os.walk(".")) == before
    assert ended.err == ""
    for title in (
        "data",
        "languages",
        "rows",
        "source",
        "target",
        "vocabulary",
        "batches",
        "model",
        "time",
        "example",
        "run",
    ):
        assert re.search(f"^{title} ", ended.out, flags=re.MULTILINE), title


def test_several_seeds_are_told_with_their_spread():
    ended = done(*FILES, "--seeds", "2", "--max_steps", "2", "--run", "runs", "--baselines", "none")
    seeds = json.loads(Path("runs", "seeds.json").read_text())
    assert seeds["bleu"] == [figures_of(f"runs/seed-{seed}")["test"]["bleu"] for seed in (0, 1)]
    assert set(seeds) == {"bleu", "tokenized_bleu", "exact", "mean", "standard_deviation"}
    assert "test exact match over 2 seeds: " in ended.out


@pytest.mark.fault(32)
def test_blank_and_copied_pairs_are_counted_and_rows_stay_those_of_the_file():
    for name in ("test.en", "train.de"):
        lines = Path(name).read_text(encoding="utf-8").splitlines()
        lines[4] = "" if name == "test.en" else " "
        write(name, lines)
    ended = done(*FILES, "--run", "run", "--max_steps", "2")
    assert "note        1 of 60 pairs of split 'train' are left out, blank on a side (rows 5)\n" in ended.out
    assert [line["row"] for line in predictions_of("run")] == [1, 2, 3, 4, *range(6, 13)]
    assert [line["source"] for line in predictions_of("run")] == [s for n, s in enumerate(pairs(12, 2)[0]) if n != 4]
    write("train.de", pairs(60, 1)[0])
    ended = done(*FILES, "--dry_run")
    assert "warning     source and target are the same text in 100.0% of the training pairs" in ended.out


@pytest.mark.fault(32)
def test_swapped_files_are_warned_of():
    ended = done("--train", "train.en", "train.de", "--test", "test.de", "test.en", "--dry_run")
    assert "warning     test: its source is written like the target of train, " in ended.out


def test_options_of_a_run_are_taken_back():
    done(*FILES, "--run", "run", "--max_steps", "2")
    assert "has ended already" in done("--resume", "--run", "run").err
    done("--config", "run/options.yaml", "--run", "again", "--seed", "1")
    assert figures_of("again")["data"]["source"] == figures_of("run")["data"]["source"]


@pytest.mark.parametrize("locales", [(), ("--source", "ja", "--target", "fr")])
def test_the_phrasebook_is_translated_offline_between_any_locales(
    locales: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("seqtext.data.pairs.sources.PHRASES", 700)
    monkeypatch.setattr("seqtext.builtin.phrasebook.pairs", partial(phrasebook.pairs, validation=60, test=60))
    ended = done(
        *locales, "--max_steps", "2", "--max_rows", "300", "--beam", "1", "--vocabulary_size", "1500", "--run", "run"
    )
    figures = figures_of("run")
    languages = locales[1::2] or ("en", "de")
    assert figures["data"]["source"] == f"phrasebook, {languages[0]} to {languages[1]}"
    assert len(figures["test"]["by_topic"]) == 10
    options = yaml.safe_load(Path("run", "options.yaml").read_text(encoding="utf-8"))
    assert options["subword_sampling"], "a default for phrases"
    assert (options["layer_dropout"], options["hidden_size"]) == (0.1, 16), "and a flag wins over one"
    assert set(figures["baselines"]) == {"copy", "piece by piece" if locales else "word by word"}
    assert re.search("^by topic +pairs ", ended.out, re.M)
    assert {line["topic"] for line in predictions_of("run")} == {g["name"] for g in figures["test"]["by_topic"]}
