"""How a send stands, for whatever shows it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import frozen

from ..bulk.eta import Eta, estimate
from ..bulk.forecast import UNKNOWN_ROUTE, Forecast
from ..bulk.schedule import Schedule
from ..client import CleverAppClient
from ..errors import Outcome
from ..limits.quota import LimitKey
from .tally import Tally
from .text import say_duration, say_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..limits.protocols import LimiterSnapshot
    from ..limits.quota import Quota

__all__ = ["Standing", "Standings", "next_slot"]

_SHORTEST_PAUSE = 0.5
_FAILED = (Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN)


@frozen
class Standing:
    """One bot and messenger at one moment.

    Attributes:
        name: In words.
        sent: Messages accepted.
        failed: Messages that ended otherwise.
        queued: Messages without an outcome.
        next_slot: Seconds until its next message may leave; None where nothing tells.
    """

    name: str
    sent: int
    failed: int
    queued: int
    next_slot: float | None


@frozen
class Standings:
    """Looks at a running send.

    Attributes:
        tally: What has come of it so far.
        client: Whose limits it waits for.
        first: The forecast of the whole.
        schedule: When messages may leave; None: at any time.
    """

    tally: Tally
    client: CleverAppClient
    first: Forecast
    schedule: Schedule | None = None

    def rows(self, most: int) -> Sequence[Standing]:
        """The bots and messengers that take longest; where not all fit, those with work left."""
        remaining = self.tally.remaining()
        shares = self.first.shares
        if len(shares) > most:
            shares = tuple(share for share in shares if remaining[share.key] > 0)[:most]
        return [self._of(share.key, remaining[share.key]) for share in shares]

    @property
    def eta(self) -> Eta:
        """When it ends: by the limits, or by the measured rate where that is slower."""
        limits, account = self.client.limits, self.client.account
        held = {key: one.paused_for for key, one in limits.snapshot().items() if one.paused_for}
        return estimate(
            self.tally.remaining(),
            limits.quotas,
            limits.quotas(account),
            now=time.time(),
            paused={key: held[key] for key in held if isinstance(key, LimitKey)},
            account_paused=held.get(account, 0.0),
            meter=self.tally.meter,
            schedule=self.schedule,
        )

    def told(self) -> str:
        """In one line."""
        tally = self.tally
        failed = sum(tally.outcomes[outcome] for outcome in _FAILED)
        told = f"{tally.done} of {tally.work.total} done"
        if failed:
            told += f", {failed} failed"
        if tally.done >= tally.work.total:
            return told
        return f"{told}; {self._to_come(self.eta)}"

    def _to_come(self, eta: Eta) -> str:
        """What is to come, and why nothing moves where nothing does."""
        left = f"about {say_duration(round(eta.seconds))} left"
        now, schedule = time.time(), self.schedule
        if schedule is not None:
            left = f"{left}, until {say_moment(eta.at, schedule.zone)}"
            if not schedule.is_open(now):
                opens = say_moment(schedule.next_open(now), schedule.zone)
                return f"quiet hours until {opens}; {left}"
        if eta.paused >= _SHORTEST_PAUSE:
            left = f"paused for {say_duration(round(eta.paused))} after a refusal; {left}"
        return f"{self.tally.rate:.1f} per second, {left}"

    def _of(self, key: LimitKey | None, queued: int) -> Standing:
        counts = self.tally.of(key)
        slot: float | None = None
        if key is not None and queued:
            limits = self.client.limits
            slot = next_slot(limits.limiter(key).snapshot(), limits.quotas(key))
        return Standing(
            UNKNOWN_ROUTE if key is None else str(key),
            counts[Outcome.ACCEPTED],
            sum(counts[outcome] for outcome in _FAILED),
            queued,
            slot,
        )


def next_slot(snapshot: LimiterSnapshot, quotas: Sequence[Quota]) -> float:
    """Seconds until the first of those who wait may leave.

    The snapshot tells when a newcomer could: after everybody who waits, one period later for
    each full round of them.
    """
    if not quotas:
        return snapshot.next_free
    scarcest = max(quotas, key=lambda quota: quota.spacing)
    rounds = snapshot.queued // scarcest.limit
    return max(0.0, snapshot.next_free - rounds * scarcest.period)
