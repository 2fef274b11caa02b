"""The metrics: durations, waits, outcomes and queues."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from cleverapp_async import (
    CleverAppError,
    ConfigurationError,
    LimiterRegistry,
    LimitKey,
    Quota,
    Route,
    SendMessage,
)
from cleverapp_async.integrations.otel import OpenTelemetry
from cleverapp_async.integrations.otel.instruments import labels_of_key
from cleverapp_async.limits import LimiterSnapshot, SlidingWindowLimiter
from cleverapp_async.simulator import Fault, Simulator
from tests.integrations.otel.rig import FREE, Exported
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUTE = Route(7, "whatsapp")


@pytest.fixture(name="exported")
def _exported() -> Exported:
    return Exported()


def figures(points: list[Any], *names: str) -> dict[tuple[object, ...], Any]:
    """The values of points by some of their attributes."""
    return {tuple(point.attributes.get(name) for name in names): point.value for point in points}


def queued(exported: Exported) -> dict[str, float]:
    """How many wait at each kind of limit."""
    points = exported.points("cleverapp.limit.queued")
    return {point.attributes["cleverapp.limit"]: point.value for point in points}


async def test_outcomes_are_counted_by_messenger_and_bot(exported: Exported) -> None:
    """Each message counts once, when it has ended, and nothing else does."""
    faults = [Fault.answer(422, {"message": "no"}, times=1)]
    async with (
        Simulator(limits=FREE, faults=faults) as simulator,
        exported.client(simulator.base_url) as client,
    ):
        with suppress(CleverAppError):
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        for bot_id in (7, 7, 8):
            await client.send_message(contact_id=1, text="Hi", route=Route(bot_id, "whatsapp"))
        await client.get_me()
    names = ("cleverapp.messenger", "cleverapp.bot.id", "cleverapp.outcome", "error.type")
    assert figures(exported.points("cleverapp.messages"), *names) == {
        ("whatsapp", 7, "accepted", None): 2,
        ("whatsapp", 8, "accepted", None): 1,
        ("whatsapp", 7, "rejected", "invalid_parameters"): 1,
    }


async def test_the_duration_of_each_request(exported: Exported) -> None:
    """Attempts are told apart by method, server, status and error, in the buckets of HTTP."""
    async with (
        Simulator(limits=FREE, faults=[Fault.answer(500, {}, times=1)]) as simulator,
        exported.client(simulator.base_url) as client,
    ):
        with suppress(CleverAppError):
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        await client.get_me()
    points = exported.points("http.client.request.duration")
    told = {
        (
            point.attributes["http.request.method"],
            point.attributes["url.template"].rpartition("/")[2],
            point.attributes["http.response.status_code"],
            point.attributes.get("error.type"),
        ): point.count
        for point in points
    }
    assert told == {("POST", "sendMessage", 500, "500"): 1, ("GET", "getMe", 200, None): 1}
    assert points[0].explicit_bounds[0] == 0.005
    assert {point.attributes["server.address"] for point in points} == {"127.0.0.1"}


async def test_waits_and_queues(exported: Exported) -> None:
    """Who waits at a limit is seen while it waits, and how long it was when it has ended."""
    limits = LimiterRegistry(account=None, messengers={"whatsapp": Quota(1, 0.05)})
    async with (
        Simulator(limits=FREE) as simulator,
        exported.client(simulator.base_url, limits=limits) as client,
    ):
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        waiting = asyncio.gather(
            *(client.send_message(contact_id=1, text="Hi", route=ROUTE) for _ in range(2))
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert queued(exported) == {"account": 0, "sendMessage": 2}
        await waiting
        assert queued(exported) == {"account": 0, "sendMessage": 0}
        flying = exported.points("cleverapp.limit.in_flight")
        assert figures(flying, "cleverapp.messenger", "cleverapp.bot.id") == {
            (None, None): 0,
            ("whatsapp", 7): 0,
        }
    (point,) = exported.points("cleverapp.limit.wait")
    assert point.count == 3
    assert 0.1 <= point.sum < 5
    assert dict(point.attributes) == {
        "cleverapp.method": "sendMessage",
        "cleverapp.messenger": "whatsapp",
        "cleverapp.bot.id": 7,
    }


async def test_a_reader_in_a_thread_of_its_own(exported: Exported) -> None:
    """The queues are read in the loop of the limiters, whoever asks for them."""
    limits = LimiterRegistry(messengers={"whatsapp": Quota(1, 60.0)})
    async with (
        Simulator(limits=FREE) as simulator,
        exported.client(simulator.base_url, limits=limits) as client,
    ):
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        waiting = asyncio.create_task(client.send_message(contact_id=1, text="Hi", route=ROUTE))
        await asyncio.sleep(0)
        seen = await asyncio.to_thread(queued, exported)
        assert seen == {"account": 0, "sendMessage": 1}
        waiting.cancel()


def test_a_loop_that_has_ended(exported: Exported) -> None:
    """Nobody waits at the limits of a program whose loop is over: there are no figures of them."""
    limits = LimiterRegistry.unlimited()

    async def send() -> None:
        async with (
            Simulator(limits=FREE) as simulator,
            exported.client(simulator.base_url, limits=limits) as client,
        ):
            await client.get_me()

    asyncio.run(send())
    assert exported.points("cleverapp.limit.queued") == []
    assert len(exported.points("http.client.request.duration")) == 1


async def test_a_loop_that_is_busy(exported: Exported) -> None:
    """A reader does not wait for a loop that has no time: that may wait for the reader itself."""
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        await client.get_me()
        # As a program does that shuts its provider down in the loop.
        with ThreadPoolExecutor(1) as reader:
            assert reader.submit(queued, exported).result(10) == {}


async def test_a_limiter_that_raises_is_not_shown(
    exported: Exported, caplog: pytest.LogCaptureFixture
) -> None:
    """A limiter of the user's that cannot tell its state spoils no other metric."""

    class Silent(SlidingWindowLimiter):
        def snapshot(self) -> LimiterSnapshot:
            raise LookupError("no state")

    limits = LimiterRegistry(factory=lambda _, quotas: Silent(*quotas), account=None)
    async with (
        Simulator(limits=FREE) as simulator,
        exported.client(simulator.base_url, limits=limits) as client,
    ):
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        assert await asyncio.to_thread(queued, exported) == {}
        assert len(exported.points("cleverapp.messages")) == 1
    assert "no state" in caplog.text


