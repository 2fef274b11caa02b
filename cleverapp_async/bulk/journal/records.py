"""The records of a journal: states, entries, results, counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import cast

from attrs import field, frozen

from ..._arguments import check_instance, wrong_argument
from ...limits.quota import LimitKey
from ...models.messages import Message

__all__ = [
    "ORPHANED",
    "ErrorRecord",
    "JournalEntry",
    "JournalResult",
    "JournalSession",
    "JournalState",
    "JournalSummary",
    "Loaded",
    "LockHolder",
    "Resend",
    "SettledMessage",
    "chosen_states",
    "orphaned",
]


class JournalState(Enum):
    """What a journal knows of one message."""

    PENDING = "pending"
    """No attempt was begun."""

    INTENT = "intent"
    """It was about to leave when this was written; a runner at work knows more."""

    ACCEPTED = "accepted"
    """The server took it."""

    REJECTED = "rejected"
    """The server refused it."""

    NOT_SENT = "not_sent"
    """It provably never reached the server: a resume sends it."""

    UNKNOWN = "unknown"
    """It may have reached the server: sent again on explicit request alone."""


@frozen(kw_only=True)
class ErrorRecord:
    """An error as a journal keeps it; no error of this package holds the token.

    Attributes:
        type: The class's name, such as ``ValidationError``.
        message: Its text.
        status: The HTTP status of the answer; None where there was none.
        fields: For a ``ValidationError`` its field errors as ``(field, rule, related, message)``.
    """

    type: str
    message: str
    status: int | None = None
    fields: tuple[tuple[str, str | None, tuple[str, ...], str], ...] = ()


ORPHANED = ErrorRecord(
    type="OutcomeUnknownError",
    message="it may have reached the server: the run that sent it ended before the answer",
)
"""The error of a message that a runner had on its way when it died."""


@frozen(kw_only=True)
class JournalResult:
    """How a message ended, as it is written down.

    Attributes:
        state: ``ACCEPTED``, ``REJECTED``, ``NOT_SENT`` or ``UNKNOWN``.
        ended_at: Unix seconds.
        permanent: For a refusal: whether the same message would be refused again.
        attempts: How often it was tried.
        waited: Seconds that it waited for limits; None where nothing tells.
        on_wire: Seconds that it was on the wire; None where nothing tells.
        contact_id: The contact that sendMessageToWhatsApp answered.
        error: Why it was not accepted; None where it was.
    """

    state: JournalState
    ended_at: float
    permanent: bool = False
    attempts: int = 0
    waited: float | None = None
    on_wire: float | None = None
    contact_id: int | None = None
    error: ErrorRecord | None = None


def orphaned(now: float) -> JournalResult:
    """The result of a message that a runner had on its way when it died.

    Args:
        now: Unix seconds.
    """
    return JournalResult(state=JournalState.UNKNOWN, ended_at=now, attempts=1, error=ORPHANED)


@frozen(kw_only=True)
class JournalEntry:
    """One message of a campaign, and what the journal knows of it.

    Attributes:
        index: Its place among the messages given, counted from 0, as Python counts; left-out
            duplicates count. What people are shown is :attr:`number`, counted from 1.
        message: What is sent.
        key: What limits it besides the account, as far as it was known when it was read.
        state: What is known of it.
        intent_at: Unix seconds of the last intent, or of the end of an attempt that left no result;
            None: it was never about to leave.
        result: How it ended; None for ``PENDING`` and ``INTENT``.
        earlier: Attempts before the last one, over all runs, that may have reached the server; 0
            where nobody counted.
    """

    index: int
    message: Message
    key: LimitKey | None
    state: JournalState = JournalState.PENDING
    intent_at: float | None = None
    result: JournalResult | None = None
    earlier: int = 0

    @property
    def number(self) -> int:
        """Its number for people, counted from 1: what the command line, lists and reports show."""
        return self.index + 1


def chosen_states(states: tuple[object, ...]) -> frozenset[JournalState]:
    """The states whose messages are asked for: all where none is given.

    Raises:
        InvalidRequestError: Something else is given.
    """
    for state in states:
        wanted = "states of JournalState, such as entries(JournalState.UNKNOWN)"
        check_instance("states", state, JournalState, wanted, wrong_argument)
    return frozenset(cast("tuple[JournalState, ...]", states) or JournalState)


@frozen
class Loaded:
    """The result of reading the messages into a journal.

    Attributes:
        messages: Messages in the journal.
        duplicates: Messages given that were left out, as one before them has the same address.
        resumed: Whether the journal held the campaign already.
        orphans: Messages whose intent had no result, from a runner that died: now ``UNKNOWN``.
            They are no more than it had in flight.
    """

    messages: int
    duplicates: int
    resumed: bool
    orphans: tuple[JournalEntry, ...] = field(default=(), repr=False)


@frozen(kw_only=True)
class Resend:
    """Which messages a resume sends besides those that were never sent.

    Refusals that may pass (a limit, a token) are always sent again.

    Attributes:
        unknown: Those that may have been sent already.
        rejected: Those that were refused for good.
    """

    unknown: bool = False
    rejected: bool = False

    def takes(self, state: JournalState, *, permanent: bool, under_way: bool = False) -> bool:
        """Whether a resume sends a message that is in a state.

        Args:
            state: The state.
            permanent: Whether its refusal, if it was rejected, is final.
            under_way: Whether one that is on its way counts as to be sent, as while a run is at
                work, which still sends it.
        """
        match state:
            case JournalState.PENDING | JournalState.NOT_SENT:
                return True
            case JournalState.INTENT:
                return under_way
            case JournalState.UNKNOWN:
                return self.unknown
            case JournalState.REJECTED:
                return self.rejected or not permanent
            case JournalState.ACCEPTED:
                return False


@frozen(kw_only=True)
class JournalSession:
    """One run of a campaign, from its start or resume to its end.

    Attributes:
        started_at: Unix seconds.
        ended_at: Unix seconds; None for one that runs, or that died.
        pid: Its process.
        host: Its machine.
        ended: Why it ended, in words: ``finished``, ``interrupted``, the text of an error; None
            for one that runs, or that died.
        at_work: Of one that has not said how it ended, where several may run at a time: whether it
            still has the right to write. None where only one can run: then the last is at work if
            somebody holds the journal, and all before it have died.
    """

    started_at: float
    ended_at: float | None
    pid: int
    host: str
    ended: str | None
    at_work: bool | None = None


@frozen(kw_only=True)
class JournalSummary:
    """A campaign in numbers.

    Attributes:
        created_at: Unix seconds.
        origin: The base URL it is sent to.
        complete: Whether all messages were read in; until then nothing is sent.
        purged: Whether recipients and texts were erased.
        messages: How many it has.
        duplicates: How many were left out as duplicates.
        deduplicated: Whether duplicates are left out.
        by_key: Per limit key (None: the route is not known): messages by state; states that no
            message is in are left out.
        retryable_by_key: Per limit key, rejected messages that a resume sends again by itself: what
            refused them (a limit, the token) may pass. Keys without one are left out.
        sessions: Its runs, the first one first.
        note: What its last run wrote down for the next one (:class:`SqliteJournal`'s ``note``);
            None where it wrote nothing.
    """

    created_at: float
    origin: str
    complete: bool
    purged: bool
    messages: int
    duplicates: int
    deduplicated: bool
    by_key: Mapping[LimitKey | None, Mapping[JournalState, int]] = field(repr=False)
    retryable_by_key: Mapping[LimitKey | None, int] = field(
        factory=dict["LimitKey | None", int], repr=False
    )
    sessions: tuple[JournalSession, ...] = field(default=(), repr=False)
    note: str | None = field(default=None, repr=False)

    @property
    def by_state(self) -> Mapping[JournalState, int]:
        """Messages by state, all keys together; every state is there."""
        return {
            state: sum(counts.get(state, 0) for counts in self.by_key.values())
            for state in JournalState
        }

    @property
    def retryable(self) -> int:
        """Rejected messages that a resume sends again by itself, all keys together."""
        return sum(self.retryable_by_key.values())

    def to_send(
        self, resend: Resend | None = None, *, under_way: bool = False
    ) -> dict[LimitKey | None, int]:
        """How many messages a resume sends, per limit key; keys without one are left out.

        Args:
            resend: Which messages with a result it sends again; None: none but those that it sends
                by itself.
            under_way: Whether messages in the state ``INTENT`` count too, as while a run is at
                work, which still sends them.
        """
        again = Resend() if resend is None else resend
        states = [
            state
            for state in JournalState
            if again.takes(state, permanent=True, under_way=under_way)
        ]
        left = {
            key: sum(counts.get(state, 0) for state in states)
            + (0 if again.rejected else self.retryable_by_key.get(key, 0))
            for key, counts in self.by_key.items()
        }
        return {key: count for key, count in left.items() if count}


@frozen
class SettledMessage:
    """A message that has a result, without its text: small enough for charts of millions.

    Attributes:
        key: What limits it.
        state: How it ended.
        intent_at: Unix seconds of the last intent; None: it was never about to leave.
        ended_at: Unix seconds.
        waited: Seconds that it waited for limits; None where nothing tells.
        on_wire: Seconds that it was on the wire; None where nothing tells.
        attempts: How often it was tried.
    """

    key: LimitKey | None
    state: JournalState
    intent_at: float | None
    ended_at: float
    waited: float | None
    on_wire: float | None
    attempts: int


@frozen
class LockHolder:
    """Who has a journal open for writing.

    Attributes:
        pid: Its process id; None where the file does not tell.
        host: Its machine; None where the file does not tell.
        since: Unix seconds; None where the file does not tell.
    """

    pid: int | None = None
    host: str | None = None
    since: float | None = None

    def __str__(self) -> str:
        """For people: ``process 4711 on alpha since 2026-01-31 12:00:00 UTC``."""
        told = "another process" if self.pid is None else f"process {self.pid}"
        if self.host is not None:
            told += f" on {self.host}"
        if self.since is not None:
            moment = datetime.fromtimestamp(self.since, UTC)
            told += f" since {moment:%Y-%m-%d %H:%M:%S} UTC"
        return told
