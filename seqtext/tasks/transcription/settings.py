"""What a transcriber can be set to: flags of its recipe, keywords of `Transcriber.from_data`, and part of the saved config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqtext.data.audio.frame_shape import LEAST_RATE, MOST_RATE, FrameShape
from seqtext.errors import OptionsError
from seqtext.options import NOT_NEGATIVE, SHARE, Range, out_of_range, raise_faults, up_to

MOST_UNITS, MOST_LAYERS, MOST_BANDS, MOST_FRAMES = 16_384, 64, 512, 100
MOST_MS = 1_000
MOST_JOINED = 100
MOST_BEAMS = 512
REMEMBERED = 3.0  # seconds that a running mean is of: longer than a word, shorter than a call
UP_TO_ONE = Range("from 0 to 1", lambda value: 0 <= value <= 1)
DECIBELS = Range("from 0 to 100", lambda value: 0 <= value <= 100)


@dataclass(frozen=True)
class TranscriptionSettings:
    """Frames, model and training of a transcriber."""

    symbols: Literal["auto", "words", "characters"] = "auto"
    """What is written one by one. auto: words where the training texts have few different ones that come often, else characters."""
    lowercase: bool = False
    """Fold case of the texts."""
    rate: int | None = None
    """Samples per second that the model hears. Default: the commonest rate of the training recordings, at most 16,000."""
    bands: int = 40
    """Bands of pitch in a frame."""
    hop_ms: int = 10
    """Milliseconds from one frame to the next."""
    window_ms: int = 25
    """Milliseconds of sound that a frame sees."""
    normalisation: Literal["fixed", "running"] = "fixed"
    """How bands are scaled. fixed: by their mean and deviation in training; running: the mean of the last 3 seconds is taken off too."""
    stack: int = 4
    """Frames that a step of the model reads."""
    skip: int = 2
    """New frames of a step: with --hop_ms 10 there is an output every 20 ms."""
    ahead: int = 0
    """Steps that the model hears beyond the one it answers for."""
    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """Kind of recurrent cell."""
    embedding_size: int = 128
    """Features of a step."""
    hidden_size: int = 256
    """Units of a layer."""
    num_layers: int = 2
    """Recurrent layers."""
    input_dropout: float = 0.1
    """Share of input features zeroed in training, the same at all steps of a recording."""
    layer_dropout: float = 0.2
    """Share of features zeroed between layers likewise."""
    output_dropout: float = 0.2
    """Share of output features zeroed likewise."""
    joined: int | None = None
    """Recordings put one behind the other into a string, at most, anew every epoch. Default: 7 where each is a single word, else 1."""
    tail_ms: int = 300
    """Milliseconds of silence behind a recording, in which its last word may still be written."""
    speed: float = 0.1
    """Share by which training recordings are played faster or slower, and so higher or lower."""
    level_db: float = 10.0
    """Decibels by which they are louder or softer."""
    noise: float = 0.5
    """Share of them that noise is added to."""
    noise_db: float = 5.0
    """Decibels that they are above that noise at least."""
    mask_bands: int = 6
    """Most bands that each of two masks hides in training (SpecAugment)."""
    mask_frames: int = 8
    """Most frames that each of two masks hides likewise."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                up_to(MOST_RATE, least=LEAST_RATE): ("rate",),
                up_to(MOST_MS): ("hop_ms", "window_ms"),
                up_to(MOST_BANDS): ("bands",),
                up_to(MOST_FRAMES): ("stack", "skip"),
                up_to(MOST_FRAMES, least=0): ("ahead", "mask_frames", "mask_bands"),
                up_to(MOST_UNITS): ("embedding_size", "hidden_size"),
                up_to(MOST_LAYERS): ("num_layers",),
                up_to(MOST_JOINED): ("joined",),
                up_to(10_000, least=0): ("tail_ms",),
                SHARE: ("input_dropout", "layer_dropout", "output_dropout", "speed"),
                UP_TO_ONE: ("noise",),
                DECIBELS: ("level_db",),
                NOT_NEGATIVE: ("noise_db",),
            },
        )
        if self.stack < self.skip:
            faults.append(f"--stack is {self.stack} and --skip {self.skip}: a step reads all its new frames")
        if self.window_ms < self.hop_ms:
            faults.append(f"--window_ms is {self.window_ms} and --hop_ms {self.hop_ms}: frames would leave samples out")
        if self.mask_bands >= self.bands:
            faults.append(f"--mask_bands is {self.mask_bands} of --bands {self.bands}: nothing would be left")
        return faults


@dataclass(frozen=True)
class TranscriptionConfig(TranscriptionSettings):
    """The settings of a transcriber and what it learnt about the data: all that is saved beside the weights."""

    rate: int = 8_000
    """Samples per second that the model hears."""
    joined: int = 1
    """Recordings put into a string, at most."""
    alphabet: tuple[str, ...] = ()
    """What can be written, in the order of the model's outputs behind nothing."""
    separator: str = ""
    """What stands between two symbols."""
    means: tuple[float, ...] = ()
    """Mean of each band over the training recordings."""
    deviations: tuple[float, ...] = ()
    """Standard deviation of each band likewise."""

    def _faults(self) -> list[str]:
        faults = []
        if not len(self.means) == len(self.deviations) == self.bands:
            faults.append(f"means and deviations are those of {self.bands} bands")
        if any(not value > 0 for value in self.deviations):
            faults.append("deviations are more than 0")
        if not self.alphabet or len({*self.alphabet}) < len(self.alphabet) or "" in self.alphabet:
            faults.append("the alphabet has different symbols, one at least")
        return faults

    @property
    def frames(self) -> FrameShape:
        """How samples become frames."""
        return FrameShape(
            self.rate, max(self.rate * self.hop_ms // 1000, 1), max(self.rate * self.window_ms // 1000, 1), self.bands
        )

    @property
    def forget(self) -> float:
        """Share of a frame in the running mean of frames; 0 without one."""
        return min(self.frames.hop / self.rate / REMEMBERED, 0.5) if self.normalisation == "running" else 0.0

    @property
    def samples_per_step(self) -> int:
        """Samples that are new to a step of the model."""
        return self.frames.hop * self.skip

    @property
    def seconds_per_step(self) -> float:
        """How long that is."""
        return self.samples_per_step / self.rate

    @property
    def tail(self) -> int:
        """Samples of silence behind a recording: whole steps of them."""
        return -(-self.tail_ms * self.rate // (1000 * self.samples_per_step)) * self.samples_per_step

    @property
    def words_are_symbols(self) -> bool:
        """Whether each symbol counts as a word: words, or characters by themselves, as those of strings of digits are."""
        by_itself = " " not in self.alphabet and not any(symbol.isalpha() for symbol in self.alphabet)
        return bool(self.separator) or self.joined > 1 or by_itself


@dataclass(frozen=True)
class Listening:
    """How a whole recording is transcribed: keywords of calling a `Transcriber`, and flags of `seqtext transcribe`."""

    beam: int = 1
    """Beginnings of texts that are followed side by side; 1 takes the likeliest symbol at every step, as a stream does."""

    def __post_init__(self) -> None:
        if faults := out_of_range(self, {up_to(MOST_BEAMS): ("beam",)}):
            raise OptionsError(faults[0])
