"""`WordTokenizer`: text to ids of whole words, as papers count the perplexity of a language model. Knows no labels and no models.

Words are what stands between blanks: texts are taken as somebody else has cut them. A word without an id is the unknown one, `<unk>`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import BEGIN, END, PAD, UNKNOWN
from seqtext.errors import DataError, OptionsError, SavedFileError, shorten

SPECIAL = {"<pad>": PAD, "<unk>": UNKNOWN, "<s>": BEGIN, "</s>": END}  # how ids that are no word are written
MARKED = ("<unk>", "<UNK>")  # how texts write a word that their makers have left out
_MOST_BYTES, _MOST_WORDS = 2**26, 1_000_000
_COUNTED = 4_000_000  # different words that are counted at a time


class WordTokenizer:
    """A list of words.

    Args:
        words: in the order of their ids, the first of which comes after the special ones.
        normaliser: run on every text before encoding.

    Raises:
        SavedFileError: for what is no list of different words.
    """

    def __init__(self, words: Sequence[str], normaliser: Normaliser) -> None:
        if len(set(words)) != len(words) or set(words) & {*SPECIAL, *MARKED} or len(words) > _MOST_WORDS:
            raise SavedFileError("not a list of different words", where="tokenizer", fix="train or download it again")
        self.words = [*SPECIAL, *words]
        self.normaliser = normaliser
        self.model = "".join(f"{word}\n" for word in words).encode()
        self.sha256 = hashlib.sha256(self.model).hexdigest()
        self._ids = {word: number for number, word in enumerate(words, start=len(SPECIAL))}

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def from_bytes(cls, data: bytes, normaliser: Normaliser) -> WordTokenizer:
        """From the bytes of a saved one.

        Raises:
            SavedFileError: if they are no list of words.
        """
        wrong = "train or download it again"
        if len(data) > _MOST_BYTES or (data and not data.endswith(b"\n")):
            raise SavedFileError("not a list of words", where="tokenizer", fix=wrong)
        try:
            words = data.decode("utf-8").split("\n")[:-1]
        except UnicodeDecodeError as error:
            raise SavedFileError("not a list of words in UTF-8", where="tokenizer", fix=wrong) from error
        for word in words:
            if word.split() != [word]:
                raise SavedFileError(f"{shorten(word)} among the words", where="tokenizer", fix=wrong)
        return cls(words, normaliser)

    @classmethod
    def train(cls, texts: Iterable[str], *, vocabulary_size: int, normaliser: Normaliser) -> WordTokenizer:
        """The commonest words of some texts.

        Words that come once are left out, since a model has to learn what an unknown word is; unless the texts have such a mark already.

        Args:
            texts: any number.
            vocabulary_size: of all ids, the special ones among them.
            normaliser: of the texts.

        Raises:
            DataError: if no text has a word.
            OptionsError: for a vocabulary without room for a word.
        """
        if vocabulary_size <= len(SPECIAL):
            found = f"--vocabulary_size {vocabulary_size} is too small"
            raise OptionsError(found, expected=f"more than {len(SPECIAL)}, which are special")
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(normaliser(text).split())
            if len(counts) > _COUNTED:  # rare words go, so that any number of texts needs so much memory and no more
                counts = Counter({word: count for word, count in counts.items() if count > 1})
        marked = any(mark in counts for mark in MARKED)
        for word in (*SPECIAL, *MARKED):
            counts.pop(word, None)
        if not counts:
            fix = "check that the text column is the right one"
            raise DataError("no text to take words of: all are empty", fix=fix)
        least = 1 if marked or counts.most_common(1)[0][1] == 1 else 2
        ranked = sorted((-count, word) for word, count in counts.items() if count >= least)
        return cls([word for _, word in ranked[: vocabulary_size - len(SPECIAL)]], normaliser)

    def encode(
        self, texts: Sequence[str], *, keep: slice = slice(None), sampling_seed: int | None = None
    ) -> list[list[int]]:
        """Ids of each text; an empty one is the single id `BEGIN`, so that every text has a step. Words are cut in one way only.

        As of `Tokenizer`, there may be more ids than those wanted, `keep`.
        """
        known = self._ids
        return [[known.get(word, UNKNOWN) for word in self.normaliser(text).split()] or [BEGIN] for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """The words of ids, with blanks between them; special ids but the unknown word give nothing."""
        return " ".join(self.words[int(i)] for i in ids if i > END or i == UNKNOWN)

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """How each id is written, to look at."""
        return [self.words[int(i)] for i in ids]

    def count_bytes(self, ids: NDArray[np.int32]) -> int:
        """How many ids are the unknown word."""
        return int((ids == UNKNOWN).sum())

    def commonest_unknown(self, texts: Iterable[str], count: int = 10) -> list[str]:
        """The words that most often are unknown, to name in a warning."""
        words = Counter(word for text in texts for word in self.normaliser(text).split() if word not in self._ids)
        return [word for word, _ in words.most_common(count)]
