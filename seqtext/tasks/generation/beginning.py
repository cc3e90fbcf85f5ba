"""How texts begin: the pieces of a prompt, and which words may follow it. A prompt that ends inside a word gives its last pieces back."""

from __future__ import annotations

from typing import NamedTuple

from seqtext.data.text.piece_kinds import piece_bytes
from seqtext.data.text.tokenizer import BEGIN, Tokenizer
from seqtext.errors import OptionsError
from seqtext.models.known_words import KnownWords


class Beginning(NamedTuple):
    """What a text begins with.

    Attributes:
        ids: tokens that are given.
        words: that may be written, from behind them on; any if None.
    """

    ids: list[int]
    words: KnownWords | None


def beginning(tokenizer: Tokenizer, prompt: str, max_length: int, words: KnownWords | None) -> Beginning:
    """The beginning of texts.

    Words of the prompt that are not known are known from there on, but for one at its end that known words begin with: it is one under way.

    Args:
        tokenizer: of the pieces.
        prompt: as it was given.
        max_length: tokens of a text.
        words: known ones; None for any.

    Raises:
        OptionsError: if it leaves no room for another token.
    """
    ids = [] if not prompt else [i for i in tokenizer.encode([prompt])[0] if i != BEGIN]
    if ids and len(ids) >= max_length:
        found = f"the prompt has {len(ids)} tokens"
        raise OptionsError(found, expected=f"fewer than the limit of {max_length}", fix="raise --max_length")
    if words is None:
        return Beginning(ids, None)
    if len(ids) > 1 and prompt.endswith(" ") and piece_bytes(tokenizer)[ids[-1]] == b" ":
        ids = ids[:-1]  # a blank of its own at the end: the next word brings one
    new = [word for word in words.words_in(ids) if not words.node_of(word)]
    last, is_over = words.last_word(ids), prompt[-1:].isspace()
    if last in new and not is_over and (healed := _healed(tokenizer, ids, last, words, max_length)):
        return Beginning(healed.ids, healed.words and healed.words.with_words(new[:-1]))
    words = words.with_words(new) if new else words
    if last:
        words = words.behind_a_word() if is_over else words.starting_at(words.node_of(last))
    return Beginning(ids, words)


def _healed(
    tokenizer: Tokenizer, ids: list[int], last: list[int], words: KnownWords, max_length: int
) -> Beginning | None:
    """A beginning without its last word, which any known word that begins so takes the place of; None if there is none."""
    pieces = piece_bytes(tokenizer)
    given = len(ids) - len(last)
    if given and pieces[ids[given - 1]] == b" ":  # a blank of its own: known words have theirs in their first piece
        given -= 1
    for first in dict.fromkeys((given, len(ids) - len(last))):
        started = words.starting_with(b"".join(pieces[piece] for piece in ids[first:]), pieces)
        if started is not None and int(started.to_go[started.start]) <= max_length - first:
            return Beginning(ids[:first], started)
    return None
