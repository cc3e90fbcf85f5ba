"""What the card of a transcriber says. Figures in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqtext.reporting.card import Card
from seqtext.reporting.markdown import markdown_table
from seqtext.reporting.table import Row, Table


def transcription_card(figures: Mapping[str, Any]) -> Card:
    """The card of a transcriber; `figures` are as in report/metrics.json."""
    results: list[str] = []
    for table in (strings_table(figures), singles_table(figures)):
        results += [] if table is None else [*table.markdown(), ""]
    test = figures["test"]
    if test and test["delay_ms"]:
        results += [f"{delay_line(test)}.", ""]
    if test and "by_speaker" in test:
        rows = [
            [name, f"{one['words']:,}", f"{one['word_error_rate']:.2%}", f"{one['strings_right']:.1%}"]
            for name, one in test["by_speaker"].items()
        ]
        results += [*markdown_table(["speaker", "words", "word error rate", "strings right"], rows), ""]
    return Card(
        title=f"What is said in {figures['data']['source']}",
        kind="A transcriber, which writes while it listens,",
        pipeline_tag="automatic-speech-recognition",
        usage=[
            'transcriber = seqtext.load("this folder")',
            'transcriber(["call.wav"])[0].text',
            "stream = transcriber.stream()  # stream.push(samples) gives what is new",
        ],
        results=results,
        caution="It knows the symbols, voices and noises of its training recordings, and no others.",
        unit="recordings",
    )


def strings_table(figures: Mapping[str, Any]) -> Table | None:
    """Strings, beside baselines; `figures` are as in report/metrics.json. None where nothing was measured."""
    if not (test := figures["test"]):
        return None
    rows = [_strings("this model", test, model=True)]
    rows += [
        _strings(name, one, baseline=f"the {name}", description=one["description"])
        for name, one in figures["baselines"].items()
        if "word_error_rate" in one
    ]
    columns = ["word error rate", "strings right", "other", "too many", "missing"]
    return Table(f"test, {test['strings']:,} strings of {test['words']:,} words", columns, rows)


def singles_table(figures: Mapping[str, Any]) -> Table | None:
    """Recordings by themselves; None where they hold more than a symbol."""
    test = figures["test"]
    if not test or not test.get("single"):
        return None
    rows = [Row("this model", [f"{test['single']['accuracy']:.2%}"], test["single"]["accuracy"], model=True)]
    rows += [
        Row(name, [f"{one['accuracy']:.2%}"], one["accuracy"], f"the {name}", one["description"])
        for name, one in figures["baselines"].items()
        if "accuracy" in one
    ]
    return Table(f"test, {test['single']['recordings']:,} single recordings", ["accuracy"], rows)


def delay_line(test: Mapping[str, Any]) -> str:
    """How long after its end a symbol is written."""
    delay = test["delay_ms"]
    return f"a symbol is written {delay['median']:.0f} ms after its end (median; 90 % within {delay['p90']:.0f} ms)"


def _strings(
    name: str, one: Mapping[str, Any], *, baseline: str = "", description: str = "", model: bool = False
) -> Row:
    cells = [f"{one['word_error_rate']:.2%}", f"{one['strings_right']:.1%}"]
    cells += [f"{one[kind]:,}" for kind in ("substitutions", "insertions", "deletions")]
    return Row(name, cells, -one["word_error_rate"], baseline, description, model=model)
