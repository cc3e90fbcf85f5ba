"""`VecToSeq` against the textbook's module, one step against all of them, and guidance against its formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.models.guided import Guided
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead

V, D, H, C, B, T = 11, 5, 6, 3, 4, 7
every_feedback = pytest.mark.parametrize("feedback", ["tokens", "zeros"])
every_cell = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
every_depth = pytest.mark.parametrize("num_layers", [1, 2])


def made(feedback="tokens", cell="rnn", num_layers=1, *, tied=True, vector_size=C, **dropouts) -> VecToSeq:
    torch.manual_seed(0)
    model = VecToSeq(
        embedding=TokenEmbedding(vocabulary_size=V, embedding_size=D),
        backbone=Backbone(input_size=D, hidden_size=H, num_layers=num_layers, cell=cell),
        head=VocabularyHead(input_size=H, vector_size=D, vocabulary_size=V, tied=tied),
        vector_size=vector_size,
        feedback=feedback,
        **dropouts,
    )
    for parameter in model.parameters():  # biases that are not zero, so that a forgotten one shows
        nn.init.normal_(parameter, std=0.4)
    return model.eval()


def vectors(rows: int = B) -> Tensor:
    return torch.randn(rows, C, generator=torch.Generator().manual_seed(1))


def tokens(rows: int = B) -> Tensor:
    return torch.randint(V, (rows, T), generator=torch.Generator().manual_seed(2))


def full(values: Tensor) -> Padded:
    return Padded(values, torch.full((len(values),), values.shape[1]))


def logits_of(model: VecToSeq, outputs: Tensor) -> Tensor:
    return model.head(outputs, model.embedding.weight)


# ---- the textbook's module


class Textbook(nn.Module):
    """A vector is the first input and all others are zero; it also sets the state that the network starts from."""

    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.to_input = nn.Linear(C, D)
        self.to_state = nn.Linear(C, num_layers * H)
        self.rnn = nn.RNN(D, H, num_layers, batch_first=True)
        self.head = nn.Linear(H, V)

    def forward(self, vector: Tensor) -> Tensor:
        inputs = torch.cat([self.to_input(vector).unsqueeze(1), torch.zeros(len(vector), T - 1, D)], dim=1)
        state = torch.tanh(self.to_state(vector)).view(len(vector), -1, H).transpose(0, 1).contiguous()
        return self.head(self.rnn(inputs, state)[0])


@every_depth
def test_zeros_is_the_module_of_the_textbook(num_layers):
    model, book = made("zeros", num_layers=num_layers, tied=False), Textbook(num_layers)
    for number, layer in enumerate(model.backbone.layers):
        for name, weight in layer.named_parameters():
            getattr(book.rnn, f"{name[:-1]}{number}").data.copy_(weight)
    for ours, theirs in ((model.to_input, book.to_input), (model.to_state, book.to_state), (model.head, book.head)):
        theirs.load_state_dict(ours.state_dict())
    given = vectors()
    outputs, _ = model(full(tokens()), model.initial_state(given, B))
    expected = book(given)
    torch.testing.assert_close(logits_of(model, outputs.values), expected, atol=1e-6, rtol=1e-6)
    outputs.values.square().sum().backward()
    book.rnn.zero_grad()
    states = []
    book.head.register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))
    book(given)
    states[0].square().sum().backward()
    torch.testing.assert_close(model.to_input.weight.grad, book.to_input.weight.grad)
    torch.testing.assert_close(model.to_state.weight.grad, book.to_state.weight.grad)


def test_with_zeros_no_token_is_read():
    model = made("zeros")
    state = model.initial_state(vectors(), B)
    one, other = (model(full(ids), state)[0].values for ids in (tokens(), tokens().flip(1)))
    assert torch.equal(one, other)


# ---- all steps at once, one by one, and in windows


@every_feedback
@every_cell
@every_depth
def test_steps_equal_all_of_them_at_once(feedback, cell, num_layers):
    model, ids = made(feedback, cell, num_layers), tokens()
    state = model.initial_state(vectors(), B)
    outputs, after = model(full(ids), state)
    assert after
    for step in range(T):
        output, state = model.step(ids[:, step], state)
        torch.testing.assert_close(output, outputs.values[:, step], atol=1e-6, rtol=1e-5)
    for one, other in zip(state, after, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


@every_feedback
@every_cell
def test_windows_that_carry_the_state_are_the_whole(feedback, cell):
    model, ids, lengths = made(feedback, cell, 2), tokens(), torch.tensor([7, 3, 5, 1])
    start = model.initial_state(vectors(), B)
    whole, after = model(Padded(ids, lengths), start)
    first, carried = model(Padded(ids[:, :3], lengths.clamp(max=3)), start)
    rows = torch.tensor([0, 2])  # which go on
    second, end = model(Padded(ids[rows, 3:], lengths[rows] - 3), model.select(carried, rows))
    torch.testing.assert_close(first.values, whole.values[:, :3], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(second.values, whole.values[rows, 3:], atol=1e-6, rtol=1e-5)
    for one, other in zip(end, model.select(after, rows), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


@every_cell
def test_selected_rows_are_in_their_order_and_may_come_twice(cell):
    model, given, rows = made(cell=cell, num_layers=2), vectors(), torch.tensor([2, 0, 2])
    found = model.select(model.initial_state(given, B), rows)
    assert found
    for one, other in zip(found, model.initial_state(given[rows], 3), strict=True):
        torch.testing.assert_close(one, other)


# ---- with a vector and without


@every_cell
def test_the_vector_sets_every_layer_and_is_added_to_every_input(cell):
    model, ids = made(cell=cell, num_layers=2), tokens()
    one, other = (model.initial_state(given, B) for given in (vectors(), -vectors()))
    for parts in zip(one, other, strict=True):
        assert not torch.isclose(*parts).any()
    added, *state = one
    outputs, _ = model(full(ids), one)
    inputs = model.embedding.weight[ids] + added.unsqueeze(1)
    by_hand = model.backbone(full(inputs), tuple(state))
    torch.testing.assert_close(outputs.values, by_hand.values)


@every_cell
def test_without_a_vector_it_is_a_language_model(cell):
    model, ids = made(cell=cell, vector_size=0), tokens()
    assert not [name for name, _ in model.named_parameters() if "vector" in name or name.startswith("to_")]
    outputs, _ = model(full(ids), model.initial_state(None, B))
    torch.testing.assert_close(outputs.values, model.backbone(full(model.embedding.weight[ids])).values)


def test_what_cannot_write_is_refused():
    with pytest.raises(ValueError, match='feedback="zeros" has the vector as its only input'):
        made("zeros", vector_size=0)
    both = Backbone(input_size=D, hidden_size=H, bidirectional=True)
    with pytest.raises(ValueError, match="written in one direction"):
        VecToSeq(
            embedding=TokenEmbedding(vocabulary_size=V, embedding_size=D),
            backbone=both,
            head=VocabularyHead(input_size=2 * H, vector_size=D, vocabulary_size=V),
            vector_size=C,
        )


@every_feedback
def test_dropout_of_inputs_and_outputs_is_the_same_at_all_steps_and_only_in_training(feedback):
    model = made(feedback, output_dropout=0.5, input_dropout=0.5)
    state = model.initial_state(vectors(), B)
    expected = model(full(tokens()), state)[0].values
    torch.testing.assert_close(expected, made(feedback)(full(tokens()), state)[0].values)
    model.train()
    gone = model(full(tokens()), state)[0].values == 0  # (B, T, H)
    assert torch.equal(gone, gone[:, :1].expand_as(gone))
    assert 0 < gone.float().mean() < 1


# ---- guidance


@every_feedback
@every_cell
def test_guidance_of_1_is_the_model_itself(feedback, cell):
    model, ids = made(feedback, cell, 2), tokens()[:, 0]
    writer = Guided(model)
    outputs, _ = model.step(ids, model.initial_state(vectors(), B))
    step = writer.step(ids, writer.initial_state(vectors(), B))
    assert torch.equal(step.logits, logits_of(model, outputs).log_softmax(-1))
    assert torch.equal(step.scores, logits_of(model, outputs).log_softmax(-1))


@every_feedback
@every_cell
@pytest.mark.parametrize("guidance", [0.0, 0.5, 3.0])
def test_guidance_pushes_the_logits_and_leaves_the_scores(feedback, cell, guidance):
    model, ids = made(feedback, cell, 2), tokens()
    writer = Guided(model, guidance=guidance)
    state = writer.initial_state(vectors(), B)
    with_vector, without = model.initial_state(vectors(), B), model.initial_state(model.no_vector.expand(B, -1), B)
    for number in range(3):
        step = writer.step(ids[:, number], state)
        state = step.state
        outputs, with_vector = model.step(ids[:, number], with_vector)
        conditional = logits_of(model, outputs).log_softmax(-1)
        outputs, without = model.step(ids[:, number], without)
        anything = logits_of(model, outputs).log_softmax(-1)
        torch.testing.assert_close(step.scores, conditional)
        torch.testing.assert_close(step.logits, (1 - guidance) * anything + guidance * conditional)


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_nothing_asked_for_is_the_learnt_any_however_far_it_is_pushed(guidance):
    model, ids = made(), tokens()[:, 0]
    writer = Guided(model, guidance=guidance)
    outputs, _ = model.step(ids, model.initial_state(model.no_vector.expand(B, -1), B))
    expected = logits_of(model, outputs).log_softmax(-1)
    step = writer.step(ids, writer.initial_state(None, B))
    torch.testing.assert_close(step.logits.log_softmax(-1), expected)
    torch.testing.assert_close(step.scores, expected)


@every_cell
@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_a_mixture_weighs_what_each_of_its_vectors_would_write(cell, guidance):
    model, ids = made(cell=cell), tokens()[:, 0]
    writer = Guided(model, guidance=guidance)
    pure = torch.eye(C)[:3].expand(B, 3, C)
    weights = torch.tensor([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.7, 0.3, 0.0]])[:B]
    step = writer.step(ids, writer.initial_state(pure, B, weights))
    each = []
    for number in range(3):
        outputs, _ = model.step(ids, model.initial_state(pure[:, number], B))
        each.append(logits_of(model, outputs).log_softmax(-1))
    mixed = (torch.stack(each, 1) * weights[:, :, None]).sum(1)
    outputs, _ = model.step(ids, model.initial_state(model.no_vector.expand(B, -1), B))
    anything = logits_of(model, outputs).log_softmax(-1)
    expected = anything + guidance * (mixed - anything)
    torch.testing.assert_close(step.logits.log_softmax(-1), expected.log_softmax(-1))
    torch.testing.assert_close(step.scores, mixed.log_softmax(-1))
    alone = Guided(model, guidance=guidance)
    plain = alone.step(ids, alone.initial_state(pure[:, 0], B))
    assert torch.equal(step.logits[1], plain.logits[1]), "a row of one vector among mixtures has other bits"
    assert torch.equal(step.scores[1], plain.scores[1])


@every_cell
@pytest.mark.parametrize(("guidance", "vector_size"), [(1.0, C), (2.0, C), (2.0, 0)])
def test_states_are_selected_and_joined_whatever_they_hold(cell, guidance, vector_size):
    writer = Guided(made(cell=cell, num_layers=2, vector_size=vector_size), guidance=guidance)
    ids = tokens()[:, 0]
    state = writer.step(ids, writer.initial_state(vectors() if vector_size else None, B)).state
    parts = [writer.select(state, torch.tensor(rows)) for rows in ([0], [1, 2], [3])]
    for one, other in zip(writer.join(parts), state, strict=True):
        assert torch.equal(one, other)
    picked = writer.step(ids[[3, 1]], writer.select(state, torch.tensor([3, 1])))
    torch.testing.assert_close(picked.logits, writer.step(ids, state).logits[[3, 1]])
