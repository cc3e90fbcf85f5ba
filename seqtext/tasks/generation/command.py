"""`seqtext generate`: texts from a topic, a mixture, an example, or nothing, to the terminal or as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seqtext.errors import OptionsError
from seqtext.tasks.generation.settings import Writing
from seqtext.tasks.streams import ModelOptions, json_text, keywords, one_line

_CONTROLS = dict.fromkeys(
    {*range(32), *range(127, 160)} - {*map(ord, "\n\t")}, " "
)  # what could be a command to a terminal


@dataclass(frozen=True, kw_only=True)
class Generate(Writing, ModelOptions):
    """Texts that have what a vector asks for."""

    topic: str | None = None
    """A name, or names with weights: Sports=0.7,Business=0.3. Default: any text."""
    jsonl: bool = False
    """JSON lines with scores and vector, instead of a text a line."""

    def run(self) -> None:
        """Writes."""
        if self.topic is not None and self.like is not None:
            raise OptionsError("--topic and --like were both given", fix="give one of them")
        generator = self.open("generate")
        made = generator(
            None if self.topic is None else topic_weights(self.topic, generator.config.names),
            **keywords(self, Writing),
        )
        for one in made:
            if self.jsonl:
                vector = None if one.vector is None else [round(float(x), 6) for x in one.vector]
                line = {**one._asdict(), "log_probability": round(one.log_probability, 6), "vector": vector}
                print(json_text(line))
            else:
                print(_shown(one.text, keep=generator.config.whitespace == "keep"))
        if cut := sum(not one.ended for one in made):
            print(
                f"note: {cut:,} of {len(made):,} texts reached the length limit, {self.max_length} tokens",
                file=sys.stderr,
            )


def _shown(text: str, *, keep: bool) -> str:
    """A text for the terminal: on one line; or on those it was written in, and then an empty one behind it."""
    if keep:
        text = text.translate(_CONTROLS)
        return f"{text}\n" if text.strip() else "(an empty text)\n"
    return one_line(text) or "(an empty text)"


def topic_weights(topic: str, known: Iterable[Sequence[str]]) -> dict[str, float]:
    """Names with weights out of `Sports=0.7,Business=0.3`; a name alone weighs 1, and may hold commas and equals signs.

    Args:
        topic: as it was given.
        known: names of each attribute.

    Raises:
        OptionsError: for a weight that is no number, or a name twice.
    """
    if any(topic in names for names in known):
        return {topic: 1.0}
    weights: dict[str, float] = {}
    for part in topic.split(","):
        name, equals, weight = part.rpartition("=")
        if not equals:
            name, weight = part, "1"
        try:
            number = float(weight)
        except ValueError as error:
            raise OptionsError(f"weight {weight!r} in --topic {topic}", expected="a number") from error
        if name.strip() in weights:
            raise OptionsError(f"{name.strip()!r} stands twice in --topic {topic}")
        weights[name.strip()] = number
    return weights
