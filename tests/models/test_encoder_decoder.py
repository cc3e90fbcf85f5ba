"""`EncoderDecoder` against the textbook's module, one step against all of them, and a row against the same row alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from seqtext.batching.padded import Padded
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.nn.attention import Attention
from seqtext.nn.backbone import Backbone
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.vocabulary_head import VocabularyHead

V, D, E, H, B, S, T = 11, 5, 4, 6, 4, 8, 7
READ, WRITTEN = torch.tensor([8, 1, 5, 3]), torch.tensor([7, 2, 1, 4])
KINDS = ["dot", "scaled_dot", "additive", None]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_cell = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
every_depth = pytest.mark.parametrize("num_layers", [1, 2, 3])


def made(
    kind="dot", cell="gru", num_layers=2, *, both=True, encoder_size=E, encoder_layers=2, heads=1, shared=False, **drop
) -> EncoderDecoder:
    torch.manual_seed(0)
    encoder = Backbone(input_size=D, hidden_size=encoder_size, num_layers=encoder_layers, cell=cell, bidirectional=both)
    attention, upper = None, []
    if kind is not None:
        width = encoder.output_size
        attention = Attention(query_size=H, memory_size=width, attention_size=E, kind=kind, heads=heads)
        upper = [Backbone(input_size=H + width, hidden_size=H, cell=cell) for _ in range(num_layers - 1)]
    model = EncoderDecoder(
        embedding=TokenEmbedding(vocabulary_size=V, embedding_size=D),
        source_embedding=None if shared else TokenEmbedding(vocabulary_size=V + 2, embedding_size=D),
        encoder=encoder,
        backbone=Backbone(input_size=D, hidden_size=H, num_layers=num_layers if kind is None else 1, cell=cell),
        head=VocabularyHead(input_size=D if kind else H, vector_size=D, vocabulary_size=V, tied=shared),
        attention=attention,
        upper=upper,
        **drop,
    )
    for parameter in model.parameters():  # biases that are not zero, so that a forgotten one shows
        nn.init.normal_(parameter, std=0.4)
    return model.eval()


def sources(lengths: Tensor = READ, seed: int = 1) -> Padded:
    return Padded(torch.randint(V, (len(lengths), S), generator=torch.Generator().manual_seed(seed)), lengths)


def targets(lengths: Tensor = WRITTEN) -> Padded:
    return Padded(torch.randint(V, (len(lengths), T), generator=torch.Generator().manual_seed(2)), lengths)


# ---- the textbook's module


class Textbook(nn.Module):
    """The encoder's last state is all the decoder knows of the source."""

    def __init__(self, cell: str, both: bool) -> None:
        super().__init__()
        kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
        self.read, self.written = nn.Embedding(V + 2, D), nn.Embedding(V, D)
        self.encoder = kind(D, E if both else H, 2, batch_first=True, bidirectional=both)
        self.bridges = nn.ModuleList(nn.Linear(4 * E, 2 * H) for _ in range((2 if cell == "lstm" else 1) * both))
        self.decoder = kind(D, H, 2, batch_first=True)
        self.head = nn.Linear(H, V)

    def forward(self, source: Padded, tokens: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(self.read(source.values), source.lengths, True, False)
        _, state = self.encoder(packed)
        parts = state if isinstance(state, tuple) else (state,)
        for number, bridge in enumerate(self.bridges):
            mapped = torch.tanh(bridge(parts[number].transpose(0, 1).flatten(1)))
            parts = (*parts[:number], mapped.view(-1, 2, H).transpose(0, 1).contiguous(), *parts[number + 1 :])
        outputs, _ = self.decoder(self.written(tokens), parts if isinstance(state, tuple) else parts[0])
        return self.head(outputs)


def copied(model: EncoderDecoder, both: bool) -> Textbook:
    book = Textbook(model.encoder.cell, both)
    for ours, theirs in ((model.encoder, book.encoder), (model.backbone, book.decoder)):
        stacks = (("", ours.layers), ("_reverse", ours.reverse_layers))
        for ending, stack in stacks:
            for number, layer in enumerate(stack):
                for name, weight in layer.named_parameters():
                    getattr(theirs, f"{name[:-1]}{number}{ending}").data.copy_(weight)
    book.read.weight.data.copy_(model.source_embedding.weight)
    book.written.weight.data.copy_(model.embedding.weight)
    book.bridges.load_state_dict(model.bridge.state_dict())
    book.head.load_state_dict(model.head.state_dict())
    return book


@every_cell
@pytest.mark.parametrize("both", [True, False])
def test_without_attention_it_is_the_module_of_the_textbook(cell, both):
    model = made(None, cell, both=both, encoder_size=E if both else H)
    book, source, tokens = copied(model, both), sources(), targets(torch.full((B,), T))
    assert bool(model.bridge) == both, "a state that fits is handed over as it is"
    logits, expected = model.logits(model(tokens, model.initial_state(source)).values), book(source, tokens.values)
    torch.testing.assert_close(logits, expected, atol=1e-6, rtol=1e-5)
    logits.square().sum().backward()
    expected.square().sum().backward()
    for ours, theirs in (
        (model.source_embedding.weight, book.read.weight),
        (model.encoder.layers[0].weight_hh_l0, book.encoder.weight_hh_l0),
        (model.backbone.layers[1].weight_ih_l0, book.decoder.weight_ih_l1),
    ):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=1e-4)


