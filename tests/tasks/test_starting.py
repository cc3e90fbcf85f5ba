"""Starting from another run: any task of texts from any other, weight by weight."""

from __future__ import annotations

from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from torch import nn

from seqtext.errors import OptionsError
from seqtext.nn.backbone import Backbone
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.language_model.language_model import LanguageModel
from seqtext.tasks.starting import as_one_side, as_two_sides, copy_weights, turned_round
from seqtext.tasks.translation.translator import Translator
from tests.conftest import topic_rows
from tests.tasks.forecasting.forecasters import made_for

KINDS = {"classifier": TopicClassifier, "generator": TextGenerator, "translator": Translator, "two": Translator}
SIZES = {"embedding_size": 8, "hidden_size": 12, "num_layers": 1, "cell": "gru"}
ONE_WAY = {**SIZES, "bidirectional": False}
ENCODER = {**ONE_WAY, "encoder_size": 12, "encoder_layers": 1}
ONE_DIRECTION = {**SIZES, "directions": "forward"}
TWO = {"shared_tokenizer": False, "tied": "two_way"}  # a tokenizer for each side
OF = {"classifier": ONE_WAY, "generator": SIZES, "translator": ENCODER, "two": {**ENCODER, **TWO}}


def rows_of(seed: int) -> datasets.Dataset:
    """Texts with a label, and as pairs: what is written is spelt with other letters."""
    rows = topic_rows(120, seed)
    return datasets.Dataset.from_dict(
        {**rows, "source": rows["text"], "target": [text.translate(LETTERS) for text in rows["text"]]}
    )


LETTERS = {ord(letter): ord(other) for letter, other in zip("aehinorst", "äéĥïñöřšť", strict=True)}


def made(kind: str, rows: datasets.Dataset, **settings):
    label = {} if KINDS[kind] is Translator else {"text_column": "text"}
    if kind == "generator":
        label["attributes"] = ["label"]
    return KINDS[kind].from_data(rows, **{**label, **OF[kind], **settings})


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> dict[str, tuple]:
    """A task of each kind with weights that no other has, and its folder."""
    found = {}
    for number, kind in enumerate(KINDS):
        task = made(kind, rows_of(1), vocabulary_size=300 + 10 * number)
        torch.manual_seed(number)
        with torch.no_grad():
            for parameter in task.model.parameters():
                parameter.copy_(torch.randn_like(parameter))
        folder = tmp_path_factory.mktemp(kind) / "model"
        task.save_pretrained(folder)
        found[kind] = task, folder
    return found


def copied_from(task, source, parts: dict[str, str]) -> int:
    """How many weights of these parts are those of the parts of another task; all others are not."""
    own, theirs, count = task.model.state_dict(), source.model.state_dict(), 0
    for name, weight in own.items():
        part, _, rest = name.partition(".")
        other = theirs.get(f"{parts.get(part)}.{rest}")
        if other is not None and other.shape == weight.shape:
            assert torch.equal(weight, other), name
            count += 1
        else:
            assert not any(weight.shape == each.shape and torch.equal(weight, each) for each in theirs.values()), name
    return count


ALIKE = {"embedding": "embedding", "backbone": "backbone"}
BOTH = {"embedding": "embedding", "encoder": "backbone", "backbone": "backbone"}
SAME = {name: name for name in ("embedding", "encoder", "backbone", "head", "attention", "readout", "auxiliary")}
# What takes over, what from, the parts, what is said, and how many weights it is: 4 of a recurrent layer, 1 of an embedding.
PAIRS = [
    ("classifier", "classifier", {**ALIKE, "auxiliary": "auxiliary"}, "embedding, backbone, auxiliary copied; head new", 8),
    ("classifier", "generator", ALIKE, "embedding, backbone copied; head, auxiliary new", 5),
    ("classifier", "translator", {"embedding": "embedding", "backbone": "encoder"},
     "embedding, backbone copied; head, auxiliary new", 5),
    ("classifier", "two", {"embedding": "source_embedding", "backbone": "encoder"},
     "embedding, backbone copied; head, auxiliary new", 5),
    ("generator", "classifier", ALIKE, "embedding, backbone copied; no_vector, head, to_input, to_state new", 5),
    ("generator", "generator", {**ALIKE, "head": "head"},
     "embedding, backbone, head copied; no_vector, to_input, to_state new", 8),
    ("generator", "translator", {**ALIKE, "head": "head"},
     "embedding, backbone, head (bias alone) copied; no_vector, to_input, to_state new", 6),
    ("generator", "two", {**ALIKE, "head": "head"},
     "embedding, backbone, head (bias alone) copied; no_vector, to_input, to_state new", 6),
    ("translator", "classifier", BOTH, "embedding, encoder, backbone copied; attention, head, readout new", 9),
    ("translator", "generator", {**BOTH, "head": "head"},
     "embedding, encoder, backbone, head copied; attention, readout new", 10),
    ("translator", "translator", SAME, "embedding, encoder, backbone, attention, head, readout copied; nothing new", 14),
    ("two", "classifier", {"source_embedding": "embedding", "encoder": "backbone"},
     "source_embedding, encoder copied; embedding, backbone, attention, head, readout new", 5),
    ("two", "generator", {"embedding": "embedding", "backbone": "backbone", "head": "head"},
     "embedding, backbone, head copied; source_embedding, encoder, attention, readout new", 6),
    ("two", "two", {**SAME, "source_embedding": "source_embedding"},
     "embedding, source_embedding, encoder, backbone, attention, head, readout copied; nothing new", 15),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "other", "parts", "said", "count"), PAIRS, ids=lambda value: str(value)[:12])
