"""The spans of messages, other calls and attempts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import pytest
from opentelemetry import context, trace
from opentelemetry.instrumentation.utils import (
    is_http_instrumentation_enabled,
    suppress_instrumentation,
)
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from cleverapp_async import (
    CleverAppError,
    LimiterRegistry,
    MessengerLimitError,
    NotSentError,
    Quota,
    RetryPolicy,
    Route,
    SendMessage,
    ServerError,
    ValidationError,
)
from cleverapp_async.simulator import Fault, Simulator
from tests.integrations.otel.rig import FREE, Exported, attributes, is_below
from tests.transport.rig import one_attempt

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from cleverapp_async.events import Event

ROUTE = Route(7, "whatsapp")
QUICK = RetryPolicy(attempts=2, base=0.001)


@pytest.fixture(name="exported")
def _exported() -> Exported:
    return Exported()


async def test_a_message_and_its_attempt(exported: Exported) -> None:
    """A producer's span names the messenger, and below it a client's span names the request."""
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        receipt = await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        base_url = client.base_url
    attempt, message = exported.spans()
    assert (message.name, message.kind) == ("send whatsapp", SpanKind.PRODUCER)
    assert (attempt.name, attempt.kind) == ("POST sendMessage", SpanKind.CLIENT)
    assert is_below(attempt, message)
    assert message.parent is None
    address = urlsplit(base_url)
    server = {"server.address": address.hostname, "server.port": address.port}
    told = attributes(message)
    assert isinstance(told.pop("cleverapp.limit.wait"), float)
    assert told.pop("cleverapp.on_wire") == receipt.on_wire
    assert told == {
        **server,
        "messaging.system": "cleverapp",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "whatsapp",
        "cleverapp.method": "sendMessage",
        "cleverapp.send_id": receipt.send_id,
        "cleverapp.messenger": "whatsapp",
        "cleverapp.bot.id": 7,
        "cleverapp.outcome": "accepted",
        "cleverapp.attempts": 1,
    }
    assert attributes(attempt) == {
        **server,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.full": f"{base_url}/sendMessage",
        "url.template": f"{address.path}/sendMessage",
        "cleverapp.outcome": "accepted",
    }
    assert {span.status.status_code for span in (message, attempt)} == {StatusCode.UNSET}


async def test_another_call_is_no_message(exported: Exported) -> None:
    """What reads or changes something has an internal span of the method's name."""
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        await client.get_me()
    attempt, call = exported.spans()
    assert (call.name, call.kind) == ("getMe", SpanKind.INTERNAL)
    assert attempt.name == "GET getMe"
    assert is_below(attempt, call)
    assert not any(name.startswith("messaging.") for name in attributes(call))


async def test_each_attempt_has_its_span(exported: Exported) -> None:
    """A repetition says how often it was sent again, and the message is no error in the end."""
    config = one_attempt(retry=QUICK)
    fault = Fault.too_many(0.01, times=1)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        exported.client(simulator.base_url, config=config) as client,
    ):
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
    first, second, message = exported.spans()
    assert is_below(first, message)
    assert is_below(second, message)
    assert attributes(first)["http.response.status_code"] == 429
    assert attributes(first)["error.type"] == "429"
    assert "http.request.resend_count" not in attributes(first)
    assert first.status.status_code is StatusCode.ERROR
    assert attributes(second)["http.request.resend_count"] == 1
    assert "error.type" not in attributes(second)
    assert attributes(message)["cleverapp.attempts"] == 2
    assert message.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (Fault.answer(422, {"message": "no"}), ValidationError, ("rejected", "422", 422)),
        (Fault.answer(500, {"message": "no"}), ServerError, ("unknown", "500", 500)),
        (Fault.answer(200, {"x": 1}), CleverAppError, ("unknown", "unexpected_response", 200)),
        (Fault.reset_after(), CleverAppError, ("unknown", "outcome_unknown", None)),
    ],
)
async def test_an_error_is_told_by_its_kind(
    exported: Exported,
    fault: Fault,
    kind: type[CleverAppError],
    told: tuple[str, str, int | None],
) -> None:
    """The message has the error's code, the attempt its status where that tells of an error."""
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        exported.client(simulator.base_url) as client,
    ):
        with pytest.raises(kind) as caught:
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
    attempt, message = exported.spans()
    outcome, error, status = told
    assert attributes(message)["error.type"] == caught.value.code
    assert attributes(message)["cleverapp.outcome"] == outcome
    assert attributes(attempt)["error.type"] == error
    assert attributes(attempt).get("http.response.status_code") == status
    for span in (message, attempt):
        assert span.status.status_code is StatusCode.ERROR
        # The text of an error may quote the server, which may quote a message.
        assert span.status.description is None
        assert span.events == ()


