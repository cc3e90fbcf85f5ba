"""A folder of files of lines, two for each split, whose endings are the languages: `train.en`, `train.de`, `val.en`, ...

Looks at names alone; what the files hold, `parallel_files.py` reads.
"""

from __future__ import annotations

import re
from pathlib import Path

from seqtext.data.pairs.parallel_files import TABLES
from seqtext.data.reading.packed import without_packing
from seqtext.data.reading.split_names import split_of
from seqtext.data.reading.text_files import FORMATS
from seqtext.errors import DataError, one_of

_ENDING = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?|source|target")
_IN_ORDER = (("src", "tgt"), ("src", "trg"), ("source", "target"))
_NO_LANGUAGES = {*(ending[1:] for ending in FORMATS), "md", "py", "sh", "log", "yml", "xml"}

Files = dict[str, tuple[str, str]]


def parallel_files_in(folder: Path, source: str | None, target: str | None) -> Files | None:
    """The source and the target of each split; None if a folder has no such files, or tables beside them.

    Args:
        folder: where to look; not below it.
        source: ending of the files to translate from, where it is said.
        target: likewise to translate to.

    Raises:
        DataError: more languages than two, or an order that is not clear, and nobody said which; several pairs of files for one split.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        name = Path(without_packing(path.name))
        if not path.is_file() or name.suffix.lower() in TABLES:
            if path.is_file():
                return None
            continue
        ending = name.suffix[1:]
        if _ENDING.fullmatch(ending) and ending not in _NO_LANGUAGES:
            found.setdefault(name.stem, {})[ending] = path
    found = {stem: sides for stem, sides in found.items() if len(sides) > 1}
    if not found:
        return None
    common = sorted(set.intersection(*map(set, found.values())))
    one, other = _order(common, source, target, folder, found)
    splits: Files = {}
    for stem, sides in found.items():
        split = split_of(stem)
        if split in splits:
            fix = f"say which with --{split}: --{split} {sides[one]} {sides[other]}"
            fix = f"--train {' '.join(splits['train'])} {fix.partition(': ')[2]}" if "train" in splits else fix
            also = Path(splits[split][0]).name
            raise DataError(f"found several pairs of files for {split}: {also}, {sides[one].name}", where=str(folder),
                            expected="one", fix=f"give the files: {fix}")  # fmt: skip
        splits[split] = (str(sides[one]), str(sides[other]))
    return splits


def _order(
    endings: list[str], source: str | None, target: str | None, folder: Path, found: dict[str, dict[str, Path]]
) -> tuple[str, str]:
    """Which ending is translated to which."""
    if source in endings and target in endings and source != target:
        return str(source), str(target)
    if len(endings) == 2:
        one, other = endings
        if source in endings or target in endings:
            return (one, other) if source == one or target == other else (other, one)
        names = [folder.name, *found]
        for pair in ((one, other), (other, one)):
            told = any(re.search(rf"(?<![a-z]){pair[0]}[-_2]{pair[1]}(?![a-z])", name) for name in names)
            if source is None and target is None and (pair in _IN_ORDER or told or (pair[0] == "en" and len(names))):
                return pair
    where, shown = str(folder), one_of(endings, 8).removeprefix("one of ") or "none in common"
    fix = "pass " + (f"--source {endings[0]} --target {endings[1]}" if len(endings) > 1 else "--train with two files")
    raise DataError(f"found files of lines in {shown}", where=where, expected="to know source and target", fix=fix)
