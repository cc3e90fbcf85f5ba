"""How a language model is trained, as flags of its recipe. Knows no texts."""

from __future__ import annotations

from dataclasses import dataclass

from seqtext.options import OptimizerName, RunOptions


@dataclass(frozen=True)
class LanguageOptions(RunOptions):
    """Training of a language model, which learns from the number of steps it makes."""

    batch_tokens: int = 2048
    """Most tokens to predict in a micro-batch; small, since a language model learns from the number of steps it makes."""
    optimizer: OptimizerName = "muon"
    learning_rate: float = 1e-2
    warmup: float = 0.02
