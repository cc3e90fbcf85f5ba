"""Which recordings a recipe trains on, as flags: a folder, a table or a data set by its name."""

from __future__ import annotations

from dataclasses import dataclass

from seqtext.data.reading.options import DataOptions, file_faults

BUILT_IN = "touch-tones"


@dataclass(frozen=True)
class SoundDataOptions(DataOptions):
    """Recordings with what is said in each."""

    data: str = BUILT_IN
    """touch-tones, a folder of recordings (TEXT_SPEAKER_TAKE.wav, or a folder for each word), a table of files and texts, or a hub name."""
    train: str | None = None
    """Table of training recordings, instead of --data."""
    validation: str | None = None
    """Table of validation recordings. Default: held out of the training ones."""
    test: str | None = None
    """Table of test recordings. Default: held out of the training ones."""
    audio_column: str | None = None
    """Column of the recordings, or of their files. Default: audio, file, path or file_name."""
    text_column: str | None = None
    """Column of what is said. Default: text, transcript, transcription, sentence or label."""
    speaker_column: str | None = None
    """Column of who speaks. Default: speaker, speaker_id or client_id, where there is one."""
    hold_out_speaker: str | None = None
    """Test on all recordings of this speaker, and train on the others."""

    @property
    def is_built_in(self) -> bool:
        """Whether the recordings are those that are always there."""
        return self.train is None and self.data == BUILT_IN

    def _faults(self) -> list[str]:
        train = () if self.train is None else (self.train,)
        return file_faults(self, train, validation=self.validation, test=self.test)
