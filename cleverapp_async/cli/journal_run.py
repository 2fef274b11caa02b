"""Sends a campaign out of its journal, and shows how it fills and goes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ..bulk.forecast import Forecast, forecast
from ..bulk.journal.records import JournalState, JournalSummary, Loaded
from ..bulk.journal.sqlite.journal import SqliteJournal
from ..bulk.schedule import Schedule
from ..bulk.throughput import EtaMeter
from ..client import CleverAppClient
from ..errors import CampaignPausedError, JournalError
from ..limits.quota import LimitKey
from .campaign_state import left_by_key
from .interrupts import Interrupts
from .outcomes import Sink
from .plan import Plan
from .show import View
from .standing import Standings
from .stopping import DRAIN_TIMEOUT, Stopper
from .tally import Tally
from .ticking import tick
from .workload import Workload
from .writing import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..bulk.journal.protocol import MarkOf
    from ..bulk.run import BulkRun
    from ..models.messages import Message

__all__ = ["JournalRun", "RunEnd"]

_GLANCE = 0.1


class _WarningJournal(SqliteJournal):
    """Says to people, and not to the log, that the token is another than the last run's."""

    def __init__(self, path: str, warn: Callable[[], None]) -> None:
        super().__init__(path)
        self._warn = warn

    async def recognize(self, mark_of: MarkOf) -> bool | None:
        """Compare, and warn before the first message leaves."""
        same = await super().recognize(mark_of)
        if same is False:
            self._warn()
            return None
        return same


@frozen(kw_only=True)
class RunEnd:
    """How a run of a campaign ended.

    Attributes:
        tally: What has come of it.
        found: The forecast with which it began; None: it never came to send.
        paused: The trouble that came too often in a row, if one did.
        failure: What went wrong with the journal, if something did.
    """

    tally: Tally
    found: Forecast | None
    paused: CampaignPausedError | None = None
    failure: JournalError | None = None


@define(kw_only=True)
class JournalRun:
    """One run of a campaign.

    Attributes:
        journal: The journal's path.
        plan: The file's messages; None: those that the journal holds.
        client: Who sends them.
        sink: Where outcomes go, besides the journal.
        view: What shows progress.
        interrupts: Where Ctrl-C is heard of.
        warn: Called before anything is sent, if the token is another than the last run's.
        told: Called with what is about to be sent, once the journal is filled.
        schedule: When messages may leave; None: at any time.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
        deduplicate: Whether a recipient gets the first of several messages alone.
        resend_unknown: Whether what may have been sent is sent again.
        retry_rejected: Whether what was refused for good is sent again.
    """

    journal: str
    plan: Plan | None
    client: CleverAppClient
    sink: Sink
    view: View
    interrupts: Interrupts
    warn: Callable[[], None]
    told: Callable[[Loaded, JournalSummary, Forecast], None]
    schedule: Schedule | None = None
    drain_timeout: float = DRAIN_TIMEOUT
    deduplicate: bool = True
    resend_unknown: bool = False
    retry_rejected: bool = False
    _read: int = field(default=0, init=False)
    _found: Forecast | None = field(default=None, init=False)
    _passing: Counter[LimitKey | None] = field(factory=Counter["LimitKey | None"], init=False)

    async def carry_out(self) -> RunEnd:
        """Fill the journal or compare with it, and send what has no result yet.

        Returns:
            How it ended.

        Raises:
            BadInputError: The file has changed since it was checked.
            JournalError: The journal cannot be used.
        """
        self._passing = self._refusals_that_pass()
        tally = Tally(Workload(), meter=EtaMeter(self.schedule))
        run = self.client.send_many(
            None if self.plan is None else self._messages(self.plan),
            journal=_WarningJournal(self.journal, self.warn),
            schedule=self.schedule,
            deduplicate=self.deduplicate,
            resend_unknown=self.resend_unknown,
            retry_rejected=self.retry_rejected,
        )
        stopper = Stopper(run, tally, self.view, self.drain_timeout)
        showing = asyncio.create_task(self._show(run, tally))
        self.interrupts.tell(asyncio.get_running_loop(), stopper.interrupt)
        paused: CampaignPausedError | None = None
        failure: JournalError | None = None
        try:
            async with run:
                with stopper:
                    await self._take_all(run, Writer(self.sink, tally, stopper))
        except CampaignPausedError as error:
            paused = error
        except JournalError as error:
            if run.summary is None:
                raise
            failure = error
        finally:
            self.interrupts.tell(None, None)
            showing.cancel()
            self.view.stop()
        tally.finish()
        return RunEnd(tally=tally, found=self._found, paused=paused, failure=failure)

    async def _take_all(self, run: BulkRun, writer: Writer) -> None:
        orphans: set[int] | None = None
        try:
            async for outcome in run:
                if orphans is None:
                    orphans = self._begin(run, writer.tally)
                if outcome.index in orphans:
                    # Told first of all: it came of an earlier run, and may be sent again by this.
                    orphans.discard(outcome.index)
                else:
                    writer.count(outcome, self._key(outcome.message, writer.tally))
                writer.pass_on(outcome.index + 1, None, outcome)
        finally:
            self._begin(run, writer.tally)

    async def _show(self, run: BulkRun, tally: Tally) -> None:
        """Show how the journal fills, then how the send goes."""
        while run.summary is None:
            self.view.wait(f"{self.journal}: {self._read} messages read")
            await asyncio.sleep(_GLANCE)
        self._begin(run, tally)
        await tick(self.view, len(tally.work.counts))

    def _begin(self, run: BulkRun, tally: Tally) -> set[int]:
        """Tell what is about to be sent, once; nothing where it never comes to that.

        Returns:
            The places of the messages that an earlier run had on its way when it died.
        """
        if run.loaded is None or run.summary is None:
            return set()
        if self._found is None:
            bad = 0 if self.plan is None else self.plan.bad
            tally.work = Workload(self._work(run.summary), bad)
            self._found = self._forecast(tally.work.counts)
            self.told(run.loaded, run.summary, self._found)
            self.view.start(Standings(tally, self.client, self._found, self.schedule))
        return {entry.index for entry in run.loaded.orphans}

    def _key(self, message: Message, tally: Tally) -> LimitKey | None:
        """What limited it when the journal was filled; its route may have been learned since."""
        key = self.client.limit_key(message)
        return key if key in tally.work.counts else None

    def _messages(self, plan: Plan) -> Iterator[Message]:
        for planned in plan.messages():
            contact_id = planned.message.contact_id
            if planned.route is not None and contact_id is not None:
                self.client.learn_route(contact_id, planned.route)
            self._read += 1
            yield planned.message

    def _work(self, summary: JournalSummary) -> Counter[LimitKey | None]:
        """What this run sends."""
        left = left_by_key(summary, unknown=self.resend_unknown, rejected=self.retry_rejected)
        if not self.retry_rejected:
            left.update(self._passing)
        return left

    def _refusals_that_pass(self) -> Counter[LimitKey | None]:
        """Refused messages that are sent again unasked, by key; looked up before anything moves."""
        from ..bulk.journal.sqlite.reader import JournalReader

        # What is wrong with the journal, the run itself will say.
        with suppress(JournalError), JournalReader(self.journal) as reader:
            if reader.summary().retryable:
                return Counter(
                    entry.key
                    for entry in reader.entries(JournalState.REJECTED)
                    if entry.result is not None and not entry.result.permanent
                )
        return Counter()

    def _forecast(self, counts: Counter[LimitKey | None]) -> Forecast:
        limits = self.client.limits
        return forecast(counts, limits.quotas, limits.quotas(self.client.account))
