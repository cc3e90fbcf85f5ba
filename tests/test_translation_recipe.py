"""The translation recipe as a user has it: any pairs in, a saved translator and honest figures out, faults told in a line."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import runpy
from pathlib import Path

import datasets
import numpy as np
import pytest
import sacrebleu
import yaml

import seqtext
from seqtext.storage import read_folder
from seqtext.training.translation_report import _examples
from tests.conftest import ROOT
from tests.in_process import Ended, run, seqtext_command

RECIPE = str(ROOT / "recipes" / "translation.py")
TINY = [
    *("--hidden_size", "16", "--encoder_size", "16", "--embedding_size", "16", "--vocabulary_size", "400"),
    *("--encoder_layers", "1", "--num_layers", "1", "--batch_tokens", "600", "--device", "cpu", "--threads", "1"),
    *("--learning_rate", "0.02", "--epochs", "1", "--average_decay", "0.9", "--beam", "2"),
]
LEARNT = [
    *("--hidden_size", "64", "--encoder_size", "64", "--embedding_size", "64", "--num_layers", "2", "--cell", "gru"),
    *("--epochs", "8", "--learning_rate", "0.005", "--batch_rows", "8", "--label_smoothing", "0", "--beam", "3"),
    *("--input_dropout", "0", "--layer_dropout", "0", "--output_dropout", "0", "--embedding_dropout", "0"),
]
LETTERS = dict(zip("abcdefgh", "αβγδεζηθ", strict=True))
FILES = ("--train", "train.en", "train.de", "--test", "test.en", "test.de")


def pairs(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts of a small language and their translations into another, which has each two words the other way round."""
    rng = random.Random(seed)
    rows = [rng.choices(list(LETTERS), k=rng.randint(3, 6)) for _ in range(count)]
    turned = [[word for at in range(0, len(row), 2) for word in reversed(row[at : at + 2])] for row in rows]
    return [" ".join(row) for row in rows], [" ".join(LETTERS[word] for word in row) for row in turned]


