"""Figures of translations are those of sacreBLEU itself, told with what was counted."""

from __future__ import annotations

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from seqtext.tasks.translation.bleu import is_spaced
from seqtext.tasks.translation.report.metrics import (
    by_group,
    by_length,
    exact_matches,
    sentence_scores,
    translation_metrics,
)
from seqtext.tasks.translation.report.moses_tokens import moses_tokens

REFERENCES = [
    "Zwei Hunde spielen im Schnee.",
    "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt.",
    "Fünf Leute stehen im Schnee (mit Schneemobilen).",
]
TRANSLATIONS = [
    "Zwei Hunde spielen im Schnee.",
    "Ein Mann in einem orangefarbenen Hut starrt etwas an.",
    "Fünf Leute stehen im schnee.",
]


def test_the_figures_are_those_of_sacrebleu() -> None:
    found = translation_metrics(TRANSLATIONS, REFERENCES, language="de")
    assert found.bleu == sacrebleu.corpus_bleu(TRANSLATIONS, [REFERENCES]).score
    assert found.chrf == sacrebleu.corpus_chrf(TRANSLATIONS, [REFERENCES]).score
    cut = [[" ".join(moses_tokens(text, "de")) for text in side] for side in (TRANSLATIONS, REFERENCES)]
    assert found.tokenized_bleu == sacrebleu.corpus_bleu(cut[0], [cut[1]], tokenize="none", force=True).score
    assert (found.rows, found.exact) == (3, 1 / 3)
    assert found.tokenized_bleu > found.bleu, "Schnee and schnee are one word there"


def test_the_signatures_say_what_was_counted() -> None:
    found = translation_metrics(TRANSLATIONS, REFERENCES)
    version = sacrebleu.__version__
    assert found.bleu_signature == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}"
    assert found.chrf_signature == f"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{version}"
    assert found.tokenized_bleu_signature.startswith("BLEU-4 of lower-cased text with plain punctuation, cut as Moses'")
    assert "tok:none" in found.tokenized_bleu_signature
    english = translation_metrics(TRANSLATIONS, REFERENCES, language="en-GB").tokenized_bleu_signature
    assert english == found.tokenized_bleu_signature.replace("of our own;", "of our own, apostrophes as in en;")
    assert (
        translation_metrics(TRANSLATIONS, REFERENCES, language="de").tokenized_bleu_signature
        == found.tokenized_bleu_signature
    )


def test_languages_without_spaces_are_counted_by_characters() -> None:
    references = ["東京からリマまで三時間", "月曜日の午後"]
    found = translation_metrics(["東京からリマへ三時間", "月曜日の午前"], references)
    assert "tok:char" in found.bleu_signature
    assert 0 < found.bleu < 100
    assert not is_spaced(references)
    assert is_spaced(REFERENCES)


def test_empty_translations_count_as_wrong() -> None:
    found = translation_metrics(["", "", ""], REFERENCES)
    assert (found.bleu, found.chrf, found.exact, found.tokenized_bleu) == (0, 0, 0, 0)


def test_exact_is_exact_but_for_white_space_and_composition() -> None:
    pairs = [("a  b ", "a b"), ("Z\u00fcrich", "Zu\u0308rich"), ("a", "A"), ("", "a"), ("3\u00a0km", "3 km")]
    assert exact_matches(*zip(*pairs, strict=True)).tolist() == [True, True, False, False, True]


def test_of_several_references_any_will_do() -> None:
    made, first, second = ["ein Hund", "ein Haus"], ["der Hund", "ein Haus"], ["ein Hund", "Häuser"]
    assert exact_matches(made, first, second).tolist() == [True, True]
    assert exact_matches(made, first).tolist() == [False, True]
    assert sentence_scores(made, first, second).tolist() == pytest.approx([100.0, 100.0])


def test_each_group_is_measured_alone() -> None:
    groups = by_group(TRANSLATIONS, REFERENCES, ["snow", "hat", "snow"])
    assert [(group.name, group.rows, group.exact) for group in groups] == [("snow", 2, 0.5), ("hat", 1, 0.0)]
    alone = sacrebleu.corpus_bleu(TRANSLATIONS[::2], [REFERENCES[::2]]).score
    assert groups[0].bleu == alone


def test_groups_of_length_go_from_short_to_long_and_hold_every_row() -> None:
    sources = ["word " * length for length in (40, 5, 6, 1, 10, 30)]
    texts = [f"text {length}" for length in range(6)]
    groups = by_length(texts, texts, sources)
    assert [(group.name, group.rows) for group in groups] == [
        ("1 to 5", 2),
        ("6 to 10", 2),
        ("21 to 30", 1),
        ("over 30", 1),
    ]


def test_sentences_are_scored_by_characters() -> None:
    scores = sentence_scores(TRANSLATIONS, REFERENCES)
    assert scores[0] == 100
    assert scores[1] == sacrebleu.sentence_chrf(TRANSLATIONS[1], [REFERENCES[1]]).score


@pytest.mark.parametrize(("translations", "references"), [([], []), (["a"], ["a", "b"])])
def test_figures_need_as_many_of_either(translations: list[str], references: list[str]) -> None:
    with pytest.raises(ValueError, match="each of at least one row must have a translation and a reference, got"):
        translation_metrics(translations, references)


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("de", "Ein Hund, 3.000 Katzen (und „Max“).", 'ein hund , 3.000 katzen ( und " max " ) .'),
        ("de", "Er geht's an – um 10:30 Uhr...", "er geht ' s an - um 10 : 30 uhr ..."),
        ("en", "A dog's 1,000 toys; it's the dogs' bed.", "a dog 's 1,000 toys ; it 's the dogs ' bed ."),
        ("en-GB", "the man\u2019s hat", "the man 's hat"),
        ("fr", "L'homme d'État.", "l' homme d' état ."),
        ("", 'Er sagt: "Komm."', 'er sagt : " komm . "'),
        ("de", "avrovulcan.com ist T-Shirt-Mode", "avrovulcan.com ist t-shirt-mode"),
        ("de", " ", ""),
    ],
)
def test_papers_count_tokens_as_moses_cuts_them(language: str, text: str, tokens: str) -> None:
    assert moses_tokens(text, language) == tokens.split()


@given(st.text())
def test_any_text_can_be_cut_and_loses_no_letter(text: str) -> None:
    cut = "".join(moses_tokens(text, "en"))
    assert [c for c in cut if c.isalnum()] == [c for c in text.lower() if c.isalnum()]
