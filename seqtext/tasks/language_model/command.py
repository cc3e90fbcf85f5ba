"""`seqtext score`: texts from arguments, a file or a pipe; how likely each is, to the terminal or a file.

Reads, scores and writes in step, so any number of texts needs little memory.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.json_lines import as_written
from seqtext.tasks.language_model.settings import Scoring
from seqtext.tasks.streams import ModelOptions, Row, free_names, json_text, keywords, one_line
from seqtext.tasks.targets import open_target
from seqtext.tasks.text_input import TextInput

if TYPE_CHECKING:
    from seqtext.tasks.language_model.scoring import TextScore


@dataclass(frozen=True, kw_only=True)
class Score(Scoring, TextInput, ModelOptions):
    """Perplexity and bits per byte of each text: those given, those of a file, or those of a pipe, one per line."""

    output: str | None = None
    """File to write. Default: the terminal."""
    jsonl: bool = False
    """JSON lines with the input's columns, instead of perplexity, bits per byte (not of a model of words) and text between tabs."""

    def run(self) -> None:
        """Scores all texts."""
        self.check_texts()
        model = self.open("score")
        with ExitStack() as stack:
            given = self.text_rows(stack, model.config.text_column, self.output)
            target = stack.enter_context(open_target(self.output, self.input))
            for rows, texts in given:
                for row, found in zip(rows, model(texts, **keywords(self, Scoring)), strict=True):
                    print(self._line(row, found), file=target.file)
                target.flush(len(rows))

    def _line(self, row: Row, found: TextScore) -> str:
        if self.jsonl:
            figures: dict[str, Any] = {
                "log_probability": round(found.log_probability, 6),
                "tokens": found.tokens,
                "perplexity": round(found.perplexity, 4),
                "perplexity_per_word": round(found.perplexity_per_word, 4),
            }
            if found.bits_per_byte is not None:
                figures["bits_per_byte"] = round(found.bits_per_byte, 4)
            if self.by_token:
                figures["by_token"] = found.by_token
            return json_text({**row, **free_names(figures, row)}, default=as_written, theirs=True)
        shown = found.text
        if self.by_token:
            shown = " ".join(f"{token}:{log:.2f}" for token, log in found.by_token)
        bits = "" if found.bits_per_byte is None else f"{found.bits_per_byte:.3f}\t"
        return f"{found.perplexity:.2f}\t{bits}{one_line(shown)}"
