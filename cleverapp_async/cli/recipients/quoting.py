"""Blanks around the quotation marks of CSV: ``1, "a, b"`` as some programs and most people write.

By the rules of CSV such a mark is part of the value, and the comma behind it begins another one. A
file that writes all its quoted values so is read as it is meant. Where only some are written so,
nobody knows, and the rows with such values are faults.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Quoting", "find_quoting", "has_blank_before_quote", "without_blanks"]

Quoting: TypeAlias = Literal["plain", "spaced", "mixed"]
"""Whether blanks stand around no quoted value, around all but a first one, or around some."""

_BLANK = "[ \u00a0\t]"
_BLANK_BEFORE = re.compile(f'{_BLANK}+"')
_LONGEST_RECORD = 1 << 24


def has_blank_before_quote(cell: str) -> bool:
    """Whether a value begins with blanks and a quotation mark."""
    return _BLANK_BEFORE.match(cell) is not None


def find_quoting(lines: Iterable[str], delimiter: str) -> Quoting:
    """Look through a whole file; memory is constant.

    Args:
        lines: Its lines with their ends.
        delimiter: What stands between values.
    """
    grammar = _Grammar.of(delimiter)
    spaced = plain = broken = False
    for pieces in _records(lines):
        record = "".join(pieces)
        if '"' not in record:
            continue
        if grammar.suspect.search(record) is None:
            plain = plain or f'{delimiter}"' in record
            continue
        for place, (value, blanks) in enumerate(grammar.cells(record)):
            if value.startswith('"'):
                spaced = spaced or blanks
                plain = plain or (place > 0 and not blanks)
            else:
                broken = broken or has_blank_before_quote(value)
    if broken or (spaced and plain):
        return "mixed"
    return "spaced" if spaced else "plain"


def without_blanks(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines of a spaced file as the rules of CSV have them; each line stays one.

    Args:
        lines: Its lines with their ends.
        delimiter: What stands between values.
    """
    grammar = _Grammar.of(delimiter)
    for pieces in _records(lines):
        record = "".join(pieces)
        if '"' not in record:
            yield record
            continue
        body = record.rstrip("\r\n")
        told = delimiter.join(value for value, _ in grammar.cells(record)) + record[len(body) :]
        # Only blanks within a line are gone.
        *whole, last = told.split(pieces[0][-1]) if len(pieces) > 1 else (told,)
        yield from (f"{line}{pieces[0][-1]}" for line in whole)
        if last:
            yield last


def _records(lines: Iterable[str]) -> Iterator[list[str]]:
    """The lines of each record, several where a quoted value holds line breaks."""
    pieces: list[str] = []
    marks = length = 0
    for line in lines:
        pieces.append(line)
        marks += line.count('"')
        length += len(line)
        if marks % 2 == 0 or length > _LONGEST_RECORD:
            yield pieces
            pieces, marks, length = [], 0, 0
    if pieces:
        yield pieces


@define
class _Grammar:
    """How values are told apart: quoted ones, with or without blanks around, and others.

    Attributes:
        suspect: Found in every record that may hold a quoted value with blanks around.
    """

    suspect: re.Pattern[str]
    _quoted: re.Pattern[str]
    _delimiter: str

    @classmethod
    def of(cls, delimiter: str) -> _Grammar:
        """The grammar of files with this delimiter."""
        sign = re.escape(delimiter)
        blank = "[ \u00a0]" if delimiter == "\t" else _BLANK
        return cls(
            re.compile(rf'(?:^|{sign}){blank}+"|"{blank}+(?:{sign}|[\r\n]|$)'),
            re.compile(rf'({blank}*)("(?:[^"]|"")*")({blank}*)(?={sign}|$)'),
            delimiter,
        )

    def cells(self, record: str) -> Iterator[tuple[str, bool]]:
        """Each value as written, a quoted one with its marks; whether blanks stood around those."""
        text = record.rstrip("\r\n")
        place = 0
        while place <= len(text):
            match = self._quoted.match(text, place)
            if match is not None:
                yield match[2], bool(match[1] or match[3])
                place = match.end() + 1
            else:
                end = text.find(self._delimiter, place)
                end = len(text) if end < 0 else end
                yield text[place:end], False
                place = end + 1
