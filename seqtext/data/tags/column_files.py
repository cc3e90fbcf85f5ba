"""Sentences out of files with a word per line: CoNLL-U, and columns between blanks as CoNLL-2003 has them; also packed.

Every message names the true line. Knows columns, not which of them is wanted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from seqtext.data.reading.lines import LineError, Lines
from seqtext.data.reading.local_paths import existing_file
from seqtext.data.reading.packed import name_inside, open_unpacked
from seqtext.errors import DataError, NoRowsError, shorten

Form: TypeAlias = Literal["conllu", "columns", "slashes"]

# The columns of CoNLL-U, by the names that the hub's copies of Universal Dependencies have.
CONLLU = ("id", "tokens", "lemmas", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
TAGGED = CONLLU[3:6] + CONLLU[7:8]  # those whose values are tags
ENDINGS = (".conllu", ".conll", ".bio", ".iob", ".iob2", ".bioes", ".tagged", ".pos")
TABLES = (".csv", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow")
_PEEKED = 200  # lines by which a file's form is told
_DOCUMENT = "-DOCSTART-"  # marks where one begins in CoNLL-2003, and is no word
_MARKS = ("#begin ", "#end ")  # of documents in CoNLL-2012
_COMMENTS = ("# ", "#\t", *_MARKS)


class Sentences(NamedTuple):
    """What a file holds.

    Attributes:
        columns: by name, `tokens` first; of each sentence the cells of its words.
        notes: what is to be told of how it was read.
    """

    columns: dict[str, list[list[str]]]
    notes: tuple[str, ...]


def form_of(path: str) -> Form | None:
    """How a file holds tagged words: by its name, or by its first lines; None for a table, or anything else.

    Raises:
        DataError: a file that is not there or cannot be read.
    """
    file = existing_file(path)
    suffix = Path(name_inside(file).lower()).suffix
    if suffix == ".conllu":
        return "conllu"
    if suffix in TABLES or not file.is_file():
        return None
    with open_unpacked(file, path) as stream:
        try:
            lines = [line.rstrip("\r\n") for line in Lines(stream).peek(_PEEKED)]
        except LineError as error:
            raise DataError(error.found, where=f"{path}, line {error.line}", fix=error.fix) from None
    filled = _filled(lines)
    if _most(len(line.split("\t")) == len(CONLLU) and line[0].isdigit() for line in filled):
        return "conllu"
    if _most(_is_slashed(word) for line in filled for word in line.split()):
        return "slashes"
    usual = _usual_width(lines)
    apart = any(not line.strip() for line in lines[:-1])  # sentences, as no table has them
    alike = _most(len(_cells(line)) == usual for line in filled)
    return "columns" if suffix in ENDINGS or (apart and alike and usual > 1) else None


def _filled(lines: Iterable[str]) -> list[str]:
    """The lines that hold words."""
    return [line for line in lines if line.strip() and not line.startswith((*_COMMENTS, _DOCUMENT))]


def _usual_width(lines: Iterable[str]) -> int:
    """Columns that most lines of words have; 0 where there are none."""
    widths = Counter(len(_cells(line)) for line in _filled(lines))
    return widths.most_common(1)[0][0] if widths else 0


def _most(found: Iterable[bool]) -> bool:
    """Whether nearly all are so: a single line that is wrong is to be named, and not to make a file one of another form."""
    each = list(found)
    return sum(each) > 0.8 * len(each)


def read_sentences(path: str, form: Form) -> Sentences:
    """All sentences of a file.

    Raises:
        DataError: a line that is not as the form says, with its number; a file without a sentence.
    """
    reader = {"conllu": _conllu, "columns": _columns, "slashes": _slashes}[form]
    with open_unpacked(existing_file(path), path) as stream:
        lines = Lines(stream)
        try:
            found = reader(enumerate((line[:-1].removesuffix("\r") for line in lines), start=1), path)
        except LineError as error:
            raise DataError(error.found, where=f"{path}, line {error.line}", fix=error.fix) from None
    if not found.columns.get("tokens"):
        raise NoRowsError("no words", where=path, expected="sentences, a word per line", fix="is it the right file?")
    return found


Numbered: TypeAlias = Iterator[tuple[int, str]]


def _conllu(lines: Numbered, name: str) -> Sentences:
    """CoNLL-U: ten columns between tabs; a blank line ends a sentence, `#` begins a comment, ids `1-2` and `8.1` are no words."""
    wanted = {column: CONLLU.index(column) for column in ("tokens", "lemmas", *TAGGED)}
    columns: dict[str, list[list[str]]] = {column: [] for column in wanted}
    sentence: list[list[str]] = []
    left_out = {"multi-word": 0, "empty": 0}

    def end() -> None:
        if sentence:
            for column, place in wanted.items():
                columns[column].append([cells[place] for cells in sentence])
            sentence.clear()

    for number, line in lines:
        if not line.strip():
            end()
        elif not line.startswith("#"):
            cells = line.split("\t")
            if len(cells) != len(CONLLU):
                found = f"found {len(cells)} column{'' if len(cells) == 1 else 's'} in {shorten(line)}"
                fix = "put a tab between columns, and _ where one is empty"
                raise DataError(found, where=f"{name}, line {number}", expected="the 10 of CoNLL-U", fix=fix)
            kind = _kind(cells[0])
            if kind is None:
                fix = "number the words of a sentence from 1"
                where = f"{name}, line {number}"
                raise DataError(f"found the id {shorten(cells[0])}", where=where, expected="1, 1-2 or 1.1", fix=fix)
            if kind in left_out:
                left_out[kind] += 1
            elif not cells[1].strip():
                raise DataError(
                    "the word is empty", where=f"{name}, line {number}", fix="write the word, or leave it out"
                )
            else:
                sentence.append(cells)
    end()
    told = [f"{count:,} {kind}" for kind, count in left_out.items() if count]
    notes = (f"{name}: {' and '.join(told)} nodes are no words, and left out",) if told else ()
    return Sentences(columns, notes)


def _kind(number: str) -> str | None:
    """What an id of CoNLL-U stands for; None for what is none."""
    for mark, kind in (("-", "multi-word"), (".", "empty")):
        first, found, last = number.partition(mark)
        if found:
            return kind if first.isdecimal() and last.isdecimal() else None
    return "word" if number.isdecimal() else None


def _columns(lines: Numbered, name: str) -> Sentences:
    """Columns between tabs or blanks, the word in the first; a blank line ends a sentence. They are called by their numbers from 1.

    Where the first column counts the words of each sentence from 1, the word is in the second.
    """
    rows: list[list[Sequence[str]]] = [[]]
    width, first, documents = 0, 0, 0
    listed = list(lines)
    usual = _usual_width(line for _, line in listed[:_PEEKED])
    for number, line in listed:
        if not line.strip():
            rows.append([])
            continue
        if line.startswith(_DOCUMENT):
            documents += 1
            rows.append([])
            continue
        cells = _cells(line)
        title = not rows[-1] and (" = " in line or line.startswith(_MARKS))
        if line.startswith(_COMMENTS) and (len(cells) != (width or usual) or title):
            continue  # a comment, unless `#` is a word
        width, first = width or len(cells), first or number
        if len(cells) != width or width < 2:
            found = f"found {len(cells)} column{'' if len(cells) == 1 else 's'} in {shorten(line)}"
            expected = f"{width}, as in line {first}" if width > 1 else "two at least: a word and its tag"
            fix = "mend the line; a blank line ends a sentence"
            raise DataError(found, where=f"{name}, line {number}", expected=expected, fix=fix)
        rows[-1].append(cells)
    sentences = [row for row in rows if row]
    notes = [f"{name}: {documents:,} lines {_DOCUMENT} are no words, and left out"] if documents else []
    word = 0
    if width > 2 and any(len(row) > 1 for row in sentences) and all(map(_counts, sentences)):
        word = 1
        notes.append(f"{name}: the first column counts the words of each sentence, which stand in the second")
    names = {word: "tokens"} | {at: str(at + 1) for at in range(word + 1, width)}
    columns = {column: [[cells[at] for cells in row] for row in sentences] for at, column in names.items()}
    return Sentences(columns if width else {}, tuple(notes))


def _counts(sentence: list[Sequence[str]]) -> bool:
    """Whether the first cells of a sentence are 1, 2, 3."""
    return all(cells[0] == str(number) for number, cells in enumerate(sentence, start=1))


def _cells(line: str) -> list[str]:
    """Between tabs where there are any, so that a word may have blanks; else between blanks."""
    return [cell.strip() for cell in line.rstrip("\t ").split("\t")] if "\t" in line else line.split()


def _slashes(lines: Numbered, name: str) -> Sentences:
    """A sentence per line of word/TAG; the last slash is the one that counts, so that words may have some."""
    tokens, tags = [], []
    for number, line in lines:
        parts = line.split()
        for word in parts:
            if not _is_slashed(word):
                fix = "write word/TAG with blanks between"
                raise DataError(f"found {shorten(word)}", where=f"{name}, line {number}", expected="word/TAG", fix=fix)
        pairs = [word.rpartition("/") for word in parts]
        if pairs:
            tokens.append([word for word, _, _ in pairs])
            tags.append([tag for _, _, tag in pairs])
    return Sentences({"tokens": tokens, "tags": tags}, ())


def _is_slashed(word: str) -> bool:
    first, _, last = word.rpartition("/")
    return bool(first and last)
