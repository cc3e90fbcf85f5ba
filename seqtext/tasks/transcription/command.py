"""`seqtext transcribe`: recordings from files, or sound from a pipe as it comes; text to the terminal or a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

from tyro.conf import Positional, arg

from seqtext.data.audio.frame_shape import LEAST_RATE, MOST_RATE
from seqtext.errors import OptionsError, raise_together
from seqtext.options import out_of_range, up_to
from seqtext.tasks.streams import ModelOptions, json_text, keywords, one_line, standard_input, tell
from seqtext.tasks.targets import open_target
from seqtext.tasks.transcription.settings import Listening

if TYPE_CHECKING:
    from seqtext.data.audio.wav import Sound
    from seqtext.tasks.transcription.stream import SpeechStream
    from seqtext.tasks.transcription.transcriber import Transcriber
    from seqtext.tasks.transcription.transcript import Symbol, Transcript

PIECE = 0.02  # seconds that are pushed at a time with --live
PIPE = "-"


@dataclass(frozen=True, kw_only=True)
class Transcribe(Listening, ModelOptions):
    """What is said in recordings: seqtext transcribe RUN call.wav; or in a pipe, while it is said: recorder | seqtext transcribe RUN -"""

    files: Positional[Annotated[tuple[str, ...], arg(metavar="FILE [FILE ...]")]] = ()
    """wav files of any rate (flac, ogg and mp3 with the extra seqtext[audio]); - is a pipe of raw 16-bit samples of one channel."""
    timestamps: bool = False
    """A line for each symbol, with the seconds at which it is written."""
    live: bool = False
    """Hear a file at the speed of time, in pieces of 20 ms, and write each symbol when it is heard."""
    rate: int | None = None
    """Samples per second in the pipe. Default: what the model hears."""
    jsonl: bool = False
    """JSON lines with file, text and symbols."""
    output: str | None = None
    """File to write. Default: the terminal."""

    def run(self) -> None:
        """Transcribes all files, one after the other."""
        self._check()
        transcriber = self.open("transcribe")
        known: set[int] = set()
        with open_target(self.output, *self.files) as target:
            for name in self.files:
                if name == PIPE or self.live:
                    self._as_it_comes(transcriber, name, target, known)
                    continue
                sound = _read(name, transcriber, known)
                [found] = transcriber([sound], **keywords(self, Listening))
                for line in self._lines(name, found):
                    print(line, file=target.file)
                target.flush(1)

    def _check(self) -> None:
        if not self.files:
            raise OptionsError("no recordings", fix="give wav files, or - for a pipe")
        if self.files.count(PIPE) > 1:
            raise OptionsError("the pipe is named twice", fix="give - once")
        raise_together(out_of_range(self, {up_to(MOST_RATE, least=LEAST_RATE): ("rate",)}))
        if self.rate is not None and PIPE not in self.files:
            raise OptionsError("--rate is of a pipe, and files say their own", fix="leave --rate out, or give -")
        if self.beam > 1 and (self.live or PIPE in self.files):
            raise OptionsError(
                "--beam reads a recording to its end, and a stream writes before", fix="leave --beam out"
            )

    def _lines(self, name: str, found: Transcript) -> Iterator[str]:
        if self.jsonl:
            symbols = [{"text": symbol.text, "seconds": symbol.seconds} for symbol in found.symbols]
            yield json_text({"file": name, "text": found.text, "symbols": symbols})
            return
        first = self._first(name)
        if self.timestamps:
            yield from (f"{first}{symbol.seconds:.2f}\t{symbol.text}" for symbol in found.symbols)
        else:
            yield f"{first}{found.text}"

    def _first(self, name: str) -> str:
        """What a line begins with: which file it is of, where there are several."""
        return f"{one_line(name)}\t" if len(self.files) > 1 else ""

    def _as_it_comes(self, transcriber: Transcriber, name: str, target: Any, known: set[int]) -> None:
        """Writes each symbol when it is heard; at the end of a file or pipe the line ends."""
        from seqtext.tasks.transcription.transcript import Transcript

        stream, pieces = self._opened(transcriber, name, known)
        written: list[Symbol] = []  # as JSON has them; else a pipe may go on for days
        between = ""
        separator = transcriber.config.separator
        first = self._first(name)
        if not (self.timestamps or self.jsonl):
            print(first, end="", file=target.file)
        for piece in _and_the_end(pieces):
            new = stream.finish_listening() if piece is None else stream.listen(piece)
            for symbol in new if not self.jsonl else ():
                if self.timestamps:
                    print(f"{first}{symbol.seconds:.2f}\t{symbol.text}", file=target.file)
                else:
                    print(between + symbol.text, end="", file=target.file)
                between = separator
            if new and not self.jsonl:
                target.flush(0)
            written += new if self.jsonl else ()
        if self.jsonl:
            found = Transcript(separator.join(symbol.text for symbol in written), tuple(written))
            print(next(self._lines(name, found)), file=target.file)
        elif not self.timestamps:
            print(file=target.file)
        target.flush(1)

    def _opened(self, transcriber: Transcriber, name: str, known: set[int]) -> tuple[SpeechStream, Iterator[Any]]:
        """A stream and what is to be pushed to it."""
        if name != PIPE:
            sound = _read(name, transcriber, known)
            return transcriber.stream(sound.rate), _at_the_speed_of_time(sound)
        rate = self.rate or transcriber.config.rate
        _say_rate("the pipe", rate, transcriber, known)
        return transcriber.stream(rate), _pieces(standard_input(), rate)


def _read(name: str, transcriber: Transcriber, known: set[int]) -> Sound:
    from seqtext.data.audio.sounds import read_sound_file

    sound = read_sound_file(name)
    _say_rate(name, sound.rate, transcriber, known)
    return sound


def _say_rate(name: str, rate: int, transcriber: Transcriber, known: set[int]) -> None:
    """Says once of each rate that it is not that of the model."""
    own = transcriber.config.rate
    if rate != own and rate not in known:
        known.add(rate)
        tell([f"{name} has {rate:,} samples per second, resampled to the {own:,} of the model"])


def _at_the_speed_of_time(sound: Sound) -> Iterator[Any]:
    size = max(int(sound.rate * PIECE), 1)
    started = time.monotonic()
    for start in range(0, len(sound.samples), size):
        piece = sound.samples[start : start + size]
        left = started + (start + len(piece)) / sound.rate - time.monotonic()
        if left > 0:
            time.sleep(left)
        yield piece


def _pieces(pipe: BinaryIO, rate: int) -> Iterator[bytes]:
    """What the pipe has, as it comes: never is a piece kept waiting until it is long enough.

    Raises:
        OptionsError: a wav file in the place of raw samples.
    """
    read = getattr(pipe, "read1", pipe.read)
    first = True
    while piece := read(max(int(rate * PIECE), 1) * 2):
        if first and piece[:4] in (b"RIFF", b"RF64"):
            raise OptionsError("the pipe is a wav file", expected="raw samples", fix="give the file by its name")
        first = False
        yield piece


def _and_the_end(pieces: Iterator[Any]) -> Iterator[Any]:
    yield from pieces
    yield None
