"""Weights of one tokenizer's pieces under another tokenizer: pieces that both have keep theirs, all others get the mean. Knows no task."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from seqtext.data.text.tokenizer import Tokenizer

# What models have one of for each piece. How often each comes is left to the texts of the new run, whose heads begin with it.
OF_PIECES = ("embedding.weight", "source_embedding.weight", "head.weight", "reverse_head.weight", "auxiliary.bias")
SHARES = ("head.bias", "reverse_head.bias")


def under_other_tokenizer(
    weights: Mapping[str, Tensor], theirs: Tokenizer, own: Tokenizer
) -> tuple[dict[str, Tensor], str]:
    """The weights, and how many pieces kept theirs, in words.

    Args:
        weights: of a model that reads or writes the pieces of `theirs`.
        theirs: the tokenizer that they were learnt with.
        own: the other one.
    """
    place_of = {piece: place for place, piece in enumerate(theirs.pieces(range(len(theirs))))}
    places = torch.tensor([place_of.get(piece, -1) for piece in own.pieces(range(len(own)))])
    known = places >= 0

    def moved(value: Tensor) -> Tensor:
        found = value.mean(dim=0).expand(len(own), *value.shape[1:]).clone()
        found[known] = value[places[known]]
        return found

    fit = {name for name in OF_PIECES if name in weights and len(weights[name]) == len(theirs)}
    said = (
        f"new tokenizer: {int(known.sum()):,} of its {len(own):,} pieces have a vector there, the others get the mean"
    )
    kept = {name: value for name, value in weights.items() if name not in SHARES or len(value) != len(theirs)}
    return {name: moved(value) if name in fit else value for name, value in kept.items()}, said
