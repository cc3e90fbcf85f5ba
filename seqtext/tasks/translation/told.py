"""What `seqtext translate` tells beside the translations: of all of them together, and of one as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqtext.errors import shorten
from seqtext.tasks.translation.settings import MOST_CHARACTERS

if TYPE_CHECKING:
    from seqtext.tasks.translation.writing import Translation

MOST_NAMED = 5  # terms that no text has
UNSURE = 0.3  # a confidence below which a translation is rather babble than not


class Told:
    """Counts what is worth a note.

    Args:
        terms: of the glossary, if there is one.

    Attributes:
        texts: translated so far.
    """

    def __init__(self, terms: Mapping[str, str] | None) -> None:
        from seqtext.tasks.translation.copying import Glossary  # imports what `seqtext translate --help` must not

        self.texts = 0
        self._counts = dict.fromkeys(("cut", "unended", "doubtful", "unsure", "missing"), 0)
        self._glossary = Glossary(terms) if terms else None
        self._lacking = dict.fromkeys(self._glossary.terms if self._glossary else ())

    def add(self, texts: Sequence[str], made: Sequence[Translation]) -> None:
        """Counts some translations."""
        self.texts += len(made)
        for one in made:
            here = {
                "cut": one.cut,
                "unended": not one.ended,
                "doubtful": one.doubtful,
                "unsure": 0 < one.confidence < UNSURE and not one.doubtful,
                "missing": bool(one.missing),
            }
            self._counts = {name: count + here[name] for name, count in self._counts.items()}
        if self._glossary is not None and self._lacking:
            for text in texts:
                for term in self._glossary.terms_in(text):
                    self._lacking.pop(term, None)

    def lines(self) -> Iterator[str]:
        """The notes."""
        lines = {
            "cut": f"warning: {{}} cut to {MOST_CHARACTERS:,} characters",
            "unended": "note: {} reached the length limit",
            "missing": "note: {} lack something that was to be copied",
            "doubtful": "note: {} left as they are, since the model is not sure enough (--min_score)",
            "unsure": f"note: {{}} are less sure than {UNSURE}, and often wrong: --min_score {UNSURE} leaves such texts as they are",
        }
        for name, line in lines.items():
            if count := self._counts[name]:
                of = "texts" if name == "cut" else "translations"
                yield line.format(f"{count:,} of {self.texts:,} {of}")
        if self._lacking:
            terms = ", ".join(shorten(term) for term in [*self._lacking][:MOST_NAMED])
            more = f" and {len(self._lacking) - MOST_NAMED:,} more" if len(self._lacking) > MOST_NAMED else ""
            yield f"note: no text has {terms}{more} of the glossary"


def aligned(made: Translation) -> dict[str, Any]:
    """The pieces of a translation and its source; for each written one the read one that it took most from, with its weight."""
    weights = made.attention
    pairs = [] if weights is None else zip(weights.argmax(1).tolist(), weights.max(1).tolist(), strict=True)
    return {
        "source_pieces": list(made.source_pieces),
        "target_pieces": list(made.target_pieces),
        "alignments": [[row, source, round(weight, 4)] for row, (source, weight) in enumerate(pairs)],
    }
