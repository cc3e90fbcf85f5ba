"""`seqtext`: use of saved runs from the shell. Finds the command, makes its flags, runs it; knows no models.

Nothing heavy is imported before a command runs: `seqtext --help` is instant, and `seqtext predict` needs no data set library.
"""

from __future__ import annotations

import sys
from importlib import import_module

from seqtext import __version__
from seqtext.errors import OptionsError, did_you_mean, one_of, run_program

COMMANDS = {
    "predict": ("Predict", "label texts: given, from a file, or from a pipe"),
    "evaluate": ("Evaluate", "measure a saved classifier on a split of a data set"),
    "forecast": ("Forecast", "the next readings behind a history, or after each line of a pipe"),
    "generate": ("Generate", "texts from a topic, a mixture, an example or nothing"),
    "translate": ("Translate", "translations of texts: given, from a file, or from a pipe, line by line"),
    "info": ("Info", "say what a saved model is and how good it was"),
    "verify": ("Verify", "every file of a run against its manifest"),
}

HELP = f"""usage: seqtext COMMAND ...

Runs models that seqtext has trained. `seqtext COMMAND --help` explains its flags.

{chr(10).join(f"  {name:<10} {about}" for name, (_, about) in COMMANDS.items())}

To train one: python recipes/topic_classification.py --help (and the other recipes)
seqtext {__version__}"""


def main() -> None:
    """The `seqtext` program."""
    run_program(_run)


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
    import tyro

    command = getattr(import_module(f"seqtext.commands.{name}"), COMMANDS[name][0])
    tyro.cli(command, args=arguments, prog=f"seqtext {name}", use_underscores=True).run()


if __name__ == "__main__":
    main()
