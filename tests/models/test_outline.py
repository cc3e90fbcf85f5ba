"""A model as one line, and that each recipe shows the one it builds."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from typing import Any

import pytest
from torch import nn

from seqtext.data.series.series import whole
from seqtext.data.series.splits import household_series
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.models.outline import outline
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.options import part_of
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.settings import TopicConfig, TopicSettings
from seqtext.tasks.forecasting.model import build_model
from seqtext.tasks.forecasting.prepare import prepare
from seqtext.tasks.forecasting.settings import ForecastSettings
from seqtext.tasks.generation.model import build_model as build_generator
from seqtext.tasks.generation.settings import GeneratorConfig, GeneratorSettings
from seqtext.tasks.language_model.model import build_model as build_language_model
from seqtext.tasks.language_model.prepare import OF_CLASSIFIER
from seqtext.tasks.language_model.settings import LanguageConfig, LanguageSettings
from seqtext.tasks.translation.model import build_model as build_translator
from seqtext.tasks.translation.settings import TranslatorConfig, TranslatorSettings
from tests.conftest import ROOT

TOKENS, CLASSES = 777, 11


def classifier(**settings: Any) -> nn.Module:
    tokenizer = Tokenizer.train(["the ship sails"] * 9, vocabulary_size=300, normaliser=Normaliser(lowercase=True))
    model = TopicClassifier(
        TopicConfig(**settings | {"target": "label"}, labels=tuple(map(str, range(CLASSES)))), tokenizer
    ).model
    model.embedding.weight = nn.Parameter(model.embedding.weight.new_zeros(TOKENS, settings["embedding_size"]))
    return model


def generator(**settings: Any) -> VecToSeq:
    names = tuple(map(str, range(CLASSES)))
    config = GeneratorConfig(**settings, attributes=("topic",), names=(names,), shares=(1 / CLASSES,) * CLASSES)
    return build_generator(config, TOKENS)


def language_model(**settings: Any) -> nn.Module:
    chosen = {name: value for name, value in settings.items() if value is not None}
    return build_language_model(
        LanguageConfig(**{"directions": "both", "hidden_size": OF_CLASSIFIER, **chosen}), TOKENS
    )


def translator(**settings: Any) -> EncoderDecoder:
    return build_translator(TranslatorConfig(**settings), TOKENS, TOKENS)


def forecaster(**settings: Any) -> nn.Module:
    return build_model(prepare(whole(household_series()), settings))


@pytest.mark.parametrize(
    ("recipe", "settings", "build"),
    [
        ("topic_classification", TopicSettings, classifier),
        ("text_generation", GeneratorSettings, generator),
        ("language_model", LanguageSettings, language_model),
        ("translation", TranslatorSettings, translator),
        ("electricity", ForecastSettings, forecaster),
    ],
)
def test_a_recipe_shows_the_model_that_it_builds_without_flags(recipe, settings, build):
    path = ROOT / "recipes" / f"{recipe}.py"
    names = runpy.run_path(str(path))
    options = replace(names["Options"](), **names.get("FOR_PHRASES", {}))
    built = outline(build(**part_of(options, settings)))
    act = path.read_text(encoding="utf-8").partition("# ---- Task")[2].partition("def make")[0]
    shown = " ".join(re.findall(r"^ +# (.*)$", act, flags=re.MULTILINE))
    assert shown == re.sub(rf"\b{CLASSES}\b", "C", re.sub(rf"\b{TOKENS}\b", "V", built))


def test_what_a_setting_changes_is_seen():
    small: dict[str, Any] = {"hidden_size": 8, "embedding_size": 8}
    assert outline(forecaster(model="plain", cell="gru", num_layers=1, horizon=4, quantiles=(0.1, 0.5, 0.9))) == (
        "nn.GRU(1, 32, batch_first=True) -> last output -> Linear(32, 12)"
    )
    assert outline(forecaster(model="plain")) == (
        "nn.RNN(1, 32, num_layers=2, batch_first=True) -> last output -> Linear(32, 1)"
    )
    assert outline(forecaster(model="linear")) == "linear path"
    assert outline(generator(**small, feedback="zeros", tied=False)) == (
        f"vector Linear({CLASSES}, 8), then zeros -> nn.LSTM(8, 8, batch_first=True) from state Linear({CLASSES}, 16)"
        f" -> Linear(8, {TOKENS})"
    )
    alone = build_generator(GeneratorConfig(**small), TOKENS)  # a language model
    tied = f"Linear(8, {TOKENS}) (the embedding's weights)"
    assert outline(alone) == f"Embedding({TOKENS}, 8) -> nn.LSTM(8, 8, batch_first=True) -> {tied}"
    deep = language_model(**small, directions="forward", num_layers=2)
    assert outline(deep) == f"Embedding({TOKENS}, 8) -> nn.LSTM(8, 8, num_layers=2, batch_first=True) -> {tied}"
    plain = translator(
        **small, encoder_size=8, attention=None, bidirectional=False, num_layers=2, encoder_layers=2, tied="two_way"
    )
    layers = f"Embedding({TOKENS}, 8) -> nn.GRU(8, 8, num_layers=2, batch_first=True)"
    assert outline(plain) == f"source: {layers} as state; target: {layers} -> {tied}"
    heads = translator(**small, encoder_size=8, heads=2, num_layers=1)
    assert "-> scaled_dot attention to the source (2 heads) -> Linear(32, 8) ->" in outline(heads)


def test_a_model_of_another_shape_is_its_parts():
    assert outline(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))) == "Linear(3, 4) -> ReLU -> Linear(4, 1)"
