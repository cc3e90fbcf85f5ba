"""Pictures of a transcriber: one utterance from sound to text, and how many strings are right in noise. Arrays in, a file out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.reporting import canvas
from seqtext.reporting.canvas import StrPath
from seqtext.reporting.lettering import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.floating]
MOST_NAMED = 40  # symbols whose names stand beside their row
COLOURS = (canvas.BLUE, canvas.VERMILION, canvas.PURPLE, canvas.GREY)


def utterance(
    frames: FloatArray,
    states: FloatArray,
    probabilities: FloatArray,
    alphabet: Sequence[str],
    moments: Sequence[tuple[float, str]],
    seconds: float,
    path: StrPath,
    *,
    text: str,
) -> None:
    """Draws one utterance, one above the other: frames, hidden state, and the probability of each symbol, with the moment it is written.

    Args:
        frames: (T', M) that the model read.
        states: (T, H) of its top layer.
        probabilities: (T, C) nothing first.
        alphabet: (C - 1,) names of the symbols.
        moments: seconds and symbol, of each that was written.
        seconds: that all of it lasts.
        path: of the picture to write.
        text: what is said.
    """
    figure = canvas.new_figure(10, 7.5)
    parts = figure.subplots(3, 1, sharex=True, height_ratios=[2, 2, 1 + min(3, 0.2 * len(alphabet))])
    names = drawable([f"said: {text}" if text else "nothing is said"], longest=90)
    parts[0].set_title(names.names[0], fontsize=10, fontfamily=names.families)
    _image(parts[0], frames, seconds, "magma", "band of pitch", "what the model reads")
    _image(parts[1], states, seconds, "RdBu_r", "neuron", "top layer", most=1.0)
    _image(parts[2], probabilities[:, 1:], seconds, "Blues", "", "probability", most=1.0, least=0.0)
    if len(alphabet) <= MOST_NAMED:
        lettering = drawable(alphabet)
        parts[2].set_yticks(range(len(alphabet)), lettering.names, fontsize=8, fontfamily=lettering.families)
    places = {symbol: place for place, symbol in enumerate(alphabet)}
    for when, symbol in moments:
        for axes in parts:
            axes.axvline(when, color=canvas.VERMILION, linewidth=0.9, linestyle="--")
        parts[2].plot(when, places[symbol], "o", color=canvas.VERMILION, markersize=5)
    parts[2].set_xlabel("seconds; a broken line is the moment at which a symbol is written", fontsize=9)
    parts[2].set_ylabel("symbol", fontsize=9)
    canvas.save(figure, path)


def in_noise(decibels: Sequence[float], right: Mapping[str, Sequence[float]], path: StrPath) -> None:
    """Draws the share of strings that are right over how loud the noise is.

    Args:
        decibels: that the sound is above the noise.
        right: shares by name of who listened.
        path: of the picture to write.
    """
    figure = canvas.new_figure(7, 4)
    axes = figure.add_subplot()
    canvas.calm(axes)
    for (name, shares), colour in zip(right.items(), COLOURS, strict=False):
        axes.plot(decibels, shares, "o-", color=colour, markersize=4, linewidth=1.5, label=canvas.literal(name))
    axes.invert_xaxis()
    axes.set_ylim(-0.02, 1.02)
    canvas.in_percent(axes.yaxis)
    canvas.label_axis(axes.xaxis, "decibels that the sound is above the noise")
    canvas.label_axis(axes.yaxis, "strings right", "%")
    canvas.legend_above(axes, columns=3)
    canvas.save(figure, path)


def _image(
    axes: Axes, values: FloatArray, seconds: float, colours: str, rows: str, title: str, *,
    most: float | None = None, least: float | None = None,
) -> None:  # fmt: skip
    """(T, D) values as a picture over time, low rows below, with a bar of its colours."""
    count = values.shape[1]
    image = axes.imshow(
        values.T,
        aspect="auto",
        origin="lower",
        cmap=colours,
        interpolation="nearest",
        extent=(0.0, seconds, -0.5, count - 0.5),
        vmax=most,
        vmin=-most if least is None and most is not None else least,
    )
    bar = axes.figure.colorbar(image, ax=axes, pad=0.01, aspect=12)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(title, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_ylabel(rows, fontsize=9)
