"""`seqtext evaluate`: a saved model on new data. Its flags and figures are those of the task that the model is of."""

from __future__ import annotations

from seqtext.errors import OptionsError
from seqtext.tasks.known import BY_NAME, TASKS

HELP = f"""usage: seqtext evaluate RUN --data DATA ...

Measures a saved model on data that it has not seen. `seqtext evaluate RUN --help` explains the flags that its task has.
RUN is a run folder, a model folder, or a name on the hub, of {", ".join(task.name for task in TASKS)}."""


def main(arguments: list[str]) -> None:
    """Runs the evaluation of the task that the run is of.

    Raises:
        OptionsError: if no run is named first.
        SavedFileError: if it cannot be opened.
    """
    if not arguments or arguments[0] in ("--help", "-h"):
        print(HELP)
        return
    if arguments[0].startswith("-"):
        raise OptionsError(f"{arguments[0]} stands before the run", fix="seqtext evaluate RUN --data DATA ...")
    import tyro

    from seqtext.tasks.saved import open_saved

    task = BY_NAME[open_saved(arguments[0]).task]
    command = task.part("report.evaluate").Evaluate
    tyro.cli(command, args=arguments, prog="seqtext evaluate", use_underscores=True).run()
