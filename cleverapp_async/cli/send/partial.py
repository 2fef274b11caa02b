"""Less than the whole list: one message to oneself, the first messages, or what nothing settled.

``--test-to`` sends one message of the list before all others. ``--first`` sends the first messages
now; a later run sends the others. A list may join the outcomes of several sends: a row counts once
there, by what is known last. A row that was not sent, and accepted when it was sent again, stands
in such a list twice, and whoever asks for what was not sent wants it no third time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from hashlib import blake2b
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from ...bulk.journal.messages import PLACE_COLUMNS
from ...bulk.journal.records import JournalState, Resend
from ...limits.quota import LimitKey
from ..errors import BadInputError
from ..params import Parsed
from ..recipients.columns import DECIDING, known_column
from ..recipients.messages import Defaults, read_message
from ..recipients.rows import Row, outcome_of
from ..text import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ...bulk.journal.protocol import CampaignReader
    from ...bulk.journal.records import JournalEntry
    from ...models.messages import Message
    from ..recipients.rows import Fault


__all__ = [
    "FIRST",
    "TEST_ADDRESS",
    "First",
    "FirstOfCampaign",
    "TestMessage",
    "ToldTwice",
    "is_sent",
    "read_address",
    "read_first",
    "settled_rows",
]

_WRITTEN = re.compile(r"(\d{1,18}(?:\.\d{1,6})?)\s*(%?)", re.ASCII)
_WHOLE = 100


@frozen
class First:
    """How many messages of a list are sent now: a number, or a share of all of them.

    It is counted from the beginning of the list and not from where an earlier run stopped, so that
    the same command, given again after a crash, sends what is left of the same messages.

    Attributes:
        count: So many; None: it is a share.
        share: From 0 to 1, without 0.
    """

    count: int | None = None
    share: Fraction = Fraction(1)

    def of(self, total: int) -> int:
        """How many those are of so many messages: of a share at least one.

        Args:
            total: All messages.
        """
        return min(total, ceil(self.share * total) if self.count is None else self.count)


def read_first(text: str) -> First:
    """Read ``100`` or ``5%``.

    Raises:
        ValueError: It is neither; the message says so.
    """
    found = _WRITTEN.fullmatch(text.strip())
    number = Fraction(found[1]) if found else Fraction()
    if found and found[2] and 0 < number <= _WHOLE:
        return First(share=number / _WHOLE)
    if found and not found[2] and number >= 1 and number.denominator == 1 and "." not in found[1]:
        return First(int(number))
    raise ValueError(
        f"{shortened(text)!r} is neither a number of messages from 1 up, such as 100, nor a share "
        "of the list up to 100%, such as 5%"
    )


FIRST = Parsed("number or share", read_first)
"""A :class:`First`."""


@frozen
class FirstOfCampaign:
    """The first messages of a campaign: which they are, and how they stand.

    Attributes:
        total: How many they are.
        whole: How many messages the campaign has.
        last: The index of the last of them; -1 where there is none.
        states: How many are in each state.
        counts: How many of them are sent, by what limits them.
    """

    total: int
    whole: int
    last: int
    states: Mapping[JournalState, int]
    counts: Mapping[LimitKey | None, int]

    @classmethod
    def find(
        cls, reader: CampaignReader, first: First, resend: Resend, *, under_way: bool = False
    ) -> FirstOfCampaign:
        """Look them up.

        Args:
            reader: Looks into the campaign.
            first: How many are wanted.
            resend: Which messages with a result are sent again.
            under_way: Whether those that are on their way count as to be sent.

        Raises:
            JournalError: The journal cannot be read.
        """
        last = -1
        states = Counter(dict.fromkeys(JournalState, 0))
        counts = Counter[LimitKey | None]()
        whole = reader.summary().messages
        most = first.of(whole)
        # From the beginning of the campaign, whatever became of those messages: see `First`.
        for entry in islice(reader.entries(), most):
            last = entry.index
            states[entry.state] += 1
            counts[entry.key] += is_sent(entry, resend, under_way=under_way)
        return cls(most, whole, last, states, +counts)


def is_sent(entry: JournalEntry, resend: Resend, *, under_way: bool = False) -> bool:
    """Whether a run sends a message of a campaign; see :meth:`Resend.takes`.

    Args:
        entry: The message.
        resend: Which messages with a result are sent again.
        under_way: Whether one that is on its way counts as to be sent.
    """
    permanent = entry.result is not None and bool(entry.result.permanent)
    return resend.takes(entry.state, permanent=permanent, under_way=under_way)


_ADDRESS = ("contact_id", "bot_id", "messenger", "contact_external_id", "phone", "name")
_CONTENT = ("text", "image", "file")
_EXAMPLES = (
    "write contact_id=5, phone=79991234567, or bot_id=7,messenger=telegram,contact_external_id=42"
)
# A comma inside of a value is none that separates: no name and no = follow it.
_COMMA = re.compile(r",(?=[^,=]+=)")


@frozen
class TestMessage:
    """Which message is sent as a test, and to whom.

    Attributes:
        address: The recipient, as the cells of a row of the list would say it.
        row: The row of the list whose message it is, from 1; None: the first that has one.
    """

    address: tuple[tuple[str, str], ...]
    row: int | None = None

    def readdressed(
        self,
        row: Row,
        message: Message,
        key: LimitKey | None,
        defaults: Defaults,
        remark: Callable[[str], object],
    ) -> Message:
        """What a row says, to the address of the test, read as a row of that address would be.

        Where the address names no bot or messenger, those of the row's own recipient are meant.

        Args:
            row: The row.
            message: Its message to its own recipient.
            key: What limits that; None: nothing tells.
            defaults: What holds for the rows of the list.
            remark: Told what is no fault, and yet somebody should know it.

        Raises:
            BadInputError: Nobody has such an address, or this message cannot go there.
        """
        cells = dict(self.address)
        # A phone number alone is the address of sendMessageToWhatsApp, which takes no messenger.
        by_phone = "phone" in cells and "contact_external_id" not in cells
        said = message.parameters()
        cells |= {name: str(said[name]) for name in _CONTENT if name in said}
        own = Defaults(phone_region=defaults.phone_region)
        if "contact_id" not in cells:
            bot_id = defaults.bot_id if key is None else key.bot_id
            messenger = defaults.messenger if key is None else key.messenger
            own = evolve(own, bot_id=bot_id, messenger=None if by_phone else messenger)
        found = read_message(evolve(row, cells=cells, misfits={}), own, remark)
        if isinstance(found, tuple):
            told = (f"--test-to, {one.column}: {one.text}. {one.remedy}." for one in found)
            raise BadInputError("\n".join(told))
        # What is a parameter now is told of the message as it is sent, not of the row.
        sent = found.parameters()
        kept = {name: told for name, told in message.reference.items() if name not in sent}
        return evolve(found, reference=kept)

    def not_found(self, numbers: tuple[int, int], *, there: bool) -> BadInputError:
        """The error for a list that has no message for the test.

        Args:
            numbers: The lowest and the highest number of a row.
            there: Whether a row has the test's.
        """
        if self.row is None:
            return BadInputError("--test-to: the list has no row that could be sent.")
        told = f"row {self.row} is faulty, or left out by another option"
        if not there:
            told = f"the list has no row {self.row}: its rows are {numbers[0]} to {numbers[1]}"
        return BadInputError(f"--row: {told}. Give the number of another row.")


def read_address(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``bot_id=7,messenger=telegram,contact_external_id=42``.

    Raises:
        ValueError: It names no recipient in this form; the message says so.
    """
    found: dict[str, str] = {}
    for part in _COMMA.split(text):
        written, equals, value = (piece.strip() for piece in part.partition("="))
        name = known_column(written)
        if not equals or not value or name not in _ADDRESS:
            raise ValueError(f"{shortened(part.strip())!r} is no part of an address: {_EXAMPLES}")
        if name in found:
            raise ValueError(f"{name} is given twice: {_EXAMPLES}")
        found[name] = value
    return tuple(found.items())


