"""What a send has to do, and what has come of it so far, counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ...bulk.breaker import Trouble, is_permanent, trouble_of
from ...bulk.eta import Forecast, forecast
from ...bulk.throughput import EtaMeter
from ...errors import CampaignPausedError, JournalError, Outcome
from ...limits.quota import LimitKey
from ..errors import Exit

if TYPE_CHECKING:
    from ...bulk.outcome import SendOutcome
    from ...limits.quota import AccountKey
    from ...limits.registry import LimiterRegistry

__all__ = ["Tally", "Workload"]

_ERRORS_KEPT = 100
_OTHER_ERRORS = ("", "further kinds of errors")


@frozen
class Workload:
    """What a send has to do, wherever its messages come from.

    Attributes:
        counts: Messages by what limits them; None: nothing tells.
        bad: Rows of the file with a fault, which are left out.
        forecast: How long the messages take at least.
    """

    counts: Mapping[LimitKey | None, int]
    bad: int
    forecast: Forecast

    @classmethod
    def of(
        cls,
        counts: Mapping[LimitKey | None, int],
        limits: LimiterRegistry,
        account: AccountKey,
        *,
        bad: int = 0,
    ) -> Workload:
        """The work that so many messages make.

        Args:
            counts: Messages by what limits them.
            limits: The limits that they wait for.
            account: Whose account sends them.
            bad: Rows of the file with a fault.
        """
        return cls(counts, bad, forecast(counts, limits.quotas, limits.quotas(account)))

    @property
    def total(self) -> int:
        """How many messages there are."""
        return self.forecast.account.messages


# So that a tally can be looked at before it is known what there is to do.
_NO_WORK = Workload({}, 0, forecast({}, lambda _: (), ()))


@define
class Tally:
    """Counts outcomes; knows what the command exits with.

    Attributes:
        meter: How fast messages end; only the hours in which they may leave count.
        work: What is to be sent; nothing until :meth:`begin` tells it.
        begun: Whether it ever came to send.
        outcomes: Messages by outcome.
        by_key: Messages by what limits them and outcome.
        errors: By type and first text: how often.
        on_wire: Seconds that accepted messages were on the wire, together.
        attempts: Attempts of accepted messages.
        passing: Refusals that are no verdict on the message: the same may be accepted later.
        interrupted: Whether somebody stopped it.
        paused: The trouble that came too often in a row and stopped it, if one did.
        failure: What went wrong with the journal and stopped it, if something did.
        trouble: Why reading or writing stopped it, if it did.
        broken: Why outcomes can no longer be written, if they cannot.
        unwritten: Messages by outcome whose outcome could not be written.
        later: Messages that this run was never to send, as they are left for another one.
    """

    meter: EtaMeter = field(factory=EtaMeter)
    work: Workload = field(init=False, default=_NO_WORK)
    begun: bool = field(init=False, default=False)
    outcomes: Counter[Outcome] = field(init=False, factory=Counter[Outcome])
    by_key: dict[LimitKey | None, Counter[Outcome]] = field(
        init=False, factory=dict["LimitKey | None", "Counter[Outcome]"]
    )
    errors: Counter[tuple[str, str]] = field(init=False, factory=Counter["tuple[str, str]"])
    on_wire: float = field(init=False, default=0.0)
    attempts: int = field(init=False, default=0)
    _misset: int = field(init=False, default=0)
    passing: int = field(init=False, default=0)
    interrupted: bool = field(init=False, default=False)
    paused: CampaignPausedError | None = field(init=False, default=None)
    failure: JournalError | None = field(init=False, default=None)
    trouble: str | None = field(init=False, default=None)
    broken: str | None = field(init=False, default=None)
    unwritten: Counter[Outcome] = field(init=False, factory=Counter[Outcome])
    later: int = field(init=False, default=0)
    _started: float = field(init=False, factory=time.monotonic)
    _ended: float | None = field(init=False, default=None)

    def begin(self, work: Workload) -> None:
        """It is known what is to be sent."""
        self.work = work
        self.begun = True

    @property
    def done(self) -> int:
        """How many messages have their outcome."""
        return self.outcomes.total()

    @property
    def tried(self) -> int:
        """How many messages left, or may have left: all that have an outcome but those not sent."""
        return self.done - self.outcomes[Outcome.NOT_SENT]

    @property
    def seconds(self) -> float:
        """How long it has taken, or took."""
        return (time.monotonic() if self._ended is None else self._ended) - self._started

    def add(self, outcome: SendOutcome, key: LimitKey | None, *, tried: bool = True) -> None:
        """Count one outcome.

        Args:
            outcome: What came of a message.
            key: What limits it; None: nothing tells.
            tried: Whether it comes of a send; the rest of a stopped one says nothing of the rate.
        """
        self.outcomes[outcome.outcome] += 1
        self.by_key.setdefault(key, Counter())[outcome.outcome] += 1
        if tried:
            on_wire = 0.0 if outcome.receipt is None else outcome.receipt.on_wire
            # The moment at which it is counted here, which is that of its end but for a turn of the
            # loop.
            self.meter.note(key, time.time(), on_wire=on_wire)
        if outcome.receipt is not None:
            self.on_wire += outcome.receipt.on_wire
            self.attempts += outcome.receipt.attempts
        if outcome.error is not None:
            kind = (type(outcome.error).__name__, str(outcome.error))
            # The text of an error may hold what the server wrote, and differ for each of a million
            # messages.
            known = kind in self.errors or len(self.errors) < _ERRORS_KEPT
            self.errors[kind if known else _OTHER_ERRORS] += 1
        self._misset += _is_of_a_setting(trouble_of(outcome.error))
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

    @property
    def misset(self) -> bool:
        """Whether a setting does not work, the token or the base URL: of few messages, too."""
        # One message that was accepted shows that token and base URL work, whatever others came to.
        refused = self._misset > 0 and not self.outcomes[Outcome.ACCEPTED]
        return refused or _is_of_a_setting(self.paused)

    def exit(self) -> Exit:
        """What the command exits with."""
        told = self.outcomes
        tried = told.total() - told[Outcome.NOT_SENT]
        # The first that holds counts: what the user must act on before all else comes first. An
        # interrupt explains everything behind it, and unknown outcomes must not be hidden by mere
        # failures.
        reasons = (
            (self.interrupted, Exit.INTERRUPTED),
            (self.misset, Exit.CONFIGURATION),
            (told[Outcome.UNKNOWN] > 0, Exit.UNKNOWN),
            (self.trouble is not None and not self.unwritten and not tried, Exit.USAGE),
            (self.trouble is not None, Exit.FAILED),
            (told[Outcome.ACCEPTED] < told.total() or self.work.bad > 0, Exit.FAILED),
        )
        return next((code for holds, code in reasons if holds), Exit.OK)


def _is_of_a_setting(trouble: Trouble | CampaignPausedError | None) -> bool:
    """Whether it is the token or the base URL that does not work."""
    return trouble is not None and trouble.kind in {"token", "address"}
