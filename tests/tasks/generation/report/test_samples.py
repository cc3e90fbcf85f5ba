"""Samples stand beside real texts that were drawn from all rows."""

from __future__ import annotations

import datasets

from seqtext.tasks.generation.report.quality import values_of
from seqtext.tasks.generation.report.samples import judged
from tests.conftest import topic_rows
from tests.tasks.generation.generators import of


def test_real_texts_of_a_file_sorted_by_topic_are_of_all_topics_each_with_its_own():
    rows = datasets.Dataset.from_dict(topic_rows(60, 3))
    rows = rows.select(sorted(range(len(rows)), key=rows["label"].__getitem__))
    task, seen = of(rows), []

    def accuracy(texts, values):
        seen.append((texts, list(values)))
        return 0.0

    judged(task, rows, None, {"label": (accuracy, values_of(task, rows))}, most=20)
    texts, values = seen[-1]
    assert len(texts) == 20
    assert set(values) == set(range(len(task.config.names[0])))
    label_of = dict(zip(map(task.tokenizer.normaliser, rows["text"]), rows["label"], strict=True))
    assert [label_of[text] for text in texts] == [task.config.names[0][value] for value in values]