def test_each_task_starts_from_each_other_weight_by_weight(saved, kind, other, parts, said, count):
    source, folder = saved[other]
    rows = rows_of(2).map(lambda row: {"label": "dry" if row["label"] == "town" else "wet"})
    task = made(kind, rows, init_from=folder)
    assert task.copied == said
    assert copied_from(task, source, parts) == count
    assert task.config.vocabulary_size == source.config.vocabulary_size
    sides = {"source": getattr(source, "source_tokenizer", source.tokenizer), "target": source.tokenizer}
    if kind in ("classifier", "generator"):
        side = "source" if kind == "classifier" else "target"
        assert task.tokenizer.sha256 == sides[side].sha256
    elif kind == "translator" or other == "two":
        assert task.source_tokenizer.sha256 == sides["source"].sha256
        assert task.tokenizer.sha256 == sides["target"].sha256
    else:  # one that reads knows the source, one that writes the target; the other side has one of its own, of its texts
        taken, new = (
            (task.source_tokenizer, task.tokenizer)
            if other == "classifier"
            else (task.tokenizer, task.source_tokenizer)
        )
        assert taken.sha256 == source.tokenizer.sha256
        assert new.sha256 != source.tokenizer.sha256
        text = rows["target" if other == "classifier" else "source"][0]
        assert new.count_bytes(np.array(new.encode([text])[0])) == 0


def test_of_one_direction_the_forward_one_is_taken(saved):
    source, folder = saved["generator"]
    task = TopicClassifier.from_data(rows_of(2), text_column="text", init_from=folder)
    assert task.copied == "embedding, backbone (forward direction) copied; head, auxiliary new"
    assert task.config.bidirectional
    deep = TopicClassifier.from_data(rows_of(2), text_column="text", init_from=folder, num_layers=2)
    assert deep.copied == "embedding, backbone (forward direction, in part) copied; head, auxiliary new"
    for started in (task, deep):
        forward, reverse = started.model.backbone.layers[0], started.model.backbone.reverse_layers[0]
        assert torch.equal(forward.weight_hh_l0, source.model.backbone.layers[0].weight_hh_l0)
        assert not torch.equal(reverse.weight_hh_l0, source.model.backbone.layers[0].weight_hh_l0)
    back = TextGenerator.from_data(rows_of(2), text_column="text", init_from=saved["classifier"][1], **SIZES)
    assert back.copied.startswith("embedding, backbone copied")


def test_a_classifier_takes_the_sizes_that_the_weights_are_made_for_unless_it_is_given_others(saved):
    for other in ("generator", "translator", "two"):
        task = TopicClassifier.from_data(rows_of(2), text_column="text", init_from=saved[other][1])
        config = task.config
        assert (config.cell, config.embedding_size, config.hidden_size, config.num_layers) == ("gru", 8, 12, 1)
        small = TopicClassifier.from_data(rows_of(2), text_column="text", init_from=saved[other][1], hidden_size=5)
        assert small.config.hidden_size == 5
        assert (
            small.copied == "embedding copied; backbone (theirs does not fit: 36x8 and not 15x8), head, auxiliary new"
        )


def test_one_embedding_goes_to_both_sides_where_they_share_a_tokenizer(saved):
    for other in ("classifier", "translator"):
        source, folder = saved[other]
        task = made("translator", rows_of(2), init_from=folder, tied="two_way")
        assert task.copied.startswith("embedding, source_embedding, encoder, backbone")
        for embedding in (task.model.embedding, task.model.source_embedding):
            assert torch.equal(embedding.weight, source.model.embedding.weight)


