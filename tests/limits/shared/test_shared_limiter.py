from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import ClientStateError, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import Limiter, Permit
from cleverapp_async.limits.acquire import CallLimits
from tests.late import LateError, check_took, in_time_once
from tests.limits.shared.fleet import ACCOUNT, KEY, QUOTA, Arrivals, Place, registry
from tests.limits.stepping import CancelledAt

if TYPE_CHECKING:
    from cleverapp_async.limits import SharedLimiterRegistry
    from tests.redis_server import RedisServer


def now() -> float:
    """The loop's clock, seconds."""
    return asyncio.get_running_loop().time()


async def test_it_is_a_limiter_like_the_others(place: Place, prefix: str) -> None:
    """A shared limiter and its permits satisfy the protocols that users write against."""
    async with registry(place, prefix) as limits:
        limiter = limits.limiter(KEY)
        permit = await limiter.acquire()
        permit.settle()
    objects: list[object] = [limiter, permit]
    assert isinstance(objects[0], Limiter)
    assert isinstance(objects[1], Permit)


@in_time_once
async def test_registries_share_one_quota(place: Place, prefix: str) -> None:
    """Three of them on one key admit together what one admits, and use it fully."""
    arrivals = Arrivals()
    async with (
        registry(place, prefix) as one,
        registry(place, prefix) as two,
        registry(place, prefix) as three,
    ):
        began = now()
        await arrivals.send_all(6, one, two, three)
        lasted = now() - began
        trips = one.round_trips + two.round_trips + three.round_trips
    assert len(arrivals.moments) == 18
    assert arrivals.most() == QUOTA.limit
    check_took(lasted, 2 * 5 * (QUOTA.period + 2 * arrivals.slowest))
    assert trips <= 2 * 18


async def test_all_quotas_of_a_key_hold_together(place: Place, prefix: str) -> None:
    """With two quotas on one key neither is overrun."""
    quotas = [Quota(2, 0.1), Quota(5, 0.6)]
    arrivals = Arrivals(slowest=0.02)
    async with (
        registry(place, prefix, quotas) as one,
        registry(place, prefix, quotas) as two,
    ):
        await arrivals.send_all(6, one, two)
    assert arrivals.most(0.1) <= 2
    assert arrivals.most(0.6) <= 5


async def test_one_round_trip_serves_all_who_wait(place: Place, prefix: str) -> None:
    """Slots are booked for everybody at once, and while nothing new is known nobody asks."""
    async with registry(place, prefix, Quota(51, 0.8)) as limits:
        limiter = limits.limiter(KEY)
        (await limiter.acquire()).settle()
        before = limits.round_trips
        permits = await asyncio.gather(*(limiter.acquire() for _ in range(50)))
        assert limits.round_trips == before + 1
        for permit in permits:
            permit.settle()


async def test_endings_travel_with_the_next_booking(place: Place, prefix: str) -> None:
    """Request after request costs one round trip each, endings included."""
    async with registry(place, prefix, Quota(50, 0.8)) as limits:
        limiter = limits.limiter(KEY)
        (await limiter.acquire()).settle()
        before = limits.round_trips
        for _ in range(10):
            permit = await limiter.acquire()
            permit.sent()
            permit.settle()
        assert limits.round_trips == before + 10


@in_time_once
async def test_an_ending_is_told_when_no_booking_comes(place: Place, prefix: str) -> None:
    """Others need not wait for the guard: they start one period after the answer."""
    async with registry(place, prefix) as one, registry(place, prefix) as two:
        permits = await asyncio.gather(*(one.limiter(KEY).acquire() for _ in range(QUOTA.limit)))
        for permit in permits:
            permit.sent()
            permit.settle()
        answered = now()
        (await two.limiter(KEY).acquire()).settle()
        check_took(now() - answered, 2 * QUOTA.period, least=QUOTA.period)


@in_time_once
async def test_closing_tells_what_is_left(place: Place, prefix: str) -> None:
    """A process that ends in order leaves its slots to those after it."""
    async with registry(place, prefix, Quota(1, 0.2)) as one:
        permit = await one.limiter(KEY).acquire()
        permit.sent()
        permit.settle()
        answered = now()
    async with registry(place, prefix, Quota(1, 0.2)) as two:
        (await two.limiter(KEY).acquire()).settle()
    check_took(now() - answered, 0.6, least=0.2)


