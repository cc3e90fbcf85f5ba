"""How much is zeroed in training of a model that learns texts token by token, where nobody says: the fewer tokens, the more.

Knows numbers and names of settings, no texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SettingsT = TypeVar("SettingsT", bound="DataclassInstance")

FEW, MANY = 100_000, 3_000_000  # tokens of a corpus, between which dropout falls with their logarithm


class HasDropout(Protocol):
    """A config with these shares."""

    @property
    def embedding_dropout(self) -> float | None: ...  # noqa: D102
    @property
    def input_dropout(self) -> float | None: ...  # noqa: D102
    @property
    def output_dropout(self) -> float | None: ...  # noqa: D102


def dropout_told(config: HasDropout) -> str:
    """The shares in words, for the summary."""
    parts = {
        "the vocabulary (--embedding_dropout)": config.embedding_dropout,
        "inputs (--input_dropout)": config.input_dropout,
        "outputs (--output_dropout)": config.output_dropout,
    }
    return ", ".join(f"{share or 0:.1%} of {what}" for what, share in parts.items())


def with_dropout(wanted: SettingsT, tokens: int, ends: Mapping[str, tuple[float, float]]) -> SettingsT:
    """The settings, with a share for each dropout that was left open.

    Args:
        wanted: settings, perhaps with None.
        tokens: of the training texts.
        ends: of each dropout the share of few tokens and that of many.
    """
    few = min(max(math.log(MANY / max(tokens, 1)) / math.log(MANY / FEW), 0.0), 1.0)
    left_open = {name: both for name, both in ends.items() if getattr(wanted, name) is None}
    chosen: dict[str, Any] = {name: round(few * high + (1 - few) * low, 3) for name, (high, low) in left_open.items()}
    return replace(wanted, **chosen)
