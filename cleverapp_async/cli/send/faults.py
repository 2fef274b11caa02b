"""What a list is told of before it is sent: its faults, repeated messages, hidden rows."""

from __future__ import annotations

import csv
import io
import re
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING

import click
from attrs import define, field

from ..._terminal import printable
from ...bulk.journal.messages import address_of
from ...bulk.report.csv import escape
from ..atomic_file import AtomicFile, check_new_file, whole_file
from ..console import ask, can_ask
from ..errors import BadInputError
from ..recipients.columns import DECIDING
from ..recipients.rows import Fault
from ..text import fold

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ...models.messages import Message
    from ..recipients.messages import Defaults
    from ..recipients.source import Source
    from ..recipients.xlsx import Hidden

__all__ = ["FaultCounts", "FaultsFile", "Repeats", "open_faults", "settle_hidden"]

_KINDS_SHOWN = 20
_KINDS_KEPT = 1000
_LINES_SHOWN = 5
_ROWS_KEPT = 10
_CONTENT = ("text", "image", "file")
_COLUMNS = ("line", "field", "fault", "value")
_MARK = b"\xef\xbb\xbf"
# What differs between two faults of a kind: numbers, and what stands in quotes.
_OF_THE_ROW = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+")


@define
class _Kind:
    """Faults that differ in nothing but the row.

    Attributes:
        first: The first of them.
        count: How many there are.
        lines: The lines of the next few.
    """

    first: Fault
    count: int = 1
    lines: list[int] = field(factory=list[int])


@define
class FaultCounts:
    """Faults by kind; memory stays constant.

    Attributes:
        total: How many there are.
        lines: The lines of the first faulty rows.
    """

    total: int = 0
    lines: list[int] = field(factory=list[int])
    _kinds: dict[tuple[str, str], _Kind] = field(factory=dict["tuple[str, str]", _Kind])
    _others: int = 0

    def __len__(self) -> int:
        """How many there are."""
        return self.total

    def add(self, fault: Fault) -> None:
        """Count one."""
        self.total += 1
        # All faults of a row come one after another.
        if len(self.lines) < _ROWS_KEPT and fault.line not in self.lines:
            self.lines.append(fault.line)
        # What differs from row to row is taken out, so that 10,000 wrong numbers are one kind; that
        # has one remedy, as only the first is shown.
        key = fault.column, _OF_THE_ROW.sub("…", f"{fault.text}. {fault.remedy}")
        kind = self._kinds.get(key)
        if kind is not None:
            kind.count += 1
            if len(kind.lines) < _LINES_SHOWN:
                kind.lines.append(fault.line)
        elif len(self._kinds) < _KINDS_KEPT:
            self._kinds[key] = _Kind(fault)
        else:
            self._others += 1

    def told(self, source: str, rows: int) -> Iterator[str]:
        """The first fault of each kind with its place and remedy, and how many there are of it.

        Args:
            source: The file's name.
            rows: How many rows the file has.
        """
        kinds = sorted(self._kinds.values(), key=lambda kind: kind.first.line)
        for kind in islice(kinds, _KINDS_SHOWN):
            yield kind.first.told(source) + _more(kind, rows)
        rest = kinds[_KINDS_SHOWN:]
        if rest:
            count = sum(kind.count for kind in rest) + self._others
            yield f"and {count} more faults of other kinds (--faults FILE lists all)"


def _more(kind: _Kind, rows: int) -> str:
    if kind.count == 1:
        return ""
    if kind.count == rows:
        return f" So it is in all {rows} rows."
    lines = ", ".join(map(str, kind.lines))
    dots = ", …" if kind.count - 1 > len(kind.lines) else ""
    return f" The same in {kind.count - 1} more, in line {lines}{dots}."


@define(kw_only=True)
class Repeats:
    """Messages of a list to a recipient of one before them; each message takes memory.

    Attributes:
        by_recipient: Whether all of these count as the same message, as they do for a journal.
        same: How many say the same, and the line of the first.
        other: How many say something else, and the line of the first.
    """

    by_recipient: bool = False
    same: tuple[int, int] = (0, 0)
    other: tuple[int, int] = (0, 0)
    _first: dict[bytes, bytes] = field(factory=dict[bytes, bytes])
    _others: set[bytes] = field(factory=set[bytes])

    def add(self, message: Message, line: int) -> bool:
        """Take note of a message.

        Returns:
            Whether one before it is the same.
        """
        parameters = message.parameters()
        said = None if self.by_recipient else [parameters.get(name) for name in _CONTENT]
        recipient, content = _digest(address_of(message)), _digest(said)
        # 16 bytes of a digest for each recipient and content, and not the text itself: a list may
        # have millions of rows.
        first = self._first.setdefault(recipient, content)
        if first is content:  # nobody had this recipient
            return False
        both = recipient + content
        if first == content or both in self._others:
            self.same = self.same[0] + 1, self.same[1] or line
            return True
        # Most recipients have one content, so the further ones are kept apart.
        self._others.add(both)
        self.other = self.other[0] + 1, self.other[1] or line
        return False


