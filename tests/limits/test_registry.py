from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import cast

import pytest
from attrs import define, field

from cleverapp_async import AccountKey, ConfigurationError, Lane, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    OTHER_MESSENGERS_QUOTA,
    WHATSAPP_DIRECT_QUOTA,
    Limiter,
    LimiterSnapshot,
    Permit,
)
from cleverapp_async.limits.acquire import CallLimits
from cleverapp_async.testing import run_virtual

ACCOUNT = AccountKey("0" * 64)
WHATSAPP, TELEGRAM, VK = (LimitKey(1, name) for name in ("whatsapp", "telegram", "vk"))
DIRECT = LimitKey(1, "whatsapp", "sendMessageToWhatsApp")


def test_the_documented_quotas_hold_by_default() -> None:
    """Each key has the quota that the API's pages give it, and so has the account."""
    registry = LimiterRegistry()
    assert registry.quotas(WHATSAPP) == (MESSENGER_QUOTAS["whatsapp"],)
    assert registry.quotas(TELEGRAM) == (MESSENGER_QUOTAS["telegram"],)
    assert registry.quotas(VK) == (OTHER_MESSENGERS_QUOTA,)
    assert registry.quotas(DIRECT) == (WHATSAPP_DIRECT_QUOTA,)
    assert registry.quotas(ACCOUNT) == ACCOUNT_QUOTAS
    assert registry.spacing(WHATSAPP) == 10.0


def test_quotas_are_overridden_per_messenger_key_scope_and_account() -> None:
    """What is given replaces what is documented, a single key's quotas before all others."""
    own, slow = Quota(3, 5.0), (Quota(1, 2.0), Quota(4, 60.0))
    registry = LimiterRegistry(
        messengers={"telegram": slow, "max": own, "viber": None},
        other_messengers=Quota(7, 7.0),
        whatsapp_direct=[own],
        keys={WHATSAPP: own, LimitKey(2, "telegram"): None, LimitKey(2, "vk"): [own, slow[0]]},
        account=own,
    )
    assert registry.quotas(TELEGRAM) == slow
    assert registry.spacing(TELEGRAM) == 15.0
    assert registry.quotas(LimitKey(1, "max")) == (own,)
    assert registry.quotas(LimitKey(1, "viber")) == ()
    assert registry.spacing(LimitKey(1, "viber")) == 0.0
    assert registry.quotas(LimitKey(1, "icq")) == (MESSENGER_QUOTAS["icq"],)
    assert registry.quotas(VK) == (Quota(7, 7.0),)
    assert registry.quotas(DIRECT) == (own,)
    assert registry.quotas(WHATSAPP) == (own,)
    assert registry.quotas(LimitKey(2, "whatsapp")) == (MESSENGER_QUOTAS["whatsapp"],)
    assert registry.quotas(LimitKey(2, "telegram")) == ()
    assert registry.quotas(LimitKey(2, "vk")) == (own, slow[0])
    assert registry.quotas(ACCOUNT) == (own,)


def test_a_registry_without_keys_is_not_falsy() -> None:
    """`limits or LimiterRegistry()` keeps a registry that was given but not used yet."""
    assert len(LimiterRegistry()) == 0
    assert LimiterRegistry()


def test_each_key_has_one_limiter() -> None:
    """The same key finds the same limiter, other bots, messengers and scopes find others."""
    registry = LimiterRegistry()
    keys: list[LimitKey | AccountKey] = [WHATSAPP, TELEGRAM, DIRECT, ACCOUNT, AccountKey("1" * 64)]
    limiters = [registry.limiter(key) for key in keys]
    assert len({id(limiter) for limiter in limiters}) == len(keys)


@pytest.mark.parametrize("key", [WHATSAPP, DIRECT, VK, TELEGRAM])
def test_unlimited_grants_everything_and_can_be_paused(key: LimitKey) -> None:
    """Without limits thousands start at once, until a pause says otherwise."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        registry = LimiterRegistry.unlimited()
        limits = CallLimits(registry, ACCOUNT)
        for _ in range(2_000):
            await limits.acquire(key)
        before = loop.time()
        registry.pause(key, 3.0)
        registry.pause(ACCOUNT, 5.0)
        await limits.acquire(key)
        return [before, loop.time()]

    assert run_virtual(main()) == [0.0, 5.0]


def test_a_switched_off_account_limits_nothing() -> None:
    """With ``account=None`` only the keys' own quotas hold."""

    async def main() -> float:
        limits = CallLimits(LimiterRegistry(account=None), ACCOUNT)
        for bot in range(300):
            (await limits.acquire(LimitKey(bot, "telegram"))).settle()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 0.0


