"""The first pass checks every row and counts; the second reads them again, to be sent."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from ...limits.quota import LimitKey
from ...models.messages import Message
from ...models.route import Route
from ..errors import BadInputError
from ..recipients.columns import (
    DECIDING,
    ROUTE_COLUMNS,
    ColumnError,
    from_contacts,
    is_outcomes,
    missing_column,
    tells_results_alone,
)
from ..recipients.messages import ADDRESS_COLUMNS, Defaults, read_message, read_route
from ..recipients.rows import (
    OUTCOME_COLUMNS,
    OWN_COLUMNS,
    Fault,
    Row,
    RowReferences,
    blocks,
    outcome_of,
)
from ..recipients.source import Source, no_outcome, refuse_outcomes
from ..text import fold
from .faults import FaultCounts, Repeats
from .partial import TestMessage, ToldTwice, settled_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .faults import FaultsFile

__all__ = ["Plan", "Planned", "Wanted", "make_plan"]

_MOST_REMARKS = 100


@frozen
class Planned:
    """A message, and the row it comes from.

    Attributes:
        number: The row's number, from 1; of a campaign the message's.
        line: The line of the file on which it begins, from 1; None where it comes of no file.
        message: What is sent.
        route: The bot and messenger that the row says a contact is written to through.
    """

    number: int
    line: int | None
    message: Message
    route: Route | None = None

    @property
    def key(self) -> LimitKey | None:
        """What limits it besides the account; None where its row does not tell."""
        return LimitKey.through(self.route or self.message.route, self.message.method)


@frozen(kw_only=True)
class Wanted:
    """Which rows are sent, and with what filled in.

    Attributes:
        defaults: For rows that do not say otherwise.
        only: For outcomes of an earlier send: the outcomes whose rows are sent.
        drop_duplicates: Whether a message that a row before it holds too is left out.
        seek_duplicates: Whether such messages are looked for: each row then takes memory.
        by_recipient: Whether messages are left out, too, whose recipient a row before them has: as
            a journal leaves them out that is filled with all others (:meth:`Plan.given`).
        test: Which one of them is sent alone, and to whom; None: all are, to their recipients.
        settled: For outcomes of several sends: the rows that one of them settled.
    """

    defaults: Defaults
    only: frozenset[str] = frozenset()
    drop_duplicates: bool = False
    seek_duplicates: bool = True
    by_recipient: bool = False
    test: TestMessage | None = None
    settled: frozenset[bytes] = frozenset()

    @property
    def left_out(self) -> bool:
        """Whether messages that repeat one before them are left out."""
        return self.drop_duplicates or self.by_recipient


@define
class Plan:
    """What the first pass found; it holds no message.

    Attributes:
        source: Where the rows come from.
        wanted: Which of them are sent.
        counts: Messages by what limits them; None: the row does not tell.
        rows: All rows of the list.
        bad: Rows with a fault.
        faults: The faults by kind.
        unused: The columns that nothing uses.
        remarks: What is no fault, and should be known: how many rows, and the first one's line; 0
            where it is of no row.
        left_out: Rows of an earlier send that ``only`` leaves out, by their outcome.
        duplicates: Messages that a row before them holds too.
        first_duplicate: The line of the first of them.
        repeated: How many have the recipient of a row before them and another content, and the
            line of the first.
        numbers: Where one is sent as a test: the lowest and the highest number of a row.
        test_is_there: Whether a row has the number of the test's, be it faulty or left out.
        needless: The templates that no message takes, as each row has its own: such as ``text``.
    """

    source: Source
    wanted: Wanted
    counts: Counter[LimitKey | None] = field(factory=Counter["LimitKey | None"])
    rows: int = 0
    bad: int = 0
    faults: FaultCounts = field(factory=FaultCounts)
    unused: list[str] = field(factory=list[str])
    remarks: dict[str, tuple[int, int]] = field(factory=dict[str, "tuple[int, int]"])
    left_out: Counter[str] = field(factory=Counter[str])
    duplicates: int = 0
    first_duplicate: int = 0
    repeated: tuple[int, int] = (0, 0)
    numbers: tuple[int, int] = (0, 0)
    test_is_there: bool = False
    needless: list[str] = field(factory=list[str])
    _stamp: tuple[int, int] = (0, 0)
    _blocks: list[bytes] = field(factory=list[bytes])

    @property
    def total(self) -> int:
        """How many messages will be sent."""
        return self.counts.total()

    def messages(self) -> Iterator[Planned]:
        """The second pass: the good rows again, each block compared before any of it is given.

        Raises:
            BadInputError: The file has changed since it was checked.
        """
        return self._again(self.wanted)

    def given(self) -> Iterator[Planned]:
        """What a journal is given, or compared with: it finds each recipient's first by itself.

        Raises:
            BadInputError: The file has changed since it was checked.
        """
        wanted = self.wanted
        if wanted.by_recipient:
            wanted = evolve(wanted, by_recipient=False, seek_duplicates=wanted.drop_duplicates)
        return self._again(wanted)

    def counts_of_first(self, count: int) -> Counter[LimitKey | None]:
        """The first so many messages by what limits them; reads as much of the file again.

        Raises:
            BadInputError: The file has changed since it was checked.
        """
        return Counter(planned.key for planned in islice(self.messages(), count))

    def _again(self, wanted: Wanted) -> Iterator[Planned]:
        # Size and time of change first, which cost nothing; the digests of the blocks find what
        # those miss.
        if self.source.stamp() != self._stamp:
            raise self._changed("nothing was sent")
        sieve = _Sieve(wanted, self.source)
        place, line = 0, 0
        # A block of rows is read and compared before any row of it is sent: a list that is edited
        # meanwhile is noticed at most one block late.
        for place, (records, digest) in enumerate(blocks(self.source.table().records), 1):
            if place > len(self._blocks) or digest != self._blocks[place - 1]:
                raise self._changed(f"nothing from line {records[0].line} on was sent")
            for record in records:
                line = record.line
                found = sieve.sift(record)
                if isinstance(found, Planned):
                    yield found
        # The file became shorter: its end is missing, and those rows were never given.
        if place < len(self._blocks):
            raise self._changed(f"nothing behind line {line} was sent")

    def line_of(self, index: int) -> int | None:
        """The line of the row that a message comes from; None where the file has no such message.

        Args:
            index: The message's place among those of :meth:`given`, from 0.
        """
        # Reads the file once more, which only an error needs: no line is remembered for each
        # message.
        return next((planned.line for planned in islice(self.given(), index, None)), None)

    def count(self, found: Planned | tuple[Fault, ...] | None) -> None:
        """Take note of one record."""
        self.rows += 1
        if isinstance(found, Planned):
            self.counts[found.key] += 1
        elif found:
            self.bad += 1
            for fault in found:
                self.faults.add(fault)

    def finish(self, digests: list[bytes], stamp: tuple[int, int], sieve: _Sieve) -> None:
        """Keep what the second pass is compared with."""
        self._blocks = digests
        self._stamp = stamp
        self.left_out = sieve.left_out
        self.remarks = sieve.remarks
        self.duplicates, self.first_duplicate = sieve.repeats.same
        self.repeated = sieve.repeats.other
        self.numbers, self.test_is_there = sieve.numbers, sieve.test_is_there
        # A template whose column every row fills itself is used by none.
        self.needless = [name for name, count in sieve.own.items() if count == sieve.read]

    def _changed(self, told: str) -> BadInputError:
        return BadInputError(
            f"{self.source.name} has changed since it was checked: {told}. Do not change the file "
            "while it is sent; send the rest from a new file."
        )


@define
class _Sieve:
    """Tells which records are sent; one sieve serves one pass, the first where it checks."""

    wanted: Wanted
    source: Source
    checking: bool = False
    numbers: tuple[int, int] = (sys.maxsize, 0)
    test_is_there: bool = False
    read: int = 0
    own: Counter[str] = field(factory=Counter[str])
    left_out: Counter[str] = field(factory=Counter[str])
    remarks: dict[str, tuple[int, int]] = field(factory=dict[str, "tuple[int, int]"])
    repeats: Repeats = field(init=False)
    _test_found: bool = False
    _references: RowReferences = field(init=False)
    _filled_in: tuple[str, ...] = field(init=False)
    _told: ToldTwice = field(init=False)

    def __attrs_post_init__(self) -> None:
        """What is chosen by its outcome was sent before."""
        earlier, source = bool(self.wanted.only), self.source
        self._told = ToldTwice(self.wanted.settled)
        self.repeats = Repeats(by_recipient=self.wanted.by_recipient)
        # The records of JSON lines say each for itself what they are.
        self._references = RowReferences(
            earlier,
            self.checking,
            unnumbered=earlier
            and source.format != "jsonl"
            and tells_results_alone(source.rules.seen.values()),
        )
        self._filled_in = tuple(name for name, _ in self.wanted.defaults.templates)

    def sift(self, record: Row | Fault) -> Planned | tuple[Fault, ...] | None:
        """The message of a record, its faults, or None for one that is left out."""
        if isinstance(record, Fault):
            return (record,)
        if self.wanted.test is not None:
            number = self._references.number(record)
            self.numbers = min(number, self.numbers[0]), max(number, self.numbers[1])
            self.test_is_there |= number == self.wanted.test.row
        # Before the row is read as a message: a row that is not to be sent may be faulty.
        passed = self._pass_over(record) if self.wanted.only else None
        if passed is not None:
            return passed or None
        found = read_message(
            record,
            self.wanted.defaults,
            lambda told: self._remark(told, record.line),
            self._references,
        )
        if isinstance(found, tuple):
            return found
        # Repeats are looked for among good rows alone: a faulty one is sent to nobody.
        if self.wanted.seek_duplicates:
            repeats = self.repeats.add(found, record.line)
            if repeats and self.wanted.left_out:
                return None
        self.read += 1
        self.own.update(name for name in self._filled_in if name in record.cells)
        planned = Planned(record.number, record.line, found, read_route(record))
        test = self.wanted.test
        return planned if test is None else self._test(test, record, planned)

    def _pass_over(self, row: Row) -> tuple[Fault, ...] | None:
        """Why an earlier send's row is passed over: faults, or none where it is left out."""
        outcome = outcome_of(row.cells)
        if outcome is None:
            return (no_outcome(row),)
        left = self._told.why(row) if outcome in self.wanted.only else outcome
        self.left_out.update(() if left is None else (left,))
        return None if left is None else ()

    def _test(self, test: TestMessage, row: Row, planned: Planned) -> Planned | None:
        """The message of the test, or None for that of another row."""
        if self._test_found or test.row not in {None, self._references.number(row)}:
            return None
        self._test_found = True
        message = test.readdressed(
            row,
            planned.message,
            planned.key,
            self.wanted.defaults,
            # Of the same class: a note stays one.
            lambda told: self._remark(type(told)(f"--test-to: {told}"), 0),
        )
        return evolve(planned, message=message, route=None)

    def _remark(self, told: str, line: int) -> None:
        count, first = self.remarks.get(told, (0, line))
        if count or len(self.remarks) < _MOST_REMARKS:
            self.remarks[told] = count + 1, first


