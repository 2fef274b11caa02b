"""Messages, fates and results to what Redis holds, and back."""

from __future__ import annotations

import json
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from attrs import evolve, frozen

from ...bulk.journal.codec import decode_error, decode_key, encode_error, encode_key
from ...bulk.journal.messages import address_of, decode_message, digest_of, encode_parameters
from ...bulk.journal.records import JournalEntry, JournalResult, JournalState
from ...errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...limits.quota import LimitKey
    from ...models.messages import Message

__all__ = [
    "Code",
    "Fate",
    "address_digest",
    "code_of",
    "decode_stored",
    "digest_text",
    "entry_of",
    "key_of_text",
    "key_to_text",
    "read_fate",
    "result_to_text",
    "stored_message",
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
class Fate:
    """What is known of one message.

    Attributes:
        code: Its state.
        intent_at: Unix seconds of its last intent; None: there was none.
        result: Its last result as text; empty: there was none.
        earlier: Attempts before the last one.
    """

    code: Code = Code.PENDING
    intent_at: float | None = None
    result: str = ""
    earlier: int = 0


def code_of(result: JournalResult) -> Code:
    """The state that a result leads to."""
    if result.state is JournalState.REJECTED and not result.permanent:
        return Code.REFUSED
    return Code[result.state.name]


def stored_message(message: Message) -> str:
    """A message as a chunk holds it, behind the row of its key."""
    return f"{message.method}\n{encode_parameters(message)}"


def decode_stored(stored: str) -> tuple[str, Message]:
    """The row of the key, and the message, that a chunk holds.

    Raises:
        JournalError: It is no message.
    """
    parts = stored.split("\n", 2)
    if len(parts) != 3:  # noqa: PLR2004 - row, method, parameters
        raise JournalError("the journal holds a message that is none: it is damaged")
    row, method, parameters = parts
    return row, decode_message(method, parameters)


def address_digest(message: Message) -> str:
    """Whom a message goes to, in 32 characters."""
    told = "\0".join(map(str, address_of(message)))
    return blake2b(told.encode(), digest_size=16).hexdigest()


def digest_text(message: Message) -> str:
    """What a left-out duplicate is recognized by."""
    return digest_of(message.method, encode_parameters(message)).hex()


def key_to_text(key: LimitKey | None) -> str:
    """A limit key as text."""
    return json.dumps(encode_key(key))


def key_of_text(told: str) -> LimitKey | None:
    """The limit key that :func:`key_to_text` wrote."""
    return decode_key(*cast("list[str | int | None]", json.loads(told)))


def result_to_text(result: JournalResult) -> str:
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


def _result_of(code: Code, told: str) -> JournalResult | None:
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


def read_fate(raw: str | None) -> Fate:
    """The fate that the scripts wrote; see ``lua/fates.lua``."""
    if not raw:
        return Fate()
    code, _, _, _, intent_at, result = raw.split("|", 5)
    moment, _, earlier = intent_at.partition(",")
    return Fate(Code(code), float(moment) if moment else None, result, int(earlier or 0))


def entry_of(
    index: int, stored: str, fate: Fate, keys: Mapping[str, LimitKey | None]
) -> JournalEntry:
    """One message of a campaign, and what is known of it.

    Raises:
        JournalError: It is no message.
        KeyError: The row of its key is not there.
    """
    row, message = decode_stored(stored)
    entry = JournalEntry(index=index, message=message, key=keys[row])
    if fate.code is Code.PENDING and fate.intent_at is None:
        return entry
    return evolve(
        entry,
        state=fate.code.state,
        intent_at=fate.intent_at,
        result=_result_of(fate.code, fate.result),
        earlier=fate.earlier,
    )