def write(name: str, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    Path(name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def write_all(train: int = 60, test: int = 12) -> None:
    for name, count, seed in (("train", train, 1), ("test", test, 2)):
        for suffix, side in zip(("en", "de"), pairs(count, seed), strict=True):
            write(f"{name}.{suffix}", side)


def recipe(*flags: object) -> Ended:
    """`python recipes/translation.py ...`."""
    return run(lambda: runpy.run_path(RECIPE, run_name="__main__"), RECIPE, *TINY, *flags)


def done(*flags: object) -> Ended:
    ended = recipe(*flags)
    assert ended.code == 0, ended.err
    return ended


def figures_of(folder: str | Path) -> dict:
    return json.loads(Path(folder, "report", "metrics.json").read_text(encoding="utf-8"))


def predictions_of(folder: str | Path) -> list[dict]:
    lines = (
        Path(folder, "report", "predictions.jsonl").read_text(encoding="utf-8").split("\n")
    )  # not splitlines: U+2028 ends none
    return [json.loads(line) for line in lines[:-1]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pairs and a run that has learnt them."""
    folder = tmp_path_factory.mktemp("pairs")
    before = Path.cwd()
    os.chdir(folder)
    try:
        write_all(train=800, test=60)
        done(*FILES, *LEARNT, "--run", "learnt")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_all()


# ---- what a run leaves


def test_it_learns_to_translate_far_better_than_its_rivals(place):
    figures = figures_of(place / "learnt")
    test, rivals = figures["test"], figures["baselines"]
    assert test["exact"] > 0.5
    assert test["bleu"] > 50
    assert set(rivals) == {"copy", "word by word"}
    for rival in rivals.values():
        assert rival["bleu"] < test["bleu"] / 2
        assert rival["exact"] < test["exact"] / 2
    assert rivals["word by word"]["chrf"] > rivals["copy"]["chrf"]


def test_the_report_tells_of_the_test_and_of_what_was_translated(place):
    test, made = figures_of(place / "learnt")["test"], predictions_of(place / "learnt")
    task = seqtext.load(place / "learnt")
    source, target = (Path(place, f"test.{side}").read_text(encoding="utf-8").split("\n")[:-1] for side in ("en", "de"))
    found = task.evaluate(task.encode(datasets.Dataset.from_dict({"source": source, "target": target})))
    assert test["perplexity"] == pytest.approx(found["perplexity"], rel=1e-6)
    assert [line["translation"] for line in made] == [one.text for one in task(source, beam=3)]
    assert test["without_end"] == sum(not line["ended"] for line in made)
    assert test["empty"] == sum(not line["translation"] for line in made)


def test_a_model_that_has_learnt_nothing_is_reported_too():
    done(*FILES, "--max_steps", "1", "--run", "run")
    made = predictions_of("run")
    assert figures_of("run")["test"]["without_end"] == sum(not line["ended"] for line in made) > 0
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
    scores = f"{test['bleu']:.2f} | {test['chrf']:.2f} | {test['paper_bleu']:.2f} | {test['exact']:.2%}"
    assert f"| **this model**, beam 3 | {scores} |" in card
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
    row = f"{test['bleu']:>6.2f}  {test['chrf']:>6.2f}  {test['paper_bleu']:>14.2f}  {test['exact']:>11.2%}"
    for said in (
        "data        train.en + train.de, test.en + test.de\n",
        "languages   en to de\n",
        "rows        54 train, 6 validation, 12 test\n",
        f"  {row}\n",
        f"BLEU            {test['bleu_signature']}\n",
        "word by word (IBM model 1 on 54 pairs)",
        "model chosen: epoch 1 of 1, ",
        "saved in run; try:\n  seqtext translate run '",
    ):
        assert said in ended.out, said
    assert re.search("^(word by word|copy) is better by .* BLEU here, and simpler", ended.out, re.M)


def test_info_tells_what_a_translator_is_and_how_good_it_was(place):
    ended = seqtext_command("info", place / "learnt")
    assert (ended.code, ended.err) == (0, "")
    test = figures_of(place / "learnt")["test"]
    assert ended.out.startswith("Translator in ")
    told = f"BLEU {test['bleu']:.2f}, chrF {test['chrf']:.2f}, exact match {test['exact']:.2%}\n  {test['bleu_signature']}\n"
    assert f", 60 pairs, beam 3: {told}" in ended.out
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
    assert set(seeds) == {"bleu", "paper_bleu", "exact", "mean", "standard_deviation"}
    assert "test exact match over 2 seeds: " in ended.out


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
    monkeypatch.setattr("seqtext.data.pair_sources.PHRASES", 2000)
    ended = done(
        *locales, "--max_steps", "2", "--max_rows", "300", "--beam", "1", "--vocabulary_size", "1500", "--run", "run"
    )
    figures = figures_of("run")
    languages = locales[1::2] or ("en", "de")
    assert figures["data"]["source"] == f"phrasebook, {languages[0]} to {languages[1]}"
    assert len(figures["test"]["by_topic"]) == 10
    options = yaml.safe_load(Path("run", "options.yaml").read_text(encoding="utf-8"))
    assert options["subword_sampling"], "a default for phrases"
    assert (options["layer_dropout"], options["epochs"]) == (0.1, 1), "and a flag wins over it"
    assert set(figures["baselines"]) == {"copy", "piece by piece" if locales else "word by word"}
    assert re.search("^by topic +pairs ", ended.out, re.M)
    assert {line["topic"] for line in predictions_of("run")} == {g["name"] for g in figures["test"]["by_topic"]}


# ---- bad input

# fmt: off
FAULTS = {
    "files of unequal length": (
        ("--train", "train.en", "short.de"),
        "--train train.en short.de: found 60 and 59 lines; expected as many in both; the lengths of their lines .*"),
    "one file of lines": (("--train", "train.en"), "train.en: unknown ending '.en'; .*"),
    "files for some splits": (
        ("--train", "train.en", "train.de", "--test", "test.en"), "--test test.en: found 1 file; expected two files of lines, .*"),
    "a test without training": (("--test", "test.en", "test.de"), "--validation and --test are files beside --train; .*"),
    "no such language": (("--source", "xx"), r"source: unknown locale 'xx'; expected a CLDR locale .*"),
    "a misspelt language": (("--target", "german"), r"target: unknown locale 'german'; .*; did you mean 'de'\?"),
    "one language twice": (("--source", "de"[:2], "--target", "de"), "phrasebook: found 'de' as source and as target; .*"),
    "no beam": (("--beam", "0"), "--beam is 0; expected from 1 to 1,000"),
    "faults of training, model and recipe": (
        ("--epochs", "0", "--label_smoothing", "1", "--beam", "0"),
        r"3 options:\n  --epochs is 0; .*\n  --label_smoothing is 1.0; .*\n  --beam is 0; .*"),
    "a beam of too many": (("--beam", "1001"), "--beam is 1001; expected from 1 to 1,000"),
    "a revision of files": (
        (*FILES, "--revision", "main"), "--revision and --data_config are of --data; files of --train have none"),
    "no such side": ((*FILES, "--source", "fr", "--target", "de"), ".*--source fr is none of the columns of text; .*"),
}
# fmt: on


def test_pairs_without_text_on_a_side_are_left_out_and_counted():
    source, target = pairs(60, 1)
    source[4] = target[9] = "\x01 \u2003"  # a control character is no text either
    write("bare.en", source)
    write("bare.de", target)
    ended = done("--train", "bare.en", "bare.de", "--test", "test.en", "test.de", "--run", "run")
    assert "2 of 60 pairs of split 'train' are left out, blank on a side (rows 5, 10)" in ended.out
    assert figures_of("run")["data"]["blank_pairs"] == {"train": 2, "test": 0}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_in_a_line_before_training(case):
    flags, message = FAULTS[case]
    write("short.de", pairs(60, 1)[1][:-1])
    before = sorted(os.walk("."))
    ended = recipe(*flags, "--run", "run")
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(f"error: {message}\n", ended.err), ended.err
    assert sorted(os.walk(".")) == before


BAD = 16  # the row, from 0, that a fault is put into: row 17


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "row 17, column 'de': found None; expected text; .*"), (7, "row 17, column 'de': found 7, .*")],
)
def test_a_cell_that_is_no_text_is_told_by_its_row(value: object, message: str):
    rows = [{"en": a, "de": b} for a, b in zip(*pairs(60, 1), strict=True)]
    rows[BAD]["de"] = value
    Path("bad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = recipe("--train", "bad.jsonl", "--source", "en", "--target", "de", "--run", "run")
    assert ended.code == 2
    assert re.fullmatch(f"error: .*{message}\n", ended.err), ended.err
    assert not Path("run").exists()


@pytest.mark.parametrize("name", ["train.en", "train.de"])
def test_bytes_that_are_no_text_are_told_by_file_and_line(name: str):
    lines = Path(name).read_bytes().split(b"\n")
    lines[BAD] += b"\xff"
    Path(name).write_bytes(b"\n".join(lines))
    ended = recipe(*FILES, "--run", "run")
    assert ended.code == 2
    assert re.match(rf"error: {name}, row 17 \(line 17\): not UTF-8: byte 0xFF at byte offset ", ended.err), ended.err


def test_odd_characters_go_through_training_and_translation():
    odd = ["\u2028a b\x0b", "e\u0301 \u200d👩\u200d🚀", "\x00\x01", "\ufeffx", "שלום \u200f", "NA", "null", "a" * 3000]
    write("odd.src", [*odd, *pairs(60, 1)[0]])
    write("odd.tgt", [*reversed(odd), *pairs(60, 1)[1]])
    done("--train", "odd.src", "odd.tgt", "--test", "odd.src", "odd.tgt", "--max_length", "40", "--run", "run")
    rows = [line["row"] for line in predictions_of("run")]
    assert rows == [row for row in range(1, 69) if row not in (3, 6)], "those of control characters alone are no pairs"
