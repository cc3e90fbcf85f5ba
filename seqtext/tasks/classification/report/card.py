"""What the card of a classifier says: figures beside the baselines, each class, the most confident mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seqtext.reporting.card import Card
from seqtext.reporting.markdown import markdown_cell, markdown_table
from seqtext.reporting.table import Row, Table, seconds_cell


class Mistake(NamedTuple):
    """A row the model got wrong, and how sure it was."""

    text: str
    true: str
    predicted: str
    probability: float


def classification_card(figures: Mapping[str, Any], mistakes: Sequence[Mistake]) -> Card:
    """The card of a topic classifier.

    Args:
        figures: as in report/metrics.json.
        mistakes: the most confident ones.
    """
    test = figures["test"]
    return Card(
        title=f"Topics of {figures['data']['source']}",
        kind="A topic classifier",
        pipeline_tag="text-classification",
        usage=['classifier = seqtext.load("this folder")', 'classifier(["a text"])'],
        results=[
            f"On {test['rows']:,} test rows that were never used to train or to choose.",
            "",
            *compared(figures).markdown(),
            *markdown_table(["class", "precision", "recall", "F1", "test rows"], map(_class_cells, test["per_class"])),
        ],
        sections={"Most confident mistakes": _mistakes(mistakes)},
    )


def compared(figures: Mapping[str, Any]) -> Table:
    """Model and baselines; `figures` are as in report/metrics.json."""

    def row(name: str, found: Mapping[str, Any], seconds: float, *, baseline: str = "") -> Row:
        cells = [f"{found['accuracy']:.2%}", f"{found['macro_f1']:.4f}", seconds_cell(seconds)]
        return Row(name, cells, found["accuracy"], baseline, model=not baseline)

    test = figures["test"]
    rows = [row("this model", test, figures["training"]["seconds"])]
    if recurrent := figures.get("parts", {}).get("recurrent"):
        alone = row("its recurrent model alone", recurrent, figures["training"]["seconds"])
        rows.append(alone._replace(model=False))
    rows += [row(f["description"], f, f["seconds"], baseline=name) for name, f in figures["baselines"].items()]
    return Table(f"test, {test['rows']:,} rows", ["accuracy", "macro F1", "seconds"], rows)


def _class_cells(figures: Mapping[str, Any]) -> list[str]:
    shares = (f"{figures[name]:.3f}" for name in ("precision", "recall", "f1"))
    return [markdown_cell(figures["name"]), *shares, f"{figures['rows']:,}"]


def _mistakes(mistakes: Sequence[Mistake]) -> list[str]:
    if not mistakes:
        return ["None: every test row is right."]
    rows = ([*map(markdown_cell, (m.text[:160], m.true, m.predicted)), f"{m.probability:.3f}"] for m in mistakes)
    return markdown_table(["text", "true", "predicted", "probability"], rows)
