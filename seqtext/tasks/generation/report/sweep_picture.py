"""Control against diversity: a picture of how settings of generation trade one for the other, so that a user can choose.

Figures in, a picture file out. It knows no generator and no judge: control is a share of texts that are what they were
asked to be, diversity a share of real text's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seqtext.reporting import canvas
from seqtext.reporting.canvas import FloatArray, StrPath

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

MARKERS = "osD^vPX"  # of lines, since shades alone are hard to tell apart
# Where a label may stand beside its point: dots to the right and up, and how it is aligned.
PLACES = (
    *((5, 3, "left", "bottom"), (5, -3, "left", "top"), (-5, 3, "right", "bottom"), (-5, -3, "right", "top")),
    *((0, 6, "center", "bottom"), (0, -6, "center", "top"), (7, 0, "left", "center"), (-7, 0, "right", "center")),
)


class SweepPoint(NamedTuple):
    """What one setting gave.

    Attributes:
        guidance: 1 is none.
        temperature: 1 is none.
        control: share of the texts that an independent judge gives what was asked for.
        diversity: distinct bigrams as a share of real text's over as many tokens.
    """

    guidance: float
    temperature: float
    control: float
    diversity: float


def sweep_picture(
    points: Sequence[SweepPoint], path: StrPath, *, real_control: float, chosen: tuple[float, float] | None = None
) -> None:
    """Draws control (up) over diversity (right), a line per guidance through its temperatures, real text as a star.

    The best corner is the upper right. Points whose figures are not finite are left out.

    Args:
        points: in any order.
        path: of the picture to write.
        real_control: share of real test texts to which the judge gives their own label; their diversity is 1.
        chosen: guidance and temperature to put a ring around, such as the defaults; None for no ring.

    Raises:
        ValueError: there is no point to draw.
    """
    drawn = sorted(point for point in points if np.isfinite(point).all())
    if not drawn:
        raise ValueError(f"a sweep needs at least one point with finite figures, got {len(points)} points without")
    figure = canvas.new_figure(8, 5.2)
    axes = figure.add_subplot()
    _draw_lines(axes, drawn)
    _draw_real(axes, real_control)
    if ringed := [point for point in drawn if (point.guidance, point.temperature) == chosen]:
        _draw_chosen(axes, ringed[0])
    canvas.calm(axes)
    axes.margins(0.08)
    axes.set_xlabel("diversity: distinct bigrams, % of real text's over as many tokens", fontsize=9)
    axes.set_ylabel("control: texts judged to be what was asked (%)", fontsize=9)
    canvas.in_percent(axes.xaxis)
    canvas.in_percent(axes.yaxis)
    canvas.legend_above(axes, 4)
    canvas.footnote(figure, "numbers beside points: temperature")
    _write_temperatures(figure, axes, drawn)
    canvas.save(figure, path)


def _by_guidance(drawn: Sequence[SweepPoint]) -> list[tuple[SweepPoint, ...]]:
    """The points of each guidance, both ascending."""
    return [tuple(group) for _, group in groupby(drawn, key=lambda point: point.guidance)]


def _draw_lines(axes: Axes, drawn: Sequence[SweepPoint]) -> None:
    """A line per guidance, darker where it is stronger."""
    from matplotlib import colormaps

    lines = _by_guidance(drawn)
    shades = colormaps["viridis_r"](np.linspace(0.3, 1.0, len(lines)))
    for number, (points, shade) in enumerate(zip(lines, map(tuple, shades), strict=True)):
        guidance = points[0].guidance
        x, y = [point.diversity for point in points], [point.control for point in points]
        label = f"guidance {guidance:g}" + (" (none)" if guidance == 1 else "")
        style: dict[str, Any] = {"marker": MARKERS[number % len(MARKERS)], "markersize": 5, "linewidth": 1.4}
        axes.plot(x, y, color=shade, label=label, **style)


def _draw_real(axes: Axes, control: float) -> None:
    axes.axhline(control, color=canvas.GREY, linewidth=0.8, linestyle=":")
    axes.axvline(1.0, color=canvas.GREY, linewidth=0.8, linestyle=":")
    axes.plot([1.0], [control], "*", color="black", markersize=11, label=f"real text: {control:.1%}", zorder=3)


def _draw_chosen(axes: Axes, point: SweepPoint) -> None:
    setting = f"guidance {point.guidance:g}, temperature {point.temperature:g}"
    label = f"{setting}: {point.control:.1%} at {point.diversity:.1%}"
    ring: dict[str, Any] = {"markersize": 12, "markerfacecolor": "none", "markeredgewidth": 1.6}
    axes.plot([point.diversity], [point.control], "o", color=canvas.VERMILION, label=label, zorder=4, **ring)


def _write_temperatures(figure: Figure, axes: Axes, drawn: Sequence[SweepPoint]) -> None:
    """The temperature beside each point in the line's colour, where it covers least; none where no room is left.

    The ends of lines go first: along a line temperatures ascend, so that one left out between two can be guessed.
    """
    figure.draw_without_rendering()  # only now is it known where in the picture a point lies
    shades = {points: line.get_color() for points, line in zip(_by_guidance(drawn), axes.get_lines(), strict=False)}
    inked = np.concatenate([_inked(line) for line in axes.get_lines()])
    ends = [(point, shade) for points, shade in shades.items() for point in (points[0], points[-1])]
    others = [(point, shade) for points, shade in shades.items() for point in points]
    written: list[Bbox] = []
    for point, shade in dict.fromkeys([*ends, *others]):
        _write_beside(axes, point, shade, inked, written)


def _inked(line: Line2D) -> FloatArray:
    """(spots, 2) where in the picture a line runs, in pixels, with its marks."""
    corners = np.asarray(line.get_transform().transform(line.get_xydata()))
    along = np.linspace(0, 1, 100)[:, None]
    mark = (
        np.stack(np.meshgrid([-6, 0, 6], [-6, 0, 6]), axis=-1).reshape(-1, 1, 2) if line.get_marker() != "None" else 0
    )
    segments = [first + along * (second - first) for first, second in pairwise(corners)]
    return np.concatenate([*segments, (corners + mark).reshape(-1, 2)])


def _write_beside(axes: Axes, point: SweepPoint, shade: Any, inked: FloatArray, written: list[Bbox]) -> None:
    """Writes where no other label is and the least ink; adds the label's box to `written`."""
    best: tuple[int, Annotation, Bbox] | None = None
    for right, up, across, upright in PLACES:
        text = axes.annotate(
            f"{point.temperature:g}",
            (point.diversity, point.control),
            xytext=(right, up),
            textcoords="offset points",
            ha=across,
            va=upright,
            fontsize=7,
            color=shade,
        )
        box = text.get_window_extent()
        covered = int(((inked > box.min) & (inked < box.max)).all(axis=1).sum())
        if any(box.overlaps(other) for other in written) or (best and best[0] <= covered):
            text.remove()
            continue
        if best:
            best[1].remove()
        best = (covered, text, box)
    if best:
        written.append(best[2])
