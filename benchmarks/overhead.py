"""What the client adds to aiohttp: requests per second with the limits off.

The bare baseline is the loop a user would write without this package: it posts the same JSON
with the same headers and decodes the answer; no retries, no witness, no checks, no limits.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import aiohttp
from attrs import frozen

from cleverapp_async import CleverAppClient, ClientConfig, LimiterRegistry

from ._report import Figure, Report
from ._server import TOKEN, bare_server, pin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cleverapp_async.config import PostParameters

    from ._server import BareReport, Server

__all__ = ["run"]

_CONCURRENCY = 50
_REQUESTS = 4_000
_WARM_UP = 500
_CLIENT_CORE, _SERVER_CORE = 0, 1
_TEXT = "Здравствуйте, Иван! Ваш заказ готов."
_HEADERS = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}

_BARE = "bare aiohttp"
_JSON = "send_message, JSON body"
_QUERY = "send_message, documented placement (query)"


@frozen
class _Run:
    """One measurement.

    Attributes:
        rate: Requests per second.
        cpu: CPU seconds of the client's process per request.
        server_busy: The part of the time for which the server's process had the core.
    """

    rate: float
    cpu: float
    server_busy: float


def run(repetitions: int) -> Report:
    """Measure both, and the documented placement beside them, in turns.

    Args:
        repetitions: How often each is measured.
    """
    pin(_CLIENT_CORE)
    sides: dict[str, Callable[[str], Awaitable[tuple[float, float]]]] = {
        _BARE: _bare,
        _JSON: partial(_ours, "json"),
        _QUERY: partial(_ours, "documented"),
    }
    runs: dict[str, list[_Run]] = {name: [] for name in sides}
    with bare_server(_SERVER_CORE) as server:
        for _ in range(repetitions):
            for name, side in sides.items():
                runs[name].append(_measure(server, side))
    bare = runs[_BARE]
    figures = [
        _shares("requests per second, JSON body ÷ bare", runs[_JSON], bar=0.80, of=bare),
        _shares("... documented placement ÷ bare", runs[_QUERY], bar=None, of=bare),
        _median(
            "client CPU per request, bare ÷ JSON body",
            [bare_run.cpu / each.cpu for each, bare_run in zip(runs[_JSON], bare, strict=True)],
        ),
        *(
            _median(f"requests per second, {name}", [each.rate for each in measured], "/s")
            for name, measured in runs.items()
        ),
        *(
            _median(f"client CPU per request, {name}", [each.cpu * 1e6 for each in measured], "µs")
            for name, measured in runs.items()
        ),
        _median("server's core busy, bare aiohttp", [each.server_busy for each in bare]),
    ]
    return Report(
        name="overhead",
        about=(
            f"{_REQUESTS:,} requests at a time, {_CONCURRENCY} at once, limits off, server in "
            f"another process on a core of its own; medians of {repetitions} repetitions in turns"
        ),
        figures=tuple(figures),
        settings={
            "concurrency": _CONCURRENCY,
            "requests": _REQUESTS,
            "warm_up": _WARM_UP,
            "repetitions": repetitions,
        },
    )


def _shares(name: str, runs: list[_Run], *, bar: float | None, of: list[_Run]) -> Figure:
    """Each run's rate over that of the bare run just before it."""
    shares = tuple(each.rate / bare.rate for each, bare in zip(runs, of, strict=True))
    return Figure(name=name, value=median(shares), at_least=bar, runs=shares)


def _median(name: str, values: list[float], unit: str = "") -> Figure:
    return Figure(name=name, value=median(values), unit=unit, runs=tuple(values))


def _measure(
    server: Server[BareReport], side: Callable[[str], Awaitable[tuple[float, float]]]
) -> _Run:
    async def measured() -> tuple[float, float]:
        return await side(server.base_url)

    gc.collect()
    before = server.report()
    seconds, cpu = asyncio.run(measured())
    after = server.report()
    answered = after.requests - before.requests
    assert answered == _WARM_UP + _REQUESTS, f"the server answered {answered} requests"
    busy = (after.cpu - before.cpu) / answered * _REQUESTS / seconds
    return _Run(_REQUESTS / seconds, cpu / _REQUESTS, busy)


async def _ours(placement: PostParameters, base_url: str) -> tuple[float, float]:
    """Seconds, and CPU seconds, through the client."""
    config = ClientConfig(post_parameters=placement)
    limits = LimiterRegistry.unlimited()
    async with CleverAppClient(TOKEN, base_url=base_url, config=config, limits=limits) as client:

        async def send(number: int) -> None:
            await client.send_message(contact_id=number, text=_TEXT)

        return await _timed(send)


async def _bare(base_url: str) -> tuple[float, float]:
    """Seconds, and CPU seconds, through aiohttp alone."""
    url = f"{base_url}/sendMessage?api_token={TOKEN}"
    dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    async with aiohttp.ClientSession(headers=_HEADERS, json_serialize=dumps) as session:

        async def send(number: int) -> None:
            message = {"contact_id": number, "text": _TEXT}
            async with session.post(url, json=message) as response:
                answer: object = await response.json()
            assert answer == {"success": True}

        return await _timed(send)


async def _timed(send: Callable[[int], Awaitable[None]]) -> tuple[float, float]:
    await _send_all(send, _WARM_UP)
    started, used = time.perf_counter(), time.process_time()
    await _send_all(send, _REQUESTS)
    return time.perf_counter() - started, time.process_time() - used


async def _send_all(send: Callable[[int], Awaitable[None]], count: int) -> None:
    numbers = iter(range(1, count + 1))

    async def work() -> None:
        for number in numbers:
            await send(number)

    await asyncio.gather(*(work() for _ in range(_CONCURRENCY)))
