"""How many messages are UNKNOWN because the server closed their connection at that very moment?

Bots send as their limits allow, in real time, to servers whose keep-alive time-out is the
limit's own period and to others. Every bot has a session of its own, so that its connection is
idle for just the period.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, TypeAlias

import aiohttp
import trustme
from attrs import frozen

from cleverapp_async import (
    CleverAppClient,
    CleverAppError,
    ClientConfig,
    LimiterRegistry,
    Outcome,
    Quota,
    RetryPolicy,
)

from ._closing import Closing, closing_server
from ._report import Figure, Report
from ._server import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["run"]

_Side: TypeAlias = Literal["ours", "aiohttp"]

_ONE_WAY = 0.025
"""Seconds that bytes travel, each way."""

_SLACK = 0.05
"""Seconds by which a server's timer is early or late at most."""

_TIMEOUTS = (1.0, 2.0, 5.0, 10.0, 60.0)
"""Keep-alive time-outs of servers, seconds."""

_BOTS: dict[float, tuple[int, int]] = {1.0: (15, 20), 10.0: (60, 5), 60.0: (240, 1)}
"""Period of a limit in seconds: how many bots send by it, and how many gaps each leaves."""

_SHORTER = 0.5
"""A time-out, and a pause between messages, that the default idle time does not stay below."""

_HANDSHAKES = 150


@frozen
class _Cell:
    """Bots of one limit against one server."""

    timeout: float
    period: float
    side: _Side
    keepalive: float | None = None

    @property
    def told(self) -> str:
        return f"server {self.timeout:g} s, one message per {self.period:g} s"


def run(repetitions: int) -> Report:
    """Send in real time, then compare a new connection for each request with one that is kept.

    Args:
        repetitions: How often all of it is done.
    """
    cells = [
        *(
            _Cell(timeout, period, side)
            for period in _BOTS
            for timeout in _TIMEOUTS
            for side in ("ours", "aiohttp")
        ),
        _Cell(_SHORTER, _SHORTER, "ours"),
        _Cell(_SHORTER, _SHORTER, "ours", keepalive=0.3),
    ]
    ended: dict[_Cell, Counter[Outcome]] = {cell: Counter() for cell in cells}
    never = lies = 0
    for repetition in range(repetitions):
        listeners = tuple(Closing(idle, _ONE_WAY, _SLACK) for idle in (*_TIMEOUTS, _SHORTER))
        with closing_server(listeners) as server:
            urls = dict(zip((*_TIMEOUTS, _SHORTER), server.base_url.split(), strict=True))
            outcomes = asyncio.run(_all(cells, urls, repetition))
            taken = Counter(server.report())
        for cell, text, outcome in outcomes:
            ended[cell][outcome] += 1
            never += outcome is Outcome.UNKNOWN and taken[text] == 0
            lies += taken[text] != (outcome is Outcome.ACCEPTED) and outcome is not Outcome.UNKNOWN
    figures = [
        Figure(
            name=_name(cell),
            value=_per_1000(ended[cell]),
            at_most=0 if cell.side == "ours" and _avoidable(cell) else None,
        )
        for cell in cells
    ]
    unknown = sum(each[Outcome.UNKNOWN] for each in ended.values())
    figures += [
        Figure(name="messages UNKNOWN in all", value=unknown),
        Figure(name="... of these that never arrived", value=never),
        Figure(name="messages whose outcome the server's log contradicts", value=lies, at_most=0),
        *_costs(repetitions),
    ]
    bots = ", ".join(f"{bots} × {gaps} per {period:g} s" for period, (bots, gaps) in _BOTS.items())
    return Report(
        name="keepalive",
        about=(
            f"UNKNOWN per 1,000 messages sent over an idle connection; bots × gaps: {bots}; "
            f"round trip {2000 * _ONE_WAY:g} ms, timers of servers off by {1000 * _SLACK:g} ms at "
            "most; real time"
        ),
        figures=tuple(figures),
        settings={
            "one_way": _ONE_WAY,
            "slack": _SLACK,
            "default_keepalive_timeout": ClientConfig().keepalive_timeout,
            "repetitions": repetitions,
        },
    )


def _avoidable(cell: _Cell) -> bool:
    idle = ClientConfig().keepalive_timeout if cell.keepalive is None else cell.keepalive
    return cell.timeout - _SLACK > idle + 2 * _ONE_WAY