async def test_messages_that_are_not_sampled_are_counted() -> None:
    """A sampler decides about spans alone."""
    exported = Exported(tracers=TracerProvider(sampler=ALWAYS_OFF))
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
    assert exported.spans() == []
    assert len(exported.points("cleverapp.messages")) == 1
    assert len(exported.points("http.client.request.duration")) == 1


async def test_clients_share_one_gauge(exported: Exported) -> None:
    """The queues of all registries are shown, one's more than once neither, by one provider."""
    limits = LimiterRegistry(account=None, messengers={"whatsapp": Quota(1, 60.0)})
    other = LimiterRegistry(account=None, messengers={"whatsapp": Quota(1, 60.0)})
    second = OpenTelemetry(exported.tracers, exported.meters)
    async with (
        Simulator(limits=FREE) as simulator,
        exported.client(simulator.base_url, limits=limits) as first,
        exported.client(simulator.base_url, limits=limits) as same,
        exported.client(simulator.base_url, limits=other, telemetry=second) as third,
    ):
        for client in (first, third):
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        tasks = [
            asyncio.create_task(client.send_message(contact_id=1, text="Hi", route=ROUTE))
            for client in (first, same, third)
        ]
        await asyncio.sleep(0)
        assert queued(exported)["sendMessage"] == 3
        for task in tasks:
            task.cancel()


async def test_limiters_are_let_go(exported: Exported) -> None:
    """What is observed is not kept alive: a registry that nobody uses any more is gone."""
    async with Simulator(limits=FREE) as simulator:
        async with exported.client(simulator.base_url) as client:
            await client.get_me()
        assert queued(exported) == {"account": 0}
        del client
        gc.collect()
        assert queued(exported) == {}


@pytest.mark.parametrize(
    ("messenger", "told"),
    [
        ("whatsapp", "whatsapp"),
        ("wa_business", "wa_business"),
        ("79991234567", "other"),
        ("мессенджер", "other"),
        ("Ann <ann@example.com>", "other"),
        ("x" * 40, "other"),
        ("", "other"),
        ("viber\nx", "other"),
        (" Viber\n", "viber"),
    ],
)
def test_a_messenger_is_a_plain_word(messenger: str, told: str) -> None:
    """What somebody gives as a messenger by mistake makes no series, and is not told."""
    labels: Mapping[str, object] = labels_of_key(LimitKey(7, messenger))
    assert labels == {"cleverapp.messenger": told, "cleverapp.bot.id": 7}


async def test_a_run_is_counted(exported: Exported) -> None:
    """The messages of a run count like single ones."""
    sent = [SendMessage(contact_id=number, text="Hi") for number in range(1, 6)]
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        async for _ in client.send_many(sent):
            pass
    assert sum(point.value for point in exported.points("cleverapp.messages")) == 5


@pytest.mark.parametrize("name", ["tracer_provider", "meter_provider"])
@pytest.mark.parametrize("wrong", ["x", 1, object(), MeterProvider, InMemoryMetricReader])
def test_a_provider_that_is_none(name: str, wrong: Any) -> None:  # noqa: ANN401 - wrong on purpose
    """What is no provider is refused by the argument's name."""
    with raises(ConfigurationError, name):
        OpenTelemetry(**{name: wrong})