async def test_closing_gives_back_what_was_handed_over_just_before(
    place: Place, prefix: str
) -> None:
    """Who is turned away with a slot in hand leaves it to others, not to the guard."""
    quota = Quota(2, 0.2)
    one = registry(place, prefix, quota, guard=600.0)

    async def take_and_close() -> None:
        await one.limiter(KEY).acquire()
        await one.close()

    # Both have their slots by one answer, and the first one closes before the second one runs.
    closing, late = await asyncio.gather(
        take_and_close(), one.limiter(KEY).acquire(), return_exceptions=True
    )
    assert closing is None
    assert isinstance(late, ClientStateError)
    async with registry(place, prefix, quota, guard=600.0) as two, asyncio.timeout(60):
        (await two.limiter(KEY).acquire()).settle()


@in_time_once
async def test_a_refund_gives_the_slot_back_to_the_fleet(place: Place, prefix: str) -> None:
    """What never left costs nothing: another process may use the slot at once."""
    quota = Quota(1, 2.0)
    async with (
        registry(place, prefix, quota) as one,
        registry(place, prefix, quota) as two,
    ):
        permit = await one.limiter(KEY).acquire()
        asked = one.round_trips
        permit.refund()
        # In a file the other one could ask first, and would be told to come back in 2 s.
        async with asyncio.timeout(20):
            while one.round_trips == asked or not one.limiter(KEY).idle:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        told = now()
        (await two.limiter(KEY).acquire()).refund()
        check_took(now() - told, 1.0)


# What follows on a cancellation has no second try, which would hide a wake-up that is lost now and
# then: the time between what is right and what is wrong is long instead.


async def test_a_cancelled_waiter_loses_nothing(place: Place, prefix: str) -> None:
    """Its slot goes to who waits behind it, at the same moment."""
    async with registry(place, prefix, Quota(1, 1.5)) as limits:
        limiter = limits.limiter(KEY)
        first = await limiter.acquire()
        first.sent()
        first.settle()
        answered = now()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(2)]
        await asyncio.sleep(0.1)
        waiting[0].cancel()
        (await waiting[1]).settle()
        # The slot after the one that was given up would come twice as late.
        check_took(now() - answered, 3.0, least=1.5)


async def test_what_nobody_waits_for_any_more_goes_back(place: Place, prefix: str) -> None:
    """A booked slot whose waiter was cancelled is another process's."""
    quota = Quota(1, 1.5)
    async with (
        registry(place, prefix, quota) as one,
        registry(place, prefix, quota) as two,
    ):
        first = await one.limiter(KEY).acquire()
        first.sent()
        first.settle()
        answered = now()
        waiting = asyncio.create_task(one.limiter(KEY).acquire())
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.sleep(0.05)  # one tells the others
        (await two.limiter(KEY).acquire()).settle()
        # Where it stayed with the one who gave up, the next one would come twice as late.
        check_took(now() - answered, 3.0, least=1.5)


@pytest.mark.parametrize("moment", range(4))
async def test_cancelling_at_any_await_leaves_the_rest_alone(
    place: Place, prefix: str, moment: int
) -> None:
    """Cancelled after so many turns of the loop, a waiter takes no slot with it."""
    async with registry(place, prefix, Quota(1, 0.1)) as limits:
        limiter = limits.limiter(KEY)
        for _ in range(5):
            task = asyncio.create_task(limiter.acquire())
            for _ in range(moment):
                await asyncio.sleep(0)
            if not task.done():
                task.cancel()
            done = (await asyncio.gather(task, return_exceptions=True))[0]
            if not isinstance(done, BaseException):
                done.refund()
        async with asyncio.timeout(20):
            (await limiter.acquire()).refund()
        assert limiter.snapshot().in_flight == 0


@pytest.mark.parametrize("waits", [False, True])
async def test_a_grant_that_comes_with_a_cancel_goes_on(
    place: Place, prefix: str, waits: bool
) -> None:
    """Cancelled at the very moment of its grant, a waiter leaves the slot to the next, or back."""
    async with registry(place, prefix, Quota(1, 5.0)) as limits:
        limiter = limits.limiter(KEY)
        (await limiter.acquire()).refund()
        stepped = CancelledAt(limiter.acquire(), 0, woken=True)
        waiting = [asyncio.create_task(limiter.acquire())] if waits else []
        with pytest.raises(asyncio.CancelledError):
            await stepped
        assert stepped.reached
        granted = now()
        waiting = waiting or [asyncio.create_task(limiter.acquire())]
        for permit in await asyncio.gather(*waiting):
            permit.refund()
        check_took(now() - granted, 2.5)


