"""Small language models with large random weights, for the tests of what they do."""

from __future__ import annotations

import datasets
import torch

from seqtext.tasks.language_model.language_model import LanguageModel
from tests.conftest import topic_rows

SIZES = {"hidden_size": 12, "embedding_size": 8, "vocabulary_size": 400}
PLAIN = {"embedding_dropout": 0.0, "input_dropout": 0.0, "layer_dropout": 0.0, "output_dropout": 0.0}


def rows(count: int = 60, seed: int = 1) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"text": topic_rows(count, seed)["text"]})


def made(texts: datasets.Dataset | None = None, **settings) -> LanguageModel:
    task = LanguageModel.from_data(rows() if texts is None else texts, **{**SIZES, **settings})
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    task.model.eval()
    return task
