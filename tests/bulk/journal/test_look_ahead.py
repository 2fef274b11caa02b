"""A campaign goes on when a key's messages in memory are used up before all keys are read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import CleverAppClient, LimiterRegistry, SqliteJournal
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.bulk.journal.kill.campaign import KEYS, message

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("look_ahead", [KEYS, 10 * KEYS])
async def test_a_short_look_ahead_stops_no_key(tmp_path: Path, look_ahead: int) -> None:
    """However few messages of a key are in memory, each that starts makes room for the next."""
    count = 40 * KEYS
    ended: set[int] = set()
    async with (
        Simulator(limits=SimulatorLimits.none()) as simulator,
        CleverAppClient(
            simulator.api_token, base_url=simulator.base_url, limits=LimiterRegistry.unlimited()
        ) as client,
        client.run_campaign(
            SqliteJournal(tmp_path / "run.db"),
            (message(number) for number in range(count)),
            look_ahead=look_ahead,
            concurrency=50,
        ) as run,
        asyncio.timeout(120),
    ):
        async for outcome in run:
            assert outcome.accepted
            ended.add(outcome.index)
    assert ended == set(range(count))
