"""How generated texts stand beside real ones: invented words, repeated runs, and judges that learn to tell them apart.

Texts in, figures out; it knows no generator. Texts of an n-gram model, which takes seconds to make, are the baseline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from seqtext.data.text.words import TOKEN, words
from seqtext.errors import DataError
from seqtext.tasks.generation.report.reading_judge import right_by_reading

ORDER = 3  # words of the n-gram model's runs
LONGEST = 400  # words of a text of it
REPEATED = 4  # words of a run that counts as repeated
FOLDS = 5
JUDGED = 400  # texts of each kind that the judge learns from and is tested on, in turns
FEWEST = 5 * FOLDS  # with fewer it says nothing


def known_words(texts: Iterable[str]) -> set[str]:
    """The words of some texts."""
    return {word for text in texts for word in words(text)}


def invented(texts: Sequence[str], known: set[str]) -> float:
    """The share of words that are not known; 0 if there are none."""
    found = [word in known for text in texts for word in _without_signs(text)]
    return 1 - sum(found) / len(found) if found else 0.0


def repeating(texts: Sequence[str], length: int = REPEATED) -> float:
    """The share of texts that have a run of so many words twice."""
    return sum(_repeats(_without_signs(text), length) for text in texts) / max(len(texts), 1)


def _without_signs(text: str) -> list[str]:
    return [word for word in words(text) if any(map(str.isalnum, word))]


def _repeats(tokens: Sequence[str], length: int) -> bool:
    runs = list(zip(*(tokens[offset:] for offset in range(length)), strict=False))
    return len(set(runs)) < len(runs)


def ngram_texts(texts: Iterable[str], count: int, *, seed: int = 0, order: int = ORDER) -> list[str]:
    """Texts of an n-gram model: each word is one that came behind the words before it, as often as it did.

    Args:
        texts: to learn from, with a word between blanks.
        count: texts to write.
        seed: of the draws.
        order: words of a run, the one that is drawn among them.

    Raises:
        DataError: if there are no texts.
    """
    edge = ""  # before a text, and behind it
    tokens = [token for text in texts for token in (*[edge] * (order - 1), *text.split())] + [edge] * (order - 1)
    if len(tokens) < order:
        raise DataError("there are no texts to count words in", expected="at least one")
    number = {token: place for place, token in enumerate(dict.fromkeys([edge, *tokens]))}
    ids = np.array([number[token] for token in tokens])
    names = list(number)
    before = np.stack([ids[offset : len(ids) - order + 1 + offset] for offset in range(order - 1)])
    keys = np.zeros(before.shape[1], dtype=np.uint64)
    for column in before:
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + column.astype(np.uint64)  # modulo 2**64
    order_of = np.argsort(keys, kind="stable")
    keys, following = keys[order_of], ids[order - 1 :][order_of]
    draw = np.random.default_rng(seed)

    def written() -> Iterator[str]:
        context = [0] * (order - 1)
        for _ in range(LONGEST):
            key = np.uint64(0)
            for one in context:
                with np.errstate(over="ignore"):
                    key = key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(one)
            first, last = np.searchsorted(keys, key), np.searchsorted(keys, key, side="right")
            chosen = int(following[draw.integers(first, last)])
            if chosen == 0:
                return
            yield names[chosen]
            context = [*context, chosen][1:]

    return [" ".join(written()) for _ in range(count)]


def told_apart(made: Sequence[str], real: Sequence[str], *, seed: int = 0) -> dict[str, float]:
    """How often judges are right about a text, made or real, that they did not learn from; half the time is all that guessing gives.

    `told_apart` is TF-IDF of runs of 1 to 3 words with logistic regression, cross-validated over the first 400 of each;
    `told_apart_in_order` a small recurrent classifier, which learns from a half and is asked about the other, both ways round.
    Nothing for fewer than 25.

    Args:
        made: texts.
        real: others.
        seed: of the folds and halves.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline

    count = min(len(made), len(real), JUDGED)
    if count < FEWEST:
        return {}
    texts, kinds = [*made[:count], *real[:count]], [1] * count + [0] * count
    if not any(map(words, texts)):
        return {}
    judge = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 3), token_pattern=TOKEN, sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=1000),
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    by_runs = float(cross_val_score(judge, texts, kinds, cv=folds).mean())
    return {"told_apart": by_runs, "told_apart_in_order": right_by_reading(texts, kinds, seed=seed)}
