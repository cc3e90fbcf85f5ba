"""`LanguageModel`: how likely texts are, alone and in a batch, saved and opened, of either kind of token and direction."""

from __future__ import annotations

import datasets
import numpy as np
import pytest
import torch

import seqtext
from seqtext.errors import DataError, NumericsError, OptionsError, SavedFileError
from seqtext.nn import sampled_loss
from seqtext.nn.sampled_loss import sampled_by_default
from seqtext.saving.folders import read_folder
from seqtext.tasks.language_model import scoring
from seqtext.tasks.language_model.language_model import LanguageModel
from tests.tasks.language_model.models import PLAIN, SIZES, made, rows

TEXTS = ["the ship sails", "", "under old oak trees a deer drinks from the brook and owls wait", "zebra"]
KINDS = [{}, {"directions": "forward", "num_layers": 2}, {"directions": "backward", "cell": "gru"}, {"tokens": "words"}]


@pytest.mark.parametrize("cache", [0, 5])
@pytest.mark.parametrize("settings", KINDS)
def test_alone_equals_in_a_batch_and_saved_equals_opened(settings, cache, tmp_path):
    task = made(**settings)
    together = task(TEXTS, by_token=True, cache=cache)
    for text, found in zip(TEXTS, together, strict=True):
        [alone] = task([text], by_token=True, cache=cache)
        assert alone.log_probability == pytest.approx(found.log_probability, abs=1e-4)
        assert sum(log for _, log in found.by_token) == pytest.approx(found.log_probability, abs=1e-4)
        assert len(found.by_token) == found.tokens
        assert found.text == text
    task.save_pretrained(tmp_path / "model")
    again = LanguageModel.from_pretrained(tmp_path / "model")
    assert again(TEXTS, by_token=True, cache=cache) == together
    assert again.config == task.config
    again.save_pretrained(tmp_path / "again")
    assert read_folder(tmp_path / "again") == read_folder(tmp_path / "model")
    assert isinstance(seqtext.load(tmp_path / "model"), LanguageModel)


@pytest.mark.parametrize("cache", [0, 20])
@pytest.mark.parametrize("settings", KINDS)
def test_a_text_longer_than_is_read_at_once_is_scored_the_same(settings, cache, monkeypatch):
    task = made(**settings)
    texts = [" ".join(TEXTS * times) for times in (1, 9, 3)]
    whole = task(texts, cache=cache)
    assert not cache or whole[1].perplexity < 0.9 * task(texts)[1].perplexity, "what is said nine times"
    monkeypatch.setattr(scoring, "WINDOW", 7)
    for one, other in zip(task(texts, cache=cache), whole, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, rel=1e-5)


def test_a_text_is_as_likely_as_the_model_of_each_direction_says():
    both = made()
    [found] = both(["the ship sails over"], by_token=True)
    ids = both.tokenizer.encode(["the ship sails over"])[0]
    logs = []
    for reverse in (False, True):
        order = ids[::-1] if reverse else ids
        read = torch.tensor([[2, *order]])
        outputs, _ = both.model.read(seqtext.Padded(read, torch.tensor([read.shape[1]])), reverse=reverse)
        head = both.model.reverse_head if reverse else both.model.head
        each = torch.log_softmax(head(outputs.values[0], both.model.embedding.weight), dim=1)
        log = each[torch.arange(len(order) + 1), torch.tensor([*order, 3])].tolist()
        logs.append([*log[-2::-1], log[-1]] if reverse else log)
    for (_, log), one, other in zip(found.by_token, *logs, strict=True):
        assert log == pytest.approx((one + other) / 2, abs=1e-4)


def test_probabilities_of_all_next_tokens_sum_to_one():
    task = made(directions="forward")
    total = sum(np.exp(log) for log in task.model.head(
        task.model.read(seqtext.Padded(torch.tensor([[2]]), torch.tensor([1])))[0].values[0], task.model.embedding.weight
    ).log_softmax(1)[0].tolist())  # fmt: skip
    assert total == pytest.approx(1.0, abs=1e-5)


def test_figures_of_a_text():
    task = made(tokens="words")
    [found, empty] = task(["the  ship ", ""])
    assert (found.tokens, found.words) == (3, 3)
    assert found.perplexity == pytest.approx(np.exp(-found.log_probability / 3))
    assert found.perplexity == found.perplexity_per_word
    assert (found.bytes, found.bits_per_byte) == (None, None), "what an unknown word was is never said"
    assert (empty.tokens, empty.words) == (1, 1)
    [found, empty] = made()(["the  ship ", ""])
    assert (found.bytes, empty.bytes) == (8, 0)
    assert found.bits_per_byte == pytest.approx(-found.log_probability / np.log(2) / 8)
    assert task([]) == []
    assert task("the ship") == task(["the ship"])
    with pytest.raises(DataError, match="text 2: found int"):
        task(["the ship", 3])


def test_it_begins_with_how_often_each_token_comes():
    train = rows()
    task = LanguageModel.from_data(train, **SIZES)
    for head in (task.model.head, task.model.reverse_head):
        shares = head.bias.detach().exp()
        assert float(shares.sum()) == pytest.approx(1.0, abs=1e-3)
        [the] = task.tokenizer.encode(["the"])[0]
        assert shares[the] > 3 * shares.median()


