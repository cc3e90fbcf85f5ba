"""Accuracy against labels a class, four ways, and the picture of it: words alone, from scratch, from a language model, with spread labels.

    python benchmarks/few_labels.py --data fancyzhx/ag_news --per_class 10 30 100 300 --seeds 3 --run runs/few
    python benchmarks/few_labels.py --run runs/few --draw docs/images/few_labels.png     # of the runs there are

Each way is a run of the recipe, with its own flags; runs that are there are not made again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev

from seqtext.reporting.canvas import (
    BLUE,
    GREY,
    PURPLE,
    VERMILION,
    calm,
    in_percent,
    label_axis,
    legend_above,
    new_figure,
    save,
)

RECIPE = Path(__file__).parents[1] / "recipes" / "topic_classification.py"
WAYS = {
    "TF-IDF, labelled texts alone": (["--model", "linear"], GREY),
    "recurrent, from scratch": (["--model", "rnn"], VERMILION),
    "recurrent, from a language model": (["--model", "rnn", "--unlabelled", "use", "--no_self_training"], PURPLE),
    "TF-IDF, labels spread": (["--model", "linear", "--unlabelled", "use"], BLUE),
    "both models, labels spread": (["--unlabelled", "use"], "#009E73"),
}


def main() -> None:
    """Makes the runs that are asked for and not there, prints what all of them found, and draws it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fancyzhx/ag_news", help="data set, as the recipe takes it")
    parser.add_argument("--per_class", type=int, nargs="*", default=[], help="labels a class")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS), help="which; all if not given")
    parser.add_argument("--seeds", type=int, default=3, help="draws of each")
    parser.add_argument("--run", type=Path, default=Path("runs/few"), help="folder of the runs")
    parser.add_argument("--draw", type=Path, help="picture of the runs there are")
    asked, flags = parser.parse_known_args()
    for labels in asked.per_class:
        for way in asked.ways:
            folder = asked.run / f"{list(WAYS).index(way)}-{labels}"
            for seed in range(asked.seeds):
                if not (folder / f"seed-{seed}" / "manifest.json").is_file():
                    command = ["--data", asked.data, "--per_class", labels, "--seed", seed, *WAYS[way][0], *flags]
                    place = ["--run", folder / f"seed-{seed}"]
                    subprocess.run([sys.executable, str(RECIPE), *map(str, [*command, *place])], check=True)
    found = {way: measured(asked.run, number) for number, way in enumerate(WAYS)}
    for way, by_labels in found.items():
        for labels, values in sorted(by_labels.items()):
            spread = f", standard deviation {100 * stdev(values):.2f}" if len(values) > 1 else ""
            print(f"{way}, {labels} labels a class: {100 * mean(values):.2f} %{spread} ({len(values)} draws)")
    if asked.draw:
        draw(found, asked.draw)


def measured(folder: Path, way: int) -> dict[int, list[float]]:
    """Test accuracies of a way, by labels a class."""
    found: dict[int, list[float]] = {}
    for path in sorted(folder.glob(f"{way}-*/seed-*/report/metrics.json")):
        accuracy = json.loads(path.read_text(encoding="utf-8"))["test"]["accuracy"]
        found.setdefault(int(path.parts[-4].partition("-")[2]), []).append(accuracy)
    return found


def draw(found: dict[str, dict[int, list[float]]], path: Path) -> None:
    """Accuracy against labels a class, a curve for each way that was measured, with a bar of one deviation to each side."""
    figure = new_figure(6, 3.6)
    axes = figure.subplots()
    calm(axes)
    axes.set_xscale("log")
    for way, by_labels in found.items():
        if not by_labels:
            continue
        counts = sorted(by_labels)
        spread = [stdev(by_labels[n]) if len(by_labels[n]) > 1 else 0.0 for n in counts]
        means = [mean(by_labels[n]) for n in counts]
        axes.errorbar(counts, means, spread, color=WAYS[way][1], linewidth=1, fmt="none", capsize=2)
        axes.plot(counts, means, color=WAYS[way][1], marker="o", markersize=4, label=way)
    ticks = sorted({n for by_labels in found.values() for n in by_labels})
    axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
    axes.minorticks_off()
    in_percent(axes.yaxis)
    label_axis(axes.xaxis, "labels a class")
    label_axis(axes.yaxis, "test accuracy", "%")
    legend_above(axes, columns=2)
    save(figure, path)


if __name__ == "__main__":
    main()
