"""How messages are sent, whichever they are: hours, limits, and how many at once."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, time
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click
from attrs import evolve, field, frozen
from click.core import ParameterSource

from ..config import DEFAULT_BASE_URL, ClientConfig, check_base_url
from ..errors import ConfigurationError
from ..limits.quota import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    OTHER_MESSENGERS_QUOTA,
    WHATSAPP_DIRECT_QUOTA,
    Quota,
)
from ..limits.registry import LimiterRegistry, QuotaSettings
from . import params
from .errors import BadInputError, setting_errors
from .shared_options import (
    ATTEMPT_TIMEOUT,
    BASE_URL_VARIABLE,
    CONCURRENCY,
    DRAIN_TIMEOUT,
    IN_FLIGHT,
    CommandClient,
    KeptLimits,
    Options,
    connection_options,
    make_limits,
    pace_options,
    scale_option,
    timezone_option,
)
from .text import write_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from ..bulk.schedule import Schedule
    from ..limits.quota import Quotas

__all__ = [
    "ALL_SETTINGS",
    "GivenHours",
    "LimitSettings",
    "SendSettings",
    "limit_options",
    "schedule_options",
    "settings_options",
]

R = TypeVar("R")

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen(kw_only=True)
class GivenHours:
    """When messages may leave, as the options say it.

    Attributes:
        not_before: The hour of the day from which on.
        not_after: The hour of the day until which.
        timezone: The zone that both and a time without an offset are in; None: this machine's.
        at: The first moment.
    """

    not_before: time | None = None
    not_after: time | None = None
    timezone: str | None = None
    at: datetime | None = None

    def schedule(self) -> Schedule | None:
        """The schedule; None where messages may leave at any time.

        Raises:
            BadInputError: The hours make no sense.
        """
        from ..bulk.schedule import Schedule

        if self.not_before is None and self.not_after is None and self.at is None:
            if self.timezone is not None:
                raise BadInputError(
                    "--timezone has no effect by itself: give --not-before, --not-after or --at."
                )
            return None
        try:
            return Schedule(
                at=self.at, not_before=self.not_before, not_after=self.not_after, zone=self.timezone
            )
        except ConfigurationError as error:
            raise BadInputError(f"{str(error).rstrip('.')}.") from None

    def written(self, asked: Collection[str] = ()) -> list[str]:
        """The options again, as arguments.

        Args:
            asked: Those of :attr:`SendSettings.given`: that there are no hours is then written.
        """
        if "hours" in asked and self == GivenHours():
            return ["--not-before", "none"]
        given = (
            ("--not-before", None if self.not_before is None else _written(self.not_before)),
            ("--not-after", None if self.not_after is None else _written(self.not_after)),
            ("--timezone", self.timezone),
            ("--at", None if self.at is None else self.at.isoformat()),
        )
        return [part for name, value in given if value is not None for part in (name, value)]


schedule_options: Options = Options(
    click.option(
        "--not-before",
        type=params.HOUR,
        metavar="HH:MM",
        help="Send nothing earlier in the day; none: at any hour.",
    ),
    click.option(
        "--not-after",
        type=params.HOUR,
        metavar="HH:MM",
        help="Send nothing later in the day; what is left waits for the next day.",
    ),
    timezone_option,
    click.option(
        "--at",
        type=params.MOMENT,
        metavar="WHEN",
        help="Send nothing before this moment, such as 2026-12-01T10:00 or ...T10:00+03:00.",
    ),
)
"""``--not-before``, ``--not-after``, ``--timezone`` and ``--at``: see :class:`GivenHours`."""


def _written(hour: time) -> str:
    return hour.isoformat("minutes" if not hour.second else "seconds")


@frozen(kw_only=True)
class LimitSettings:
    """The limits a send keeps.

    Attributes:
        overrides: In place of the documented ones.
        account: In place of the account's documented ones; None keeps those.
        scale: How many times as fast time runs; for the simulator.
    """

    overrides: tuple[params.LimitOverride, ...] = ()
    account: tuple[Quota, ...] | None = None
    scale: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Refuse two limits for one messenger.

        Raises:
            BadInputError: Nobody could tell which one is meant.
        """
        for name, times in Counter(one.name for one in self.overrides).items():
            if times > 1:
                raise BadInputError(
                    f"--limit {name} is given {times} times. Give it once; several quotas go into "
                    f"one value: {name}=10/1s,100/60s."
                )

    @property
    def own(self) -> dict[str, tuple[Quota, ...]]:
        """The limits of the user's own by their names."""
        return {one.name: one.quotas for one in self.overrides if one.quotas is not None}

    def registry(self) -> LimiterRegistry:
        """The limiters of this process alone, which tell what is limited, and how."""
        return LimiterRegistry(**self.quotas())

    def quotas(self) -> QuotaSettings:
        """What is limited, and how."""
        # Two names stand for other arguments; what is left are messengers.
        own: dict[str, Quotas] = dict(self.own)
        others: Quotas = own.pop(params.OTHERS, self._scaled(OTHER_MESSENGERS_QUOTA))
        direct: Quotas = own.pop(params.DIRECT, self._scaled(WHATSAPP_DIRECT_QUOTA))
        messengers = {name: self._scaled(quota) for name, quota in MESSENGER_QUOTAS.items()}
        usual = tuple(map(self._scaled, ACCOUNT_QUOTAS))
        return QuotaSettings(
            messengers={**messengers, **own},
            other_messengers=others,
            whatsapp_direct=direct,
            account=usual if self.account is None else self.account,
        )

    def written(self, given: Collection[str] = ()) -> list[str]:
        """The options again, as arguments.

        Args:
            given: Those of :attr:`SendSettings.given`, which are written in any case.
        """
        told = [one for one in self.overrides if one.name in self.own or "overrides" in given]
        written = [part for one in told for part in ("--limit", one.written())]
        if self.account is not None:
            written += ["--account-limit", params.write_quotas(self.account)]
        if self.scale != 1.0 or "scale" in given:
            written += ["--scale", repr(self.scale)]
        return written

    def may_scale(self, base_url: str | None) -> bool:
        """Whether time runs as it does, or messages go to a simulator on this machine.

        Args:
            base_url: Where messages go; None: to CleverApp.
        """
        try:
            parts = urlsplit(base_url or DEFAULT_BASE_URL)
            here = parts.scheme == "http" and parts.hostname in _HERE
        except ValueError:  # brackets of an address that is none
            here = False
        return here or self.scale == 1.0

    def check_scale(self, base_url: str | None) -> None:
        """Refuse quicker time for anything but a simulator on this machine.

        Args:
            base_url: Where messages go; None: to CleverApp.

        Raises:
            BadInputError: Time runs quicker, and it is another machine.
        """
        if not self.may_scale(base_url):
            raise BadInputError(
                "--scale is for a simulator on this machine; messages to "
                f"{base_url or DEFAULT_BASE_URL} would break the limits of the real service. Give "
                "the --base-url of the simulator, or leave --scale out."
            )

    def _scaled(self, quota: Quota) -> Quota:
        """The quota in quicker time; its cap stays, as round trips do not get quicker."""
        return evolve(quota, period=quota.period / self.scale)


