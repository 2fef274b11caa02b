"""Errors say where something is wrong, and never show a recipient, a phone number or a text."""

from __future__ import annotations

import traceback
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest

from cleverapp_async import (
    CleverAppError,
    InvalidRequestError,
    LimiterRegistry,
    Outcome,
    SendMessage,
    SendMessageToWhatsApp,
    SqliteJournal,
    UnexpectedResponseError,
)
from cleverapp_async._call import Call
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.journal import JournalMismatchError
from tests.transport.rig import SUCCESS, client_of, http, raw_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from cleverapp_async import BulkRun, CleverAppClient, Message, SendOutcome
    from cleverapp_async.limits import Limiter

PHONE = "79991234567"
TEXT = "Личный ответ"


def clean(error: BaseException) -> bool:
    """Whether an error, without the lines of this test's source, shows nothing of a person."""
    report = traceback.TracebackException.from_exception(error)
    following: BaseException | None = error
    told = [repr(error), repr(vars(error)), *report.format_exception_only()]
    while following is not None:
        told += [str(following), repr(following.args)]
        following = following.__cause__ or following.__context__
    return not any(one in "".join(told) for one in (PHONE, TEXT, TEXT[:6]))


class Hostile:
    """An object that shows what it holds."""

    def __repr__(self) -> str:
        """As attrs would."""
        return f"Hostile(phone={PHONE!r}, text={TEXT!r})"

    def __str__(self) -> str:
        """The same."""
        return repr(self)


class Refusing:
    """An object that cannot even be shown."""

    def __repr__(self) -> str:
        """Fail."""
        raise LookupError(PHONE)


WRONG = [
    PHONE,
    f"+{PHONE} {TEXT}",
    int(PHONE),
    float(PHONE),
    Decimal(PHONE),
    -int(PHONE),
    [TEXT],
    {"text": TEXT},
    {1: TEXT},
    TEXT.encode(),
    Hostile(),
    Refusing(),
    f"https://a b.example/{PHONE}",
]

REQUESTS: dict[str, Callable[[Any], object]] = {
    "contact_id": lambda bad: SendMessage(contact_id=bad, text="Hi"),
    "bot_id": lambda bad: SendMessage(
        bot_id=bad, messenger="viber", contact_external_id="1", text="Hi"
    ),
    "messenger": lambda bad: SendMessage(
        bot_id=1, messenger=bad, contact_external_id="1", text="Hi"
    ),
    "contact_external_id": lambda bad: SendMessage(
        bot_id=1, messenger="viber", contact_external_id=bad, text="Hi"
    ),
    "text": lambda bad: SendMessage(contact_id=1, text=bad),
    "image": lambda bad: SendMessage(contact_id=1, image=bad),
    "file": lambda bad: SendMessage(contact_id=1, file=bad),
    "phone": lambda bad: SendMessageToWhatsApp(bot_id=1, phone=bad, text="Hi"),
    "text of WhatsApp": lambda bad: SendMessageToWhatsApp(bot_id=1, phone="79990000001", text=bad),
    "name": lambda bad: SendMessageToWhatsApp(bot_id=1, phone="79990000001", text="Hi", name=bad),
}


@pytest.mark.parametrize("make", REQUESTS.values(), ids=REQUESTS)
def test_a_refused_request_shows_no_value(make: Callable[[Any], object]) -> None:
    """A value of a wrong kind is told by its kind, whatever its own repr would show."""
    errors: list[InvalidRequestError] = []
    for bad in WRONG:
        try:
            make(bad)
        except InvalidRequestError as error:
            errors.append(error)
    assert len(errors) >= 7
    assert all(error.fields for error in errors)
    assert [error for error in errors if not clean(error)] == []


