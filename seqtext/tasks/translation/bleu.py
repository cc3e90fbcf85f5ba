"""BLEU as sacreBLEU counts it: on which tokens, of which language, and as counts that add up over pieces of a split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtext.data.text.words import UNSPACED

_KANA, _HAN, _UNSPACED = (re.compile(f"[{span}]") for span in ("\u3040-\u30ff", "\u3400-\u9fff", UNSPACED))
_LOOKED_AT = 1000  # texts that show what script a language has


def tokens_of(references: Sequence[str]) -> tuple[str, str]:
    """Which of sacreBLEU's tokenizers texts are cut with, judged by the script of most of their letters; and what is to be said of it."""
    if is_spaced(references):
        return "13a", ""
    letters = _letters(references)
    if any(map(_KANA.match, letters)):
        installed = find_spec("MeCab") is not None and find_spec("ipadic") is not None
        return ("ja-mecab", "") if installed else ("char", "on characters, since sacrebleu[ja] is not installed")
    if any(map(_HAN.match, letters)):
        return "zh", ""
    return "char", "on characters, since the language puts no blanks between words"


def is_spaced(texts: Sequence[str]) -> bool:
    """Whether a language puts spaces between its words, judged by the script that most letters of some texts are of."""
    letters = _letters(texts)
    return 2 * sum(bool(_UNSPACED.match(letter)) for letter in letters) <= len(letters)


def _letters(texts: Sequence[str]) -> list[str]:
    return [letter for text in texts[:_LOOKED_AT] for letter in text if letter.isalpha()]


def bleu_for(references: Sequence[str]) -> Any:
    """sacreBLEU for translations of the language of some texts."""
    from sacrebleu.metrics import BLEU  # takes a third of a second to import

    return BLEU(tokenize=tokens_of(references)[0])


def counts_of(bleu: Any, translations: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    """What BLEU is made of, which adds up: lengths of both sides, n-grams that are right, and all n-grams."""
    found = bleu.corpus_score(list(translations), [list(references)])
    return np.array([found.sys_len, found.ref_len, *found.counts, *found.totals], dtype=np.float64)


def bleu_from(bleu: Any, counts: NDArray[np.float64]) -> float:
    """BLEU out of such counts, from 0 to 100."""
    sides, right, all_of_them = counts[:2], counts[2 : 2 + len(counts[2:]) // 2], counts[2 + len(counts[2:]) // 2 :]
    made = bleu.compute_bleu(
        [int(count) for count in right],
        [int(count) for count in all_of_them],
        sys_len=int(sides[0]),
        ref_len=int(sides[1]),
        smooth_method="exp",
    )
    return float(made.score)
