"""What is limited, and how much: keys, quotas and lanes, and the documented limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from math import inf
from types import MappingProxyType
from typing import TypeAlias, TypeVar, cast, overload

from attrs import Attribute, field, frozen, validators

from .._arguments import check_seconds, check_whole, is_number, wrong_setting
from ..models.route import Route, spelled

__all__ = [
    "ACCOUNT_QUOTAS",
    "MESSENGER_QUOTAS",
    "OTHER_MESSENGERS_QUOTA",
    "WHATSAPP_DIRECT_QUOTA",
    "AccountKey",
    "Lane",
    "LimitKey",
    "Quota",
    "Quotas",
    "QuotasOf",
    "as_quotas",
    "check_ages",
    "check_factor",
    "check_key",
    "check_quotas",
    "quota_items",
]

K = TypeVar("K")

_QUOTAS = "a Quota, several in a tuple, or None, such as Quota(limit=10, period=1.0)"


def _positive(_: object, attribute: Attribute[float], value: object) -> None:
    check_seconds(f"Quota.{attribute.name}", value, wrong_setting)


def _whole(_: object, __: Attribute[int], value: object) -> None:
    check_whole("Quota.limit", value, wrong_setting)


@frozen
class Quota:
    """At most ``limit`` requests in any window of ``period`` seconds.

    Attributes:
        limit: Requests, from 1 up.
        period: The window in seconds.
        settle_within: A cap on the hold, in seconds. A slot is normally stamped when the answer
            arrives, which is exact whatever the network does and costs one round trip per window.
            Where the window is short against the round trip, the slot may be stamped this long
            after the request left instead, if no answer came before: this is exact as long as
            every request *arrives* within that time. None: always at the answer.

    Raises:
        ConfigurationError: A value cannot work; it is named.
    """

    limit: int = field(validator=_whole)
    period: float = field(validator=_positive)
    settle_within: float | None = field(default=None, validator=validators.optional(_positive))

    @property
    def spacing(self) -> float:
        """Seconds per request at the sustained rate: a greater spacing is a scarcer quota."""
        return self.period / self.limit

    def scaled(self, factor: float) -> Quota:
        """The same quota with time running ``factor`` times as fast, for demonstrations.

        Args:
            factor: Above 0, and finite.

        Raises:
            ConfigurationError: The factor cannot work.
        """
        check_factor(factor)
        cap = self.settle_within
        return Quota(self.limit, self.period / factor, None if cap is None else cap / factor)


Quotas: TypeAlias = Quota | Sequence[Quota] | None
"""One quota, several that hold together, or None for no limit."""


def as_quotas(name: str, quotas: Quotas) -> tuple[Quota, ...]:
    """Return quotas, in whichever way they were written, as a tuple.

    Args:
        name: The argument they were given by.
        quotas: One, several, or None.

    Raises:
        ConfigurationError: Something in it is not a quota.
    """
    if quotas is None:
        return ()
    if isinstance(quotas, Quota):
        return (quotas,)
    given = cast("object", quotas)
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise wrong_setting(name, _QUOTAS, given)
    return check_quotas(name, *cast("Sequence[object]", given))


def check_quotas(name: str, *quotas: object) -> tuple[Quota, ...]:
    """Return the quotas, each of which must be a Quota.

    Raises:
        ConfigurationError: One of them is not.
    """
    for quota in quotas:
        if not isinstance(quota, Quota):
            raise wrong_setting(name, _QUOTAS, quota)
    return cast("tuple[Quota, ...]", quotas)


def quota_items(name: str, given: object, kind: type[K], wanted: str) -> Iterator[tuple[K, Quotas]]:
    """What a mapping of quotas holds; nothing where it is None.

    Args:
        name: The argument it was given by.
        given: The mapping.
        kind: The type of its keys.
        wanted: What they are, in words.

    Raises:
        ConfigurationError: It is no mapping, or a key is something else.
    """
    if given is None:
        return
    wanted = f"a mapping from {wanted} to quotas"
    if not isinstance(given, Mapping):
        raise wrong_setting(name, wanted, given)
    for key, quotas in cast("Mapping[object, Quotas]", given).items():
        if not isinstance(key, kind):
            raise wrong_setting(name, wanted, key)
        yield key, quotas


def check_ages(ages: object) -> Sequence[float]:
    """Return how many seconds ago some requests were made, each of them 0 or more.

    Raises:
        ConfigurationError: It is no list of such numbers.
    """
    if not isinstance(ages, Sequence) or isinstance(ages, str | bytes):
        raise wrong_setting("ages", "a list of seconds", ages)
    found = cast("Sequence[object]", ages)
    return [check_seconds("ages", age, wrong_setting, zero=True) for age in found]


def check_factor(factor: object) -> None:
    """Make sure that time can run this many times as fast.

    Raises:
        ConfigurationError: It is not a finite number above 0.
    """
    wanted = "a finite number above 0"
    if not is_number(factor) or not 0 < factor < inf:
        raise wrong_setting("factor", wanted, factor)


class Lane(Enum):
    """Who goes first where several wait for one limit."""

    INTERACTIVE = "interactive"
    """Somebody awaits this answer: goes before bulk."""

    BULK = "bulk"
    """Part of a campaign: keeps a guaranteed share of the slots."""


def _plain(bot_id: int | None) -> int | None:
    """A member of an enumeration of numbers is equal to its number, but is written by its name."""
    return int(bot_id) if isinstance(bot_id, int) else bot_id


@frozen(cache_hash=True)
class LimitKey:
    """What the server counts messages by.

    Attributes:
        bot_id: The bot; None where only the messenger is known.
        messenger: The messenger, kept in the API's spelling: ``WhatsApp`` becomes ``whatsapp``.
        scope: The method whose limit it is, ``sendMessage`` or ``sendMessageToWhatsApp``.
    """

    bot_id: int | None = field(converter=_plain)
    messenger: str = field(converter=spelled)
    scope: str = "sendMessage"

    @overload
    @classmethod
    def through(cls, route: Route, method: str) -> LimitKey: ...
    @overload
    @classmethod
    def through(cls, route: Route | None, method: str) -> LimitKey | None: ...
    @classmethod
    def through(cls, route: Route | None, method: str) -> LimitKey | None:
        """What the server counts a message by that goes this way; None where it is not known.

        Args:
            route: The bot and messenger that the message goes through.
            method: The method that sends it, ``sendMessage`` or ``sendMessageToWhatsApp``.
        """
        return None if route is None else _key_of(route.bot_id, route.messenger, method)

    def __str__(self) -> str:
        """For people: ``whatsapp of bot 7``, with the scope where it is not sendMessage."""
        bot = "an unknown bot" if self.bot_id is None else f"bot {self.bot_id}"
        scope = "" if self.scope == "sendMessage" else f" ({self.scope})"
        return f"{self.messenger} of {bot}{scope}"


@lru_cache(1024)
def _key_of(bot_id: int | None, messenger: str, method: str) -> LimitKey:
    """The many messages of a campaign share few keys."""
    return LimitKey(bot_id, messenger, method)


QuotasOf: TypeAlias = Callable[[LimitKey], tuple[Quota, ...]]
"""Tells what limits a key."""


@frozen(cache_hash=True)
class AccountKey:
    """One account: a digest of the token and the base URL, from which neither can be read."""

    digest: str

    def __str__(self) -> str:
        """For people: the account's digest, shortened."""
        return f"account {self.digest[:8]}"


