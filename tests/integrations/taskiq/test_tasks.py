"""The tasks: chunks that go back, single sends that go once, and what a producer calls."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import TYPE_CHECKING, cast

import pytest
import pytest_asyncio
from attrs import define, evolve, field
from taskiq import InMemoryBroker

from cleverapp_async import (
    CleverAppClient,
    ClientConfig,
    LimiterRegistry,
    RetryPolicy,
    SendMessage,
    SendMessageToWhatsApp,
)
from cleverapp_async.errors import ConfigurationError
from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.integrations.taskiq import CampaignTasks, register
from cleverapp_async.integrations.taskiq.context import WorkerContext
from cleverapp_async.integrations.taskiq.tasks import TaskHandlers, rest_after
from cleverapp_async.journal import JournalMismatchError, JournalState, JournalUnreachableError
from cleverapp_async.simulator import Fault, Latency, Simulator, SimulatorLimits
from tests.integrations.rig import end_heart, message, states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cleverapp_async import Message
    from tests.redis_server import RedisServer


# What a queue does tells the servers apart in nothing: the journal's laws run on both.
ONE_ENGINE = True


@define(eq=False)
class Yard:
    """A worker in this process, a producer beside it, and the server they send to."""

    simulator: Simulator
    broker: InMemoryBroker
    tasks: CampaignTasks
    url: str
    prefix: str

    def journal(self, campaign: str = "spring") -> RedisJournal:
        """A journal as the tasks have it."""
        return RedisJournal(self.url, campaign, prefix=self.prefix, chunk_size=10, lease=0.3)

    async def load(self, given: list[Message], campaign: str = "spring") -> None:
        """Read a campaign in."""
        async with self.journal(campaign) as journal:
            await journal.load(given, origin=self.simulator.base_url)

    async def states(self, campaign: str = "spring") -> Counter[JournalState]:
        """How many are in which state."""
        async with self.journal(campaign) as journal:
            return await states(journal)

    async def until_done(self, campaign: str = "spring") -> None:
        """Wait until nothing is left."""
        async with self.journal(campaign) as journal, asyncio.timeout(120):
            while await journal.left():  # noqa: ASYNC110 - only Redis knows
                await asyncio.sleep(0.02)

    def arrived(self) -> Counter[object]:
        """How often each text arrived."""
        return Counter(each.parameters["text"] for each in self.simulator.deliveries)


@pytest_asyncio.fixture(name="yard")
async def _yard(redis: RedisServer) -> AsyncIterator[Yard]:
    async with Simulator(limits=SimulatorLimits.none(), latency=Latency.parse("2ms")) as simulator:
        broker = InMemoryBroker()
        prefix = f"p{uuid.uuid4().hex}"
        yard = Yard(simulator, broker, None, redis.url, prefix)  # type: ignore[arg-type]
        yard.tasks = register(
            broker,
            lambda: CleverAppClient(
                simulator.api_token,
                base_url=simulator.base_url,
                limits=LimiterRegistry.unlimited(),
                config=ClientConfig(retry=RetryPolicy(attempts=1)),
            ),
            yard.journal,
            attempts=2,
        )
        await broker.startup()
        yield yard
        await broker.wait_all()
        await broker.shutdown()


async def test_a_campaign_is_sent_chunk_by_chunk(yard: Yard) -> None:
    """Starting it enqueues what has something left, and each message arrives once."""
    await yard.load([message(number) for number in range(35)])
    assert await yard.tasks.start("spring") == [0, 1, 2, 3]
    await yard.until_done()
    assert await yard.states() == {JournalState.ACCEPTED: 35}
    assert set(yard.arrived().values()) == {1}
    assert await yard.tasks.start("spring") == []


async def test_starting_twice_does_no_harm(yard: Yard) -> None:
    """A chunk that is in the queue twice is sent by one task, and let go by the other."""
    await yard.load([message(number) for number in range(35)])
    for _ in range(3):
        await yard.tasks.start("spring")
    await yard.until_done()
    await yard.broker.wait_all()
    assert set(yard.arrived().values()) == {1}


async def test_a_chunk_tells_what_it_did(yard: Yard) -> None:
    """The task's result counts its outcomes and what is left."""
    await yard.load([message(number) for number in range(12)])
    sent = await yard.tasks.queue.send_chunk.kiq("spring", 1, 0)
    report = (await sent.wait_result(timeout=60)).return_value
    assert report == {
        "campaign": "spring",
        "chunk": 1,
        "ended": "finished",
        "outcomes": {"accepted": 2},
        "left": 0,
    }


