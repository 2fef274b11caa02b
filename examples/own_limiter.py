"""A limiter of one's own in a client: it lets a request go every so many seconds.

``docs/own-limiter.md`` says what is asked of each method. Run it against ``cleverapp simulate``.
"""

import asyncio

from cleverapp_async import CleverAppClient, LimiterRegistry, SendMessage
from cleverapp_async.limits import Lane, LimiterSnapshot, Permit


def now() -> float:
    return asyncio.get_running_loop().time()


class EvenLimiter:
    def __init__(self, every: float) -> None:
        self.every, self.free_at, self.turn = every, 0.0, asyncio.Lock()
        self.in_flight = 0

    async def acquire(
        self, *, lane: Lane = Lane.INTERACTIVE, spacing: float = 0.0, returned: bool = False
    ) -> Permit:
        async with self.turn:
            while (wait := self.estimate(lane)) > 0:  # again: a pause may have come meanwhile
                await asyncio.sleep(wait)
            self.free_at = now() + self.every
        return EvenPermit(self)

    def estimate(self, lane: Lane, *, spacing: float = 0.0, returned: bool = False) -> float:
        return max(0.0, self.free_at - now())

    def pause(self, seconds: float) -> None:
        self.free_at = max(self.free_at, now() + seconds)

    def snapshot(self) -> LimiterSnapshot:
        wait, queued = self.estimate(Lane.BULK), int(self.turn.locked())
        return LimiterSnapshot(queued, self.in_flight, wait, refusals=0, paused_for=wait)

    @property
    def idle(self) -> bool:  # a request that is on its way may still be refused
        return not self.turn.locked() and not self.in_flight and not self.estimate(Lane.BULK)


class EvenPermit:
    def __init__(self, limiter: EvenLimiter) -> None:
        self.limiter, self.ended = limiter, False
        limiter.in_flight += 1

    def sent(self) -> None:
        """The slot was spent when it was given: that its request leaves changes nothing."""

    def refuse(self, retry_after: float | None) -> None:
        if not self.ended:
            self.limiter.pause(self.limiter.every if retry_after is None else retry_after)
        self.settle()

    def settle(self) -> None:
        if not self.ended:  # only the first ending counts
            self.ended = True
            self.limiter.in_flight -= 1

    give_up = refund = settle


def registry() -> LimiterRegistry:
    return LimiterRegistry(
        factory=lambda key, quotas: EvenLimiter(max((one.spacing for one in quotas), default=0.0))
    )


async def main() -> None:
    """Send three messages; the limiters keep them apart."""
    messages = [
        SendMessage(bot_id=7, messenger="telegram", contact_external_id=str(number), text="Hi")
        for number in range(3)
    ]
    async with CleverAppClient.from_env(limits=registry()) as client:
        began = now()
        async for outcome in client.send_many(messages):
            print(f"after {now() - began:.1f} s: {outcome.outcome.value}")


asyncio.run(main())
