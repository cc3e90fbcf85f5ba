"""The generator as a user holds it: a vector in, texts out; each text its own, with the model's own probability."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import datasets
import numpy as np
import pytest
import torch

import seqtext
from seqtext.batching.padded import Padded
from seqtext.data.tokenizer import BEGIN, END
from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.storage import read_folder
from seqtext.tasks import text_generator as module
from seqtext.tasks.conditions import asked, components
from seqtext.tasks.generator_settings import GeneratorConfig
from seqtext.tasks.generator_writing import Generated
from seqtext.tasks.text_generator import TextGenerator
from seqtext.tasks.topic_classifier import TopicClassifier

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


@pytest.fixture(scope="module")
def rows(topics) -> datasets.Dataset:
    """Texts with a label, a style and a dense vector."""
    train = topics["train"]
    styles = [["plain", "ornate", "plain", "terse"][number % 4] for number in range(len(train))]
    dense = np.random.default_rng(0).normal(size=(len(train), 5)) * [1, 10, 100, 1, 0] + 3
    return train.add_column("style", styles).add_column("dense", dense.tolist())


@pytest.fixture(scope="module")
def classifier(topics, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("classifier") / "model"
    TopicClassifier.from_data(topics["train"], hidden_size=4, embedding_size=8, vocabulary_size=400).save_pretrained(
        folder
    )
    return str(folder)


@pytest.fixture(scope="module")
def generator(rows) -> TextGenerator:
    return of(rows)


@pytest.fixture(scope="module")
def dense(rows) -> TextGenerator:
    return of(rows, vector_column="dense")


@pytest.fixture(scope="module")
def alike(rows, classifier) -> TextGenerator:
    return of(rows, vectors_from=classifier)


@pytest.fixture(scope="module")
def free(rows) -> TextGenerator:
    """A language model."""
    return of(rows, attributes=())


def vector_of(task: TextGenerator, request: object) -> list[float]:
    [made] = task(request, max_length=1)
    assert made.vector.dtype == np.float32
    return made.vector.tolist()


# ---- made from data


def test_the_label_column_makes_the_vector_where_there_is_no_doubt(generator, rows):
    config = generator.config
    assert (config.text_column, config.attributes, config.names) == ("text", ("label",), (("sea", "town", "wood"),))
    assert config.shares == (1 / 3, 1 / 3, 1 / 3)
    batch = generator.encode(rows).batch(np.array([0, 1, 5]))
    assert batch.vectors.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_several_attributes_make_one_vector(rows):
    task = of(rows, attributes=["label", "style"])
    assert task.config.names == (("sea", "town", "wood"), ("ornate", "plain", "terse"))
    assert task.config.shares == (1 / 3, 1 / 3, 1 / 3, 1 / 4, 1 / 2, 1 / 4)
    batch = task.encode(rows).batch(np.array([0, 4]))
    assert batch.vectors.tolist() == [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 1, 0]]
    assert vector_of(task, {"sea": 1, "terse": 2}) == [1, 0, 0, 0, 0, 1]
    assert vector_of(task, "wood") == [0, 0, 1, 0.25, 0.5, 0.25], "an attribute not named has its shares of training"
    expected = torch.tensor(task.config.shares[:3]).tolist()
    assert vector_of(task, {"terse": 1, "plain": 3}) == [*expected, 0, 0.75, 0.25]


def test_a_name_of_two_attributes_is_told_apart_by_its_column(rows):
    both = rows.add_column("answer", ["yes", "no"] * 150).add_column("wanted", ["no", "no", "yes"] * 100)
    task = of(both, attributes=["answer", "wanted"])
    assert vector_of(task, {"answer:yes": 1, "wanted:no": 1}) == [0, 1, 1, 0]
    with pytest.raises(OptionsError, match="'yes' is a value of several attributes; expected one of answer:yes, want"):
        task("yes")


def test_dense_vectors_are_scaled_by_their_own_and_given_back_as_they_were(dense, rows):
    values = np.array(rows["dense"][:])
    np.testing.assert_allclose(dense.config.means, values.mean(0), rtol=1e-5)
    np.testing.assert_allclose(dense.config.scales, [*values.std(0)[:4], 1], rtol=1e-5)
    read = dense.encode(rows).batch(np.arange(300)).vectors.numpy()
    np.testing.assert_allclose(read.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(read.std(0), [1, 1, 1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(vector_of(dense, values[7]), values[7], rtol=1e-5)
    [one] = dense(values[7], seed=4)
    assert dense(one.vector, seed=4)[0].text == one.text, "so it can be asked for again"


def test_a_classifier_makes_the_vectors_of_training_and_of_examples(alike, rows, classifier):
    text = rows["text"][3]
    [expected] = TopicClassifier.from_pretrained(classifier).encode_texts([text])
    [made] = alike(like=text, max_length=3)
    np.testing.assert_allclose(made.vector, expected, rtol=1e-4, atol=1e-6)
    assert np.array_equal(alike.vector_like(text), expected)
    read = alike.encode(rows).batch(np.arange(300)).vectors
    torch.testing.assert_close(read.mean(0), torch.zeros(read.shape[1]), atol=1e-5, rtol=0)
    assert alike(like=text, seed=3)[0].text == alike(expected, seed=3)[0].text


def test_without_a_vector_it_is_a_language_model(free, rows):
    assert free.config.vector_size == 0
    assert free.encode(rows).batch(np.arange(3)).vectors is None
    one, other = free(count=2)
    assert one.vector is None
    assert one.text != other.text
    assert set(free.evaluate(free.encode(rows))) == {"loss", "perplexity"}


def test_the_same_rows_and_seed_give_the_same_generator(rows):
    one, two = (TextGenerator.from_data(rows, seed=3, **SIZES) for _ in range(2))
    other = TextGenerator.from_data(rows, seed=4, **SIZES)
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), two.model.parameters(), strict=True))
    assert not torch.equal(one.model.embedding.weight, other.model.embedding.weight)


def test_starting_from_another_run_copies_what_fits(generator, rows, classifier, tmp_path):
    generator.save_pretrained(tmp_path / "first")
    same = TextGenerator.from_data(rows, init_from=tmp_path / "first", **SIZES)
    assert same.copied.endswith("copied; nothing new")
    assert same.tokenizer.sha256 == generator.tokenizer.sha256
    assert same("sea", seed=1)[0].text == generator("sea", seed=1)[0].text
    other = TextGenerator.from_data(rows, attributes=["style"], init_from=tmp_path / "first", cell="gru", **SIZES)
    assert torch.equal(other.model.embedding.weight, generator.model.embedding.weight)
    assert {"backbone", "to_input", "to_state", "no_vector"} <= set(other.copied.partition("; ")[2][:-4].split(", "))
    styles = TextGenerator.from_data(rows, attributes=["style"], init_from=tmp_path / "first", **SIZES)
    assert len(styles.config.shares) == len(generator.config.shares)  # as many names, but others
    assert [set(part.rpartition(" ")[0].split(", ")) for part in styles.copied.split("; ")] == [
        {"embedding", "backbone", "head"}, {"no_vector", "to_input", "to_state"}
    ]  # fmt: skip
    wide = TextGenerator.from_data(rows, init_from=tmp_path / "first", **{**SIZES, "hidden_size": 13})
    copied, new = (set(part.rpartition(" ")[0].split(", ")) for part in wide.copied.split("; "))
    assert {"embedding", "to_input", "no_vector"} <= copied
    assert {"backbone", "head", "to_state"} <= new
    assert torch.equal(wide.model.embedding.weight, generator.model.embedding.weight)
    with pytest.raises(OptionsError, match="--vocabulary_size is 300, but the run to start from has 400; leave"):
        TextGenerator.from_data(rows, init_from=tmp_path / "first", vocabulary_size=300)
    read = TextGenerator.from_data(rows, init_from=classifier, **SIZES)
    assert torch.equal(read.model.embedding.weight, TopicClassifier.from_pretrained(classifier).model.embedding.weight)


# ---- what can be asked for


def test_names_mixtures_and_raw_vectors(generator):
    assert vector_of(generator, "town") == [0, 1, 0]
    assert vector_of(generator, {"sea": np.float32(2), "wood": 6}) == [0.25, 0, 0.75]
    assert vector_of(generator, {"sea": 1e308, "wood": 1e308}) == [0.5, 0, 0.5]
    assert vector_of(generator, np.array([0.5, -2, 7])) == [0.5, -2, 7]
    assert vector_of(generator, torch.tensor([0.5, -2, 7])) == [0.5, -2, 7]
    assert generator(max_length=1)[0].vector is None


def test_a_list_is_answered_in_its_order_with_count_texts_for_each(generator):
    made = generator(["sea", None, MIXED, np.array([0, 1, 0])], count=2, max_length=6)
    found = [None if one.vector is None else one.vector.round(6).tolist() for one in made]
    mixed = torch.tensor([0.7, 0, 0.3]).tolist()
    expected = [[1, 0, 0], None, mixed, [0, 1, 0]]
    assert found == [vector and np.float32(vector).round(6).tolist() for vector in expected for _ in range(2)]
    assert generator([]) == []


def test_nothing_asked_for_is_the_same_alone_and_beside_something(generator):
    alone, _ = generator([None, None], seed=5)
    beside, _ = generator([None, "sea"], seed=5)
    assert alone == beside


def test_a_text_follows_what_is_asked_for_and_the_seed(generator):
    texts = {(name, seed): generator(name, seed=seed)[0].text for name in ("sea", "town", None) for seed in (1, 2)}
    assert len(set(texts.values())) == 6
    assert generator("sea", seed=1)[0].text == texts["sea", 1]
    many = generator("sea", count=30)
    assert len({one.text for one in many}) > 25


def test_greedy_texts_need_no_seed(generator):
    one, other = (generator("sea", temperature=0, seed=seed, max_length=15)[0] for seed in (1, 2))
    assert one.text == other.text


def test_a_start_begins_the_text_and_counts_to_the_limit(generator):
    ids = generator.tokenizer.encode(["the ship"])[0]
    for made in generator("sea", count=20, start="the ship", max_length=10):
        assert made.text.startswith("the ship")
        assert made.tokens <= 10 - len(ids)
        assert made.ended or made.tokens == 10 - len(ids)
    assert generator("sea", start="", seed=1)[0].text == generator("sea", start="  ", seed=1)[0].text


def test_a_text_that_ends_at_once_is_empty(rows):
    task = of(rows)
    task.model.head.bias.data[END] = 100.0
    [made] = task("sea")
    assert (made.text, made.tokens, made.ended) == ("", 1, True)
    assert made.log_probability == pytest.approx(0, abs=1e-3)


def test_the_limit_is_told(generator):
    made = generator("sea", count=40, max_length=3)
    assert {one.tokens for one in made if not one.ended} == {3}
    assert any(not one.ended for one in made)


def test_mixing_goes_from_one_to_the_other(generator, dense):
    vectors = [made.vector.tolist() for made in generator.mix("sea", {"town": 1}, steps=5, max_length=2)]
    assert vectors == [[1 - share, share, 0] for share in (0, 0.25, 0.5, 0.75, 1)]
    one, other = np.array([1.0, 20, 300, 4, 3]), np.array([0.0, -20, 0, 4, 3])
    vectors = [made.vector for made in dense.mix(one, other, steps=3, max_length=2)]
    np.testing.assert_allclose(vectors, [one, (one + other) / 2, other], rtol=1e-4, atol=1e-4)
    assert generator.mix("sea", "town", steps=2, seed=8)[0].text == generator(["sea", "town"], seed=8)[0].text


# ---- a row's text is its own


@pytest.mark.parametrize("settings", [{}, {"feedback": "zeros"}, {"cell": "gru", "num_layers": 2, "tied": False}])
@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_a_text_is_the_same_alone_and_in_any_company(rows, settings, guidance):
    task = of(rows, **settings)
    names = ["sea", "town", "wood"]
    requests = [{names[n % 3]: 1.0, names[(n + 1) % 3]: n / 70} for n in range(70)]
    asked = {"guidance": guidance, "start": "the ship", "seed": 3, "max_length": 20, "top_p": 0.95, "temperature": 0.9}
    whole = task(requests, **asked)
    assert len({one.text for one in whole}) > 40
    for size in (1, 5, 69):
        part = task(requests[:size], **asked)
        assert [one.text for one in part] == [one.text for one in whole[:size]]
        scores = [torch.tensor([one.log_probability for one in some]) for some in (part, whole[:size])]
        assert torch.equal(*scores)
        assert [one[2:4] for one in part] == [one[2:4] for one in whole[:size]]


# ---- the probability of a text


@pytest.mark.parametrize(
    ("settings", "request_", "choices"),
    [
        ({}, "sea", {}),
        ({}, MIXED, {"guidance": 3.0, "temperature": 0.7, "top_k": 50}),
        ({"feedback": "zeros"}, "wood", {"guidance": 2.0, "top_p": 0.9, "repetition_penalty": 1.2}),
        ({"attributes": ()}, None, {"temperature": 0.5, "no_repeat_ngram": 2}),
        ({"cell": "rnn", "num_layers": 2, "tied": False}, None, {"guidance": 0.5}),
    ],
)
def test_the_log_probability_is_that_of_the_model_reading_the_text(rows, settings, request_, choices, monkeypatch):
    task, decoded = of(rows, **settings), []

    def listened(*arguments, **keywords):
        decoded.append(real(*arguments, **keywords))
        return decoded[-1]

    real = module.sample
    monkeypatch.setattr(module, "sample", listened)
    made = task(request_, count=30, start="the ship", max_length=7, seed=2, **choices)
    assert {one.ended for one in made} == {True, False}
    beginning = task.tokenizer.encode(["the ship"])[0]
    model = task.model
    for one, ids in zip(made, decoded[0].ids, strict=True):
        text = [*beginning, *ids, *([END] if one.ended else [])]
        read = torch.tensor([[BEGIN, *text[:-1]]])
        pure, weights = [None], [1.0]
        if model.vector_size:
            pure = [model.no_vector[None]]
        if one.vector is not None:
            parts, shares = components(torch.from_numpy(one.vector), task.config)
            pure, weights = list(parts.split(1)), shares.tolist()
        with torch.no_grad():
            mixed = 0.0
            for vector, weight in zip(pure, weights, strict=True):
                outputs, _ = model(Padded(read, torch.tensor([len(text)])), model.start(vector, 1))
                mixed += weight * model.head(outputs.values[0], model.embedding.weight).log_softmax(-1)
            scores = mixed.log_softmax(-1)
        written = scores.gather(1, torch.tensor(text)[:, None])[len(beginning) :]
        assert one.tokens == len(written)
        assert one.log_probability == pytest.approx(float(written.sum()), abs=1e-3, rel=1e-5)
        assert one.text == task.tokenizer.decode([*beginning, *ids])


# ---- losses


def texts(*given: str) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"text": list(given), "label": ["sea", "town", "wood"] * (len(given) // 3)})


LONG = texts("", "the ship sails over waves " * 3, "deer", "a tram passes", "", "gulls follow the ship")


def summed(losses) -> tuple[float, float, list[float]]:
    losses = list(losses)
    total = sum(float(loss.sum.detach()) for loss in losses)
    return total, sum(float(loss.count) for loss in losses), sum(loss.rows for loss in losses).tolist()


@pytest.mark.parametrize("settings", [{}, {"feedback": "zeros"}, {"cell": "rnn"}, {"attributes": ()}])
@pytest.mark.parametrize("length", [1, 4, 7])
def test_windows_have_the_loss_of_the_whole(rows, settings, length):
    task = of(rows, **settings)
    batch = task.encode(LONG).batch(np.arange(6))
    one = list(task.losses(batch))
    assert len(one) == 1
    task.config = replace(task.config, max_length=length)
    windows = list(task.losses(batch))
    assert len(windows) == -(-int(batch.tokens.lengths.max()) // length)
    (total, count, by_row), expected = summed(windows), summed(one)
    assert total == pytest.approx(expected[0], rel=1e-5)
    assert count == expected[1] == task.encode(LONG).steps_in(np.arange(6))
    assert by_row == pytest.approx(expected[2], rel=1e-5)
    assert sum(by_row) == pytest.approx(total, rel=1e-5)


def test_the_gradient_of_a_window_stops_at_its_start(rows):
    task = of(rows, max_length=3)
    batch = task.encode(LONG).batch(np.arange(6))
    for loss in task.losses(batch):
        loss.sum.backward()  # would fail if the graph of the window before were needed
    assert all(torch.isfinite(p.grad).all() for p in task.model.parameters() if p.grad is not None)


def test_micro_batches_add_up(generator, rows):
    examples = generator.encode(rows)
    whole = summed(generator.losses(examples.batch(np.arange(30))))
    parts = [summed(generator.losses(examples.batch(np.arange(*cut)))) for cut in ((0, 1), (1, 9), (9, 30))]
    assert sum(part[0] for part in parts) == pytest.approx(whole[0], rel=1e-5)
    assert sum(part[1] for part in parts) == whole[1]
    assert [row for part in parts for row in part[2]] == pytest.approx(whole[2], rel=1e-4)


def test_an_empty_text_is_its_end_alone(generator):
    examples = generator.encode(texts("", "", ""))
    batch = examples.batch(np.arange(3))
    assert examples.lengths.tolist() == [1, 1, 1]
    assert batch.tokens.lengths.tolist() == [1, 1, 1]
    generator.model.head.bias.data[END] += (far := 30.0)
    try:
        [_, score, *_] = generator("sea")[0]
        assert generator("sea")[0].text == ""
    finally:
        generator.model.head.bias.data[END] -= far
    assert score == pytest.approx(0, abs=1e-3)
    state = generator.model.start(batch.vectors, 3)
    outputs, _ = generator.model.step(torch.full((3,), BEGIN), state)
    expected = -generator.model.head(outputs, generator.model.embedding.weight).log_softmax(-1)[:, END]
    [loss] = generator.losses(batch)
    assert loss.rows.tolist() == pytest.approx(expected.tolist(), rel=1e-5)


def test_what_is_read_is_one_step_behind_what_is_written(generator):
    batch = generator.encode(texts("the ship sails", "", "deer")).batch(np.arange(3))
    for row, text in enumerate(("the ship sails", "", "deer")):
        ids = [] if not text else generator.tokenizer.encode([text])[0]
        length = int(batch.tokens.lengths[row])
        assert batch.tokens.values[row, :length].tolist() == [BEGIN, *ids]
        assert batch.targets[row, :length].tolist() == [*ids, END]


def test_evaluation_is_the_mean_loss_of_a_token_with_the_vector_and_without(generator, rows, monkeypatch):
    examples = generator.encode(rows)
    total, count, _ = summed(generator.losses(examples.batch(np.arange(300))))
    figures = generator.evaluate(examples)
    assert figures["loss"] == pytest.approx(total / count, rel=1e-5)
    assert figures["perplexity"] == pytest.approx(np.exp(total / count), rel=1e-4)
    assert figures["perplexity_without_vector"] != pytest.approx(figures["perplexity"], rel=1e-3)
    generator.model.no_vector.data, kept = torch.tensor([1.0, 0, 0]), generator.model.no_vector.data
    try:
        sea = rows.filter(lambda row: row["label"] == "sea")
        same = generator.evaluate(generator.encode(sea))
    finally:
        generator.model.no_vector.data = kept
    assert same["perplexity_without_vector"] == pytest.approx(same["perplexity"], rel=1e-6)
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", 64)
    assert generator.evaluate(examples)["loss"] == pytest.approx(figures["loss"], rel=1e-5)


def test_any_stands_for_the_vector_of_some_rows_in_training_alone(rows):
    task = of(rows, vector_dropout=0.5)
    batch = task.encode(rows).batch(np.arange(300))
    assert task._gone(batch) is None
    task.model.train()
    torch.manual_seed(0)
    gone = task._gone(batch)
    assert gone is not None
    assert 100 < int(gone.sum()) < 200
    task.model.eval()
    [mixed], [own] = ([task.loss(batch, gone=mask)[0]] for mask in (gone, None))
    [any_of] = task.losses(batch._replace(vectors=task.model.no_vector.expand_as(batch.vectors)))
    assert torch.allclose(mixed.rows, torch.where(gone.flatten(), any_of.rows, own.rows), rtol=1e-5)


def test_the_vector_learns_from_every_window(rows):
    task = of(rows, max_length=3, vector_dropout=0.0)
    batch = task.encode(LONG).batch(np.arange(6))
    for number, loss in enumerate(task.losses(batch)):
        task.model.zero_grad()
        loss.sum.backward()
        assert task.model.to_input.weight.grad.abs().sum() > 0, f"window {number}"
        state = task.model.to_state.weight.grad  # the state before a later window is of the past, and cut off
        assert (number == 0) == (state is not None and bool(state.abs().sum() > 0))


def test_a_mixture_is_made_of_vectors_that_training_had(generator, rows):
    def parts(request):
        pure, weights = components(asked(request, generator.config), generator.config)
        return [(one.tolist(), pytest.approx(weight)) for one, weight in zip(pure, weights.tolist(), strict=True)]

    assert parts({"sea": 0.7, "wood": 0.3}) == [([1, 0, 0], 0.7), ([0, 0, 1], 0.3)]
    assert parts("town") == [([0, 1, 0], 1.0)]
    assert parts(np.array([0.5, 0.5, 0.0])) == [([1, 0, 0], 0.5), ([0, 1, 0], 0.5)]
    shares = generator.config.shares
    usual = dict(zip(generator.config.names[0], shares, strict=True))
    assert [weight for _, weight in parts(usual)] == list(shares), (
        "what was asked for, though it is what training had on average"
    )
    assert parts(np.array([2.0, -1.0, 0.0])) == [([2, -1, 0], 1.0)]  # no mixture: taken as it is
    two = of(rows, attributes=["label", "style"])
    mixed = {"label:sea": 0.5, "label:town": 0.5, "style:terse": 1.0}
    pure, weights = components(asked(mixed, two.config), two.config)
    assert weights.tolist() == [0.5, 0.5]
    assert pure[:, 3:].tolist() == [[0, 0, 1]] * 2
    pure, _ = components(
        asked("terse", two.config), two.config
    )  # what is not asked for stays as training had it on average
    assert pure[:, :3].tolist() == [pytest.approx(two.config.shares[:3])]


def test_a_text_is_the_same_among_mixtures_and_alone(generator):
    requests = ["sea", {"sea": 0.6, "town": 0.4}, None, {"sea": 1, "town": 1, "wood": 1}]
    together = generator(requests, seed=3, count=2)
    for place, request_ in enumerate(requests):
        before = [requests[0]] * place  # the place counts, the neighbours do not
        alone = generator([*before, request_], seed=3, count=2)[2 * place :]
        assert [(one.text, one.log_probability) for one in alone] == [
            (one.text, one.log_probability) for one in together[2 * place : 2 * place + 2]
        ]


def test_any_begins_as_the_mixture_of_the_training_rows(rows):
    task = TextGenerator.from_data(rows, **SIZES)
    assert task.model.no_vector.tolist() == pytest.approx(task.config.shares)


def test_label_smoothing_is_of_training_alone(rows):
    task = of(rows, label_smoothing=0.3)
    batch = task.encode(rows).batch(np.arange(8))
    plain = summed(of(rows).losses(batch))[0]
    assert summed(task.losses(batch))[0] == pytest.approx(plain, rel=1e-6)
    task.model.train()
    for part in task.model.modules():
        if "Dropout" in type(part).__name__:
            part.eval()
    task.config = replace(task.config, vector_dropout=0.0)
    assert summed(task.losses(batch))[0] != pytest.approx(plain, rel=1e-3)


def test_subword_sampling_cuts_words_anew(rows):
    task = of(rows, subword_sampling=True)
    assert task.encodes_each_epoch
    one, two, again = (task.encode(rows, sampling_seed=seed).lengths.tolist() for seed in (1, 2, 1))
    assert one == again != two


def test_resumed_equals_uninterrupted_to_the_bit_in_windows_too(rows, topics, tmp_path):
    def new() -> TextGenerator:
        return TextGenerator.from_data(rows, max_length=6, num_layers=2, subword_sampling=True, **SIZES)

    def trained(task: TextGenerator, run: str, **options: object) -> None:
        options = {"epochs": 3, "batch_tokens": 900, "accumulate": 2, "device": "cpu", "precision": "bf16", **options}
        seqtext.fit(task, rows, topics["validation"], run=tmp_path / run, learning_rate=0.01, **options)

    def stopping(examples, **how):
        if (tmp_path / "stopped" / "model").is_dir():
            raise KeyboardInterrupt
        return evaluate(examples, **how)

    trained(new(), "whole")
    stopped = new()
    evaluate, stopped.evaluate = stopped.evaluate, stopping
    with pytest.raises(KeyboardInterrupt):
        trained(stopped, "stopped")
    trained(new(), "stopped", resume=True)
    for name in ("model/model.safetensors", "metrics.jsonl"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes()
    losses = [json.loads(line) for line in (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()]
    validations = [line["validation"]["loss"] for line in losses if "validation" in line]
    assert validations[0] > validations[-1]


# ---- saved


@pytest.mark.parametrize("kind", ["generator", "dense", "alike", "free"])
def test_saved_and_loaded_is_the_same_to_the_bit(kind, request, tmp_path):
    task = request.getfixturevalue(kind)
    task.save_pretrained(tmp_path / "model")
    for loaded in (seqtext.load(tmp_path / "model"), TextGenerator.from_pretrained(tmp_path / "model")):
        assert loaded.config == task.config
        one, other = (some(None, count=3, guidance=2.0, seed=1) for some in (loaded, task))
        assert one == other
        if kind == "alike":
            assert np.array_equal(loaded.vector_like("the ship"), task.vector_like("the ship"))
            assert loaded(like="the ship", seed=1)[0].text == task(like="the ship", seed=1)[0].text
    task.save_pretrained(tmp_path / "again")
    names = set(read_folder(tmp_path / "model"))
    assert names == {"config.json", "model.safetensors", "tokenizer.model"} | (
        {"encoder-config.json", "encoder-model.safetensors", "encoder-tokenizer.model"} if kind == "alike" else set()
    )
    for name in [*names, "manifest.json"]:
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_another_task_is_refused(classifier):
    with pytest.raises(SavedFileError, match="a TopicClassifier; expected a TextGenerator"):
        TextGenerator.from_pretrained(classifier)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attributes": ("a",)}, "1 attributes with 0 values, 0 shares"),
        ({"attributes": ("a",), "names": (("x", "y"),), "shares": (0.5, float("nan"))}, "not finite"),
        ({"means": (0.0,), "scales": (0.0,)}, "a scale that is not above 0"),
        ({"feedback": "zeros"}, "--feedback zeros reads nothing but the vector, and there is none; give --vector"),
        ({"max_length": 0, "label_smoothing": 1.0}, "2 options:\n.*--max_length is 0.*\n.*--label_smoothing is 1.0"),
        ({"hidden_size": 10**9}, "--hidden_size is 1000000000; expected 1 to 16384"),
    ],
)
def test_a_config_that_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(OptionsError, match=message):
        GeneratorConfig(**changes)


# ---- bad input

# fmt: off
ASKED = {
    "an unknown topic": (("tpwn",), {}, "unknown topic 'tpwn'; expected one of sea, town, wood; did you mean 'town'[?]"),
    "one of several": (({"sea": 1, "forest": 1},), {}, "unknown topic 'forest'; expected one of sea, town, wood"),
    "a negative weight": (({"sea": -1},), {}, "weight of 'sea' is -1; expected a finite number, 0 or more"),
    "all weights 0": (({"sea": 0, "town": 0.0},), {}, "the weights of sea, town are all 0; expected one above 0"),
    "a weight of NaN": (({"sea": float("nan")},), {}, "weight of 'sea' is nan; .*"),
    "an endless weight": (({"sea": float("inf")},), {}, "weight of 'sea' is inf; .*"),
    "a weight that is no number": (({"sea": "much"},), {}, "weight of 'sea' is 'much'; .*"),
    "a topic twice": (({"sea": 1, "label:sea": 1},), {}, "'sea' is asked for twice"),
    "a vector of the wrong size": ((np.zeros(4),), {}, "asked for a vector of 4 numbers; expected .* 3 finite numbers"),
    "a vector with NaN": ((np.array([0, np.nan, 1]),), {}, r"asked for array\(.*nan.*\); expected .* 3 finite numbers"),
    "a vector out of range": ((np.array([0, 1e300, 1]),), {}, r"asked for array\(.*\); expected .*"),
    "a matrix": ((np.zeros((3, 3)),), {}, r"asked for array\(.*; expected .*"),
    "a number": ((7,), {}, "asked for 7; expected a name, names with weights, or 3 finite numbers"),
    "a long start": (("sea",), {"start": "the ship sails over", "max_length": 3},
                     r"the start has \d+ tokens; expected fewer than the limit of 3; raise --max_length"),
    "no limit": (("sea",), {"max_length": 0}, "--max_length is 0; expected from 1 to 100,000"),
    "a limit too high": (("sea",), {"max_length": 10**9}, "--max_length is 1000000000; expected from 1 to 100,000"),
    "count 0": (("sea",), {"count": 0}, "count is 0; expected at least 1"),
    "a cold temperature": (("sea",), {"temperature": -0.5}, "--temperature is -0.5; expected 0 or more; 0 is greedy"),
    "top_p of 0": (("sea",), {"top_p": 0}, "--top_p is 0; expected above 0, at most 1"),
    "top_p beyond 1": (("sea",), {"top_p": 1.1}, "--top_p is 1.1; .*"),
    "top_p of NaN": (("sea",), {"top_p": float("nan")}, "--top_p is nan; .*"),
    "endless guidance": (("sea",), {"guidance": float("inf")}, "guidance is inf; expected a finite number"),
    "several at once": (("sea",), {"temperature": -1, "top_k": -1, "min_p": 1},
                        "3 options:\n  --temperature is -1.*\n  --top_k is -1.*\n  --min_p is 1.*"),
    "like without a classifier": ((), {"like": "x"}, "the model cannot make the vector of a text; train with .*"),
    "like and a topic": (("sea",), {"like": "x"}, "a request and like were both given; give one of them"),
}
# fmt: on


@pytest.mark.parametrize("case", ASKED)
def test_what_cannot_be_asked_for_is_told(generator, case):
    asked, choices, message = ASKED[case]
    with pytest.raises(OptionsError) as caught:
        generator(*asked, **choices)
    assert re.fullmatch(message, str(caught.value)), str(caught.value)


def test_what_has_no_names_or_no_vector_says_so(dense, free, generator):
    with pytest.raises(OptionsError, match="the model's vectors have no names; give a vector"):
        dense("sea")
    with pytest.raises(OptionsError, match="the model is a language model without a vector; ask for nothing"):
        free("sea")
    with pytest.raises(OptionsError, match="steps is 1; expected at least 2"):
        generator.mix("sea", "town", steps=1)
    with pytest.raises(OptionsError, match="nothing to mix; expected two names or vectors"):
        generator.mix("sea", None)


def with_cell(rows: datasets.Dataset, column: str, row: int, value: object) -> datasets.Dataset:
    values = rows[column][:]
    values[row - 1] = value
    return rows.remove_columns(column).add_column(column, values)


def test_an_attribute_with_missing_cells_is_told_by_its_rows(rows, generator):
    for value in (None, ""):
        bad = with_cell(rows, "style", 17, value)
        with pytest.raises(
            DataError, match=r"column 'style': found no value \(.*\) in row 17 of 300; .*; fill them in"
        ):
            of(bad, attributes=["label", "style"])
        with pytest.raises(DataError, match=r"column 'label': found no value \(.*\) in row 17 of 300"):
            generator.encode(with_cell(rows, "label", 17, value))


def test_a_value_that_training_never_had_is_told_by_the_row_it_was_loaded_from(rows, generator):
    bad = with_cell(rows, "label", 17, "desert").select(range(10, 40, 2))
    with pytest.raises(DataError, match=r"row 17, column 'label': found 'desert', which training never had; .* sea, t"):
        generator.encode(bad)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "found None; expected a list of 5 finite numbers"),
        ([1.0, 2.0], r"found \[1.0, 2.0\] \(2 numbers\); expected a list of 5 finite numbers"),
        ([1.0, 2.0, None, 1.0, 1.0], "found .*None.*; expected a list of 5 finite numbers"),
        ([1.0, 2.0, float("nan"), 1.0, 1.0], "found .*nan.*; expected a list of 5 finite numbers"),
        ([1.0, 2.0, 1e300, 1.0, 1.0], "found .*1e[+]300.*; expected a list of 5 finite numbers"),
        ([], r"found \[\]; expected a list of 5 finite numbers"),
    ],
)
def test_a_vector_that_is_none_is_told_by_the_row_it_was_loaded_from(rows, dense, value, told):
    bad = with_cell(rows, "dense", 17, value).select(range(10, 40, 2))
    for use in (lambda: of(bad, vector_column="dense"), lambda: dense.encode(bad)):
        with pytest.raises(DataError, match=f"row 17, column 'dense': {told}"):
            use()


def test_vectors_of_another_size_than_training_had_are_refused(rows, dense):
    shorter = rows.remove_columns("dense").add_column("dense", [[1.0, 2.0]] * 300)
    with pytest.raises(DataError, match=r"row 1, column 'dense': found .* \(2 numbers\); expected a list of 5 finite"):
        dense.encode(shorter)
    with pytest.raises(
        DataError, match="row 1, column 'text': found .*; expected a list of one or more finite numbers"
    ):
        of(rows, vector_column="text")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"attributes": ["label"], "vector_column": "dense"},
            "several ways to make the vectors; give one of --attributes, ",
        ),
        ({"vectors_from": "x", "vector_column": "dense"}, "several ways to make the vectors"),
        ({"attributes": ["lable"]}, "no column 'lable' among .*; did you mean 'label'?"),
        ({"vector_column": "densse"}, "no column 'densse' among .*; did you mean 'dense'?"),
        (
            {"attributes": ["text"], "text_column": "text"},
            "attributes text of texts in 'text'; expected different columns",
        ),
        ({"attributes": ["style", "style"]}, "attributes style, style of texts in 'text'; expected different columns"),
        ({"hiden_size": 8}, "unknown setting 'hiden_size'; did you mean 'hidden_size'"),
        ({"output_dropout": 1.0}, "--output_dropout is 1.0; expected from 0 to below 1"),
        ({"feedback": "zeros", "attributes": ()}, "--feedback zeros reads nothing but the vector, and there is none"),
        ({"vectors_from": "no/folder/there"}, "no/folder/there"),
    ],
)
def test_what_a_generator_cannot_be_made_of_is_told(rows, settings, message):
    with pytest.raises((OptionsError, DataError, SavedFileError), match=message):
        TextGenerator.from_data(rows, **{**SIZES, **settings})


def test_without_a_clear_label_the_ways_to_go_on_are_told(rows):
    with pytest.raises(
        DataError, match="no column is clearly the label among .*; pass --attributes NAME, or --vector no"
    ):
        TextGenerator.from_data(rows.remove_columns(["label", "style", "dense"]), **SIZES)


def test_rows_that_are_not_one_split_on_disk_are_refused(generator, topics):
    for use in (TextGenerator.from_data, generator.encode, lambda rows: generator.split(rows, seed=0)):
        with pytest.raises(DataError, match=r"found a DatasetDict; .*pass one split"):
            use(topics)


def test_what_is_given_back_is_named():
    assert Generated._fields == ("text", "log_probability", "tokens", "ended", "vector")
