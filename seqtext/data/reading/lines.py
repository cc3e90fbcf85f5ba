"""Lines of text from a stream of bytes: UTF-8 (or UTF-16, UTF-32) decoded, in blocks, each with what went wrong at which line and byte.

A line ends at `\\n` only: U+2028, U+0085, VT, FF and a bare CR are part of it. Memory is that of one block and the
longest line, which is bounded. Knows nothing of formats, columns or rows.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Literal

from seqtext.data.reading.encodings import encoding_of
from seqtext.data.reading.packed import DAMAGED, is_packed

BLOCK = 1 << 20  # bytes asked for at a time
LONGEST_LINE = 1 << 24  # bytes: no text is longer; a small packed file may unpack to one line that fills the memory

Errors = Literal["strict", "replace"]

# How files begin that are no text, and what to do with them. Looked at only once decoding has failed.
SIGNATURES = {
    b"\x1f\x8b": ("the file is gzip-compressed", "unpack it, or give a file whose name ends in .gz"),
    b"BZh": ("the file is bzip2-compressed", "unpack it, or give a file whose name ends in .bz2"),
    b"\xfd7zXZ\x00": ("the file is xz-compressed", "unpack it, or give a file whose name ends in .xz"),
    b"\x28\xb5\x2f\xfd": ("the file is zstd-compressed", "unpack it, or give a file whose name ends in .zst"),
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
        errors: whether bytes that are no text stop, or become U+FFFD.
        longest: bytes a line may have.

    Attributes:
        offset: bytes taken from the stream so far (unpacked bytes, where it is compressed).
        replaced: characters that stand for bytes that are no text.
        whole: False once the block of the last line is read and the line lacks its `\\n`, as in a file that was cut off.
        replaced: characters that stand for bytes that are no text.
        encoding: of the stream, once something was read.
    """

    def __init__(self, stream: BinaryIO, *, errors: Errors = "strict", longest: int = 0) -> None:
        # `read1` returns what a pipe has: with `read`, rows typed into standard input would wait for a full block.
        self._read = getattr(stream, "read1", stream.read)
        self._packed, self._errors, self._longest = is_packed(stream), errors, longest or LONGEST_LINE
        self._done = 0  # lines in the blocks before this one
        self._position = 0  # bytes in them
        self._start = b""  # of the stream, to tell what it is if it is no text
        self._recode: codecs.IncrementalDecoder | None = None  # of what is not UTF-8
        self._block = io.StringIO()
        self._end = 0  # of the block
        self._count = 0  # lines in it
        self._fault: LineError | None = None  # comes after the block
        self._blocks = self._read_blocks()
        self.offset = 0
        self.replaced = 0
        self.whole = True
        self.encoding = ""

    @property
    def used_up(self) -> bool:
        """Whether all that was read is given out: the next line may have to be waited for."""
        return self._block.tell() == self._end

    def __iter__(self) -> Iterator[str]:
        """The lines.

        Raises:
            LineError: bytes that are no text, compressed data that is damaged, a line that is too long.
        """
        while self._fill():
            yield from islice(self._block, None)  # a block itself would be closed with the generator

    def peek(self, count: int) -> list[str]:
        """Up to so many of the lines to come, as far as they were read already; nothing is waited for but the first.

        Raises:
            LineError: as iterating, if there is no line before it.
        """
        if not self._fill():
            return []
        here = self._block.tell()
        lines = list(islice(self._block, count))
        self._block.seek(here)
        return lines

    def _fill(self) -> bool:
        """Sees to it that the block has a line left; False at the end."""
        while self.used_up:
            if self._fault is not None:
                raise self._fault
            self._done += self._count
            block = next(self._blocks, None)
            if block is None:
                return False
            self._take(block)
        return True

    def _take(self, block: bytes) -> None:
        """Makes bytes the current block; of those that are no text, the lines before them."""
        first = self._position == 0
        try:
            text = block.decode(errors=self._errors)
        except UnicodeDecodeError as error:
            self._fault = self._not_utf8(error, self._position)
            text = block[: block.rfind(b"\n", 0, error.start) + 1].decode()
        if self._errors == "replace":
            self.replaced += text.count("\ufffd") - block.count("\ufffd".encode())
        self._position += len(block)
        text = text.removeprefix("\ufeff") if first else text
        self._count = text.count("\n")
        if text and not text.endswith("\n"):
            self.whole = False
            text += "\n"
        self._end = len(text)
        self._block = io.StringIO(text, newline="\n")  # `splitlines` would split at U+2028 and its like

    def _read_blocks(self) -> Iterator[bytes]:
        """Blocks of whole lines; the last one is what the stream ends with."""
        rest: list[bytes] = []
        size = 0
        while chunk := self._chunk():
            cut = chunk.rfind(b"\n") + 1
            if size + (chunk.find(b"\n") if cut else len(chunk)) > self._longest:
                found = f"a line of more than {self._longest:,} bytes"
                raise LineError(found, line=self._done + 1, fix="split it into rows, or is it no file of rows?")
            if cut:
                yield b"".join([*rest, chunk[:cut]])
                rest, size = [], 0
            rest.append(chunk[cut:])
            size += len(chunk) - cut
        if tail := b"".join(rest):
            yield tail

    def _chunk(self) -> bytes:
        """The next bytes, as UTF-8; none at the end."""
        while True:
            try:
                chunk: bytes = self._read(BLOCK)
            except DAMAGED as error:
                raise self._unreadable(error) from None
            self.offset += len(chunk)
            if not self._start:
                self._start = chunk[:8]
                self.encoding = encoding_of(chunk)
                if self.encoding != "utf-8":
                    self._recode = codecs.getincrementaldecoder(self.encoding)(self._errors)
            if self._recode is None:
                return chunk
            try:
                text = self._recode.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                found = f"not {self.encoding.upper()}, as it begins ({error.reason} near byte offset {self.offset:,})"
                raise LineError(found, line=self._done + 1, fix="write or download the file again") from None
            if text or not chunk:
                return text.encode()

    def _unreadable(self, error: Exception) -> LineError:
        if not self._packed:
            return LineError(f"cannot be read ({error})", line=self._done + 1, fix="")
        state = "cut off" if isinstance(error, EOFError) or "truncated" in str(error).lower() else "damaged"
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
        return LineError(found, line=line, fix="re-encode the file, as with: iconv -f windows-1252 -t utf-8 FILE > NEW")
