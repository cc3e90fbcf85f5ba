"""`seqtext`: training and use of models from the shell. Finds the command, makes its flags, runs it; knows no models.

Nothing heavy is imported before a command runs: `seqtext --help` is instant, and `seqtext predict` needs no data set library.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from seqtext import __version__
from seqtext.errors import OptionsError, SeqtextError, did_you_mean, one_of, run_program
from seqtext.tasks.known import BY_NAME, TASKS

WHATEVER_THE_TASK = {
    "check": "find the faults of a data set before anything is trained on it",
    "evaluate": "measure a saved model on new data",
    "info": "say what a saved model is and how good it was",
    "verify": "check every file of a run against its manifest",
}
BY_COMMAND = {task.command: task for task in TASKS}
COMMANDS = {
    "train": "train a model: " + one_of(task.recipe for task in TASKS),
    **{name: task.about for name, task in BY_COMMAND.items()},
    **WHATEVER_THE_TASK,
}

HELP = f"""usage: seqtext COMMAND ...

Trains and runs small recurrent models of text and numbers. `seqtext COMMAND --help` explains a command's flags.

{chr(10).join(f"  {name:<10} {about}" for name, about in COMMANDS.items())}

seqtext {__version__}"""


def main() -> None:
    """The `seqtext` program."""
    run_program(_run, trains=sys.argv[1:2] == ["train"])


def _run() -> None:
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if name in ("--help", "-h"):
        print(HELP)
        return
    if name == "--version":
        print(f"seqtext {__version__}")
        return
    if name not in COMMANDS:
        raise OptionsError(f"unknown command {name!r}", expected=one_of(COMMANDS), fix=did_you_mean(name, COMMANDS))
    if name in ("train", "evaluate"):  # whose flags are those of a recipe, or of the task that the run is of
        import_module(f"seqtext.commands.{name}").main(arguments)
        return
    import tyro

    task, other = BY_COMMAND.get(name), _of_another_task(name, arguments)
    module = other or (task.part("command") if task else import_module(f"seqtext.commands.{name}"))
    if other and {"-h", "--help"} & set(arguments):
        arguments = ["--help"]  # tyro does not show a run that was given already
    command = getattr(module, name.capitalize())
    tyro.cli(command, args=arguments, prog=f"seqtext {name}", use_underscores=True).run()


def _of_another_task(name: str, arguments: list[str]) -> ModuleType | None:
    """The module of a command that several tasks have, where the run that is named first is not of the task it is listed for."""
    others = {task.name: task.also[1] for task in TASKS if task.also is not None and task.also[0] == name}
    if not others or not arguments or arguments[0].startswith("-"):
        return None
    from seqtext.tasks.saved import open_saved

    try:
        found = open_saved(arguments[0]).task
    except SeqtextError:  # the command will tell
        return None
    return BY_NAME[found].part(others[found]) if found in others else None


if __name__ == "__main__":
    main()
