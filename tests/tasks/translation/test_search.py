"""What a search can be asked for: a beginning, terms, an ensemble, draws, doubt; each from Python and from the shell."""

from __future__ import annotations

import json

import pytest
import torch

from seqtext.data.text.tokenizer import END
from seqtext.errors import OptionsError
from seqtext.tasks.translation.translator import Translator
from tests.in_process import Ended, seqtext_command
from tests.tasks.translation.translators import SIZES, of, pairs, same, scrambled


@pytest.fixture(scope="module")
def texts(rows) -> list[str]:
    return [*pairs(12, seed=9)["source"], "dog 451 at www.x.org", "OLD DOG AND GREEN HOUSE", "Привет dog", ""]


@pytest.fixture(scope="module")
def saved(tmp_path_factory, translator):
    folder = tmp_path_factory.mktemp("search") / "model"
    translator.save_pretrained(folder)
    return folder


def done(*arguments: object) -> Ended:
    ended = seqtext_command("translate", *arguments)
    assert ended.code == 0, ended.err
    return ended


# ---- several models


def test_an_ensemble_of_one_model_writes_what_the_model_writes(translator, texts):
    for beam in (1, 3):
        alone = translator(texts, beam=beam, attention=True)
        assert all(map(same, translator(texts, beam=beam, attention=True, others=()), alone))
        twice = translator(texts, beam=beam, others=[translator])
        assert [one.text for one in twice] == [one.text for one in alone]
        assert [one.score for one in twice] == pytest.approx([one.score for one in alone], rel=1e-5)


def test_several_write_with_the_mean_of_their_probabilities(rows):
    one = of(rows)
    other = Translator.from_data(rows, seed=3, **SIZES)
    other.model.eval()
    texts = ["old dog", "green house"]
    made = one(texts, others=[other], beam=2)
    for text, found in zip(texts, made, strict=True):
        ids = one.tokenizer.encode([found.text])[0]
        if found.missing or not found.ended or [*one.tokenizer.pieces(ids), "</s>"] != list(found.target_pieces):
            continue  # written in other pieces
        logs = [dict(enumerate(each.score([text], [found.text], by_token=True)[0].by_token)) for each in (one, other)]
        mean = sum(
            float(torch.tensor([each[place][1] for each in logs]).logsumexp(0) - torch.log(torch.tensor(2.0)))
            for place in range(len(ids) + 1)
        )
        assert found.log_probability == pytest.approx(mean, rel=1e-3)


def test_models_of_other_tokens_or_languages_are_refused(translator, rows):
    other = of(rows, lowercase=True)
    with pytest.raises(
        OptionsError, match="model 2 of 2: its source tokenizer is not that of the first; train the one"
    ):
        translator(["old dog"], others=[other])
    named = [Translator.from_data(rows, languages=("en", to), **SIZES) for to in ("de", "fr")]
    with pytest.raises(OptionsError, match="model 2 of 2: its target is 'fr'; expected 'de', as of the first"):
        named[0](["old dog"], others=[named[1]])
    with pytest.raises(OptionsError, match="model 2 of 2: it is a str; expected a Translator"):
        translator(["old dog"], others=["runs/other"])


def test_the_command_takes_several_runs_and_then_texts(saved, tmp_path):
    alone = done(saved, "old dog", "here").out
    assert done(saved, saved, saved, "old dog", "here").out == alone
    wrong = seqtext_command("translate", saved, tmp_path / "nothing", "old dog")
    assert wrong.code == 2
    assert "nothing: there is no saved model; expected a run folder, or a text" in wrong.err


# ---- how a translation begins, and terms


def test_a_prefix_begins_every_translation_and_the_rest_is_the_likeliest_behind_it(translator, texts):
    made = translator(texts, prefix="alt Haus", beam=3, attention=True)
    for text, one in zip(texts, made, strict=True):
        assert one.text.startswith("alt Haus") or not text
        if one.attention is not None:
            assert one.attention.shape == (len(one.target_pieces), len(one.source_pieces))
    free = translator(["old dog"], beam=3)[0]
    first = free.text.split()[0]
    again = translator(["old dog"], beam=3, prefix=first)[0]
    assert again.text.startswith(first)
    assert same(
        translator(["old dog"], prefix="alt", beam=2)[0], translator(["man", "old dog"], prefix="alt", beam=2)[1]
    )


def test_a_prefix_that_leaves_no_room_is_refused_and_the_fix_works(translator):
    long = " ".join(["Haus"] * 40)
    with pytest.raises(
        OptionsError, match=r"--prefix has \d+ tokens, and the translation of 'dog' at most \d+; shorten"
    ):
        translator(["dog"], prefix=long)
    assert translator(["dog"], prefix=long, max_ratio=100)[0].text.startswith(long)


