"""`seqtext info`: what a saved model is, every file of it verified, and what its report says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from seqtext.errors import shorten
from seqtext.options import to_plain


@dataclass(frozen=True)
class Info:
    """Labels, settings, size and test figures of a saved model."""

    run_folder: Positional[str]
    """Run folder, model folder, or name on the hub."""
    debug: bool = False
    """Show the traceback of an error."""

    def run(self) -> None:
        """Verifies and prints."""
        from seqtext.storage import parse_json
        from seqtext.tasks.saved import load, open_saved

        saved = open_saved(self.run_folder)
        task = load(self.run_folder)
        size = sum(map(len, saved.files.values()))
        parameters = sum(parameter.numel() for parameter in task.model.parameters())
        print(f"{saved.task} in {saved.folder}: {parameters:,} parameters, {size / 1e6:.1f} MB, every file verified")
        for name, value in to_plain(task.config).items():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            print(f"  {name:<18} {shorten(str(shown), 100)[1:-1]}")
        report = Path(self.run_folder).expanduser() / "report" / "metrics.json"
        if report.is_file():
            figures = parse_json(report.read_bytes(), where=str(report))
            test, data = figures["test"], figures["data"]
            print(
                f"\ntested on {data['source']}, {test['rows']:,} rows: accuracy {test['accuracy']:.2%}, macro F1 {test['macro_f1']:.4f}"
            )
            for baseline in figures["baselines"].values():
                print(f"  {baseline['description']}: {baseline['accuracy']:.2%}")
            print(f"model chosen: {figures['training']['selection']}")
