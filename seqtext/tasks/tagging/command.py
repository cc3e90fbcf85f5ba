"""`seqtext tag`: texts from arguments, a file or a pipe; their words with tags, to the terminal or a file.

Reads, tags and writes in step, so any number of texts needs little memory, and lines that drip into a pipe are answered as they come.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqtext.data.reading.json_lines import as_written
from seqtext.tasks.streams import ModelOptions, Row, free_names, json_text, keywords, one_line
from seqtext.tasks.tagging.settings import Tagging
from seqtext.tasks.targets import open_target
from seqtext.tasks.text_input import TextInput

if TYPE_CHECKING:
    from seqtext.tasks.tagging.tagger import Tagged


@dataclass(frozen=True, kw_only=True)
class Tag(Tagging, TextInput, ModelOptions):
    """word/TAG of each text, cut at white space: those given, those of a file, or those of a pipe, one per line."""

    output: str | None = None
    """File to write. Default: the terminal."""
    jsonl: bool = False
    """JSON lines with the input's columns, and lists of words and tags, instead of word/TAG with blanks between."""

    def run(self) -> None:
        """Tags all texts."""
        self.check_texts()
        tagger = self.open("tag")
        with ExitStack() as stack:
            given = self.text_rows(stack, tagger.config.token_column, self.output)
            target = stack.enter_context(open_target(self.output, None if self.jsonl else self.input))
            for rows, texts in given:
                for row, found in zip(rows, tagger.tag(texts, **keywords(self, Tagging)), strict=True):
                    print(self._line(row, found), file=target.file)
                target.flush(len(rows))

    def _line(self, row: Row, found: Tagged) -> str:
        if not self.jsonl:
            parts = ((one_line(word), tag, *(f"{sure:.4f}" for sure in rest)) for word, tag, *rest in found)
            return " ".join("/".join(part) for part in parts)
        columns: dict[str, Any] = {"tags": [tag for _, tag, *_ in found]}
        if self.probabilities:
            columns["probabilities"] = [round(sure, 6) for *_, sure in found]
        words = [word for word, *_ in found]
        return json_text({**row, "words": words, **free_names(columns, row)}, default=as_written, theirs=True)
