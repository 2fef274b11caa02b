"""An outage costs a run the few messages that were on their way, never the whole list."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import (
    CampaignPausedError,
    ClientConfig,
    ConnectError,
    DeadlineExceededError,
    LimiterRegistry,
    Outcome,
    Quota,
    RetryPolicy,
    SendMessage,
    SendOutcome,
    ServerError,
    SqliteJournal,
)
from cleverapp_async.journal import JournalMismatchError, JournalState
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.bulk.rig import collect
from tests.client.campaigns import states, texts
from tests.transport.rig import Notebook, client_of, http, raw_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cleverapp_async import CleverAppClient

FREE = SimulatorLimits.none()
COUNT = 30
OUTAGES: dict[str, tuple[Callable[..., Fault], str, Outcome]] = {
    "503": (partial(Fault.answer, 503, {"message": "x"}), "server", Outcome.UNKNOWN),
    "500": (Fault.server_error, "server", Outcome.UNKNOWN),
    "502": (partial(Fault.html, 502), "server", Outcome.UNKNOWN),
    "408": (partial(Fault.answer, 408, {}), "silence", Outcome.UNKNOWN),
    "408 page": (partial(Fault.html, 408), "silence", Outcome.UNKNOWN),
    "301": (partial(Fault.redirect, "/x", 301), "redirect", Outcome.REJECTED),
    "302": (partial(Fault.redirect, "/x", 302), "redirect", Outcome.UNKNOWN),
    "307": (partial(Fault.redirect, "/x", 307), "redirect", Outcome.REJECTED),
    "login": (partial(Fault.redirect, "/login"), "token", Outcome.REJECTED),
    "portal": (partial(Fault.html, 200), "answer", Outcome.UNKNOWN),
    "403 page": (partial(Fault.html, 403), "answer", Outcome.REJECTED),
    "404 page": (partial(Fault.html, 404), "address", Outcome.REJECTED),
    "404": (partial(Fault.answer, 404, {"message": ""}), "address", Outcome.REJECTED),
    "405": (partial(Fault.answer, 405, {"message": "x"}), "address", Outcome.REJECTED),
    "401": (partial(Fault.answer, 401, {}), "token", Outcome.REJECTED),
    "hang": (partial(Fault.hang, taken=False), "silence", Outcome.UNKNOWN),
    "reset": (partial(Fault.reset_after, taken=False), "silence", Outcome.UNKNOWN),
}


def quick(base_url: str, **more: Any) -> CleverAppClient:  # noqa: ANN401 - settings
    """A client without limits that backs off at once."""
    settings: dict[str, Any] = {"retry": RetryPolicy(base=0.001), **more}
    return client_of(base_url, config=ClientConfig(**settings))


async def paused(
    client: CleverAppClient, path: Path | None, messages: list[SendMessage] | None = None
) -> tuple[CampaignPausedError, list[SendOutcome]]:
    """Send until it pauses; why, and what came before."""
    told: list[SendOutcome] = []
    if path is None:
        run = client.send_many(texts(COUNT) if messages is None else messages)
    else:
        run = client.run_campaign(SqliteJournal(path), messages)
    with pytest.raises(CampaignPausedError) as caught:
        await collect(run, told)
    return caught.value, told


@pytest.mark.parametrize("name", OUTAGES)
async def test_an_outage_costs_five_messages_of_a_campaign(name: str, tmp_path: Path) -> None:
    """Five of one kind pause it, none but those five has left, and the rest waits."""
    fault, kind, outcome = OUTAGES[name]
    path = tmp_path / "run.db"
    async with (
        Simulator(limits=FREE, faults=[fault()]) as simulator,
        quick(simulator.base_url, attempt_timeout=2 if name == "hang" else 30) as client,
    ):
        why, told = await paused(client, path, texts(COUNT))
        assert len(simulator.arrivals) == 5
    assert (why.kind, why.in_a_row) == (kind, 5)
    assert why.remedy in str(why)
    assert {one.outcome for one in told} == {outcome}
    assert (why.outcome, why.so_far) == (outcome, {outcome: 5})
    assert len(told) == 5
    assert states(path)[JournalState.PENDING] == COUNT - 5


@pytest.mark.parametrize("name", OUTAGES)
async def test_an_outage_costs_five_messages_without_a_journal(name: str) -> None:
    """The same without a journal: what was read and not sent is told so, to be given again."""
    fault, kind, outcome = OUTAGES[name]
    async with (
        Simulator(limits=FREE, faults=[fault(times=5)]) as simulator,
        quick(simulator.base_url, attempt_timeout=2 if name == "hang" else 30) as client,
    ):
        why, told = await paused(client, None)
        assert len(simulator.arrivals) == 5
        rest = [one.message for one in told if one.outcome is Outcome.NOT_SENT]
        assert len(told) == COUNT
        again = await collect(client.send_many(rest))
    assert why.kind == kind
    assert sum(one.outcome is outcome for one in told) == 5
    assert [one.outcome for one in again] == [Outcome.ACCEPTED] * (COUNT - 5)


async def test_nobody_listening_costs_nothing(tmp_path: Path) -> None:
    """Where no connection can be made, five messages are tried, and all are sent by a resume."""
    path = tmp_path / "run.db"
    async with quick("http://127.0.0.1:1/api/v1") as client:
        why, told = await paused(client, path, texts(COUNT))
    assert (why.kind, type(why.cause)) == ("connection", ConnectError)
    assert [one.outcome for one in told] == [Outcome.NOT_SENT] * 5
    async with Simulator(limits=FREE) as simulator, quick(simulator.base_url) as client:
        await collect(client.run_campaign(SqliteJournal(path)))
    assert states(path) == {JournalState.ACCEPTED: COUNT}


@pytest.mark.parametrize("status", [421, 425])
async def test_what_takes_nothing_up_pauses_and_loses_nothing(status: int, tmp_path: Path) -> None:
    """A server that answers for another one says so to everybody."""
    path = tmp_path / "run.db"
    fault = Fault.answer(status, {}, times=20)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        quick(simulator.base_url) as client,
    ):
        why, told = await paused(client, path, texts(COUNT))
        assert (why.kind, why.in_a_row) == ("answer", 5)
        assert {one.outcome for one in told} == {Outcome.NOT_SENT}
        await collect(client.run_campaign(SqliteJournal(path)))
        assert len(simulator.deliveries) == COUNT
    assert states(path) == {JournalState.ACCEPTED: COUNT}


@pytest.mark.parametrize("name", [name for name in OUTAGES if OUTAGES[name][2] is Outcome.REJECTED])
async def test_what_is_no_verdict_on_a_recipient_is_sent_again(name: str, tmp_path: Path) -> None:
    """A resume sends what was refused for the token, a page, a redirect or a wrong address."""
    path = tmp_path / "run.db"
    async with (
        Simulator(limits=FREE, faults=[OUTAGES[name][0](times=5)]) as simulator,
        quick(simulator.base_url) as client,
    ):
        await paused(client, path, texts(COUNT))
        await collect(client.run_campaign(SqliteJournal(path)))
        assert len(simulator.deliveries) == COUNT
    assert states(path) == {JournalState.ACCEPTED: COUNT}


async def test_a_forbidden_bot_is_sent_to_again_once_it_is_allowed(tmp_path: Path) -> None:
    """No recipient is given up for what the bot may not do."""
    path = tmp_path / "run.db"
    fault = Fault.answer(403, {"message": "Forbidden"}, times=5)
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        quick(simulator.base_url) as client,
    ):
        why, _ = await paused(client, path, texts(COUNT))
        assert why.kind == "bot"
        await collect(client.run_campaign(SqliteJournal(path)))
    assert states(path) == {JournalState.ACCEPTED: COUNT}


async def test_a_base_url_that_leads_nowhere_can_be_mended(tmp_path: Path) -> None:
    """A campaign that no API was found for goes on at the right address, and stays there then."""
    path = tmp_path / "run.db"
    async with Simulator(limits=FREE) as simulator:
        wrong = simulator.base_url.replace("/api/v1", "/api/v2")
        async with quick(wrong) as client:
            why, _ = await paused(client, path, texts(COUNT))
        assert why.kind == "address"
        async with quick(simulator.base_url) as client:
            await collect(client.run_campaign(SqliteJournal(path)))
        assert states(path) == {JournalState.ACCEPTED: COUNT}
        async with quick(wrong) as client:
            with pytest.raises(JournalMismatchError):
                await collect(client.run_campaign(SqliteJournal(path)))


@pytest.mark.parametrize("fault", [Fault.server_error(), Fault.answer(401, {})])
async def test_a_campaign_that_met_an_api_keeps_to_it(fault: Fault, tmp_path: Path) -> None:
    """What may have been taken, or a token that was refused, binds it to its base URL."""
    path = tmp_path / "run.db"
    async with (
        Simulator(limits=FREE, faults=[fault]) as simulator,
        quick(simulator.base_url) as client,
    ):
        await paused(client, path, texts(COUNT))
    async with quick("http://127.0.0.1:1/api/v1") as client:
        with pytest.raises(JournalMismatchError):
            await collect(client.run_campaign(SqliteJournal(path)))


async def test_an_outage_in_the_middle_meets_no_more_than_is_needed() -> None:
    """Where the limits let few out at a time, a server that falls silent swallows five."""
    limits = LimiterRegistry(account=Quota(2, 0.05), messengers={}, other_messengers=None)
    config = ClientConfig(attempt_timeout=2.0)
    told: list[SendOutcome] = []
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, config=config, limits=limits) as client,
    ):

        async def fall_silent() -> None:
            async for one in client.send_many(texts(COUNT)):
                told.append(one)
                if len(told) == COUNT // 2:
                    simulator.add_fault(Fault.hang(taken=False))

        with pytest.raises(CampaignPausedError) as caught:
            await fall_silent()
    assert caught.value.kind == "silence"
    assert sum(one.outcome is Outcome.UNKNOWN for one in told) == 5
    assert sum(one.outcome is Outcome.ACCEPTED for one in told) >= COUNT // 2


async def test_without_a_bound_everything_is_tried() -> None:
    """``pause_after=None`` never pauses."""
    async with (
        Simulator(limits=FREE, faults=[Fault.server_error()]) as simulator,
        quick(simulator.base_url) as client,
    ):
        told = await collect(client.send_many(texts(50), pause_after=None))
        assert len(simulator.arrivals) == 50
    assert [one.outcome for one in told] == [Outcome.UNKNOWN] * 50


# Maintenance.


async def test_the_whole_account_waits_as_long_as_maintenance_says() -> None:
    """After a 503 with Retry-After nothing leaves before its time, not even another method."""
    down = Fault.answer(503, {"message": "x"}, {"Retry-After": "0.4"}, times=1)
    async with (
        Simulator(limits=FREE, faults=[down]) as simulator,
        quick(simulator.base_url) as client,
    ):
        with pytest.raises(ServerError) as caught:
            await client.send_message(contact_id=1, text="Hi")
        assert caught.value.retry_after == 0.4
        began = time.monotonic()
        await asyncio.gather(client.get_me(), client.send_message(contact_id=2, text="Hi"))
        assert time.monotonic() - began > 0.3


async def test_the_wait_is_bounded_and_zero_is_none() -> None:
    """``longest_pause`` bounds what a server asks for; asked to wait for nothing, nobody waits."""
    for asked, bound in (("3600", 0.2), ("0", 300.0)):
        down = Fault.answer(503, {"message": "x"}, {"Retry-After": asked}, times=1)
        async with (
            Simulator(limits=FREE, faults=[down]) as simulator,
            quick(simulator.base_url, longest_pause=bound) as client,
        ):
            with pytest.raises(ServerError):
                await client.send_message(contact_id=1, text="Hi")
            async with asyncio.timeout(20):
                await client.send_message(contact_id=2, text="Hi")


async def test_a_deadline_before_the_end_of_maintenance_fails_at_once() -> None:
    """A call that could not leave in time is told so, with the wait, and has not left."""
    down = Fault.answer(503, {"message": "x"}, {"Retry-After": "60"}, times=1)
    async with (
        Simulator(limits=FREE, faults=[down]) as simulator,
        quick(simulator.base_url) as client,
    ):
        with pytest.raises(ServerError):
            await client.send_message(contact_id=1, text="Hi")
        with pytest.raises(DeadlineExceededError) as caught:
            await client.send_message(contact_id=2, text="Hi", deadline=5)
        assert len(simulator.arrivals) == 1
    assert caught.value.estimated_wait == pytest.approx(60, abs=1)


async def test_maintenance_holds_a_limiter_that_cannot_pause() -> None:
    """A limiter of a user's own whose pause does nothing is waited beside."""
    notebook = Notebook()
    down = Fault.answer(503, {"message": "x"}, {"Retry-After": "0.3"}, times=1)
    async with (
        Simulator(limits=FREE, faults=[down]) as simulator,
        client_of(simulator.base_url, limits=notebook.registry()) as client,
    ):
        with pytest.raises(ServerError):
            await client.send_message(contact_id=1, text="Hi")
        began = time.monotonic()
        await client.send_message(contact_id=2, text="Hi")
        assert time.monotonic() - began > 0.2
    assert "pause" in notebook.of_account()
    assert notebook.of_account()[-3:] == ["acquire interactive", "sent", "settle"]


