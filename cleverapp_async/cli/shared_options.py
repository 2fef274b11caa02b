"""The options that several commands share, each defined once, and what is made of them.

Among them is where a command keeps its limits: with all processes on this machine, or by itself.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import click
from attrs import frozen
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from .._secret import token_fault
from ..client import CleverAppClient
from ..config import DEFAULT_BASE_URL, ClientConfig
from ..limits.registry import LimiterRegistry, SharedLimiterRegistry
from . import params
from .errors import CommandError, Exit
from .text import write_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Unpack

    from ..events import EventCallback
    from ..limits.registry import QuotaSettings


__all__ = [
    "ATTEMPT_TIMEOUT",
    "BASE_URL_VARIABLE",
    "CONCURRENCY",
    "DRAIN_TIMEOUT",
    "IN_FLIGHT",
    "TOKEN_VARIABLE",
    "CommandClient",
    "Connection",
    "KeptLimits",
    "Options",
    "bot_id_option",
    "connection_options",
    "delimiter_option",
    "file_names",
    "format_option",
    "given_by_hand",
    "guard_of",
    "journal_argument",
    "kept_limits_option",
    "make_limits",
    "output_option",
    "pace_options",
    "quiet_option",
    "read_token",
    "scale_option",
    "timezone_option",
    "window_option",
    "yes_option",
]

F = TypeVar("F", bound="Callable[..., object]")

KeptLimits: TypeAlias = Literal["machine", "process"]
"""The processes that keep the limits together: those of this user on this machine, or this one."""

CONCURRENCY = 1000
IN_FLIGHT = 100
DRAIN_TIMEOUT = 30.0
_MOST_AT_ONCE = 1_000_000
_LOG = "cleverapp_async.limits"
_LEAST_GUARD = 62.0
_LATE = 2.0


def kept_limits_option(command: F) -> F:
    """Give a command ``--limits``: see :data:`KeptLimits`."""
    return click.option(
        "--limits",
        "kept_limits",
        type=click.Choice(["machine", "process"]),
        default="machine",
        show_default=True,
        help="Keep the limits together with your other processes on this machine, or in this "
        "process alone.",
    )(command)


class _Warnings(logging.Handler):
    """Says what the limits warn of, unless the whole log is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        if not logging.getLogger(_LOG).isEnabledFor(logging.DEBUG):
            click.echo(f"Warning: {record.getMessage()}.", err=True)


def make_limits(
    kept: KeptLimits, attempt_timeout: float, **quotas: Unpack[QuotaSettings]
) -> LimiterRegistry:
    """The limits of one command.

    Where they cannot be kept together, that is said once, and the process keeps them by itself.

    Args:
        kept: Who keeps them.
        attempt_timeout: Seconds for one attempt.
        **quotas: Those that are not the documented ones.
    """
    if kept == "process":
        return LimiterRegistry(**quotas)
    log = logging.getLogger(_LOG)
    if not any(isinstance(handler, _Warnings) for handler in log.handlers):
        log.addHandler(_Warnings(logging.WARNING))
    return LimiterRegistry.on_disk(
        on_unavailable="process", guard=guard_of(attempt_timeout), **quotas
    )


def guard_of(attempt_timeout: float) -> float:
    """Seconds for which limits that are kept together hold the places of a killed process.

    Args:
        attempt_timeout: Seconds for one attempt.
    """
    return max(_LEAST_GUARD, attempt_timeout + _LATE)


class CommandClient(CleverAppClient):
    """A client with limits of its own, which are closed with it."""

    async def close(self) -> None:
        """Close it, and tell other processes which slots are not needed any more."""
        await super().close()
        if isinstance(self.limits, SharedLimiterRegistry):
            await self.limits.close()


TOKEN_VARIABLE = "CLEVERAPP_API_TOKEN"  # noqa: S105 - the variable's name
BASE_URL_VARIABLE = "CLEVERAPP_BASE_URL"
ATTEMPT_TIMEOUT = 60.0