limit_options: Options = Options(
    click.option(
        "--limit",
        "limits",
        type=params.LIMIT,
        multiple=True,
        metavar="MESSENGER=N/T",
        help="Own limit of a messenger for each bot: whatsapp=1/10s is 1 message in 10 seconds, "
        "whatsapp=none is no limit, whatsapp=documented the usual one where a campaign keeps "
        "another. others=N/T is for messengers without a documented limit, "
        "other:NAME=N/T for a single one of these, sendMessageToWhatsApp=N/T for WhatsApp "
        "messages to phone numbers. Repeatable.",
    ),
    click.option(
        "--account-limit",
        type=params.ACCOUNT_LIMIT,
        metavar="N/T,...|none",
        help="Own limit of all calls of the account: 2/1s,120/60s is 2 in a second and 120 in a "
        "minute; none is no limit.",
    ),
    scale_option(),
)
"""``--limit``, ``--account-limit`` and ``--scale``: see :class:`LimitSettings`."""


@frozen(kw_only=True)
class SendSettings:
    """How messages are sent, whichever they are; the token is in none of it.

    Attributes:
        base_url: Where the API lives; None: CleverApp's own.
        token_file: Where the token stands; None: in the environment.
        concurrency: Messages in work at once, waiting for limits included.
        max_in_flight: Requests on the wire at once.
        attempt_timeout: Seconds for one attempt, from its start to the whole answer.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
        limits: The limits that are kept.
        kept_limits: Who keeps them together.
        hours: When messages may leave.
        given: The kinds of settings that somebody has asked for, be it the usual value: the names
            of the attributes but the first two, and of those of ``limits``.
    """

    base_url: str | None = None
    token_file: str | None = None
    concurrency: int = CONCURRENCY
    max_in_flight: int = IN_FLIGHT
    attempt_timeout: float = ATTEMPT_TIMEOUT
    drain_timeout: float = DRAIN_TIMEOUT
    limits: LimitSettings = field(factory=LimitSettings)
    kept_limits: KeptLimits = "machine"
    hours: GivenHours = field(factory=GivenHours)
    given: frozenset[str] = field(default=frozenset(), eq=False)

    def origin(self) -> str:
        """Where messages go, as a client calls it and a journal keeps it.

        Raises:
            CommandError: The base URL cannot work: exit 3.
        """
        with setting_errors():
            return check_base_url(self.base_url or DEFAULT_BASE_URL)

    def client(self, token: str) -> CommandClient:
        """The client that sends.

        Raises:
            CommandError: The token or the base URL cannot work: exit 3.
        """
        config = ClientConfig(
            max_in_flight=self.max_in_flight, attempt_timeout=self.attempt_timeout
        )
        with setting_errors():
            return CommandClient(
                token,
                base_url=self.base_url or DEFAULT_BASE_URL,
                config=config,
                limits=make_limits(self.kept_limits, self.attempt_timeout, **self.limits.quotas()),
            )

    def or_kept(self, kept: SendSettings) -> SendSettings:
        """These settings; each kind that was not given is that of the last run of the campaign.

        This is the one rule for a resume and for what is told of a campaign. Hours are one kind,
        the limit of each messenger is one by itself. Where messages go, and whose token is used, is
        never taken over: a journal of somebody else must not send a token anywhere.

        Args:
            kept: What the campaign was last sent with.
        """

        def theirs(of: object, kinds: Iterable[str]) -> dict[str, Any]:
            return {kind: getattr(of, kind) for kind in kinds if kind not in self.given}

        overrides = (*self._not_given(kept), *self.limits.overrides)
        of_all = theirs(kept.limits, ("account", "scale"))
        limits = evolve(self.limits, overrides=overrides, **of_all)
        return evolve(self, limits=limits, **theirs(kept, (*_PLAIN, "hours")))

    def taken_over(self, kept: SendSettings) -> list[str]:
        """What :meth:`or_kept` takes of others and is not usual, as arguments."""
        limits = evolve(kept.limits, overrides=self._not_given(kept))
        taken = SendSettings(given=self.given).or_kept(evolve(kept, limits=limits))
        return evolve(taken, given=frozenset()).written()

    def _not_given(self, kept: SendSettings) -> tuple[params.LimitOverride, ...]:
        names = {one.name for one in self.limits.overrides}
        return tuple(one for one in kept.limits.overrides if one.name not in names)

    def written(self) -> list[str]:
        """The options again, as arguments.

        Those that say what holds anyway are left out where nobody has given them.
        """
        given: list[str] = []
        # Where the environment names another address, the usual one must be named as well.
        usual_url = os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
        if self.base_url is not None and not self.base_url == DEFAULT_BASE_URL == usual_url:
            given += ["--base-url", self.base_url]
        if self.token_file is not None:
            given += ["--token-file", self.token_file]
        for kind, write in _PLAIN.items():
            value = write(getattr(self, kind))
            if kind in self.given or value != write(getattr(_USUAL, kind)):
                name = "limits" if kind == "kept_limits" else kind.replace("_", "-")
                given += [f"--{name}", value]
        return [*given, *self.limits.written(self.given), *self.hours.written(self.given)]


