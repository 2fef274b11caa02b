"""The permits that one attempt needs: its key's first, then its account's."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, ParamSpec

from attrs import define, field

from .._arguments import told_of
from .._event_loop import FAILURES
from .protocols import Permit
from .quota import AccountKey, Lane
from .registry import LimiterRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from .quota import LimitKey

__all__ = ["CallLimits", "PermitPair", "tell_limiter"]

P = ParamSpec("P")

_log = logging.getLogger("cleverapp_async")


def tell_limiter(news: Callable[P, None], *about: P.args, **named: P.kwargs) -> None:
    """Tell a limiter what comes of a request, which stays as it is if a limiter fails at that."""
    try:
        news(*about, **named)
    except FAILURES as fault:
        told = "a limiter failed, the outcome of the request stays as it is: %s"
        _log.error(told, told_of(fault))


def _has_lapsed(permit: Permit | None) -> bool:
    try:
        return getattr(permit, "lapsed", False) is True
    except FAILURES as fault:
        _log.error("a permit failed to tell whether it has lapsed: %s", told_of(fault))
        return False


@define(eq=False, repr=False)
class PermitPair:
    """The permits of one attempt; each ending reaches both, even if one limiter fails."""

    account: Permit
    key: Permit | None

    @property
    def lapsed(self) -> bool:
        """Whether others may have got a slot of these meanwhile, so that they must not be used."""
        return _has_lapsed(self.account) or _has_lapsed(self.key)

    def sent(self) -> None:
        """The request starts to leave now."""
        try:
            self.account.sent()
        finally:
            if self.key is not None:
                self.key.sent()

    def settle(self) -> None:
        """Ending: an answer arrived."""
        try:
            self.account.settle()
        finally:
            if self.key is not None:
                self.key.settle()

    def give_up(self) -> None:
        """Ending: no answer came, and the request may still arrive."""
        try:
            self.account.give_up()
        finally:
            if self.key is not None:
                self.key.give_up()

    def refund(self) -> None:
        """Ending: the request provably never left."""
        try:
            self.account.refund()
        finally:
            if self.key is not None:
                self.key.refund()

    def refuse_account(self, retry_after: float | None) -> None:
        """Ending: refused for the account's limit; the key's slot counts as used."""
        try:
            self.account.refuse(retry_after)
        finally:
            # For the account's permit this is a second ending, which does nothing. The key's slot
            # is stamped: whether the server counted the request for the key, too, is not known.
            self.settle()

    def refuse_key(self, retry_after: float | None) -> None:
        """Ending: refused for the key's limit; the account's slot was used."""
        try:
            if self.key is not None:
                self.key.refuse(retry_after)
        finally:
            # A second ending for the key's permit, which does nothing: the account's is stamped.
            self.settle()


@define(eq=False, repr=False)
class CallLimits:
    """The limiters that one client's attempts pass."""

    _registry: LimiterRegistry
    _account: AccountKey
    _held_until: float = field(default=-math.inf, init=False)

    @property
    def held_for(self) -> float:
        """Seconds for which nothing may leave because the server is said to be down; 0: it may."""
        if self._held_until == -math.inf:
            return 0.0  # Quickly, as each attempt asks more than once.
        return max(0.0, self._held_until - asyncio.get_running_loop().time())

    def hold(self, seconds: float) -> None:
        """Let nothing of the account leave for that long; the longest of several holds counts."""
        # Held twice over: the pause of the account's limiter keeps whoever waits there, and the
        # moment kept here also holds for a limiter of the user's own that ignores pauses, and for
        # whoever was granted a slot just before.
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)
        self._registry.pause(self._account, seconds)

    async def acquire(
        self, key: LimitKey | None, *, lane: Lane = Lane.INTERACTIVE, returned: bool = False
    ) -> PermitPair:
        """Acquire the key's slot, then the account's, at a moment at which something may leave."""
        while True:
            if key is None:
                account = self._registry.limiter(self._account)
                permits = PermitPair(await account.acquire(lane=lane, returned=returned), None)
            else:
                permits = await self._win(key, lane=lane, returned=returned)
            # The hold may have begun while this waited. The slots are given back, as waiting with
            # them would keep them from everybody else; they are won again afterwards.
            if not self.held_for:
                return permits
            tell_limiter(permits.refund)
            # A limiter of a user's own need not know how to pause.
            await asyncio.sleep(self.held_for)

    async def _win(self, key: LimitKey, *, lane: Lane, returned: bool) -> PermitPair:
        """Acquire the key's slot, then the account's.

        In this order a request that waits for a scarce key holds no slot of the account. At the
        account the request of the scarcest key goes first, so that its rare slot is not left unused
        behind requests of plentiful keys.
        """
        account = self._registry.limiter(self._account)
        limiter = self._registry.limiter(key)
        permit = await limiter.acquire(lane=lane, returned=returned)
        try:
            spacing = self._registry.spacing(key)
            account_permit = await account.acquire(lane=lane, spacing=spacing, returned=returned)
            return PermitPair(account_permit, permit)
        except BaseException:
            # A cancellation as well: a slot that was won and is not used would stay taken for good,
            # as only an ending stamps it.
            tell_limiter(permit.refund)
            raise

    def estimate(self, key: LimitKey | None, lane: Lane, *, returned: bool = False) -> float:
        """The least number of seconds that :meth:`acquire` would take now."""
        account = self._registry.limiter(self._account)
        if key is None:
            return max(self.held_for, account.estimate(lane, returned=returned))
        spacing = self._registry.spacing(key)
        return max(
            self.held_for,
            self._registry.limiter(key).estimate(lane, returned=returned),
            account.estimate(lane, spacing=spacing, returned=returned),
        )

    def pause_refused(self, key: LimitKey, retry_after: float | None) -> None:
        """Grant nothing to a key that a refusal has just made known: its window is full.

        Args:
            key: The key.
            retry_after: Seconds the server asked to wait; None waits one period.
        """
        if retry_after is None:
            retry_after = max((quota.period for quota in self._registry.quotas(key)), default=1.0)
        self._registry.pause(key, retry_after)
