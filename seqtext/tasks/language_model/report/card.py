"""What the card of a language model says. Figures in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqtext.reporting.card import Card
from seqtext.reporting.table import Row, Table


def language_card(figures: Mapping[str, Any]) -> Card:
    """The card of a language model; `figures` are as in report/metrics.json."""
    table = compared(figures)
    return Card(
        title=f"A language model of {figures['data']['source']}",
        kind="A language model",
        pipeline_tag="text-generation",
        usage=['model = seqtext.load("this folder")', 'model(["a text"])[0].perplexity'],
        results=[] if table is None else table.markdown(),
        caution="It says how much a text is like its training texts, not whether the text is true or good.",
    )


def compared(figures: Mapping[str, Any]) -> Table | None:
    """What was measured, beside baselines; `figures` are as in report/metrics.json. None where nothing was."""
    if not (test := figures["test"]):
        return None
    rows = [_row("this model", test, model=True)]
    if len(ways := test["by_direction"]) > 1:
        rows += [_row(f"  {name} alone", one) for name, one in ways.items()]
    rows += [
        _row(name, one, baseline=f"the {name}", description=one["description"])
        for name, one in figures["baselines"].items()
    ]
    columns = ["perplexity per token", "per word", *(["bits per byte"] if "bits_per_byte" in test else [])]
    return Table(f"test, {test['tokens']:,} tokens", columns, rows)


def _row(
    name: str, measured: Mapping[str, Any], *, baseline: str = "", description: str = "", model: bool = False
) -> Row:
    cells = [f"{measured[key]:,.2f}" for key in ("perplexity", "perplexity_per_word")]
    cells += [f"{measured['bits_per_byte']:.3f}"] if "bits_per_byte" in measured else []
    return Row(name, cells, -measured["loss"], baseline, description, model=model)
