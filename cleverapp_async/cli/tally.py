"""What has come of a send so far, counted."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING

from attrs import define, field

from ..bulk.breaker import is_permanent
from ..bulk.throughput import EtaMeter
from ..errors import AuthenticationError, CampaignPausedError, Outcome
from ..limits.quota import LimitKey
from .exits import Exit
from .plan import limit_key
from .workload import Work

if TYPE_CHECKING:
    from ..bulk.outcome import SendOutcome

__all__ = ["Tally", "wrong_setting"]

_RECENT = 30.0
_ERRORS_KEPT = 100
_OTHER_ERRORS = ("", "further kinds of errors")


@define
class Tally:
    """Counts outcomes; knows what the command exits with.

    Attributes:
        work: What was to be sent.
        outcomes: Messages by outcome.
        by_key: Messages by what limits them and outcome.
        errors: By type and first text: how often.
        waited: Seconds that accepted messages waited for limits, together.
        on_wire: Seconds that accepted messages were on the wire, together.
        attempts: Attempts of accepted messages.
        unauthenticated: Answers that refused the token.
        passing: Refusals that are no verdict on the message: the same may be accepted later.
        interrupted: Whether somebody stopped it.
        paused: The trouble that came too often in a row and stopped it, if one did.
        trouble: Why reading or writing stopped it, if it did.
        unwritten: Messages by outcome whose outcome could not be written.
        meter: How fast messages end; only the hours in which they may leave count.
    """

    work: Work
    outcomes: Counter[Outcome] = field(factory=Counter[Outcome])
    by_key: dict[LimitKey | None, Counter[Outcome]] = field(
        factory=dict["LimitKey | None", "Counter[Outcome]"]
    )
    errors: Counter[tuple[str, str]] = field(factory=Counter["tuple[str, str]"])
    waited: float = 0.0
    on_wire: float = 0.0
    attempts: int = 0
    unauthenticated: int = 0
    passing: int = 0
    interrupted: bool = False
    paused: CampaignPausedError | None = None
    trouble: str | None = None
    unwritten: Counter[Outcome] = field(factory=Counter[Outcome])
    meter: EtaMeter = field(factory=EtaMeter)
    _started: float = field(factory=time.monotonic)
    _ended: float | None = None
    _recent: deque[float] = field(factory=deque[float])

    @property
    def done(self) -> int:
        """How many messages have their outcome."""
        return self.outcomes.total()

    @property
    def seconds(self) -> float:
        """How long it has taken, or took."""
        return (time.monotonic() if self._ended is None else self._ended) - self._started

    @property
    def rate(self) -> float:
        """Outcomes per second, of late; 0 where there was none."""
        now = time.monotonic()
        while self._recent and self._recent[0] < now - _RECENT:
            self._recent.popleft()
        span = min(_RECENT, now - self._started)
        return len(self._recent) / span if span > 0 else 0.0

    def add(self, outcome: SendOutcome, key: LimitKey | None = None, *, tried: bool = True) -> None:
        """Count one outcome.

        Args:
            outcome: What came of a message.
            key: What limits it, where its row tells more than the message.
            tried: Whether it comes of a send; the rest of a stopped one says nothing of the rate.
        """
        self.outcomes[outcome.outcome] += 1
        key = key or limit_key(outcome.message)
        self.by_key.setdefault(key, Counter())[outcome.outcome] += 1
        if tried:
            self._recent.append(time.monotonic())
            self.meter.note(key, time.time())
        if outcome.receipt is not None:
            self.waited += outcome.receipt.waited
            self.on_wire += outcome.receipt.on_wire
            self.attempts += outcome.receipt.attempts
        if outcome.error is not None:
            kind = (type(outcome.error).__name__, str(outcome.error))
            known = kind in self.errors or len(self.errors) < _ERRORS_KEPT
            self.errors[kind if known else _OTHER_ERRORS] += 1
        self.unauthenticated += isinstance(outcome.error, AuthenticationError)
        self.passing += outcome.outcome is Outcome.REJECTED and not is_permanent(outcome)

    def of(self, key: LimitKey | None) -> Counter[Outcome]:
        """Messages of one key by outcome."""
        return self.by_key.get(key, Counter())

    def remaining(self) -> Counter[LimitKey | None]:
        """Messages without an outcome, by what limits them."""
        ended = {key: counts.total() for key, counts in self.by_key.items()}
        return Counter({key: count - ended.get(key, 0) for key, count in self.work.counts.items()})

    def finish(self) -> None:
        """The send has ended now."""
        self._ended = time.monotonic()

    def exit(self) -> Exit:
        """What the command exits with."""
        told = self.outcomes
        tokens = self.unauthenticated > 0 and not told[Outcome.ACCEPTED]
        reasons = (
            (self.interrupted, Exit.INTERRUPTED),
            (tokens or wrong_setting(self.paused), Exit.CONFIGURATION),
            (told[Outcome.UNKNOWN] > 0, Exit.UNKNOWN),
            (self.trouble is not None and not self.unwritten, Exit.USAGE),
            (told[Outcome.ACCEPTED] < told.total() or self.work.bad > 0, Exit.FAILED),
            (self.unwritten.total() > 0, Exit.FAILED),
        )
        return next((code for holds, code in reasons if holds), Exit.OK)


def wrong_setting(paused: CampaignPausedError | None) -> bool:
    """Whether a run was stopped by a setting that does not work: the token, or the base URL.

    Args:
        paused: What stopped it, if something did.
    """
    return paused is not None and paused.kind in {"token", "address"}
