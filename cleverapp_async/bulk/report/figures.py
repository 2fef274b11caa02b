"""The figures of a report, computed from a journal's rows in one pass and constant memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ...limits.quota import LimitKey
from ..journal.records import JournalEntry, JournalState, JournalSummary
from .timeline import Binning, Timeline

if TYPE_CHECKING:
    from ...limits.quota import Quota, QuotasOf
    from ..journal.records import ErrorRecord, SettledMessage

__all__ = [
    "KEYS_LISTED",
    "KINDS_LISTED",
    "REJECTED_LISTED",
    "RELATIVE_ERROR",
    "UNKNOWN_LISTED",
    "ErrorCount",
    "Failures",
    "FieldCount",
    "Histogram",
    "KeyFigures",
    "ReportFigures",
    "Spread",
    "Times",
    "compute_figures",
    "count_failures",
    "in_doubt",
]

RELATIVE_ERROR = 0.01
"""How far a percentile may be from the exact one, as a part of it."""

# The bin from g to g times growth is told by the value between them that is off by the same part
# from either end: so no duration is told wrong by more than RELATIVE_ERROR.
_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_BIN = 1 / math.log(_GROWTH)
_LEAST = 1e-6


@frozen
class Spread:
    """How durations are spread, in seconds.

    The percentiles are nearest ranks within :data:`RELATIVE_ERROR`; the longest is exact.
    """

    count: int
    p50: float
    p90: float
    p95: float
    p99: float
    longest: float


@define
class Histogram:
    """Counts durations in bins whose width grows with the duration (as DDSketch does).

    From a microsecond to a year there are about 1,600 bins, however many durations come. What is
    below a microsecond counts as nothing.

    Attributes:
        count: How many came.
        shortest: The shortest of them, in seconds, exact.
        longest: The longest of them, in seconds, exact.
    """

    count: int = 0
    shortest: float = math.inf
    longest: float = 0.0
    _bins: dict[int, int] = field(factory=dict[int, int], repr=False)
    _nothing: int = 0

    def add(self, seconds: float) -> None:
        """Count one duration; a negative one, from a clock that stepped back, counts as nothing."""
        self.count += 1
        seconds = max(seconds, 0.0)
        self.shortest = min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)
        if seconds < _LEAST:
            self._nothing += 1
            return
        # The bin n holds what is above growth^(n-1) and at most growth^n seconds.
        place = math.ceil(math.log(seconds) * _PER_BIN)
        self._bins[place] = self._bins.get(place, 0) + 1

    def include(self, other: Histogram) -> None:
        """Count what another one has counted."""
        self.count += other.count
        self.shortest = min(self.shortest, other.shortest)
        self.longest = max(self.longest, other.longest)
        self._nothing += other._nothing
        for place, counted in other._bins.items():
            self._bins[place] = self._bins.get(place, 0) + counted

    def quantiles(self, *parts: float) -> list[float]:
        """The durations that these parts of all are not longer than.

        Args:
            parts: From 0 to 1, ascending; 0.5 asks for the median.

        Returns:
            One duration in seconds for each part; 0 where nothing was counted.
        """
        found: list[float] = []
        bins = iter(sorted(self._bins.items()))
        passed, here = self._nothing, 0.0
        for part in parts:
            rank = max(math.ceil(part * self.count), 1)
            while passed < rank:
                place, counted = next(bins, (None, self.count))
                if place is None:
                    break
                passed += counted
                # The value in the bin that is off by the same part from both of its ends.
                here = 2 * _GROWTH**place / (_GROWTH + 1)
            # Both ends are known exactly: a percentile outside of them would contradict the longest
            # one beside it.
            found.append(min(max(here, self.shortest), self.longest))
        return found

    def spread(self) -> Spread | None:
        """The usual percentiles; None where nothing was counted."""
        if not self.count:
            return None
        p50, p90, p95, p99 = self.quantiles(0.5, 0.9, 0.95, 0.99)
        return Spread(self.count, p50, p90, p95, p99, self.longest)


KINDS_LISTED = 100
"""How many kinds of each are listed one by one."""


@frozen
class FieldCount:
    """One text of validation errors.

    Attributes:
        field: The parameter, as the API spells it.
        rule: The broken rule; None where the text is not known.
        message: The server's text.
        messages: How many times it came.
    """

    field: str
    rule: str | None
    message: str
    messages: int


@frozen
class ErrorCount:
    """One error that names no fields.

    Attributes:
        type: The error's class.
        status: The HTTP status; None where there was no answer.
        message: Its text.
        messages: How many messages ended with it.
    """

    type: str
    status: int | None
    message: str
    messages: int


@frozen
class Failures:
    """Why messages were not accepted, the most frequent first.

    Attributes:
        fields: Fields at fault by rule and text, at most :data:`KINDS_LISTED`.
        fields_left_out: Kinds of these beyond that.
        others: Errors that name no fields, at most :data:`KINDS_LISTED`.
        others_left_out: Kinds of these beyond that.
    """

    fields: tuple[FieldCount, ...]
    fields_left_out: int
    others: tuple[ErrorCount, ...]
    others_left_out: int


def count_failures(errors: Iterable[tuple[ErrorRecord, int]]) -> Failures:
    """Group a journal's errors.

    Args:
        errors: Errors and how many messages ended with each.
    """
    fields: Counter[tuple[str, str | None, str]] = Counter()
    others: Counter[tuple[str, int | None, str]] = Counter()
    for error, messages in errors:
        for name, rule, _, text in error.fields:
            fields[name, rule, text] += messages
        if not error.fields:
            others[error.type, error.status, error.message] += messages
    return Failures(
        tuple(FieldCount(*kind, count) for kind, count in fields.most_common(KINDS_LISTED)),
        max(len(fields) - KINDS_LISTED, 0),
        tuple(ErrorCount(*kind, count) for kind, count in others.most_common(KINDS_LISTED)),
        max(len(others) - KINDS_LISTED, 0),
    )


KEYS_LISTED = 100
"""How many limit keys are told of one by one."""

UNKNOWN_LISTED = 1000
"""How many messages of unknown outcome are listed one by one."""

REJECTED_LISTED = 1000
"""How many rejected messages are listed one by one."""

_NEVER_LEFT = frozenset({JournalState.PENDING, JournalState.NOT_SENT})


@frozen
class Times:
    """How long messages took.

    Attributes:
        on_wire: On the wire, all attempts of a message together; None where nothing tells.
        waited: For limits; None where nothing tells.
    """

    on_wire: Spread | None
    waited: Spread | None


@frozen
class KeyFigures:
    """One bot and messenger.

    Attributes:
        key: The limit key; None for messages whose route is not known.
        states: Messages by state; states that no message is in are left out.
        times: How long they took.
    """

    key: LimitKey | None
    states: Mapping[JournalState, int]
    times: Times

    @property
    def messages(self) -> int:
        """Messages in all."""
        return sum(self.states.values())


@frozen(kw_only=True)
class ReportFigures:
    """Everything that a report shows.

    Attributes:
        summary: The campaign in numbers.
        running: Whether a runner has the journal now.
        written_at: When this was read, in Unix seconds.
        keys: Bots and messengers, those with the most messages first, at most
            :data:`KEYS_LISTED`.
        keys_left_out: Keys beyond these.
        times: How long messages took, all keys together.
        timeline: Sends over time; None where there were none.
        failures: Why messages were not accepted.
        unknown: Messages that may have reached the server, by index, at most
            :data:`UNKNOWN_LISTED`.
        unknown_in_all: How many there are.
        rejected: Messages that the server rejected, by index, at most :data:`REJECTED_LISTED`.
    """

    summary: JournalSummary
    running: bool
    written_at: float
    keys: tuple[KeyFigures, ...]
    keys_left_out: int
    times: Times
    timeline: Timeline | None
    failures: Failures
    unknown: tuple[JournalEntry, ...]
    unknown_in_all: int
    rejected: tuple[JournalEntry, ...] = ()

    def at_work(self, place: int) -> bool:
        """Whether a run without an end is active; if the journal does not tell, the last may be.

        Args:
            place: Its place among the sessions, from 0.
        """
        sessions = self.summary.sessions
        known = sessions[place].at_work
        return self.running and place == len(sessions) - 1 if known is None else known

    def runs(self) -> tuple[tuple[float, float], ...]:
        """When each run began and ended, in Unix seconds; one that is at work ends now."""
        sessions = self.summary.sessions
        found: list[tuple[float, float]] = []
        for place, session in enumerate(sessions):
            begun, ended = session.started_at, session.ended_at
            if ended is None and self.at_work(place):
                ended = self.written_at
            elif ended is None:
                # It died: it is known to have lived until the last send before the next run.
                last = place == len(sessions) - 1
                until = self.written_at if last else sessions[place + 1].started_at
                ended = begun if self.timeline is None else self.timeline.last_send(until)
            found.append((begun, max(begun, ended)))
        return tuple(found)


def in_doubt(*, running: bool) -> tuple[JournalState, ...]:
    """The states of messages that may have reached the server.

    An intent is one of them unless a runner is at work, which knows more.
    """
    if running:
        return (JournalState.UNKNOWN,)
    return (JournalState.INTENT, JournalState.UNKNOWN)


def compute_figures(
    summary: JournalSummary,
    settled: Iterable[SettledMessage],
    errors: Iterable[tuple[ErrorRecord, int]],
    unknown: Iterable[JournalEntry],
    rejected: Iterable[JournalEntry] = (),
    *,
    quotas_of: QuotasOf,
    account: tuple[Quota, ...],
    running: bool,
    written_at: float,
) -> ReportFigures:
    """Compute the figures from a journal's rows; each iterable is read once, row by row.

    A send stands in the timeline at its last intent, which is when its last attempt left.

    Args:
        summary: The campaign in numbers.
        settled: Messages that have a result.
        errors: Errors and how many messages ended with each.
        unknown: Messages in the states of :func:`in_doubt`; no more are read than are listed.
        rejected: Messages in the state ``REJECTED``; the same holds.
        quotas_of: What limits a key.
        account: What limits all keys together.
        running: Whether a runner has the journal now.
        written_at: Unix seconds.
    """
    binning = Binning(quotas_of, keys=summary.by_key)
    on_wire: dict[LimitKey | None, Histogram] = {}
    waited: dict[LimitKey | None, Histogram] = {}
    for row in settled:
        key = row.key
        if row.intent_at is not None and row.state not in _NEVER_LEFT:
            # What was never on the wire is no send, although an intent of it may be written.
            binning.add(key, row.intent_at)
        if row.on_wire is not None:
            _of(on_wire, key).add(row.on_wire)
        if row.waited is not None:
            _of(waited, key).add(row.waited)
    # Stable: keys with as many messages stay in the order of the journal.
    fullest = sorted(summary.by_key.items(), key=lambda item: -sum(item[1].values()))
    keys = tuple(
        KeyFigures(key, states, Times(_of(on_wire, key).spread(), _of(waited, key).spread()))
        for key, states in fullest[:KEYS_LISTED]
    )
    return ReportFigures(
        summary=summary,
        running=running,
        written_at=written_at,
        keys=keys,
        keys_left_out=len(fullest) - len(keys),
        times=Times(_together(on_wire), _together(waited)),
        timeline=binning.timeline(account),
        failures=count_failures(errors),
        unknown=tuple(islice(unknown, UNKNOWN_LISTED)),
        unknown_in_all=sum(summary.by_state[state] for state in in_doubt(running=running)),
        rejected=tuple(islice(rejected, REJECTED_LISTED)),
    )


def _of(histograms: dict[LimitKey | None, Histogram], key: LimitKey | None) -> Histogram:
    found = histograms.get(key)
    if found is None:
        found = histograms[key] = Histogram()
    return found


def _together(histograms: Mapping[LimitKey | None, Histogram]) -> Spread | None:
    whole = Histogram()
    for one in histograms.values():
        whole.include(one)
    return whole.spread()
