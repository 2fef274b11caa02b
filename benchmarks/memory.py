"""Is the memory of a bulk send the same, however many messages it has?

Each size runs in a fresh process, which asks the system for its own peak; the messages come
from a generator, the limits are off, and the server is a process of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from statistics import median
from typing import TYPE_CHECKING

from cleverapp_async import CleverAppClient, LimiterRegistry, Outcome, SendMessage

from ._peak import MIB, own_peak
from ._report import Figure, Report
from ._server import TOKEN, bare_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

__all__ = ["run"]

_FEW, _MANY = 2_000, 200_000
_BAR = 30.0
_SERVER_CORE = 1


def run(repetitions: int) -> Report:
    """Send few and many, in turns.

    Args:
        repetitions: How often each.
    """
    few: list[float] = []
    many: list[float] = []
    with bare_server(_SERVER_CORE) as server:
        for _ in range(repetitions):
            few.append(_peak(server.base_url, _FEW))
            many.append(_peak(server.base_url, _MANY))
    grown = [after - before for before, after in zip(few, many, strict=True)]
    return Report(
        name="memory",
        about=(
            f"peak resident memory of fresh processes that send {_FEW:,} and {_MANY:,} messages "
            f"of a generator through send_many, limits off; repetitions: {repetitions}"
        ),
        figures=(
            Figure(
                name=f"growth of the peak from {_FEW:,} to {_MANY:,} messages",
                value=median(grown),
                unit="MiB",
                at_most=_BAR,
                runs=tuple(grown),
            ),
            Figure(name=f"peak, {_FEW:,} messages", value=median(few), unit="MiB", runs=(*few,)),
            Figure(name=f"peak, {_MANY:,} messages", value=median(many), unit="MiB", runs=(*many,)),
        ),
        settings={"few": _FEW, "many": _MANY, "repetitions": repetitions},
    )


def _peak(base_url: str, count: int) -> float:
    """MiB at the peak of a process that sends so many."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_send_and_tell, args=(theirs, base_url, count))
    process.start()
    theirs.close()
    peak: int = ours.recv()
    process.join()
    return peak / MIB


def _send_and_tell(wire: Connection, base_url: str, count: int) -> None:
    asyncio.run(_send(base_url, count))
    wire.send(own_peak())


async def _send(base_url: str, count: int) -> None:
    accepted = 0
    limits = LimiterRegistry.unlimited()
    async with CleverAppClient(TOKEN, base_url=base_url, limits=limits) as client:
        async for outcome in client.send_many(_messages(count)):
            accepted += outcome.outcome is Outcome.ACCEPTED
    assert accepted == count, f"{accepted} of {count} were accepted"


def _messages(count: int) -> Iterator[SendMessage]:
    for number in range(1, count + 1):
        yield SendMessage(contact_id=number, text=f"Здравствуйте! Ваш заказ {number} готов.")
