"""Two translators on the same pairs: how much better one is, and how often chance would say so (paired bootstrap of sacreBLEU)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqtext.tasks.translation.bleu import bleu_for

SAMPLES = 1000  # of the bootstrap; seeded by sacreBLEU, the same each time
TITLES = {"bleu": "BLEU", "chrf": "chrF", "ter": "TER"}


def metric(name: str, references: Sequence[str]) -> Any:
    """One of sacreBLEU's metrics, for translations of the language of some references."""
    if name == "bleu":
        return bleu_for(references)
    from sacrebleu.metrics import CHRF, TER

    return CHRF() if name == "chrf" else TER(asian_support=True)


def scored(name: str, texts: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A metric of some translations, with its signature.

    Args:
        name: bleu, chrf or ter.
        texts: the translations.
        references: one list per set of references.
    """
    one = metric(name, references[0])
    score = one.corpus_score(list(texts), [list(each) for each in references]).score
    return {name: score, f"{name}_signature": str(one.get_signature())}


def compared(
    texts: Sequence[str], others: Sequence[str], references: Sequence[Sequence[str]], metrics: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Of each metric the figure of both, and how likely chance alone would make as large a difference.

    Args:
        texts: of the model that is measured.
        others: of the one it is compared with.
        references: one list per set of references.
        metrics: bleu, chrf, ter.
    """
    from sacrebleu.significance import PairedTest

    found = {}
    for name in metrics:
        test = PairedTest(
            [("other", list(others)), ("this", list(texts))],
            {TITLES[name]: metric(name, references[0])},
            [list(each) for each in references],
            test_type="bs",
            n_samples=SAMPLES,
        )
        [(other, this)] = [results for title, results in test()[1].items() if title != "System"]
        found[name] = {
            "this": this.score,
            "other": other.score,
            "difference": this.score - other.score,
            # sacreBLEU counts differences above the one found, and finds none above 0 between translations that are the same
            "p_value": 1.0 if this.score == other.score else this.p_value,
        }
    return found