async def test_what_was_about_to_leave_waits_for_the_end_of_maintenance(tmp_path: Path) -> None:
    """Messages that have won their limits when the 503 comes stay, and no intent of them does."""
    down = Fault.answer(503, {"message": "x"}, {"Retry-After": "0.3"}, times=1)
    path = tmp_path / "run.db"
    moments: list[float] = []
    async with (
        Simulator(limits=FREE, faults=[down]) as simulator,
        quick(simulator.base_url) as client,
    ):
        run = client.run_campaign(SqliteJournal(path), texts(20))
        async for one in run:
            moments.append(time.monotonic())
            assert one.outcome is (Outcome.UNKNOWN if one.error else Outcome.ACCEPTED)
        assert len(simulator.deliveries) == 19
    # Those that were on the wire with it ended with it; the others came after the wait.
    assert sum(moment - moments[0] > 0.2 for moment in moments) >= 15
    assert states(path) == {JournalState.ACCEPTED: 19, JournalState.UNKNOWN: 1}


async def test_a_portal_does_not_see_the_rest() -> None:
    """Raw bytes of a captive portal, as a proxy sends them, end a run as any other outage does."""
    portal = http(b"", 302, {"Location": "https://portal.example/"})
    async with raw_server(portal) as raw, quick(raw.base_url) as client:
        why, _ = await paused(client, None)
        assert len(raw.requests) == 5
    assert why.kind == "redirect"


async def test_a_messenger_at_its_limit_keeps_no_other_from_the_wire() -> None:
    """What waits for a paused key gives its seat up, however many wait for it."""
    refused = "Достигнут лимит отправки сообщений для telegram"
    body = json.dumps({"error": refused}).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        telegram = b"messenger=telegram" in await raw.read_request(reader)
        refusal = http(body, 400, {"Retry-After": "60"})
        writer.write(refusal if telegram else http(b'{"success":true}'))

    messages = [
        SendMessage(bot_id=1, messenger=name, contact_external_id="7", text=str(number))
        for name in ("telegram", "vk")
        for number in range(9)
    ]
    async with (
        raw_server(serve) as raw,
        quick(raw.base_url) as client,
        client.send_many(messages) as run,
        asyncio.timeout(20),
    ):
        told = []
        async for outcome in run:
            told.append(outcome)
            if len(told) == 9:
                run.drain()
    sent = [one.message for one in told if one.outcome is Outcome.ACCEPTED]
    assert sent == messages[9:]
    assert {one.outcome for one in told[9:]} == {Outcome.NOT_SENT}
