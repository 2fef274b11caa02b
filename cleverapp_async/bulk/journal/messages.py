"""The messages of a campaign: whom they go to, how they are read in, how a journal keeps them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from hashlib import blake2b
from itertools import islice
from json.encoder import encode_basestring as _quoted

from ..._arguments import check_instance, wrong_argument
from ...errors import InvalidRequestError, JournalError
from ...models.messages import Message, SendMessage, SendMessageToWhatsApp, check_message
from .codec import UNREADABLE, Cell, damaged, expect_text
from .protocol import Messages
from .reference import MESSAGE_COLUMNS, decode_reference

__all__ = [
    "address_of",
    "check_messages",
    "decode_message",
    "digest_of",
    "encode_parameters",
    "read_messages",
]

_WHATSAPP = "whatsapp"


def address_of(message: Message) -> tuple[int | str, ...]:
    """The recipient of a message: two messages with the same address reach the same person.

    A contact's id; or the bot, the messenger and the contact's id in it. The number of
    ``sendMessageToWhatsApp`` is the contact's id in WhatsApp, so both ways of writing to it count
    as one. That a contact's id and such a triple name the same person cannot be seen.

    Raises:
        InvalidRequestError: It is no message.
    """
    wanted = "a SendMessage or SendMessageToWhatsApp"
    check_instance("message", message, Message, wanted, wrong_argument)
    if isinstance(message, SendMessageToWhatsApp):
        return (message.bot_id, _WHATSAPP, message.phone.removeprefix("+"))
    if message.contact_id is not None:
        return (message.contact_id,)
    external_id = message.contact_external_id or ""
    if message.messenger == _WHATSAPP:
        external_id = external_id.removeprefix("+")
    return (message.bot_id or 0, message.messenger or "", external_id)


def check_messages(messages: object) -> None:
    """Make sure that messages can be iterated over; what they are is seen when they are read.

    Raises:
        InvalidRequestError: They are a single message, text, a mapping, or nothing to iterate over.
    """
    if messages is None:
        # Somebody who resumes a campaign may pass it, and would learn of it only on the way.
        raise InvalidRequestError(
            "nothing to send: give messages, or resume a campaign with run_campaign(journal)",
            fields=("messages",),
        )
    if isinstance(messages, Message):
        raise InvalidRequestError(
            "messages must be an iterable of messages, not a single one: give [message], or send "
            "it alone by send_message",
            fields=("messages",),
        )
    if not _are_many(messages):
        wanted = "an iterable or async iterable of SendMessage or SendMessageToWhatsApp"
        raise wrong_argument("messages", wanted, messages)


def _are_many(messages: object) -> bool:
    if isinstance(messages, str | bytes | bytearray | memoryview | Mapping | type):
        return False
    return isinstance(messages, Iterable | AsyncIterable)


_BATCH = 400


async def read_messages(messages: Messages) -> AsyncGenerator[list[Message]]:
    """Read messages in batches, each of which keeps the event loop busy for a few milliseconds.

    Raises:
        InvalidRequestError: Something given is no message; its index is named. Or nothing that
            gives messages is given.
    """
    check_messages(messages)
    count = 0
    batch: list[Message] = []
    if isinstance(messages, AsyncIterable):
        async for message in messages:
            batch.append(check_message(message, count))
            count += 1
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
        return
    given = iter(messages)
    while batch := [
        check_message(one, index) for index, one in enumerate(islice(given, _BATCH), count)
    ]:
        count += len(batch)
        yield batch


_METHODS: dict[object, type[Message]] = {
    kind.method: kind for kind in (SendMessage, SendMessageToWhatsApp)
}

_NAMES = {name: f"{_quoted(name)}:" for name in MESSAGE_COLUMNS}


def encode_parameters(message: Message) -> str:
    """The parameters of a message as compact JSON."""
    # Twice as quick as a whole encoder, for what holds texts and numbers alone.
    told = [
        f"{_NAMES[name]}{_quoted(value) if isinstance(value, str) else int.__repr__(value)}"
        for name, value in message.parameters().items()
    ]
    return f"{{{','.join(told)}}}"


def decode_message(method: Cell, parameters: Cell, reference: Cell = None) -> Message:
    """The message with this method, these parameters and this reference.

    Raises:
        JournalError: They hold none: purged, or written by something else.
    """
    if parameters is None:
        raise JournalError("the journal was purged: it no longer knows recipients and texts")
    try:
        message = _METHODS[method](
            **json.loads(expect_text(parameters, "a message")),
            reference=decode_reference(reference),
        )
    except UNREADABLE:
        pass
    else:
        return message
    raise damaged("a message in it is none")


def digest_of(method: str, parameters: str) -> bytes:
    """What a left-out duplicate is recognized by: 16 bytes of its method and parameters."""
    canonical = json.dumps(json.loads(parameters), sort_keys=True)
    return blake2b(f"{method}\0{canonical}".encode(), digest_size=16).digest()