async def test_what_did_not_leave(exported: Exported) -> None:
    """An attempt without a connection has no status, and its error is that of the connection."""
    async with (
        Simulator(limits=FREE) as simulator,
        simulator.refusing(),
        exported.client(simulator.base_url) as client,
    ):
        with pytest.raises(NotSentError):
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
    attempt, message = exported.spans()
    assert attributes(attempt)["error.type"] == "connection_failed"
    assert attributes(message)["cleverapp.outcome"] == "not_sent"


async def test_a_wait_that_is_too_long_has_no_attempt(exported: Exported) -> None:
    """A message whose deadline passes at its limits has a span, with its wait, and no attempt."""
    limits = LimiterRegistry(keys=None, account=Quota(1, 60.0))
    async with (
        Simulator(limits=FREE) as simulator,
        exported.client(simulator.base_url, limits=limits) as client,
    ):
        await client.get_me()
        with pytest.raises(NotSentError):
            await client.send_message(contact_id=1, text="Hi", route=ROUTE, deadline=0.01)
    (message,) = exported.spans("send whatsapp")
    assert attributes(message)["error.type"] == "deadline_exceeded"
    assert exported.spans("POST sendMessage") == []


async def test_a_cancellation_is_no_error(exported: Exported) -> None:
    """Who gives up waiting sees a span that says so, and no error."""
    async with (
        Simulator(limits=FREE, faults=[Fault.hang()]) as simulator,
        exported.client(simulator.base_url) as client,
    ):
        sending = asyncio.create_task(client.send_message(contact_id=1, text="Hi", route=ROUTE))
        while not simulator.arrivals:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0)
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
    attempt, message = exported.spans()
    for span in (attempt, message):
        assert span.status.status_code is StatusCode.UNSET
        assert "error.type" not in attributes(span)
        assert attributes(span)["cleverapp.cancelled"] is True
    assert attributes(message)["cleverapp.outcome"] == "unknown"
    assert exported.points("http.client.request.duration") == []


async def test_a_messenger_that_is_learned_on_the_way(exported: Exported) -> None:
    """A refusal names the messenger, and the span is called after it."""
    fault = Fault.answer(422, {"error": "Достигнут лимит отправки сообщений для whatsapp"}, times=1)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        exported.client(simulator.base_url) as client,
    ):
        with pytest.raises(MessengerLimitError):
            await client.send_message(contact_id=1, text="Hi")
    (message,) = exported.spans("send whatsapp")
    assert attributes(message)["messaging.destination.name"] == "whatsapp"
    assert "cleverapp.bot.id" not in attributes(message)


async def test_spans_are_below_the_callers(exported: Exported) -> None:
    """A message is a child of the span in which it is sent, and nothing of it stays current."""
    tracer = exported.tracers.get_tracer("program")
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        with tracer.start_as_current_span("request") as outer:
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
            assert trace.get_current_span() is outer
        assert not trace.get_current_span().get_span_context().is_valid
    _, message, outermost = exported.spans()
    assert is_below(message, outermost)


async def test_sends_at_once_do_not_mix(exported: Exported) -> None:
    """Of messages on their way together each has its own attempts below it."""
    fault = Fault.too_many(0.001, times=5)
    config = one_attempt(retry=QUICK)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        exported.client(simulator.base_url, config=config) as client,
    ):
        routes = [Route(bot_id, "whatsapp") for bot_id in range(1, 21)]
        await asyncio.gather(
            *(client.send_message(contact_id=1, text="Hi", route=route) for route in routes)
        )
    messages = exported.spans("send whatsapp")
    attempts = exported.spans("POST sendMessage")
    assert len(messages) == 20
    for message in messages:
        own = [attempt for attempt in attempts if is_below(attempt, message)]
        assert len(own) == attributes(message)["cleverapp.attempts"]
        assert [attributes(attempt).get("http.request.resend_count", 0) for attempt in own] == [
            *range(len(own))
        ]
    assert len(attempts) == 25


async def test_the_spans_of_other_instrumentations_are_suppressed(exported: Exported) -> None:
    """Where aiohttp is instrumented, an attempt has one span and one duration, not two."""
    async with (
        Simulator(limits=FREE) as simulator,
        aiohttp.ClientSession(trace_configs=[exported.instrumented()]) as session,
        exported.client(simulator.base_url, session=session) as client,
    ):
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        assert [span.name for span in exported.spans()] == ["POST sendMessage", "send whatsapp"]
        # The session's other requests are traced as before.
        async with session.get(client.base_url):
            pass
    assert [span.name for span in exported.spans()][2:] == ["GET"]
    assert len(exported.points("http.client.request.duration")) == 1