class Options:
    """Several options for a command, as one decorator.

    Args:
        *each: The options, in the order in which the help shows them.
    """

    def __init__(self, *each: Callable[[Any], Any]) -> None:
        self._each = each

    def __call__(self, command: F) -> F:
        """The command with all of them."""
        for option in reversed(self._each):
            command = option(command)
        return command


def file_names(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Have the shell complete the name of a file: ``shell_complete`` of an option."""
    return [CompletionItem(incomplete, type="file")]


def journal_argument(command: F) -> F:
    """Give a command the argument JOURNAL: a file, or the address of a campaign in Redis."""
    return click.argument("journal", metavar="JOURNAL", shell_complete=file_names)(command)


def given_by_hand(context: click.Context, names: Iterable[str]) -> str | None:
    """The first of these options that stands on the command's line, as it is written there.

    Args:
        context: The command's.
        names: The names of its parameters.
    """
    written = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    by_hand = (
        written[name]
        for name in names
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    )
    return next(by_hand, None)


def output_option(*, required: bool = False, default: str | None = None) -> Callable[[F], F]:
    """``-o`` and ``--output``: the file that a command writes.

    Args:
        required: Whether it must be given.
        default: Where it goes otherwise, in words for the help.
    """
    return click.option(
        "-o",
        "--output",
        required=required,
        show_default=default or False,
        shell_complete=file_names,
        metavar="FILE",
        help="File to write, which must not exist yet.",
    )


def format_option(
    *forms: str, default: str | None = None, show_default: str | bool = True
) -> Callable[[F], F]:
    """``--format``: the form of what a command gives.

    Args:
        *forms: Those that there are, of ``table``, ``csv``, ``json``, ``jsonl`` and ``raw``.
        default: The one that is meant otherwise; None: the command finds out.
        show_default: What the help says of that.
    """
    return click.option(
        "--format",
        "given_format",
        type=click.Choice(forms),
        default=default,
        show_default=show_default,
        help="Form of the output.",
    )


def delimiter_option(default: str = ",") -> Callable[[F], F]:
    """``--delimiter`` of CSV that is written: see :func:`.atomic_file.read_delimiter`."""
    return click.option(
        "--delimiter",
        type=click.Choice([",", ";", "tab"]),
        show_default=default,
        help="Sign between the cells of CSV; many a spreadsheet expects a semicolon.",
    )


def bot_id_option(command: F) -> F:
    """Give a command ``--bot-id``."""
    return click.option(
        "--bot-id",
        type=params.whole(1),
        metavar="ID",
        help="Id of the bot that the recipients or contacts belong to.",
    )(command)


def quiet_option(command: F) -> F:
    """Give a command ``-q`` and ``--quiet``."""
    return click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")(
        command
    )


def timezone_option(command: F) -> F:
    """Give a command ``--timezone``."""
    return click.option(
        "--timezone",
        type=params.TIME_ZONE,
        metavar="NAME",
        show_default="this machine's",
        help="Time zone of all hours and times, such as Europe/Moscow.",
    )(command)


def yes_option(command: F) -> F:
    """Give a command ``--yes``."""
    return click.option("--yes", is_flag=True, help="Do not ask before it is done.")(command)


def window_option(command: F) -> F:
    """Give a command ``--window``."""
    return click.option(
        "--window",
        type=click.Choice(["sliding", "fixed", "bucket"]),
        default="sliding",
        show_default=True,
        help="How the simulator counts N requests in T seconds.",
    )(command)


def scale_option(default: float = 1.0) -> Callable[[F], F]:
    """``--scale``: how many times as fast the limits' time runs.

    Args:
        default: How many times it is otherwise.
    """
    return click.option(
        "--scale",
        type=params.SCALE,
        default=default,
        show_default=True,
        metavar="N",
        help="Let the limits' time run N times as fast; only for the simulator.",
    )


@frozen(kw_only=True)
class Connection:
    """How the API is reached.

    Attributes:
        base_url: Where it lives; None: CleverApp's own.
        attempt_timeout: Seconds for one attempt, from its start to the whole answer.
        limits: Who keeps the limits together.
    """

    base_url: str | None
    attempt_timeout: float
    limits: KeptLimits = "machine"

    def client(self, token: str, *listeners: EventCallback) -> CommandClient:
        """The client.

        Args:
            token: The account's token.
            *listeners: Called with what happens to each request.

        Raises:
            ConfigurationError: The token or the base URL cannot work.
        """
        config = ClientConfig(attempt_timeout=self.attempt_timeout, on_event=listeners)
        limits = make_limits(self.limits, self.attempt_timeout)
        base_url = self.base_url or DEFAULT_BASE_URL
        return CommandClient(token, base_url=base_url, config=config, limits=limits)


connection_options: Options = Options(
    click.option(
        "--token-file",
        shell_complete=file_names,
        metavar="FILE",
        show_default=TOKEN_VARIABLE,
        help="File that holds the token and nothing else.",
    ),
    click.option(
        "--base-url",
        envvar=BASE_URL_VARIABLE,
        show_envvar=True,
        metavar="URL",
        help="Base URL of the API: that of a sibling brand, or of the simulator.",
    ),
    click.option(
        "--attempt-timeout",
        type=params.DURATION,
        default=write_duration(ATTEMPT_TIMEOUT),
        show_default=True,
        metavar="DURATION",
        help="Longest time for one attempt, from its start to the whole answer.",
    ),
    kept_limits_option,
)
"""``--token-file``, ``--base-url``, ``--attempt-timeout`` and ``--limits``: see
:class:`Connection`."""


pace_options: Options = Options(
    click.option(
        "--concurrency",
        type=params.whole(1, _MOST_AT_ONCE),
        default=CONCURRENCY,
        show_default=True,
        metavar="N",
        help="Messages in work at once, those that wait for limits included.",
    ),
    click.option(
        "--max-in-flight",
        type=params.whole(1, _MOST_AT_ONCE),
        default=IN_FLIGHT,
        show_default=True,
        metavar="N",
        help="Requests on the wire at once.",
    ),
    click.option(
        "--drain-timeout",
        type=params.DURATION,
        default=write_duration(DRAIN_TIMEOUT),
        show_default=True,
        metavar="DURATION",
        help="How long requests on the wire may take to end after Ctrl-C or SIGTERM.",
    ),
)
"""``--concurrency``, ``--max-in-flight`` and ``--drain-timeout``."""


def read_token(path: str | None) -> str:
    """The token in a file, or else in ``CLEVERAPP_API_TOKEN``.

    Args:
        path: The file, which holds nothing else; others should not be able to read it.

    Raises:
        CommandError: There is no token: exit 3.
    """
    if path is None:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            raise CommandError(
                f"there is no token. Set {TOKEN_VARIABLE}, or give --token-file with a file that "
                "holds it. The token is shown in the settings of the account.",
                Exit.CONFIGURATION,
            )
        return _fit(token, TOKEN_VARIABLE)
    try:
        token = Path(path).read_text(encoding="utf-8-sig").strip()
        mode = Path(path).stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it holds no text"
        raise CommandError(
            f"--token-file {path} cannot be read: {told}.", Exit.CONFIGURATION
        ) from None
    if not token:
        raise CommandError(
            f"--token-file {path} is empty: write the token into it.", Exit.CONFIGURATION
        )
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        click.echo(
            f"Warning: other users can read the token in {path}. Prevent it: chmod 600 {path}",
            err=True,
        )
    return _fit(token, f"--token-file {path}")


def _fit(token: str, source: str) -> str:
    """The token, if it can be one; the error says where it comes from, and nothing of it."""
    if token_fault(token) is not None:
        raise CommandError(
            f"{source} holds characters that no token has. Copy nothing but the token from the "
            "settings of the account.",
            Exit.CONFIGURATION,
        )
    return token
