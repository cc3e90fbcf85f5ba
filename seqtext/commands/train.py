"""`seqtext train`: the recipes, by their names. Knows no flags: each recipe has its own."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from seqtext.errors import OptionsError, did_you_mean, one_of
from seqtext.tasks.known import TASKS

RECIPES = {task.recipe: task for task in TASKS}
HELP = f"""usage: seqtext train RECIPE ...

Trains a model and saves it as a run folder. `seqtext train RECIPE --help` explains a recipe's flags.

{chr(10).join(f"  {name:<12} for seqtext {task.command}" for name, task in RECIPES.items())}

Without flags a recipe runs offline, on data that is always there."""


def main(arguments: list[str]) -> None:
    """Runs the recipe that is named first, with the flags behind it.

    Raises:
        OptionsError: if there is no such recipe.
    """
    name = arguments[0] if arguments else "--help"
    if name in ("--help", "-h"):
        print(HELP)
        return
    if name not in RECIPES:
        raise OptionsError(f"unknown recipe {name!r}", expected=one_of(RECIPES), fix=did_you_mean(name, RECIPES))
    recipe: Any = import_module(f"seqtext.recipes.{RECIPES[name].script}")
    own, script = f"seqtext train {name}", f"python recipes/{RECIPES[name].script}.py"
    # The examples of its help: whoever has installed the package has no folder recipes/.
    recipe.__doc__ = (recipe.__doc__ or "").replace(script, own)
    sys.argv = [own, *arguments[1:]]  # what help, messages and the run's card name
    recipe.main()
