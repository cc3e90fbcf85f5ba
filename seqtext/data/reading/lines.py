"""Lines of text from a stream of bytes: UTF-8 decoded, in blocks, each with what went wrong at which line and byte.

A line ends at `\\n` only: U+2028, U+0085, VT, FF and a bare CR are part of it. Memory is that of one block and the
longest line. Knows nothing of formats, columns or rows.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

BLOCK = 1 << 20  # bytes asked for at a time

# How files begin that are no text, and what to do with them. Looked at only once decoding has failed.
SIGNATURES = {
    codecs.BOM_UTF16_LE: ("the file is UTF-16", "re-encode it: iconv -f utf-16 -t utf-8 FILE > NEW"),
    codecs.BOM_UTF16_BE: ("the file is UTF-16", "re-encode it: iconv -f utf-16 -t utf-8 FILE > NEW"),
    b"\x1f\x8b": ("the file is gzip-compressed", "unpack it, or give a file whose name ends in .gz"),
    b"PK\x03\x04": ("the file is a zip archive or a spreadsheet", "unpack it, or save it as csv"),
    b"PAR1": ("the file is parquet", "give a file whose name ends in .parquet"),
}


class LineError(Exception):
    """A stream that cannot be read on. Whoever knows the file and the row makes it a `DataError`.

    Args:
        found: what is wrong, as a clause.
        line: the line it is in, counted from 1.
        fix: what to do about it.
    """

    def __init__(self, found: str, *, line: int, fix: str) -> None:
        super().__init__(found)
        self.found, self.line, self.fix = found, line, fix


class Lines:
    """The lines of a binary stream, once, in order; each ends in `\\n`, also the last, where the file may lack it.

    Args:
        stream: of bytes.
        errors: `strict`, or `replace` for U+FFFD in the place of bytes that are not UTF-8.

    Attributes:
        offset: bytes taken from the stream so far (unpacked bytes, where it is compressed).
        replaced: characters that stand for bytes that are no text.
        whole: False once the block of the last line is read and the line lacks its `\\n`, as in a file that was cut off.
    """

    def __init__(self, stream: BinaryIO, *, errors: str = "strict") -> None:
        # `read1` returns what a pipe has: with `read`, rows typed into standard input would wait for a full block.
        self._read = getattr(stream, "read1", stream.read)
        self._packed = isinstance(stream, gzip.GzipFile)
        self._done = 0  # lines in the blocks before this one
        self._start = b""  # of the stream, to tell what it is if it is no text
        self._block = io.StringIO()
        self._end = 0  # of the block
        self._errors = errors
        self.offset = 0
        self.replaced = 0
        self.whole = True

    @property
    def used_up(self) -> bool:
        """Whether all that was read is given out: the next line may have to be waited for."""
        return self._block.tell() == self._end

    def __iter__(self) -> Iterator[str]:
        """The lines.

        Raises:
            LineError: bytes that are not UTF-8, or compressed data that is damaged.
        """
        position = 0
        for block in self._blocks():
            try:
                text = block.decode()
            except UnicodeDecodeError as error:
                if self._errors == "replace" and not self._start.startswith(tuple(SIGNATURES)):
                    text = block.decode(errors="replace")
                    self.replaced += text.count("\ufffd") - block.count("\ufffd".encode())
                    yield from self._split(text, first=position == 0)
                    self._done += text.count("\n")
                    position += len(block)
                    continue
                good = block[: block.rfind(b"\n", 0, error.start) + 1].decode()
                yield from self._split(good, first=position == 0)
                raise self._not_utf8(error, position) from None
            yield from self._split(text, first=position == 0)
            self._done += text.count("\n")
            position += len(block)

    def _split(self, text: str, *, first: bool) -> Iterator[str]:
        text = text.removeprefix("\ufeff") if first else text
        if text and not text.endswith("\n"):
            self.whole = False
            text += "\n"
        self._end = len(text)
        self._block = io.StringIO(text, newline="\n")  # `splitlines` would split at U+2028 and its like
        return self._block

    def _blocks(self) -> Iterator[bytes]:
        """Blocks of whole lines; the last one is what the stream ends with."""
        rest: list[bytes] = []
        while chunk := self._chunk():
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield b"".join([*rest, chunk[:cut]])
                rest = []
            rest.append(chunk[cut:])
        if tail := b"".join(rest):
            yield tail

    def _chunk(self) -> bytes:
        try:
            chunk: bytes = self._read(BLOCK)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise self._not_gzip(error) from None
        except OSError as error:
            raise LineError(f"cannot be read ({error})", line=self._done + 1, fix="") from None
        self._start = self._start or chunk[:4]
        self.offset += len(chunk)
        return chunk

    def _not_gzip(self, error: Exception) -> LineError:
        if self.offset == 0 and isinstance(error, gzip.BadGzipFile):
            return LineError("not a gzip file, whatever its name says", line=1, fix="take .gz off its name")
        state = "cut off" if isinstance(error, EOFError) else "damaged"
        found = f"the compressed data is {state} after {self.offset:,} unpacked bytes ({error})"
        return LineError(found, line=self._done + 1, fix="download or copy the file again")

    def _not_utf8(self, error: UnicodeDecodeError, position: int) -> LineError:
        line = self._done + error.object.count(b"\n", 0, error.start) + 1
        for signature, (found, fix) in SIGNATURES.items():
            if self._start.startswith(signature):
                return LineError(f"{found}, not UTF-8 text", line=line, fix=fix)
        place = f"byte offset {position + error.start} of the {'unpacked text' if self._packed else 'file'}"
        ends = ", and the file ends inside a character" if error.reason == "unexpected end of data" else ""
        found = f"not UTF-8: byte 0x{error.object[error.start]:02X} at {place}{ends}"
        return LineError(found, line=line, fix="re-encode the file, as with: iconv -f latin1 -t utf-8 FILE > NEW")
