"""What the referee finds, as data and in words."""

from __future__ import annotations

from attrs import field, frozen

from .arrivals import Arrival


@frozen
class Tally:
    """What reached one key, or the account, under one quota.

    Args:
        endpoint: The method, or None for the account.
        bot_id: The bot, or None for the account.
        messenger: The messenger, or None for the account.
        limit: How many the quota allows, or None when it is off.
        period: In how many seconds, or None.
        arrivals: How many requests reached the server.
        accepted: How many of them were accepted.
        refusals: How many were refused by a limit.
        most: The most arrivals in any window of the period; 0 without a quota.
        most_accepted: The most accepted ones in any window; 0 without a quota.
    """

    endpoint: str | None
    bot_id: int | None
    messenger: str | None
    limit: int | None
    period: float | None
    arrivals: int
    accepted: int
    refusals: int
    most: int
    most_accepted: int

    @property
    def exceeded(self) -> bool:
        """Whether some window held more arrivals than the quota allows."""
        return self.limit is not None and self.most > self.limit

    def __str__(self) -> str:
        name = f"{self.endpoint} of bot {self.bot_id} in {self.messenger}"
        if self.endpoint is None:
            name = "account"
        text = f"{name}: {self.arrivals} arrived, {self.accepted} accepted, {self.refusals} refused"
        if self.limit is None or self.period is None:
            return f"{text}; no limit"
        verdict = "EXCEEDED" if self.exceeded else "kept"
        quota = f"{self.limit} per {self.period:g} s"
        return f"{text}; at most {self.most} in any {self.period:g} s, {quota} {verdict}"


@frozen
class Duplicate:
    """A message that was taken more than once."""

    first: Arrival = field(repr=False)
    times: int
    endpoint: str
    bot_id: int | None
    messenger: str | None

    def __str__(self) -> str:
        return (
            f"taken {self.times} times: {self.endpoint} of bot {self.bot_id} in {self.messenger},"
            f" first at {self.first.at:.3f} s"
        )


@frozen
class Verdict:
    """The referee's findings.

    Args:
        keys: One tally per endpoint, bot and messenger, in the order of their first arrival.
        account: One tally per quota of the account; one without a quota when there is none.
        duplicates: Messages that were taken more than once.
        refusals: How many requests a limit refused.
        deliveries: How many messages were taken.
        arrivals: Everything that reached the server.
    """

    keys: tuple[Tally, ...]
    account: tuple[Tally, ...]
    duplicates: tuple[Duplicate, ...]
    refusals: int
    deliveries: int
    arrivals: int

    @property
    def clean(self) -> bool:
        """Whether nothing was refused by a limit or taken twice, and no window exceeded."""
        return not (
            self.refusals
            or self.duplicates
            or any(tally.exceeded for tally in (*self.keys, *self.account))
        )

    def key(self, bot_id: int, messenger: str, endpoint: str = "sendMessage") -> Tally:
        """Find the tally of one key.

        Raises:
            KeyError: Nothing arrived for it.
        """
        for tally in self.keys:
            if (tally.endpoint, tally.bot_id, tally.messenger) == (endpoint, bot_id, messenger):
                return tally
        raise KeyError((endpoint, bot_id, messenger))

    def lines(self) -> list[str]:
        """Put the findings into words, a line each."""
        head = "clean" if self.clean else "NOT clean"
        first = (
            f"{head}: {self.arrivals} arrived, {self.deliveries} taken,"
            f" {self.refusals} refused, {len(self.duplicates)} duplicated"
        )
        return [
            first,
            *(str(tally) for tally in self.account),
            *(str(tally) for tally in self.keys),
            *(str(duplicate) for duplicate in self.duplicates),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())
