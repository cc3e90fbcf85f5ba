"""`Tokenizer`: text to ids and back, with a sentencepiece model trained inside the command. Knows no labels and no models.

Its normaliser runs first and belongs to it: decoding what was encoded gives back the normalised text exactly, whatever it holds,
since unknown characters are spelt in bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer_bytes import check_model
from seqtext.errors import DataError, OptionsError, SavedFileError

PAD, UNKNOWN, BEGIN, END = 0, 1, 2, 3  # the same ids in every model we train, checked in every model we load
TRAINING_CHARACTERS = 20_000_000  # enough for a stable vocabulary; beyond it only the memory grows
LONGEST_TEXT = 20_000  # characters of one text the trainer looks at
_WORD = re.compile(
    " *[^ ]+(?: +$)?|^ +$"
)  # with the blanks before it, the last one also with those behind it; or blanks alone
_LIKELIEST = 16  # segmentations of a word that one is drawn from
_BYTES_KEPT = 100_000_000  # of memory for segmentations of words that were met
_BYTES_OF_WORD = 600  # of memory for a word that is kept, beside its ids
_LONGEST_KEPT = 64  # characters of such a word: of languages without blanks a word is a text, which hardly comes again
_LONGEST_SAMPLED = 2_000  # characters of a word that is drawn: the lattice takes some 400 bytes for each
_SLACK = 64  # pieces that are cut off behind a text's part that is kept: at the cut they may be others than in the whole text


class Tokenizer:
    """A sentencepiece model and the normaliser that goes before it.

    Args:
        model: the serialised sentencepiece model.
        normaliser: run on every text before encoding.

    Raises:
        SavedFileError: if the bytes are no sentencepiece model of the kind we train, with special ids pad 0, unknown 1, begin 2, end 3.
    """

    def __init__(self, model: bytes, normaliser: Normaliser) -> None:
        check_model(model)
        try:
            self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise SavedFileError(
                "not a sentencepiece model", where="tokenizer", fix="train or download it again"
            ) from error
        ids = tuple(getattr(self._pieces, f"{name}_id")() for name in ("pad", "unk", "bos", "eos"))
        if ids != (PAD, UNKNOWN, BEGIN, END):
            raise SavedFileError(
                f"special ids (pad, unknown, begin, end) are {ids}",
                where="tokenizer",
                expected=str((PAD, UNKNOWN, BEGIN, END)),
            )
        self.model = model
        self.normaliser = normaliser
        self.sha256 = hashlib.sha256(model).hexdigest()
        self._is_byte = np.array([self._pieces.is_byte(i) for i in range(len(self))])
        self._scores = np.array([self._pieces.get_score(i) for i in range(len(self))])
        self._longest_piece = max(map(len, self.pieces(range(len(self)))), default=1)
        self._segmentations: dict[tuple[str, float], _Segmentations] = {}
        self._bytes_kept = 0

    def __len__(self) -> int:
        return int(self._pieces.get_piece_size())

    @classmethod
    def train(
        cls, texts: Iterable[str], *, vocabulary_size: int, normaliser: Normaliser, always: str = ""
    ) -> Tokenizer:
        """Trains a unigram model (Kudo 2018) on at most the first 20 million characters, on one thread, so that it is the same everywhere.

        Args:
            texts: as they came; normalised here.
            vocabulary_size: pieces; fewer where the texts have no more.
            normaliser: of the texts, and of all that will be encoded.
            always: characters that get a piece however rare they are; others may be spelt in bytes.

        Raises:
            DataError: if no text has a character.
            OptionsError: if the vocabulary cannot even hold the characters and bytes.
        """
        counted = _Counted(texts, normaliser)
        sink = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(counted),
                model_writer=sink,
                model_type="unigram",
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,  # a small corpus gets the largest vocabulary it supports
                character_coverage=0.9999,
                required_chars=always,
                byte_fallback=True,
                split_digits=True,
                normalization_rule_name="identity",
                remove_extra_whitespaces=False,
                max_sentence_length=4 * LONGEST_TEXT,
                num_threads=1,
                pad_id=PAD,
                unk_id=UNKNOWN,
                bos_id=BEGIN,
                eos_id=END,
                minloglevel=3,
            )
        except RuntimeError as error:
            if not counted.texts:
                raise DataError(
                    "no text to train a tokenizer on: all are empty", fix="check that the text column is the right one"
                ) from error
            raise OptionsError(
                f"--vocabulary_size {vocabulary_size} is too small for this text",
                expected=f"at least {least_pieces({*counted.characters, *always})} (its characters, 256 bytes and 4 special ids)",
            ) from error
        return cls(sink.getvalue(), normaliser)

    def encode(
        self,
        texts: Sequence[str],
        *,
        keep: slice = slice(None),
        sampling_seed: int | None = None,
        alpha: float = 0.5,
    ) -> list[list[int]]:
        """Ids of each text; an empty one is the single id `BEGIN`, so that every text has a step.

        Args:
            texts: as they came; normalised here.
            keep: the part of each text's ids that is wanted. What lies far outside of it is not looked at, so that a text of any length
                takes little memory; the ids are still more than those wanted, as whoever counts cut texts sees.
            sampling_seed: if given, one of the possible segmentations is drawn (subword regularisation, Kudo 2018).
            alpha: how strongly the draw prefers likely segmentations; 0 is none.
        """
        normalised = [self._near(self.normaliser(text), keep) for text in texts]
        if sampling_seed is None:
            ids = self._pieces.encode(normalised, num_threads=1)
        else:
            ids = self._sample(normalised, sampling_seed, alpha)
        return [row or [BEGIN] for row in ids]

    def decode(self, ids: Iterable[int]) -> str:
        """The normalised text of ids; special ids give nothing."""
        return str(self._pieces.decode([int(i) for i in ids if i > END]))

    def written(self, ids: Iterable[int]) -> str:
        """As `decode`, of ids that a model has drawn: bytes among them that make no character give nothing."""
        return self.decode(ids).replace("\ufffd", "")

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """How each id is written inside the model, to look at."""
        return [str(self._pieces.id_to_piece(int(i))) for i in ids]

    def log_shares(self) -> NDArray[np.float32]:
        """(V,) natural logarithm of about how often each id comes, as the tokenizer's own unigram model has it.

        What it has no figure for counts as its rarest piece; the end as one token in 50.
        """
        scores = self._scores.astype(np.float32)
        plain = ~self._is_byte
        plain[: END + 1] = False
        scores[~plain] = scores[plain].min(initial=0.0)
        scores[END] = -np.log(50)
        return scores

    def count_bytes(self, ids: NDArray[np.int32]) -> int:
        """How many ids are bytes, which spell characters the vocabulary does not have."""
        return int(self._is_byte[ids].sum())

    def commonest_unknown(self, texts: Iterable[str], count: int = 10) -> list[str]:
        """The characters most often spelt in bytes, to name in a warning."""
        characters = Counter(character for text in texts for character in self.normaliser(text))
        spelt = [c for c, _ in characters.most_common() if any(self._is_byte[i] for i in self._pieces.encode(c))]
        return spelt[:count]

    def _near(self, text: str, keep: slice) -> str:
        """The part of a text that the ids to be kept are made from, and somewhat more."""
        wanted = keep.stop if (keep.start or 0) >= 0 else -keep.start
        most = None if wanted is None else (wanted + _SLACK) * self._longest_piece
        if most is None or len(text) <= most:
            return text
        return text[:most] if (keep.start or 0) >= 0 else text[-most:]

    def _sample(self, texts: list[str], seed: int, alpha: float) -> list[list[int]]:
        """Each word's pieces drawn by themselves, since no piece goes across a blank: from its 16 likeliest segmentations.

        By numbers of our own: sentencepiece's sampler (0.2.3) salts its generator anew in every process, whatever the seed.
        """
        words = [_WORD.findall(text) for text in texts]
        draws = iter(np.random.default_rng(seed).random(sum(map(len, words))).tolist())
        return [
            [
                i
                for place, word in enumerate(parts)
                # The processor puts a blank before what it is given; a word behind another one brings its own.
                for i in self._drawn(word[1:] if place else word, next(draws), alpha)
            ]
            for parts in words
        ]

    def _drawn(self, word: str, draw: float, alpha: float) -> list[int]:
        """The pieces of a word that a uniform number falls on, as likely as the tokenizer has them, to the power of `alpha`."""
        if len(word) > _LONGEST_SAMPLED:  # cut the likeliest way: all ways of cutting it would fill the memory
            return list(self._pieces.encode(word, num_threads=1))
        if (kept := self._segmentations.get((word, alpha))) is None:
            kept = self._segmented(word, alpha)
            if len(word) <= _LONGEST_KEPT:
                if self._bytes_kept > _BYTES_KEPT:
                    self._segmentations.clear()
                    self._bytes_kept = 0
                self._segmentations[word, alpha] = kept
                self._bytes_kept += _BYTES_OF_WORD + kept.ids.nbytes
        place = int(np.searchsorted(kept.sums, draw * kept.sums[-1], side="right"))
        found: list[int] = kept.ids[kept.starts[place] : kept.starts[place + 1]].tolist()
        return found

    def _segmented(self, word: str, alpha: float) -> _Segmentations:
        found = [list(ids) for ids in self._pieces.nbest_encode_as_ids(word, nbest_size=_LIKELIEST)]
        logs = np.array([alpha * self._scores[ids].sum() for ids in found])
        return _Segmentations(
            ids=np.fromiter((i for ids in found for i in ids), dtype=np.int32),
            starts=np.cumsum([0, *map(len, found)], dtype=np.int32),
            sums=np.exp(logs - logs.max()).cumsum(),
        )


class _Segmentations(NamedTuple):
    """Ways to cut a word: the ids of all behind each other, where each starts, and the running sums of how likely they are."""

    ids: NDArray[np.int32]
    starts: NDArray[np.int32]
    sums: NDArray[np.float64]


def least_pieces(characters: Iterable[str]) -> int:
    """Pieces that a vocabulary must hold: characters, the blank that stands before every text, 256 bytes and 4 special ids."""
    return len({*characters, " "}) + 260


class _Counted:
    """The normalised texts the trainer gets, up to its limit of characters, counted on the way."""

    def __init__(self, texts: Iterable[str], normaliser: Normaliser) -> None:
        self._source = texts
        self._normaliser = normaliser
        self.texts = 0
        self.characters: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        left = TRAINING_CHARACTERS
        for text in self._source:
            normalised = self._normaliser(text[:LONGEST_TEXT])
            if not normalised:
                continue
            self.texts += 1
            self.characters.update(normalised)
            left -= len(normalised)
            yield normalised
            if left <= 0:
                return