async def test_the_own_window_holds_in_series(server: RedisServer, prefix: str) -> None:
    """Whatever the log grants, a process keeps its own; cancelled, it gives back."""
    async with (
        server.client() as redis,
        registry(server.url, prefix, Quota(1, 0.2)) as limits,
    ):
        limiter = limits.limiter(KEY)
        permit = await limiter.acquire()
        permit.sent()
        await redis.delete(*[name async for name in redis.scan_iter(match=f"{prefix}:*:window*")])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await limiter.acquire()
        permit.settle()
        permit.settle()
        permit.refund()
        answered = now()
        (await limiter.acquire()).settle()
        assert now() - answered >= 0.2


@in_time_once
async def test_a_refusal_pauses_the_fleet(place: Place, prefix: str) -> None:
    """One process's refusal keeps every other from the key, and all know the refusals."""
    async with registry(place, prefix) as two:
        async with registry(place, prefix) as one:
            permit = await one.limiter(KEY).acquire()
            permit.sent()
            permit.refuse(0.5)
            refused = now()
            (await one.limiter(LimitKey(8, "telegram")).acquire()).settle()
        # By its close at the latest it is told: before that the other one could ask first.
        (await two.limiter(KEY).acquire()).settle()
        check_took(now() - refused, 0.9, least=0.5)
        assert two.limiter(KEY).snapshot().refusals == 1


@in_time_once
async def test_a_pause_by_hand_is_shared_and_shown(place: Place, prefix: str) -> None:
    """``pause`` holds the fleet, voids what was booked before, and stands in the snapshot."""
    async with registry(place, prefix) as one, registry(place, prefix) as two:
        one.pause(KEY, 0.4)
        began = now()
        assert one.snapshot()[KEY].paused_for == pytest.approx(0.4, abs=0.3)
        assert one.limiter(KEY).estimate(Lane.BULK) == pytest.approx(0.4, abs=0.3)
        await asyncio.gather(
            *(each.limiter(KEY).acquire() for each in (one, two) for _ in range(1))
        )
        check_took(now() - began, 0.8, least=0.4)


async def test_interactive_goes_before_bulk(place: Place, prefix: str) -> None:
    """A slot is bound when it is due: whoever's turn it is then takes it."""
    order: list[Lane] = []
    async with registry(place, prefix, Quota(1, 0.1)) as limits:
        limiter = limits.limiter(KEY)

        async def send(lane: Lane) -> None:
            permit = await limiter.acquire(lane=lane)
            order.append(lane)
            permit.sent()
            permit.settle()

        (await limiter.acquire()).settle()
        bulk = [asyncio.create_task(send(Lane.BULK)) for _ in range(3)]
        await asyncio.sleep(0.03)
        await asyncio.gather(send(Lane.INTERACTIVE), *bulk)
    assert order[0] is Lane.INTERACTIVE


async def test_the_account_is_shared_as_well(place: Place, prefix: str) -> None:
    """A gate wins the key's slot and the account's, each of them the fleet's."""

    def make() -> SharedLimiterRegistry:
        return registry(place, prefix, Quota(9, 0.2), account=Quota(2, 0.2))

    arrivals = Arrivals()

    async def send(gate: CallLimits, bot: int) -> None:
        lease = await gate.acquire(LimitKey(bot, "telegram"))
        lease.sent()
        arrivals.moments.append(now())
        lease.settle()

    one, two = make(), make()
    gates = [CallLimits(one, ACCOUNT), CallLimits(two, ACCOUNT)]
    await asyncio.gather(*(send(gate, bot) for gate in gates for bot in range(4)))
    for limits in (one, two):
        await limits.close()
    assert arrivals.most(0.2) == 2


@in_time_once
async def test_processes_take_turns(place: Place, prefix: str) -> None:
    """Nobody who came first keeps the key to itself."""
    quota = Quota(4, 0.1)
    order: list[int] = []
    async with (
        registry(place, prefix, quota) as one,
        registry(place, prefix, quota) as two,
    ):

        async def send(limits: LimiterRegistry, who: int) -> None:
            permit = await limits.limiter(KEY).acquire()
            permit.sent()
            order.append(who)
            permit.settle()

        for each in (one, two):
            (await each.limiter(KEY).acquire()).refund()  # it is connected
        ones = [asyncio.create_task(send(one, 1)) for _ in range(24)]
        await asyncio.sleep(0.02)
        twos = [asyncio.create_task(send(two, 2)) for _ in range(24)]
        await asyncio.gather(*ones, *twos)
    if not 6 <= order[:24].count(2) <= 18:
        raise LateError(order)  # who came second may not have been there yet