def _name(cell: _Cell) -> str:
    if cell.side == "aiohttp":
        return "... aiohttp's default session"
    kept = "" if cell.keepalive is None else f", keepalive_timeout={cell.keepalive:g}"
    return f"{cell.told}{kept}"


def _per_1000(ended: Counter[Outcome]) -> float:
    return 1000 * ended[Outcome.UNKNOWN] / ended.total()


_Ended: TypeAlias = tuple[_Cell, str, Outcome]


async def _all(cells: Iterable[_Cell], urls: dict[float, str], repetition: int) -> list[_Ended]:
    """All bots of all cells at once, each cell's spread evenly over its period."""
    ended: list[_Ended] = []
    async with asyncio.TaskGroup() as group:
        for number, cell in enumerate(cells):
            bots, gaps = _BOTS.get(cell.period, _BOTS[1.0])
            for bot in range(bots):
                name = f"{repetition}-{number}-{bot}"
                start = cell.period * bot / bots
                work = _ours if cell.side == "ours" else _bare
                group.create_task(work(_Bot(cell, urls[cell.timeout], name, start, gaps), ended))
    return ended


@frozen
class _Bot:
    """One bot: where it sends, what, from when, and how often."""

    cell: _Cell
    base_url: str
    name: str
    start: float
    gaps: int

    def texts(self) -> Iterator[tuple[int, str]]:
        """Its messages by their number; before the first, nothing was idle."""
        return ((number, f"{self.name}-{number}") for number in range(self.gaps + 1))


async def _ours(bot: _Bot, ended: list[_Ended]) -> None:
    cell = bot.cell
    config = ClientConfig(retry=RetryPolicy(attempts=1))
    if cell.keepalive is not None:
        config = ClientConfig(retry=config.retry, keepalive_timeout=cell.keepalive)
    limits = LimiterRegistry(account=(), messengers={"any": Quota(1, cell.period)})
    await asyncio.sleep(bot.start)
    async with CleverAppClient(
        TOKEN, base_url=bot.base_url, config=config, limits=limits
    ) as client:
        for number, text in bot.texts():
            outcome = Outcome.ACCEPTED
            try:
                await client.send_message(
                    bot_id=1, messenger="any", contact_external_id="7", text=text
                )
            except CleverAppError as error:
                outcome = error.outcome
            if number:
                ended.append((cell, text, outcome))


async def _bare(bot: _Bot, ended: list[_Ended]) -> None:
    cell = bot.cell
    await asyncio.sleep(bot.start)
    async with aiohttp.ClientSession() as session:
        for number, text in bot.texts():
            outcome = Outcome.ACCEPTED
            if number:
                await asyncio.sleep(cell.period)
            try:
                async with session.post(f"{bot.base_url}/sendMessage?text={text}") as answer:
                    await answer.read()
            except aiohttp.ClientError:
                # All that such a caller knows is that it failed.
                outcome = Outcome.UNKNOWN
            if number:
                ended.append((cell, text, outcome))


def _costs(repetitions: int) -> list[Figure]:
    """What a new connection costs, without a network between."""
    figures: list[Figure] = []
    with TemporaryDirectory() as folder:
        authority = trustme.CA()
        chain = Path(folder, "server.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(chain))
        for kind, certificate in (("TCP", None), ("TLS", str(chain))):
            times: dict[float, list[float]] = {0.0: [], 60.0: []}
            with closing_server((Closing(60.0, 0.0),), certificate) as server:
                for _ in range(3 * repetitions):
                    for keepalive, measured in times.items():
                        measured.append(asyncio.run(_timed(server.base_url, authority, keepalive)))
            fresh, kept = (1000 * median(each) for each in times.values())
            figures += [
                Figure(
                    name=f"a message over a new {kind} connection", value=fresh, unit="ms of CPU"
                ),
                Figure(name="... over one that is kept", value=kept, unit="ms of CPU"),
            ]
    return figures


async def _timed(base_url: str, authority: trustme.CA, keepalive: float) -> float:
    """Seconds of the client's CPU per message."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    connector = aiohttp.TCPConnector(ssl=context, keepalive_timeout=60.0)
    config = ClientConfig(keepalive_timeout=keepalive)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        CleverAppClient(
            TOKEN,
            base_url=base_url,
            config=config,
            limits=LimiterRegistry.unlimited(),
            session=session,
        ) as client,
    ):
        await client.send_message(contact_id=1, text="first")
        began = time.process_time()
        for number in range(_HANDSHAKES):
            await client.send_message(contact_id=1, text=f"{number}")
        return (time.process_time() - began) / _HANDSHAKES