def test_translators_of_another_number_of_tokenizers_are_refused_with_what_works(saved):
    for kind, other, flag in (
        ("translator", "two", "--no_shared_tokenizer --tied two_way"),
        ("two", "translator", "--shared_tokenizer"),
    ):
        with pytest.raises(OptionsError, match=f"has .*; pass {flag}$"):
            made(kind, rows_of(2), init_from=saved[other][1])


# ---- from a language model, and to one

READS = {"embedding": "embedding", "backbone": "backbone"}
FROM_LANGUAGE = [
    ("both", "classifier", {}, READS, "embedding, backbone copied; head, auxiliary new", 9),
    ("forward", "classifier", {}, READS, "embedding, backbone (forward direction) copied; head, auxiliary new", 5),
    ("both", "generator", {}, {**READS, "head": "head"},
     "embedding, backbone, head copied; no_vector, to_input, to_state new", 8),
    ("backward", "generator", {}, {"embedding": "embedding"},
     "embedding copied; no_vector, backbone, head, to_input, to_state new", 1),
    ("both", "translator", {"bidirectional": True}, {**BOTH, "head": "head"},
     "embedding, encoder, backbone, head copied; attention, bridge, readout new", 14),
    ("forward", "two", {}, {"embedding": "embedding", "backbone": "backbone", "head": "head"},
     "embedding, backbone, head copied; source_embedding, encoder, attention, readout new", 6),
    ("both", "forward", {}, {**READS, "head": "head"}, "embedding, backbone, head copied; nothing new", 8),
    ("forward", "both", {}, {**READS, "head": "head"},
     "embedding, backbone (forward direction), head copied; reverse_head new", 8),
    ("both", "both", {}, {**READS, "head": "head", "reverse_head": "reverse_head"},
     "embedding, backbone, head, reverse_head copied; nothing new", 15),
]  # fmt: skip


def language(directions: str, rows: datasets.Dataset, **settings) -> LanguageModel:
    sizes = {"embedding_size": 8, "hidden_size": 12, "cell": "gru"}
    return LanguageModel.from_data(rows, text_column="text", **{**sizes, "directions": directions, **settings})


@pytest.fixture(scope="module")
def languages(tmp_path_factory) -> dict[str, tuple[LanguageModel, Path]]:
    """A language model of each direction with weights that no other has, and its folder."""
    found = {}
    for number, directions in enumerate(("forward", "backward", "both")):
        task = language(directions, rows_of(1), vocabulary_size=350 + 10 * number)
        torch.manual_seed(20 + number)
        with torch.no_grad():
            for parameter in task.model.parameters():
                parameter.copy_(torch.randn_like(parameter))
        folder = tmp_path_factory.mktemp(directions) / "model"
        task.save_pretrained(folder)
        found[directions] = task, folder
    return found


@pytest.mark.parametrize(
    ("other", "kind", "settings", "parts", "said", "count"), FROM_LANGUAGE, ids=lambda value: str(value)[:12]
)
def test_each_task_starts_from_a_language_model_weight_by_weight(languages, other, kind, settings, parts, said, count):
    source, folder = languages[other]
    if kind in languages:
        task = language(kind, rows_of(2), init_from=folder, **settings)
    else:
        task = made(
            kind,
            rows_of(2),
            init_from=folder,
            **{**({"bidirectional": True} if kind == "classifier" else {}), **settings},
        )
    assert task.copied == said
    assert copied_from(task, source, parts) == count
    assert task.tokenizer.sha256 == source.tokenizer.sha256


def test_a_backward_model_is_the_reverse_half_of_one_that_reads_both_ways(languages):
    source, folder = languages["backward"]
    task = made("classifier", rows_of(2), init_from=folder, bidirectional=True)
    assert task.copied == "embedding, backbone (reverse direction) copied; head, auxiliary new"
    both = language("both", rows_of(2), init_from=folder)
    assert both.copied == "embedding, backbone (reverse direction), reverse_head copied; head new"
    for started in (task, both):
        for name, weight in source.model.backbone.layers[0].named_parameters():
            assert torch.equal(started.model.backbone.reverse_layers[0].get_parameter(name), weight)
            assert not torch.equal(started.model.backbone.layers[0].get_parameter(name), weight)
    again = language("backward", rows_of(2), init_from=languages["both"][1])
    half = languages["both"][0].model
    assert torch.equal(again.model.backbone.layers[0].weight_hh_l0, half.backbone.reverse_layers[0].weight_hh_l0)
    assert torch.equal(again.model.head.bias, half.reverse_head.bias)
    same = LanguageModel.from_data(rows_of(2), text_column="text", init_from=folder)
    assert same.config.directions == "backward"
    assert copied_from(same, source, {name: name for name in ("embedding", "backbone", "head")}) == 8
    weights = half.state_dict()
    assert turned_round(turned_round(weights)).keys() == weights.keys()


