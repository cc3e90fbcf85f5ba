"""The classifier as a user holds it: raw in, raw out, saved, loaded, the same."""

from __future__ import annotations

import json
import shutil

import datasets
import numpy as np
import pytest
import torch

import seqtext
from seqtext.data.text.encoding import EncodingReport
from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.saving.folders import seal
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.rows import EncodedTexts

SIZES = {"hidden_size": 8, "embedding_size": 8, "vocabulary_size": 400}


@pytest.fixture(scope="module")
def classifier(topics) -> TopicClassifier:
    return TopicClassifier.from_data(topics["train"], cell="gru", **SIZES)


def test_predictions_name_labels_with_probabilities(classifier):
    [found] = classifier(["the ship sails"], top_k=3)
    assert found.label == found.top[0][0] in ("sea", "town", "wood")
    assert found.probability == found.top[0][1] == max(p for _, p in found.top)
    assert sum(p for _, p in found.top) == pytest.approx(1)


@pytest.mark.fault(45)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("long_texts", ["head", "tail", "mean"])
def test_a_text_alone_equals_the_text_among_others(topics, cell, long_texts):
    classifier = TopicClassifier.from_data(topics["train"], cell=cell, max_length=7, long_texts=long_texts, **SIZES)
    texts = ["", "   ", "ship", *topics["test"]["text"], "x " * 300, "🙂 ünknöwn\x00"]
    together = classifier(texts, top_k=3)
    for text, among_others in zip(texts, together, strict=True):
        [alone] = classifier([text], top_k=3)
        assert dict(alone.top) == pytest.approx(dict(among_others.top), abs=1e-5)


def test_vectors_are_those_before_the_head_in_the_order_of_the_texts(classifier, topics):
    vectors = classifier.encode_texts(topics["test"]["text"])
    assert vectors.shape == (60, classifier.model.pooling.output_size)
    with torch.inference_mode():
        labels = classifier.model.head(torch.from_numpy(vectors)).argmax(dim=1)
    assert [classifier.config.labels[i] for i in labels] == [p.label for p in classifier(topics["test"]["text"])]
    assert classifier.encode_texts([]).shape == (0, classifier.model.pooling.output_size)


@pytest.mark.fault(25)
def test_long_texts_keep_head_or_tail_or_are_read_whole(topics):
    def ids(policy: str) -> EncodedTexts:
        task = TopicClassifier.from_data(topics["train"], max_length=3, long_texts=policy, **SIZES)
        return task.encode(
            datasets.Dataset.from_dict({"text": ["the ship sails over waves towards an island"], "label": ["sea"]})
        )

    head, tail, mean = (ids(policy) for policy in ("head", "tail", "mean"))
    whole = mean.tokens[0].tolist()
    assert len(whole) > 6
    assert head.tokens[0].tolist() == whole[:3]
    assert tail.tokens[0].tolist() == whole[-3:]
    batch = mean.batch(np.array([0]))
    assert batch.tokens.lengths.max() <= 3
    read = [i for row, n in zip(batch.tokens.values, batch.tokens.lengths, strict=True) for i in row[:n].tolist()]
    assert read == whole
    assert batch.text_of.tolist() == [0] * len(batch.tokens.lengths)


def test_saved_and_loaded_is_the_same_to_the_bit(classifier, topics, tmp_path):
    classifier.save_pretrained(tmp_path / "model")
    for loaded in (seqtext.load(tmp_path / "model"), TopicClassifier.from_pretrained(tmp_path / "model")):
        assert loaded.config == classifier.config
        assert np.array_equal(
            loaded.encode_texts(topics["test"]["text"]), classifier.encode_texts(topics["test"]["text"])
        )
    classifier.save_pretrained(tmp_path / "again")
    for name in ("config.json", "model.safetensors", "tokenizer.model", "manifest.json"):
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model", "manifest.json"])
def test_a_damaged_file_is_refused_by_name(classifier, tmp_path, name):
    classifier.save_pretrained(tmp_path / "model")
    path = tmp_path / "model" / name
    good = path.read_bytes()
    for position in (0, len(good) // 2, len(good) - 2):
        path.write_bytes(good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
        with pytest.raises(SavedFileError, match=str(tmp_path / "model")):
            seqtext.load(tmp_path / "model")
    path.write_bytes(good[:-2])
    with pytest.raises(SavedFileError):
        seqtext.load(tmp_path / "model")
    path.unlink()
    with pytest.raises(SavedFileError, match=f"{name}: the file is missing"):
        seqtext.load(tmp_path / "model")


@pytest.mark.fault(65)
def test_what_leads_out_of_the_folder_is_never_opened(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    shutil.move(weights, tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SavedFileError, match="cannot be read"):
        seqtext.load(tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    manifest["files"]["../elsewhere"] = manifest["files"].pop("model.safetensors")
    (tmp_path / "model" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SavedFileError, match="leads out of the folder"):
        seqtext.load(tmp_path / "model")


def rewrite(folder, **changes):
    """Changes a saved config and mends the manifest, as somebody with bad intentions would."""
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))
    seal(folder)


@pytest.mark.fault(66)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 10**9}, r"--hidden_size is 1000000000; expected 1 to 16384"),
        ({"hidden_size": 16}, "expected F32"),
        ({"num_layers": 10**6}, "expected 1 to 64"),
        ({"cell": "os.system"}, r"key 'cell' is 'os.system'; expected one of rnn, gru, lstm"),
        ({"cel": "rnn"}, "unknown key 'cel'; did you mean 'cell'"),
        ({"task": "os.system"}, "task 'os.system'; expected one of TopicClassifier"),
        ({"labels": "abc"}, "key 'labels' is 'abc'"),
        ({"max_length": 1.5}, "key 'max_length' is 1.5"),
        ({"labels": ["a"]}, "expected at least two different names"),
    ],
)
def test_a_config_with_other_intentions_is_refused(classifier, tmp_path, changes, message):
    classifier.save_pretrained(tmp_path / "model")
    rewrite(tmp_path / "model", **changes)
    with pytest.raises((SavedFileError, OptionsError), match=message):
        seqtext.load(tmp_path / "model")


