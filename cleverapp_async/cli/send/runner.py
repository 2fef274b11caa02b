"""Sends messages to their end: those of a checked file, or those of a campaign in its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from attrs import Factory, define, field, frozen

from ...bulk.journal.records import Resend
from ...bulk.journal.sqlite.journal import SqliteJournal
from ...bulk.outcome import SendOutcome
from ...bulk.run import BulkRun
from ...bulk.schedule import Schedule
from ...bulk.throughput import EtaMeter
from ...client import CleverAppClient
from ...errors import CampaignPausedError, JournalError, NotSentError, Outcome
from ...limits.quota import LimitKey
from ..errors import BadInputError
from ..send_settings import CONCURRENCY, DRAIN_TIMEOUT
from ..signals import Interrupts
from ..text import counted
from .outcomes import Sink
from .plan import Plan, Planned
from .progress import Progress, View
from .stopper import OutcomeWriter, Stopper
from .tally import Tally, Workload

if TYPE_CHECKING:
    from ...bulk.journal.protocol import MarkOf
    from ...models.messages import Message

__all__ = ["CampaignMessages", "FileMessages", "MessageSource", "Place", "Runner"]

_LOADING_TICK = 0.1
_TICK = 0.25
_SLOW_TICK = 1.0
_MANY_KEYS = 200
_BLOCK = 500


@frozen
class Place:
    """Where a message comes from.

    Attributes:
        number: The row's number, from 1; of a campaign the message's.
        line: The line of the file on which its row begins; None where it comes of no file.
        key: What limits it, as it is counted; None: nothing tells.
        earlier: Whether what came of it came of an earlier run.
    """

    number: int
    line: int | None
    key: LimitKey | None
    earlier: bool = False


class MessageSource(Protocol):
    """Where the messages of a send come from."""

    @property
    def client(self) -> CleverAppClient:
        """Who sends them."""
        ...

    @property
    def on_record(self) -> bool:
        """Whether a journal keeps what comes of them."""
        ...

    def start(self, schedule: Schedule | None) -> BulkRun:
        """The run that sends them; nothing is read before it is iterated over."""
        ...

    def work(self, run: BulkRun) -> Workload | None:
        """What is to be sent; None as long as that is not known."""
        ...

    def loading(self) -> str:
        """How far it is until that is known."""
        ...

    def place(self, outcome: SendOutcome) -> Place:
        """Where a message comes from; asked once for each."""
        ...

    def rest(self) -> Iterator[Planned]:
        """The rows that a stopped run never read, and that need an outcome all the same.

        Raises:
            BadInputError: The file has changed since it was checked.
        """
        ...


@define
class FileMessages:
    """The good rows of a checked file, each of which gets its outcome.

    Attributes:
        plan: What was checked.
        client: Who sends them.
        concurrency: Messages in work at once.
    """

    plan: Plan
    client: CleverAppClient
    concurrency: int = CONCURRENCY
    _second_pass: Iterator[Planned] = field(init=False)
    _on_the_way: dict[int, Planned] = field(init=False, factory=dict[int, Planned])

    def __attrs_post_init__(self) -> None:
        """Begin the second pass; it is lazy."""
        self._second_pass = self.plan.messages()

    @property
    def on_record(self) -> bool:
        """The outcomes are all that is kept."""
        return False

    def start(self, schedule: Schedule | None) -> BulkRun:
        """The run that sends them."""
        return self.client.send_many(
            self._messages(), schedule=schedule, concurrency=self.concurrency
        )

    def work(self, run: BulkRun | None = None) -> Workload:
        """What the first pass counted."""
        del run
        plan, client = self.plan, self.client
        return Workload.of(plan.counts, client.limits, client.account, bad=plan.bad)

    def loading(self) -> str:
        """Nothing: the work is known from the beginning."""
        return ""

    def place(self, outcome: SendOutcome) -> Place:
        """The row of a message, which is then forgotten: memory stays constant."""
        planned = self._on_the_way.pop(outcome.index)
        return Place(planned.number, planned.line, planned.key)

    def rest(self) -> Iterator[Planned]:
        """What the second pass has left."""
        return self._second_pass

    def _messages(self) -> Iterator[Message]:
        # The run may close this generator early. The second pass stays open, for the rest.
        for index, planned in enumerate(self._second_pass):
            self._on_the_way[index] = planned
            _learn(planned, self.client)
            yield planned.message


@define(kw_only=True)
class CampaignMessages:
    """The messages of a campaign that have no result yet, once its journal is filled.

    Attributes:
        journal: The journal's path.
        plan: The file's messages; None: those that the journal holds.
        client: Who sends them.
        warn: Called before anything is sent, if the token is another than the last run's.
        deduplicate: Whether a recipient gets the first of several messages alone.
        resend_unknown: Whether what may have been sent is sent again.
        retry_rejected: Whether what was refused for good is sent again.
        concurrency: Messages in work at once.
    """

    journal: str
    plan: Plan | None
    client: CleverAppClient
    warn: Callable[[], None]
    deduplicate: bool = True
    resend_unknown: bool = False
    retry_rejected: bool = False
    concurrency: int = CONCURRENCY
    _read: int = field(init=False, default=0)
    _counts: dict[LimitKey | None, int] = field(init=False, factory=dict["LimitKey | None", int])
    _orphans: set[int] = field(init=False, factory=set[int])

    @property
    def on_record(self) -> bool:
        """The journal keeps all that comes of them."""
        return True

    def start(self, schedule: Schedule | None) -> BulkRun:
        """The run that fills the journal or compares with it, and sends what has no result yet."""
        return self.client.run_campaign(
            _WarningJournal(self.journal, self.warn),
            None if self.plan is None else self._messages(self.plan),
            schedule=schedule,
            concurrency=self.concurrency,
            deduplicate=self.deduplicate,
            resend_unknown=self.resend_unknown,
            retry_rejected=self.retry_rejected,
        )

    def work(self, run: BulkRun) -> Workload | None:
        """What the journal holds that this run sends; None before it is filled."""
        if run.loaded is None or run.summary is None:
            return None
        self._orphans = {entry.index for entry in run.loaded.orphans}
        again = Resend(unknown=self.resend_unknown, rejected=self.retry_rejected)
        self._counts = run.summary.to_send(again)
        bad = 0 if self.plan is None else self.plan.bad
        client = self.client
        return Workload.of(self._counts, client.limits, client.account, bad=bad)

    def loading(self) -> str:
        """How many messages were read."""
        return f"{self.journal}: {counted(self._read, 'message')} read"

    def place(self, outcome: SendOutcome) -> Place:
        """The message's number, and what limited it when the journal was filled."""
        number = outcome.number
        if outcome.index in self._orphans:
            # Told first of all: an earlier run left it, and this one may send it again.
            self._orphans.discard(outcome.index)
            return Place(number, None, None, earlier=True)
        # A route that was learned since then does not count: the work was counted without it.
        key = self.client.limit_key(outcome.message)
        return Place(number, None, key if key in self._counts else None)

    def rest(self) -> Iterator[Planned]:
        """Nothing: the journal keeps what is left."""
        return iter(())

    def _messages(self, plan: Plan) -> Iterator[Message]:
        for planned in plan.messages():
            _learn(planned, self.client)
            self._read += 1
            yield planned.message