def test_scaled_runs_the_documented_limits_faster() -> None:
    """Every documented quota, with its period divided by the factor."""
    registry = LimiterRegistry.scaled(100)
    assert registry.quotas(WHATSAPP) == (Quota(1, 0.1),)
    assert registry.quotas(TELEGRAM) == (Quota(10, 0.1),)
    assert registry.quotas(VK) == (Quota(10, 0.1),)
    assert registry.quotas(DIRECT) == (Quota(1, 0.01),)
    assert registry.quotas(ACCOUNT) == tuple(quota.scaled(100) for quota in ACCOUNT_QUOTAS)


def test_a_paused_key_leaves_the_others_alone() -> None:
    """``pause`` stops one key, made for it when need be."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        registry = LimiterRegistry(account=None)
        limits = CallLimits(registry, ACCOUNT)
        registry.pause(TELEGRAM, 4.0)
        (await limits.acquire(WHATSAPP)).settle()
        moments = [loop.time()]
        (await limits.acquire(TELEGRAM)).settle()
        return [*moments, loop.time()]

    assert run_virtual(main()) == [0.0, 4.0]


@define
class _OneAtATime:
    """A user's own limiter: whoever comes waits until the one before has ended."""

    key: LimitKey | AccountKey
    quotas: tuple[Quota, ...]
    _lock: asyncio.Lock = field(factory=asyncio.Lock)
    granted: int = 0

    async def acquire(
        self,
        *,
        lane: Lane = Lane.INTERACTIVE,  # noqa: ARG002 - the protocol names it
        spacing: float = 0.0,  # noqa: ARG002 - the same
        returned: bool = False,  # noqa: ARG002 - the same
    ) -> Permit:
        await self._lock.acquire()
        self.granted += 1
        return _Turn(self._lock)

    def estimate(
        self,
        lane: Lane,  # noqa: ARG002 - the protocol names it
        *,
        spacing: float = 0.0,  # noqa: ARG002 - the same
        returned: bool = False,  # noqa: ARG002 - the same
    ) -> float:
        return 0.0

    def pause(self, seconds: float) -> None:
        raise NotImplementedError

    def snapshot(self) -> LimiterSnapshot:
        return LimiterSnapshot(0, int(self._lock.locked()), 0.0, 0, 0.0)

    @property
    def idle(self) -> bool:
        return not self._lock.locked()


@define
class _Turn:
    """The permit of a user's own limiter."""

    _lock: asyncio.Lock

    def sent(self) -> None:
        """Change nothing."""

    def settle(self) -> None:
        self._lock.release()

    def refuse(self, retry_after: float | None) -> None:
        raise NotImplementedError

    def give_up(self) -> None:
        raise NotImplementedError

    def refund(self) -> None:
        self._lock.release()


@pytest.mark.parametrize("key", [TELEGRAM, ACCOUNT])
def test_what_a_factory_makes_must_be_a_limiter(key: LimitKey | AccountKey) -> None:
    """Anything else is told by the factory's name, before it is asked for a permit."""
    registry = LimiterRegistry(factory=lambda _key, _quotas: cast("Limiter", object()))
    with pytest.raises(ConfigurationError, match="factory"):
        registry.limiter(key)


def test_a_users_own_limiter_takes_the_place_of_the_default() -> None:
    """A factory's class that satisfies the protocols limits keys and account alike."""
    made: list[_OneAtATime] = []

    def factory(key: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
        made.append(_OneAtATime(key, quotas))
        return made[-1]

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        registry = LimiterRegistry(factory=factory)
        limits = CallLimits(registry, ACCOUNT)
        starts: list[float] = []

        async def send() -> None:
            permits = await limits.acquire(TELEGRAM)
            starts.append(loop.time())
            permits.sent()
            await asyncio.sleep(1.5)
            permits.settle()

        await asyncio.gather(*(send() for _ in range(4)))
        assert limits.estimate(TELEGRAM, Lane.BULK) == 0.0
        assert registry.snapshot()[TELEGRAM].in_flight == 0
        return starts

    starts = run_virtual(main())
    assert [later - sooner for sooner, later in pairwise(starts)] == [1.5] * 3
    assert {limiter.key: limiter.quotas for limiter in made} == {
        ACCOUNT: ACCOUNT_QUOTAS,
        TELEGRAM: (MESSENGER_QUOTAS["telegram"],),
    }
    assert [limiter.granted for limiter in made] == [4, 4]
