"""The law, on the real script and on the rule of the file: at most N arrive in any window of T."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st
from redis.asyncio import Redis

from cleverapp_async import Quota
from cleverapp_async._redis.client import RedisClient
from cleverapp_async.limits.shared.redis_log import RedisLog
from tests.laws import examples
from tests.limits.oracle import most_in_window
from tests.limits.shared.world import (
    CAP,
    CAPPED,
    GUARD,
    BothLogs,
    Log,
    RuleLog,
    ScriptLog,
    Step,
    World,
    keeps,
    kept_quotas,
    plans,
    play,
    quotas,
    steps,
)

if TYPE_CHECKING:
    from tests.redis_server import RedisServer

_worlds = itertools.count()

Make = Callable[[Redis, str], Log]


def _script(redis: Redis, run: str) -> ScriptLog:
    return ScriptLog(redis, run, RedisLog(RedisClient(redis, 5.0), f"law-{next(_worlds)}"))


def _both(redis: Redis, run: str) -> BothLogs:
    return BothLogs(_script(redis, run))


def _play(server: RedisServer, make: Make, kept: Sequence[Quota], plan: list[Step]) -> World:
    async def main() -> World:
        async with server.client() as redis:
            run = (await redis.info("server"))["run_id"]
            return await play(make(redis, run), kept, plan)

    return asyncio.run(main())


def _asks(process: int, demand: int, *, used: int = 0, after: float = 0.0) -> Step:
    return Step(after, process, demand, 0.0, used, 0.0, 0.0, False, False, False)


SLEPT_THROUGH_ITS_TURN = [
    _asks(1, 1, used=1),
    _asks(0, 1),
    _asks(1, 0),
    _asks(0, 2, used=2, after=GUARD + 1.0),
]
"""A slot was booked for a process that slept until nobody counted it any more."""


@given(kept=kept_quotas, plan=plans)
@example(kept=[Quota(1, 0.5)], plan=SLEPT_THROUGH_ITS_TURN)
@examples(20)  # on each engine
def test_script_and_rule_say_the_same_step_by_step(
    server: RedisServer, kept: list[Quota], plan: list[Step]
) -> None:
    """Lua in Redis and Python on a file are one rule: same replies, same logs; and it is kept."""
    world = _play(server, _both, kept, plan)
    assert keeps(world)


@given(kept=kept_quotas, plan=plans)
@example(kept=[Quota(1, 0.5)], plan=SLEPT_THROUGH_ITS_TURN)
@examples(20)  # on each engine
def test_no_window_ever_holds_more_than_its_quota(
    server: RedisServer, kept: list[Quota], plan: list[Step]
) -> None:
    """Bookings, endings, cancels, kills, lost answers, clocks of three processes, interleaved."""
    world = _play(server, _script, kept, plan)
    assert keeps(world)


@given(exact=quotas, plan=plans)
@examples(15)  # on each engine
def test_a_capped_hold_is_exact_for_requests_that_arrive_within_the_cap(
    server: RedisServer, exact: Quota, plan: list[Step]
) -> None:
    """``settle_within`` keeps its window while no way out takes longer, and the other always."""
    _hold_capped(_play(server, _script, [CAPPED, exact], plan), exact, plan)


@given(kept=kept_quotas, plan=plans)
@example(kept=[Quota(1, 0.5)], plan=SLEPT_THROUGH_ITS_TURN)
def test_the_rule_of_the_file_keeps_the_quota_too(kept: list[Quota], plan: list[Step]) -> None:
    """The same law without a server, quick enough for more examples."""
    world = asyncio.run(play(RuleLog(), kept, plan))
    assert keeps(world)


@given(exact=quotas, plan=plans)
def test_the_rule_of_the_file_caps_a_hold_too(exact: Quota, plan: list[Step]) -> None:
    """The same for ``settle_within``."""
    _hold_capped(asyncio.run(play(RuleLog(), [CAPPED, exact], plan)), exact, plan)


def _hold_capped(world: World, exact: Quota, plan: list[Step]) -> None:
    assert most_in_window(world.arrivals, exact.period) <= exact.limit
    if all(step.out < CAP for step in plan):
        assert most_in_window(world.arrivals, CAPPED.period) <= CAPPED.limit


@given(
    kept=kept_quotas,
    lives=st.lists(
        st.tuples(st.lists(steps, max_size=12), st.integers(0, 3)), min_size=2, max_size=4
    ),
    wall_ahead=st.sampled_from([0.0, -500.0, 500.0]),
)
@example(kept=[Quota(1, 0.5)], lives=[([_asks(0, 1, used=1)], 1)] * 2, wall_ahead=0.0)
def test_a_machine_that_starts_anew_overruns_nothing(
    kept: list[Quota], lives: list[tuple[list[Step], int]], wall_ahead: float
) -> None:
    """Though it lost the newest writes, or the file; and whatever its clock of the day shows."""

    async def main() -> World:
        log = RuleLog()
        world, texts = World(log, kept), list[str | None]()
        for plan, lost in lives:
            for step in plan:
                await world.take(step)
                texts.append(log.text)
            log.wall_ahead = wall_ahead
            world.reboot(log, (texts[:-lost] or [None])[-1] if lost else log.text)
        # Where the clock of the day was set back the log goes on from here, with all that it held.
        return await play(log, kept, [_asks(0, 0)], world)

    assert keeps(asyncio.run(main()))
