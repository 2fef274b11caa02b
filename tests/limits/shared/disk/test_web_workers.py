"""The example of a web service, under real workers of uvicorn."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.paths import ROOT
from tests.redis_server import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "a-token"
LIMITS = SimulatorLimits(account=((2, 1.0), (120, 60.0)))


@asynccontextmanager
async def service(base_url: str, workers: int) -> AsyncIterator[str]:
    """The example under some workers, and its address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "app:app", "--log-level", "warning"),
        *("--app-dir", str(ROOT / "examples" / "workers")),
        *("--port", str(port), "--workers", str(workers)),
        env={**os.environ, "CLEVERAPP_API_TOKEN": TOKEN, "CLEVERAPP_BASE_URL": base_url},
        cwd=ROOT,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def post(address: str, number: int) -> dict[str, object]:
    """One message through the service, once it is there, on a connection of its own."""
    message = {
        "bot_id": 7,
        "messenger": "telegram",
        "contact_external_id": str(number),
        "text": "Hi",
    }
    async with asyncio.timeout(120), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.post(address, json=message) as response:
                    answer: dict[str, object] = await response.json(content_type=None)
                    assert response.status == 200, answer
                    return answer
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)


async def test_workers_of_one_service_are_never_refused() -> None:
    """Each has a client of its own, and all of them one count."""
    async with (
        Simulator(api_token=TOKEN, limits=LIMITS) as simulator,
        service(simulator.base_url, 2) as address,
    ):
        answers = [await post(address, 0)]
        first = int(str(answers[0]["worker"]))
        os.kill(first, signal.SIGSTOP)  # so that it is the other one's turn to answer
        try:
            answers.append(await post(address, 1))
        finally:
            os.kill(first, signal.SIGCONT)
        answers += await asyncio.gather(*(post(address, number) for number in range(2, 7)))
        verdict = simulator.referee()
        assert len({answer["worker"] for answer in answers}) == 2
    assert len(answers) == len(simulator.arrivals)
    assert verdict.refusals == 0
    assert not any(tally.exceeded for tally in (*verdict.account, *verdict.keys))
