"""Neither the token nor a recipient nor a text is in anything that is exported or logged."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import pytest

from cleverapp_async import (
    CleverAppClient,
    CleverAppError,
    IncomingWebhook,
    LimiterRegistry,
    SendMessage,
)
from cleverapp_async.simulator import Fault, Simulator
from tests.integrations.otel.rig import FREE, Exported
from tests.transport.rig import one_attempt

if TYPE_CHECKING:
    from cleverapp_async.config import PostParameters, TokenPlace

TOKEN = "secret-of+the/account"
TEXT = "Личный ответ"
PHONE = "79991234567"
CONTACT = 918273645
HIDDEN = (TOKEN, TEXT, PHONE, str(CONTACT), "ann@example.com")


def forms(secret: str) -> set[str]:
    """The ways in which a text may be written in what is exported."""
    escaped = secret.encode("unicode_escape").decode()
    return {secret, quote(secret), quote(secret, safe=""), escaped, escaped.replace("\\", "\\\\")}


def shown(what: str) -> list[str]:
    """What of the request stands in a text."""
    return [one for one in HIDDEN if any(form.lower() in what.lower() for form in forms(one))]


async def use(client: CleverAppClient) -> None:
    """Calls of each kind, whatever becomes of them."""
    external: dict[str, Any] = {"contact_external_id": PHONE, "text": TEXT}
    for call in (
        client.send_message(contact_id=CONTACT, text=TEXT),
        client.send_message(bot_id=7, messenger="viber", **external),
        client.send_message(bot_id=7, messenger=PHONE, **external),
        client.send_message_to_whatsapp(bot_id=7, phone=PHONE, text=TEXT, name=TEXT),
        client.send_message_to_queue(phone=PHONE, text=TEXT),
        client.get_contact_tags(contact_id=CONTACT),
        client.call("getContacts", params={"phone": PHONE, "email": "ann@example.com"}),
        client.call("sendMessage", params={"bot_id": 7, "messenger": TEXT, **external}),
        client.create_or_update_contact(bot_id=7, messenger="viber", name=TEXT, phone=PHONE),
    ):
        with suppress(CleverAppError):
            await call
    messages = [
        SendMessage(contact_id=CONTACT, text=TEXT),
        SendMessage(bot_id=7, messenger="viber", contact_external_id=PHONE, text=TEXT),
    ]
    async for _ in client.send_many(messages):
        pass


async def test_the_url_of_a_webhook_is_in_no_span() -> None:
    """Its spans are those of a method, below the host and the name that stands for its path."""
    secret = "5f0d1c62-9f4b-4d0e-8a51-3a0c6a5d7e11"
    exported = Exported()
    faults = [Fault.server_error(on=2)]
    async with Simulator(webhook_path=f"/in/{secret}", faults=faults) as simulator:
        origin = simulator.webhook_url.removesuffix(f"/in/{secret}")
        async with (
            aiohttp.ClientSession(trace_configs=[exported.instrumented()]) as session,
            IncomingWebhook(
                simulator.webhook_url,
                config=one_attempt(),
                session=session,
                telemetry=exported.telemetry,
            ) as webhook,
        ):
            await webhook.trigger({"text": TEXT})
            with suppress(CleverAppError):
                await webhook.trigger({"text": TEXT})
    everything = exported.everything()
    assert secret[:12] not in everything
    assert shown(everything) == []
    ended = exported.spans("incomingWebhook")
    assert [(span.attributes or {})["cleverapp.outcome"] for span in ended] == [
        "accepted",
        "unknown",
    ]
    (sent, _) = exported.spans("POST incomingWebhook")
    assert (sent.attributes or {})["url.full"] == f"{origin}/incomingWebhook"


LIMIT = "Достигнут лимит отправки сообщений для"
SOON = {"Retry-After": "0.01"}
ECHO = {"message": f"{TEXT} {PHONE} {CONTACT} {TOKEN}", "errors": {"text": [TEXT, PHONE]}}

FAULTS: dict[str, list[Fault]] = {
    "none": [],
    "echoed": [Fault.answer(422, ECHO)],
    "limited": [Fault.answer(422, {"error": f"{LIMIT} viber"}, SOON)],
    "limit named by a text": [Fault.answer(422, {"error": f"{LIMIT} {PHONE}"}, SOON)],
    "failing": [Fault.answer(500, ECHO)],
    "odd": [Fault.answer(200, ECHO)],
    "unauthenticated": [Fault.answer(401, ECHO)],
    "reset": [Fault.reset_after()],
    "broken off": [Fault.truncated_body()],
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("parameters", "place"),
    [("documented", "query"), ("query", "query"), ("form", "body")],
)
async def test_nothing_exported_tells_of_people(
    fault: str,
    parameters: PostParameters,
    place: TokenPlace,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Spans, metrics and logs of calls that succeed, fail and are refused hold none of it."""
    exported = Exported()
    caplog.set_level(logging.INFO)
    async with (
        Simulator(limits=FREE, faults=FAULTS[fault], api_token=TOKEN) as simulator,
        aiohttp.ClientSession(trace_configs=[exported.instrumented()]) as session,
        CleverAppClient(
            TOKEN,
            base_url=simulator.base_url,
            config=one_attempt(post_parameters=parameters, token_place=place),
            limits=LimiterRegistry.unlimited(),
            session=session,
            telemetry=exported.telemetry,
        ) as client,
    ):
        await use(client)
        told = exported.everything()
    assert len(exported.spans()) >= 22
    assert {span.name for span in exported.spans()} >= {"send viber", "getContacts"}
    assert shown(told) == []
    assert shown(caplog.text) == []


async def test_nothing_of_a_cancelled_send(caplog: pytest.LogCaptureFixture) -> None:
    """A message that its caller gives up while it is on the wire is told of without its text."""
    exported = Exported()
    async with (
        Simulator(limits=FREE, faults=[Fault.hang()], api_token=TOKEN) as simulator,
        CleverAppClient(TOKEN, base_url=simulator.base_url, telemetry=exported.telemetry) as client,
    ):
        sending = asyncio.create_task(client.send_message(contact_id=CONTACT, text=TEXT))
        while not simulator.arrivals:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0)
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        told = exported.everything()
    assert len(exported.spans()) == 2
    assert shown(told + caplog.text) == []


def test_the_search_finds_what_it_looks_for() -> None:
    """The words would be found in each form in which they could be exported."""
    for secret in HIDDEN:
        for form in forms(secret):
            assert shown(f'{{"url": "x?a={form}&b"}}') == [secret]
