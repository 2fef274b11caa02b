"""What all limiters of one process share: the logs, the policy, and the name of the process."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, get_args

from attrs import define, field

from ..._arguments import check_choice, is_number, wrong_setting
from ...errors import ClientStateError, ConfigurationError
from ..protocols import OnFileUnavailable, OnUnavailable
from ..quota import Quota
from .messages import SharedLog

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from typing import Any

    from .messages import LogFault

__all__ = ["FleetMember", "check_policy", "closed_error", "share_of"]

_log = logging.getLogger("cleverapp_async.limits")

# Seconds. Two clocks that are read one after the other differ by less; a machine that sleeps does
# so for longer.
_NAP = 0.05
_BOTH = 2

# Where the loop's clock stands still while the machine sleeps there is another one that goes on.
# Windows has but one, which does.
_SLEEPLESS_AND_LOOP = {
    "linux": ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"),
    "darwin": ("CLOCK_MONOTONIC", "CLOCK_UPTIME_RAW"),
}


def closed_error() -> ClientStateError:
    """The error of whoever wants a slot of a registry that was closed."""
    told = "not sent: the registry of the shared limits was closed: make a new one"
    return ClientStateError(told)


def check_policy(on_unavailable: OnUnavailable, local_share: float | None) -> None:
    """Refuse a policy that is not one, or a share that is missing or useless.

    Raises:
        ConfigurationError: It is one of these; the message says which.
    """
    check_choice("on_unavailable", on_unavailable, get_args(OnUnavailable), wrong_setting)
    if (on_unavailable == "local") != (local_share is not None):
        raise ConfigurationError(
            'on_unavailable="local" and local_share go together: the share of every quota that '
            "this process may use by itself, such as 0.25 for one of four"
        )
    if local_share is not None and not (is_number(local_share) and 0 < local_share <= 1):
        raise wrong_setting("local_share", "above 0 and at most 1", local_share)


def share_of(quotas: Sequence[Quota], share: float) -> tuple[Quota, ...]:
    """The share of some quotas: fewer in the same time, or one in a longer time."""
    found: list[Quota] = []
    for quota in quotas:
        part = quota.limit * share
        if part >= 1:
            found.append(Quota(int(part), quota.period, quota.settle_within))
        else:
            found.append(Quota(1, quota.period / part, quota.settle_within))
    return tuple(found)


def _suspensions() -> Callable[[], float]:
    """What tells for how many seconds this machine has slept, counted from an arbitrary moment."""
    names = _SLEEPLESS_AND_LOOP.get(sys.platform, ())
    clocks: list[int] = [getattr(time, name) for name in names if hasattr(time, name)]
    if len(clocks) < _BOTH:
        return lambda: 0.0
    read, (sleepless, stopping), total = time.clock_gettime, clocks, 0.0

    def suspended() -> float:
        # Every event of every request asks for this.
        nonlocal total
        slept = read(sleepless) - read(stopping)
        # The two clocks are read one after the other: what lies between is no sleep.
        if abs(slept - total) > _NAP:
            total = slept
        return total

    return suspended


@define
class FleetMember:
    """One process of the fleet.

    Attributes:
        log: Where the logs of all keys are kept.
        guard: Seconds for which a slot stays held for a process that reports nothing any more.
        on_unavailable: The policy while the logs cannot be reached.
        local_share: The share of each quota that this process uses by itself meanwhile; None: it
            does not.
        suspended: Seconds for which this machine has slept so far: the loop's clock stood still.
        closed: Whether the registry was closed: nothing is granted or reported any more.
    """

    log: SharedLog
    guard: float
    on_unavailable: OnUnavailable | OnFileUnavailable
    local_share: float | None
    suspended: Callable[[], float] = field(factory=_suspensions)
    closed: bool = False
    _tasks: set[asyncio.Task[None]] = field(factory=set["asyncio.Task[None]"])
    _unreachable: bool = False
    _process: str = ""
    _pid: int = 0
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1))

    @property
    def process(self) -> str:
        """A random name of this process; a forked child gets another one."""
        if self._pid != os.getpid():
            # Asked at every call: a child that was forked inherits this object, and with the
            # parent's name its numbers would make the log ignore one of the two.
            self._pid, self._process = os.getpid(), secrets.token_hex(6)
        return self._process

    def number(self) -> int:
        """The next number; a limiter that was dropped and is made again gets higher ones."""
        # One series for all keys: a limiter that was dropped as idle and is made again must not
        # begin at 1, as the log would take its calls for old ones.
        return next(self._numbers)

    def check_open(self) -> None:
        """Refuse what comes after the end.

        Raises:
            ClientStateError: The registry was closed.
        """
        if self.closed:
            raise closed_error()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in a task of its own, which ends with the registry at the latest."""
        # Kept in a set, as the loop itself holds tasks only weakly: one that nobody holds may
        # vanish in the middle.
        task = asyncio.get_running_loop().create_task(coroutine, name="shared limits")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("shared limits: a task failed", exc_info=error)

    async def stop(self) -> None:
        """End what runs, and wait for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def failed(self, fault: LogFault) -> None:
        """Log once that the logs cannot be reached, or used."""
        if not self._unreachable:
            self._unreachable = True
            meanwhile = ""
            if self.on_unavailable == "process":
                meanwhile = "; until then this process keeps the limits by itself"
            _log.warning("%s %s%s", self.log.name, fault.sentence, meanwhile)

    def reached(self) -> None:
        """Log once that they can be reached again."""
        if self._unreachable:
            self._unreachable = False
            _log.warning("%s can be used again", self.log.name)
