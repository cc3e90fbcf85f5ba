"""`seqtext generate`: texts from a topic, a mixture, an example or nothing, or for each request of a file; as lines or as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from seqtext.errors import OptionsError, one_of, raise_together
from seqtext.tasks.generation.requests import Request, check_keys, open_requests, request_of, told_at, topic_weights
from seqtext.tasks.generation.settings import Writing
from seqtext.tasks.streams import Errors, ModelOptions, as_they_come, json_text, keywords, one_line
from seqtext.tasks.targets import open_target

if TYPE_CHECKING:
    from seqtext.tasks.generation.generator import TextGenerator
    from seqtext.tasks.generation.writing import Generated

_CONTROLS = dict.fromkeys(
    {*range(32), *range(127, 160)} - {*map(ord, "\n\t")}, " "
)  # what could be a command to a terminal
_ENDINGS = {".jsonl": True, ".txt": False}


@dataclass(frozen=True, kw_only=True)
class Generate(Writing, ModelOptions):
    """Texts that have what a vector asks for."""

    topic: str | None = None
    """A name, or names with weights: Sports=0.7,Business=0.3. Default: any text."""
    input: str | None = None
    """Requests, a line of JSON each: {"topic": "Sports", "count": 3}; keys are also mixture, vector and the flags here. - is the pipe."""
    output: str | None = None
    """File to write, jsonl or txt by its name. Default: the terminal."""
    jsonl: bool = False
    """JSON lines with scores and vector, instead of a text a line; always so for --input."""
    stream: bool = False
    """Show each text while it is written, token by token."""
    errors: Errors = "strict"
    """Bytes of the input that are no UTF-8 stop it, or are replaced by U+FFFD and counted."""

    def run(self) -> None:
        """Writes."""
        as_json = self._check()
        generator: TextGenerator = self.open("generate")
        keep, made, cut, empty = generator.config.whitespace == "keep", 0, 0, 0
        with ExitStack() as stack:
            target = stack.enter_context(open_target(self.output, self.input))
            show = _Streamed(target.file, keep=keep) if self.stream else None
            for number, request in self._requests(stack, generator.config.names):
                with told_at(f"{_called(self.input)}, row {number}") if number else nullcontext():
                    texts = generator(request.asked, **keywords(request.writing, Writing), watch=show)
                for text in texts:
                    if as_json:
                        print(_as_json(text, number), file=target.file)
                    elif show is None:
                        print(_shown(text.text, keep=keep), file=target.file)
                    made, cut, empty = made + 1, cut + (not text.ended), empty + (not text.text.strip())
                target.flush(1)
            if show is not None:
                show.end()
        if empty:
            print(f"note: {empty:,} of {made:,} texts are empty", file=sys.stderr)
        if cut:
            limit = "" if self.input else f", {self.max_length} tokens"
            print(f"note: {cut:,} of {made:,} texts reached the length limit{limit}", file=sys.stderr)

    def _check(self) -> bool:
        """Whether JSON is written.

        Raises:
            OptionsError: flags that rule each other out, or an ending of the output that is none of ours.
        """
        ending = Path(self.output).suffix.lower() if self.output else ""
        if ending and ending not in _ENDINGS:
            where = f"--output {self.output}"
            raise OptionsError(f"unknown ending {ending!r}", where=where, expected=one_of(_ENDINGS))
        as_json = self.jsonl or self.input is not None or _ENDINGS.get(ending, False)
        pairs = [
            (self.topic is not None and self.like is not None, "--topic and --like were both given; give one of them"),
            (
                self.input is not None and (self.topic is not None or self.like is not None),
                "--input holds what is asked for, and so does --topic or --like; give one of them",
            ),
            (
                self.stream and as_json,
                "--stream shows texts as they come, and JSON lines are whole; leave one of them out",
            ),
            (
                as_json and ending == ".txt",
                f"--output {self.output} is for texts alone, and JSON is written; call it .jsonl",
            ),
        ]
        raise_together([told for wrong, told in pairs if wrong])
        return as_json

    def _requests(self, stack: ExitStack, known: Sequence[Sequence[str]]) -> Iterator[tuple[int | None, Request]]:
        """What is asked for, with its line where it has one.

        Raises:
            DataError: a line that is no request.
        """
        usual = Writing(**keywords(self, Writing))
        if self.input is None:
            yield None, Request(None if self.topic is None else topic_weights(self.topic, known), usual)
            return
        rows = open_requests(self.input, stack, errors=self.errors)
        for number, [row] in enumerate(as_they_come(rows, self.output, at_once=1), start=1):
            assert rows is not None
            check_keys(rows)
            yield number, request_of(row, usual, known, where=f"{rows.name}, row {number}")


def _called(source: str | None) -> str:
    """What messages call the requests."""
    return "standard input" if source == "-" else str(source)


class _Streamed:
    """Shows texts while they are written: to be called with the place of a text and the text so far."""

    def __init__(self, file: TextIO, *, keep: bool) -> None:
        self._file, self._keep = file, keep
        self._place, self._text, self._seen = -1, "", ""

    def __call__(self, place: int, text: str) -> None:
        if place != self._place:
            self.end()
            self._place, self._seen = place, ""
        self._text = text
        self._show(text.translate(_CONTROLS) if self._keep else one_line(text))

    def end(self) -> None:
        """The text is whole."""
        if self._place >= 0:
            self._show(_shown(self._text, keep=self._keep) + "\n")

    def _show(self, text: str) -> None:
        self._file.write(text.removeprefix(self._seen))
        self._file.flush()
        self._seen = text


def _as_json(text: Generated, number: int | None) -> str:
    vector = None if text.vector is None else [round(float(x), 6) for x in text.vector]
    line = {**text._asdict(), "log_probability": round(text.log_probability, 6), "vector": vector}
    return json_text(line if number is None else {"request": number, **line})


def _shown(text: str, *, keep: bool) -> str:
    """A text: on one line; or on those it was written in, and then an empty one behind it."""
    if keep:
        return text.translate(_CONTROLS) + "\n"
    return one_line(text)