async def test_a_limiter_that_holds_nothing_is_dropped(place: Place, prefix: str) -> None:
    """Keys that are idle are forgotten here, and found again in the log."""
    async with registry(place, prefix, Quota(1, 0.05)) as limits:
        limiter = limits.limiter(KEY)
        idle = [limiter.idle]
        permit = await limiter.acquire()
        idle.append(limiter.idle)
        permit.sent()
        permit.settle()
        idle.append(limiter.idle)
        assert idle == [True, False, False]
        async with asyncio.timeout(20):
            while not limiter.idle:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
        for bot in range(100, 103):
            (await limits.limiter(LimitKey(bot, "telegram")).acquire()).settle()
        assert limits.limiter(KEY) is not limiter
        (await limits.limiter(KEY).acquire()).settle()


async def test_unlimited_keys_need_no_log(place: Place, prefix: str) -> None:
    """A key without quotas is granted at once and asks nobody."""
    async with registry(place, prefix, []) as limits:
        for _ in range(100):
            (await limits.limiter(KEY).acquire()).settle()
        assert limits.round_trips == 0


def test_it_serves_one_event_loop(place: Place, prefix: str) -> None:
    """On another loop it says so, instead of waiting for ever."""
    limits = registry(place, prefix)
    assert limits.limiter(KEY).estimate(Lane.BULK) == 0.0

    async def use() -> None:
        (await limits.limiter(KEY).acquire()).settle()

    async def use_and_close() -> None:
        await use()
        await limits.close()

    asyncio.run(use_and_close())
    with pytest.raises(ClientStateError, match="another event loop"):
        asyncio.run(use())


async def test_a_given_up_request_counts_for_some_time_more(place: Place, prefix: str) -> None:
    """It may still arrive: its slot is stamped two seconds later, for the whole fleet."""
    async with registry(place, prefix, Quota(1, 0.1)) as one:
        permit = await one.limiter(KEY).acquire()
        permit.sent()
        permit.give_up()
    async with registry(place, prefix, Quota(1, 0.1)) as two:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await two.limiter(KEY).acquire()


@in_time_once
async def test_a_capped_quota_goes_on_before_the_answer(place: Place, prefix: str) -> None:
    """``settle_within`` stamps a slot after the request left, whether or not it was answered."""
    quota = Quota(1, 0.2, settle_within=0.05)
    async with (
        registry(place, prefix, quota) as one,
        registry(place, prefix, quota) as two,
    ):
        permit = await one.limiter(KEY).acquire()
        permit.sent()
        began = now()
        (await two.limiter(KEY).acquire()).settle()
        check_took(now() - began, 0.5, least=0.25)
        permit.settle()


async def test_a_thousand_slots_are_granted_and_reported_at_once(place: Place, prefix: str) -> None:
    """More than fit into one command of the log; none is free again too soon, or lost."""
    period = 0.5
    async with (
        registry(place, prefix, Quota(1_200, period)) as one,
        registry(place, prefix, Quota(1_200, period)) as two,
    ):
        (await one.limiter(KEY).acquire()).settle()
        permits = await asyncio.gather(*(one.limiter(KEY).acquire() for _ in range(1_199)))
        settled = now()
        for permit in permits:
            permit.settle()
        again = await asyncio.gather(*(two.limiter(KEY).acquire() for _ in range(1_150)))
        assert now() - settled >= period
        assert one.limiter(KEY).snapshot().in_flight == 0
        for permit in again:
            permit.settle()


async def test_estimates_are_never_too_long(place: Place, prefix: str) -> None:
    """What a newcomer is told it will wait at least, it does wait at least."""
    async with registry(place, prefix) as limits:
        limiter = limits.limiter(KEY)

        async def send() -> None:
            told, began = limiter.estimate(Lane.INTERACTIVE), now()
            permit = await limiter.acquire()
            assert now() - began >= told - 0.02
            permit.sent()
            await asyncio.sleep(0.01)
            permit.settle()

        for _ in range(4):
            await asyncio.gather(*(send() for _ in range(5)))