def make_plan(source: Source, wanted: Wanted, faults: FaultsFile | None = None) -> Plan:
    """The first pass: check every row, and count.

    Args:
        source: The list.
        wanted: What of it is sent.
        faults: Takes each fault.

    Raises:
        BadInputError: The input as a whole cannot be used.
    """
    wanted = evolve(wanted, defaults=_resolve_columns(source, wanted.defaults))
    if faults is not None:
        faults.settle_delimiter(source.table().delimiter)
    stamp = source.stamp()
    if wanted.only:
        wanted = evolve(wanted, settled=settled_rows(source.table().records, wanted.only))
    plan = Plan(source, wanted)
    sieve = _Sieve(wanted, source, checking=True)
    digests: list[bytes] = []
    # Once before the rows, to be refused at once, and once after them: JSON lines bring their
    # columns as they come.
    if source.rules.seen:
        plan.unused = _unused_columns(source, wanted.defaults)
    for records, digest in blocks(source.table().records):
        # 16 bytes for each block of rows are all that is kept of the list between the passes.
        digests.append(digest)
        for record in records:
            if not wanted.only and isinstance(record, Row):
                refuse_outcomes(record, source.name)
            found = sieve.sift(record)
            plan.count(found)
            if faults is not None and isinstance(found, tuple):
                for fault in found:
                    faults.write(fault)
    if not digests:
        raise BadInputError(f"{source.name} holds no recipient. Add a row for each.")
    source.rules.check_given(source.name)
    plan.unused = _unused_columns(source, wanted.defaults)
    plan.finish(digests, stamp, sieve)
    return plan


