"""`SpeechStream`: pieces of a sound come one after the other, and what is new of its text is written. One step each, whatever the pieces.

Its state lives here, with the stream that owns it, never on the model: streams do not see each other. It is always as large, and can be
saved. A step is computed alone, in the same order for any pieces: what was written is bit for bit what other pieces would have given.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqtext.data.audio.frame_shape import LEAST_RATE, MOST_RATE, is_rate
from seqtext.data.audio.resampling import Resampler
from seqtext.data.audio.wav import Samples, as_samples
from seqtext.errors import OptionsError, SavedFileError
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.backbone import State
from seqtext.saving.folders import parse_tensors
from seqtext.tasks.saved_streams import read_stream, save_stream
from seqtext.tasks.transcription.alphabet import Alphabet
from seqtext.tasks.transcription.decoding import NOTHING
from seqtext.tasks.transcription.hearing import step_frames
from seqtext.tasks.transcription.settings import TranscriptionConfig
from seqtext.tasks.transcription.transcript import Symbol


class SpeechStream:
    """Takes a sound in pieces. Equal to calling the transcriber on all of it.

    Args:
        model: in evaluation mode.
        config: of the transcriber.
        alphabet: likewise.
        rate: samples per second that will be pushed.

    Raises:
        OptionsError: a rate that there is not.
    """

    def __init__(self, model: SeqToSeq, config: TranscriptionConfig, alphabet: Alphabet, *, rate: int) -> None:
        if not is_rate(rate):
            raise OptionsError(
                f"a rate of {rate!r:.40}", expected=f"{LEAST_RATE:,} to {MOST_RATE:,} samples per second"
            )
        self.model, self.config, self.alphabet, self.rate = model, config, alphabet, int(rate)
        self._resampler = Resampler(self.rate, config.rate)
        self._samples: Samples = np.zeros(
            config.frames.before, dtype=np.float32
        )  # those that frames still see, and new ones
        self._half = b""  # half a sample at the end of a piece of bytes
        with torch.inference_mode():
            self._state: State = model.zero_state(1, like=model.head.weight)
        self._steps, self._best, self._wrote = 0, NOTHING, False
        self._finished = False

    # ---- pushed

    def push(self, samples: Any) -> str:
        """What is new of the text, after some more samples; often nothing.

        Args:
            samples: (N,) of one channel, as `as_samples` takes them: -1 to 1, or whole numbers of 16 bit; or the bytes of such, which
                may end inside of one.

        Raises:
            DataError: what is no samples, or has some that are no numbers.
        """
        return push_together([self], [samples])[0]

    def listen(self, samples: Any) -> list[Symbol]:
        """As `push`, each symbol by itself with the time at which it is written."""
        self._take(*self._checked(samples))
        return _run([self])[0]

    def finish(self) -> str:
        """The rest of the text, once no more samples come."""
        return self._text(self.finish_listening())

    def finish_listening(self) -> list[Symbol]:
        """As `finish`, each symbol by itself."""
        self._open("finish")
        self._finished = True
        self._samples = np.concatenate([self._samples, self._resampler.finish()])
        new = len(self._samples) - self.config.frames.before
        missing = -new % self.config.samples_per_step + self.config.tail
        self._samples = np.concatenate([self._samples, np.zeros(missing, dtype=np.float32)])
        found = _run([self])[0]
        with torch.inference_mode():
            for _ in range(self.model.ahead):
                output, self._state = self.model.blank(self._state)
                found += self._write(int(output.argmax()))
        return found

    # ---- state

    @property
    def state(self) -> dict[str, Tensor]:
        """All that it remembers of the sound: the state of the model, and the last milliseconds of samples."""
        parts = {f"model.{number}": part for number, part in enumerate(self._state)}
        kept = {"samples": self._samples, "resampler": self._resampler.kept}
        return parts | {name: torch.from_numpy(np.array(values)) for name, values in kept.items()}

    @property
    def state_bytes(self) -> int:
        """Bytes of it."""
        return sum(part.numel() * part.element_size() for part in self.state.values())

    def save(self, folder: str | Path) -> None:
        """Writes the stream as a verified folder of JSON and tensors, which `Transcriber.open_stream` opens.

        Raises:
            OptionsError: if something else stands there.
            ResourceError: if the disk is full or may not be written.
        """
        state = {
            "rate": self.rate, "steps": self._steps, "best": self._best,
            "wrote": int(self._wrote), "first": self._resampler.first, "given": self._resampler.given,
            "half": self._half.hex(), "finished": int(self._finished),
            "sizes": {name: list(part.shape) for name, part in self.state.items()},
        }  # fmt: skip
        save_stream(folder, self.config, self.model, state=state, tensors=self.state)

    @classmethod
    def open(cls, model: SeqToSeq, config: TranscriptionConfig, alphabet: Alphabet, folder: str | Path) -> SpeechStream:
        """The stream that was saved.

        Raises:
            SavedFileError: if it is damaged, or of another model.
        """
        found, data, where, where_tensors = read_stream(folder, config, model)
        try:
            stream = cls(model, config, alphabet, rate=_whole(found["rate"]))
            sizes = {name: _whole(found["sizes"][name][0], most=2 * MOST_RATE) for name in ("samples", "resampler")}
            shapes = {**stream.state, **{name: torch.empty(size) for name, size in sizes.items()}}
            tensors = parse_tensors(data, shapes, where=where_tensors)
            stream._steps, stream._best = _whole(found["steps"]), _whole(found["best"], most=len(config.alphabet))
            stream._wrote, stream._finished = bool(found["wrote"]), bool(found["finished"])
            stream._half = bytes.fromhex(found["half"])[:1]
            stream._resampler.first, stream._resampler.given = _whole(found["first"]), _whole(found["given"])
        except (KeyError, TypeError, ValueError, IndexError, OptionsError) as error:
            raise SavedFileError(f"not the state of a stream ({error})", where=where) from error
        stream._samples = tensors["samples"].numpy()
        stream._resampler.kept = tensors["resampler"].numpy()
        stream._state = tuple(tensors[f"model.{number}"].to(model.head.weight) for number in range(len(stream._state)))
        return stream

    # ---- inside

    def _take(self, samples: Samples, half: bytes) -> None:
        """Adds samples, at the model's rate, and half of one that has begun."""
        self._half = half
        self._samples = np.concatenate([self._samples, self._resampler.push(samples)])

    def _checked(self, given: Any) -> tuple[Samples, bytes]:
        """What was pushed as `_take` needs it; nothing is kept of it yet."""
        self._open("push")
        half = self._half
        if isinstance(given, bytes | bytearray | memoryview):
            whole = half + bytes(given)
            cut = len(whole) - len(whole) % 2
            half = whole[cut:]
            given = np.frombuffer(whole[:cut], dtype="<i2")
        return as_samples(given, self.rate, where="the piece"), half

    def _open(self, what: str) -> None:
        if self._finished:
            raise OptionsError(f"{what} after finish", fix="begin a new stream")

    @property
    def _ready(self) -> bool:
        """Whether there are samples for one more step."""
        return len(self._samples) >= self.config.frames.before + self.config.samples_per_step

    def _next(self) -> Tensor:
        """(1, before + N) samples of the next step; those that no later one sees are forgotten."""
        size = self.config.samples_per_step
        piece = torch.from_numpy(self._samples[: self.config.frames.before + size].copy())
        self._samples = self._samples[size:]
        return piece.unsqueeze(0)

    def _write(self, best: int) -> list[Symbol]:
        """What the likeliest output of a step writes."""
        self._steps += 1
        if self._steps <= self.model.ahead:  # of before the first step
            return []
        new = best != NOTHING and best != self._best
        self._best = best
        seconds = round(self._steps * self.config.seconds_per_step, 4)
        return [Symbol(self.alphabet.symbols[best - 1], seconds)] if new else []

    def _text(self, symbols: Sequence[Symbol]) -> str:
        """Symbols as they go on with the text before them."""
        if not symbols:
            return ""
        first = self.alphabet.separator if self._wrote else ""
        self._wrote = True
        return first + self.alphabet.separator.join(symbol.text for symbol in symbols)


