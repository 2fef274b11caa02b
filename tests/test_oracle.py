"""Every send ends as what it was: held against a server that breaks and counts."""

from __future__ import annotations

import asyncio
import random
import sys

import pytest

from cleverapp_async import Outcome
from tests.oracle import KINDS, Plan, Verdicts, mix, run

pytestmark = pytest.mark.no_cover  # others have measured what these repeat


def _patience(kind: str) -> float:
    """Seconds for an attempt: few only where the fault is that nothing comes."""
    return 0.3 if kind.startswith(("hang", "slow")) else 10.0


@pytest.mark.parametrize("kind", KINDS)
async def test_each_fault_alone(kind: str) -> None:
    """Whatever the fault, no outcome says more than the server's count."""
    plan = Plan(KINDS[kind], sends=50, patience=_patience(kind), seed=len(kind))
    verdicts = await run(plan)
    assert verdicts.broken == []
    assert verdicts.outcomes.total() == 50


@pytest.mark.parametrize("seed", range(4))
async def test_faults_together(seed: int) -> None:
    """The same with several faults at once, cancels, deadlines and a closed port."""
    faults = mix(random.Random(seed))
    plan = Plan(faults, sends=100, cancelled=0.2, deadlines=0.2, refused=20, seed=seed)
    verdicts = await run(plan)
    assert verdicts.broken == []


async def test_without_faults_everything_is_accepted() -> None:
    """The oracle's own premise: a healthy server accepts each message once."""
    verdicts = await run(Plan((), sends=50, cancelled=0, deadlines=0, patience=10))
    assert verdicts.outcomes == {Outcome.ACCEPTED: 50}
    assert verdicts.deliveries == verdicts.arrivals == 50


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_soak() -> None:
    """At least 20,000 requests over every fault and random mixes, none of them misjudged."""
    # The debug mode would make the server slower than the time-outs of its clients.
    asyncio.get_running_loop().set_debug(False)
    total = Verdicts()
    lines: list[str] = []

    def note(name: str, verdicts: Verdicts) -> None:
        counts = "  ".join(f"{outcome.value} {verdicts.outcomes[outcome]}" for outcome in Outcome)
        lines.append(f"{name:26} {verdicts.arrivals:6} arrived  {counts}")

    for index, (kind, faults) in enumerate(KINDS.items()):
        plan = Plan(faults, sends=500, concurrency=50, patience=_patience(kind), seed=index)
        verdicts = await run(plan)
        note(kind, verdicts)
        total.add(verdicts)
    mixed = Verdicts()
    seed = 0
    while total.arrivals + mixed.arrivals < 20_000:
        seed += 1
        rng = random.Random(seed)
        plan = Plan(
            mix(rng),
            sends=500,
            concurrency=rng.choice([1, 10, 100]),
            cancelled=rng.choice([0, 0.1, 0.5]),
            deadlines=rng.choice([0, 0.1, 0.5]),
            refused=rng.choice([0, 50]),
            patience=1.0,
            seed=seed,
        )
        mixed.add(await run(plan))
    note(f"{seed} random mixes", mixed)
    total.add(mixed)
    note("total", total)
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert total.broken == []
