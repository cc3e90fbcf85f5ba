"""`TagStream`: text as it arrives, tags as soon as they can be said. The state is all that is kept of what was read, however long.

A word is finished by the white space behind it. Knows one tagger; pieces may be cut anywhere, and what is said does not depend on it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import torch

from seqtext.errors import OptionsError
from seqtext.nn.backbone import State
from seqtext.nn.word_vectors import WordVectors

if TYPE_CHECKING:
    from seqtext.tasks.tagging.tagger import Tagger


class TagStream:
    """One text.

    Args:
        tagger: that says the tags; of one direction.

    Attributes:
        state: of the layers that read words, (L, 1, H) each; None before the first word.

    Raises:
        OptionsError: for a tagger that reads whole sentences.
    """

    def __init__(self, tagger: Tagger) -> None:
        if tagger.config.bidirectional:
            fix = "train one without --bidirectional, or call it with the whole sentence"
            raise OptionsError("a tagger that reads from both ends has no streams", fix=fix)
        self.tagger = tagger
        self.state: State | None = None
        self._rest: list[str] = []  # the beginning of a word that may go on, in the pieces in which it came
        self._waiting: deque[str] = deque()  # words whose tags wait for those that are looked ahead to

    def push(self, text: str) -> list[tuple[str, str]]:
        """The next piece of the text: the words whose tags can be said now, with these.

        Args:
            text: any number of characters.
        """
        if not text:
            return []
        words = text.split()
        if not text[0].isspace():  # the word before goes on
            self._rest += words[:1]
            words = words[1:]
        if self._rest and (words or text[-1].isspace() or text[0].isspace()):
            words.insert(0, "".join(self._rest))
            self._rest = []
        if words and not text[-1].isspace():
            self._rest = [words.pop()]
        return self._read(words)

    def finish(self) -> list[tuple[str, str]]:
        """The end of the text: all words that are left. The stream then begins anew."""
        found = self._read(["".join(self._rest)] if self._rest else [])
        model = self.tagger.model
        with torch.inference_mode():
            while self._waiting and self.state is not None:
                outputs, self.state = model.blank(self.state)
                found.append((self._waiting.popleft(), self._tag(outputs)))
        self.state, self._rest = None, []
        return found

    @torch.inference_mode()
    def _read(self, words: list[str]) -> list[tuple[str, str]]:
        """Whole words, one after the other."""
        if not words:
            return []
        model, device = self.tagger.model, self.tagger.device
        model.eval()
        assert isinstance(model.embedding, WordVectors)
        vectors = model.embedding(self.tagger.words_of([words]).to(device)).values[0]  # (T, D)
        found = []
        for word, vector in zip(words, vectors.unbind(), strict=True):
            outputs, self.state = model.step(vector.unsqueeze(0), self.state)
            self._waiting.append(word)
            if len(self._waiting) > model.ahead:
                found.append((self._waiting.popleft(), self._tag(outputs)))
        return found

    def _tag(self, outputs: torch.Tensor) -> str:
        """The likeliest tag, by outputs (1, C)."""
        return self.tagger.config.tags[int(outputs.argmax())]
