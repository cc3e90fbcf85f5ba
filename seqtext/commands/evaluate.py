"""`seqtext evaluate`: a saved model on new data. Its flags, figures and predictions are those of the task that the model is of."""

from __future__ import annotations

import sys

from seqtext.errors import OptionsError, printable
from seqtext.tasks.known import BY_NAME, TASKS, public
from seqtext.tasks.streams import json_text

HELP = f"""usage: seqtext evaluate RUN --data DATA ...

Measures a saved model on data that it has not seen, and writes figures and predictions where --output FOLDER is given.
`seqtext evaluate RUN --help` explains the flags that the model's task has. RUN is a run folder, a model folder, or a name
on the hub:

{chr(10).join(f"  {task.name:<16} {task.measures}" for task in TASKS)}"""


def main(arguments: list[str]) -> None:
    """Runs the evaluation of the task that the run is of.

    Raises:
        OptionsError: if no run is named first, or flags cannot be meant.
        DataError: if the data cannot be used.
        SavedFileError: if the run cannot be opened.
        ResourceError: if the device is not there, or the output cannot be written.
    """
    if not arguments or arguments[0] in ("--help", "-h"):
        print(HELP)
        return
    if arguments[0].startswith("-"):
        raise OptionsError(f"{arguments[0]} stands before the run", fix="seqtext evaluate RUN --data DATA ...")
    import tyro

    from seqtext.tasks.saved import open_saved

    saved = open_saved(arguments[0])
    part = BY_NAME[saved.task].part("report.evaluate")
    helped = {"-h", "--help"} & set(arguments)  # tyro does not show a run that was given already
    options = tyro.cli(
        part.Evaluate, args=["--help"] if helped else arguments, prog="seqtext evaluate", use_underscores=True
    )

    from seqtext.nn.precision import choose_device, set_threads
    from seqtext.reporting.evaluation import check_output, write_evaluation

    check_output(options)
    set_threads(options.threads)
    device = choose_device(options.device)
    task = public(saved.task).from_saved(saved)
    task.model.to(device)
    measured = part.measure(task, options)
    figures = measured.figures
    if options.output is not None:
        write_evaluation(options.output, measured)
        print(f"saved in {options.output}", file=sys.stderr)
    if options.json:
        print(json_text(figures, indent=1))
        return
    for line in part.figure_lines(figures):
        print(printable(line))
    for kind in ("note", "warning"):
        for line in figures["data"][f"{kind}s"]:
            print(printable(f"{kind}: {line}"))
