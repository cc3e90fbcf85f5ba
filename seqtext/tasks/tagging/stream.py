"""`TagStream`: text as it arrives, tags as soon as they can be said. The state is all that is kept of what was read, however long.

A word is finished by the white space behind it. Knows one tagger; pieces may be cut anywhere, and what is said does not depend on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.nn.backbone import State
from seqtext.nn.word_vectors import WordVectors
from seqtext.saving.configs import from_plain
from seqtext.saving.folders import parse_tensors
from seqtext.tasks.saved_streams import read_stream, save_stream

if TYPE_CHECKING:
    from seqtext.tasks.tagging.tagger import Tagger


@dataclass(frozen=True)
class _Saved:
    """What is saved of a stream beside the state of its model."""

    rest: str
    waiting: tuple[str, ...]
    begun: bool


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

        Raises:
            DataError: what is no text.
        """
        return push_together([self], [text])[0]

    def _finished(self, text: str) -> list[str]:
        """The words that are finished with some more text."""
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
        return words

    def finish(self) -> list[tuple[str, str]]:
        """The end of the text: all words that are left. The stream then begins anew."""
        [found] = _read([self], [["".join(self._rest)] if self._rest else []])
        model = self.tagger.model
        with torch.inference_mode():
            while self._waiting and self.state is not None:
                outputs, self.state = model.blank(self.state)
                found.append(self._said(int(outputs.argmax())))
        self.state, self._rest = None, []
        return found

    def save(self, folder: str | Path) -> None:
        """Writes the stream as a verified folder of JSON and tensors, which `Tagger.open_stream` opens.

        Raises:
            OptionsError: if something else stands there.
            ResourceError: if the disk is full or may not be written.
        """
        state = {"rest": "".join(self._rest), "waiting": list(self._waiting), "begun": self.state is not None}
        tensors = {f"model.{number}": part for number, part in enumerate(self.state or ())}
        save_stream(folder, self.tagger.config, self.tagger.model, state=state, tensors=tensors)

    @classmethod
    def open(cls, tagger: Tagger, folder: str | Path) -> TagStream:
        """The stream that was saved.

        Raises:
            SavedFileError: if it is damaged, or of another model.
        """
        model, stream = tagger.model, cls(tagger)
        files = read_stream(folder, tagger.config, model)
        found = from_plain(_Saved, files.state, where=files.where)
        zeros = model.zero_state(1, like=model.head.weight) if found.begun else ()
        expected = {f"model.{number}": part for number, part in enumerate(zeros)}
        tensors = parse_tensors(files.tensors, expected, where=files.where_tensors)
        words = [*found.waiting, *([found.rest] if found.rest else [])]
        if len(found.waiting) > (model.ahead if found.begun else 0) or any(word.split() != [word] for word in words):
            raise SavedFileError("not the state of a stream", where=files.where, fix="copy it again, or begin anew")
        stream.state = tuple(tensors[name].to(tagger.device) for name in expected) or None
        stream._rest, stream._waiting = [found.rest] if found.rest else [], deque(found.waiting)
        return stream

    def _said(self, tag: int) -> tuple[str, str]:
        """The word that has waited longest, with its tag."""
        return self._waiting.popleft(), self.tagger.config.tags[tag]


def push_together(streams: Sequence[TagStream], texts: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Pushes a piece to each of many streams of one tagger, whose words are then read side by side; what is new of each.

    Raises:
        DataError: what is no text.
        OptionsError: streams of several taggers, or one of them twice.
    """
    if len({id(stream) for stream in streams}) < len(streams) or len({id(stream.tagger) for stream in streams}) > 1:
        raise OptionsError("streams of several taggers, or one twice", expected="different streams of one tagger")
    if len(texts) != len(streams):
        raise OptionsError(f"{len(streams):,} streams and {len(texts):,} pieces", expected="a piece for each")
    for text in texts:  # none takes its piece if that of another is refused
        if not isinstance(text, str):
            raise DataError(f"found {type(text).__name__}", where="the piece", expected="a text")
    return _read(streams, [stream._finished(text) for stream, text in zip(streams, texts, strict=True)])


@torch.inference_mode()
def _read(streams: Sequence[TagStream], words: Sequence[list[str]]) -> list[list[tuple[str, str]]]:
    """Whole words, one after the other; those of several streams side by side, one of each at a time."""
    found: list[list[tuple[str, str]]] = [[] for _ in streams]
    reading = [number for number, of_stream in enumerate(words) if of_stream]
    if not reading:
        return found
    tagger = streams[0].tagger
    model = tagger.model.eval()
    assert isinstance(model.embedding, WordVectors)
    read = tagger.words_of([words[number] for number in reading]).to(tagger.device)
    vectors = dict(zip(reading, model.embedding(read).values, strict=True))  # (T, D) each
    nothing = model.zero_state(1, like=model.head.weight)
    for place in range(max(map(len, words))):
        now = [number for number in reading if place < len(words[number])]
        parts = zip(*(streams[number].state or nothing for number in now), strict=True)
        inputs = torch.stack([vectors[number][place] for number in now])  # (B, D)
        outputs, after = model.step(inputs, tuple(torch.cat(part, dim=1) for part in parts))
        for at, (number, tag) in enumerate(zip(now, outputs.argmax(-1).tolist(), strict=True)):
            stream = streams[number]
            stream.state = tuple(part[:, at : at + 1].contiguous() for part in after)
            stream._waiting.append(words[number][place])
            if len(stream._waiting) > model.ahead:
                found[number].append(stream._said(tag))
    return found
