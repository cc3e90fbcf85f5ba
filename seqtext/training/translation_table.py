"""A translator's test figures as lines to print: the baselines beside them, with an honest last line. Figures in, lines out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BY_TOPIC, BY_LENGTH = "by topic", "by words of the source"


def table(figures: Mapping[str, Any]) -> list[str]:
    """Model and baselines, the best first, then by topic and by length.

    Args:
        figures: as in report/metrics.json.
    """
    test = figures["test"]
    rows = [(f"this model, {search(test)}", test)]
    rows += [(rival["description"], rival) for rival in figures["baselines"].values()]
    rows.sort(key=lambda row: -row[1]["bleu"])
    title = f"test, {test['rows']:,} pairs"
    width = max(len(title), *(len(name) for name, _ in rows))
    lines = [f"{title:<{width}}  {'BLEU':>6}  {'chrF':>6}  {'BLEU of papers':>14}  exact match"]
    for name, row in rows:
        scores = f"{row['bleu']:>6.2f}  {row['chrf']:>6.2f}  {row['paper_bleu']:>14.2f}  {row['exact']:>11.2%}"
        lines.append(f"{name:<{width}}  {scores}")
    lines += [
        f"BLEU            {test['bleu_signature']}",
        f"chrF            {test['chrf_signature']}",
        f"BLEU of papers  {test['paper_bleu_signature']}",
        f"perplexity      {test['perplexity']:.3f} a token of the target; {test['length_ratio']:.3f} tokens written for each of the"
        f" references'; {test['sentences_per_second']:.1f} texts a second",
    ]
    if test["without_end"] or test["empty"]:
        lines.append(
            f"note            {test['without_end']:,} translations reached the length limit, {test['empty']:,} are empty"
        )
    for name, groups in ((BY_TOPIC, test["by_topic"]), (BY_LENGTH, test["by_length"])):
        lines += _groups(name, groups) if groups else []
    better = [
        (rival["bleu"] - test["bleu"], name)
        for name, rival in figures["baselines"].items()
        if rival["bleu"] >= test["bleu"]
    ]
    if better:
        margin, name = max(better)
        compared = f"better by {margin:.2f} BLEU" if margin else "as good"
        lines.append(f"{name} is {compared} here, and simpler: train longer, or on more pairs.")
    return lines


def search(test: Mapping[str, Any]) -> str:
    """How the translations were searched for."""
    return f"beam {test['beam']}" if test["beam"] > 1 else "greedy"


def _groups(title: str, groups: Sequence[Mapping[str, Any]]) -> list[str]:
    width = max(len(title), *(len(group["name"]) for group in groups))
    lines = ["", f"{title:<{width}}   pairs    BLEU    chrF  exact match"]
    for group in groups:
        scores = f"{group['rows']:>6,}  {group['bleu']:>6.2f}  {group['chrf']:>6.2f}  {group['exact']:>11.2%}"
        lines.append(f"{group['name']:<{width}}  {scores}")
    return lines
