"""`seqtext train`: the recipes, by their names. Knows no flags: each recipe has its own."""

from __future__ import annotations

import shlex
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

from seqtext.errors import ForeignRunError, OptionsError, SavedFileError, did_you_mean, one_of
from seqtext.saving.untrusted import parse_yaml
from seqtext.tasks.known import TASKS

RECIPES = {task.recipe: task for task in TASKS}
HELP = f"""usage: seqtext train RECIPE ...

Trains a model and saves it as a run folder. `seqtext train RECIPE --help` explains a recipe's flags.

{chr(10).join(f"  {name:<12} {task.trains} (used by seqtext {task.command})" for name, task in RECIPES.items())}

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
    recipe = _module(name)
    own, script = f"seqtext train {name}", f"python recipes/{RECIPES[name].script}.py"
    # The examples of its help: whoever has installed the package has no folder recipes/.
    recipe.__doc__ = (recipe.__doc__ or "").replace(script, own)
    sys.argv = [own, *arguments[1:]]  # what help, messages and the run's card name
    try:
        recipe.main()
    except ForeignRunError as error:
        raise ForeignRunError(error.run, error.options_fault, fix=_other_recipe(error.run, name)) from error


def _module(name: str) -> Any:
    return import_module(f"seqtext.recipes.{RECIPES[name].script}")


def _other_recipe(run: Path, own: str) -> str:
    """How to go on with a run, by another recipe that has all its options; "" if none has."""
    try:
        names = parse_yaml((run / "options.yaml").read_text(encoding="utf-8"), where=str(run))
    except (OSError, ValueError, SavedFileError):
        return ""
    for name in RECIPES:
        has = {field.name for field in fields(_module(name).Options)}
        if name != own and isinstance(names, dict) and {*names} <= has:
            return f"it was made by another: {shlex.join(['seqtext', 'train', name, '--resume', '--run', str(run)])}"
    return ""
