"""Planned requests: what hypothesis invents, and how it is carried out under virtual time."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from attrs import frozen
from hypothesis import strategies as st

from cleverapp_async import Lane, Quota
from cleverapp_async.limits.sliding_window import SETTLE_MARGIN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LATE = 0.99 * SETTLE_MARGIN
"""Seconds after giving up at which a request still arrives, at the latest."""


class Ending(Enum):
    """How a planned request ends, unless its task is cancelled before."""

    ANSWERED = "answered"
    REFUSED = "refused"
    GIVEN_UP = "given up"
    NEVER_LEFT = "never left"


class Endings(Protocol):
    """What a permit and a lease have in common."""

    def sent(self) -> None:
        """It starts to leave."""

    def settle(self) -> None:
        """It was answered."""

    def give_up(self) -> None:
        """It was not answered."""

    def refund(self) -> None:
        """It never left."""


@frozen
class Planned:
    """One request; all times are seconds."""

    start: float
    lane: Lane
    preparing: float
    out: float
    back: float
    ending: Ending
    retry_after: float | None
    patience: float
    arrives: bool
    cancelled_at: float | None
    key: int


def _give_up(permit: Endings, flight: asyncio.TimerHandle) -> None:
    permit.give_up()
    if flight.when() > asyncio.get_running_loop().time() + LATE:
        flight.cancel()


async def carry_out(
    plan: Planned,
    enter: Callable[[], Awaitable[Endings]],
    refuse: Callable[[Endings], None],
    arrive: Callable[[], None],
) -> None:
    """Carry out one request, as the pipeline does: one ending, whatever happens."""
    permit = await enter()
    flight: asyncio.TimerHandle | None = None
    try:
        await asyncio.sleep(plan.preparing)
        if plan.ending is Ending.NEVER_LEFT:
            permit.refund()
            return
        permit.sent()
        flight = asyncio.get_running_loop().call_later(plan.out, arrive)
        if plan.ending is Ending.GIVEN_UP:
            if not plan.arrives:
                flight.cancel()
            await asyncio.sleep(plan.patience)
            _give_up(permit, flight)
            return
        await asyncio.sleep(plan.out)
        await asyncio.sleep(plan.back)
    except asyncio.CancelledError:
        if flight is None:
            permit.refund()
        else:
            _give_up(permit, flight)
        raise
    if plan.ending is Ending.REFUSED:
        refuse(permit)
    else:
        permit.settle()


async def all_of(plans: list[Planned], carry: Callable[[Planned], Awaitable[None]]) -> None:
    """Start and cancel every request at its time, and wait for the end of all."""
    loop = asyncio.get_running_loop()

    async def started(plan: Planned) -> None:
        await asyncio.sleep(plan.start)
        await carry(plan)

    tasks = [asyncio.create_task(started(plan)) for plan in plans]
    for plan, task in zip(plans, tasks, strict=True):
        if plan.cancelled_at is not None:
            loop.call_at(plan.cancelled_at, task.cancel)
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def planned(
    *,
    slowest: float = 100.0,
    endings: tuple[Ending, ...] = tuple(Ending),
    cancelled: bool = True,
) -> st.SearchStrategy[Planned]:
    """Requests in bursts and alone, with steady, jittering and extreme latencies."""
    ways = st.sampled_from([0.0, 0.05]) | st.floats(0.0, 1.0) | st.floats(0.0, 100.0)
    way = ways.map(lambda seconds: min(seconds, slowest))
    moment = st.sampled_from([0.0, 1.0, 10.0]) | st.floats(0.0, 30.0)
    return st.builds(
        Planned,
        start=moment,
        lane=st.sampled_from(Lane),
        preparing=st.just(0.0) | st.floats(0.0, 2.0),
        out=way,
        back=way,
        ending=st.just(Ending.ANSWERED) | st.sampled_from(endings),
        retry_after=st.none() | st.floats(0.0, 30.0),
        patience=st.floats(0.0, 20.0),
        arrives=st.booleans(),
        cancelled_at=st.none() | moment if cancelled else st.none(),
        key=st.integers(0, 3),
    )


def quotas(settle_within: float | None = None) -> st.SearchStrategy[Quota]:
    """Small quotas, of periods that floats hold exactly and others."""
    periods = st.sampled_from([0.5, 1.0, 3.0, 10.0]) | st.floats(0.1, 20.0)
    return st.builds(Quota, st.integers(1, 5), periods, st.just(settle_within))