def test_terms_are_written_where_the_source_has_them(rows, saved, tmp_path):
    [one] = of(rows)(["old dog"], glossary={"dog": "Köter"}, max_ratio=20)
    assert "Köter" in one.text or one.missing == ("Köter",)
    assert one.missing == () or one.confidence == 0
    terms = tmp_path / "terms.tsv"
    terms.write_text("dog\tKöter\n\nhorse\tGaul\n", encoding="utf-8")
    ended = done(saved, "old dog", "here", "--glossary", terms)
    assert "note: no text has 'horse' of the glossary" in ended.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dog\tHund\ncat\n", "line 2: found 'cat'; expected a term, a tab, and its translation; part them"),
        ("dog\tHund\ndog\tKöter\n", "line 2: 'dog' is 'Köter', and 'Hund' above; expected one translation of a term"),
        ("\n", "there is no term"),
    ],
)
def test_glossaries_that_are_none_are_told(saved, tmp_path, text, told):
    (tmp_path / "terms.tsv").write_text(text, encoding="utf-8")
    ended = seqtext_command("translate", saved, "dog", "--glossary", tmp_path / "terms.tsv")
    assert ended.code == 2
    assert told in ended.err


# ---- draws, doubt, data


def test_draws_are_functions_of_the_seed_and_the_text_alone(translator, texts):
    asked = {"sample": True, "temperature": 0.8, "n_best": 3}
    made = translator(texts, **asked)
    assert all(map(same, made, translator(texts[::-1], **asked)[::-1]))
    assert [one.text for one in made] != [one.text for one in translator(texts, seed=1, **asked)]
    assert len({made[0].text, *(text for text, _ in made[0].alternatives)}) > 1
    cold = translator(texts[:6], sample=True, temperature=1e-6)
    greedy = translator(texts[:6], beam=1)
    assert [one.text for one in cold] == [one.text for one in greedy]


def test_a_text_of_which_the_model_is_not_sure_is_left_and_marked(translator, saved):
    [sure] = translator(["old dog"])
    assert 0 <= sure.confidence < 1
    assert not sure.doubtful
    [left] = translator(["old  dog"], min_score=0.999)
    assert (left.text, left.doubtful) == ("old dog", True)
    [several] = translator(["old dog"], min_score=0.999, n_best=3)
    assert (several.text, several.alternatives) == ("old dog", ())
    ended = done(saved, "old dog", "--min_score", "0.999")
    assert ended.out == "[?] old dog\n"
    assert "left as they are, since the model is not sure enough (--min_score)" in ended.err


def test_a_text_that_never_ends_or_lacks_what_is_copied_is_no_confidence(rows):
    task = of(rows)
    with torch.no_grad():
        task.model.head.bias[END] = -1e9
    [one] = task(["old dog"])
    assert (one.ended, one.confidence) == (False, 0.0)


def test_what_the_source_brings_is_written_once_and_nothing_that_it_does_not_bring(rows):
    """Even by a model that has learnt nothing: what is owed costs a text its end."""
    task = scrambled(Translator.from_data(rows, **SIZES))
    for one in task(["dog 451 here 7", "dog"], beam=4):
        text = " ".join([one.text, *one.missing])
        assert text.count("451") == one.source_pieces.count("451") <= 1
        assert not any(0xE000 <= ord(letter) < 0xE008 for letter in one.text)


def test_alignments_are_data(saved):
    [line] = done(saved, "old dog 451", "--jsonl", "--alignments").out.splitlines()
    made = json.loads(line)
    assert [row for row, _, _ in made["alignments"]] == list(range(len(made["target_pieces"])))
    assert all(made["source_pieces"][place] and 0 < weight <= 1 for _, place, weight in made["alignments"])
    assert "451" in made["source_pieces"]
    assert seqtext_command("translate", saved, "dog", "--alignments").err.startswith("error: --alignments are data")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"min_score": 2}, "--min_score is 2; expected from 0 to 1"),
        ({"temperature": 0.5}, "--temperature is 0.5, and nothing is drawn; give --sample too, or leave it out"),
        ({"sample": True, "temperature": 0}, "--temperature is 0; expected more than 0, at most 100"),
        ({"seed": -1}, "--seed is -1; expected a whole number from 0"),
        ({"prefix": 3}, "--prefix is 3; expected text"),
    ],
)
def test_what_cannot_be_asked_for_is_told(translator, choices, message):
    with pytest.raises(OptionsError, match=message):
        translator(["dog"], **choices)
