"""`--help` in groups, those for every day first: nobody reads a list of sixty. Knows dataclasses of options, none by its name."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections import defaultdict
from dataclasses import field, fields, make_dataclass
from itertools import pairwise
from typing import Annotated, Any, get_type_hints

# Flags that most runs are made with; those that a recipe has come first, whatever class they are of.
EVERYDAY = (
    *("data", "train", "validation", "test", "text_column", "label_column", "target", "run", "resume", "init_from"),
    *("epochs", "batch_rows", "learning_rate", "max_minutes", "device", "seeds", "dry_run"),
)


def show_help(options: type[Any], default: Any, description: str) -> None:
    """Prints the help of a program, and ends it.

    Args:
        options: dataclass of the options, made of several.
        default: the values that are shown.
        description: of the program.
    """
    import tyro

    annotated: Any = Annotated  # made of values here, as no type is
    hints, texts = get_type_hints(options, include_extras=True), _texts(options)
    groups: dict[str, list[Any]] = defaultdict(list)
    order = {name: place for place, name in enumerate(EVERYDAY)}
    for one in sorted(fields(options), key=lambda one: order.get(one.name, len(order))):
        group, text = texts.get(one.name, ("other", ""))
        shown = annotated[hints[one.name], tyro.conf.arg(help=text)]
        of_group = groups["everyday" if one.name in order else group]
        of_group.append((one.name, shown, field(default=getattr(default, one.name))))
    parts = {name: make_dataclass(name, found) for name, found in groups.items()}
    whole = make_dataclass("Options", [(name, kind, field(default_factory=kind)) for name, kind in parts.items()])
    tyro.cli(whole, args=["--help"], description=description, use_underscores=True, config=(tyro.conf.OmitArgPrefixes,))


def _texts(options: type[Any]) -> dict[str, tuple[str, str]]:
    """Of each field the group of the class that has it, and what stands below it there."""
    found: dict[str, tuple[str, str]] = {}
    for kind in reversed(options.__mro__[:-1]):
        words = re.findall("[A-Z][a-z]*", kind.__name__)
        own = "_".join(word.lower() for word in words if word != "Options") or "recipe"
        group = "model" if "Settings" in words else own
        [body] = [
            node.body
            for node in ast.parse(textwrap.dedent(inspect.getsource(kind))).body
            if isinstance(node, ast.ClassDef)
        ]
        for node, text in pairwise(body):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(text, ast.Expr):
                found[node.target.id] = group, " ".join(str(ast.literal_eval(text.value)).split())
    return found
