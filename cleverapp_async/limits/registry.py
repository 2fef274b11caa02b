"""The limiters of one base URL: one per limit key, one per account."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Self, TypedDict, Unpack, cast

from .._arguments import check_callable, check_instance, check_seconds, wrong_setting
from .._redis import RedisCommands
from ..models.route import spelled
from . import shared
from .protocols import (
    Limiter,
    LimiterFactory,
    LimiterSnapshot,
    OnFileUnavailable,
    OnUnavailable,
    PrimableLimiter,
)
from .quota import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    OTHER_MESSENGERS_QUOTA,
    WHATSAPP_DIRECT_QUOTA,
    AccountKey,
    LimitKey,
    Quota,
    Quotas,
    as_quotas,
    check_ages,
    check_key,
    quota_items,
)
from .routes import CountedSends
from .sliding_window import SlidingWindowLimiter

__all__ = ["LimiterRegistry", "QuotaSettings", "SharedLimiterRegistry"]

# Whenever a key is added, two old ones are looked at: so idle keys are dropped faster than keys
# are added, without a timer.
_SWEPT_PER_NEWCOMER = 2


def _sliding_window(_: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
    return SlidingWindowLimiter(*quotas)


class QuotaSettings(TypedDict, total=False):
    """The quotas of a :class:`LimiterRegistry`, which says what each means and defaults to."""

    messengers: Mapping[str, Quotas] | None
    other_messengers: Quotas
    whatsapp_direct: Quotas
    keys: Mapping[LimitKey, Quotas] | None
    account: Quotas


class LimiterRegistry:
    """Finds the limiter of a key, and makes it when the key is first used.

    One registry serves one event loop and one base URL. Clients that share a bot or a token
    should share a registry: limiters know only of the requests that pass through them.
    Limiters that hold nothing are dropped as new ones come.

    Args:
        messengers: Quotas of sendMessage by messenger, in place of the documented ones;
            None as a value switches that limit off.
        other_messengers: Quotas of sendMessage for messengers that have none of their own.
        whatsapp_direct: Quotas of sendMessageToWhatsApp, per bot.
        keys: Quotas of single keys, before all of the above.
        account: Quotas of the account (token and base URL); None switches them off.
        factory: Makes limiters, in place of :class:`SlidingWindowLimiter`; see :class:`Limiter`.

    Raises:
        ConfigurationError: A value cannot work; its argument is named.
    """

    def __init__(
        self,
        *,
        messengers: Mapping[str, Quotas] | None = None,
        other_messengers: Quotas = OTHER_MESSENGERS_QUOTA,
        whatsapp_direct: Quotas = WHATSAPP_DIRECT_QUOTA,
        keys: Mapping[LimitKey, Quotas] | None = None,
        account: Quotas = ACCOUNT_QUOTAS,
        factory: LimiterFactory = _sliding_window,
    ) -> None:
        self._messengers: dict[str, tuple[Quota, ...]] = {
            name: (quota,) for name, quota in MESSENGER_QUOTAS.items()
        }
        for name, quotas in quota_items(
            "messengers", messengers, str, "messengers, such as 'viber'"
        ):
            # In the spelling of the API, by which messages are looked up.
            self._messengers[spelled(name)] = as_quotas("messengers", quotas)
        self._other_messengers = as_quotas("other_messengers", other_messengers)
        self._whatsapp_direct = as_quotas("whatsapp_direct", whatsapp_direct)
        self._keys = {
            key: as_quotas("keys", quotas)
            for key, quotas in quota_items("keys", keys, LimitKey, "LimitKey(bot_id, messenger)")
        }
        self._account = as_quotas("account", account)
        check_callable("factory", factory, "something that makes a limiter", wrong_setting)
        self._factory = factory
        self._limiters: dict[LimitKey, Limiter] = {}
        self._sweep: deque[LimitKey] = deque()
        self._accounts: dict[AccountKey, Limiter] = {}
        self._counted = CountedSends()

    @classmethod
    def scaled(cls, factor: float) -> Self:
        """The documented quotas with time running ``factor`` times as fast, for demonstrations.

        Args:
            factor: Above 0, and finite.

        Raises:
            ConfigurationError: The factor cannot work.
        """
        return cls(
            messengers={name: quota.scaled(factor) for name, quota in MESSENGER_QUOTAS.items()},
            other_messengers=OTHER_MESSENGERS_QUOTA.scaled(factor),
            whatsapp_direct=WHATSAPP_DIRECT_QUOTA.scaled(factor),
            account=[quota.scaled(factor) for quota in ACCOUNT_QUOTAS],
        )

    @classmethod
    def unlimited(cls) -> Self:
        """No limits at all: the server's refusals still pause what they name."""
        unlimited = dict.fromkeys(MESSENGER_QUOTAS)
        return cls(messengers=unlimited, other_messengers=None, whatsapp_direct=None, account=None)

    @staticmethod
    def shared(
        redis: str | RedisCommands,
        *,
        prefix: str = "cleverapp",
        on_unavailable: OnUnavailable = "wait",
        local_share: float | None = None,
        timeout: float = 1.0,
        guard: float = 62.0,
        **quotas: Unpack[QuotaSettings],
    ) -> SharedLimiterRegistry:
        """Limits that all processes keep together which use the same Redis or Valkey.

        Close the registry at the end, or use it as an async context manager: closing it reports to
        the fleet what has not been reported yet. It connects when it is first used, and needs the
        extra ``redis``.

        Args:
            redis: The URL of a server (``redis://``, ``rediss://``, ``unix://``), or a client of
                ``redis.asyncio`` of your own, single or of a cluster, which is not closed.
            prefix: What every key in Redis begins with: one for each base URL.
            on_unavailable: While Redis cannot be reached, those who need it wait to their deadline
                (``"wait"``), fail with :class:`LimiterUnavailableError` (``"raise"``), or go on
                with a share of each quota (``"local"``). What does not pass by waiting, such as a
                wrong password, is that error at once in each case.
            local_share: That share, above 0 and at most 1; the shares of all processes together
                must not be more than 1.
            timeout: Seconds for connecting to Redis, and for each of its answers.
            guard: Seconds for which a slot stays held for a process that was killed or cut off: at
                least the client's ``attempt_timeout`` and two more.
            **quotas: As for the class; every process of a fleet must be given the same.

        Raises:
            ConfigurationError: A value cannot work, or the extra is not installed.
        """
        # The import of the package stays quick for those who share no limits.
        from .shared.factory import SharedLimiterFactory  # noqa: PLC0415

        factory = SharedLimiterFactory.open(
            redis,
            prefix=prefix,
            on_unavailable=on_unavailable,
            local_share=local_share,
            timeout=timeout,
            guard=guard,
        )
        return SharedLimiterRegistry(factory, **quotas)

    @staticmethod
    def on_disk(
        folder: str | os.PathLike[str] | None = None,
        *,
        on_unavailable: OnFileUnavailable = "raise",
        timeout: float = 1.0,
        guard: float = 62.0,
        **quotas: Unpack[QuotaSettings],
    ) -> SharedLimiterRegistry:
        """Limits kept together by the processes of one user on this machine; no server is needed.

        They outlive the process as well. Close the registry at the end, or use it as an async
        context manager: then it reports what it has not reported yet. One registry serves one
        account, whose file (SQLite) is named by a digest and holds no token and no message.

        Args:
            folder: Where the files are, on a disk of this machine; made where there is none. None:
                ``limits`` in the folder that ``CLEVERAPP_STATE_DIR`` names, or else in the user's
                own (``~/.local/state/cleverapp`` on Linux).
            on_unavailable: While the file cannot be used, those who need it fail with
                :class:`LimiterUnavailableError` (``"raise"``), wait to their deadline
                (``"wait"``), or are limited by this process alone (``"process"``). What does not
                pass by waiting, such as a folder that cannot be written, is that error for
                ``"wait"``, too.
            timeout: Seconds to wait for the file's lock.
            guard: Seconds for which a slot stays held for a process that was killed: at least the
                client's ``attempt_timeout`` and two more.
            **quotas: As for the class; every process must be given the same.

        Raises:
            ConfigurationError: A value cannot work.
        """
        # The import of the package stays quick for those who share no limits.
        from .shared.factory import SharedLimiterFactory  # noqa: PLC0415

        factory = SharedLimiterFactory.on_disk(
            folder, on_unavailable=on_unavailable, timeout=timeout, guard=guard
        )
        return SharedLimiterRegistry(factory, **quotas)

    def use_account(self, account: AccountKey) -> None:
        """Say whose limits these are, as each account has its own file; a client does so itself.

        Raises:
            ConfigurationError: It is no account's key, or these are kept on disk for another one.
        """
        check_instance("account", account, AccountKey, "client.account", wrong_setting)

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._limiters)

    def __bool__(self) -> bool:
        """Always true, so that a registry without keys is not taken for a missing one."""
        return True

    def quotas(self, key: LimitKey | AccountKey) -> tuple[Quota, ...]:
        """The quotas that hold for a key; empty where it is not limited."""
        if isinstance(key, AccountKey):
            return self._account
        # An empty tuple is an answer as well: this key is not limited.
        if (own := self._keys.get(key)) is not None:
            return own
        if key.scope == "sendMessageToWhatsApp":
            return self._whatsapp_direct
        return self._messengers.get(key.messenger, self._other_messengers)

    def spacing(self, key: LimitKey) -> float:
        """Seconds per request of a key's scarcest quota; 0 where it is not limited."""
        return max((quota.spacing for quota in self.quotas(key)), default=0.0)

    def limiter(self, key: LimitKey | AccountKey) -> Limiter:
        """The limiter of a key, which is made now if there is none yet.

        Use it at once and ask again the next time: a limiter that holds nothing may be dropped.

        Raises:
            ConfigurationError: The factory made something that is not a limiter.
        """
        if isinstance(key, AccountKey):
            # Accounts are few and in use all the time, so that they are never swept.
            account = self._accounts.get(key)
            if account is None:
                account = self._accounts[key] = self._made(key, self._account)
            return account
        limiter = self._limiters.get(key)
        if limiter is None:
            # Before the newcomer is there, which has nothing outstanding yet and would be dropped
            # as idle.
            self._drop_idle()
            limiter = self._limiters[key] = self._made(key, self.quotas(key))
            self._sweep.append(key)
        return limiter

    def _made(self, key: LimitKey | AccountKey, quotas: tuple[Quota, ...]) -> Limiter:
        try:
            made = self._factory(key, quotas)
        except asyncio.CancelledError as fault:
            # Nothing awaits in it: whoever asks for a limiter is not cancelled by that.
            told = RuntimeError("the factory of limiters raised a CancelledError")
            raise told.with_traceback(fault.__traceback__) from fault
        # A factory of the user's own may make anything.
        if not isinstance(cast("object", made), Limiter):
            raise wrong_setting("factory", "a function that makes objects of Limiter", made)
        return made

    def pause(self, key: LimitKey | AccountKey, seconds: float) -> None:
        """Grant nothing to a key for that long. Call it inside the event loop.

        Args:
            key: A limit key, or an account's key.
            seconds: 0 or more, and finite.

        Raises:
            ConfigurationError: An argument cannot work; it is named.
        """
        check_key(key)
        check_seconds("seconds", seconds, wrong_setting, zero=True)
        self.limiter(key).pause(seconds)

    @property
    def own_quotas(self) -> tuple[Quota, ...]:
        """Every quota whose count is lost with this process: none where Redis keeps the count."""
        keys = (*self._messengers.values(), *self._keys.values(), self._account)
        return tuple(
            quota
            for quotas in (*keys, self._other_messengers, self._whatsapp_direct)
            for quota in quotas
        )

    @property
    def counted(self) -> CountedSends:
        """Which sends of campaigns these limiters have counted."""
        return self._counted

    def prime(self, key: LimitKey | AccountKey, ages: Sequence[float]) -> None:
        """Count requests of a key that these limiters did not grant. Call it inside the event loop.

        A campaign that is resumed does this by itself. A limiter that is no
        :class:`PrimableLimiter` is left as it is.

        Args:
            key: What they were limited by; a message counts for its key and for the account.
            ages: For each of them how many seconds ago it reached the server, at the latest: 0 or
                more, in any order.

        Raises:
            ConfigurationError: An argument cannot work; it is named.
        """
        check_key(key)
        check_ages(ages)
        # Asked before a limiter is made: what is not limited has nothing to count.
        if not ages or not self.quotas(key):
            return
        limiter = self.limiter(key)
        if isinstance(limiter, PrimableLimiter):
            limiter.prime(ages)

    def snapshot(self) -> dict[LimitKey | AccountKey, LimiterSnapshot]:
        """Every remembered limiter at this moment."""
        return {key: limiter.snapshot() for key, limiter in self._all()}

    def _all(self) -> Iterator[tuple[LimitKey | AccountKey, Limiter]]:
        yield from self._accounts.items()
        yield from self._limiters.items()

    def _drop_idle(self) -> None:
        """Look at the two keys longest not looked at, and drop those that hold nothing."""
        for _ in range(min(_SWEPT_PER_NEWCOMER, len(self._sweep))):
            key = self._sweep.popleft()
            if self._limiters[key].idle:
                del self._limiters[key]
            else:
                self._sweep.append(key)


