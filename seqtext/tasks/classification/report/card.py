"""What the card of a classifier says: figures beside the baselines, each class, the most confident mistakes. Figures in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seqtext.reporting.card import Card, markdown_cell, markdown_table


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
    models = [("**this model**", test), *((markdown_cell(f["description"]), f) for f in figures["baselines"].values())]
    return Card(
        title=f"Topics of {figures['data']['source']}",
        kind="A topic classifier",
        pipeline_tag="text-classification",
        usage=['classifier = seqtext.load("this folder")', 'classifier(["a text"])'],
        results=[
            f"On {test['rows']:,} test rows that were never used to train or to choose.",
            "",
            *markdown_table(
                ["model", "accuracy", "macro F1"],
                [[name, f"{f['accuracy']:.4f}", f"{f['macro_f1']:.4f}"] for name, f in models],
            ),
            *markdown_table(["class", "precision", "recall", "F1", "test rows"], map(_class_cells, test["per_class"])),
        ],
        sections={"Most confident mistakes": _mistakes(mistakes)},
    )


def _class_cells(figures: Mapping[str, Any]) -> list[str]:
    shares = (f"{figures[name]:.3f}" for name in ("precision", "recall", "f1"))
    return [markdown_cell(figures["name"]), *shares, f"{figures['rows']:,}"]


def _mistakes(mistakes: Sequence[Mistake]) -> list[str]:
    if not mistakes:
        return ["None: every test row is right."]
    rows = ([*map(markdown_cell, (m.text[:160], m.true, m.predicted)), f"{m.probability:.3f}"] for m in mistakes)
    return markdown_table(["text", "true", "predicted", "probability"], rows)
