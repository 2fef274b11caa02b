"""Keys, messages, states and results as Redis holds them, and back.

The keys of one campaign lie in one hash slot of a cluster.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from hashlib import blake2b
from typing import cast
from urllib.parse import urlsplit, urlunsplit

from attrs import evolve, frozen

from ..._arguments import check_instance, wrong_setting
from ..._redis.client import check_url
from ...bulk.journal.codec import decode_error, decode_key, encode_error, encode_key
from ...bulk.journal.messages import (
    address_of,
    decode_message,
    digest_of,
    encode_parameters,
    encode_reference,
)
from ...bulk.journal.records import JournalEntry, JournalResult, JournalSession, JournalState
from ...bulk.journal.rules import without_texts
from ...errors import ConfigurationError, JournalError
from ...limits.quota import LimitKey
from ...models.messages import Message

__all__ = [
    "DEFAULT_PREFIX",
    "LOAD",
    "Code",
    "KeyNames",
    "MessageState",
    "address_digest",
    "campaign_name",
    "check_word",
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
    "safe_address",
    "split_address",
]

DEFAULT_PREFIX = "cleverapp"

LOAD = "load"
"""The unit whose lease a producer has; chunks have their numbers."""

_FORBIDDEN = frozenset("{}*?[]\\/ \t\r\n")


def check_word(name: str, value: str) -> str:
    """A word that can be part of a key.

    Raises:
        ConfigurationError: It is empty, or holds braces, a slash, a space or a wildcard.
    """
    check_instance(name, value, str, "a plain word such as 'spring-2026'", wrong_setting)
    if not value or set(value) & _FORBIDDEN:
        raise ConfigurationError(
            f"{name} must be a plain word such as 'spring-2026', not {value!r}: it becomes part "
            "of the names of keys"
        )
    return value


def split_address(address: str) -> tuple[str, str]:
    """The URL of Redis and the campaign that ``redis://host:6379/0/CAMPAIGN`` names.

    The number of the database may be left out.

    Raises:
        ConfigurationError: It names no campaign, or is no URL; it is not repeated, as it may hold
            a password.
    """
    check_url(address, "address")
    parts = urlsplit(address)
    path, _, campaign = parts.path.rpartition("/")
    # `redis://host:6379/0` is the address of a database and not that of a campaign called 0.
    if not campaign or (not path and campaign.isdecimal()):
        raise ConfigurationError(
            "the address names no campaign: write redis://HOST:PORT/DATABASE/CAMPAIGN"
        )
    return urlunsplit(parts._replace(path=path)), check_word("campaign", campaign)


def safe_address(url: str, campaign: str) -> str:
    """The address of a campaign, as :func:`split_address` reads it, without user and password.

    Raises:
        ConfigurationError: The URL is not valid.
    """
    check_url(url)
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = f"{parts.path.rstrip('/')}/{campaign}"
    # The query goes as well: it may hold a password in `?password=`.
    return urlunsplit(parts._replace(netloc=host, path=path, query="", fragment=""))


def campaign_name(campaign: str) -> str:
    """What a campaign is called in errors."""
    return f"the campaign {campaign!r} in Redis"


@frozen
class KeyNames:
    """The keys of one campaign.

    Attributes:
        prefix: What all keys begin with.
        campaign: Its name.
    """

    prefix: str
    campaign: str

    def _key(self, part: str) -> str:
        # The hash tag is in braces: the scripts touch several of these keys in one step, which a
        # cluster allows within one slot only.
        return f"{self.prefix}:{{campaign:{self.campaign}}}:{part}"

    @property
    def meta(self) -> str:
        """Hash: facts of the campaign."""
        return self._key("meta")

    @property
    def keys(self) -> str:
        """Hash: limit keys by their rows."""
        return self._key("keys")

    @property
    def counts(self) -> str:
        """Hash: messages by ``row:state``."""
        return self._key("counts")

    @property
    def left(self) -> str:
        """Hash: by chunk, how many messages a run would send or has on its way."""
        return self._key("left")

    @property
    def fences(self) -> str:
        """Hash: by unit, the number of its last lease."""
        return self._key("fences")

    @property
    def sessions(self) -> str:
        """Hash: runs by unit and fence."""
        return self._key("sessions")

    @property
    def addresses(self) -> str:
        """Hash: first message by address, while messages are read in."""
        return self._key("addresses")

    def lease(self, unit: str) -> str:
        """String: who has a chunk, or reads messages in; it expires."""
        return self._key(f"lease:{unit}")

    def messages(self, chunk: int) -> str:
        """Hash: the messages of a chunk by index."""
        return self._key(f"messages:{chunk}")

    def duplicates(self, chunk: int) -> str:
        """Hash: what was left out of a chunk by index."""
        return self._key(f"duplicates:{chunk}")

    def fates(self, chunk: int) -> str:
        """Hash: what became of the messages of a chunk by index."""
        return self._key(f"fates:{chunk}")

    def of_chunk(self, chunk: int) -> tuple[str, ...]:
        """All keys of one chunk."""
        return (
            self.messages(chunk),
            self.duplicates(chunk),
            self.fates(chunk),
            self.lease(str(chunk)),
        )

    @property
    def of_all(self) -> tuple[str, ...]:
        """The keys that all chunks share; the fences come last."""
        return (
            self.keys,
            self.counts,
            self.left,
            self.sessions,
            self.addresses,
            self.meta,
            self.fences,
        )


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
    # A line feed stands in none of the parts: JSON escapes it, and a method is a name.
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
    # The result comes last, as its JSON may hold the sign.
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
        ValueError: It is not one.
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
