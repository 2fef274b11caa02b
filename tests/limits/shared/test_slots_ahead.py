"""Slots that are granted for requests which are still to come: of plenty only, and not for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from attrs import define, field

from cleverapp_async import Quota
from cleverapp_async.limits.shared.disk.key_log import KeyLog
from cleverapp_async.limits.shared.limiter import SharedLimiter
from cleverapp_async.limits.shared.member import FleetMember
from cleverapp_async.limits.shared.messages import LogCallError, LogFault, LogReply, LogRequest
from cleverapp_async.testing import run_virtual
from tests.limits.shared.world import KEY, RuleLog

if TYPE_CHECKING:
    from cleverapp_async import AccountKey, LimitKey
    from cleverapp_async.limits.shared.messages import Terms

PLENTY = Quota(100_000, 1.0)
WAY = 0.002
LASTS = 0.01


@define
class SlowLog:
    """The rule of the file, some way off, in virtual time."""

    rule: RuleLog = field(factory=RuleLog)
    calls: int = 0
    fails: bool = False
    name: str = "the log"
    remedy: str = "wait for it"

    async def exchange(
        self, key: LimitKey | AccountKey, terms: Terms, request: LogRequest
    ) -> LogReply | None:
        """Ask it: a way there, and a way back."""
        del key
        self.calls += 1
        await asyncio.sleep(WAY)
        if self.fails:
            raise LogCallError(LogFault("is away", lasting=False))
        now = asyncio.get_running_loop().time() + 1_000.0
        reply = await self.rule.exchange(now, terms, request)
        await asyncio.sleep(WAY)
        return reply

    def fault_of(self, error: BaseException) -> LogFault:
        """Nothing else fails here."""
        raise error

    async def close(self) -> None:
        """There is nothing to close."""

    def held(self) -> int:
        """How many slots are held by anybody."""
        return len(KeyLog.read(self.rule.text or "").starts)


def limiter(log: SlowLog, quota: Quota = PLENTY) -> SharedLimiter:
    """One process."""
    member = FleetMember(log, 5.0, "wait", None, suspended=lambda: 0.0)
    return SharedLimiter(member, KEY, [quota])


async def send(one: SharedLimiter) -> float:
    """One request; answers how long it waited for its slot."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    permit = await one.acquire()
    waited = loop.time() - asked
    permit.sent()
    await asyncio.sleep(LASTS)
    permit.settle()
    return waited


async def send_on(one: SharedLimiter, count: int) -> list[float]:
    """Ten senders, each one request after another."""

    async def sender() -> list[float]:
        return [await send(one) for _ in range(count)]

    found = await asyncio.gather(*(sender() for _ in range(10)))
    return [waited for each in found for waited in each]


def test_who_sends_on_does_not_wait_for_the_log() -> None:
    """Its slots are there when they are needed, for fewer calls than there are requests."""

    async def main() -> tuple[list[float], int]:
        log = SlowLog()
        return await send_on(limiter(log), 100), log.calls

    waits, calls = run_virtual(main())
    assert sum(waited > 0 for waited in waits) <= 30
    assert calls <= len(waits) / 10


def test_what_is_not_used_goes_back_soon() -> None:
    """A quarter of a second after the last request the log holds nothing for this process."""

    async def main() -> int:
        log = SlowLog()
        one = limiter(log)
        await send_on(one, 100)
        assert log.held() > 0
        await asyncio.sleep(0.25)
        return log.held()

    assert run_virtual(main()) == 0


def test_a_quota_that_is_used_gives_nothing_ahead() -> None:
    """Where half of the window is taken, whoever asks has a slot for each that waits, no more."""

    async def main() -> list[int]:
        log = SlowLog()
        one, other = limiter(log, Quota(200, 1.0)), limiter(log, Quota(200, 1.0))
        await asyncio.gather(*(send(other) for _ in range(100)))
        seen: list[int] = []
        for _ in range(5):
            permits = await asyncio.gather(*(one.acquire() for _ in range(10)))
            seen.append(log.held())
            for permit in permits:
                permit.settle()
        return seen

    # The other process tells of its endings later; its slots are held until then.
    assert run_virtual(main()) == [110] * 5


def test_a_pause_voids_what_is_here() -> None:
    """Nobody uses a slot that was granted ahead of a pause."""

    async def main() -> float:
        one = limiter(SlowLog())
        await send_on(one, 100)
        one.pause(1.0)
        return await send(one)

    assert run_virtual(main()) >= 1.0


def test_nothing_is_kept_while_the_log_is_away() -> None:
    """After a call that failed nothing is granted of what was granted ahead."""

    async def main() -> bool:
        log = SlowLog()
        one = limiter(log)
        await send_on(one, 100)
        log.fails = True
        # By then a call has told that too much is here, or has asked for more, and has failed.
        await asyncio.sleep(0.25)
        sending = asyncio.ensure_future(send(one))
        await asyncio.sleep(0.2)
        granted = sending.done()
        log.fails = False
        await sending
        return granted

    assert not run_virtual(main())
