"""Seats on the wire: few at first, more as the service is seen to work, one after trouble."""

from __future__ import annotations

import asyncio

import pytest

from cleverapp_async.bulk.flight import Flight
from tests.bulk.rig import turns


def taken(flight: Flight, most: int = 1000) -> int:
    """How many seats can be taken now."""
    return sum(1 for _ in range(most) if flight.take())


def test_there_are_few_at_first() -> None:
    """No more than asked for, and no more than there may ever be."""
    assert taken(Flight(5, 100)) == 5
    assert taken(Flight(5, 3)) == 3


def test_an_answer_awaited_by_all_adds_a_seat() -> None:
    """While all seats are taken every success adds one, up to the most."""
    flight = Flight(5, 8)
    assert taken(flight) == 5
    for free in (1, 1, 1, 0):
        flight.trust()
        assert taken(flight) == free


def test_seats_that_nobody_needs_are_not_added() -> None:
    """Where the limits let fewer through than there are seats, a fault meets no more than those."""
    flight = Flight(5, 100)
    for _ in range(50):
        assert flight.take()
        flight.trust()
        flight.leave()
    assert taken(flight) == 5


async def test_after_trouble_one_goes_at_a_time() -> None:
    """Those who wait get the one seat in turn, until something succeeds."""
    flight, order = Flight(3, 10), list[int]()
    assert taken(flight) == 3

    async def go(number: int) -> None:
        await flight.wait()
        order.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(6)]
    await turns()
    flight.doubt()
    for expected in ([], [], [0], [0, 1]):
        assert order == expected[: len(order)]
        flight.leave()
        await turns()
    assert order == [0, 1]
    flight.trust()
    await turns()
    assert order == [0, 1, 2]
    for _ in range(3):
        flight.leave()
        await turns()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4, 5]


async def test_a_newcomer_does_not_pass_those_who_wait() -> None:
    """A seat that is free belongs to the first in line."""
    flight = Flight(1, 10)
    assert flight.take()
    first = asyncio.create_task(flight.wait())
    await turns()
    flight.leave()
    assert not flight.take()
    await first


async def test_those_sent_back_need_no_free_seat() -> None:
    """A message that the server sent back goes when its limit lets it."""
    flight = Flight(1, 10)
    assert flight.take()
    flight.take_again()
    flight.leave()
    assert not flight.take()
    flight.leave()
    assert flight.take()


@pytest.mark.parametrize("admitted", [False, True])
async def test_a_cancelled_waiter_loses_nothing_for_anybody(*, admitted: bool) -> None:
    """Cancelled in line or at the very moment of its turn, the next one goes."""
    flight = Flight(1, 10)
    assert flight.take()
    first, second = (asyncio.create_task(flight.wait()) for _ in range(2))
    await turns()
    if admitted:
        flight.leave()
    first.cancel()
    if not admitted:
        flight.leave()
    await turns()
    assert first.cancelled()
    assert second.done()
    flight.leave()
    assert taken(flight) == 1
