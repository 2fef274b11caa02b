"""Counts what earlier runs sent within the last period: the server still counts it, too."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ..limits.quota import AccountKey, LimitKey
from ..limits.registry import LimiterRegistry
from ..limits.sliding_window import SETTLE_MARGIN
from ..models.messages import Message
from .journal.protocol import SendHistory
from .journal.records import JournalEntry, JournalState
from .outcome import ask_journal_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .journal.protocol import Journal
    from .journal.records import JournalSummary, Loaded

__all__ = ["Arrivals", "Primer", "arrivals_of"]


@frozen
class Arrivals:
    """Requests of one message that the server may have counted.

    Attributes:
        at: Until when the last of them reached it, Unix seconds.
        count: How many.
        told_at: The moment in the journal that tells of them, Unix seconds.
    """

    at: float
    count: int
    told_at: float


def arrivals_of(entry: JournalEntry, *, until: float | None = None) -> Iterator[Arrivals]:
    """What the server may have counted of one message, each as late as it can have arrived.

    The last attempt reached it before the result was written, those before it before the last
    intent; attempts that left no result before the end of the last of them.

    Args:
        entry: The message.
        until: A dead run had it on its way, so that it may have arrived until then, Unix seconds.
    """
    result, intent_at, earlier = entry.result, entry.intent_at, entry.earlier
    if until is not None:
        yield Arrivals(until, 1, until if intent_at is None else intent_at)
        if result is not None and intent_at is not None and result.ended_at > intent_at:
            # That it is unknown was written when it was found, and tells nothing of its own.
            result = None
    elif result is None or (intent_at is not None and intent_at > result.ended_at):
        # The last attempt was withdrawn: it is one at least, also in a journal that counts none.
        earlier = max(earlier, 1)
    if result is not None:
        ended_at = result.ended_at
        if result.state is JournalState.UNKNOWN:
            # As for every request that was given up: it may have been under way still.
            yield Arrivals(ended_at + SETTLE_MARGIN, 1, ended_at)
        elif result.state is not JournalState.NOT_SENT:
            yield Arrivals(ended_at, 1, ended_at)
        earlier = max(earlier, result.attempts - 1)
        intent_at = ended_at if intent_at is None else intent_at
    if earlier and intent_at is not None:
        yield Arrivals(intent_at, earlier, intent_at)


@define(kw_only=True, eq=False)
class Primer:
    """Tells the limiters of one account what a campaign sent shortly before.

    Times of the future, left by a clock that was set back since, count as now: nothing is counted
    too little by that, and nothing makes a resume wait for more than one period.

    Args:
        limits: The limiters.
        account: The account.
        key_of: What limits a message whose key the journal does not know.
        wall: Unix seconds.
    """

    limits: LimiterRegistry
    account: AccountKey
    key_of: Callable[[Message], LimitKey | None]
    wall: Callable[[], float] = time.time
    _period: float = field(init=False)
    _most: int = field(init=False)
    _campaign: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        """See how far back the limits reach."""
        quotas = self.limits.own_quotas
        self._period = max((quota.period for quota in quotas), default=0.0)
        self._most = max((quota.limit for quota in quotas), default=0)

    async def prime(self, journal: Journal, loaded: Loaded, summary: JournalSummary) -> None:
        """Count what was sent within the last period, and what a dead run had on its way.

        What passed these very limiters is counted already; so is what was told them before.

        Raises:
            JournalError: The journal cannot be read.
        """
        self._campaign = summary.created_at
        if not self._period or not loaded.resumed:
            return
        sent: Sequence[JournalEntry] = ()
        if isinstance(journal, SendHistory):
            since = self.wall() - self._period - SETTLE_MARGIN
            sent = await ask_journal_list(JournalEntry, journal.sent_since, since, self._most)
        known, now = self.limits.counted.known(), self.wall()
        ages: defaultdict[LimitKey | AccountKey, list[float]] = defaultdict(list)
        orphans = {entry.index: entry for entry in loaded.orphans}
        for index, entry in {**orphans, **{entry.index: entry for entry in sent}}.items():
            # What is unknown without a time was on its way, too, when a dead run was found.
            found = index in orphans or _untold(entry)
            for arrivals in arrivals_of(entry, until=now if found else None):
                # A moment in the future counts as now: see the class.
                age = max(0.0, now - arrivals.at)
                if age < self._period and not known((self._campaign, index), arrivals.told_at):
                    for key in self._keys(entry):
                        # Each arrival once for its key and once for the account, as the server
                        # counts it.
                        ages[key] += [age] * min(arrivals.count, self._most)
            if entry.intent_at is not None:
                self.note(index, entry.intent_at, entry.intent_at)
            if entry.result is not None:
                self.note(index, entry.result.ended_at, entry.result.ended_at)
        for key, found_ages in ages.items():
            self.limits.prime(key, found_ages)

    def note(self, index: int, begun: float, ended: float) -> None:
        """Remember that what this run wrote about a message has passed these limits."""
        if self._period:
            name = (self._campaign, index)
            self.limits.counted.note(name, begun, ended, keep=self._period)

    def _keys(self, entry: JournalEntry) -> Iterator[LimitKey | AccountKey]:
        yield self.account
        key = self.key_of(entry.message) if entry.key is None else entry.key
        if key is not None:
            yield key


def _untold(entry: JournalEntry) -> bool:
    return entry.state is JournalState.UNKNOWN and entry.result is None
