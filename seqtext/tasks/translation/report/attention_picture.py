"""Where a translator looked while it wrote: a picture of attention weights, a row a written token, a column a read one.

Weights and tokens in, a picture file out; tokens of any script, shown as sentencepiece cuts them, the mark of a word's
beginning left out. It knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting.canvas import GREY, StrPath, footnote, new_figure, save
from seqtext.reporting.lettering import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 60  # tokens of a side: beyond, no label could be read
CELL = 0.27  # inches
LONGEST = 16  # columns of a label
WORD, GOES_ON = "▁", "·"  # how sentencepiece marks a word's beginning; how a piece inside a word is marked here
SPECIAL = {"<s>": "(start)", "</s>": "(end)", "<unk>": "(unknown)", "<pad>": "(padding)"}
NUMBERED = "# and a number: place of a token that no font on this machine can draw"


def attention_picture(
    weights: NDArray[np.floating[Any]], source: Sequence[str], target: Sequence[str], path: StrPath
) -> None:
    """Draws the weights, darker for more; each row sums to 1. Of a side, the first 60 tokens are drawn, and a line below says so.

    Args:
        weights: (T, S), of each written token over the read ones.
        source: (S,) pieces that were read.
        target: (T,) pieces that were written, the end token perhaps among them.
        path: of the picture to write.

    Raises:
        ValueError: there is no token on a side, or the weights do not belong to the tokens.
    """
    shown = np.asarray(weights, dtype=np.float64)
    if shown.shape != (len(target), len(source)) or not shown.size:
        raise ValueError(f"weights must be ({len(target)}, {len(source)}) and of one token at least, got {shown.shape}")
    written, read = shown.shape
    shown, source, target = shown[:MOST, :MOST], source[:MOST], target[:MOST]
    rows, columns = shown.shape
    figure = new_figure(CELL * columns + 2.3, CELL * rows + 1.6)
    axes = figure.add_subplot()
    image = axes.imshow(shown, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 2.2 / (CELL * rows)), aspect=12, ticks=[0, 0.5, 1], pad=0.03)
    bar.set_label("weight", fontsize=8)
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set(linewidth=0.4, edgecolor=GREY)
    _label(figure, axes, readable(source), readable(target), left_out(read, written))
    save(figure, path)


def left_out(read: int, written: int) -> str:
    """What a picture of so many tokens says of those it does not show; empty if it shows all."""
    if max(read, written) <= MOST:
        return ""
    return f"the first {min(read, MOST)} of {read} tokens read, {min(written, MOST)} of {written} written"


def readable(pieces: Sequence[str]) -> list[str]:
    """Pieces as labels: a word's beginning as it is, what goes on inside a word behind a dot where words are told apart."""
    of_letters = [piece for piece in pieces if any(map(str.isalnum, piece)) and piece not in SPECIAL]
    # In a script without spaces hardly any piece begins a word, and the dot would say nothing.
    spaced = 3 * sum(piece.startswith(WORD) for piece in of_letters) >= len(of_letters)
    return [_readable(piece, inside=spaced and not piece.startswith(WORD)) for piece in pieces]


def _readable(piece: str, *, inside: bool) -> str:
    if piece in SPECIAL:
        return SPECIAL[piece]
    text = piece.removeprefix(WORD).replace(WORD, " ")
    if not text.strip():
        return "(space)"
    return f"{GOES_ON}{text}" if inside and any(map(str.isalnum, text)) else text


def _label(figure: Figure, axes: Axes, source: list[str], target: list[str], note: str) -> None:
    """Tokens along both sides, read ones above, thin lines between the cells, and a note below."""
    lettered = [drawable(side, longest=LONGEST) for side in (source, target)]
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(len(source)), lettered[0].names, fontsize=8, fontfamily=lettered[0].families)
    axes.set_yticks(range(len(target)), lettered[1].names, fontsize=8, fontfamily=lettered[1].families)
    for label in axes.get_xticklabels():
        label.set(rotation=60, ha="left", va="bottom", rotation_mode="anchor")
    for axis, side in ((axes.xaxis, source), (axes.yaxis, target)):
        axis.set_ticks(np.arange(len(side) - 1) + 0.5, minor=True)
    axes.tick_params(which="both", length=0)
    axes.grid(which="minor", color="#E6E6E6", linewidth=0.6)
    axes.spines[:].set(color=GREY, linewidth=0.5)
    axes.set_ylabel("written, downwards", fontsize=8, color=GREY)
    axes.set_xlabel("read", fontsize=8, color=GREY)
    numbered = NUMBERED if any(side.numbered for side in lettered) else ""
    if notes := [line for line in (note, numbered) if line]:
        footnote(figure, "\n".join(notes))
