"""The frame of every model card: what the hub reads comes first, and nothing in names and notes is taken for markup."""

from __future__ import annotations

import yaml

from seqtext.reporting.card import Card, card_page
from seqtext.reporting.markdown import markdown_table

FIGURES = {
    "training": {
        "selection": "epoch 2 of 3",
        "seconds": 61.4,
        "hardware": "x86_64 cpu, 1 threads",
        "precision": "fp32",
    },
    "data": {
        "source": "my_rows",
        "rows": {"train": 1200, "test": 30},
        "notes": ["<b> left out"],
        "warnings": ["a | b"],
    },
}
CARD = Card(
    title="Tags of *my_rows*",
    kind="A tagger",
    pipeline_tag="token-classification",
    usage=['tagger = seqtext.load("this folder")'],
    results=["| model | F1 |"],
    caution="Of other texts it knows nothing.",
    unit="sentences",
    sections={"Mistakes": ["None."]},
)


def test_the_hub_reads_its_metadata_and_a_reader_all_parts_in_order(monkeypatch):
    monkeypatch.setattr("sys.argv", ["seqtext train tags", "--run", "my run"])
    page = card_page(CARD, FIGURES, ["curves.png"])
    _, metadata, text = page.split("---\n", 2)
    assert yaml.safe_load(metadata) == {"library_name": "seqtext", "pipeline_tag": "token-classification"}
    parts = [
        "# Tags of \\*my\\_rows\\*\n",
        "A tagger made with seqtext ",
        "    seqtext train tags --run 'my run'\n",
        'import seqtext\ntagger = seqtext.load("this folder")\n```\n',
        "Of other texts it knows nothing.\n",
        "## Results\n\n| model | F1 |\n",
        "Model chosen: epoch 2 of 3. Trained 61 s on x86_64 cpu, 1 threads, fp32.\n",
        "![curves.png](report/curves.png)\n",
        "## Data\n\nmy\\_rows: 1,200 train, 30 test sentences.\n- &lt;b&gt; left out\n- a \\| b\n",
        "## Mistakes\n\nNone.\n",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert text.endswith("None.\n")


def test_a_table_is_one_row_a_line_and_ends_with_a_blank_one():
    assert markdown_table(["a", "b"], iter([["1", "2"]])) == ["| a | b |", "| --- | --- |", "| 1 | 2 |", ""]