@every_depth
def test_with_attention_it_is_its_parts_put_together(num_layers):
    model, source, tokens = made("dot", "gru", num_layers), sources(), targets()
    encoded, final = model.encoder.forward_with_state(source.with_values(model.source_embedding.weight[source.values]))
    bridged = torch.tanh(model.bridge[0](final[0].transpose(0, 1).flatten(1))).view(B, num_layers, H).transpose(0, 1)
    inputs = model.embedding.weight[tokens.values]
    queries = model.backbone(tokens.with_values(inputs), (bridged[:1].contiguous(),)).values
    context = model.attention(queries, model.attention.read(encoded))
    values = queries
    for layer, state in zip(model.upper, bridged[1:], strict=True):
        output, _ = layer.layers[0](torch.cat([values, context], -1), state.unsqueeze(0).contiguous())
        values = values + output
    expected = torch.tanh(model.readout(torch.cat([values, context, inputs], -1)))
    found = model(tokens, model.initial_state(source)).values
    torch.testing.assert_close(found[tokens.mask], expected[tokens.mask])


# ---- all steps at once, and one by one


@every_kind
@every_cell
@every_depth
def test_steps_equal_all_of_them_at_once(kind, cell, num_layers):
    model, tokens = made(kind, cell, num_layers), targets()
    state = model.initial_state(sources())
    outputs = model(tokens, state).values
    for step in range(T):
        output, state = model.step(tokens.values[:, step], state)
        real = tokens.lengths > step
        torch.testing.assert_close(output[real], outputs[real, step], atol=1e-5, rtol=1e-5)


@every_kind
@every_cell
def test_a_row_alone_equals_the_row_in_a_batch(kind, cell):
    model, source, tokens = made(kind, cell), sources(), targets()
    outputs = model(tokens, model.initial_state(source)).values
    for row in range(B):
        read, written = int(source.lengths[row]), int(tokens.lengths[row])
        one = Padded(source.values[row : row + 1, :read], source.lengths[row : row + 1])
        other = Padded(tokens.values[row : row + 1, :written], tokens.lengths[row : row + 1])
        alone = model(other, model.initial_state(one)).values
        torch.testing.assert_close(alone[0], outputs[row, :written], atol=1e-5, rtol=1e-5)


@every_kind
@every_cell
def test_other_ids_in_the_padding_change_nothing_bit_for_bit(kind, cell):
    model, source, tokens = made(kind, cell), sources(), targets()
    others = [batch.with_values(batch.values.where(batch.mask, 3)) for batch in (source, tokens)]
    one, other = (
        model(tokens, model.initial_state(source)).values,
        model(others[1], model.initial_state(others[0])).values,
    )
    assert torch.equal(one[tokens.mask], other[tokens.mask])


@every_kind
def test_what_comes_later_in_the_target_changes_nothing_before_it(kind):
    model, source, tokens = made(kind), sources(), targets(torch.full((B,), T))
    changed = tokens.values.clone()
    changed[:, 4:] = (changed[:, 4:] + 1) % V
    one, other = (
        model(tokens.with_values(ids), model.initial_state(source)).values for ids in (tokens.values, changed)
    )
    assert torch.equal(one[:, :4], other[:, :4])
    assert not torch.equal(one[:, 4:], other[:, 4:])


@every_kind
@every_cell
def test_every_token_of_the_source_matters(kind, cell):
    model, source, tokens = made(kind, cell), sources(torch.full((B,), S)), targets()
    expected = model(tokens, model.initial_state(source)).values
    for step in range(S):
        changed = source.values.clone()
        changed[:, step] = (changed[:, step] + 1) % V
        found = model(tokens, model.initial_state(source.with_values(changed))).values
        assert not torch.isclose(found[:, 0], expected[:, 0]).all(-1).any()


# ---- states


