"""``--first``: the first messages of a list are sent now, the others by a later run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING

from attrs import frozen

from ...bulk.journal.records import JournalState, Resend
from ...limits.quota import LimitKey
from ..params import Parsed
from ..text import shortened

if TYPE_CHECKING:
    from ...bulk.journal.protocol import CampaignReader
    from ...bulk.journal.records import JournalEntry

__all__ = ["FIRST", "First", "FirstOfCampaign", "is_sent", "read_first"]

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
        last: The index of the last of them; -1 where there is none.
        states: How many are in each state.
        counts: How many of them are sent, by what limits them.
    """

    total: int
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
        most = first.of(reader.summary().messages)
        for entry in islice(reader.entries(), most):
            last = entry.index
            states[entry.state] += 1
            counts[entry.key] += is_sent(entry, resend, under_way=under_way)
        return cls(most, last, states, +counts)


def is_sent(entry: JournalEntry, resend: Resend, *, under_way: bool = False) -> bool:
    """Whether a run sends a message of a campaign; see :meth:`Resend.takes`.

    Args:
        entry: The message.
        resend: Which messages with a result are sent again.
        under_way: Whether one that is on its way counts as to be sent.
    """
    permanent = entry.result is not None and bool(entry.result.permanent)
    return resend.takes(entry.state, permanent=permanent, under_way=under_way)
