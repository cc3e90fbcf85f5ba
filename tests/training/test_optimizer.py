"""Muon's updates have singular values of about 1, block by block; everything else is AdamW's, and both learn."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seqtext.training.optimizer import MATRIX_RATE, Muon, make_moments, make_optimizer, orthogonal


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(20, 9)
        self.lstm = nn.LSTM(9, 8, batch_first=True)
        self.out = nn.Linear(64, 3)  # too long for Muon
        self.mix = nn.Linear(8, 64)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.mix(self.lstm(self.embedding(ids))[0][:, -1]))


def loss_of(model: Model) -> torch.Tensor:
    ids = torch.randint(20, (64, 5), generator=torch.Generator().manual_seed(1))
    return nn.functional.cross_entropy(model(ids), ids[:, 2] % 3)


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 16, 5), (1, 4, 30), (1, 1, 7)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_singular_values_end_near_1_and_directions_stay(shape, dtype):
    torch.manual_seed(0)
    matrices = torch.randn(shape) * 1e-3
    made = orthogonal(matrices, dtype)
    assert made.dtype == torch.float32
    values = torch.linalg.svdvals(made)
    assert values.max() < 1.3
    assert values.mean() > 0.65
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    assert torch.nn.functional.cosine_similarity(made.flatten(1), (u @ v).flatten(1)).min() > 0.9
    assert torch.equal(orthogonal(torch.zeros(shape), dtype), torch.zeros(shape))


def test_only_matrices_of_recurrent_and_linear_layers_are_muons():
    model = Model()
    optimizer = make_optimizer(model, name="muon", learning_rate=0.01, weight_decay=0.1)
    assert isinstance(optimizer, Muon)
    muons = {id(group["params"][0]): group for group in optimizer.param_groups if "rows" in group}
    matrices = [model.lstm.weight_ih_l0, model.lstm.weight_hh_l0, model.mix.weight]
    assert set(muons) == {id(p) for p in matrices}
    assert [muons[id(p)]["rows"] for p in matrices] == [8, 8, 64]
    assert all(group["lr"] == group["highest_rate"] == 0.01 * MATRIX_RATE for group in muons.values())
    everything = [p for group in optimizer.param_groups for p in group["params"]]
    assert sorted(map(id, everything)) == sorted(map(id, model.parameters()))


def test_a_gate_moves_by_itself_and_the_rest_as_by_adamw():
    models = [Model() for _ in range(2)]
    muon, adamw = (
        make_optimizer(model, name=name, learning_rate=0.01, weight_decay=0.0)
        for model, name in zip(models, ("muon", "adamw"), strict=True)
    )
    before = models[0].lstm.weight_hh_l0.detach().clone()
    for model, optimizer in zip(models, (muon, adamw), strict=True):
        loss_of(model).backward()
        optimizer.step()
    moved = (before - models[0].lstm.weight_hh_l0.detach()) / (0.01 * MATRIX_RATE)
    for gate in moved.chunk(4):
        assert 0.6 < torch.linalg.svdvals(gate).max() < 1.3
    assert torch.equal(models[0].embedding.weight, models[1].embedding.weight)
    assert torch.equal(models[0].lstm.bias_hh_l0, models[1].lstm.bias_hh_l0)
    assert not torch.equal(models[0].lstm.weight_hh_l0, models[1].lstm.weight_hh_l0)


@pytest.mark.parametrize(
    ("units", "rows"),
    [
        (1, 1),
        (100, 100),
        (128, 128),
        (129, 129),
        (192, 96),
        (256, 128),
        (300, 100),
        (509, 509),
        (512, 128),
        (1000, 125),
    ],
)
def test_large_gates_move_in_equal_blocks(units, rows):
    model = nn.ModuleList([nn.GRU(units, units), nn.Linear(units, units)])
    optimizer = make_optimizer(model, name="muon", learning_rate=0.01, weight_decay=0.0)
    groups = [group for group in optimizer.param_groups if "rows" in group]
    assert [group["rows"] for group in groups] == [rows] * 3


def test_each_block_has_singular_values_of_its_own():
    torch.manual_seed(0)
    model = nn.ModuleList([nn.GRU(192, 192)])
    optimizer = make_optimizer(model, name="muon", learning_rate=0.01, weight_decay=0.0)
    before = model[0].weight_ih_l0.detach().clone()
    sum((p * torch.randn_like(p)).sum() for p in model.parameters()).backward()
    optimizer.step()
    for block in ((before - model[0].weight_ih_l0.detach()) / (0.01 * MATRIX_RATE)).split(96):
        assert torch.linalg.svdvals(block).sub(1).abs().max() < 0.3


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_it_learns_and_a_rate_that_is_set_counts(name):
    model = Model()
    optimizer = make_optimizer(model, name=name, learning_rate=0.02, weight_decay=0.01)
    first = loss_of(model).item()
    for _ in range(40):
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
    assert loss_of(model).item() < 0.4 * first
    weights = [p.detach().clone() for p in model.parameters()]
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    loss_of(model).backward()
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_moments_that_are_made_are_those_of_the_first_step(name):
    model = Model()
    optimizer = make_optimizer(model, name=name, learning_rate=0.02, weight_decay=0.01)
    make_moments(optimizer)
    made = {id(p): {key: value.shape for key, value in state.items()} for p, state in optimizer.state.items()}
    other = make_optimizer(model, name=name, learning_rate=0.02, weight_decay=0.01)
    loss_of(model).backward()
    other.step()
    assert made == {id(p): {key: value.shape for key, value in state.items()} for p, state in other.state.items()}


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_parts_learn_at_their_share_of_the_rate_and_the_longest_name_decides(name):
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)))
    rates = {"0.": 0.25, "1.": 0.5, "1.1.": 1.0}
    optimizer = make_optimizer(model, name=name, learning_rate=0.1, weight_decay=0.01, rates=rates)
    found = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert len(found) == 6
    for parameter, path in ((p, path) for path, p in model.named_parameters()):
        share = 1.0 if path.startswith("1.1.") else rates[path[:2]]
        times = MATRIX_RATE if name == "muon" and parameter.ndim == 2 else 1.0
        group = found[id(parameter)]
        assert group["lr"] == group["highest_rate"] == pytest.approx(0.1 * share * times)
        assert group["weight_decay"] == (0.01 if parameter.ndim == 2 else 0.0)
