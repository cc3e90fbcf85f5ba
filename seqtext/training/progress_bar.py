"""The bar of an epoch, where somebody looks: at a terminal, or in a notebook, whose output is none. Knows no task."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

NOTEBOOK = "ipykernel"  # the package whose streams a notebook's are: Jupyter's, Colab's, an editor's
SECONDS = 0.5  # between two drawings in a notebook: each is a message to the browser


def is_notebook() -> bool:
    """Whether what is written to stderr is shown in a notebook."""
    return type(sys.stderr).__module__.partition(".")[0] == NOTEBOOK


def progress_bar(steps: int, *, done: int, title: str, shown: bool = True) -> tqdm[Any]:
    """A bar on stderr, which goes away when it is closed; silent where stderr is a file or a pipe.

    Args:
        steps: in all.
        done: of them, before.
        title: before the bar.
        shown: False for none.
    """
    notebook = is_notebook()
    quiet = not (shown and (notebook or sys.stderr.isatty()))
    every = SECONDS if notebook else 0.1
    return tqdm(total=steps, initial=done, desc=title, unit="step", leave=False, disable=quiet, mininterval=every)
