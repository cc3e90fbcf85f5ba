"""Small taggers with large random weights, for the tests of what they do, and sentences whose tags can be learnt."""

from __future__ import annotations

import random

import datasets
import torch

from seqtext.tasks.tagging.tagger import Tagger

SIZES = {"hidden_size": 12, "embedding_size": 8, "spelling_size": 6, "character_size": 5}
PLAIN = dict.fromkeys(("word_dropout", "embedding_dropout", "input_dropout", "output_dropout", "label_smoothing"), 0.0)
NAMES = ("Ann", "Bob", "Cleo", "Dan", "Eve")
SURNAMES = ("Reed", "Stone", "Moss")
NOUNS = ("ship", "owl", "deer", "tram")


def sentences(count: int = 80, seed: int = 1) -> dict[str, list[list[str]]]:
    """Words with tags that order decides: `can` is a noun behind `the`; and spans of names, of one word or two."""
    draw = random.Random(seed)
    tokens, upos, ner = [], [], []
    for _ in range(count):
        words, tags, spans = [], [], []
        for _ in range(draw.choice((1, 1, 2))):
            names = [draw.choice(NAMES), *draw.sample(SURNAMES, draw.choice((0, 1)))]
            noun = draw.choice((*NOUNS, "can"))
            words += [*names, draw.choice(("can", "may")), "see", "the", noun, "."]
            tags += [*["PROPN"] * len(names), "AUX", "VERB", "DET", "NOUN", "PUNCT"]
            spans += ["B-PER", *["I-PER"] * (len(names) - 1), *["O"] * 5]
        tokens.append(words)
        upos.append(tags)
        ner.append(spans)
    return {"tokens": tokens, "upos": upos, "ner_tags": ner}


def rows(count: int = 80, seed: int = 1) -> datasets.Dataset:
    return datasets.Dataset.from_dict(sentences(count, seed), split="train")


def made(given: datasets.Dataset | None = None, *, tag_column: str = "upos", **settings) -> Tagger:
    task = Tagger.from_data(rows() if given is None else given, tag_column=tag_column, **{**SIZES, **settings})
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in task.model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    task.model.eval()
    return task


def conllu(count: int, seed: int) -> str:
    """The same sentences as CoNLL-U."""
    made = sentences(count, seed)
    lines = []
    for words, tags in zip(made["tokens"], made["upos"], strict=True):
        lines += [
            f"{at}\t{word}\t_\t{tag}\t_\t_\t0\t_\t_\t_\n"
            for at, (word, tag) in enumerate(zip(words, tags, strict=True), 1)
        ]
        lines.append("\n")
    return "".join(lines)