CALLS: dict[str, Callable[[CleverAppClient, Any], Awaitable[object]]] = {
    "get_contacts": lambda client, bad: client.get_contacts(bot_id=bad),
    "attach_tag": lambda client, bad: client.attach_tag_to_contact(contact_id=1, name=bad),
    "set_variable": lambda client, bad: client.set_contact_variable(
        contact_id=bad, name="a", value="b"
    ),
    "call": lambda client, bad: client.call(cast("str", bad)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_refused_call_shows_no_value(
    call: Callable[[CleverAppClient, Any], Awaitable[object]],
) -> None:
    """The same for the other methods, and for a name of a method with something behind it."""
    bad = f"sendMessage?phone={PHONE}&text={TEXT}"
    async with client_of("http://127.0.0.1:9/api/v1") as client:
        with pytest.raises(CleverAppError) as caught:
            await call(client, bad)
    assert clean(caught.value)


@pytest.mark.parametrize("key", [PHONE.encode(), (TEXT,), float(PHONE), Decimal(PHONE)])
async def test_a_refused_key_is_not_shown(key: object) -> None:
    """A key of a mapping that is no string is told by its kind, as a value is."""
    async with client_of("http://127.0.0.1:9/api/v1") as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.call("addListItem", params={"data": {key: 1}})
    assert caught.value.fields == ("data",)
    assert clean(caught.value)


async def _all(run: BulkRun) -> list[SendOutcome]:
    return [outcome async for outcome in run]


async def sources(bad: object) -> list[CleverAppError]:
    """What a run says of a source that gives something else than messages."""

    async def lazily() -> Any:  # noqa: ANN401 - an async generator of anything
        yield SendMessage(contact_id=1, text=TEXT)
        yield bad

    errors: list[CleverAppError] = []
    for source in ([SendMessage(contact_id=1, text=TEXT), bad], lazily()):
        async with raw_server(SUCCESS) as raw, client_of(raw.base_url) as client:
            run = client.send_many(cast("Iterable[Message]", source))
            (error,) = [outcome.error async for outcome in run if outcome.error is not None]
            assert isinstance(error, InvalidRequestError)
            errors.append(error)
    return errors


@pytest.mark.parametrize("bad", [Hostile(), Refusing(), {"phone": PHONE, "text": TEXT}, PHONE])
async def test_a_source_that_gives_no_message_is_told_by_place_and_type(bad: object) -> None:
    """The number and the type, and nothing of what the object would show of itself."""
    for error in await sources(bad):
        assert clean(error)
        assert "message 2, counted from 1" in str(error)
        assert type(bad).__name__ in str(error)


async def test_a_journal_of_other_messages_is_told_by_place_and_field(tmp_path: Path) -> None:
    """Which message differs and in what, and neither the recipient nor the text of either side."""

    def message(phone: str, text: str) -> SendMessage:
        return SendMessage(bot_id=1, messenger="viber", contact_external_id=phone, text=text)

    first = [message(PHONE, TEXT)]
    others = [
        [message(PHONE, "another")],
        [message("79990000001", TEXT)],
        [message(PHONE, f"{TEXT} {PHONE}")],
        [SendMessage(contact_id=int(PHONE), text=TEXT)],
    ]
    journal = SqliteJournal(tmp_path / "run.db")
    async with raw_server(SUCCESS) as raw, client_of(raw.base_url) as client:
        outcomes = await _all(client.run_campaign(journal, first))
        assert [one.outcome for one in outcomes] == [Outcome.ACCEPTED]
        for messages in others:
            with pytest.raises(JournalMismatchError) as caught:
                await _all(client.run_campaign(journal, messages))
            assert caught.value.index == 0
            assert clean(caught.value)
            assert "message 1" in str(caught.value)


async def test_a_fault_of_a_users_limiter_is_told_by_type_and_place() -> None:
    """An unexpected exception may hold the message in its text: its type and line have to do."""

    def broken(*_: object) -> Limiter:
        raise LookupError(f"no limiter for {PHONE}: {TEXT}")

    limits = LimiterRegistry(factory=broken)
    async with client_of("http://127.0.0.1:9/api/v1", limits=limits) as client:
        messages = [SendMessage(bot_id=1, messenger="viber", contact_external_id=PHONE, text=TEXT)]
        (outcome,) = await _all(client.send_many(messages))
    assert outcome.outcome is Outcome.NOT_SENT
    assert outcome.error is not None
    assert clean(outcome.error)
    assert "LookupError" in str(outcome.error)
    assert "(test_personal_data.py:" in str(outcome.error)


@pytest.mark.parametrize(
    "answer",
    [
        f'{{"data": {{"id": "{PHONE}", "created_at": "{TEXT}"}}}}',
        f'{{"data": "{PHONE} {TEXT}"}}',
        f'{{"data": ["{PHONE}", "{TEXT}"]}}',
        f'{{"data": {{"id": 1, "created_at": ["{PHONE}", "{TEXT}"]}}}}',
        f"<p>{PHONE} {TEXT}</p>",
        f'"{PHONE}"',
    ],
)
async def test_an_answer_that_cannot_be_read_is_told_by_place_and_kind(answer: str) -> None:
    """The contact that a server answered stands in ``body`` alone, not in the error's text."""
    async with raw_server(http(answer.encode())) as raw, client_of(raw.base_url) as client:
        with pytest.raises(UnexpectedResponseError) as caught:
            await client.send_message_to_whatsapp(bot_id=1, phone=PHONE, text=TEXT)
    error = caught.value
    assert PHONE not in str(error)
    assert TEXT[:6] not in str(error)
    assert error.__context__ is None
    assert PHONE in str(error.body)


def test_a_call_does_not_show_its_parameters() -> None:
    """Reports that show the variables of frames show of a call the method alone."""
    call = Call(endpoint=ENDPOINTS["sendMessage"], parameters={"text": TEXT}, contact_id=int(PHONE))
    assert TEXT not in repr(call)
    assert PHONE not in repr(call)
    assert "sendMessage" in repr(call)
