"""`Transcriber`: sounds in, what is said in them out; or pieces of a sound in, and what is new out. A `SeqToSeq` with its alphabet.

Knows samples; reads no files but those it is given and its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seqtext.batching.pieces import MapPieces, one_by_one, total_of
from seqtext.batching.usual import Usual
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.losses import Loss, ctc_loss
from seqtext.options import Precision
from seqtext.tasks.base import BaseTask
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import restore, task_files, with_new_weights
from seqtext.tasks.transcription.alphabet import Alphabet
from seqtext.tasks.transcription.decoding import beam_search, greedy
from seqtext.tasks.transcription.edits import compare
from seqtext.tasks.transcription.hearing import log_probabilities, normalised_frames, outputs_of
from seqtext.tasks.transcription.model import build_model
from seqtext.tasks.transcription.rows import SoundBatch, SoundRows
from seqtext.tasks.transcription.settings import Listening, TranscriptionConfig
from seqtext.tasks.transcription.stream import SpeechStream
from seqtext.tasks.transcription.transcript import Transcript, transcript

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.data.audio.encoding import Heard

_DEFAULT = Listening()
STEPS_AT_ONCE = 16_384  # of a batch that is measured


class Transcriber(BaseTask):
    """Writes what is said in sounds.

    Args:
        config: its settings.
    """

    config: TranscriptionConfig
    model: SeqToSeq
    selection_metric = "symbol_error_rate"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = True
    auto_precision: Precision = "fp32"
    # Strings are other ones every epoch, and what is told apart is learnt late.
    usual = Usual(epochs=60, batch_rows=32, optimizer="muon", batch_tokens=4096)

    def __init__(self, config: TranscriptionConfig) -> None:
        self.config = config
        self.alphabet = Alphabet(config.alphabet, config.separator)
        self.model = build_model(config)
        self._known: dict[str, Heard] = {}

    def traits(self) -> list[str]:
        """What it is, in a few words each."""
        config = self.config
        every = f"an output every {config.seconds_per_step * 1000:g} ms"
        units = f"{config.cell} of {config.hidden_size:,} units"
        return [f"{len(config.alphabet)} symbols", f"{config.rate:,} samples per second", every, units]

    # ---- made from data

    @classmethod
    def from_data(cls, train: Any, *, seed: int = 0, **settings: Any) -> Transcriber:
        """A new transcriber for recordings: finds its symbols, its rate and the statistics of frames, and draws the weights.

        Args:
            train: training rows with columns `audio` and `text`, as a data set, a data frame, a dict of columns or a list of dicts.
            seed: of the first weights.
            settings: fields of `TranscriptionSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if the recordings cannot be used.
            OptionsError: for an unknown setting.
        """
        from seqtext.tasks.transcription.given import recordings_of
        from seqtext.tasks.transcription.prepare import prepare  # reads data sets: not needed to use a model

        config = prepare(recordings_of(train), settings)
        return with_new_weights(lambda: cls(config), seed=seed)

    # ---- raw in, raw out

    @torch.inference_mode()
    def __call__(self, sounds: Any, *, rate: int | None = None, beam: int = _DEFAULT.beam) -> list[Transcript]:
        """What is said in each sound, in fp32, whatever the model was trained in.

        Args:
            sounds: a list, each a path, the bytes of a file, what a hub's column of sounds holds, or samples of one channel.
            rate: samples per second, where samples are given.
            beam: as `seqtext.tasks.transcription.settings.Listening` says.

        Raises:
            DataError: what is no sound, or cannot be read.
        """
        from seqtext.data.audio.resampling import resampled
        from seqtext.data.audio.sounds import given_sound, listed

        width = Listening(beam=beam).beam
        self.model.eval()
        found = []
        for number, given in enumerate(listed(sounds), start=1):
            sound = given_sound(given, where=f"sound {number}", rate=rate)
            outputs = self.outputs(resampled(sound.samples, sound.rate, self.config.rate))
            written = (
                greedy(outputs.argmax(-1).numpy()) if width == 1 else beam_search(log_probabilities(outputs), width)
            )
            found.append(self.transcript(written))
        return found

    def outputs(self, samples: Any) -> Tensor:
        """(T, C) what the model says at every step of samples (N,) of its own rate, and of the silence behind them, on the CPU."""
        return torch.cat([part.cpu() for part in outputs_of(self.model, samples, self.config)])

    def transcript(self, written: Any) -> Transcript:
        """Symbols by their numbers and steps, as text."""
        return transcript(written, self.alphabet, self.config.seconds_per_step, ahead=self.config.ahead)

    def stream(self, rate: int | None = None) -> SpeechStream:
        """A new stream, which is pushed pieces of a sound as it comes.

        Args:
            rate: samples per second that will be pushed; that of the model if None, and else they are resampled.

        Raises:
            OptionsError: a rate that there is not.
        """
        self.model.eval()
        return SpeechStream(self.model, self.config, self.alphabet, rate=self.config.rate if rate is None else rate)

    def open_stream(self, folder: str | Path) -> SpeechStream:
        """The stream that `SpeechStream.save` wrote, which goes on as if it had never stopped.

        Raises:
            SavedFileError: if it is damaged, or of another model.
        """
        self.model.eval()
        return SpeechStream.open(self.model, self.config, self.alphabet, folder)

    # ---- what training asks for

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch hears other strings, or the same ones played otherwise."""
        return self.config.joined > 1 or self.config.speed > 0

    def rows(self, given: Any) -> Dataset:
        """As `recordings_of`: the rows of one split, whatever holds them, with the bytes of each recording."""
        from seqtext.tasks.transcription.given import recordings_of

        return recordings_of(given)

    def split(self, rows: Any, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth, 2,500 at most."""
        from seqtext.data.rows.splits import hold_out_rows

        return hold_out_rows(self.rows(rows), None, seed=seed)

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> SoundRows:
        """A split as samples and symbols, checked. Without a seed the strings are always the same, and played as they are.

        Raises:
            DataError: naming the row that cannot be used.
        """
        from seqtext.tasks.transcription.encode import encode

        return encode(self.config, self.alphabet, self.rows(rows), self._known, sampling_seed=sampling_seed)

    def losses(self, batch: SoundBatch) -> Iterator[Loss]:
        """The loss of a batch; in training of sounds as they might as well have been."""
        frames = normalised_frames(batch.samples, self.config, training=self.model.training)
        yield ctc_loss(self.model(frames), batch.targets, batch.target_lengths)

    @torch.inference_mode()
    def validate(self, examples: SoundRows, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss per symbol (natural logarithm), ends among them, and the share of symbols that are wrong, missing or too many."""
        self.model.eval()
        plan = examples.plan(tokens=STEPS_AT_ONCE, seed=0, micro_batches=1, max_rows=1024)

        def of(rows: Any) -> Tensor:
            batch = examples.batch(rows).to(self.device)
            outputs = self.model(normalised_frames(batch.samples, self.config))
            loss = ctc_loss(outputs, batch.targets, batch.target_lengths)
            best = outputs.values.argmax(-1).cpu().numpy()
            targets, lengths = batch.targets.cpu().numpy(), batch.target_lengths.tolist()
            wrong = sum(
                compare(target[:size].tolist(), greedy(row[:steps]).symbols).total
                for target, size, row, steps in zip(targets, lengths, best, outputs.lengths.tolist(), strict=True)
            )
            return torch.tensor([float(loss.sum), float(loss.count), wrong, sum(lengths)], dtype=torch.float64)

        pieces = [rows for [rows] in plan.in_order_of_length()]
        total, count, wrong, said = total_of(map_pieces(pieces, of), figures=4)
        return {"loss": total / max(count, 1.0), "symbol_error_rate": wrong / max(said, 1.0)}

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        return task_files(self, {})

    @classmethod
    def from_saved(cls, saved: SavedTask) -> Transcriber:
        """From the verified files of a model folder."""
        config = saved.config(TranscriptionConfig, task=cls.__name__)
        return restore(saved, lambda: cls(config))
