"""Limits as they are written on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from ..limits.defaults import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    OTHER_MESSENGERS_QUOTA,
    WHATSAPP_DIRECT_QUOTA,
)
from ..limits.quota import Quota
from ..limits.registry import LimiterRegistry
from .durations import read_duration, write_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LimitSettings", "Override", "read_account_limit", "read_limit"]

_WRITTEN = re.compile(r"([1-9][0-9]{0,8})/([^/]+)", re.ASCII)
_NONE = "none"
_OTHERS = "others"
_DIRECT = "sendMessageToWhatsApp"


@frozen
class Override:
    """A limit of the user's own.

    Attributes:
        name: A messenger, ``others`` or ``sendMessageToWhatsApp``.
        quotas: What holds for it; nothing: no limit.
    """

    name: str
    quotas: tuple[Quota, ...]

    def written(self) -> str:
        """As :func:`read_limit` reads it."""
        return f"{self.name}={_written(self.quotas)}"


@frozen(kw_only=True)
class LimitSettings:
    """The limits a send keeps.

    Attributes:
        overrides: In place of the documented ones.
        account: In place of the account's documented ones; None keeps those.
        scale: How many times as fast time runs; for the simulator.
    """

    overrides: tuple[Override, ...] = ()
    account: tuple[Quota, ...] | None = None
    scale: float = 1.0

    def registry(self) -> LimiterRegistry:
        """The limiters for one event loop."""
        own = {override.name: override.quotas for override in self.overrides}
        messengers = {name: self._scaled(quota) for name, quota in MESSENGER_QUOTAS.items()}
        others = own.pop(_OTHERS, self._scaled(OTHER_MESSENGERS_QUOTA))
        direct = own.pop(_DIRECT, self._scaled(WHATSAPP_DIRECT_QUOTA))
        account = self.account
        if account is None:
            account = tuple(quota for known in ACCOUNT_QUOTAS for quota in self._scaled(known))
        return LimiterRegistry(
            messengers={**messengers, **own},
            other_messengers=others,
            whatsapp_direct=direct,
            account=account,
        )

    def written(self) -> list[str]:
        """The options again, as arguments."""
        written = [part for one in self.overrides for part in ("--limit", one.written())]
        if self.account is not None:
            written += ["--account-limit", _written(self.account)]
        if self.scale != 1.0:
            written += ["--scale", repr(self.scale)]
        return written

    def _scaled(self, quota: Quota) -> tuple[Quota, ...]:
        """The quota in quicker time: stamped at the answer, as round trips do not get quicker."""
        if self.scale == 1.0:
            return (quota,)
        return (Quota(quota.limit, quota.period / self.scale),)


def read_limit(text: str) -> Override:
    """Read ``whatsapp=1/10s``.

    Raises:
        ValueError: It is not of that form; the message says so.
    """
    name, equals, written = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise ValueError(
            f"{text!r} names no messenger: write whatsapp=1/10s, with a messenger, {_OTHERS} or "
            f"{_DIRECT} before the sign"
        )
    special = next((known for known in (_OTHERS, _DIRECT) if known.lower() == name.lower()), None)
    return Override(special or name.lower(), read_account_limit(written))


def read_account_limit(text: str) -> tuple[Quota, ...]:
    """Read ``2/1s,120/60s`` or ``none``.

    Raises:
        ValueError: It is not of that form; the message says so.
    """
    if text.strip().lower() == _NONE:
        return ()
    return tuple(_quotas(text, text.split(",")))


def _written(quotas: Iterable[Quota]) -> str:
    return ",".join(f"{quota.limit}/{write_duration(quota.period)}" for quota in quotas) or _NONE


def _quotas(text: str, parts: Iterable[str]) -> Iterable[Quota]:
    for part in parts:
        match = _WRITTEN.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{text!r} is no limit: write 10/10s, 2/1s,120/60s or {_NONE}")
        yield Quota(int(match[1]), read_duration(match[2]))