def _resolve_columns(source: Source, defaults: Defaults) -> Defaults:
    """The defaults with the columns of their templates as the file has them.

    Raises:
        BadInputError: The header is one that no row could make good.
    """
    table = source.table()
    columns, rules = table.columns, source.rules
    if columns is None:
        # Each record has columns of its own: what a row lacks is told with the row.
        return defaults.renamed(rules.key)
    place = source.name if table.header_line is None else f"{source.name}, line {table.header_line}"
    if not set(ADDRESS_COLUMNS).intersection(columns):
        close = [(name, missing_column(name, rules.seen)) for name in rules.seen]
        taken = list(rules.taken_away())
        meant = [f"By --columns {name!r} is not {known}. " for name, known, _ in taken]
        others = {name for name, _, _ in taken}
        meant += [
            f"{name!r} may mean {known}. "
            for name, known in close
            if known is not None and name not in others
        ]
        raise BadInputError(
            f"{place}: no column addresses a recipient; the header has {', '.join(rules.seen)}. "
            f"{''.join(meant)}It needs contact_id; or bot_id, messenger and contact_external_id; "
            "or bot_id and phone (--bot-id and --messenger stand in for their columns). Say which "
            "column it is, such as --columns contact_id=NAME, or where the header stands, with "
            "--header-row."
        )
    option = ""

    def name_of(field_name: str) -> str:
        try:
            return rules.field_key(field_name)
        except ColumnError as error:
            raise BadInputError(
                f"--{option}: {source.name}: {error} The columns are: {', '.join(rules.seen)}. "
                "Write '{{' and '}}' for braces."
            ) from None

    for option, template in defaults.templates:  # noqa: B007 - the error names it
        for name in template.columns:
            name_of(name)
    return defaults.renamed(name_of)


