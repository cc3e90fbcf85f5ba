"""seqtext trains, saves and runs small recurrent models of text and numbers.

`seqtext.load(folder)` opens any saved model; `seqtext.fit(task, train, validation, run=...)` trains one. Everything is imported when
first used, so that `import seqtext` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from seqtext.tasks.known import PUBLIC, public

if TYPE_CHECKING:
    from seqtext.tasks.known import *  # noqa: F403
    from seqtext.tasks.saved import load as load
    from seqtext.training.fit import fit as fit

__version__ = "0.1.0"

_HOMES = {
    "fit": "seqtext.training.fit",
    "load": "seqtext.tasks.saved",
}
__all__ = sorted(["__version__", *_HOMES, *PUBLIC])


def __getattr__(name: str) -> object:
    if name in PUBLIC:
        return public(name)
    if name not in _HOMES:
        raise AttributeError(f"module 'seqtext' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
