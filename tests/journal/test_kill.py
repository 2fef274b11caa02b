"""Campaigns whose process is killed, judged by what arrived at the server."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cleverapp_async.bulk.journal.records import JournalState
from cleverapp_async.simulator import Latency, Simulator
from tests.kill.campaign import Run, server_limits
from tests.kill.points import CrashPoint
from tests.kill.rig import Campaign, Death, Zygote, zygote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_QUOTA = (8, 0.05)
_MESSAGES = 120
_IN_FLIGHT = 20


@pytest.fixture(name="mother", scope="module")
def _mother() -> Iterator[Zygote]:
    with zygote(["tests.kill.campaign"]) as mother:
        yield mother


@pytest_asyncio.fixture(name="campaign")
async def _campaign(mother: Zygote, tmp_path: Path) -> AsyncIterator[Campaign]:
    async with Simulator(
        limits=server_limits(_QUOTA), latency=Latency.parse("lognormal:2ms:0.7")
    ) as simulator:
        run = Run(
            journal=str(tmp_path / "run.db"),
            base_url=simulator.base_url,
            api_token=simulator.api_token,
            messages=_MESSAGES,
            in_flight=_IN_FLIGHT,
            quota=_QUOTA,
        )
        yield Campaign(simulator, mother, run)


def _check_end(campaign: Campaign) -> None:
    """Nothing lost, nothing twice, nothing untold."""
    assert campaign.broken == []
    assert campaign.standing.duplicates == 0
    states = campaign.standing.states
    assert states[JournalState.UNKNOWN] == sum(campaign.unknown)
    assert states[JournalState.ACCEPTED] == _MESSAGES - states[JournalState.UNKNOWN]
    assert max(campaign.unknown, default=0) <= _IN_FLIGHT


async def test_a_run_nobody_kills_accepts_every_message_once(campaign: Campaign) -> None:
    """The judge's own premise: an undisturbed campaign ends with every message accepted."""
    await campaign.finish()
    _check_end(campaign)
    assert campaign.standing.states == {JournalState.ACCEPTED: _MESSAGES}
    assert not campaign.kills


@pytest.mark.parametrize("point", CrashPoint, ids=lambda point: point.name.lower())
async def test_a_process_killed_at_a_point_loses_and_repeats_nothing(
    campaign: Campaign, point: CrashPoint
) -> None:
    """Whichever commit a SIGKILL strikes beside, a resume sends the rest and no message twice."""
    await campaign.live(Death(at=point))
    assert campaign.kills == {point.value: 1}
    await campaign.finish()
    _check_end(campaign)


async def test_a_campaign_killed_again_and_again_loses_and_repeats_nothing(
    campaign: Campaign,
) -> None:
    """Six SIGKILLs at random moments and the runs between them lose and repeat nothing."""
    rng = random.Random(1)
    for _ in range(6):
        await campaign.live(Death(after=rng.uniform(0.01, 0.1)))
    await campaign.finish()
    _check_end(campaign)
    assert campaign.kills.total() >= 2