@pytest.mark.fault(44)
def test_weights_that_are_not_finite_are_refused(classifier, tmp_path):
    classifier.model.head.bias.data[0] = float("nan")
    try:
        classifier.save_pretrained(tmp_path / "model")
    finally:
        classifier.model.head.bias.data[0] = 0.0
    with pytest.raises(SavedFileError, match=r"'head\.bias' holds NaN"):
        seqtext.load(tmp_path / "model")


def test_starting_from_another_run_copies_what_fits(classifier, topics, tmp_path):
    classifier.save_pretrained(tmp_path / "first")
    rows = topics["train"].to_dict()
    other = datasets.Dataset.from_dict(
        {"text": rows["text"], "label": ["wet" if x == "sea" else "dry" for x in rows["label"]]}
    )
    tuned = TopicClassifier.from_data(other, init_from=tmp_path / "first", **{**SIZES, "cell": "gru"})
    assert tuned.config.labels == ("dry", "wet")
    assert tuned.tokenizer.model == classifier.tokenizer.model
    assert torch.equal(tuned.model.embedding.weight, classifier.model.embedding.weight)
    assert torch.equal(tuned.model.backbone.layers[0].weight_hh_l0, classifier.model.backbone.layers[0].weight_hh_l0)
    assert tuned.copied == "embedding, backbone, auxiliary copied; head new"
    plain = TopicClassifier.from_data(other, init_from=tmp_path / "first", word_prediction=0, cell="gru", **SIZES)
    assert plain.copied == "embedding, backbone copied; head new"
    same = TopicClassifier.from_data(topics["train"], init_from=tmp_path / "first", cell="gru", **SIZES)
    assert torch.equal(same.model.head.weight, classifier.model.head.weight)
    assert same.copied == "embedding, backbone, head, auxiliary copied; nothing new"
    with pytest.raises(OptionsError, match="--hidden_size is 9, but the run to start from has 8"):
        TopicClassifier.from_data(other, init_from=tmp_path / "first", hidden_size=9)
    with pytest.raises(OptionsError, match="--vocabulary_size is 300, but the run to start from has 400"):
        TopicClassifier.from_data(other, init_from=tmp_path / "first", vocabulary_size=300)


def test_settings_are_checked_by_name_and_value(topics):
    with pytest.raises(OptionsError, match="unknown setting 'hiden_size'; did you mean 'hidden_size'"):
        TopicClassifier.from_data(topics["train"], hiden_size=8)
    with pytest.raises(OptionsError, match="--head_dropout is 1.5; expected from 0 to below 1"):
        TopicClassifier.from_data(topics["train"], head_dropout=1.5)
    with pytest.raises(OptionsError, match="--activation is relu, which only --cell rnn takes, and --cell is gru"):
        TopicClassifier.from_data(topics["train"], cell="gru", activation="relu")


def test_the_activation_of_a_plain_cell_is_used_and_saved(topics, tmp_path):
    classifier = TopicClassifier.from_data(topics["train"], cell="rnn", activation="relu", **SIZES)
    assert classifier.model.backbone.layers[0].nonlinearity == "relu"
    classifier.save_pretrained(tmp_path / "model")
    assert np.array_equal(
        seqtext.load(tmp_path / "model").encode_texts(["the ship"]), classifier.encode_texts(["the ship"])
    )


def test_rows_that_are_not_one_split_on_disk_are_refused(classifier, topics):
    with pytest.raises(DataError, match=r"found a DatasetDict; .*pass one split, as data\['train'\]"):
        classifier.encode(topics)
    streaming = topics["train"].to_iterable_dataset()
    for use in (TopicClassifier.from_data, classifier.encode, lambda rows: classifier.split(rows, seed=0)):
        with pytest.raises(DataError, match="found a streaming data set"):
            use(streaming)


