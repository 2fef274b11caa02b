"""The messages of a campaign: whom they go to, how a journal keeps them, how they are found again.

A message has a reference, which a journal keeps beside it and gives back. An export has the columns
of the outcome, of the message and of its reference side by side. A name that outcomes or messages
have a column for gets ``own_`` in front, and so does one that begins with ``own_`` and such a name:
taking it off once gives back what it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Generator,
    Iterable,
    Mapping,
)
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from json.encoder import encode_basestring as _quoted
from typing import TypeVar, cast

from attrs import define, field

from ..._arguments import check_instance, wrong_argument
from ...errors import InvalidRequestError, JournalError
from ...models.checks import NO_REFERENCE
from ...models.messages import Message, SendMessage, SendMessageToWhatsApp, check_message
from .codec import UNREADABLE, Cell, damaged, expect_text
from .protocol import Messages

__all__ = [
    "MESSAGE_COLUMNS",
    "MOST_COLUMNS",
    "OUTCOME_COLUMNS",
    "PLACE_COLUMNS",
    "RESULT_COLUMNS",
    "ReferenceColumns",
    "address_of",
    "check_messages",
    "closed_at_end",
    "decode_columns",
    "decode_message",
    "decode_reference",
    "digest_of",
    "encode_parameters",
    "encode_reference",
    "name_of_column",
    "read_messages",
    "reference_columns",
    "reference_text",
]

T = TypeVar("T")

PLACE_COLUMNS = ("row", "line")
"""The names by which the command line refers to a row of a list, which come first in an export."""

MESSAGE_COLUMNS = (
    *("contact_id", "bot_id", "messenger", "contact_external_id", "phone", "name"),
    *("text", "image", "file"),
)
"""The columns of the recipient and the message: the API's own names."""

RESULT_COLUMNS = (
    *("intent_at", "ended_at", "attempts", "waited", "on_wire", "answered_contact_id"),
    *("error", "status", "error_message", "error_fields"),
)
"""The columns of a result, in the order of an export."""

OUTCOME_COLUMNS = ("number", "index", "state", "outcome", "send_id", *RESULT_COLUMNS)
"""The columns that tell of an outcome, in whichever form."""

MOST_COLUMNS = 1000
"""Names that the references of one campaign may have together: each is a column of an export."""

_PREFIX = "own_"
# Any number of `own_` before a name of ours: taking one off is then right for every column.
_TAKEN = re.compile(rf"(?:{_PREFIX})*+(?:{'|'.join((*MESSAGE_COLUMNS, *OUTCOME_COLUMNS))})")
# What ``sendMessage`` has no parameter for, and what changes nothing where a list gives it.
_FREE = frozenset({"phone", "name"})


def encode_reference(message: Message) -> str | None:
    """The reference of a message as compact JSON; None where it has none."""
    if not message.reference:
        return None
    # Twice as quick as a whole encoder, for what holds texts alone.
    told = [f"{_quoted(name)}:{_quoted(text)}" for name, text in message.reference.items()]
    return f"{{{','.join(told)}}}"


def decode_reference(cell: Cell) -> Mapping[str, str]:
    """The reference that :func:`encode_reference` wrote; the message checks what it holds.

    Raises:
        JournalError: It is not one.
    """
    if cell is None:
        return NO_REFERENCE
    try:
        return cast("Mapping[str, str]", json.loads(expect_text(cell, "a reference")))
    except UNREADABLE:
        raise damaged("a reference in it is none") from None


@lru_cache(4 * MOST_COLUMNS)
def _column(name: str, method: str) -> str:
    if method == SendMessage.method and name in _FREE:
        return name
    return f"{_PREFIX}{name}" if _TAKEN.fullmatch(name) else name


def reference_columns(message: Message) -> dict[str, str]:
    """The reference of a message by the columns that an export has for it."""
    method = message.method
    return {_column(name, method): text for name, text in message.reference.items()}


def reference_text(message: Message) -> str:
    """The reference of a message in one line, such as ``line 5, order_id A-17``."""
    # A line tells the same as a row, and it is what an editor shows.
    needless = PLACE_COLUMNS[0] if PLACE_COLUMNS[1] in message.reference else None
    told = (f"{name} {text}" for name, text in message.reference.items() if name != needless)
    return ", ".join(told)


def name_of_column(column: str) -> str:
    """The name in a reference that a column of an export stands for."""
    taken = column.startswith(_PREFIX) and _TAKEN.fullmatch(column)
    return column.removeprefix(_PREFIX) if taken else column


