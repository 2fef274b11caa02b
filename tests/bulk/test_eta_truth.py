"""The estimated end of whole runs, in virtual time, against when they did end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest
from attrs import field, frozen

from cleverapp_async import LimitKey, Quota
from cleverapp_async.bulk import Eta, EtaMeter
from cleverapp_async.bulk.eta import estimate_run
from cleverapp_async.journal import JournalState
from cleverapp_async.testing import run_virtual
from tests.bulk.lives import ACCOUNT, Life, World, bot
from tests.bulk.rig import key_of

if TYPE_CHECKING:
    from cleverapp_async import Message

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

TEN, ONE, HUNDRED = Quota(10, 10.0), Quota(1, 10.0), Quota(100, 10.0)
DOCUMENTED = (Quota(2, 1.0), Quota(120, 60.0))
QUICK = ((0.1, 0.1),)


@frozen
class Case:
    """A run, and how it is sent.

    Attributes:
        counts: Messages of each bot.
        quotas: The limits of the bots in their order.
        account: The limits of the account.
        trips: Seconds that the messages need out and back, in turns.
        dies_after: Seconds after which the first process is killed, and the estimates begin with
            the next one; None: it is not.
    """

    counts: Mapping[int, int]
    quotas: Sequence[Quota]
    account: Sequence[Quota] = ()
    trips: Sequence[tuple[float, float]] = field(default=QUICK)
    dies_after: float | None = None

    @property
    def slack(self) -> float:
        """Seconds within which nobody can say better: a period of a bot, and one round trip."""
        periods = (quota.period for quota in self.quotas)
        return max(periods) + max(out + back for out, back in self.trips)


CASES = {
    "mixed routes": Case({1: 150, 2: 20, 3: 60, 4: 10}, (TEN, ONE, TEN, TEN), DOCUMENTED),
    "a quick route and a slow one": Case({1: 600, 2: 15}, (HUNDRED, ONE), (Quota(20, 1.0),)),
    "many routes": Case({n: 4 * n for n in range(1, 13)}, [TEN] * 12, DOCUMENTED),
    "a hanging server": Case({1: 150, 2: 50}, (TEN, TEN), trips=((15.0, 15.0),)),
    "a server that hangs now and then": Case(
        {1: 200, 2: 60}, (TEN, TEN), trips=((15.0, 15.0), *[(0.1, 0.1)] * 9)
    ),
    "a slow server": Case({1: 600}, (HUNDRED,), trips=((2.0, 2.0),)),
    "a resume": Case({1: 200, 2: 24}, (TEN, ONE), DOCUMENTED, dies_after=65.0),
    "a resume of many routes": Case(
        {n: 4 * n for n in range(1, 13)}, [TEN] * 12, DOCUMENTED, dies_after=40.0
    ),
}


def told_by(case: Case) -> tuple[list[tuple[float, float, Eta, int]], float]:
    """Moments, shares done, estimates and messages left while a run goes; and when it ended."""

    async def told() -> tuple[list[tuple[float, float, Eta, int]], float]:
        world = World(
            keys={number: (quota,) for number, quota in zip(case.counts, case.quotas, strict=True)},
            account=case.account,
            trips=case.trips,
        )
        given: list[Message] | None = world.messages(case.counts)
        if case.dies_after is not None:
            await world.live(Life(lasts=case.dies_after), given)
            world.registry, given = world.fresh(), None
            left = Counter(
                entry.key
                for entry in world.journal.entries.values()
                if entry.state is JournalState.PENDING
            )
        else:
            left = Counter({bot(number): count for number, count in case.counts.items()})
        return await _watch(world, given, left)

    return run_virtual(told())


async def _watch(
    world: World, given: Sequence[Message] | None, left: Counter[LimitKey | None]
) -> tuple[list[tuple[float, float, Eta, int]], float]:
    loop, meter, total = asyncio.get_running_loop(), EtaMeter(), left.total()
    found: list[tuple[float, float, Eta, int]] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(2.0)
            eta = estimate_run(left, world.registry, ACCOUNT, now=world.wall(), meter=meter)
            found.append((loop.time(), 1 - left.total() / total, eta, left.total()))

    looking = asyncio.create_task(look())
    async for outcome in world.run(given):
        if not outcome.accepted:
            continue  # An orphan of the run that died.
        key = key_of(outcome.message)
        left[key] -= 1
        out, back = world.trips[outcome.index % len(world.trips)]
        meter.note(key, world.wall(), on_wire=out + back)
    looking.cancel()
    return found, loop.time()


@pytest.mark.parametrize("name", CASES)
def test_the_end_is_foreseen_from_a_tenth_on(name: str) -> None:
    """From a tenth of the way on the time left is within a quarter of the truth."""
    case = CASES[name]
    found, ended = told_by(case)
    late = [(moment, eta) for moment, done, eta, _ in found if done >= 0.1]
    assert len(late) > 20
    for moment, eta in late:
        truth = ended - moment
        assert abs(eta.seconds - truth) <= 0.25 * truth + case.slack, (moment, eta)


@pytest.mark.parametrize("name", CASES)
def test_the_rate_never_contradicts_the_end(name: str) -> None:
    """Messages over rate, pauses and quiet hours add up to the time that is told."""
    for _, _, eta, left in told_by(CASES[name])[0]:
        if not left:
            continue
        assert 0 < eta.messages <= left
        if eta.rate is None:
            assert eta.seconds == pytest.approx(eta.paused + eta.closed)
        else:
            told = eta.messages / eta.rate + eta.paused + eta.closed
            assert eta.seconds == pytest.approx(told, abs=1e-3)
