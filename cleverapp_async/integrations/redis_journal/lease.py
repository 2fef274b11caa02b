"""A lease: who may write to a chunk, and the fence that keeps out whoever had it before.

A lease expires by itself some time after its holder died, and is prolonged while it lives. That
alone would not do: a process that was stopped for a minute believes that it still has the lease.
So each taking has a greater number, its fence, which every write brings along: Redis compares it in
the same step as it writes. A lease that ran out while nobody wanted it is taken up again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress

from attrs import define, field

from ..._redis.cancellation import end_task
from ..._redis.client import as_list, as_text, number
from ...bulk.journal.codec import decode_holder, encode_holder
from ...bulk.journal.records import LockHolder
from ...errors import JournalError, JournalLockedError, JournalUnreachableError
from .client import JournalClient, journal_script
from .keys import KeyNames

__all__ = ["BEATS", "RENEW", "Lease", "describe_holder", "locked_error", "read_holder"]

_log = logging.getLogger("cleverapp_async")

BEATS = 3
"""How often a lease is prolonged within its time."""

_FENCED = "Once somebody took it over, nothing more is sent from here"


_ACQUIRE = journal_script("acquire")
RENEW = journal_script("renew")
_RELEASE = journal_script("release")


def describe_holder() -> str:
    """This process, and a token that tells two runs in it apart."""
    return encode_holder(token=secrets.token_hex(8))


def read_holder(told: str | None) -> LockHolder | None:
    """Who a lease names; None where there is no lease."""
    return None if told is None else decode_holder(told)


def locked_error(what: str, told: str | None) -> JournalLockedError:
    """The error for whoever wants what somebody else has."""
    holder = read_holder(told)
    by = "another runner, which took over in between" if holder is None else str(holder)
    return JournalLockedError(
        f"{what} is in use by {by}: two runners would send the same messages",
        pid=holder.pid if holder else None,
        host=holder.host if holder else None,
    )


@define(eq=False)
class Lease:
    """The right to write to one unit of a campaign, from :meth:`acquire` to :meth:`release`.

    Attributes:
        fence: Its number; 0 before it was acquired.
    """

    _client: JournalClient
    _names: KeyNames
    _unit: str
    _seconds: float
    fence: int = field(default=0, init=False)
    _holder: str = field(factory=describe_holder, init=False, repr=False)
    _heart: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def unit(self) -> str:
        """What it is a lease of: a chunk's number, or ``load``."""
        return self._unit

    async def acquire(self) -> None:
        """Take it, and keep it until it is released.

        Raises:
            JournalLockedError: Somebody else has it.
            JournalError: Redis failed.
        """
        taken, told = await self._client.guarded(self._take())
        if not taken:
            raise locked_error(self._what(), told)
        self.fence = number(told)
        self._heart = asyncio.create_task(self._beat())
        self._heart.add_done_callback(self._stopped)

    async def _take(self) -> tuple[bool, str | None]:
        milliseconds = int(self._seconds * 1000)
        reply = await self._client.run(
            _ACQUIRE, self._keys(), self._unit, self._holder, milliseconds
        )
        taken, told = map(as_text, as_list(reply))
        return taken == "1" and number(told) > 0, told

    async def lost(self) -> JournalLockedError:
        """The error for a lease that somebody else took over."""
        told: object = None
        with suppress(JournalError):
            told = await self._client.ask("GET", self._keys()[0])
        return locked_error(self._what(), as_text(told))

    async def release(self) -> None:
        """Let it go. Where Redis fails it expires by itself."""
        heart, self._heart = self._heart, None
        if heart is not None:
            await end_task(heart)
        release = self._client.run(_RELEASE, self._keys(), self._unit, self.fence)
        try:
            await self._client.guarded(release)
        except JournalUnreachableError:
            pass
        except JournalError as error:
            _log.warning("%s is not let go, and expires by itself: %s", self._name(), error)

    def _what(self) -> str:
        if self._unit.isdecimal():
            return f"chunk {self._unit} of {self._client.name}"
        return self._client.name

    def _keys(self) -> tuple[str, str]:
        return self._names.lease(self._unit), self._names.fences

    async def _beat(self) -> None:
        """Prolong it; what fails is told once, and each write brings the fence along anyhow."""
        failing = False
        while True:
            await asyncio.sleep(self._seconds / BEATS)
            try:
                kept = await self._prolong()
            except JournalError as error:
                if not failing:
                    _log.warning("%s is not prolonged: %s. %s", self._name(), error, _FENCED)
                failing = True
                continue
            if not kept:
                _log.warning("%s is lost: another runner took over. %s", self._name(), _FENCED)
                return
            if failing:
                _log.warning("%s is prolonged again", self._name())
            failing = False

    async def _prolong(self) -> bool:
        milliseconds = int(self._seconds * 1000)
        lease, fences = self._keys()
        renewal = self._client.run(
            RENEW, (fences, lease), self._holder, milliseconds, self._unit, self.fence
        )
        return bool(await self._client.guarded(renewal))

    def _stopped(self, heart: asyncio.Task[None]) -> None:
        """Nothing prolongs it any more: unless that was the release, say so."""
        if heart is not self._heart or (not heart.cancelled() and heart.exception() is None):
            return
        error = None if heart.cancelled() else heart.exception()
        _log.error("%s is prolonged no more. %s", self._name(), _FENCED, exc_info=error)

    def _name(self) -> str:
        return f"the lease of {self._what()}"
