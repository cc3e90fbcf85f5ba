"""`translations`: what translators write together, of which there may be one. Knows their configs and tokenizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seqtext.errors import OptionsError
from seqtext.tasks.translation.copying import glossary_of
from seqtext.tasks.translation.reading import Reader
from seqtext.tasks.translation.settings import Search
from seqtext.tasks.translation.writing import Pen, Translation

if TYPE_CHECKING:
    from seqtext.models.encoder_decoder import EncoderDecoder
    from seqtext.tasks.translation.translator import Translator


def translations(
    translators: Sequence[Translator],
    texts: Sequence[str],
    search: Search,
    *,
    glossary: Mapping[str, str] | None,
    attention: bool,
) -> list[Translation]:
    """The translation of each text.

    Args:
        translators: that write with the mean of their probabilities; what they learnt of the data, the first one says.
        texts: any number.
        search: how to search.
        glossary: terms and what each is to be.
        attention: whether to say where the models looked.

    Raises:
        OptionsError: for what cannot be asked for.
    """
    models = _models(translators)
    first = translators[0]
    config, copier = first.config, first.copier
    terms = glossary_of(glossary, copies=copier is not None)
    longest = config.longest_source or config.max_length
    read = Reader(first.source_tokenizer, copier, longest=longest, capitals=config.has_capitals)
    pen = Pen(models, first.source_tokenizer, first.tokenizer, copies=copier is not None)
    return pen(texts, [read(text, terms) for text in texts], search.for_model(config), attention=attention)


def _models(translators: Sequence[Translator]) -> list[EncoderDecoder]:
    """The models of translators that read and write the same tokens, in evaluation mode.

    Raises:
        OptionsError: if their probabilities are not of the same things.
    """
    first, *others = translators
    for number, other in enumerate(others, start=2):
        where = f"model {number} of {len(translators)}"
        if type(other) is not type(first):
            raise OptionsError(f"it is a {type(other).__name__}", where=where, expected=f"a {type(first).__name__}")
        named = zip(("source", "target"), first.config.languages, other.config.languages, strict=True)
        for side, ours, theirs in named:
            if ours and theirs and ours != theirs:
                fix = "translate with each by itself"
                raise OptionsError(
                    f"its {side} is {theirs!r}", where=where, expected=f"{ours!r}, as of the first", fix=fix
                )
        for side, mine, its in (
            ("source", first.source_tokenizer, other.source_tokenizer),
            ("target", first.tokenizer, other.tokenizer),
        ):
            if mine.sha256 != its.sha256 or mine.normaliser != its.normaliser:
                fix = "train the one with --init_from the other, or with the same training pairs and --vocabulary_size"
                raise OptionsError(f"its {side} tokenizer is not that of the first", where=where, fix=fix)
        if (first.copier is None) != (other.copier is None):
            raise OptionsError("one of them copies and the other does not (--copying)", where=where)
    for one in translators:
        one.model.eval()
    return [one.model for one in translators]
