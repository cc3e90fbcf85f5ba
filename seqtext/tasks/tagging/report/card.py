"""What the card of a tagger says: figures beside the baselines, each tag, spans. Figures in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqtext.reporting.card import Card
from seqtext.reporting.markdown import markdown_cell, markdown_table
from seqtext.reporting.table import Row, Table, seconds_cell

MOST_TAGS = 60  # rows of the card's table; of more tags the commonest


def tagger_card(figures: Mapping[str, Any]) -> Card:
    """The card of a tagger; `figures` are as in report/metrics.json."""
    test = figures["test"]
    shares = ("precision", "recall", "f1")
    spans = [
        [markdown_cell(one["kind"] or "all"), *(f"{one[name]:.3f}" for name in shares), f"{one['spans']:,}"]
        for one in test.get("spans", [])
    ]
    commonest = sorted(test["per_tag"], key=lambda one: -int(one["words"]))[:MOST_TAGS]
    of_tags = [
        [markdown_cell(one["name"]), *(f"{one[name]:.3f}" for name in shares), f"{one['words']:,}"] for one in commonest
    ]
    return Card(
        title=f"Tags of {figures['data']['source']}",
        kind="A tagger of words",
        pipeline_tag="token-classification",
        usage=['tagger = seqtext.load("this folder")', 'tagger(["a text , cut at blanks"])'],
        results=[
            f"On {test['words']:,} words of {test['rows']:,} test sentences that were never used to train or to choose.",
            "",
            *compared(figures).markdown(),
            *(markdown_table(["spans", "precision", "recall", "F1", "test spans"], spans) if spans else []),
            *markdown_table(["tag", "precision", "recall", "F1", "test words"], of_tags),
        ],
        unit="sentences",
    )


def compared(figures: Mapping[str, Any]) -> Table:
    """Model and baselines; `figures` are as in report/metrics.json."""
    test = figures["test"]
    spans = "span_f1" in test
    unseen = test.get("unseen") or {"words": 0}

    def row(name: str, found: Mapping[str, Any], seconds: float, *, baseline: str = "") -> Row:
        cells = [f"{found['accuracy']:.2%}"]
        cells += [f"{found['unseen']['accuracy']:.2%}"] if unseen["words"] else []
        cells += [f"{found['span_f1']:.2%}"] if spans else []
        score = found["span_f1"] if spans else found["accuracy"]
        return Row(name, [*cells, seconds_cell(seconds)], score, baseline, model=not baseline)

    rows = [row("this model", test, figures["training"]["seconds"])]
    rows += [
        row(name, one, one["seconds"], baseline=f"the {name}")._replace(description=one["description"])
        for name, one in figures["baselines"].items()
    ]
    columns = ["accuracy", *(["of new words"] if unseen["words"] else []), *(["span F1"] if spans else []), "seconds"]
    return Table(f"test, {test['words']:,} words", columns, rows)
