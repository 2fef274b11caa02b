"""How a send stands, for whatever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ..client import CleverAppClient
from ..errors import Outcome
from .durations import say_duration
from .forecast import UNKNOWN_ROUTE, Forecast, forecast
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..limits.protocols import LimiterSnapshot
    from ..limits.quota import LimitKey, Quota

__all__ = ["Standing", "Standings", "next_slot"]

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
    """

    tally: Tally
    client: CleverAppClient
    first: Forecast

    def rows(self, most: int) -> Sequence[Standing]:
        """The bots and messengers that take longest; where not all fit, those with work left."""
        remaining = self.tally.remaining()
        shares = self.first.shares
        if len(shares) > most:
            shares = tuple(share for share in shares if remaining[share.key] > 0)[:most]
        return [self._of(share.key, remaining[share.key]) for share in shares]

    @property
    def left(self) -> float:
        """Seconds left at least: by the limits, or by the measured rate where that is slower."""
        remaining = self.tally.remaining()
        limits = self.client.limits
        by_limits = forecast(remaining, limits.quotas, limits.quotas(self.client.account))
        rate = self.tally.rate
        return max(by_limits.seconds, remaining.total() / rate if rate else 0.0)

    def told(self) -> str:
        """In one line."""
        tally = self.tally
        failed = sum(tally.outcomes[outcome] for outcome in _FAILED)
        told = f"{tally.done} of {tally.plan.total} done"
        if failed:
            told += f", {failed} failed"
        if tally.done < tally.plan.total:
            told += f"; {tally.rate:.1f} per second, about {say_duration(round(self.left))} left"
        return told

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