def test_a_classifier_can_change_what_it_took_over_less_the_deeper_a_layer(languages):
    folder, settings = languages["both"][1], {"bidirectional": True, "num_layers": 2}
    assert made("classifier", rows_of(2), init_from=folder, **settings, layer_rate=0.5).rates == {
        "backbone.layers.1.": 0.5, "backbone.reverse_layers.1.": 0.5, "backbone.layers.0.": 0.25, "backbone.reverse_layers.0.": 0.25,
        "embedding.": 0.125,
    }  # fmt: skip
    assert made("classifier", rows_of(2), init_from=folder, **settings).rates == {}
    with pytest.raises(OptionsError, match="--layer_rate is 0.0; expected more than 0"):
        made("classifier", rows_of(2), layer_rate=0.0)


def test_a_generator_that_starts_from_a_language_model_is_that_model(languages):
    source, folder = languages["forward"]
    task = made("generator", rows_of(2), init_from=folder, attributes=[], text_column="text")
    examples = task.encode(rows_of(3))
    texts = rows_of(3)["text"]
    total = sum(one.log_probability for one in source(texts))
    assert task.token_loss(examples) * examples.lengths.sum() == pytest.approx(-total, rel=1e-5)


def test_a_language_model_starts_from_other_tasks(saved):
    for other, parts, said, count in (
        ("generator", {**ALIKE, "head": "head"}, "embedding, backbone, head copied; nothing new", 8),
        ("classifier", ALIKE, "embedding, backbone copied; head new", 5),
    ):
        source, folder = saved[other]
        task = language("forward", rows_of(2), init_from=folder)
        assert task.copied == said
        assert copied_from(task, source, parts) == count


def test_a_model_of_words_is_refused_by_all_with_what_works(tmp_path):
    language("forward", rows_of(1), tokens="words").save_pretrained(tmp_path / "words")
    told = "reads whole words, and other runs pieces of words; expected a run that reads pieces; train one with --tokens pieces"
    for kind in KINDS:
        with pytest.raises(OptionsError, match=told):
            made(kind, rows_of(2), init_from=tmp_path / "words")
    with pytest.raises(OptionsError, match=told):
        language("forward", rows_of(2), init_from=tmp_path / "words")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_without_a_tokenizer_is_refused(kind, tmp_path):
    forecaster = made_for(np.arange(60.0), window=8)
    assert isinstance(forecaster, Forecaster)
    forecaster.save_pretrained(tmp_path / "forecaster")
    expected = (
        rf"--init_from {tmp_path}/forecaster is a Forecaster, which has no tokenizer to take over; "
        "expected a run that was trained on texts; give one, or leave --init_from out"
    )
    with pytest.raises(OptionsError, match=expected):
        made(kind, rows_of(2), init_from=tmp_path / "forecaster")


@pytest.mark.parametrize("kind", KINDS)
def test_how_the_tokenizer_was_made_is_taken_over_and_cannot_be_asked_for_otherwise(saved, kind):
    other = "generator" if kind == "classifier" else "classifier"  # one keeps case, the other folds it, by default
    source, folder = saved[other]
    task = made(kind, rows_of(2), init_from=folder)
    assert task.config.lowercase == source.config.lowercase == (kind != "classifier")
    with pytest.raises(OptionsError, match="--vocabulary_size is 290, but the run to start from has 3.0; leave"):
        made(kind, rows_of(2), init_from=folder, vocabulary_size=290)


# ---- parts


class Stack(nn.Module):
    def __init__(self, **settings) -> None:
        super().__init__()
        self.backbone = Backbone(input_size=4, **settings)


