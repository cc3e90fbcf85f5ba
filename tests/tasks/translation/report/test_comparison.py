"""Several references, TER, and two runs side by side: the figures of sacreBLEU, and wrong numbers of lines told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sacrebleu
from sacrebleu.metrics import TER

import seqtext
from seqtext.tasks.translation.bleu import bleu_for, bleu_from, counts_of, tokens_of
from seqtext.tasks.translation.report.comparison import compared
from seqtext.tasks.translation.report.evaluate import figure_lines
from seqtext.tasks.translation.report.metrics import translation_metrics
from tests.in_process import seqtext_command, succeeded
from tests.tasks.translation import translators

ONE = ["Zwei Hunde spielen im Schnee.", "Ein Mann mit Hut starrt.", "Leute stehen da.", "Ein Haus und ein Baum."]
TWO = ["Zwei Hunde tollen im Schnee.", "Ein Mann mit Hut schaut.", "Leute stehen dort.", "Ein Haus mit Baum."]
MADE = ["Zwei Hunde spielen in Schnee.", "Ein Mann mit Hut schaut.", "Leute stehen.", "Ein Haus und ein Baum."]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two translators of the same pairs, and files of them."""
    folder = tmp_path_factory.mktemp("two")
    rows = translators.pairs(40)
    translators.of(rows).save_pretrained(folder / "one")
    translators.of(rows, attention=None).save_pretrained(folder / "other")
    for name, column in (("t.en", "source"), ("t.de", "target"), ("more.de", "source")):
        (folder / name).write_text("".join(f"{text}\n" for text in rows[column][:12]), encoding="utf-8")
    return folder


def evaluate(place, *flags: object):
    return seqtext_command("evaluate", place / "one", "--data", place / "t.en", place / "t.de", "--threads", 1, *flags)


def test_figures_of_several_references_are_those_of_sacrebleu():
    found = translation_metrics(MADE, ONE, TWO)
    assert found.bleu == pytest.approx(sacrebleu.corpus_bleu(MADE, [ONE, TWO]).score)
    assert found.chrf == pytest.approx(sacrebleu.corpus_chrf(MADE, [ONE, TWO]).score)
    assert found.exact == 0.5
    assert "nrefs:2" in found.bleu_signature
    assert found.bleu > translation_metrics(MADE, ONE).bleu


def test_a_run_against_another_with_more_references_and_ter(place):
    ended = succeeded(
        evaluate(
            place, "--metrics", "bleu", "ter", "--references", place / "more.de", "--against", place / "other", "--json"
        )
    )
    figures = json.loads(ended.out)
    assert "nrefs:2" in figures["test"]["ter_signature"]
    against = figures["against"]["metrics"]
    assert list(against) == ["bleu", "ter"]
    assert against["bleu"]["this"] == pytest.approx(figures["test"]["bleu"])
    assert against["ter"]["this"] == pytest.approx(figures["test"]["ter"])
    assert 0 <= against["bleu"]["p_value"] <= 1
    other = json.loads(
        succeeded(
            seqtext_command("evaluate", place / "other", "--data", place / "t.en", place / "t.de", "--json", "--threads", 1,
                            "--references", place / "more.de")
        ).out
    )  # fmt: skip
    assert against["bleu"]["other"] == pytest.approx(other["test"]["bleu"])
    assert any("paired bootstrap, 1,000 samples" in line for line in figure_lines(figures))


def test_a_run_of_another_language_is_no_comparison(place, tmp_path):
    for name in ("de", "fr"):
        one = seqtext.load(place / "other")
        one.config = replace(one.config, languages=("en", name))
        one.save_pretrained(tmp_path / name)
    data = ("--data", place / "t.en", place / "t.de", "--threads", 1)
    ended = seqtext_command("evaluate", tmp_path / "de", *data, "--against", tmp_path / "fr")
    assert ended.code == 2
    assert "its target is 'fr'; expected 'de'; compare with a run of the same languages" in ended.err


def test_a_translation_that_is_clearly_better_is_told_from_chance():
    found = compared(ONE * 10, TWO * 10, [ONE * 10], ("bleu", "chrf", "ter"))
    assert found["bleu"]["difference"] > 10
    assert found["bleu"]["p_value"] < 0.05
    assert found["ter"]["this"] == 0 == TER().corpus_score(ONE, [ONE]).score


def test_translations_that_are_the_same_differ_by_chance_alone():
    found = compared(ONE * 10, ONE * 10, [TWO * 10], ("bleu", "chrf", "ter"))
    assert all((of["difference"], of["p_value"]) == (0, 1) for of in found.values())


def test_references_of_other_counts_are_told(place, tmp_path):
    (tmp_path / "short.de").write_text("eins\n")
    ended = evaluate(place, "--references", tmp_path / "short.de")
    assert ended.code == 2
    assert "short.de: 1 lines; expected 12, one for each pair of --data" in ended.err
    assert "--metrics is bleu bleu" in evaluate(place, "--metrics", "bleu", "bleu").err


def test_the_tokens_of_bleu_are_those_of_the_script(monkeypatch):
    assert tokens_of(ONE) == ("13a", "")
    assert tokens_of(["从奥斯陆到利马三小时"]) == ("zh", "")
    monkeypatch.setattr("seqtext.tasks.translation.bleu.find_spec", lambda name: None)
    assert tokens_of(["東京からリマまで三時間"]) == ("char", "on characters, since sacrebleu[ja] is not installed")
    monkeypatch.setattr("seqtext.tasks.translation.bleu.find_spec", lambda name: name)
    assert tokens_of(["東京からリマまで三時間"])[0] == "ja-mecab"
    assert tokens_of(["สวัสดีครับ"])[0] == "char"


def test_bleu_adds_up_from_pieces():
    bleu = bleu_for(ONE)
    counts = sum(counts_of(bleu, MADE[at : at + 2], ONE[at : at + 2]) for at in (0, 2))
    assert bleu_from(bleu, counts) == pytest.approx(sacrebleu.corpus_bleu(MADE, [ONE]).score)


def test_the_bleu_that_an_epoch_is_chosen_by_is_that_of_greedy_translations():
    rows = translators.pairs(30)
    task = translators.of(rows, copying=0.0, select="bleu")
    examples = task.encode(rows)
    figures = task.validate(examples)
    made = [one.text for one in task(rows["source"], beam=1)]
    assert figures["bleu"] == pytest.approx(sacrebleu.corpus_bleu(made, [rows["target"][:]]).score)
    assert (task.selection_metric, task.lower_is_better) == ("bleu", False)
    assert "bleu" not in translators.of(rows).validate(examples)