async def test_a_chunk_that_somebody_has_is_given_back_until_it_is_free(yard: Yard) -> None:
    """The task waits for a lease's time, not in a busy loop, and the chunk is sent in the end."""
    await yard.load([message(number) for number in range(10)])
    async with yard.journal() as other:
        held = other.chunk(0)
        await held.open(yard.simulator.base_url)
        sent = await yard.tasks.queue.send_chunk.kiq("spring", 0, 0)
        report = (await sent.wait_result(timeout=60)).return_value
        assert (report["ended"], report["left"]) == ("given back", 10)
        assert len(yard.simulator.arrivals) == 0
        await held.close("interrupted")
    await yard.until_done()
    assert await yard.states() == {JournalState.ACCEPTED: 10}


async def test_messages_that_were_not_sent_are_tried_again_a_few_times(yard: Yard) -> None:
    """After so many attempts the chunk rests, and starting the campaign sends what is left."""
    await yard.load([message(number) for number in range(2)])
    await yard.simulator.close()
    sent = await yard.tasks.queue.send_chunk.kiq("spring", 0, 0)
    report = (await sent.wait_result(timeout=120)).return_value
    assert (report["left"], report["ended"]) == (2, "given back")
    assert report["outcomes"] == {"not_sent": 2}
    while yard.broker._running_tasks:
        await yard.broker.wait_all()
    assert await yard.states() == {JournalState.NOT_SENT: 2}
    async with yard.journal() as journal:
        assert [run.ended for run in (await journal.summary()).sessions] == ["finished"] * 2


async def test_a_refused_token_pauses_the_campaign_for_all_workers(yard: Yard) -> None:
    """No further chunk is begun, and starting it again ends the pause."""
    await yard.load([message(number) for number in range(35)])
    async with yard.journal() as journal:
        await journal.pause("the token was revoked")
    for chunk in range(4):
        sent = await yard.tasks.queue.send_chunk.kiq("spring", chunk, 0)
        assert (await sent.wait_result(timeout=60)).return_value["ended"] == "paused"
    assert len(yard.simulator.arrivals) == 0
    await yard.tasks.start("spring")
    await yard.until_done()
    assert await yard.states() == {JournalState.ACCEPTED: 35}


async def test_a_single_send_goes_once_whatever_is_enqueued(yard: Yard) -> None:
    """Two sends of one id and message are one, and its outcome can be asked for."""
    assert await yard.tasks.outcome("order-7") is None
    known = evolve(message(7), reference={"crm": "A-17"})
    for _ in range(3):
        assert await yard.tasks.send(known, send_id="order-7") == "order-7"
    await yard.broker.wait_all()
    assert yard.arrived() == {"7": 1}
    found = await yard.tasks.outcome("order-7")
    assert found == {
        "id": "order-7",
        "outcome": "accepted",
        "error": None,
        "contact_id": None,
        "reference": {"crm": "A-17"},
    }


async def test_each_send_without_an_id_is_one_of_its_own(yard: Yard) -> None:
    """Ids are made where none is given, for both kinds of messages."""
    first = await yard.tasks.send(message(7))
    second = await yard.tasks.send(
        SendMessageToWhatsApp(bot_id=1, phone="79991234567", text="Hi", name="A")
    )
    await yard.broker.wait_all()
    assert first != second
    assert yard.arrived() == {"7": 1, "Hi": 1}
    found = await yard.tasks.outcome(second)
    assert found is not None
    assert found["contact_id"] is not None


async def test_an_id_is_not_used_for_another_message(yard: Yard) -> None:
    """The second message is refused, and not sent."""
    await yard.tasks.send(message(7), send_id="order-7")
    await yard.broker.wait_all()
    other = await yard.tasks.queue.send_message.kiq(
        "order-7", "sendMessage", '{"contact_id": 1, "text": "other"}', None
    )
    told = await other.wait_result(timeout=60)
    assert isinstance(told.error, JournalMismatchError)
    assert yard.arrived() == {"7": 1}


