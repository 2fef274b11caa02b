"""Campaigns whose process is killed, judged by what arrived at the server."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from attrs import evolve

from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Latency, Simulator
from tests.bulk.journal.kill.campaign import Run, server_limits
from tests.bulk.journal.kill.points import CrashPoint
from tests.bulk.journal.kill.rig import Campaign, Death, Zygote, zygote
from tests.late import LateError, in_time_once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

_QUOTA = (8, 0.05)
_LONG_QUOTA = (8, 1.5)
"""Windows that a resume begins within."""
_MESSAGES = 120
_IN_FLIGHT = 20


@pytest.fixture(name="mother", scope="module")
def _mother() -> Iterator[Zygote]:
    with zygote(["tests.bulk.journal.kill.campaign"]) as mother:
        yield mother


@asynccontextmanager
async def _in_windows(
    quota: tuple[int, float], messages: int, mother: Zygote, folder: Path
) -> AsyncIterator[Campaign]:
    async with Simulator(
        limits=server_limits(quota), latency=Latency.parse("lognormal:2ms:0.7")
    ) as simulator:
        run = Run(
            journal=str(folder / "run.db"),
            base_url=simulator.base_url,
            api_token=simulator.api_token,
            messages=messages,
            in_flight=_IN_FLIGHT,
            quota=quota,
        )
        yield Campaign(simulator, mother, run)


@pytest_asyncio.fixture(name="campaign")
async def _campaign(mother: Zygote, tmp_path: Path) -> AsyncIterator[Campaign]:
    async with _in_windows(_QUOTA, _MESSAGES, mother, tmp_path) as campaign:
        yield campaign


def _check_end(campaign: Campaign) -> None:
    """Nothing lost, nothing twice, nothing untold."""
    assert campaign.broken == []
    assert campaign.standing.duplicates == 0
    assert campaign.simulator.referee().refusals == 0
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
    """Whichever commit a SIGKILL strikes beside, a resume sends the rest, and no message twice."""
    await campaign.live(Death(at=point))
    assert campaign.kills == {point.value: 1}
    await campaign.finish()
    _check_end(campaign)


async def test_a_campaign_killed_again_and_again_loses_and_repeats_nothing(
    campaign: Campaign,
) -> None:
    """Six SIGKILLs at random moments and the runs between them lose and repeat nothing.

    Nor is anything refused: each run knows what the server still counts.
    """
    rng = random.Random(1)
    for _ in range(6):
        await campaign.live(Death(after=rng.uniform(0.01, 0.1)))
    await campaign.finish()
    _check_end(campaign)
    assert campaign.kills.total() >= 2


@pytest.mark.parametrize("primed", [True, False])
@in_time_once
async def test_what_a_killed_run_sent_counts_in_the_next_one(
    mother: Zygote, tmp_path: Path, *, primed: bool
) -> None:
    """No message is refused, where limits that are told nothing overrun the server's windows."""
    folder = Path(mkdtemp(dir=tmp_path))
    async with _in_windows(_LONG_QUOTA, 80, mother, folder) as campaign:
        campaign.run = evolve(campaign.run, primed=primed)
        await campaign.live(Death(at=CrashPoint.RECORDED, nth=40))
        await campaign.finish()
        assert campaign.broken == []
        assert campaign.standing.duplicates == 0
        refusals = campaign.simulator.referee().refusals
    if primed:
        assert refusals == 0
    elif not refusals:
        raise LateError("the resume began when the server's windows had ended")
