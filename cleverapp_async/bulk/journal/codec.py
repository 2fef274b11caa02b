"""Messages, keys and errors to what a journal's columns hold, and back."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TypeAlias, cast

from ...errors import JournalError
from ...limits.quota import LimitKey
from ...models.messages import Message, SendMessage, SendMessageToWhatsApp
from .cells import a_duration, a_moment, a_number, a_text, damaged
from .records import ErrorRecord, JournalResult, JournalState

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

ResultColumns: TypeAlias = tuple[Cell, Cell, Cell, Cell, Cell, Cell, Cell]
"""The columns of a fate that tell of its result, and its error: ``ended_at``, ``permanent``,
``attempts``, ``waited``, ``on_wire``, ``contact_id``, and the error's text."""

STATES = (
    JournalState.PENDING,
    JournalState.INTENT,
    JournalState.ACCEPTED,
    JournalState.REJECTED,
    JournalState.NOT_SENT,
    JournalState.UNKNOWN,
)
"""The states by their codes in the file: a place in this row never changes its meaning."""


def state_of(code: Cell) -> JournalState:
    """The state of a code; None stands for a message without a row.

    Raises:
        JournalError: There is no such code.
    """
    if code is None:
        return STATES[0]
    if not isinstance(code, int) or not 0 <= code < len(STATES):
        raise damaged("a state in it is none")
    return STATES[code]


CODES = {state: code for code, state in enumerate(STATES)}

_LARGEST = 2**63 - 1
_METHODS: dict[object, type[Message]] = {
    kind.method: kind for kind in (SendMessage, SendMessageToWhatsApp)
}
# What reading JSON and making something of it raises, whatever it says: nested too deep, a number
# of too many digits, a list where an object should be.
_WRONG = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

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


def decode_message(method: Cell, parameters: Cell) -> Message:
    """The message that two columns hold.

    Raises:
        JournalError: They hold none: purged, or written by something else.
    """
    if parameters is None:
        raise JournalError("the journal was purged: it no longer knows recipients and texts")
    try:
        message = _METHODS[method](**json.loads(a_text(parameters, "a message")))
    except _WRONG:
        pass
    else:
        return message
    raise damaged("a message in it is none")


def digest_of(method: str, parameters: str) -> bytes:
    """What a left-out duplicate is recognized by: 16 bytes of its method and parameters."""
    canonical = json.dumps(json.loads(parameters), sort_keys=True)
    return blake2b(f"{method}\0{canonical}".encode(), digest_size=16).digest()


def encode_key(key: LimitKey | None) -> tuple[Cell, Cell, Cell]:
    """The columns of a limit key; all None where the route is not known."""
    return (None, None, None) if key is None else (whole(key.bot_id), key.messenger, key.scope)


def decode_key(bot_id: Cell, messenger: Cell, scope: Cell) -> LimitKey | None:
    """The limit key that three columns hold.

    Raises:
        JournalError: They hold none.
    """
    if messenger is None:
        return None
    return LimitKey(
        None if bot_id is None else a_number(bot_id, "a bot"),
        a_text(messenger, "a messenger"),
        a_text(scope, "a method"),
    )


def encode_error(error: ErrorRecord) -> str:
    """An error as JSON in ASCII."""
    return _escape([error.type, error.status, error.message, error.fields])


def decode_error(told: Cell) -> ErrorRecord:
    """The error that :func:`encode_error` wrote.

    Raises:
        JournalError: It is none.
    """
    try:
        kind, status, message, fields = json.loads(a_text(told, "an error"))
        error = ErrorRecord(
            type=kind,
            message=message,
            status=status,
            fields=tuple(
                (name, rule, tuple(related), text) for name, rule, related, text in fields
            ),
        )
        sound = _is_sound(error)
    except _WRONG:
        sound = False
    else:
        if sound:
            return error
    raise damaged("an error in it is none")


def _is_sound(error: ErrorRecord) -> bool:
    """Whether everything in an error is of the kind that it should be."""
    texts: list[object] = [error.type, error.message]
    for name, rule, related, text in error.fields:
        texts += [name, text, *related, *([] if rule is None else [rule])]
    if not all(isinstance(text, str) for text in texts):
        return False
    status = cast("object", error.status)
    return status is None or (isinstance(status, int) and abs(status) <= _LARGEST)


def decode_result(state: JournalState, columns: ResultColumns) -> JournalResult | None:
    """The result that the columns of a fate hold; None where the state tells of none.

    Raises:
        JournalError: They hold something else.
    """
    if state in {JournalState.PENDING, JournalState.INTENT}:
        return None
    ended_at, permanent, attempts, waited, on_wire, contact_id, told = columns
    return JournalResult(
        state=state,
        ended_at=a_moment(ended_at or 0.0, "the end of a message"),
        permanent=bool(permanent),
        attempts=a_number(attempts or 0, "the attempts of a message"),
        waited=a_duration(waited, "the wait of a message"),
        on_wire=a_duration(on_wire, "the time of a message on the wire"),
        contact_id=None if contact_id is None else a_number(contact_id, "a contact"),
        error=None if told is None else decode_error(told),
    )