async def test_what_a_callback_starts_is_traced(exported: Exported) -> None:
    """Only the request itself is suppressed, not what the program does when it is told of it."""
    seen: list[tuple[str, bool]] = []

    def note(event: Event) -> None:
        seen.append((type(event).__name__, is_http_instrumentation_enabled()))

    config = one_attempt(on_event=(note,))
    async with (
        Simulator(limits=FREE) as simulator,
        exported.client(simulator.base_url, config=config) as client,
    ):
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
    assert seen == [("AttemptStarted", True), ("AttemptAnswered", True)]


@pytest.mark.parametrize("where", ["on_start", "on_end"])
async def test_a_tracer_that_raises_breaks_nothing(
    exported: Exported, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The message is sent, the failure is logged, and no span stays current."""

    class Broken(SpanProcessor):
        def on_start(self, span: object, parent_context: object = None) -> None:
            del span, parent_context
            if where == "on_start":
                raise OSError("no collector")

        def on_end(self, span: object) -> None:
            del span
            if where == "on_end":
                raise OSError("no collector")

    exported.tracers.add_span_processor(Broken())
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        await client.send_message(contact_id=1, text="Hi", route=ROUTE)
        async for outcome in client.send_many(messages(3)):
            assert outcome.accepted
        assert len(simulator.arrivals) == 4
    assert not trace.get_current_span().get_span_context().is_valid
    assert context.get_current() == {}
    told = [record for record in caplog.records if record.name == "cleverapp_async"]
    # A message and its attempt, four times.
    assert len(told) == 8


async def test_nothing_is_told_where_all_is_suppressed(exported: Exported) -> None:
    """The block in which a program wants no instrumentation has no spans and no figures."""
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        with suppress_instrumentation():
            await client.send_message(contact_id=1, text="Hi", route=ROUTE)
    assert exported.spans() == []
    assert exported.points("cleverapp.messages") == []


def messages(count: int) -> list[SendMessage]:
    """Messages to as many contacts of one bot."""
    return [
        SendMessage(bot_id=7, messenger="telegram", contact_external_id=str(i), text="Hi")
        for i in range(count)
    ]


def linked(span: ReadableSpan) -> list[int]:
    """The ids of the spans that a span links to."""
    return [link.context.span_id for link in span.links]


async def test_each_message_of_a_run_is_a_trace_of_its_own(exported: Exported) -> None:
    """A run's messages are not below the span that began it, which each of them links to."""
    tracer = exported.tracers.get_tracer("program")
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        with tracer.start_as_current_span("campaign") as outer:
            async for outcome in client.send_many(messages(20)):
                assert outcome.error is None
            assert trace.get_current_span() is outer
    sent = exported.spans("send telegram")
    assert len(sent) == 20
    assert all(span.parent is None for span in sent)
    assert len({span.context.trace_id for span in sent if span.context}) == 20
    assert {tuple(linked(span)) for span in sent} == {(outer.get_span_context().span_id,)}
    for attempt in exported.spans("POST sendMessage"):
        assert sum(is_below(attempt, message) for message in sent) == 1


async def test_a_run_outside_any_span_has_no_links(exported: Exported) -> None:
    """There is nothing to link to, and the messages are traces all the same."""
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        async for _ in client.send_many(messages(3)):
            pass
    assert [linked(span) for span in exported.spans("send telegram")] == [[], [], []]


async def test_what_a_run_takes_back_has_one_span(exported: Exported) -> None:
    """Messages wait for a seat on the wire, or the answer of one; each has one span in the end."""
    tracer = exported.tracers.get_tracer("program")
    async with Simulator(limits=FREE) as simulator, exported.client(simulator.base_url) as client:
        with tracer.start_as_current_span("campaign") as outer:
            async for _ in client.send_many(messages(100), pause_after=1):
                pass
    sent = exported.spans("send telegram")
    assert len(sent) == 100
    assert all(span.parent is None for span in sent)
    assert {tuple(linked(span)) for span in sent} == {(outer.get_span_context().span_id,)}
    (point,) = exported.points("cleverapp.messages")
    assert point.value == 100


async def test_baggage_of_the_caller_stays(exported: Exported) -> None:
    """What the caller has put into its context is there while a message of a run is sent."""
    seen: list[object] = []
    config = one_attempt(on_event=(lambda _: seen.append(context.get_value("tenant")),))
    async with (
        Simulator(limits=FREE) as simulator,
        exported.client(simulator.base_url, config=config) as client,
    ):
        token = context.attach(context.set_value("tenant", "shop"))
        try:
            async for _ in client.send_many(messages(1)):
                pass
        finally:
            context.detach(token)
    assert set(seen) == {"shop"}