TEST_ADDRESS = Parsed("address", read_address)
"""A recipient in the API's words."""


_ACCEPTED, _UNKNOWN = "accepted", "unknown"


def _key(row: Row) -> bytes | None:
    """What the outcomes of one row have in common; None where the list does not number its rows."""
    place = [row.cells.get(name, "").strip() for name in PLACE_COLUMNS]
    if not any(place):
        return None
    told = repr((place, [row.cells.get(name, "").strip() for name in DECIDING]))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def settled_rows(records: Iterable[Row | Fault], only: Collection[str]) -> frozenset[bytes]:
    """The rows that got their message, or may have, by one of their outcomes at least.

    Args:
        records: The list.
        only: The outcomes whose rows are sent: what may have arrived may be among them.
    """
    # Whoever asks for unknown ones wants those sent again, though they may have arrived.
    settling = {_ACCEPTED, _UNKNOWN} - set(only)
    rows = (one for one in records if isinstance(one, Row) and outcome_of(one.cells) in settling)
    return frozenset(key for key in map(_key, rows) if key is not None)


@define
class ToldTwice:
    """Finds the rows of which another outcome in the list tells more; for one pass.

    Attributes:
        settled: What :func:`settled_rows` found.
    """

    settled: frozenset[bytes]
    _seen: set[bytes] = field(factory=set[bytes])

    def why(self, row: Row) -> str | None:
        """Why a row is not sent by this outcome of it; None where it is.

        Args:
            row: A row whose outcome was chosen.
        """
        key = _key(row)
        if key is None:
            return None
        if key in self.settled:
            return "settled by another line"
        if key in self._seen:
            return "told by another line"
        self._seen.add(key)
        return None
