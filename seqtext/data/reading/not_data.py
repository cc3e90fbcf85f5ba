"""What often lies where data should: a web page that was saved for a file, the pointer that Git LFS keeps in its place, a trained run.

Looks at the first bytes of a file and the names in a folder; knows no format.
"""

from __future__ import annotations

import re
from pathlib import Path

from seqtext.errors import DataError
from seqtext.saving.manifest import MANIFEST

_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"(?i)\s*<(!doctype html|html[\s>])")


def check_is_data(path: Path, *, may_be_page: bool = False) -> None:
    """Refuses what was never the file that it is called.

    Args:
        path: of a regular file; of anything else nothing is read.
        may_be_page: whether it may hold any text, also that of a web page.

    Raises:
        DataError: for a pointer of Git LFS or a web page.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(512).removeprefix(b"\xef\xbb\xbf")
    if head.startswith(_POINTER):
        found, fix = "a pointer of Git LFS, not the file itself", "fetch it: git lfs pull, or download it from its page"
        raise DataError(found, where=str(path), expected="data", fix=fix)
    if not may_be_page and _PAGE.match(head):
        fix = "download the file itself: its page has a link or button such as 'Raw' or 'Download'"
        raise DataError("a web page (HTML), not the file itself", where=str(path), expected="data", fix=fix)


def check_is_no_model(folder: Path) -> None:
    """Refuses the folder of a run or of a saved model, whose files would else be taken for rows.

    Args:
        folder: that data are looked for in.

    Raises:
        DataError: for such a one.
    """
    if any((place / "config.json").is_file() and (place / MANIFEST).is_file() for place in (folder, folder / "model")):
        fix = "name a file, a folder or a data set of the hub that has rows"
        raise DataError("a trained run, not data", where=str(folder), expected="rows", fix=fix)
