"""Text generators of a few words with large random weights, for the tests of what they do."""

from __future__ import annotations

import datasets
import numpy as np
import torch

from seqtext.data.text.tokenizer import END
from seqtext.tasks.generation.generator import TextGenerator

SIZES = {"hidden_size": 12, "embedding_size": 8, "vocabulary_size": 400}
MIXED = {"sea": 0.7, "wood": 0.3}


def scrambled(task: TextGenerator) -> TextGenerator:
    """With weights so large that the texts differ."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
        task.model.head.bias[END] += 2
    task.model.eval()
    return task


def of(rows: datasets.Dataset, **settings) -> TextGenerator:
    return scrambled(TextGenerator.from_data(rows, **{**SIZES, **settings}))


def vector_of(task: TextGenerator, request: object) -> list[float]:
    [made] = task(request, max_length=1)
    assert made.vector.dtype == np.float32
    return made.vector.tolist()