def push_together(streams: Sequence[SpeechStream], pieces: Sequence[Any]) -> list[str]:
    """Pushes a piece to each of many streams of one model, whose steps are then computed side by side; what is new of each.

    Raises:
        DataError: what `SpeechStream.push` refuses.
        OptionsError: streams of several models, or one of them twice.
    """
    if len({id(stream) for stream in streams}) < len(streams) or len({id(stream.model) for stream in streams}) > 1:
        raise OptionsError("streams of several models, or one twice", expected="different streams of one model")
    if len(pieces) != len(streams):
        raise OptionsError(f"{len(streams):,} streams and {len(pieces):,} pieces", expected="a piece for each")
    checked = [stream._checked(piece) for stream, piece in zip(streams, pieces, strict=True)]
    for stream, of_stream in zip(streams, checked, strict=True):  # none takes its piece if that of another is refused
        stream._take(*of_stream)
    return [stream._text(found) for stream, found in zip(streams, _run(streams), strict=True)]


@torch.inference_mode()
def _run(streams: Sequence[SpeechStream]) -> list[list[Symbol]]:
    """All steps that streams have samples for, those of several side by side."""
    found: list[list[Symbol]] = [[] for _ in streams]
    while ready := [number for number, stream in enumerate(streams) if stream._ready]:
        some = [streams[number] for number in ready]
        model, config = some[0].model, some[0].config
        frames = step_frames(torch.cat([stream._next() for stream in some]).to(model.head.weight.device), config)
        state = some[0]._state
        if len(some) > 1:
            state = tuple(torch.cat(parts, dim=1) for parts in zip(*(stream._state for stream in some), strict=True))
        outputs, after = model.step(frames, state)
        for place, (number, best) in enumerate(zip(ready, outputs.argmax(-1).tolist(), strict=True)):
            streams[number]._state = tuple(part[:, place : place + 1].contiguous() for part in after)
            found[number] += streams[number]._write(best)
    return found


def _whole(value: object, most: int = 2**62) -> int:
    if type(value) is not int or not -most <= value <= most:
        raise TypeError(f"found {value!r:.40}, expected a whole number")
    return value
