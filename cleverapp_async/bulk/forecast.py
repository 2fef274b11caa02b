"""How long a send takes at least, computed from counts and quotas alone.

A forecast is a lower bound. It knows the limits and nothing else: not the server's speed, not the
network's, not the refusals to come; :mod:`cleverapp_async.bulk.eta` adds what a run has measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from .._arguments import check_callable, check_instance, check_whole, wrong_argument
from ..limits.quota import LimitKey, Quota, QuotasOf, check_quotas
from .schedule import Schedule

__all__ = ["ACCOUNT", "UNKNOWN_ROUTE", "Forecast", "Share", "forecast", "least_seconds"]

ACCOUNT = "the whole account"
UNKNOWN_ROUTE = "route unknown"
"""Rows by contact_id do not say which bot and messenger they go through."""


@frozen
class Share:
    """One line of a forecast.

    Attributes:
        name: The bot and messenger in words, or the account.
        key: What limits it; None for an unknown route and for the account.
        messages: How many go through it.
        seconds: How long they take at least; 0 where only the account limits them.
    """

    name: str
    key: LimitKey | None
    messages: int
    seconds: float


@frozen
class Forecast:
    """How long it takes at least, by the limits alone.

    Attributes:
        shares: One per bot and messenger, longest first; unknown routes last.
        account: All messages together, under the account's limits.
    """

    shares: tuple[Share, ...]
    account: Share

    @property
    def bound_by(self) -> Share:
        """The share that takes longest; the account where all are equally quick."""
        return max((self.account, *self.shares), key=lambda share: share.seconds)

    @property
    def seconds(self) -> float:
        """The lower bound of the whole send, in seconds of sending."""
        return self.bound_by.seconds

    def ends_at(self, start: float, schedule: Schedule | None) -> float:
        """When it ends at the earliest, quiet hours not counted as sending.

        Each opening after quiet hours finds the windows of the limits empty, which wins less than
        one period of the binding limit a day; that is left out.

        Args:
            start: When the sending begins, in Unix seconds.
            schedule: When messages may leave; None: at any time.

        Returns:
            Unix seconds.
        """
        if schedule is None:
            return start + self.seconds
        return schedule.end_of(start, self.seconds)


def least_seconds(messages: int, quotas: Iterable[Quota]) -> float:
    """The least seconds from the first of so many messages to the last.

    With N per T, each N messages after the first N wait one more T.

    Args:
        messages: How many.
        quotas: What holds for all of them together; none: they take no time.
    """
    if messages < 1:
        return 0.0
    return max(((messages - 1) // quota.limit * quota.period for quota in quotas), default=0.0)


def forecast(
    counts: Mapping[LimitKey | None, int], quotas_of: QuotasOf, account: tuple[Quota, ...]
) -> Forecast:
    """The lower bound that quotas set for so many messages.

    Args:
        counts: Messages by what limits them; None: by the account alone, until it is learned.
        quotas_of: The quotas of a key.
        account: The quotas of the account.

    Returns:
        Its shares that have messages, and the account.

    Raises:
        InvalidRequestError: The counts are none, or ``quotas_of`` cannot be called.
        ConfigurationError: A quota of the account is none.
    """
    check_instance("counts", counts, Mapping, "a mapping of limit keys to counts", wrong_argument)
    for count in counts.values():
        check_whole("counts", count, wrong_argument, least=0)
    check_callable("quotas_of", quotas_of, "a function of a LimitKey", wrong_argument)
    check_instance("account", account, tuple | list, "a tuple of Quota(...)", wrong_argument)
    check_quotas("account", *account)
    shares = [
        Share(str(key), key, count, least_seconds(count, quotas_of(key)))
        for key, count in counts.items()
        if key is not None and count > 0
    ]
    shares.sort(key=lambda share: (-share.seconds, -share.messages, share.name))
    if unknown := counts.get(None, 0):
        shares.append(Share(UNKNOWN_ROUTE, None, unknown, 0.0))
    total = sum(counts.values())
    return Forecast(tuple(shares), Share(ACCOUNT, None, total, least_seconds(total, account)))
