"""Spoken digits: sound goes in while it arrives, and each digit is written as soon as it is heard. Or any words, from recordings of them.

Every 20 ms of sound has an output, a digit or nothing; nothing waits for the end:

     -      -     "7"     -     "2"
     ^      ^      ^      ^      ^
 h0->O----->O----->O----->O----->O
     ^      ^      ^      ^      ^
   frame  frame  frame  frame  frame

Recordings of single words are put into strings, with pauses and silence, other ones every epoch.

    python recipes/spoken_digits.py                                                    # offline: telephone keys, strings of 1 to 10
    python recipes/spoken_digits.py --data recordings --run runs/digits                # a folder of wav files such as 7_jackson_32.wav
    python recipes/spoken_digits.py --resume --run runs/digits                         # go on with a run that was stopped
"""

from dataclasses import dataclass
from typing import Any, Literal

from seqtext.data.audio.options import SoundDataOptions
from seqtext.data.audio.recordings import load_recordings
from seqtext.data.audio.splits import sound_splits
from seqtext.errors import run_program
from seqtext.options import OptimizerName, RunOptions, parse, part_of
from seqtext.tasks.transcription.report.report import transcription_report
from seqtext.tasks.transcription.report.summary import transcription_summary
from seqtext.tasks.transcription.settings import TranscriptionSettings
from seqtext.tasks.transcription.transcriber import Transcriber
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options

FOR_TONES = {  # defaults for telephone keys: their pitch is what they are, so it stays, and no band is hidden
    "epochs": 6,
    "hidden_size": 96,
    "num_layers": 1,
    "embedding_size": 96,
    "speed": 0.0,
    "mask_bands": 0,
    "mask_frames": 2,
}


@dataclass(frozen=True)
class Options(SoundDataOptions, RunOptions, TranscriptionSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    batch_tokens: int = 4096
    """Most outputs in a micro-batch, those of padding among them."""
    optimizer: OptimizerName = "muon"
    baselines: Literal["none", "fast", "all"] = "all"
    """Compare with nothing, with a detector where there is one, or also with a logistic regression on single words."""


def main() -> None:
    options = parse(Options, __doc__ or "", defaults_for=lambda asked: FOR_TONES if asked.is_built_in else {})
    figures = (
        SeedFigure("word_error_rate", "word error rate", percent=True),
        SeedFigure("strings_right", "strings right", percent=True),
    )
    run_seeds(options, train_once, name="digits", data=options.train or options.data, figures=figures)


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    # ---- Data: recordings with what is said in each, to checked splits
    source = load_recordings(options)
    data = sound_splits(
        source.splits, hold_out_speaker=options.hold_out_speaker, max_rows=options.max_rows, seed=options.seed
    )

    # ---- Task: symbols, rate and statistics of frames, from training recordings alone
    # log-mel frames (M) -> stacked, Linear(4 M, 128) -> nn.GRU(128, 256, num_layers=2, batch_first=True)
    # -> Linear(256, 1 + symbols)
    def make() -> Transcriber:
        return Transcriber.from_data(data.train, seed=options.seed, **part_of(options, TranscriptionSettings))

    task = make_once(make, open=Transcriber.from_pretrained)

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, source, data, task, summary=transcription_summary)
    if trained is None:
        return None

    # ---- Show: test recordings for the first time, simple methods beside this one
    result, facts = trained
    report = transcription_report(
        task, data, result, folder, data_figures=facts, source=source.name, baselines=options.baselines
    )
    return show(report, result, folder, command=["transcribe", report.example])


if __name__ == "__main__":
    run_program(main)
