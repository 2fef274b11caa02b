"""Where the messages of a send come from: a checked file, or a campaign in its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from attrs import define, field, frozen

from ...bulk.journal.records import Resend
from ...bulk.journal.rules import end_of_part
from ...bulk.journal.sqlite.journal import SqliteJournal
from ...bulk.journal.sqlite.reader import JournalReader
from ...bulk.outcome import SendOutcome
from ...bulk.run import BulkRun
from ...bulk.schedule import Schedule
from ...client import CleverAppClient
from ...limits.quota import LimitKey
from ..shared_options import CONCURRENCY
from ..text import counted
from .partial import First, FirstOfCampaign
from .plan import Plan, Planned
from .tally import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...bulk.journal.protocol import MarkOf, Messages
    from ...bulk.journal.records import JournalEntry, Loaded
    from ...models.messages import Message

__all__ = ["CampaignMessages", "FileMessages", "MessageSource", "Place", "Untried"]


@frozen
class Place:
    """Where a message comes from.

    Attributes:
        number: The row's number, from 1; of a campaign the message's.
        line: The line of the file on which its row begins; None where it comes of no file.
        key: What limits it, as it is counted; None: nothing tells.
        earlier: Whether what came of it came of an earlier run.
        later: Whether it is not sent by this run, but left for another one.
    """

    number: int
    line: int | None
    key: LimitKey | None
    earlier: bool = False
    later: bool = False


@frozen
class Untried:
    """A row that was not sent, and needs an outcome all the same.

    Attributes:
        planned: The row.
        later: Whether this run was never to send it, as it is not among the first ones.
    """

    planned: Planned
    later: bool = False


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

    def rest(self) -> Iterator[Untried]:
        """The rows that the run never read, and that need an outcome all the same.

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
        first: How many are sent, from the first one on; None: all.
    """

    plan: Plan
    client: CleverAppClient
    concurrency: int = CONCURRENCY
    first: First | None = None
    _most: int = field(init=False)
    _read: int = field(init=False, default=0)
    _second_pass: Iterator[Planned] = field(init=False)
    _on_the_way: dict[int, Planned] = field(init=False, factory=dict[int, Planned])

    def __attrs_post_init__(self) -> None:
        """Begin the second pass; it is lazy."""
        total = self.plan.total
        self._most = total if self.first is None else self.first.of(total)
        # One iterator for the send and for the rest: what the run did not take is what is left in
        # it.
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
        counts: Mapping[LimitKey | None, int] = plan.counts
        if self._most < plan.total:
            counts = plan.counts_of_first(self._most)
        # A test is about one message, whatever becomes of the other rows.
        bad = plan.bad if plan.wanted.test is None else 0
        return Workload.of(counts, client.limits, client.account, bad=bad)

    def loading(self) -> str:
        """Nothing: the work is known from the beginning."""
        return ""

    def place(self, outcome: SendOutcome) -> Place:
        """The row of a message, which is then forgotten: memory stays constant."""
        planned = self._on_the_way.pop(outcome.index)
        return Place(planned.number, planned.line, planned.key)

    def rest(self) -> Iterator[Untried]:
        """What the second pass has left."""
        for place, planned in enumerate(self._second_pass, self._read):
            yield Untried(planned, later=place >= self._most)

    def _messages(self) -> Iterator[Message]:
        # The run may close this generator early. The second pass stays open, for the rest.
        # Where all are wanted, the generator also finds out that the file has become longer, and
        # raises.
        while self._read < self._most or self._most == self.plan.total:
            planned = next(self._second_pass, None)
            if planned is None:
                return
            # Until its outcome comes: there are as many as the run has in work or read ahead.
            self._on_the_way[self._read] = planned
            self._read += 1
            _learn(planned, self.client)
            yield planned.message


@define(kw_only=True)
class CampaignMessages:
    """The messages of a campaign that have no result yet, once its journal is filled.

    Attributes:
        journal: The journal's path.
        options: How it is sent, for the commands that go on with it; None: it is not kept.
        plan: The file's messages; None: those that the journal holds.
        client: Who sends them.
        warn: Called before anything is sent, if the token is another than the last run's.
        deduplicate: Whether a recipient for whom there are several messages gets only the first
            of them.
        resend: Which messages with a result are sent again.
        concurrency: Messages in work at once.
        first: How many are sent, from the campaign's first one on; None: all.
    """

    journal: str
    plan: Plan | None
    client: CleverAppClient
    warn: Callable[[], None]
    deduplicate: bool = True
    resend: Resend = field(factory=Resend)
    concurrency: int = CONCURRENCY
    options: str | None = None
    first: First | None = None
    _kept: _CampaignJournal = field(init=False)
    _read: int = field(init=False, default=0)
    _counts: dict[LimitKey | None, int] = field(init=False, factory=dict["LimitKey | None", int])
    _orphans: set[int] = field(init=False, factory=set[int])

    @property
    def on_record(self) -> bool:
        """The journal keeps all that comes of them."""
        return True

    def start(self, schedule: Schedule | None) -> BulkRun:
        """The run that fills the journal or compares with it, and sends what has no result yet."""
        self._kept = _CampaignJournal(
            self.journal, self.options, self.warn, self.first, self.resend
        )
        return self.client.run_campaign(
            self._kept,
            None if self.plan is None else self._messages(self.plan),
            schedule=schedule,
            concurrency=self.concurrency,
            deduplicate=self.deduplicate,
            resend_unknown=self.resend.unknown,
            retry_rejected=self.resend.rejected,
        )

    def work(self, run: BulkRun) -> Workload | None:
        """What the journal holds that this run sends; None before it is filled."""
        if run.loaded is None or run.summary is None:
            return None
        self._orphans = {entry.index for entry in run.loaded.orphans}
        self._counts = run.summary.to_send(self.resend)
        if self._kept.part is not None:
            self._counts = dict(self._kept.part.counts)
        bad = 0 if self.plan is None else self.plan.bad
        client = self.client
        return Workload.of(self._counts, client.limits, client.account, bad=bad)

    def loading(self) -> str:
        """How many messages of the list were read; before that, and without one, no number."""
        if not self._read:
            return f"{self.journal} is opened"
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

    def rest(self) -> Iterator[Untried]:
        """Nothing: the journal keeps what is left."""
        return iter(())

    def _messages(self, plan: Plan) -> Iterator[Message]:
        for planned in plan.given():
            _learn(planned, self.client)
            self._read += 1
            yield planned.message


class _CampaignJournal(SqliteJournal):
    """A journal that gives the first messages of its campaign alone, where that is wanted.

    Says to people, and not to the log, that the token is another than the last run's.
    """

    def __init__(
        self,
        path: str,
        options: str | None,
        warn: Callable[[], None],
        first: First | None,
        resend: Resend,
    ) -> None:
        super().__init__(path, note=options)
        self.part: FirstOfCampaign | None = None
        self._warn = warn
        self._first = first
        self._resend = resend

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """Read all messages in, or compare them, and find out which are the first ones."""
        loaded = await super().load(messages, key_of, deduplicate=deduplicate)
        if self._first is not None:
            # In a thread and by a reader of its own: looking through a large journal must not stop
            # the loop.
            self.part = await asyncio.to_thread(self._find_part, self._first)
        return loaded

    async def take(
        self, key: LimitKey | None, after: int, most: int, resend: Resend
    ) -> list[JournalEntry]:
        """The next messages of a key that are to be sent; none that comes after the first ones."""
        found = await super().take(key, after, most, resend)
        if self.part is None:
            return found
        return [entry for entry in found if entry.index <= self.part.last]

    async def close(self, ended: str) -> None:
        """Say what it was that the run has finished, and let the journal go."""
        if self.part is not None and ended == "finished":
            ended = end_of_part(self.part.total, self.part.whole)
        await super().close(ended)

    async def recognize(self, mark_of: MarkOf) -> bool | None:
        """Compare, and warn before the first message leaves."""
        same = await super().recognize(mark_of)
        if same is False:
            # None and not False, so that the run does not log what people are told here.
            self._warn()
            return None
        return same

    def _find_part(self, first: First) -> FirstOfCampaign:
        with JournalReader(self.path) as reader:
            return FirstOfCampaign.find(reader, first, self._resend)


def _learn(planned: Planned, client: CleverAppClient) -> None:
    """Through which bot and messenger a contact is written to, where its row says so."""
    contact_id = planned.message.contact_id
    if planned.route is not None and contact_id is not None:
        client.learn_route(contact_id, planned.route)
