"""What the card of a classifier says: figures beside the baselines, each class or label, the worst mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqtext.reporting.card import Card
from seqtext.reporting.table import Row, Table, seconds_cell
from seqtext.tasks.classification.report.kinds import kind_of


def classification_card(figures: Mapping[str, Any], mistakes: Sequence[str]) -> Card:
    """The card of a topic classifier.

    Args:
        figures: as in report/metrics.json.
        mistakes: the worst ones, in Markdown; empty if there is none.
    """
    test = figures["test"]
    kind = kind_of(test.get("target", "label"))
    return Card(
        title=f"{kind.title} of {figures['data']['source']}",
        kind=kind.kind,
        pipeline_tag="text-classification",
        usage=['classifier = seqtext.load("this folder")', 'classifier(["a text"])'],
        results=[
            f"On {test['rows']:,} test rows that were never used to train or to choose.",
            "",
            *compared(figures).markdown(),
            *kind.details(test),
        ],
        sections={kind.worst_are: mistakes or ["None: every test row is right."]},
    )


def compared(figures: Mapping[str, Any]) -> Table:
    """Model and baselines; `figures` are as in report/metrics.json."""
    test = figures["test"]
    kind = kind_of(test.get("target", "label"))
    by = next(iter(kind.compared))

    def row(name: str, found: Mapping[str, Any], seconds: float, *, baseline: str = "") -> Row:
        cells = [*kind.cells(found), seconds_cell(seconds)]
        return Row(name, cells, found[by], baseline, model=not baseline)

    rows = [row("this model", test, figures["training"]["seconds"])]
    if recurrent := figures.get("parts", {}).get("recurrent"):
        alone = row("its recurrent model alone", recurrent, figures["training"]["seconds"])
        rows.append(alone._replace(model=False))
    rows += [row(f["description"], f, f["seconds"], baseline=name) for name, f in figures["baselines"].items()]
    return Table(f"test, {test['rows']:,} rows", [*kind.compared.values(), "seconds"], rows)