def test_defaults_are_those_of_what_starts_from_it():
    assert LanguageModel.from_data(rows(), vocabulary_size=300).config.hidden_size == 256
    for settings in ({"directions": "forward"}, {"num_layers": 2}, {"tokens": "words"}, {"directions": "backward"}):
        config = LanguageModel.from_data(rows(), vocabulary_size=300, embedding_size=8, **settings).config
        assert config.directions == settings.get("directions", "forward")
        assert config.hidden_size == 512


def test_training_samples_large_vocabularies_alone(monkeypatch):
    assert [sampled_by_default(size) for size in (8192, 8193, 50_000)] == [0, 4096, 4096]
    assert LanguageModel.from_data(rows(), vocabulary_size=300).config.sampled_softmax == 0
    monkeypatch.setattr(sampled_loss, "SAMPLED", 100)
    assert LanguageModel.from_data(rows(), vocabulary_size=300).config.sampled_softmax == 100
    assert LanguageModel.from_data(rows(), vocabulary_size=300, sampled_softmax=0).config.sampled_softmax == 0
    assert LanguageModel.from_data(rows(), vocabulary_size=300, label_smoothing=0.1).config.sampled_softmax == 0


@torch.no_grad()
def test_each_direction_draws_tokens_in_training_and_is_measured_by_all():
    task = made(sampled_softmax=50, **PLAIN)
    examples = task.encode(rows())
    batch = examples.batch(np.arange(len(examples)))
    task.model.train()
    one, other = ([float(loss.sum) for loss in task.losses(batch)] for _ in range(2))
    assert len(one) == 2
    assert all(a != b for a, b in zip(one, other, strict=True))
    task.model.eval()
    one, other = ([float(loss.sum) for loss in task.losses(batch)] for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"directions": "both", "num_layers": 2}, "--directions both has one layer, and --num_layers is 2"),
        ({"tokens": "words", "subword_sampling": True}, "--subword_sampling cuts words into pieces"),
        ({"sampled_softmax": 1}, "--sampled_softmax is 1; expected 2 or more, or 0 for all"),
        ({"sampled_softmax": 50, "label_smoothing": 0.1}, "--label_smoothing is spread over all tokens, of which"),
        ({"warm_up": -1}, "--warm_up is -1; expected 0 to"),
        ({"output_dropout": 1.0}, "--output_dropout is 1.0"),
        ({"directions": "sideways"}, "--directions is 'sideways'"),
        ({"hiden_size": 3}, "unknown setting 'hiden_size'; did you mean 'hidden_size'"),
        ({"tokens": "words", "vocabulary_size": 4}, "--vocabulary_size 4 is too small"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, told):
    with pytest.raises(OptionsError, match=told):
        LanguageModel.from_data(rows(), **settings)


def test_texts_that_cannot_be_used_are_refused_with_their_row():
    broken = datasets.Dataset.from_dict({"text": ["a", None, "b"]})
    with pytest.raises(DataError, match="row 2"):
        LanguageModel.from_data(broken)
    with pytest.raises(DataError, match="all are empty"):
        LanguageModel.from_data(datasets.Dataset.from_dict({"text": ["", " "]}), tokens="words")


def test_a_single_short_text_can_be_learnt_and_measured(tmp_path):
    one = datasets.Dataset.from_dict({"text": ["the ship"]})
    task = LanguageModel.from_data(one, tokens="words", **{**SIZES, **PLAIN})
    result = seqtext.fit(task, one, one, run=tmp_path / "run", epochs=40, learning_rate=0.05, ema_decay=0.0, threads=1)
    assert result.validation["perplexity"] < 1.6


def test_fit_from_python_makes_its_own_validation(tmp_path):
    task = LanguageModel.from_data(rows(200), tokens="words", **{**SIZES, **PLAIN})
    start = task.validate(task.encode(rows(60, seed=9)))["perplexity"]
    seqtext.fit(
        task, rows(200), run=tmp_path / "run", epochs=10, learning_rate=0.03, ema_decay=0.9, threads=1, batch_rows=4
    )
    after = task.validate(task.encode(rows(60, seed=9)))
    assert after["perplexity"] < 0.85 * start
    assert after["loss"] == pytest.approx(np.log(after["perplexity"]))


def test_a_row_that_is_not_finite_is_named_by_its_number(tmp_path):
    train = rows(60)
    task = LanguageModel.from_data(train, **SIZES)
    with torch.no_grad():
        [word] = task.tokenizer.encode(["gulls"])[0][:1]
        task.model.embedding.weight[word] = float("nan")
    with pytest.raises(NumericsError, match=r"row\(s\) \d+") as caught:
        seqtext.fit(task, train, rows(20, 2), run=tmp_path / "run", epochs=1, threads=1)
    number = int(str(caught.value).partition("row(s) ")[2].split(",")[0].split()[0])
    assert 1 <= number <= 60


@pytest.mark.parametrize("data", [b"a\nb", b"a\na\n", b"a b\nc\n", b"\xff\n", b"<unk>\n", b"\n"])
def test_words_that_are_no_list_of_words_are_refused(data, tmp_path):
    from seqtext.data.text.normaliser import Normaliser
    from seqtext.data.text.word_tokenizer import WordTokenizer

    with pytest.raises(SavedFileError, match="words"):
        WordTokenizer.from_bytes(data, Normaliser())
