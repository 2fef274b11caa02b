"""Messages, their states and results to what Redis holds, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from hashlib import blake2b
from typing import cast

from attrs import evolve, frozen

from ...bulk.journal.by_hand import without_texts
from ...bulk.journal.codec import decode_error, decode_key, encode_error, encode_key
from ...bulk.journal.messages import address_of, decode_message, digest_of, encode_parameters
from ...bulk.journal.records import JournalEntry, JournalResult, JournalSession, JournalState
from ...bulk.journal.reference import encode_reference
from ...errors import JournalError
from ...limits.quota import LimitKey
from ...models.messages import Message

__all__ = [
    "Code",
    "MessageState",
    "address_digest",
    "code_of",
    "decode_entry",
    "decode_key_text",
    "decode_result",
    "decode_session",
    "decode_state",
    "decode_stored",
    "encode_key_text",
    "encode_result",
    "encode_session",
    "encode_stored",
    "erase_texts",
    "message_digest",
]


class Code(Enum):
    """The states as the scripts know them: a refusal that may pass is one of its own."""

    PENDING = "0"
    INTENT = "1"
    ACCEPTED = "2"
    REJECTED = "3"
    NOT_SENT = "4"
    UNKNOWN = "5"
    REFUSED = "6"

    @property
    def state(self) -> JournalState:
        """The state that a journal tells."""
        return JournalState.REJECTED if self is Code.REFUSED else JournalState[self.name]


@frozen
class MessageState:
    """What is known of one message.

    Attributes:
        code: Its state.
        row: The row of its limit key; empty where nothing was written about it.
        intent_at: Unix seconds of its last intent; None: there was none.
        result: Its last result as text; empty: there was none.
        earlier: Attempts before the last one.
    """

    code: Code = Code.PENDING
    row: str = ""
    intent_at: float | None = None
    result: str = ""
    earlier: int = 0


def code_of(result: JournalResult) -> Code:
    """The state that a result leads to."""
    if result.state is JournalState.REJECTED and not result.permanent:
        return Code.REFUSED
    return Code[result.state.name]


def encode_stored(message: Message) -> str:
    """A message as a chunk holds it, behind the row of its key; its reference comes last."""
    stored = f"{message.method}\n{encode_parameters(message)}"
    reference = encode_reference(message)
    return stored if reference is None else f"{stored}\n{reference}"


def decode_stored(stored: str) -> tuple[str, Message]:
    """The row of the key, and the message, that a chunk holds.

    Raises:
        JournalError: It is no message, or was purged.
    """
    row, *parts = stored.split("\n", 3)
    if len(parts) not in {2, 3}:  # method, parameters, and the reference where there is one
        raise JournalError("the journal holds a message that is none: it is damaged")
    method, parameters, *reference = parts
    return row, decode_message(method, parameters or None, *reference)


def address_digest(message: Message) -> str:
    """Whom a message goes to, in 32 characters."""
    told = "\0".join(map(str, address_of(message)))
    return blake2b(told.encode(), digest_size=16).hexdigest()


def message_digest(message: Message) -> str:
    """What a left-out duplicate is recognized by."""
    return digest_of(message.method, encode_parameters(message)).hex()


def encode_key_text(key: LimitKey | None) -> str:
    """A limit key as text."""
    return json.dumps(encode_key(key))


def decode_key_text(told: str) -> LimitKey | None:
    """The limit key that :func:`encode_key_text` wrote."""
    return decode_key(*cast("list[str | int | None]", json.loads(told)))


def encode_result(result: JournalResult) -> str:
    """A result without its state, in ASCII."""
    return json.dumps(
        [
            result.ended_at,
            result.attempts,
            result.waited,
            result.on_wire,
            result.contact_id,
            None if result.error is None else encode_error(result.error),
        ]
    )


def decode_result(code: Code, told: str) -> JournalResult | None:
    """The result that :func:`encode_result` wrote; None where the state has none."""
    if not told or code in {Code.PENDING, Code.INTENT}:
        return None
    ended_at, attempts, waited, on_wire, contact_id, error = cast(
        "tuple[float, int, float | None, float | None, int | None, str | None]",
        tuple(json.loads(told)),
    )
    return JournalResult(
        state=code.state,
        ended_at=ended_at,
        permanent=code is Code.REJECTED,
        attempts=attempts,
        waited=waited,
        on_wire=on_wire,
        contact_id=contact_id,
        error=None if error is None else decode_error(error),
    )


def decode_state(raw: str | None) -> MessageState:
    """The state that the scripts wrote; see ``lua/fates.lua``."""
    if not raw:
        return MessageState()
    code, _, row, _, intent_at, result = raw.split("|", 5)
    moment, _, earlier = intent_at.partition(",")
    begun = float(moment) if moment else None
    return MessageState(Code(code), row, begun, result, int(earlier or 0))


def erase_texts(raw: str) -> str:
    """What became of a message, as the scripts keep it, without a contact and an error's text."""
    *known, told = raw.split("|", 5)
    if not told:
        return raw
    *figures, _, error = cast("list[object]", json.loads(told))
    bare = None if error is None else encode_error(without_texts(decode_error(str(error))))
    return "|".join([*known, json.dumps([*figures, None, bare])])


def encode_session(session: JournalSession) -> str:
    """One run as text."""
    return json.dumps(
        {
            "started_at": session.started_at,
            "ended_at": session.ended_at,
            "pid": session.pid,
            "host": session.host,
            "ended": session.ended,
        }
    )


def decode_session(told: str) -> JournalSession:
    """The run that :func:`encode_session` wrote.

    Raises:
        ValueError: It is none.
        TypeError: The same.
        KeyError: The same.
    """
    kept = json.loads(told)
    return JournalSession(
        started_at=kept["started_at"],
        ended_at=kept["ended_at"],
        pid=kept["pid"],
        host=kept["host"],
        ended=kept["ended"],
    )


def decode_entry(
    index: int, stored: str, known: MessageState, keys: Mapping[str, LimitKey | None]
) -> JournalEntry:
    """One message of a campaign, and what is known of it.

    Raises:
        JournalError: It is no message.
        KeyError: The row of its key is not there.
    """
    row, message = decode_stored(stored)
    entry = JournalEntry(index=index, message=message, key=keys[row])
    if known.code is Code.PENDING and known.intent_at is None:
        return entry
    return evolve(
        entry,
        state=known.code.state,
        intent_at=known.intent_at,
        result=decode_result(known.code, known.result),
        earlier=known.earlier,
    )
