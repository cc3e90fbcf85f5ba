"""`seqtext evaluate` of a transcriber: errors of words, whole strings right, delays, and figures of each speaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from seqtext.reporting.evaluation import (
    GIVEN,
    EvaluateOptions,
    Measured,
    MeasuredRows,
    chosen_line,
    load_asked,
    measured_rows,
    only_name,
)

if TYPE_CHECKING:
    from seqtext.tasks.transcription.transcriber import Transcriber


@dataclass(frozen=True, kw_only=True)
class Evaluate(EvaluateOptions):
    """Word error rate, whole strings right, and delays, in fp32: seqtext evaluate RUN --data FOLDER

    Recordings of single words are put into strings, always the same ones, and heard by themselves too."""

    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """Recordings: a folder, a table with a column of files and one of texts, a data set on the hub, or touch-tones."""
    audio_column: str | None = None
    """Column of the recordings, or of their files. Default: audio, file, path or file_name."""
    text_column: str | None = None
    """Column of what is said. Default: text, transcript, transcription, sentence or label."""
    speaker_column: str | None = None
    """Column of who speaks. Default: speaker, speaker_id or client_id, where there is one."""


def measure(task: Transcriber, options: Evaluate, *, given: Any = None) -> Measured:
    """The figures of a transcriber.

    Args:
        task: to measure.
        options: of the command.
        given: rows in the place of `--data`, or None.

    Raises:
        DataError: recordings that cannot be used.
    """
    from seqtext.data.audio.options import BUILT_IN
    from seqtext.data.rows.splits import take
    from seqtext.tasks.transcription.encode import heard_once
    from seqtext.tasks.transcription.report.measured import measured
    from seqtext.tasks.transcription.report.report import predictions
    from seqtext.tasks.transcription.report.summary import odd_recordings, other_rates

    found = _measured(task, options, given)
    rows, notes = found.rows, found.notes
    tones = options.data == (BUILT_IN,) and found.split == "test" and options.max_rows is None
    if options.max_rows is not None and options.max_rows < len(rows):
        rows = take(rows, options.max_rows)
        notes.append(f"{len(rows):,} recordings measured, drawn from all (--max_rows)")
    heard = heard_once(rows, task.config.rate, task._known)
    notes += other_rates([heard], task.config.rate)
    warnings = odd_recordings(found.split, rows, heard, task.config)
    made = measured(task, rows, found.train, tones=tones)
    figures = {**made.figures, "data": {"source": found.source, "notes": notes, "warnings": warnings}}
    return Measured(figures, predictions(task, rows))


def figure_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a transcriber's report or evaluation found, as lines to print."""
    from seqtext.tasks.transcription.report.card import delay_line
    from seqtext.tasks.transcription.report.metrics import told

    test = figures["test"]
    source = figures["data"]["source"]
    yield f"tested on {source}, {test['strings']:,} strings of {test['words']:,} words: {told(test)}"
    if test["delay_ms"]:
        yield delay_line(test)
    if test.get("single"):
        yield f"single recordings: accuracy {test['single']['accuracy']:.2%} of {test['single']['recordings']:,}"
    for name, one in test.get("by_speaker", {}).items():
        yield f"  {name}: {told(one)}"
    for name, one in figures["baselines"].items():
        yield f"  {name}: {told(one)}" if "word_error_rate" in one else f"  {name}: accuracy {one['accuracy']:.2%}"
    yield from chosen_line(figures)


def _measured(task: Transcriber, options: Evaluate, given: Any) -> MeasuredRows:
    """The rows to measure, those of training beside them; only these are read."""
    import datasets

    from seqtext.data.audio.options import BUILT_IN, SoundDataOptions
    from seqtext.data.audio.recordings import COLUMN_FLAGS, holds_recordings, load_recordings, standard_rows
    from seqtext.data.reading.local_paths import at_home

    if given is not None:
        parts = given if isinstance(given, datasets.DatasetDict) else {"given": given}
        return measured_rows(
            options, GIVEN, datasets.DatasetDict({name: task.rows(part) for name, part in parts.items()})
        )
    name = only_name(options.data)
    path = at_home(name)
    named = {flag: getattr(options, flag) for flag in COLUMN_FLAGS}
    if name == BUILT_IN or holds_recordings(path):
        source = load_recordings(SoundDataOptions(data=name, **named))
        return measured_rows(options, source.name, source.splits)
    source = load_asked(options)
    found = measured_rows(options, source.name, source.splits, source.revision)
    read = {
        split: standard_rows(rows, named, path if path.is_dir() else path.parent)
        for split, rows in source.splits.items()
        if split in (found.split, "train")
    }
    return found._replace(splits=datasets.DatasetDict(read))