@frozen(kw_only=True)
class Runner:
    """One send, from the first message to the last outcome.

    Attributes:
        source: Where its messages come from, and who sends them: a client that is closed then.
        sink: Where outcomes go.
        view: What shows progress.
        interrupts: Where Ctrl-C is heard of.
        announce: Called once, when it is known what is to be sent.
        schedule: When messages may leave; None: at any time.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
        tally: What has come of it so far.
    """

    source: MessageSource
    sink: Sink
    view: View
    interrupts: Interrupts
    announce: Callable[[BulkRun, Workload], None]
    schedule: Schedule | None = None
    drain_timeout: float = DRAIN_TIMEOUT
    tally: Tally = field(
        init=False, default=Factory(lambda self: Tally(EtaMeter(self.schedule)), takes_self=True)
    )

    async def send(self) -> Tally:
        """Send everything, unless it is stopped.

        Returns:
            What has come of it: :attr:`tally`.

        Raises:
            BadInputError: The file has changed, or cannot be read, before anything was sent.
            JournalError: The journal cannot be used.
        """
        tally = self.tally
        run = self.source.start(self.schedule)
        stopper = Stopper(run, tally, self.view, self.drain_timeout)
        # To the last line of the outcomes: none is lost by a signal at the wrong moment.
        with self.interrupts.passed_to(stopper.interrupt):
            async with self.source.client:
                await self._send(run, stopper)
        return tally

    async def _send(self, run: BulkRun, stopper: Stopper) -> None:
        tally = self.tally
        writer = OutcomeWriter(self.sink, tally, stopper, self.source.on_record)
        self._begin(run)
        if tally.interrupted:  # by a signal that came before anybody listened here
            stopper.interrupt()
        try:
            await self._take_all(run, writer)
        except CampaignPausedError as error:
            tally.paused = error
        except JournalError as error:
            if not tally.begun:
                raise
            tally.failure = error
        except (BadInputError, OSError) as error:
            if not tally.begun:
                raise BadInputError(_why_unread(error)) from None
            stopper.trouble(_why_unread(error))
        tally.finish()
        await self._list_the_rest(writer)

    async def _take_all(self, run: BulkRun, writer: OutcomeWriter) -> None:
        showing = asyncio.create_task(self._show(run))
        try:
            async with run:
                async for outcome in run:
                    self._begin(run)
                    self._take(writer, outcome, self.source.place(outcome))
        finally:
            writer.stopper.finish()
            # A campaign with nothing to send, or that fails at once, has begun all the same.
            self._begin(run)
            showing.cancel()
            self.view.stop()

    def _take(
        self, writer: OutcomeWriter, outcome: SendOutcome, place: Place, *, tried: bool = True
    ) -> None:
        """Count an outcome, and write it."""
        if not place.earlier:
            self.tally.add(outcome, place.key, tried=tried)
        writer.write(place.number, place.line, outcome)

    def _begin(self, run: BulkRun) -> None:
        """Tell what is about to be sent, once, as soon as that is known."""
        tally = self.tally
        if tally.begun:
            return
        work = self.source.work(run)
        if work is not None:
            tally.begin(work)
            self.announce(run, work)
            self.view.start(Progress(tally, self.source.client, self.schedule))

    async def _show(self, run: BulkRun) -> None:
        """Show how the messages are loaded, then how the send goes, until cancelled."""
        tally = self.tally
        while not tally.begun:
            self.view.wait(self.source.loading())
            await asyncio.sleep(_LOADING_TICK)
            self._begin(run)
        # Many bots and messengers take long to look at.
        tick = _TICK if len(tally.work.counts) < _MANY_KEYS else _SLOW_TICK
        while True:
            await asyncio.sleep(tick)
            self.view.tick()

    async def _list_the_rest(self, writer: OutcomeWriter) -> None:
        """The rows that a stopped run never read, as not sent."""
        try:
            for index, planned in enumerate(self.source.rest()):
                if not index % _BLOCK:
                    await asyncio.sleep(0)
                if writer.stopper.cut_short:
                    return
                error = NotSentError("not sent: the run was stopped")
                outcome = SendOutcome(
                    message=planned.message, outcome=Outcome.NOT_SENT, index=index, error=error
                )
                place = Place(planned.number, planned.line, planned.key)
                self._take(writer, outcome, place, tried=False)
        except (BadInputError, OSError) as error:
            writer.stopper.trouble(_why_unread(error))


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


def _learn(planned: Planned, client: CleverAppClient) -> None:
    """Through which bot and messenger a contact is written to, where its row says so."""
    contact_id = planned.message.contact_id
    if planned.route is not None and contact_id is not None:
        client.learn_route(contact_id, planned.route)


def _why_unread(error: BadInputError | OSError) -> str:
    """What stopped the reading of the file while its messages were sent, as a sentence."""
    if isinstance(error, BadInputError):
        return error.message
    return f"the file cannot be read any further: {error.strerror or type(error).__name__}."
