"""`Records`: what a generator keeps of its training texts, their runs and their words; saved and opened. Knows ids, no texts."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from seqtext.batching.ragged import Ragged
from seqtext.data.text.piece_kinds import piece_kinds
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import OptionsError, SavedFileError
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.known_words import KnownWords, words_of
from seqtext.saving.folders import read_tensors, tensor_bytes
from seqtext.tasks.generation.settings import GeneratorConfig
from seqtext.tasks.saved import SavedTask

GUARD, WORDS = "copy_guard.safetensors", "known_words.safetensors"
GUARDED = 8  # tokens of a run that is a copy, unless asked otherwise
MOST_NEW = 0.1  # share of new words in further texts, above which any may be written


class Records(NamedTuple):
    """Runs of tokens that are not to be copied, and words that are known; or None of either."""

    guard: CopyGuard | None = None
    words: KnownWords | None = None

    @classmethod
    def of(cls, tokens: Ragged, tokenizer: Tokenizer, length: int | None) -> tuple[Records, float]:
        """The records of training texts, and the share of new words in further ones.

        Phrases get no record of runs unless asked for: what is hardly longer than a run is made of them.

        Args:
            tokens: of the texts.
            tokenizer: that made them.
            length: tokens of a run; 0 for no record of them, None for the usual rule.
        """
        words, new_words = words_of(tokens.values, tokens.starts, piece_kinds(tokenizer))
        if length == 0 or (length is None and tokens.lengths.median() < 4 * GUARDED):
            return cls(None, words), new_words
        return cls(CopyGuard.of(tokens.values, tokens.starts, length or GUARDED), words), new_words

    def words_for(self, asked: Literal["known", "any"] | None, new_words: float | None) -> KnownWords | None:
        """The words that alone may be written; None for any.

        Raises:
            OptionsError: for known words without a record of them.
        """
        if asked == "known" and self.words is None:
            raise OptionsError("the model keeps no record of its words", fix="train it again, or leave --words out")
        lists_names = new_words is None or new_words > MOST_NEW
        return None if asked == "any" or (asked is None and lists_names) else self.words

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        files = {}
        if self.guard is not None:
            files[GUARD] = tensor_bytes({"bits": self.guard.bits})
        if self.words is not None:
            files[WORDS] = tensor_bytes(_tree_tensors(self.words))
        return files

    @classmethod
    def from_saved(cls, saved: SavedTask, config: GeneratorConfig, vocabulary: int) -> Records:
        """Those of a saved run, with a tokenizer of so many pieces.

        Raises:
            SavedFileError: if one is missing or none.
        """
        guard = _read_guard(saved, config.no_copy_ngram) if config.no_copy_ngram else None
        return cls(guard, None if config.new_words is None else _read_words(saved, vocabulary))


def _tree_tensors(words: KnownWords) -> dict[str, Tensor]:
    """Of each edge of a tree, which leads to the next node, where it begins and its piece; at which nodes words end; kinds of pieces."""
    size = len(words.kinds)
    nodes, pieces = words.keys // size, words.keys % size
    return {"nodes": nodes.int(), "pieces": pieces.int(), "ends": words.ends, "kinds": words.kinds}


def _read_guard(saved: SavedTask, length: int) -> CopyGuard:
    where = str(saved.folder / GUARD)
    tensors = read_tensors(saved.file(GUARD), where=where)
    bits = tensors.get("bits")
    if len(tensors) != 1 or bits is None or bits.dtype != torch.uint8 or bits.ndim != 1 or not len(bits):
        raise SavedFileError("not a record of training texts", where=where, expected="bits (N,) of bytes")
    return CopyGuard(bits, length)


def _read_words(saved: SavedTask, vocabulary: int) -> KnownWords:
    where = str(saved.folder / WORDS)
    found = read_tensors(saved.file(WORDS), where=where)
    types = {"nodes": torch.int32, "pieces": torch.int32, "ends": torch.bool, "kinds": torch.uint8}
    if {name: part.dtype for name, part in found.items()} == types and all(part.ndim == 1 for part in found.values()):
        nodes, pieces = found["nodes"].long(), found["pieces"].long()
        keys, children = nodes * vocabulary + pieces, torch.arange(1, len(pieces) + 1)
        sizes = len(nodes) == len(pieces) == len(found["ends"]) - 1 > 0 and len(found["kinds"]) == vocabulary
        if (
            sizes
            and bool((keys.diff() > 0).all())
            and bool(((nodes >= 0) & (nodes < children)).all())
            and bool(((pieces >= 0) & (pieces < vocabulary)).all())
        ):
            return KnownWords(keys, children, found["ends"], found["kinds"])
    raise SavedFileError("not a record of words", where=where, expected="a tree over the pieces of the tokenizer")