def test_layers_of_another_cell_are_not_taken_for_theirs_where_shapes_agree():
    plain, gated = Stack(cell="rnn", hidden_size=12), Stack(cell="gru", hidden_size=4)
    shapes = [
        {name: weight.shape for name, weight in stack.state_dict().items() if "_ih_" in name}
        for stack in (plain, gated)
    ]
    assert shapes[0] == shapes[1]
    before = {name: weight.clone() for name, weight in gated.state_dict().items()}
    assert (
        copy_weights(gated, plain.state_dict())
        == "nothing copied; backbone (theirs does not fit: 12x12 and not 12x4) new"
    )
    for name, weight in gated.state_dict().items():
        assert torch.equal(weight, before[name])
    assert copy_weights(Stack(cell="rnn", hidden_size=12), plain.state_dict()) == "backbone copied; nothing new"


def test_sides_are_named_there_and_back():
    one = {f"{part}.weight": torch.full((1,), number) for number, part in enumerate(("embedding", "backbone", "head"))}
    two = as_two_sides(one, ["source", "target"])
    assert set(two) == {f"{part}.weight" for part in ("embedding", "source_embedding", "encoder", "backbone", "head")}
    assert as_two_sides(two, ["source"]) == two
    assert as_one_side(two, "target") == one == as_one_side(one, "source")
    assert as_one_side(two, "source") == {name: one[name] for name in ("embedding.weight", "backbone.weight")}


def test_a_run_is_only_read(saved, tmp_path):
    _, folder = saved["generator"]
    before = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    made("classifier", rows_of(2), init_from=folder)
    assert {path.name: path.read_bytes() for path in Path(folder).iterdir()} == before


def test_what_was_copied_names_biases_and_other_sizes_as_such():
    model, other = nn.ModuleDict({"head": nn.Linear(3, 4), "body": nn.Linear(5, 5)}), nn.Linear(2, 4)
    weights = {"head.weight": other.weight, "head.bias": other.bias, "body.weight": torch.zeros(2, 2)}
    assert copy_weights(model, weights) == "head (bias alone) copied; body (theirs does not fit: 2x2 and not 5x5) new"
    assert torch.equal(model["head"].bias, other.bias)


# ---- with a tokenizer of one's own


def test_with_a_new_tokenizer_pieces_that_both_have_keep_their_vectors_and_others_get_the_mean(saved):
    source, folder = saved["classifier"]
    rows = rows_of(3).map(lambda row: {"text": row["text"].replace("th", "q")})
    task = made("classifier", rows, init_from=folder, new_tokenizer=True, vocabulary_size=290)
    own, theirs = (one.tokenizer.pieces(range(len(one.tokenizer))) for one in (task, source))
    vectors, before = task.model.embedding.weight, source.model.embedding.weight
    kept = [piece for piece in own if piece in theirs]
    assert 256 < len(kept) < len(own)
    for place, piece in enumerate(own):
        expected = before[theirs.index(piece)] if piece in theirs else before.mean(dim=0)
        torch.testing.assert_close(vectors[place], expected, msg=piece)
    assert torch.equal(task.model.backbone.layers[0].weight_hh_l0, source.model.backbone.layers[0].weight_hh_l0)
    assert task.copied.startswith(
        f"new tokenizer: {len(kept)} of its {len(own)} pieces have a vector there, the others get"
    )
    assert task.config.vocabulary_size == 290
    assert made("classifier", rows, init_from=folder).tokenizer.model == source.tokenizer.model


@pytest.mark.parametrize("kind", ["language", "generator", "translator", "two"])
def test_what_writes_keeps_the_vectors_of_known_pieces_too_and_begins_with_how_often_its_own_come(saved, kind):
    source, folder = saved["two" if kind == "two" else "generator"]
    rows = rows_of(3).map(
        lambda row: {"text": row["text"].replace("th", "q"), "source": row["source"].replace("th", "q")}
    )

    def task_of(**start):
        if kind == "language":
            return LanguageModel.from_data(rows, text_column="text", vocabulary_size=302, **ONE_DIRECTION, **start)
        return made(kind, rows, vocabulary_size=302, **start)

    task = task_of(init_from=folder, new_tokenizer=True)
    sides = {"embedding": (task.tokenizer, source.tokenizer)}
    if kind == "two":
        sides["source_embedding"] = (task.source_tokenizer, source.source_tokenizer)
    for part, tokenizers in sides.items():
        own, theirs = (one.pieces(range(len(one))) for one in tokenizers)
        vectors, before = (getattr(one.model, part).weight for one in (task, source))
        assert own != theirs
        for place, piece in enumerate(own):
            expected = before[theirs.index(piece)] if piece in theirs else before.mean(dim=0)
            torch.testing.assert_close(vectors[place], expected, msg=piece)
    assert torch.equal(task.model.head.bias, task_of().model.head.bias)
    assert " pieces have a vector there, the others get the mean; " in task.copied
