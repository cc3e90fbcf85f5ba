"""Translators that write together: whether they can. Knows their configs and tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqtext.errors import OptionsError

if TYPE_CHECKING:
    from seqtext.models.encoder_decoder import EncoderDecoder
    from seqtext.tasks.translation.translator import Translator


def checked_together(translators: Sequence[Translator]) -> list[EncoderDecoder]:
    """The models of translators that read and write the same tokens, in evaluation mode.

    Raises:
        OptionsError: if their probabilities are not of the same things.
    """
    first, *others = translators
    for number, other in enumerate(others, start=2):
        where = f"model {number} of {len(translators)}"
        named = zip(("source", "target"), first.config.languages, other.config.languages, strict=True)
        for side, ours, theirs in named:
            if ours and theirs and ours != theirs:
                fix = "translate with each by itself"
                raise OptionsError(
                    f"its {side} is {theirs!r}", where=where, expected=f"{ours!r}, as of the first", fix=fix
                )
        for side, ours, theirs in (
            ("source", first.source_tokenizer, other.source_tokenizer),
            ("target", first.tokenizer, other.tokenizer),
        ):
            if ours.sha256 != theirs.sha256 or ours.normaliser != theirs.normaliser:
                fix = "train the one with --init_from the other, or with the same training pairs and --vocabulary_size"
                raise OptionsError(f"its {side} tokenizer is not that of the first", where=where, fix=fix)
        if (first.copier is None) != (other.copier is None):
            raise OptionsError("one of them copies and the other does not (--copying)", where=where)
    for one in translators:
        one.model.eval()
    return [one.model for one in translators]
