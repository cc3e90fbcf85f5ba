"""The translator: made from data or from another run, its losses, saved and loaded."""

from __future__ import annotations

import re

import datasets
import numpy as np
import pytest
import torch
from torch.nn import functional as F

import seqtext
from seqtext.data.text.tokenizer import UNKNOWN
from seqtext.errors import DataError, NumericsError, OptionsError, SavedFileError
from seqtext.saving.folders import read_folder
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.translation.settings import TranslatorConfig
from seqtext.tasks.translation.translator import Translator
from tests.tasks.translation.translators import SHAPES, SIZES, of, pairs, same

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


def test_every_dropout_reaches_its_place_in_the_model(rows):
    shares = {"word": 0.1, "embedding": 0.2, "input": 0.3, "layer": 0.4, "output": 0.5}
    model = Translator.from_data(
        rows, **SIZES, num_layers=3, tied="two_way", **{f"{name}_dropout": share for name, share in shares.items()}
    ).model
    for embedding in (model.embedding, model.source_embedding):
        assert (embedding.word_dropout, embedding.dropout.p) == (0.1, 0.2)
    assert (model.input_dropout.share, model.layer_dropout.share, model.output_dropout.share) == (0.3, 0.4, 0.5)
    assert {stack.dropout.share for stack in (model.encoder, model.backbone, *model.upper)} == {0.4}


def test_how_often_a_token_comes_need_not_be_learnt(rows):
    task = Translator.from_data(rows, **SIZES)
    np.testing.assert_array_equal(task.model.head.bias.detach().numpy(), task.tokenizer.log_shares().astype(np.float32))


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
    copied, new = (part.rpartition(" ")[0] for part in re.sub(r" \([^)]*\)", "", wide.copied).split("; "))
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


# ---- losses


@pytest.mark.parametrize("shape", SHAPES)
def test_the_loss_is_the_cross_entropy_of_the_targets_with_their_end(rows, shape):
    task = of(rows, **shape)
    batch = task.encode(rows).batch(np.array([3, 5, 8]))
    [loss] = task.losses(batch)
    logits = task.model.logits(task.model(batch.tokens, task.model.initial_state(batch.source)).values)
    each = F.cross_entropy(logits.transpose(1, 2), batch.targets, reduction="none") * batch.tokens.mask
    assert loss.sum.item() == pytest.approx(each.sum().item(), rel=1e-5)
    assert float(loss.count) == int(batch.tokens.lengths.sum())
    torch.testing.assert_close(loss.rows, each.sum(1).detach(), rtol=1e-4, atol=1e-4)


def test_evaluation_is_the_mean_loss_of_a_token_whatever_the_batches(translator, rows, monkeypatch):
    examples = translator.encode(rows)
    figures = translator.validate(examples)
    total = [next(translator.losses(examples.batch(np.array([row])))) for row in range(len(rows))]
    mean = sum(loss.sum.item() for loss in total) / sum(loss.count.item() for loss in total)
    assert figures == {"loss": pytest.approx(mean, rel=1e-5), "perplexity": pytest.approx(np.exp(mean), rel=1e-4)}
    monkeypatch.setattr("seqtext.tasks.translation.translator.TOKENS_AT_ONCE", 30)
    assert translator.validate(examples)["loss"] == pytest.approx(mean, rel=1e-5)


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


@pytest.mark.parametrize("side", ["source", "target"])
def test_words_of_either_side_are_hidden_in_training(rows, side, monkeypatch):
    task = Translator.from_data(rows, **SIZES, tied="two_way", word_dropout=0.6)
    batch, model = task.encode(rows).batch(np.arange(20)), task.model.train()
    read = []
    first = {"source": model.encoder.forward_with_state, "target": model.backbone.forward}[side]
    name = {"source": "encoder", "target": "backbone"}[side]
    embedding = model.source_embedding if side == "source" else model.embedding
    unknown = embedding.weight.detach()[UNKNOWN]
    monkeypatch.setattr(
        getattr(model, name), first.__name__, lambda given, *rest: read.append(given) or first(given, *rest)
    )
    model.input_dropout.share = embedding.dropout.p = 0.0
    task.loss(batch)
    hidden = (read[0].values == unknown).all(-1)[read[0].mask].float().mean()
    assert 0.3 < hidden < 0.7


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


@pytest.mark.fault(27)
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


@pytest.mark.fault(44)
def test_weights_that_are_not_numbers_are_told(rows):
    task = of(rows)
    with torch.no_grad():
        task.model.head.bias[7] = float("nan")
    with pytest.raises(NumericsError, match="are not numbers"):
        task(["old dog"])


# ---- bad input


@pytest.mark.fault(66)
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
    refused(OptionsError, "--cell is 'GRU'; expected one of rnn, gru, lstm", cell="GRU")
    refused(
        OptionsError, "--attention is 'general'; expected one of dot, scaled_dot, additive or None", attention="general"
    )
    refused(OptionsError, "--hidden_size is 16.0; expected int", hidden_size=16.0)
    assert Translator.from_data(rows, **SIZES, heads=np.int64(2), word_dropout=np.float64(0.5)).config.heads == 2
    refused(OptionsError, "--shared_tokenizer is 'no'; expected bool", shared_tokenizer="no")
    refused(OptionsError, "source and target are both column 'source'", target_column="source")
    refused(DataError, "no column 'sorce'.*did you mean 'source'", source_column="sorce")
    holes = datasets.Dataset.from_dict({"source": ["a", None], "target": ["b", "c"]})
    refused(DataError, r"row 2, column 'source': found None", data=holes)
    refused(DataError, "found a DatasetDict", data=datasets.DatasetDict({"test": rows}))
    refused(DataError, "no text to train a tokenizer on", data=rows.map(lambda _: {"source": "", "target": " "}))


@pytest.mark.fault(10)
def test_a_cell_that_is_no_text_is_told_by_its_row(translator):
    holes = datasets.Dataset.from_dict({"source": ["a", "b"], "target": ["b", None]})
    with pytest.raises(DataError, match=r"row 2, column 'target': found None"):
        translator.encode(holes)


def test_validation_is_a_seeded_part_of_training(translator, rows):
    train, held_out = translator.split(rows, seed=1)
    assert (len(train), len(held_out)) == (108, 12)
    assert translator.split(rows, seed=1)[1]["source"][:] == held_out["source"][:]
