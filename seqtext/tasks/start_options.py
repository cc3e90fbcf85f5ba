"""What a task of texts may start from, as flags of its recipe. Knows no files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StartOptions:
    """Another run, or none."""

    init_from: str | None = None
    """Start from the tokenizer of this run (or hub model) of any text task, and from its weights where they fit."""
    new_tokenizer: bool = False
    """With --init_from: a tokenizer of these texts all the same; pieces that both have keep their vectors, the others get the mean."""

    @property
    def has_start(self) -> bool:
        """Whether there is something to start from."""
        return self.init_from is not None

    def _faults(self) -> list[str]:
        if self.new_tokenizer and not self.has_start:
            return ["--new_tokenizer is for a model that starts from another; give --init_from, or leave it out"]
        return []
