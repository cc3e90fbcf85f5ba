"""After training a transcriber: words and strings it gets right, delays, each speaker, beside baselines; pictures and the model card.

Test recordings are used only here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from seqtext.data.audio.options import BUILT_IN
from seqtext.data.audio.recordings import SPEAKER
from seqtext.data.audio.splits import SoundSplits, column_texts, sound_splits
from seqtext.data.reading.column_arrays import row_number
from seqtext.options import TrainingOptions
from seqtext.reporting.baseline import Baselines
from seqtext.reporting.evaluation import GIVEN
from seqtext.reporting.report import Report, Score, run_figures, write_report
from seqtext.tasks.transcription.encode import single
from seqtext.tasks.transcription.report.card import delay_line, singles_table, strings_table, transcription_card
from seqtext.tasks.transcription.report.drawings import draw
from seqtext.tasks.transcription.report.measured import measured
from seqtext.tasks.transcription.report.metrics import recorded_symbols, written_of
from seqtext.tasks.transcription.report.summary import transcription_summary
from seqtext.tasks.transcription.transcriber import Transcriber
from seqtext.training.fit import FitResult
from seqtext.training.protocols import Reporter
from seqtext.training.run_folder import RunFolder

if TYPE_CHECKING:
    from datasets import Dataset


def transcription_report(
    task: Transcriber,
    data: SoundSplits,
    result: FitResult,
    folder: RunFolder,
    *,
    data_figures: Mapping[str, Any],
    source: str,
    baselines: Baselines = "all",
) -> Report:
    """Writes report/ and the model card.

    Args:
        task: with the chosen weights.
        data: whose test recordings are heard, now for the first time.
        result: of training.
        folder: of the run.
        data_figures: what the summary found out about the data.
        source: name of the data set, with its revision where it has one.
        baselines: which of them stand beside.
    """
    task.model.to("cpu")  # figures are of what a user gets: fp32, on the CPU
    found = measured(task, data.test, data.train, which=baselines, tones=source == BUILT_IN)
    figures = run_figures(found.figures, data_figures, result, source)
    write_report(
        folder,
        figures,
        result,
        transcription_card(figures),
        score=Score("symbol_error_rate", "symbols wrong", "nats per symbol", percent=True),
        draw=lambda report: draw(task, found.listened, figures.get("noise"), report),
        predictions=predictions(task, data.test),
    )
    return Report(figures, table(figures), "call.wav")


def predictions(task: Transcriber, rows: Dataset) -> Iterator[dict[str, Any]]:
    """What is said and written in each recording by itself."""
    said = recorded_symbols(rows, task.config)
    who = column_texts(rows, SPEAKER)
    written = written_of(task, single(task.config, task.alphabet, rows, task._known))
    for place, (symbols, speaker, one) in enumerate(zip(said, who, written, strict=True)):
        found = task.transcript(one)
        yield {
            "row": row_number(rows, place),
            "speaker": speaker,
            "said": task.config.separator.join(symbols),
            "written": found.text,
            "seconds": [symbol.seconds for symbol in found.symbols],
        }


def reporter(
    task: Transcriber, train: Dataset, validation: Dataset, test: Dataset, options: TrainingOptions
) -> Reporter:
    """What writes the report of `seqtext.fit`, once the rows are checked and summed up.

    Raises:
        DataError: for rows that cannot be used.
    """
    from datasets import DatasetDict

    data = sound_splits(DatasetDict(train=train, validation=validation, test=test))
    facts = transcription_summary(task, data, options)[1]
    return lambda result, folder: transcription_report(task, data, result, folder, data_figures=facts, source=GIVEN)


def table(figures: Mapping[str, Any]) -> list[str]:
    """What was measured, as lines to print; `figures` are as in report/metrics.json."""
    lines: list[str] = []
    for found in (strings_table(figures), singles_table(figures)):
        if found is not None:
            better = found.better_baseline(lambda ours, theirs: f"{theirs - ours:.2%}", unit="recordings")
            lines += [*found.lines(), *better]
    test = figures["test"]
    if test and test["delay_ms"]:
        lines.append(delay_line(test))
    if test and "by_speaker" in test:
        told = ", ".join(f"{name} {one['word_error_rate']:.2%}" for name, one in test["by_speaker"].items())
        lines.append(f"word error rate by speaker: {told}")
    if "noise" in figures:
        shares = figures["noise"]["strings_right"]
        for name, values in shares.items():
            at = ", ".join(
                f"{level:g} dB {share:.1%}" for level, share in zip(figures["noise"]["decibels"], values, strict=True)
            )
            lines.append(f"strings right in noise, {name}: {at}")
    return lines
