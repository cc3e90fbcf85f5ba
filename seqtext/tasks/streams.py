"""What commands that read rows and write lines share: rows as they come, a file that is whole or not there, keywords out of
flags. Knows no models."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from seqtext.errors import ResourceError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from seqtext.data.reading.text_files import Rows

Row: TypeAlias = Mapping[str, Any]
ROWS_AT_ONCE = 2000  # enough to fill batches of like length, little memory


def keywords(options: DataclassInstance, of: type[DataclassInstance]) -> dict[str, Any]:
    """The part of a command's options that are the fields of a dataclass, which the task is called with."""
    return {field.name: getattr(options, field.name) for field in fields(of)}


def as_they_come(rows: Rows) -> Iterator[list[Row]]:
    """Rows in chunks: never is one kept waiting for the next that has not come yet."""
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_AT_ONCE or rows.lines.used_up:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def open_target(output: str | None, stack: ExitStack) -> TextIO:
    """The terminal if None, or a temporary file that takes the name of `output` once it is whole.

    Raises:
        ResourceError: a file that cannot be written.
    """
    if output is None:
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # type: ignore[union-attr]
        return sys.stdout
    path = Path(output).expanduser()
    special = path.exists() and not path.is_file()  # a device or a named pipe is written to, never replaced
    path = path if special else path.resolve()  # a link stays, the file it leads to is replaced
    part = path if special else path.with_name(f".{path.name}.part")
    try:
        file = part.open("w", encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise ResourceError(f"cannot be written ({error.strerror})", where=str(path.absolute())) from error

    def finish(kind: object, *_: object) -> None:
        try:
            file.close()  # may find the disk full
            if kind is None and not special:
                os.replace(part, path)
        finally:
            if not special:
                part.unlink(missing_ok=True)

    stack.push(finish)
    return file
