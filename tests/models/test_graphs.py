"""Steps that a graph stands for: the models' own, as on a GPU, beside those on the CPU; and what happens where there is no graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqtext.models.graphs import Repeated, copy_into, repeated
from seqtext.models.guided import Guided
from seqtext.models.sampling import sample
from seqtext.models.transduction import Source, transduce
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead
from seqtext.tasks.translation.model import build_model
from seqtext.tasks.translation.settings import TranslatorConfig
from tests.models.decoding_toys import BANNED, BEGIN, END, V

CPU = torch.device("cpu")


def generator(cell: str, feedback: str) -> VecToSeq:
    torch.manual_seed(1)
    model = VecToSeq(
        embedding=TokenEmbedding(vocabulary_size=V, embedding_size=16),
        backbone=Backbone(input_size=16, hidden_size=16, num_layers=2, cell=cell),
        head=VocabularyHead(input_size=16, vector_size=16, vocabulary_size=V),
        vector_size=3,
        feedback=feedback,
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.5)
    return model.eval()


@pytest.mark.parametrize("guidance", [1.0, 2.5])
@pytest.mark.parametrize(("cell", "feedback"), [("lstm", "tokens"), ("gru", "zeros")])
def test_texts_of_vectors(cell, feedback, guidance, as_on_a_gpu):
    model = generator(cell, feedback)
    vectors = torch.randn(128, 3, generator=torch.Generator().manual_seed(2))

    def write():
        writer = Guided(model, guidance=guidance)
        with torch.no_grad():
            state = writer.initial_state(vectors, 128)
        return sample(
            writer, state, begin=torch.full((128,), BEGIN), rows=np.arange(128), seed=3, end_id=END, banned=BANNED,
            max_length=20, top_p=0.9,
        )  # fmt: skip

    expected = write()
    replayed = as_on_a_gpu()
    found = write()
    assert len(replayed) > 5
    assert found.ids == expected.ids
    assert found.log_probability == pytest.approx(expected.log_probability, rel=1e-5)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize(("cell", "attention"), [("gru", "scaled_dot"), ("lstm", "additive"), ("rnn", None)])
def test_translations(cell, attention, beam, as_on_a_gpu):
    torch.manual_seed(4)
    sizes = {"embedding_size": 16, "encoder_size": 16, "hidden_size": 16, "num_layers": 3}
    model = build_model(TranslatorConfig(cell=cell, attention=attention, **sizes), V, V).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    random = np.random.default_rng(5)
    sources = [random.integers(4, V, size).tolist() for size in random.integers(1, 12, 70)]

    def find():
        given = [Source(one, limit=2 * len(one)) for one in sources]
        return transduce([model], given, begin=BEGIN, end_id=END, banned=BANNED, beam=beam, weights=True)

    expected = find()
    replayed = as_on_a_gpu()
    found = find()
    assert len(replayed) > 5
    for one, other in zip(found, expected, strict=True):
        assert one.candidates[0].ids == other.candidates[0].ids
        assert one.candidates[0].score == pytest.approx(other.candidates[0].score, rel=1e-4)


def test_on_a_cpu_a_function_is_called_as_it_is():
    def step() -> None: ...

    assert repeated(step, CPU) is step


def test_what_cannot_be_captured_goes_on_as_it_is():
    calls = []
    step = Repeated(lambda: calls.append(1))
    step()
    step()
    with pytest.warns(RuntimeWarning, match="decoding goes on without a CUDA graph: "):
        step()
    step()
    assert len(calls) == 4


def test_copying_into_leaves_what_is_the_same():
    one, other = torch.zeros(2), torch.ones(3)
    copy_into({"a": (one, other), "b": one}, {"a": (torch.ones(2), other), "b": torch.full((2,), 5.0)})
    assert one.tolist() == [5.0, 5.0]
    assert other._version == 0
