"""Which length penalty suits a translator: the one whose order of a search's candidates has the best BLEU on validation pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqtext.tasks.translation.bleu import bleu_for

if TYPE_CHECKING:
    from seqtext.tasks.translation.translator import Translator

MOST, FEWEST = 300, 50  # pairs that are looked at; with fewer nothing is chosen
PENALTIES = (1.0, 0.6, 0.8, 1.2, 1.4)  # the first is what it is without a choice
LEAST_GAIN = 0.1  # BLEU; less is chance


def best_length_penalty(task: Translator, sources: Sequence[str], references: Sequence[str]) -> tuple[float, str]:
    """The penalty, and what was found, as a line; ("" where nothing was looked at).

    One search finds candidates, which each penalty then puts in its own order.

    Args:
        task: to translate with.
        sources: of validation pairs.
        references: their targets.
    """
    if len(sources) < FEWEST:
        return PENALTIES[0], ""
    step = max(len(sources) // MOST, 1)
    sources, references = sources[::step][:MOST], references[::step][:MOST]
    made = task(sources, n_best=5, length_penalty=PENALTIES[0])
    rows = [[(one.text, one.score), *one.alternatives] for one in made]
    lengths = [[len(task.tokenizer.encode([text])[0]) + 1 for text, _ in row] for row in rows]
    bleu = bleu_for(references)
    found = {}
    for penalty in PENALTIES:
        chosen = []
        for row, sizes in zip(rows, lengths, strict=True):
            ranks = [score * ((5 + size) / 6) ** (1 - penalty) for (_, score), size in zip(row, sizes, strict=True)]
            chosen.append(row[max(range(len(row)), key=ranks.__getitem__)][0])
        found[penalty] = bleu.corpus_score(chosen, [list(references)]).score
    best = max(PENALTIES, key=found.__getitem__)
    if found[best] < found[PENALTIES[0]] + LEAST_GAIN:
        best = PENALTIES[0]
    listed = ", ".join(f"{penalty:g}: {found[penalty]:.2f}" for penalty in sorted(found))
    return best, f"length penalty {best:g}, by BLEU on {len(sources):,} validation pairs ({listed})"
