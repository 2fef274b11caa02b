"""Sends messages to their end: those of a checked file, or those of a campaign in its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from attrs import define, field, frozen

from ...bulk.journal.records import Resend
from ...bulk.journal.sqlite.journal import SqliteJournal
from ...bulk.outcome import SendOutcome
from ...bulk.run import BulkRun
from ...bulk.schedule import Schedule
from ...bulk.throughput import EtaMeter
from ...client import CleverAppClient
from ...errors import (
    CampaignPausedError,
    ConfigurationError,
    JournalError,
    NotSentError,
    Outcome,
)
from ...limits.quota import LimitKey
from ..errors import BadInputError
from ..send_settings import CONCURRENCY, DRAIN_TIMEOUT
from ..signals import Interrupts
from ..text import counted, say_duration
from .outcomes import Sink
from .plan import Plan, Planned
from .progress import Progress, View
from .tally import Tally, Workload

if TYPE_CHECKING:
    from ...bulk.journal.protocol import MarkOf
    from ...models.messages import Message

__all__ = ["CampaignMessages", "FileMessages", "MessageSource", "Place", "Runner", "Stopper"]

_LOADING_TICK = 0.1
_TICK = 0.25
_SLOW_TICK = 1.0
_MANY_KEYS = 200


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
    """

    source: MessageSource
    sink: Sink
    view: View
    interrupts: Interrupts
    announce: Callable[[BulkRun, Workload], None]
    schedule: Schedule | None = None
    drain_timeout: float = DRAIN_TIMEOUT

    async def send(self) -> Tally:
        """Send everything, unless it is stopped.

        Returns:
            What has come of it.

        Raises:
            BadInputError: The file has changed before anything was sent.
            JournalError: The journal cannot be used.
        """
        tally = Tally(EtaMeter(self.schedule))
        async with self.source.client:
            run = self.source.start(self.schedule)
            stopper = Stopper(run, tally, self.view, self.drain_timeout)
            writer = _Writer(self.sink, tally, stopper)
            self._begin(run, tally)
            try:
                with self.interrupts.passed_to(stopper.interrupt):
                    await self._take_all(run, writer)
            except CampaignPausedError as error:
                tally.paused = error
            except JournalError as error:
                if not tally.begun:
                    raise
                tally.failure = error
            except BadInputError as error:
                if not tally.begun:
                    raise
                stopper.trouble(str(error))
            self._list_the_rest(writer)
            tally.finish()
        return tally

    async def _take_all(self, run: BulkRun, writer: _Writer) -> None:
        showing = asyncio.create_task(self._show(run, writer.tally))
        try:
            async with run:
                async for outcome in run:
                    self._begin(run, writer.tally)
                    writer.write(outcome, self.source.place(outcome))
        finally:
            writer.stopper.finish()
            # A campaign with nothing to send, or that fails at once, has begun all the same.
            self._begin(run, writer.tally)
            showing.cancel()
            self.view.stop()

    def _begin(self, run: BulkRun, tally: Tally) -> None:
        """Tell what is about to be sent, once, as soon as that is known."""
        if tally.begun:
            return
        work = self.source.work(run)
        if work is not None:
            tally.begin(work)
            self.announce(run, work)
            self.view.start(Progress(tally, self.source.client, self.schedule))

    async def _show(self, run: BulkRun, tally: Tally) -> None:
        """Show how the messages are loaded, then how the send goes, until cancelled."""
        while not tally.begun:
            self.view.wait(self.source.loading())
            await asyncio.sleep(_LOADING_TICK)
            self._begin(run, tally)
        # Many bots and messengers take long to look at.
        tick = _TICK if len(tally.work.counts) < _MANY_KEYS else _SLOW_TICK
        while True:
            await asyncio.sleep(tick)
            self.view.tick()

    def _list_the_rest(self, writer: _Writer) -> None:
        """The rows that a stopped run never read, as not sent."""
        try:
            for index, planned in enumerate(self.source.rest()):
                error = NotSentError("not sent: the run was stopped")
                outcome = SendOutcome(
                    message=planned.message, outcome=Outcome.NOT_SENT, index=index, error=error
                )
                place = Place(planned.number, planned.line, planned.key)
                writer.write(outcome, place, tried=False)
        except BadInputError as error:
            writer.stopper.trouble(str(error))


@define
class Stopper:
    """Ends a run, and remembers why.

    Attributes:
        run: What is ended.
        tally: What has come of it.
        view: What tells people.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
    """

    run: BulkRun
    tally: Tally
    view: View
    drain_timeout: float = DRAIN_TIMEOUT
    _aborting: asyncio.Task[None] | None = field(init=False, default=None)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    def interrupt(self) -> None:
        """Somebody wants it to end."""
        if self.tally.interrupted:
            self._abort()
            return
        self.tally.interrupted = True
        in_work = sum(work for _, work in self.run.progress.by_key.values())
        self.run.drain()
        if in_work:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.drain_timeout, self._abort)
            self.view.say(
                "Interrupted: requests on the wire may take up to "
                f"{say_duration(self.drain_timeout)} to end; Ctrl-C again aborts them."
            )

    def trouble(self, told: str) -> None:
        """Something makes it pointless to go on."""
        self.tally.trouble = self.tally.trouble or told
        self.run.drain()

    def finish(self) -> None:
        """The run has ended: nothing more is to be stopped."""
        if self._timer is not None:
            self._timer.cancel()

    def _abort(self) -> None:
        if self._aborting is None:
            self._aborting = asyncio.ensure_future(self.run.aclose())
            # What it raises, whoever iterates over the run is told as well.
            self._aborting.add_done_callback(lambda task: task.cancelled() or task.exception())


@define
class _Writer:
    """Counts each outcome and gives it to the sink; where that breaks, the send is stopped."""

    sink: Sink
    tally: Tally
    stopper: Stopper
    _broken: bool = False

    def write(self, outcome: SendOutcome, place: Place, *, tried: bool = True) -> None:
        """Take one outcome; see :meth:`Tally.add`."""
        if not place.earlier:
            self.tally.add(outcome, place.key, tried=tried)
        if self._broken:
            self.tally.unwritten[outcome.outcome] += 1
            return
        try:
            self.sink.write(place.number, place.line, outcome)
        except OSError as error:
            self._broken = True
            self.tally.unwritten[outcome.outcome] += 1
            told = error.strerror or type(error).__name__
            self.stopper.trouble(
                f"the outcomes cannot be written ({told}), so the send was stopped."
            )


class _WarningJournal(SqliteJournal):
    """Says to people, and not to the log, that the token is another than the last run's."""

    def __init__(self, path: str, warn: Callable[[], None]) -> None:
        try:
            super().__init__(path)
        except ConfigurationError as error:
            # Told as everything is that is wrong with a journal.
            raise JournalError(str(error)) from None
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
