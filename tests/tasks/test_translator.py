"""The translator as a user holds it: a text in, its translation out, each its own, whatever is asked beside it."""

from __future__ import annotations

import itertools
import random
import re

import datasets
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

import seqtext
from seqtext.batching.padded import Padded
from seqtext.batching.ragged import Ragged
from seqtext.data.tokenizer import BEGIN, END
from seqtext.errors import DataError, NumericsError, OptionsError, SavedFileError
from seqtext.models.transduction import transduce
from seqtext.storage import read_folder
from seqtext.tasks.pair_rows import PairPlan, PairRows
from seqtext.tasks.text_generator import TextGenerator
from seqtext.tasks.translator import Translation, Translator
from seqtext.tasks.translator_settings import TranslatorConfig

SIZES = {"hidden_size": 16, "encoder_size": 8, "embedding_size": 8, "vocabulary_size": 330}
LEXICON = {
    "green": "grün", "old": "alt", "small": "klein", "house": "Haus", "tree": "Baum", "dog": "Hund",
    "runs": "läuft", "sleeps": "schläft", "here": "hier", "today": "heute", "and": "und", "man": "Mann",
}  # fmt: skip
SHAPES = [
    {"cell": "gru", "attention": "dot"},
    {"cell": "lstm", "attention": "scaled_dot", "heads": 2},
    {"cell": "rnn", "attention": "additive", "num_layers": 1},
    {"cell": "lstm", "attention": None, "bidirectional": False, "encoder_size": 16},
]


def pairs(count: int, seed: int = 0) -> datasets.Dataset:
    """Sentences of a small language, and what they are in another."""
    rng = random.Random(seed)
    rows = [rng.choices(list(LEXICON), k=rng.randint(1, 12)) for _ in range(count)]
    both = {"source": [" ".join(row) for row in rows], "target": [" ".join(LEXICON[w] for w in row) for row in rows]}
    return datasets.Dataset.from_dict(both)


