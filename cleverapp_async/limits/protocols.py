"""What a limiter is: implement these two protocols to use one of your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from attrs import frozen

from .quota import AccountKey, Lane, LimitKey, Quota

__all__ = [
    "Limiter",
    "LimiterFactory",
    "LimiterSnapshot",
    "OnFileUnavailable",
    "OnUnavailable",
    "Permit",
    "PrimableLimiter",
]


@frozen
class LimiterSnapshot:
    """A limiter at one moment.

    Attributes:
        queued: Requests that wait.
        in_flight: Permits granted whose requests have not ended.
        next_free: Seconds until a newcomer of the bulk lane could start, at the earliest.
        refusals: How often the server refused although a permit was granted.
        paused_for: Seconds for which nothing is granted (0: not paused).
        burst: The requests now allowed at once; smaller than the quota after repeated refusals.
    """

    queued: int
    in_flight: int
    next_free: float
    refusals: int
    paused_for: float
    burst: int | None = None


@runtime_checkable
class Permit(Protocol):
    """One granted slot. Exactly one of the four endings counts; calls after it do nothing.

    Where others may get a slot while its request waits for something else, as with limits that
    processes share, it may have an attribute ``lapsed`` besides: ``True`` from then on. A request
    that has not left gives it back and asks for another one.
    """

    def sent(self) -> None:
        """The request starts to leave now."""

    def settle(self) -> None:
        """Ending: an answer arrived."""

    def refuse(self, retry_after: float | None) -> None:
        """Ending: the server refused the request for this limit.

        Args:
            retry_after: Seconds the server asked to wait, or None.
        """

    def give_up(self) -> None:
        """Ending: no answer came, and the request may still arrive."""

    def refund(self) -> None:
        """Ending: the request provably never left, so it cost nothing."""


@runtime_checkable
class Limiter(Protocol):
    """Grants permits for one key. All times are seconds of the running loop's clock."""

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> Permit:
        """Wait for a slot.

        Cancelling a waiter at any await point must not lose a slot. What it raises is the cause
        of a :class:`NotSentError`; an error of this package that says so itself comes as it is.

        Args:
            lane: Whose turn comes first.
            spacing: Seconds per request of the scarcest quota this request has already won:
                the scarcer goes first within its lane.
            returned: Whether the request was refused before, and so goes to the head of its lane.
        """
        ...

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        """The least number of seconds a newcomer would wait, if nobody is cancelled or refunded.

        A request whose deadline comes earlier is not tried. If the time is not known, return 0.

        Args:
            lane: As for :meth:`acquire`.
            spacing: As for :meth:`acquire`.
            returned: As for :meth:`acquire`.
        """
        ...

    def pause(self, seconds: float) -> None:
        """Grant nothing for that long; pauses that overlap end with the last one."""

    def snapshot(self) -> LimiterSnapshot:
        """The state at this moment."""
        ...

    @property
    def idle(self) -> bool:
        """Whether forgetting this limiter now would change nothing.

        It may then be dropped and made anew. So it is not idle while a permit has not ended: the
        request may still be refused, and the pause that the server asks for would be lost.
        """
        ...


@runtime_checkable
class PrimableLimiter(Protocol):
    """What a limiter may offer beside :class:`Limiter`: to count requests it did not grant.

    A campaign that is resumed tells it what the run before sent within the last period, as the
    server still counts that. A limiter without this method begins with empty windows; leave it
    out where the memory outlives the process, so that nothing is counted twice.
    """

    def prime(self, ages: Sequence[float]) -> None:
        """Count requests that were made before and are not counted here yet.

        Args:
            ages: For each of them how many seconds ago it reached the server, at the latest: 0 or
                more, in any order.
        """


LimiterFactory: TypeAlias = Callable[[LimitKey | AccountKey, tuple[Quota, ...]], Limiter]
"""Makes the limiter of a key from its quotas (none: unlimited, but it can be paused)."""

OnUnavailable: TypeAlias = Literal["wait", "raise", "local"]
"""What happens to those who wait while the Redis that keeps shared limits cannot be reached."""

OnFileUnavailable: TypeAlias = Literal["raise", "wait", "process"]
"""What happens to those who wait while the file of limits kept on a machine cannot be used."""
