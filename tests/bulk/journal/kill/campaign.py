"""What a child does: one run of a campaign over its journal, until it ends or dies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from cleverapp_async import (
    CleverAppClient,
    ClientConfig,
    LimiterRegistry,
    Message,
    Quota,
    RetryPolicy,
    SendMessage,
    SendMessageToWhatsApp,
)
from cleverapp_async.limits import SlidingWindowLimiter
from cleverapp_async.simulator import SimulatorLimits
from tests.bulk.journal.kill.dying import DyingJournal
from tests.bulk.journal.kill.points import CrashPoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["KEYS", "TASK", "Run", "message", "number_of", "registry", "send_all", "server_limits"]

TASK = "tests.bulk.journal.kill.campaign:send_all"
"""The task's name for the zygote."""

KEYS = 8
"""Limit keys that the messages of a campaign go through."""

_MESSENGERS = ("telegram", "telegram", "telegram", "viber", "viber", "icq")


@frozen(kw_only=True)
class Run:
    """One run of a campaign.

    Attributes:
        journal: The journal's path.
        base_url: Where the simulator serves.
        api_token: The simulator's token.
        messages: How many messages the campaign has.
        in_flight: How many are in work at once.
        quota: The limit of each key: how many, in how many seconds; None for no limits.
        primed: Whether its limits are told what earlier runs sent.
        attempt_timeout: Seconds for an attempt.
        die_at: The name of the :class:`CrashPoint` at which it kills itself; None: nowhere.
        stop: How it stops by itself: ``drain`` or ``leave``; None: it goes on to the end.
        nth: At which time it comes to that point, or after how many outcomes it stops, from 1.
    """

    journal: str
    base_url: str
    api_token: str
    messages: int
    in_flight: int = 20
    quota: tuple[int, float] | None = None
    primed: bool = True
    attempt_timeout: float = 10.0
    die_at: str | None = None
    stop: str | None = None
    nth: int = 1

    def given(self) -> dict[str, object]:
        """Itself as JSON can carry it."""
        return asdict(self)


def message(number: int) -> Message:
    """A message whose text tells it from all others of its campaign."""
    key, text = number % KEYS, f"n{number}"
    if key >= len(_MESSENGERS):
        phone = f"7999{number:07}"
        return SendMessageToWhatsApp(bot_id=key + 1, phone=phone, text=text, name="Иван")
    return SendMessage(
        bot_id=key + 1, messenger=_MESSENGERS[key], contact_external_id=str(number), text=text
    )


def number_of(text: object) -> int:
    """The number of the message with that text."""
    return int(str(text).removeprefix("n"))


class _Forgetful(SlidingWindowLimiter):
    """A limiter that begins with empty windows, whatever was sent before."""

    __slots__ = ()

    def prime(self, ages: Sequence[float]) -> None:
        """Forget it."""


def registry(quota: tuple[int, float] | None, *, primed: bool = True) -> LimiterRegistry:
    """The limiters of one run: the same quota for each key, or none at all."""
    if quota is None:
        return LimiterRegistry.unlimited()
    each = Quota(*quota)
    return LimiterRegistry(
        messengers=dict.fromkeys(_MESSENGERS, each),
        whatsapp_direct=each,
        account=None,
        factory=lambda _, quotas: (SlidingWindowLimiter if primed else _Forgetful)(*quotas),
    )


def server_limits(quota: tuple[int, float] | None) -> SimulatorLimits:
    """The same limits for the simulator."""
    if quota is None:
        return SimulatorLimits.none()
    return SimulatorLimits(
        messengers=dict.fromkeys(_MESSENGERS, quota), whatsapp_direct=quota, account=None
    )


def send_all(given: dict[str, Any]) -> None:
    """Send what is left of a campaign: the task of a child."""
    asyncio.run(_send(Run(**given)))


async def _send(run: Run) -> None:
    config = ClientConfig(
        attempt_timeout=run.attempt_timeout, max_body=65_536, retry=RetryPolicy(base=0.002)
    )
    async with CleverAppClient(
        run.api_token,
        base_url=run.base_url,
        config=config,
        limits=registry(run.quota, primed=run.primed),
    ) as client:
        die_at = None if run.die_at is None else CrashPoint[run.die_at]
        journal = DyingJournal(run.journal, die_at, run.nth)
        ended = 0
        # Faults come at random here: five in a row are no outage.
        async with client.run_campaign(
            journal, _messages(run, journal), concurrency=run.in_flight, pause_after=None
        ) as sending:
            async for _ in sending:
                ended += 1
                if ended == run.nth and run.stop == "drain":
                    sending.drain()
                elif ended == run.nth and run.stop == "leave":
                    break


def _messages(run: Run, journal: DyingJournal) -> Iterator[Message]:
    for number in range(run.messages):
        journal.reach(CrashPoint.READING)
        yield message(number)
