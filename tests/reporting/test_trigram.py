"""The trigram model is a distribution in every context, is Kneser and Ney's, and beats counting less."""

import numpy as np
import pytest

from seqtext.errors import DataError
from seqtext.reporting.trigram import FEW, Trigram, _discounts

END, V = 3, 30


def chain(count, seed=0):
    """Texts of a process in which the two tokens before say much about the next; ids 4 to 29, the small ones often."""
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        text = [int(rng.integers(4, V))]
        for _ in range(int(rng.integers(0, 20))):
            before = text[-2] if len(text) > 1 else 0
            text.append(4 + (3 * text[-1] + before + int(rng.geometric(0.4))) % (V - 4))
        texts.append(text)
    return texts


@pytest.fixture(scope="module")
def model():
    return Trigram(chain(2000), V, end=END)


@pytest.mark.parametrize(
    "begun",
    [[], [5], [5, 6], [4, 4], [29, 28, 27], [0], [0, 0], [5, 0], [0, 5], [END, END], [2, 5, 6]],
)
def test_it_sums_to_one_after_seen_and_unseen_contexts_and_leaves_nothing_out(model, begun):
    likely = model.next_probabilities(begun)
    assert likely.shape == (V,)
    assert likely.sum() == pytest.approx(1.0, abs=1e-12)
    assert (likely > 0).all()


def test_a_text_is_scored_token_by_token_with_its_end(model):
    text = [7, 9, 0, 25, 11]
    [logs] = model.log_probabilities([text])
    one_by_one = [model.next_probabilities(text[:at])[token] for at, token in enumerate([*text, END])]
    assert logs == pytest.approx(np.log(one_by_one), abs=1e-12)


def test_a_text_does_not_see_its_neighbours(model):
    texts = [[7, 9], [], [5], [11, 12, 13]]
    together = model.log_probabilities(texts)
    assert [len(logs) for logs in together] == [3, 1, 2, 4]
    for text, logs in zip(texts, together, strict=True):
        assert (model.log_probabilities([text])[0] == logs).all()
    assert model.log_probabilities([]) == []


def test_lists_and_arrays_of_any_integers_are_counted_alike():
    texts = chain(50)
    arrays = (np.array(text, dtype=np.int32) for text in texts)
    first, second = Trigram(texts, V, end=END), Trigram(arrays, V, end=END)
    assert first.tokens == second.tokens == sum(map(len, texts)) + 50
    assert (first.next_probabilities([5]) == second.next_probabilities([5])).all()


def test_it_is_kneser_and_neys_by_hand():
    # Too few n-grams to estimate discounts: 0.5, 1, 1.5. Ids: a 0, b 1, end 2.
    model = Trigram([[0, 1], [0, 1], [0, 0]], 3, end=2)
    # In how many contexts: a after begin and a, b after a, end after b and a; 5 in all, 0.5 or 1 of each discounted.
    single = (np.array([2, 1, 2]) - [1, 0.5, 1]) / 5 + 2.5 / 5 / 3
    # After the begin token a came 3 times, counted as often as it came: 1.5 are discounted, and shared by the singles.
    begun = np.array([1.5, 0, 0]) / 3 + 0.5 * single
    assert model.next_probabilities([]) == pytest.approx(begun)
    # After a: a and b each behind the begin token only, the end behind a only; 0.5 of each is discounted.
    after_a = np.array([0.5, 0.5, 0.5]) / 3 + 0.5 * single
    assert model.next_probabilities([1, 1, 0]) == pytest.approx(after_a)  # b a: never seen
    # After begin and a: b twice, a once; 1 and 0.5 are discounted.
    assert model.next_probabilities([0]) == pytest.approx(np.array([0.5, 1, 0]) / 3 + 0.5 * after_a)


def test_discounts_are_chen_and_goodmans_where_the_counts_allow():
    counts = np.repeat([1, 2, 3, 4, 9], [100, 40, 20, 12, 7])
    y = 100 / 180
    assert _discounts(counts) == pytest.approx((1 - 2 * y * 0.4, 2 - 3 * y * 0.5, 3 - 4 * y * 0.6))
    assert _discounts(np.repeat([1, 2, 3, 4], [1, 1, 1, 500])) == FEW
    assert _discounts(np.array([1, 2, 3])) == FEW


def test_it_learns_more_than_single_tokens_can_tell(model):
    train, test = chain(2000), chain(200, seed=1)
    tokens = np.concatenate([[*text, END] for text in train])
    alone = np.bincount(tokens, minlength=V) / len(tokens)
    nats = -np.concatenate(model.log_probabilities(test)).mean()
    unigram = -np.log(alone[np.concatenate([[*text, END] for text in test])]).mean()
    assert nats < 0.7 * unigram


def test_empty_texts_alone_end_at_once():
    model = Trigram([[], []], 4, end=3)
    assert model.next_probabilities([]).argmax() == 3
    assert model.next_probabilities([0, 1]).sum() == pytest.approx(1.0)


def test_what_cannot_be_counted_is_refused(model):
    with pytest.raises(DataError, match="no texts to count trigrams in"):
        Trigram([], V, end=END)
    for ids in ([V], [-1]):
        with pytest.raises(ValueError, match=rf"token ids must be in \[0, {V}\)"):
            Trigram([ids], V, end=END)
        with pytest.raises(ValueError, match="token ids must be in"):
            model.log_probabilities([ids])
    for size in (END, 3_000_000):
        with pytest.raises(ValueError, match="the end token must be in the vocabulary"):
            Trigram([[1]], size, end=END)
