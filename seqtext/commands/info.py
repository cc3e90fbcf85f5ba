"""`seqtext info`: what a saved model is, every file of it verified, and what its report says, which is verified too."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from seqtext.errors import SavedFileError, printable, shorten
from seqtext.saving.configs import to_plain


@dataclass(frozen=True)
class Info:
    """Labels, names or scales, settings, size and test figures of a saved model."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, model folder, or name on the hub."""
    debug: bool = False
    """Show the traceback of an error."""

    def run(self) -> None:
        """Verifies and prints."""
        from seqtext.saving.folders import read_file
        from seqtext.saving.manifest import MANIFEST, check_inside
        from seqtext.saving.untrusted import parse_json
        from seqtext.tasks.known import BY_NAME, public
        from seqtext.tasks.saved import open_saved

        saved = open_saved(self.run_folder)
        task = public(saved.task).from_saved(saved)
        size = sum(map(len, saved.files.values()))
        parameters = sum(parameter.numel() for parameter in task.model.parameters())
        named = printable(f"{saved.task} in {saved.folder}")
        told = f"{parameters:,} parameters, " if parameters else ""  # a linear model has none of torch's
        print(f"{named}: {told}{size / 1e6:.1f} MB, every file verified")
        unused = getattr(task.config, "unused", ())  # by such a model: a linear one has no cell
        for name, value in to_plain(task.config).items():
            if (shown := _shown(value)) and name not in unused:
                quoted = shorten(shown, 100)
                print(f"  {name:<18} {quoted[1:].removesuffix(quoted[0])}")
        run = Path(self.run_folder).expanduser()
        report = run / "report"
        if not os.path.lexists(report):
            return
        check_inside(report, run)
        if not os.path.lexists(report / MANIFEST):
            print("note: report/ has no manifest, since the run has not ended; it is not shown", file=sys.stderr)
            return
        where = str(report / "metrics.json")
        figures = parse_json(read_file(report, "metrics.json"), where=where)
        try:
            lines = list(BY_NAME[saved.task].part("report.evaluate").figure_lines(figures))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SavedFileError("not a report of seqtext", where=where, fix="remove it") from error
        print("", *map(printable, lines), sep="\n")


def _shown(value: object) -> str:
    """A setting as people read it: lists one behind the other without brackets, numbers to four digits; "" for none."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        between = "; " if any(isinstance(item, list | tuple) for item in value) else ", "
        return between.join(filter(None, map(_shown, value)))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