def _unused_columns(source: Source, defaults: Defaults) -> list[str]:
    """The columns that nothing uses, as the file writes them.

    Raises:
        BadInputError: One of them may be a slip of the pen for one that decides what is sent.
    """
    there = source.rules.seen
    used = {*DECIDING, *ROUTE_COLUMNS, *OUTCOME_COLUMNS}
    used.update(name for _, template in defaults.templates for name in template.columns)
    if source.format == "jsonl":
        # Each record spells the fields of a template as it likes.
        fields = {fold(name) for _, template in defaults.templates for name in template.columns}
        used.update(key for key in there.values() if fold(key) in fields)
    used.update(key for key, _ in source.how.columns)
    keys = set(there.values())
    used.update({"name"} if "phone" in keys else ())
    unused = [name for name, key in there.items() if key not in used]
    if keys.intersection(OUTCOME_COLUMNS) or from_contacts(keys):
        unused = [name for name in unused if name not in OWN_COLUMNS]
    for name in () if is_outcomes(there) else unused:
        meant = missing_column(name, there)
        if meant is not None:
            raise BadInputError(
                f"{source.name}: nothing uses the column {name!r}. Did you mean {meant}? Then name "
                f"it so, or give --columns {meant}={name!r}; if it is a column of your own, say "
                f"so with --columns {name!r}={name!r}, or delete it."
            )
    return unused