def test_balanced_classes_weigh_the_same(topics):
    few = topics["train"].select([i for i, x in enumerate(topics["train"]["label"]) if x != "sea" or i < 30])
    weights = TopicClassifier.from_data(few, balance_classes=True, **SIZES).config.class_weights
    counts = [list(few["label"]).count(name) for name in ("sea", "town", "wood")]
    assert [w * n for w, n in zip(weights, counts, strict=True)] == pytest.approx([len(few) / 3] * 3)


def test_the_same_rows_and_seed_give_the_same_classifier(topics):
    one, two = (TopicClassifier.from_data(topics["train"], seed=3, **SIZES) for _ in range(2))
    other = TopicClassifier.from_data(topics["train"], seed=4, **SIZES)
    assert one.tokenizer.sha256 == two.tokenizer.sha256
    assert all(torch.equal(a, b) for a, b in zip(one.model.parameters(), two.model.parameters(), strict=True))
    assert not torch.equal(one.model.head.weight, other.model.head.weight)


@pytest.mark.fault(10, 73)
def test_what_is_no_text_is_refused_with_its_place(classifier):
    with pytest.raises(DataError, match=r"text 2: found NoneType; expected a string"):
        classifier(["a", None])


def test_one_text_is_a_list_of_one(classifier):
    [found] = classifier("the ship sails")
    assert found == classifier(["the ship sails"])[0]
    assert list(classifier.predict("the ship sails")) == [found]
    assert classifier.encode_texts("the ship sails").shape == (1, classifier.model.pooling.output_size)


def test_all_labels_are_given_where_none_is_counted(classifier):
    [found] = classifier("the ship sails", top_k=None)
    assert {label for label, _ in found.top} == set(classifier.labels) == {"sea", "town", "wood"}
    assert sum(probability for _, probability in found.top) == pytest.approx(1)


def test_a_label_at_least_is_asked_for(classifier):
    with pytest.raises(OptionsError, match="top_k is 0; expected at least 1"):
        classifier(["a"], top_k=0)


def test_texts_read_in_windows_are_counted_and_their_real_lengths_told(topics):
    task = TopicClassifier.from_data(topics["train"], max_length=7, long_texts="mean", **SIZES)
    examples, report = task.encode_with_report(topics["test"])
    lengths = [len(ids) for ids in task.tokenizer.encode(topics["test"]["text"])]
    assert report.in_windows == sum(length > 7 for length in lengths) > 0
    assert report.cut == 0
    met = EncodingReport()
    list(task.predict(topics["test"]["text"], report=met))
    assert met.in_windows == report.in_windows
    assert examples.steps_in(np.arange(60)) == sum(lengths) == report.tokens
    plan = examples.plan(tokens=100, seed=0, micro_batches=1, max_rows=8)
    padded = sum(examples.batch(rows).tokens.values.numel() for [rows] in plan.epoch(0))
    assert plan.padding(plan.epoch(0)) == pytest.approx(1 - sum(lengths) / padded)


@pytest.mark.parametrize("long_texts", ["head", "mean"])
def test_hidden_words_of_a_text_weigh_as_much_as_its_label_however_it_is_batched(topics, long_texts, monkeypatch):
    settings = {"max_length": 5, "long_texts": long_texts, "embedding_dropout": 0.0, "head_dropout": 0.0, **SIZES}
    task = TopicClassifier.from_data(topics["train"], word_dropout=0.3, word_prediction=2.0, **settings)
    task.model.train()

    def every_third(tokens):  # hidden, not replaced
        return (tokens.values % 3 == 0) & tokens.mask

    hide = lambda tokens: (tokens, every_third(tokens).flatten().nonzero()[:, 0])  # noqa: E731
    monkeypatch.setattr(task.model.embedding, "hide", hide)
    examples, rows = task.encode(topics["train"]), np.arange(20)
    whole = task.loss(examples.batch(rows))
    parts = [task.loss(examples.batch(rows[cut])) for cut in (slice(0, 1), slice(1, 9), slice(9, 20))]
    torch.testing.assert_close(sum(part.sum for part in parts), whole.sum)
    torch.testing.assert_close(whole.rows.sum(), whole.sum.detach())
    batch = examples.batch(rows)
    task.model.auxiliary, words = None, task.model.auxiliary
    labels_only = task.loss(batch).rows
    hidden = every_third(batch.tokens)
    outputs, ids = task.model.read(batch.tokens).values[hidden], batch.tokens.values[hidden]
    _, guesses = words(outputs, ids, task.model.embedding.weight, torch.ones(len(ids)))
    by_hand = torch.zeros(20)
    for guess, window in zip(guesses, hidden.nonzero()[:, 0].tolist(), strict=True):
        text = window if batch.text_of is None else int(batch.text_of[window])
        by_hand[text] += 2.0 * guess.detach() / (0.3 * len(examples.tokens[text]))
    torch.testing.assert_close(whole.rows, labels_only + by_hand)
