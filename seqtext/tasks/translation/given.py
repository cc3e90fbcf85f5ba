"""What `seqtext translate` is given beside texts: further runs, and a glossary."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from seqtext.data.text.normaliser import Normaliser
from seqtext.errors import DataError, OptionsError, shorten
from seqtext.tasks.streams import open_input


def leading_runs(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Run folders that stand before the texts, and the texts.

    Raises:
        OptionsError: for what stands there like a run, beside others, and is none.
    """
    runs: list[str] = []
    for argument in arguments:
        place = Path(argument).expanduser()
        try:
            is_run = (place / "model").is_dir() or (place / "config.json").is_file()
            in_a_folder = "/" in argument and place.parent.is_dir()
        except (OSError, ValueError):  # a long text is no name of a file
            break
        if is_run:
            runs.append(argument)
        elif in_a_folder and not argument.split()[1:]:
            found, fix = "there is no saved model", "name a run that is there, or give the text in --input"
            raise OptionsError(found, where=argument, expected="a run folder, or a text", fix=fix)
        else:
            break
    return runs, list(arguments[len(runs) :])


def read_glossary(name: str) -> dict[str, str]:
    """Terms and their translations, out of a file with a tab between the two on each line; blank lines are none.

    Raises:
        DataError: a file that cannot be read, a line that is no pair, or two translations of one term.
    """
    terms: dict[str, str] = {}
    with ExitStack() as stack:
        for number, row in enumerate(open_input(name, stack, format="txt") or (), start=1):
            line = str(row["text"])
            if not line.strip():
                continue
            parts = [Normaliser()(part) for part in line.split("\t")]
            where, expected = f"{name}, line {number}", "a term, a tab, and its translation"
            if len(parts) != 2 or not all(parts):
                raise DataError(f"found {shorten(line)}", where=where, expected=expected, fix="part them with a tab")
            if terms.setdefault(parts[0], parts[1]) != parts[1]:
                found = f"{shorten(parts[0])} is {shorten(parts[1])}, and {shorten(terms[parts[0]])} above"
                raise DataError(found, where=where, expected="one translation of a term", fix="leave one of them out")
    if not terms:
        raise DataError("there is no term", where=name, expected="a term, a tab, and its translation on each line")
    return terms