def check_key(key: object) -> None:
    """Refuse what is no key.

    Raises:
        ConfigurationError: It is not one.
    """
    if not isinstance(key, LimitKey | AccountKey):
        wanted = "a LimitKey(bot_id, messenger), or the account's key (client.account)"
        raise wrong_setting("key", wanted, key)


# The documented limits, and what is assumed where the documentation is silent.

MESSENGER_QUOTAS: Mapping[str, Quota] = MappingProxyType(
    {
        "whatsapp": Quota(1, 10.0),
        "telegram": Quota(10, 10.0),
        "viber": Quota(10, 10.0),
        "icq": Quota(10, 10.0),
    }
)
"""sendMessage, per bot and messenger (API docs, page «Сообщения», «Лимиты»)."""

OTHER_MESSENGERS_QUOTA = Quota(10, 10.0)
"""sendMessage through a messenger whose limit no page names (*assumed* as telegram)."""

WHATSAPP_DIRECT_QUOTA = Quota(1, 1.0)
"""sendMessageToWhatsApp (page «Сообщения»: one per second; per bot is *assumed*)."""

ACCOUNT_QUOTAS: tuple[Quota, ...] = (Quota(2, 1.0), Quota(120, 60.0))
"""Every method, per account (API docs, page «Основы»: 2 per second, 120 per minute).

Both are kept exactly, at the cost of a round trip per second. ``Quota(2, 1.0, settle_within=0.1)``
in a registry of your own bounds that cost, and is exact only while no request needs longer than
that to arrive.
"""