@define(eq=False)
class ReferenceColumns:
    """Gathers the columns of references while messages are read in; there is a bound to them."""

    _found: dict[str, None] = field(factory=dict[str, None], init=False)
    _names: dict[str, set[str]] = field(factory=dict[str, set[str]], init=False)

    def add(self, message: Message) -> None:
        """Take note of a message.

        Raises:
            InvalidRequestError: There are too many different names.
        """
        if not message.reference:
            return
        names = self._names.setdefault(message.method, set())
        # Nearly every message has the names of the one before it.
        if names.issuperset(message.reference):
            return
        names.update(message.reference)
        for column in reference_columns(message):
            if column not in self._found:
                if len(self._found) == MOST_COLUMNS:
                    raise InvalidRequestError(
                        f"the references of the messages have more than {MOST_COLUMNS} different "
                        "names, each of which is a column of an export: use the same names for "
                        "all messages, and put what differs into the texts",
                        fields=("reference",),
                    )
                self._found[column] = None

    def encode(self) -> str:
        """All of them as JSON, in the order in which they came."""
        return json.dumps([*self._found])


def decode_columns(told: Cell) -> tuple[str, ...]:
    """The columns that :meth:`ReferenceColumns.encode` wrote; none where nothing was written.

    Raises:
        JournalError: They cannot be read.
    """
    if told is None:
        return ()
    found: object = None
    with suppress(*UNREADABLE):
        found = json.loads(expect_text(told, "the names of references"))
    if isinstance(found, list):
        names = cast("list[object]", found)
        if len(names) <= MOST_COLUMNS and all(isinstance(name, str) for name in names):
            return tuple(cast("list[str]", names))
    raise damaged("the names of references in it are none")


_WHATSAPP = "whatsapp"
_digits, _number, _text = int.__repr__, int.__index__, str.__str__


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
    # Plain texts and numbers: a class of the user's own that is one may compare as it likes.
    if isinstance(message, SendMessageToWhatsApp):
        return (_number(message.bot_id), _WHATSAPP, message.phone.removeprefix("+"))
    if message.contact_id is not None:
        return (_number(message.contact_id),)
    external_id = _text(message.contact_external_id or "")
    messenger = _text(message.messenger or "")
    if messenger == _WHATSAPP:
        external_id = external_id.removeprefix("+")
    return (_number(message.bot_id or 0), messenger, external_id)


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


_KINDS: frozenset[type[Message]] = frozenset((SendMessage, SendMessageToWhatsApp))
_METHODS: dict[object, type[Message]] = {kind.method: kind for kind in _KINDS}

_BATCH = 500


@asynccontextmanager
async def closed_at_end(steps: T) -> AsyncGenerator[T]:
    """End a generator that messages are read from; what else is iterated over stays as it is.

    Who keeps a generator would otherwise keep what it holds, such as a connection to a database. It
    ends in the task that read it, to which that may belong, as a time-out does.
    """
    try:
        yield steps
    finally:
        if isinstance(steps, AsyncGenerator):
            await steps.aclose()
        elif isinstance(steps, Generator):
            steps.close()


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
        async with closed_at_end(aiter(messages)) as steps:
            async for message in steps:
                batch.append(check_message(message, count))
                count += 1
                if len(batch) == _BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch
        return
    async with closed_at_end(iter(messages)) as given:
        # `islice` takes no more than a batch, so that a source that is slow or endless is read as
        # it is needed.
        while batch := list(islice(given, _BATCH)):
            # One look at the classes of all: each message by itself is looked at where one is
            # foreign.
            if not _KINDS.issuperset(map(type, batch)):
                for index, one in enumerate(batch, count):
                    check_message(one, index)
            count += len(batch)
            yield batch


def encode_parameters(message: Message) -> str:
    """The parameters of a message as compact JSON."""
    # Piece by piece, several times as quick as any encoder of mappings: each message of a campaign
    # goes through here. The order is that of `parameters`.
    if isinstance(message, SendMessageToWhatsApp):
        told = (
            f'"bot_id":{_digits(message.bot_id)},"phone":{_quoted(message.phone)},'
            f'"text":{_quoted(message.text)}'
        )
        if message.name is not None:
            told = f'{told},"name":{_quoted(message.name)}'
        return f"{{{told}}}"
    if message.contact_id is not None:
        told = f'"contact_id":{_digits(message.contact_id)}'
    else:
        told = (
            f'"bot_id":{_digits(message.bot_id or 0)},'
            f'"messenger":{_quoted(message.messenger or "")},'
            f'"contact_external_id":{_quoted(message.contact_external_id or "")}'
        )
    if message.text is not None:
        told = f'{told},"text":{_quoted(message.text)}'
    if message.image is not None:
        told = f'{told},"image":{_quoted(message.image)}'
    if message.file is not None:
        told = f'{told},"file":{_quoted(message.file)}'
    return f"{{{told}}}"


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
    # Sorted: another release may write the parameters in another order, and the message is the
    # same.
    canonical = json.dumps(json.loads(parameters), sort_keys=True)
    return blake2b(f"{method}\0{canonical}".encode(), digest_size=16).digest()