async def test_a_single_send_whose_worker_died_is_unknown_and_not_repeated(yard: Yard) -> None:
    """A delivery that comes again after a kill in mid-send tells that it may have arrived."""
    async with yard.journal("sends.order-7") as journal:
        await journal.load([message(7)], origin=yard.simulator.base_url)
        dead = journal.chunk(0)
        await dead.open(yard.simulator.base_url)
        await dead.load(None, lambda _: None, deduplicate=True)
        await dead.intend(0)
        await end_heart(dead)
        await yard.tasks.send(message(7), send_id="order-7")
        await yard.until_done("sends.order-7")
        await yard.broker.wait_all()
    found = await yard.tasks.outcome("order-7")
    assert found is not None
    assert found["outcome"] == "unknown"
    assert yard.arrived() == {}


async def test_single_sends_are_forgotten_after_their_time(yard: Yard) -> None:
    """Everything that is kept of one expires."""
    await yard.tasks.send(message(7), send_id="order-7")
    await yard.broker.wait_all()
    async with yard.journal("sends.order-7") as journal:
        keys = await journal._client.execute("KEYS", f"{yard.prefix}:*order-7*")
        assert isinstance(keys, list)
        assert len(keys) >= 6
        for key in keys:
            left = await journal._client.execute("PTTL", key)
            assert isinstance(left, int)
            assert 0 < left <= 7 * 86_400_000


async def test_a_refused_single_send_tells_why(yard: Yard) -> None:
    """The outcome names the error."""
    yard.simulator.add_fault(Fault.html(on=1))
    await yard.tasks.send(SendMessage(contact_id=1, text="Hi"), send_id="order-8")
    await yard.broker.wait_all()
    found = await yard.tasks.outcome("order-8")
    assert found is not None
    assert found["outcome"] == "unknown"
    assert found["error"] is not None


@pytest.mark.parametrize("name", ["concurrency", "attempts", "keep_sends"])
def test_numbers_out_of_range_are_refused(name: str) -> None:
    """A setting that cannot work is told at once."""
    with pytest.raises(ConfigurationError, match=name):
        register(
            InMemoryBroker(),
            lambda: CleverAppClient("token"),
            lambda campaign: RedisJournal("redis://127.0.0.1", campaign),
            **{name: 0},  # type: ignore[arg-type]
        )


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 1.0), (5, 32.0), (6, 60.0), (5000, 60.0)])
def test_a_chunk_rests_longer_from_attempt_to_attempt(attempt: int, seconds: float) -> None:
    """However often it is tried, a minute is the longest."""
    assert rest_after(attempt) == seconds


@define(eq=False)
class AwayAtFirst:
    """A paused campaign, each of whose questions Redis answers the second time."""

    asked: Counter[str] = field(factory=Counter[str])

    async def paused(self) -> str:
        """Why it is paused."""
        self.ask("paused")
        return "by hand"

    async def left(self) -> dict[int, int]:
        """What is left of each chunk."""
        self.ask("left")
        return {0: 7}

    def ask(self, what: str) -> None:
        """Fail at the first time."""
        self.asked[what] += 1
        if self.asked[what] == 1:
            raise JournalUnreachableError("away")


class Restless(WorkerContext):
    """A worker that does not wait."""

    async def rest(self, seconds: float) -> None:
        """Go on at once."""
        del seconds


async def test_a_task_that_finds_redis_away_is_not_forgotten() -> None:
    """It asks again until Redis answers, as a task that fails is not delivered again."""
    campaign = AwayAtFirst()
    handlers = TaskHandlers(
        context=Restless(
            lambda: CleverAppClient("token"), lambda _: cast("RedisJournal", campaign)
        ),
        schedule=None,
        concurrency=1,
        attempts=1,
        keep_sends=1.0,
    )
    report = await handlers.send_chunk("spring", 0, 0)
    assert (report["ended"], report["left"]) == ("paused", 7)
    assert campaign.asked == {"paused": 2, "left": 2}
