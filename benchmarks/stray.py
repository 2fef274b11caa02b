"""A second answer comes at any moment around the next message: how often is it taken for its own?

The server answers a message, then answers once more at a random moment of the next 100 ms, reads
nothing after that and hangs up. The next message leaves in the middle of these 100 ms.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import aiohttp

from cleverapp_async import (
    CleverAppClient,
    CleverAppError,
    ClientConfig,
    LimiterRegistry,
    Outcome,
    RetryPolicy,
)

from ._closing import Closing, closing_server
from ._report import Figure, Report
from ._server import TOKEN

__all__ = ["run"]

_Side: TypeAlias = Callable[[str, str], Awaitable[Outcome]]

_SPREAD = 0.1
"""Seconds within which the second answer leaves."""

_ONE_WAY = 0.005
_MESSAGES = 600
_AT_ONCE = 10


def run(repetitions: int) -> Report:
    """Send on each side in turns, and ask the server what it took.

    Args:
        repetitions: How often.
    """
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for _ in range(repetitions):
        for side, counts in ((_ours, ours), (_bare, theirs)):
            with closing_server((Closing(_SPREAD, _ONE_WAY, stray=True),)) as server:
                ended = asyncio.run(_all(server.base_url, side))
                taken = set(server.report())
            for text, outcome in ended:
                counts["lies"] += outcome is Outcome.ACCEPTED and text not in taken
                counts["lost"] += outcome is Outcome.NOT_SENT and text in taken
                counts[outcome.name] += 1
    return Report(
        name="stray",
        about=(
            f"{repetitions * _MESSAGES} messages, each with one stray answer at a random moment of "
            f"{1000 * _SPREAD:g} ms around it; round trip {2000 * _ONE_WAY:g} ms"
        ),
        figures=(
            Figure(name="ACCEPTED but never read by the server, ours", value=ours["lies"]),
            Figure(name="... aiohttp's default session", value=theirs["lies"]),
            Figure(name="NOT_SENT but read by the server, ours", value=ours["lost"], at_most=0),
            Figure(name="UNKNOWN, ours", value=ours[Outcome.UNKNOWN.name]),
            Figure(name="... failed, aiohttp's default session", value=theirs["UNKNOWN"]),
        ),
        settings={"spread": _SPREAD, "one_way": _ONE_WAY, "messages": _MESSAGES},
    )


async def _all(base_url: str, side: _Side) -> list[tuple[str, Outcome]]:
    ended: list[tuple[str, Outcome]] = []
    numbers = iter(range(_MESSAGES))

    async def work() -> None:
        for number in numbers:
            outcome = await side(base_url, f"m{number}")
            ended.append((f"m{number}", outcome))

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work())
    return ended


async def _ours(base_url: str, text: str) -> Outcome:
    config = ClientConfig(retry=RetryPolicy(attempts=1))
    limits = LimiterRegistry.unlimited()
    async with CleverAppClient(TOKEN, base_url=base_url, config=config, limits=limits) as client:
        await client.send_message(contact_id=1, text="first")
        await asyncio.sleep(_SPREAD / 2)
        try:
            await client.send_message(contact_id=1, text=text)
        except CleverAppError as error:
            return error.outcome
    return Outcome.ACCEPTED


async def _bare(base_url: str, text: str) -> Outcome:
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{base_url}/sendMessage?text=first") as answer:
            await answer.read()
        await asyncio.sleep(_SPREAD / 2)
        try:
            async with session.post(f"{base_url}/sendMessage?text={text}") as answer:
                await answer.read()
        except aiohttp.ClientError:
            # All that such a caller knows is that it failed.
            return Outcome.UNKNOWN
    return Outcome.ACCEPTED
