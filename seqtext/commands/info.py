"""`seqtext info`: what a saved model is, every file of it verified, and what its report says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from seqtext.errors import SavedFileError, shorten
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
        from seqtext.saving.untrusted import parse_json
        from seqtext.tasks.known import BY_NAME, public
        from seqtext.tasks.saved import open_saved

        saved = open_saved(self.run_folder)
        task = public(saved.task).from_saved(saved)
        size = sum(map(len, saved.files.values()))
        parameters = sum(parameter.numel() for parameter in task.model.parameters())
        print(f"{saved.task} in {saved.folder}: {parameters:,} parameters, {size / 1e6:.1f} MB, every file verified")
        for name, value in to_plain(task.config).items():
            if shown := _shown(value):
                quoted = shorten(shown, 100)
                print(f"  {name:<18} {quoted[1:].removesuffix(quoted[0])}")
        report = Path(self.run_folder).expanduser() / "report" / "metrics.json"
        if report.is_file():
            figures = parse_json(report.read_bytes(), where=str(report))
            try:
                lines = list(BY_NAME[saved.task].part("report.evaluate").figure_lines(figures))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise SavedFileError("not a report of seqtext", where=str(report), fix="remove it") from error
            print("", *lines, sep="\n")


def _shown(value: object) -> str:
    """A setting as people read it: lists one behind the other without brackets, numbers to four digits; "" for an empty one."""
    if isinstance(value, list | tuple):
        between = "; " if any(isinstance(item, list | tuple) for item in value) else ", "
        return between.join(filter(None, map(_shown, value)))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
