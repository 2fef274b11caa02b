"""Campaigns under every fault at once, stopped and killed on their way."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Latency, Simulator
from tests.bulk.journal.kill.campaign import Run, server_limits
from tests.bulk.journal.kill.rig import Campaign, Death, zygote
from tests.oracle import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cleverapp_async.simulator import Fault

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

_IN_FLIGHT = 20
_PATIENCE = 0.5


def _mix() -> Iterator[Fault]:
    """Every fault of the oracle, each so rarely that most messages meet none or one."""
    for faults in KINDS.values():
        for fault in faults:
            rarely = (fault.trigger.probability or 1.0) / len(KINDS)
            yield evolve(fault, trigger=evolve(fault.trigger, probability=rarely))


def _deaths(rng: random.Random, rounds: int, messages: int) -> Iterator[Death]:
    """Kills, drains and cancels, each so early that some of the campaign is left."""
    for how in rng.sample(["kill", "kill", "drain", "leave"] * rounds, 4 * rounds):
        if how == "kill":
            yield Death(after=rng.uniform(0.05, 0.15 + messages / 20_000))
        else:
            yield Death(stop=how, nth=rng.randint(1, messages // (8 * rounds)))


async def _endure(path: Path, messages: int, rounds: int, seed: int) -> Campaign:
    """A campaign with everything that can go wrong, resumed to its end."""
    rng = random.Random(seed)
    with zygote(["tests.bulk.journal.kill.campaign"]) as mother:
        async with Simulator(
            limits=server_limits(None),
            faults=_mix(),
            latency=Latency.parse("lognormal:1ms:1.0"),
            seed=seed,
        ) as simulator:
            run = Run(
                journal=str(path),
                base_url=simulator.base_url,
                api_token=simulator.api_token,
                messages=messages,
                in_flight=_IN_FLIGHT,
                attempt_timeout=_PATIENCE,
            )
            campaign = Campaign(simulator, mother, run)
            for death in _deaths(rng, rounds, messages):
                await campaign.live(death)
            await campaign.finish()
            struck = Counter(arrival.fault for arrival in simulator.arrivals)
    told = ", ".join(f"{state.value} {count}" for state, count in campaign.standing.states.items())
    sys.stdout.write(
        f"\n{messages} messages, {campaign.kills.total()} kills, {sum(struck.values())} arrivals, "
        f"{sum(struck.values()) - struck[None]} met a fault of {len(struck) - 1} kinds: {told}\n"
    )
    return campaign


def _check(campaign: Campaign) -> None:
    assert campaign.broken == []
    assert campaign.standing.duplicates == 0
    assert campaign.kills
    assert max(campaign.unknown) <= _IN_FLIGHT
    ended = {JournalState.ACCEPTED, JournalState.REJECTED, JournalState.UNKNOWN}
    assert set(campaign.standing.states) == ended


async def test_faults_kills_and_cancels_together(tmp_path: Path) -> None:
    """No state of a journal says more than the server's count, whatever struck on the way."""
    _check(await _endure(tmp_path / "run.db", messages=600, rounds=2, seed=1))


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_faults_kills_and_cancels_together_at_length(tmp_path: Path) -> None:
    """The same with 5,000 messages."""
    # The debug mode would make the server slower than the time-outs of its clients.
    asyncio.get_running_loop().set_debug(False)
    _check(await _endure(tmp_path / "run.db", messages=5_000, rounds=6, seed=2))
