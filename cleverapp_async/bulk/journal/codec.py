"""Messages, keys and errors to what a journal's columns hold, and back."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias, cast

from ...errors import JournalError
from ...limits.quota import LimitKey
from ...models.messages import SendMessage, SendMessageToWhatsApp
from .records import ErrorRecord, JournalResult, JournalState

if TYPE_CHECKING:
    from ...models.messages import Message

__all__ = [
    "CODES",
    "STATES",
    "Cell",
    "ResultColumns",
    "decode_error",
    "decode_key",
    "decode_message",
    "decode_result",
    "digest_of",
    "encode_error",
    "encode_key",
    "encode_parameters",
    "state_of",
    "whole",
]

Cell: TypeAlias = str | int | float | bytes | None
"""A value of a column."""

ResultColumns: TypeAlias = tuple[
    float | None,  # ended_at
    int | None,  # permanent
    int | None,  # attempts
    float | None,  # waited
    float | None,  # on_wire
    int | str | None,  # contact_id
    str | None,  # the error's text
]
"""The columns of a fate that tell of its result, and its error."""

STATES = (
    JournalState.PENDING,
    JournalState.INTENT,
    JournalState.ACCEPTED,
    JournalState.REJECTED,
    JournalState.NOT_SENT,
    JournalState.UNKNOWN,
)
"""The states by their codes in the file: a place in this row never changes its meaning."""


def state_of(code: int | None) -> JournalState:
    """The state of a code; None stands for a message without a row."""
    return STATES[code or 0]


CODES = {state: code for code, state in enumerate(STATES)}

_LARGEST = 2**63 - 1
_METHODS = {kind.method: kind for kind in (SendMessage, SendMessageToWhatsApp)}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# For texts of a server, which may hold half a character: those no column of UTF-8 takes.
_escape = json.JSONEncoder(separators=(",", ":")).encode


def whole(number: int | None) -> int | str | None:
    """A whole number for a column, which holds 64 bits: a longer one goes as its digits."""
    if number is None or -_LARGEST <= number <= _LARGEST:
        return number
    return str(number)


def encode_parameters(message: Message) -> str:
    """The parameters of a message as compact JSON."""
    return _encode(message.parameters())


def decode_message(method: str, parameters: str | None) -> Message:
    """The message that two columns hold.

    Raises:
        JournalError: They hold none: purged, or written by something else.
    """
    if parameters is None:
        raise JournalError("the journal was purged: it no longer knows recipients and texts")
    try:
        return _METHODS[method](**json.loads(parameters))
    except (KeyError, TypeError, ValueError):
        raise JournalError("the journal is damaged: a message in it is none") from None


def digest_of(method: str, parameters: str) -> bytes:
    """What a left-out duplicate is recognized by: 16 bytes of its method and parameters."""
    canonical = json.dumps(json.loads(parameters), sort_keys=True)
    return blake2b(f"{method}\0{canonical}".encode(), digest_size=16).digest()


def encode_key(key: LimitKey | None) -> tuple[Cell, Cell, Cell]:
    """The columns of a limit key; all None where the route is not known."""
    return (None, None, None) if key is None else (whole(key.bot_id), key.messenger, key.scope)


def decode_key(bot_id: Cell, messenger: Cell, scope: Cell) -> LimitKey | None:
    """The limit key that three columns hold."""
    if messenger is None:
        return None
    return LimitKey(None if bot_id is None else int(bot_id), str(messenger), str(scope))


def encode_error(error: ErrorRecord) -> str:
    """An error as JSON in ASCII."""
    return _escape([error.type, error.status, error.message, error.fields])


def decode_error(told: str) -> ErrorRecord:
    """The error that :func:`encode_error` wrote."""
    kind, status, message, fields = cast(
        "tuple[str, int | None, str, list[tuple[str, str | None, list[str], str]]]",
        tuple(json.loads(told)),
    )
    return ErrorRecord(
        type=kind,
        message=message,
        status=status,
        fields=tuple((name, rule, tuple(related), text) for name, rule, related, text in fields),
    )


def decode_result(state: JournalState, columns: ResultColumns) -> JournalResult | None:
    """The result that the columns of a fate hold; None where the state tells of none."""
    if state in {JournalState.PENDING, JournalState.INTENT}:
        return None
    ended_at, permanent, attempts, waited, on_wire, contact_id, told = columns
    return JournalResult(
        state=state,
        ended_at=ended_at or 0.0,
        permanent=bool(permanent),
        attempts=attempts or 0,
        waited=waited,
        on_wire=on_wire,
        contact_id=None if contact_id is None else int(contact_id),
        error=None if told is None else decode_error(told),
    )
