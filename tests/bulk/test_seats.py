"""Seats on the wire: few at first, more as the service is seen to work, one after trouble."""

from __future__ import annotations

import asyncio

import pytest

from cleverapp_async.bulk.queues import Seat, WireSeats
from cleverapp_async.testing import run_virtual
from tests.bulk.rig import turns


def taken(seats: WireSeats, most: int = 1000) -> int:
    """How many seats can be taken now."""
    return sum(1 for _ in range(most) if seats.take())


def test_there_are_few_at_first() -> None:
    """No more than asked for, and no more than there may ever be."""
    assert taken(WireSeats(5, 100)) == 5
    assert taken(WireSeats(5, 3)) == 3


def test_an_answer_awaited_by_all_adds_a_seat() -> None:
    """While all seats are taken every success adds one, up to the most."""
    seats = WireSeats(5, 8)
    assert taken(seats) == 5
    for free in (1, 1, 1, 0):
        seats.grow()
        assert taken(seats) == free


def test_seats_that_nobody_needs_are_not_added() -> None:
    """Where the limits let fewer through than there are seats, a fault meets no more than those."""
    seats = WireSeats(5, 100)
    for _ in range(50):
        assert seats.take()
        seats.grow()
        seats.leave()
    assert taken(seats) == 5


async def test_after_trouble_one_goes_at_a_time() -> None:
    """Those who wait get the one seat in turn, until something succeeds."""
    seats, order = WireSeats(3, 10), list[int]()
    assert taken(seats) == 3

    async def go(number: int) -> None:
        await seats.wait()
        order.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(6)]
    await turns()
    seats.shrink()
    for expected in ([], [], [0], [0, 1]):
        assert order == expected[: len(order)]
        seats.leave()
        await turns()
    assert order == [0, 1]
    seats.grow()
    await turns()
    assert order == [0, 1, 2]
    for _ in range(3):
        seats.leave()
        await turns()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4, 5]


async def test_a_newcomer_does_not_pass_those_who_wait() -> None:
    """A seat that is free belongs to the first in line."""
    seats = WireSeats(1, 10)
    assert seats.take()
    first = asyncio.create_task(seats.wait())
    await turns()
    seats.leave()
    assert not seats.take()
    await first


async def test_those_sent_back_need_no_free_seat() -> None:
    """A message that the server sent back goes when its limit lets it."""
    seats = WireSeats(1, 10)
    assert seats.take()
    seats.take_anyway()
    seats.leave()
    assert not seats.take()
    seats.leave()
    assert seats.take()


@pytest.mark.parametrize("admitted", [False, True])
async def test_a_cancelled_waiter_loses_nothing_for_anybody(*, admitted: bool) -> None:
    """Cancelled in line or at the very moment of its turn, the next one goes."""
    seats = WireSeats(1, 10)
    assert seats.take()
    first, second = (asyncio.create_task(seats.wait()) for _ in range(2))
    await turns()
    if admitted:
        seats.leave()
    first.cancel()
    if not admitted:
        seats.leave()
    await turns()
    assert first.cancelled()
    assert second.done()
    seats.leave()
    assert taken(seats) == 1


def test_a_seat_that_was_waited_for_lapses() -> None:
    """A message that waited for its seat and then waits for a limit keeps nobody from the wire."""

    async def wait() -> None:
        seats = WireSeats(1, 10)
        seat = Seat(seats)
        await seat.wait()
        assert not seats.take()
        await asyncio.sleep(1)
        assert seats.take()
        assert not seat.take()

    run_virtual(wait())


def test_a_seat_that_is_used_does_not_lapse() -> None:
    """Once the message leaves, the seat is its own until it is given back."""

    async def wait() -> None:
        seats = WireSeats(1, 10)
        seat = Seat(seats)
        await seat.wait()
        assert seat.take()
        await asyncio.sleep(1)
        assert not seats.take()
        seat.leave()
        seat.leave()
        assert taken(seats) == 1

    run_virtual(wait())


def test_a_message_sent_back_has_no_seat_and_gets_one_without_waiting() -> None:
    """While it waits for its limit others have its seat; then it leaves beside them."""
    seats = WireSeats(1, 10)
    seat = Seat(seats)
    assert seat.take()
    seat.send_back()
    assert Seat(seats).take()
    assert seat.take()