class SharedLimiterRegistry(LimiterRegistry):
    """Limiters that several processes keep together.

    :meth:`LimiterRegistry.shared` and :meth:`LimiterRegistry.on_disk` make it.
    """

    def __init__(
        self, factory: shared.SharedLimiterFactory, **quotas: Unpack[QuotaSettings]
    ) -> None:
        super().__init__(factory=factory, **quotas)
        self._shared = factory

    def use_account(self, account: AccountKey) -> None:
        """Say whose limits these are; see :meth:`LimiterRegistry.use_account`.

        Raises:
            ConfigurationError: It is no account's key, or these are kept on disk for another one.
        """
        super().use_account(account)
        self._shared.use_account(account)

    def limiter(self, key: LimitKey | AccountKey) -> Limiter:
        """The limiter of a key; see :meth:`LimiterRegistry.limiter`.

        Raises:
            ConfigurationError: These are kept on disk, and for another account, or for one that is
                not known yet.
        """
        if isinstance(key, AccountKey):
            # Asked at every use, as the account is known only once a client has these limits.
            self.use_account(key)
        return super().limiter(key)

    @property
    def round_trips(self) -> int:
        """How many times Redis, or the file, was asked so far."""
        return self._shared.member.log.calls

    @property
    def own_quotas(self) -> tuple[Quota, ...]:
        """None where Redis keeps the count; a journal may bring sends that no file here counted."""
        # What Redis has counted it still counts: told once more, it would be counted twice.
        return super().own_quotas if self._shared.primable else ()

    @property
    def guard(self) -> float:
        """Seconds for which a slot stays held for a process that says nothing more."""
        return self._shared.member.guard

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Report to the others which slots are not needed any more, then disconnect.

        Requests still on their way keep their slots for the guard's time. Without closing, so do
        slots that were used shortly before the end. Whoever still waits gets a
        :class:`ClientStateError`, and so does whoever asks later.
        """
        await self._shared.close([limiter for _, limiter in self._all()])