def scrambled(task: Translator) -> Translator:
    """With weights so large that the translations differ."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.8)
        task.model.head.bias[END] += 4
    task.model.eval()
    return task


def of(rows: datasets.Dataset, **settings) -> Translator:
    return scrambled(Translator.from_data(rows, **{**SIZES, **settings}))


@pytest.fixture(scope="module")
def rows() -> datasets.Dataset:
    return pairs(120)


@pytest.fixture(scope="module")
def translator(rows) -> Translator:
    return of(rows)


def same(one: Translation, other: Translation) -> bool:
    weights = [np.zeros(0) if each.attention is None else each.attention for each in (one, other)]
    return np.array_equal(*weights) and one._replace(attention=None) == other._replace(attention=None)


# ---- made from data


def test_one_tokenizer_knows_both_sides_or_each_has_its_own(rows, translator):
    assert translator.source_tokenizer is translator.tokenizer
    assert translator.tokenizer.count_bytes(np.array(translator.tokenizer.encode(["grün house"])[0])) == 0
    task = of(rows, shared_tokenizer=False, tied="two_way")
    assert task.source_tokenizer.count_bytes(np.array(task.source_tokenizer.encode(["grün"])[0])) == 2
    assert task.tokenizer.count_bytes(np.array(task.tokenizer.encode(["grün"])[0])) == 0
    assert task.model.source_embedding.weight.shape[0] == len(task.source_tokenizer)


@pytest.mark.parametrize(
    ("tied", "there"),
    [
        ("none", {"source_embedding.weight", "head.weight"}),
        ("two_way", {"source_embedding.weight"}),
        ("three_way", set()),
    ],
)
def test_weights_are_tied_as_asked(rows, tied, there):
    names = {name for name, _ in of(rows, tied=tied).model.named_parameters()}
    assert names & {"source_embedding.weight", "head.weight"} == there
    assert {"embedding.weight", "encoder.layers.0.weight_hh_l0", "backbone.layers.0.weight_hh_l0", "head.bias"} <= names


def test_the_same_rows_and_seed_give_the_same_translator(rows):
    one, two, other = (Translator.from_data(rows, seed=seed, **SIZES) for seed in (1, 1, 2))
    for name, weight in one.model.state_dict().items():
        assert torch.equal(weight, two.model.state_dict()[name])
    assert not torch.equal(one.model.embedding.weight, other.model.embedding.weight)


def test_starting_from_another_run_takes_its_tokenizers_and_copies_what_fits(rows, translator, topics, tmp_path):
    translator.save_pretrained(tmp_path / "first")
    fresh = pairs(30, seed=5)
    again = Translator.from_data(fresh, init_from=tmp_path / "first", **SIZES)
    assert again.copied.endswith("nothing new")
    assert again.tokenizer.model == translator.tokenizer.model
    assert same(again(["old dog"])[0], translator(["old dog"])[0])
    wide = Translator.from_data(fresh, init_from=tmp_path / "first", **{**SIZES, "hidden_size": 18})
    copied, new = (part.rpartition(" ")[0] for part in wide.copied.split("; "))
    assert {"embedding", "encoder"} <= set(copied.split(", "))
    assert {"bridge", "backbone", "upper"} <= set(new.split(", "))
    with pytest.raises(
        OptionsError, match="--lowercase is True, but the run to start from has False; leave --lowercase"
    ):
        Translator.from_data(fresh, init_from=tmp_path / "first", lowercase=True, **SIZES)
    with pytest.raises(OptionsError, match="--vocabulary_size is 300, but the run to start from has 330; leave"):
        Translator.from_data(fresh, init_from=tmp_path / "first", vocabulary_size=300)
    writer = TextGenerator.from_data(
        topics["train"], attributes=(), cell="gru", hidden_size=16, embedding_size=8, vocabulary_size=400
    )
    writer.save_pretrained(tmp_path / "writer")
    sizes = {name: value for name, value in SIZES.items() if name != "vocabulary_size"}
    begun = Translator.from_data(fresh, init_from=tmp_path / "writer", **sizes)
    assert begun.config.vocabulary_size == 400, "the tokenizer's, not the default"
    assert torch.equal(begun.model.embedding.weight, writer.model.embedding.weight)
    assert torch.equal(begun.model.backbone.layers[0].weight_hh_l0, writer.model.backbone.layers[0].weight_hh_l0)
    with pytest.raises(OptionsError, match="has one tokenizer for both sides; pass --shared_tokenizer$"):
        Translator.from_data(fresh, init_from=tmp_path / "first", shared_tokenizer=False, tied="two_way", **SIZES)


# ---- batches


def test_what_is_written_is_one_step_ahead_of_what_is_given_and_every_text_has_its_end(translator):
    data = datasets.Dataset.from_dict({"source": ["old dog", "", "house"], "target": ["", "alt Hund heute", "Haus"]})
    batch = translator.encode(data).batch(np.array([1, 2, 0]))
    ids = {text: translator.tokenizer.encode([text])[0] for text in ("old dog", "house", "alt Hund heute", "Haus")}
    expected = {"source": ["", "house", "old dog"], "target": ["alt Hund heute", "Haus", ""]}
    for row in range(3):
        source, target = (list(ids.get(expected[side][row], [])) for side in ("source", "target"))
        assert batch.source.values[row, : batch.source.lengths[row]].tolist() == [*source, END]
        assert batch.tokens.values[row, : batch.tokens.lengths[row]].tolist() == [BEGIN, *target]
        assert batch.targets[row, : batch.tokens.lengths[row]].tolist() == [*target, END]
    assert batch.rows.tolist() == [1, 2, 0]
    assert batch.source.values.shape[1] == batch.source.lengths.max()
    assert batch.targets.shape == batch.tokens.values.shape
    assert batch.tokens.values.shape[1] == batch.tokens.lengths.max()


def test_a_long_side_is_cut_counted_and_keeps_its_end(rows):
    task = of(rows, max_length=5)
    data = datasets.Dataset.from_dict({"source": ["old dog " * 9, "dog"], "target": ["alt " * 9, "Hund " * 9]})
    examples, read, written = task.encode_with_report(data)
    assert (read.cut, written.cut, read.texts) == (1, 2, 2)
    batch = examples.batch(np.array([0, 1]))
    assert batch.source.lengths[0] == batch.tokens.lengths[0] == 6
    assert batch.source.values[0, 5] == batch.targets[0, 5] == batch.targets[1, 5] == END
    assert examples.target_lengths.tolist() == [6, 6]
    assert examples.steps_in(np.array([0, 1])) == 12


@settings(max_examples=60)
@given(
    lengths=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=200),
    budget=st.integers(40, 400),
    seed=st.integers(0, 5),
)
def test_a_plan_has_every_pair_once_and_neither_side_goes_over_the_budget(lengths, budget, seed):
    source, target = (np.array(side, dtype=np.int32) for side in zip(*lengths, strict=True))
    plan = PairPlan(source, target, tokens=budget, seed=seed, micro_batches=2, max_rows=50)
    for epoch in (plan.epoch(3), plan.in_order_of_length()):
        batches = [rows for step in epoch for rows in step]
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(source)))
        padded = 0
        for batch in batches:
            widths = source[batch].max(), target[batch].max()
            assert len(batch) <= 50
            assert len(batch) * max(widths) <= budget
            padded += len(batch) * sum(widths)
        assert plan.padding(epoch) == pytest.approx(1 - (source.sum() + target.sum()) / padded)


def test_pairs_of_a_batch_are_of_like_length_on_both_sides():
    rng = np.random.default_rng(0)
    source = np.clip(rng.normal(16, 5, 20_000), 3, 50).astype(np.int32)
    target = np.clip(source + rng.normal(0, 2.7, len(source)), 2, 60).astype(np.int32)
    plan = PairPlan(source, target, tokens=8192, seed=0, max_rows=128)  # as the recipe has it
    assert plan.padding(plan.epoch(0)) < 0.03
    assert not np.array_equal(plan.epoch(0).order, plan.epoch(1).order)


def test_sides_of_unequal_count_are_refused():
    one, two = Ragged.from_sequences([[5], [6]]), Ragged.from_sequences([[5]])
    with pytest.raises(ValueError, match="2 sources but 1 targets"):
        PairRows(one, two)


def test_subword_sampling_cuts_both_sides_anew(rows):
    task = of(rows, subword_sampling=True)
    assert task.encodes_each_epoch
    one, two, again = (task.encode(rows, sampling_seed=seed) for seed in (1, 2, 1))
    for side in ("source_lengths", "target_lengths"):
        found = [getattr(examples, side).tolist() for examples in (one, two, again)]
        assert found[0] == found[2] != found[1]


# ---- losses


@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_is_the_cross_entropy_of_the_targets_with_their_end(rows, shape):
    task = of(rows, **shape)
    batch = task.encode(rows).batch(np.array([3, 5, 8]))
    [loss] = task.losses(batch)
    logits = task.model.logits(task.model(batch.tokens, task.model.start(batch.source)).values)
    each = F.cross_entropy(logits.transpose(1, 2), batch.targets, reduction="none") * batch.tokens.mask
    assert loss.sum.item() == pytest.approx(each.sum().item(), rel=1e-5)
    assert float(loss.count) == int(batch.tokens.lengths.sum())
    torch.testing.assert_close(loss.rows, each.sum(1).detach(), rtol=1e-4, atol=1e-4)


def test_evaluation_is_the_mean_loss_of_a_token_whatever_the_batches(translator, rows, monkeypatch):
    examples = translator.encode(rows)
    figures = translator.evaluate(examples)
    total = [next(translator.losses(examples.batch(np.array([row])))) for row in range(len(rows))]
    mean = sum(loss.sum.item() for loss in total) / sum(loss.count.item() for loss in total)
    assert figures == {"loss": pytest.approx(mean, rel=1e-5), "perplexity": pytest.approx(np.exp(mean), rel=1e-4)}
    monkeypatch.setattr("seqtext.tasks.translator.TOKENS_AT_ONCE", 30)
    assert translator.evaluate(examples)["loss"] == pytest.approx(mean, rel=1e-5)


def test_label_smoothing_and_hidden_words_are_of_training_alone(rows):
    none = dict.fromkeys(("embedding_dropout", "input_dropout", "layer_dropout", "output_dropout"), 0.0)
    plain = of(rows, label_smoothing=0.0, **none)
    batch = plain.encode(rows).batch(np.arange(20))
    expected = plain.loss(batch).sum.item()
    for settings_ in ({"label_smoothing": 0.3}, {"word_dropout": 0.5, "label_smoothing": 0.0}):
        task = of(rows, **{**none, **settings_})
        assert task.loss(batch).sum.item() == pytest.approx(expected, rel=1e-6)
        task.model.train()
        assert task.loss(batch).sum.item() != pytest.approx(expected, rel=1e-3)


# ---- translations


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("beam", [1, 3])
def test_a_text_is_the_same_alone_and_in_any_company(rows, shape, beam):
    task = of(rows, **shape)
    texts = [*pairs(100, seed=9)["source"], "", "old " * 70]
    asked = {"beam": beam, "n_best": beam, "attention": True, "max_ratio": 0.5}
    whole = task(texts, **asked)
    assert len({one.text for one in whole}) > 20
    backwards = task(texts[::-1], **asked)[::-1]
    seven = task(texts[10:17], **asked)
    for one, other in [*zip(whole, backwards, strict=True), *zip(whole[10:17], seven, strict=True)]:
        assert same(one, other)
    for place in (0, 50, 100, 101):
        assert same(task([texts[place]], **asked)[0], whole[place])


def test_the_same_text_twice_has_one_translation(translator):
    one, two, _ = translator(["old dog", "old dog", "here"])
    assert same(one, two)


@pytest.mark.parametrize("shape", SHAPES)
def test_greedy_is_the_loop_over_argmax(rows, shape):
    task = of(rows, **shape)
    texts = pairs(12, seed=4)["source"][:]
    for text, found in zip(texts, task(texts, beam=1), strict=True):
        ids = task.source_tokenizer.encode([text])[0]
        written = [BEGIN]
        with torch.no_grad():
            state = task.model.start(Padded(torch.tensor([[*ids, END]]), torch.tensor([len(ids) + 1])))
            for _ in range(2 * len(ids) + 10):
                outputs, state = task.model.step(torch.tensor([written[-1]]), state)
                logits = task.model.logits(outputs)[0]
                logits[[0, 1, 2]] = -torch.inf
                written.append(int(logits.argmax()))
                if written[-1] == END:
                    break
        assert found.ended == (written[-1] == END)
        assert found.text == task.tokenizer.decode(written)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_log_probability_is_that_of_the_model_reading_the_translation(rows, shape):
    task = of(rows, **shape)
    for text, one in zip(rows["source"][:8], task(rows["source"][:8], length_penalty=0.6), strict=True):
        by_piece = {piece: number for number, piece in enumerate(task.tokenizer.pieces(range(len(task.tokenizer))))}
        ids, written = task.source_tokenizer.encode([text])[0], [by_piece[piece] for piece in one.target_pieces]
        written += [] if one.ended else [END]  # which has its share in the score
        with torch.no_grad():
            state = task.model.start(Padded(torch.tensor([[*ids, END]]), torch.tensor([len(ids) + 1])))
            tokens = Padded(torch.tensor([[BEGIN, *written[:-1]]]), torch.tensor([len(written)]))
            scores = task.model.logits(task.model(tokens, state).values[0]).log_softmax(-1)
        each = scores.gather(1, torch.tensor(written)[:, None])
        assert one.log_probability == pytest.approx(float(each[: len(one.target_pieces)].sum()), abs=1e-3, rel=1e-4)
        assert one.score == pytest.approx(float(each.sum()) / ((5 + len(written)) / 6) ** 0.6, abs=1e-3, rel=1e-4)


def test_an_empty_text_has_an_empty_translation(translator):
    made = translator(["", "old dog", " \n\t ", "\u200b"], attention=True, n_best=2)
    for one in (made[0], made[2]):
        assert one == Translation("", 0.0, 0.0, True, (), 0, False, None, (), ())
    assert made[1].source_tokens > 0
    assert isinstance(made[3].text, str)
    assert translator([]) == []
    assert [one.text for one in translator(["", ""])] == ["", ""]


def test_an_end_that_never_comes_still_gives_a_text_at_the_limit(rows):
    task = of(rows)
    with torch.no_grad():
        task.model.head.bias[END] = -1e9
    texts = ["dog", "old " * 40, ""]
    for beam in (1, 4):
        made = task(texts, beam=beam, n_best=beam)
        assert [one.ended for one in made] == [False, False, True]
        for one in made[:2]:
            assert len(one.target_pieces) == 10 + 2 * one.source_tokens
            assert one.target_pieces[-1] != "</s>"
    [short] = task(["old dog"], max_ratio=0)
    assert len(short.target_pieces) == 10


def test_no_text_is_without_its_string_whatever_the_tokens(rows):
    task = of(rows)
    bytes_only = [i for i, piece in enumerate(task.tokenizer.pieces(range(len(task.tokenizer)))) if piece[:3] == "<0x"]
    with torch.no_grad():
        task.model.head.bias[bytes_only] += 50
    for one in task(rows["source"][:10]):
        assert isinstance(one.text, str)
        one.text.encode()


def test_a_long_text_is_cut_and_says_so(rows):
    task = of(rows, max_length=20)
    long = "old dog " * 5000
    cut, whole = task([long, "old dog"])
    assert (cut.cut, whole.cut) == (True, False)
    assert cut.source_tokens == 20
    assert len(cut.source_pieces) == 21
    kept = task.source_tokenizer.decode(task.source_tokenizer.encode([long])[0][:20])
    assert kept.startswith("old dog old")
    assert same(cut._replace(cut=False), task([kept])[0]), "it is the translation of what was kept"


def test_alternatives_are_other_texts_in_the_order_of_their_scores(translator, rows):
    for one in translator(rows["source"][:10], beam=6, n_best=4):
        texts = [one.text, *(text for text, _ in one.alternatives)]
        scores = [one.score, *(score for _, score in one.alternatives)]
        assert 2 <= len(texts) == len(set(texts)) <= 4
        assert scores == sorted(scores, reverse=True)
    assert translator(["old dog"], beam=6)[0].alternatives == ()


def test_what_the_beam_holds_in_other_pieces_makes_room_for_other_texts(translator, monkeypatch):
    def with_the_best_twice(*arguments, **asked):
        found = transduce(*arguments, **asked)
        return [one._replace(candidates=[one.candidates[0], *one.candidates][: asked["n_best"]]) for one in found]

    plain = translator(["old dog"], beam=4, n_best=2)[0]
    monkeypatch.setattr("seqtext.tasks.translator.transduce", with_the_best_twice)
    [(other, _)] = translator(["old dog"], beam=4, n_best=2)[0].alternatives
    assert other == plain.alternatives[0][0]


def test_no_run_of_tokens_comes_twice_if_so_asked(rows):
    task = of(rows)
    with torch.no_grad():
        task.model.head.bias[END] = -1e9
    pieces = task(["old dog " * 4], no_repeat_ngram=2)[0].target_pieces
    assert len(set(itertools.pairwise(pieces))) == len(pieces) - 1


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_attention_says_what_each_token_took_from_each(rows, shape):
    task = of(rows, **shape)
    for one in task(["old dog", "green house and a tree here"], attention=True):
        assert one.attention.shape == (len(one.target_pieces), len(one.source_pieces))
        assert one.attention.dtype == np.float32
        np.testing.assert_allclose(one.attention.sum(1), 1, rtol=1e-5)
        assert one.source_pieces[-1] == "</s>"
        assert (one.target_pieces[-1] == "</s>") == one.ended
    assert task(["old dog"])[0].attention is None


def test_without_attention_there_is_none_to_tell(rows):
    assert of(rows, attention=None)(["old dog"], attention=True)[0].attention is None


# ---- saved


@pytest.mark.parametrize(
    "shape",
    [*SHAPES, {"shared_tokenizer": False, "tied": "none", "lowercase": True}],
    ids=lambda shape: str(len(shape)),
)
def test_saved_and_loaded_is_the_same_to_the_bit(rows, shape, tmp_path):
    task = of(rows, **shape)
    task.save_pretrained(tmp_path / "model")
    for loaded in (seqtext.load(tmp_path / "model"), Translator.from_pretrained(tmp_path / "model")):
        assert loaded.config == task.config
        for one, other in zip(loaded(rows["source"][:5], n_best=2), task(rows["source"][:5], n_best=2), strict=True):
            assert same(one, other)
    names = set(read_folder(tmp_path / "model"))
    own = set() if task.config.shared_tokenizer else {"source_tokenizer.model"}
    assert names == {"config.json", "model.safetensors", "tokenizer.model"} | own
    task.save_pretrained(tmp_path / "again")
    for name in [*names, "manifest.json"]:
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_tokenizer_that_is_not_the_models_is_refused(rows, translator, tmp_path):
    """Its ids could lie outside the vocabulary."""
    other = Translator.from_data(rows, **{**SIZES, "vocabulary_size": 295})
    assert len(other.tokenizer) != len(translator.tokenizer)
    stranger = Translator.from_data(rows, **SIZES)
    stranger.tokenizer = other.tokenizer
    stranger.save_pretrained(tmp_path / "model")
    with pytest.raises(SavedFileError, match=r"embedding.weight"):
        seqtext.load(tmp_path / "model")


def test_another_task_is_refused(topics, tmp_path):
    TextGenerator.from_data(
        topics["train"], attributes=(), hidden_size=8, embedding_size=8, vocabulary_size=400
    ).save_pretrained(tmp_path / "m")
    with pytest.raises(SavedFileError, match="a TextGenerator; expected a Translator"):
        Translator.from_pretrained(tmp_path / "m")


def test_weights_that_are_not_numbers_are_told(rows):
    task = of(rows)
    with torch.no_grad():
        task.model.head.bias[7] = float("nan")
    with pytest.raises(NumericsError, match="are not numbers"):
        task(["old dog"])


# ---- bad input


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"beam": 0}, "--beam is 0; expected from 1 to 1,000"),
        ({"beam": 2, "n_best": 3}, "--n_best is 3; expected from 1 to --beam, which is 2"),
        ({"beam": 2.5}, "--beam is 2.5; expected a whole number"),
        ({"n_best": True}, "--n_best is True; expected a whole number"),
        ({"length_penalty": -1}, "--length_penalty is -1; expected from 0 to 100"),
        ({"length_penalty": 2000}, "--length_penalty is 2000; expected from 0 to 100"),
        ({"max_ratio": float("inf")}, "--max_ratio is inf; expected from 0 to 100"),
        ({"max_ratio": float("nan")}, "--max_ratio is nan; expected from 0 to 100"),
        ({"no_repeat_ngram": -1, "beam": 0}, "2 options:\n  --beam is 0.*\n  --no_repeat_ngram is -1"),
    ],
)
@pytest.mark.parametrize("texts", [["old dog"], [""]])
def test_what_cannot_be_asked_for_is_told(translator, choices, message, texts):
    with pytest.raises(OptionsError, match=message):
        translator(texts, **choices)


@pytest.mark.parametrize("wrong", [None, 3, b"a"])
def test_what_is_no_text_is_told_by_its_place(translator, wrong):
    with pytest.raises(DataError, match=f"text 2: found {type(wrong).__name__}; expected a string"):
        translator(["old dog", wrong])


def test_a_lone_text_is_not_taken_for_a_list_of_letters(translator):
    with pytest.raises(OptionsError, match="one text was given; expected a list of texts; put it in brackets"):
        translator("old dog")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 10**9}, "--hidden_size is 1000000000; expected 1 to 16384"),
        ({"heads": 3}, "--heads is 3; expected a divisor of --encoder_size, which is 256"),
        ({"tied": "three_way", "shared_tokenizer": False}, "--tied three_way needs one tokenizer for both sides"),
        ({"max_length": 0, "label_smoothing": 1.0}, "2 options:\n.*--max_length is 0.*\n.*--label_smoothing is 1.0"),
    ],
)
def test_a_config_that_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(OptionsError, match=message):
        TranslatorConfig(**changes)


def test_what_a_translator_cannot_be_made_of_is_told(rows):
    def refused(kind, message, data=rows, **settings) -> None:
        with pytest.raises(kind, match=message):
            Translator.from_data(data, **settings)

    refused(OptionsError, "unknown setting 'hidden_sise'; did you mean 'hidden_size'", hidden_sise=3)
    refused(OptionsError, "source and target are both column 'source'", target_column="source")
    refused(DataError, "no column 'sorce'.*did you mean 'source'", source_column="sorce")
    holes = datasets.Dataset.from_dict({"source": ["a", None], "target": ["b", "c"]})
    refused(DataError, r"row 2, column 'source': found None", data=holes)
    refused(DataError, "found a DatasetDict", data=datasets.DatasetDict({"train": rows}))
    refused(DataError, "no text to train a tokenizer on", data=rows.map(lambda _: {"source": "", "target": " "}))


def test_a_cell_that_is_no_text_is_told_by_its_row(translator):
    holes = datasets.Dataset.from_dict({"source": ["a", "b"], "target": ["b", None]})
    with pytest.raises(DataError, match=r"row 2, column 'target': found None"):
        translator.encode(holes)


def test_validation_is_a_seeded_part_of_training(translator, rows):
    train, held_out = translator.split(rows, seed=1)
    assert (len(train), len(held_out)) == (108, 12)
    assert translator.split(rows, seed=1)[1]["source"][:] == held_out["source"][:]


def test_a_source_of_every_length_is_its_own_width(translator):
    """Around the width that sources are padded to, and for the longest of a block alone."""
    sources = [[5] * length + [END] for length in range(1, 20)]
    asked = {"limits": [6] * len(sources), "begin": BEGIN, "end_id": END, "banned": (0, 1, 2), "beam": 2, "n_best": 2}
    whole = transduce(translator.model, sources, **asked)
    for source, found in zip(sources, whole, strict=True):
        assert transduce(translator.model, [source], **{**asked, "limits": [6]}) == [found]


def test_what_is_given_back_is_named():
    fields = "text score log_probability ended alternatives source_tokens cut attention source_pieces target_pieces"
    assert Translation._fields == tuple(re.split(" ", fields))