@every_kind
@every_cell
@every_depth
def test_selected_rows_are_in_their_order_and_may_come_twice(kind, cell, num_layers):
    model, ids = made(kind, cell, num_layers), targets().values[:, 0]
    state = model.step(ids, model.initial_state(sources()))[1]
    rows = torch.tensor([2, 0, 2])
    found, _ = model.step(ids[rows], model.select(state, rows))
    expected, _ = model.step(ids, state)
    torch.testing.assert_close(found, expected[rows], atol=1e-6, rtol=1e-5)
    again = model.select(model.select(state, rows), torch.tensor([1, 1]))
    torch.testing.assert_close(model.step(ids[[0, 0]], again)[0], expected[[0, 0]], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", ["dot", None])
def test_rows_that_change_places_within_their_source_leave_its_memory_where_it_is(kind):
    model = made(kind)
    twice = model.select(model.initial_state(sources()), torch.tensor([0, 0, 1, 1]))
    rows = torch.tensor([1, 1, 3, 2])
    found, expected = model.reorder(twice, rows), model.select(twice, rows)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert [a is b for a, b in zip(found, twice, strict=True)][:4].count(True) == (4 if kind else 0)


# ---- embeddings, weights, dropout


def test_the_source_is_read_with_the_embedding_of_the_target_if_it_has_none_of_its_own():
    model = made(shared=True)
    names = [name for name, _ in model.named_parameters()]
    assert "source_embedding.weight" not in names
    assert "head.weight" not in names
    model.logits(model(targets(), model.initial_state(sources())).values)[..., 0].sum().backward()
    read = sources().values[sources().mask].unique()
    assert model.embedding.weight.grad[read].any(-1).all()


@pytest.mark.parametrize("kind", ["dot", "scaled_dot", "additive"])
def test_weights_say_where_each_step_looks(kind):
    model, source, tokens = made(kind, heads=2), sources(), targets()
    state = model.initial_state(source)
    weights = model.weights(tokens, state)
    assert weights.shape == (B, T, S)
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, T))
    assert not weights.masked_fill(source.mask.unsqueeze(1), 0).any()
    with pytest.raises(ValueError, match="the model has no attention"):
        made(None).weights(tokens, made(None).initial_state(source))


@every_kind
def test_dropout_is_the_same_at_all_steps_and_only_in_training(kind):
    dropped = {"input_dropout": 0.5, "layer_dropout": 0.5, "output_dropout": 0.5}
    model, tokens = made(kind, **dropped), targets(torch.full((B,), T))
    expected = made(kind)(tokens, made(kind).initial_state(sources())).values
    torch.testing.assert_close(model(tokens, model.initial_state(sources())).values, expected)
    model.train()
    gone = model(tokens, model.initial_state(sources())).values == 0  # (B, T, H)
    assert torch.equal(gone, gone[:, :1].expand_as(gone))
    assert 0 < gone.float().mean() < 1
    one, other = (model.initial_state(sources()) for _ in range(2))
    assert not torch.equal(one[-1], other[-1]), "inputs of the encoder are dropped too"


def test_what_is_dropped_between_layers_is_the_memory_and_what_upper_reads():
    model, source, tokens = made("dot", layer_dropout=0.5).train(), sources(), targets(torch.full((B,), T))
    before = made("dot").initial_state(source)
    state = model.initial_state(source)
    values = state[2]
    assert not torch.equal(values, before[2])
    real = source.mask.unsqueeze(-1) & (before[2] != 0)
    gone = (values == 0) & real
    assert torch.equal(gone, gone.any(1, keepdim=True) & real), "the same features at all steps"
    assert 0 < gone.sum() < real.sum()
    torch.testing.assert_close(state[4:], before[4:])  # the state that is handed over is whole
    outputs, again = (model(tokens, before).values for _ in range(2))
    assert not torch.equal(outputs, again), "upper reads less, with the memory as it is"
    alone = made("dot", num_layers=1, layer_dropout=0.5).train()
    assert torch.equal(
        alone(tokens, alone.eval().initial_state(source)).values, alone(tokens, alone.initial_state(source)).values
    )


# ---- what does not fit


def test_parts_that_do_not_fit_are_refused():
    def refused(told: str, **parts) -> None:
        plain = made(None)
        kept = {name: getattr(plain, name) for name in ("embedding", "encoder", "backbone", "head")}
        with pytest.raises(ValueError, match=told):
            EncoderDecoder(**{**kept, **parts})

    refused("written in one direction", backbone=Backbone(input_size=D, hidden_size=H, bidirectional=True))
    above = Backbone(input_size=H, hidden_size=H, cell="gru")
    refused("upper stands behind the attention, and there is none", upper=[above])
    refused("a state of gru cells cannot start lstm cells", backbone=Backbone(input_size=D, hidden_size=H, cell="lstm"))
    attention = Attention(query_size=H, memory_size=2 * E, attention_size=E)
    above = Backbone(input_size=H + 2 * E, hidden_size=H + 1, cell="gru")
    refused("must have the same cell and as many units", attention=attention, upper=[above])
