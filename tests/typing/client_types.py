"""What checkers say of the client: checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from cleverapp_async import (
    BulkRun,
    CleverAppClient,
    Contact,
    IncomingWebhook,
    Lane,
    Message,
    Messenger,
    Outcome,
    RetryPolicy,
    Route,
    SendMessage,
    SendMessageToWhatsApp,
    SendOutcome,
    SendReceipt,
    SqliteJournal,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable


async def addressing(client: CleverAppClient) -> None:
    """Both addressings answer a receipt; a mixture is no overload."""
    assert_type(await client.send_message(contact_id=1, text="Hi"), SendReceipt)
    assert_type(
        await client.send_message(contact_id=1, image="https://x/y", route=Route(7, "viber")),
        SendReceipt,
    )
    assert_type(
        await client.send_message(
            bot_id=7, messenger=Messenger.VK, contact_external_id="1", file="https://x/y"
        ),
        SendReceipt,
    )
    await client.send_message(text="Hi")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    await client.send_message(contact_id=1, bot_id=7, text="Hi")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    await client.send_message(bot_id=7, messenger="viber", text="Hi")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
    await client.send_message(contact_id="1", text="Hi")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]
    await client.send_message(1, text="Hi")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]


async def webhook(hook: IncomingWebhook, texts: dict[str, str], items: list[int]) -> None:
    """Mappings and lists of whatever JSON holds are payloads; a trigger answers a receipt."""
    assert_type(await hook.trigger(texts), SendReceipt)
    assert_type(await hook.trigger(items, deadline=5, lane=Lane.BULK), SendReceipt)
    await hook.trigger_contact(contact_by="telegram_id", search=1, variables=texts)
    await hook.trigger({1: "a"})  # type: ignore[dict-item] # pyright: ignore[reportArgumentType]
    await hook.trigger(7)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await hook.trigger_contact("telegram_id", 1)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


async def whatsapp(client: CleverAppClient) -> None:
    """Writing to a number answers the contact."""
    contact = await client.send_message_to_whatsapp(bot_id=7, phone="79991234567", text="Hi")
    assert_type(contact, Contact)
    assert_type(contact.route, Route | None)


async def models(
    client: CleverAppClient,
    one: SendMessage,
    direct: SendMessageToWhatsApp,
) -> None:
    """What ``send`` answers follows from what is sent."""
    assert_type(await client.send(one), SendReceipt)
    assert_type(await client.send(direct, deadline=5.0), Contact)
    await client.send("Hi")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]


async def bulk(
    client: CleverAppClient, some: Iterable[SendMessage], more: AsyncIterable[Message]
) -> None:
    """Any iterable of messages goes in; outcomes come out, with messages that go in again."""
    assert_type(client.send_many(some), BulkRun)
    async with client.send_many(more) as run:
        async for outcome in run:
            assert_type(outcome, SendOutcome)
            assert_type(outcome.outcome, Outcome)
            assert_type(outcome.message, Message)
            assert_type(outcome.receipt, SendReceipt | None)
    assert_type(client.run_campaign(SqliteJournal("run.db"), some), BulkRun)
    client.run_campaign(SqliteJournal("run.db"))
    client.run_campaign(some)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    rest = [outcome.message async for outcome in client.send_many([]) if not outcome.accepted]
    client.send_many(rest)
    client.send_many(["Hi"])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]


async def entering(token: str) -> None:
    """``async with`` gives the class that was made, a subclass too."""

    class Own(CleverAppClient):
        """A user's own."""

    assert_type(Own.from_env(), Own)
    async with Own(token) as client:
        assert_type(client, Own)
        assert_type(client.with_options(deadline=5, lane=Lane.BULK), Own)
        assert_type(client.with_options(retry=RetryPolicy(), on_event=(print,)), Own)
        client.with_options(max_in_flight=1)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        client.with_options(deadline="30s")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        await client.send_message(contact_id=1, text="Hi", lane=Lane.BULK, deadline=None)
        await client.get_me(lane="bulk")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def misused(client: CleverAppClient) -> None:
    """What a run only refuses at run time, checkers refuse before."""
    run = client.send_many([])
    await run  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues]
    for _ in run:  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass
    with client:  # type: ignore[attr-defined] # pyright: ignore[reportGeneralTypeIssues]
        pass
