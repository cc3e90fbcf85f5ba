"""Pictures that nobody looks at: they are files as before, with nothing in them. To draw them takes longer than so small a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def draw_nothing(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """From now on nothing is drawn; `replace` sets an attribute, as `MonkeyPatch.setattr` does."""
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    def savefig(self: Figure, path: Path, **settings: Any) -> None:
        path.write_bytes(b"")

    replace(Figure, "savefig", savefig)
    replace(Axis, "set_ticks", lambda self, ticks, *more, **settings: [])