def _digest(told: object) -> bytes:
    return blake2b(repr(told).encode(), digest_size=16).digest()


class FaultsFile:
    """Takes every fault as a line of CSV; the file is made with the first of them.

    Args:
        path: The file; None: nothing is kept.
        opened: What closes it at the end.
        delimiter: The sign between its cells; None: that of the list, or else a comma.
    """

    def __init__(self, path: str | None, opened: ExitStack, delimiter: str | None = None) -> None:
        self._path = path
        self._delimiter = delimiter
        self._opened = opened
        self._file: AtomicFile | None = None

    def settle_delimiter(self, of_list: str | None) -> None:
        """Take the list's delimiter where none is given.

        Args:
            of_list: The sign; None: the list is no CSV. Only what all take for columns counts.
        """
        self._delimiter = self._delimiter or (of_list if of_list in {";", "\t"} else ",")

    def write(self, fault: Fault) -> None:
        """Take one; cells that a spreadsheet would compute are escaped with an apostrophe.

        Raises:
            CommandError: The file cannot be made.
            OSError: It cannot be written.
        """
        if self._path is None:
            return
        if self._file is None:
            self._file = self._opened.enter_context(whole_file(self._path, counted=False))
            self._file.begin(_MARK + self._line(_COLUMNS))
        told = f"{fault.text}. {fault.remedy}."
        self._file.write(self._line((str(fault.line), fault.column, told, fault.value)))

    def _line(self, cells: tuple[str, ...]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter or ",").writerow(map(escape, cells))
        return text.getvalue().encode(errors="replace")


@contextmanager
def open_faults(path: str | None, delimiter: str | None = None) -> Generator[FaultsFile]:
    """What keeps the faults; its file has its name at the end of the block.

    Args:
        path: A new file; None: they are kept nowhere.
        delimiter: The sign between its cells; None: that of the list, or else a comma.

    Raises:
        BadInputError: The file cannot be made (:func:`.atomic_file.check_new_file`).
        CommandError: It cannot be written.
    """
    if path is not None:
        check_new_file("--faults", path)
    with ExitStack() as opened:
        yield FaultsFile(path, opened, delimiter)


def settle_hidden(source: Source, defaults: Defaults, *, quiet: bool = False) -> None:
    """Decide whether hidden rows and columns of a sheet are sent, and tell.

    A filter hides rows, and whoever looks at the list takes it for what it shows. Columns count
    where the message needs them.

    Args:
        source: The list.
        defaults: The templates, whose columns count.
        quiet: Whether nothing is told but what is asked.

    Raises:
        BadInputError: Something is hidden, and nobody says what becomes of it or can be asked.
    """
    found = source.hidden()
    if found is None:
        return
    place = f"{source.name}, sheet {found.sheet!r}" if found.sheet else source.name
    if found.others and found.sheet is None and not quiet:
        told = ", ".join(repr(printable(name)) for name in found.others)
        click.echo(f"{place}: hidden sheets are not read: {told} (--sheet reads one).", err=True)
    if found.unread and not quiet:
        told = ", ".join(repr(printable(name)) for name in found.unread)
        click.echo(
            f"{source.name}: other sheets hold cells and are not read: {told} (--sheet reads one).",
            err=True,
        )
    what = _what(found, defaults, named=source.how.sheet is not None)
    if not what:
        return
    choice = source.how.hidden or _ask(f"{place}: hidden are {what}.")
    if choice == "skip" and found.sheet is not None and source.how.sheet is None:
        raise BadInputError(f"{place} is hidden, and no other is there to be read.")
    done = "sent all the same"
    if choice == "skip":
        source.skip_what_is_hidden()
        done = "left out"
    if not quiet:
        click.echo(f"{place}: hidden, and {done}: {what}.", err=True)


def _what(found: Hidden, defaults: Defaults, *, named: bool) -> str:
    """What is hidden and matters, in words; a hidden sheet that was named is left out."""
    told: list[str] = []
    if found.sheet is not None and not named:
        told.append("the sheet itself")
    if found.rows:
        count = len(found.rows)
        rows = "1 row" if count == 1 else f"{count} rows"
        told.append(f"{rows} (first row {found.rows[0]})")
    fields = {fold(name) for _, template in defaults.templates for name in template.columns}
    columns = [
        repr(printable(written))
        for written, key in found.columns
        if key in {*DECIDING, "name"} or fields & {fold(written), fold(key)}
    ]
    if columns:
        told.append(f"the columns {', '.join(columns)}")
    return ", ".join(told)


def _ask(told: str) -> str:
    if not can_ask():
        raise BadInputError(
            f"{told} Say what becomes of them: --hidden send sends them too, --hidden skip leaves "
            "them out."
        )
    click.echo(told, err=True)
    return ask("Send them too, or skip them? (send, skip)", {"send": "send", "skip": "skip"})