_USUAL = SendSettings()
_PLAIN: Mapping[str, Callable[[Any], str]] = {
    "concurrency": str,
    "max_in_flight": str,
    "attempt_timeout": write_duration,
    "drain_timeout": write_duration,
    "kept_limits": str,
}
"""How the value of a setting is written, which is an option by itself."""
_LIMITS = {"limits": "overrides", "account_limit": "account", "scale": "scale"}
"""By the parameter of a command: the attribute of :class:`LimitSettings`."""
_WHOSE: tuple[str, ...] = ("base_url", "token_file")
_HOURS = ("not_before", "not_after", "timezone", "at")


def settings_options(*groups: Options) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command options of :class:`SendSettings`, which it takes as ``settings``.

    Args:
        *groups: Which ones, in the order in which the help shows them.
    """

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @Options(*groups)
        @wraps(command)
        def with_settings(*arguments: object, **values: Any) -> R:  # noqa: ANN401
            return command(*arguments, settings=_take_settings(values), **values)

        return with_settings

    return decorate


def _take_settings(values: dict[str, Any]) -> SendSettings:
    """The settings of what a command was given, of which they are taken out."""
    # By the parameter of the command: the kind of setting that it belongs to.
    kinds = {name: name for name in _PLAIN} | _LIMITS
    # Another command has a time zone, and no hours.
    kinds |= dict.fromkeys(_HOURS, "hours") if "not_before" in values else {}
    context = click.get_current_context()
    # An environment variable counts as given, as somebody has set it for this very command.
    usual = {ParameterSource.DEFAULT, None}
    source = context.get_parameter_source
    given = frozenset(kind for name, kind in kinds.items() if source(name) not in usual)
    taken = {name: values.pop(name) for name in tuple(values) if name in kinds}
    return SendSettings(
        **{name: values.pop(name) for name in _WHOSE if name in values},
        **{name: taken[name] for name in _PLAIN if name in taken},
        limits=LimitSettings(**{_LIMITS[name]: taken[name] for name in _LIMITS if name in taken}),
        hours=GivenHours(**{name: taken[name] for name in _HOURS if name in taken}),
        given=given,
    )


ALL_SETTINGS = (connection_options, pace_options, schedule_options, limit_options)
