"""``cleverapp limits``: the keys of processes that share their limits, once or live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import click
from attrs import frozen
from rich.live import Live

from .._redis.client import RedisCallError
from ..limits.quota import AccountKey
from ..limits.shared.disk.log import look_into_folder
from ..limits.shared.messages import LogCallError
from ..limits.shared.redis_log import KeyState, Overview
from . import params
from .console import as_json, make_console, make_table, to_stdout, until_the_reader_leaves
from .errors import BadInputError, CommandError, Exit, exit_codes, setting_errors
from .shared_options import Options, format_option
from .signals import run_interruptibly
from .text import say_duration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from rich.table import Table

__all__ = ["as_row", "limits"]

_PREFIX = "cleverapp"
_COLUMNS = ("quota", "processes", "queued", "on the wire", "next slot", "refusals", "paused")


@click.group()
def limits() -> None:
    """Look at limits that many processes share."""


@frozen
class _Place:
    """Where the limits are kept.

    Attributes:
        redis: The URL of a Redis; None: in files.
        prefix: What its keys begin with; None: what they usually begin with.
        folder: The folder of the files; None: the user's own.
    """

    redis: str | None
    prefix: str | None
    folder: str | None

    def check(self) -> None:
        """Refuse options that would do nothing.

        Raises:
            BadInputError: There is one.
        """
        if self.redis is None and self.prefix is not None:
            raise BadInputError("--prefix is that of keys in Redis: give --redis, too.")
        if self.redis is not None and self.folder is not None:
            raise BadInputError("--redis and --folder are both given: leave one out.")


_place_options = Options(
    click.option(
        "--folder",
        metavar="FOLDER",
        show_default="that of your own limits",
        help="Folder of the files that processes on this machine share.",
    ),
    click.option(
        "--redis",
        envvar="CLEVERAPP_REDIS_URL",
        show_envvar=True,
        metavar="URL",
        help="Redis or Valkey that the processes share, instead of files.",
    ),
    click.option(
        "--prefix",
        metavar="WORD",
        show_default=_PREFIX,
        help="What the keys in Redis begin with.",
    ),
)

_EPILOG = "--redis needs the package redis. " + exit_codes(
    "the limits were shown",
    failed="a file, or Redis, could not be read",
    configuration="a setting does not work",
)


@limits.command(epilog=_EPILOG)
@_place_options
@format_option("table", "json", default="table")
@click.pass_context
def show(
    context: click.Context,
    *,
    folder: str | None,
    redis: str | None,
    prefix: str | None,
    given_format: str,
) -> None:
    """Show the queue, next slot, refusals and pause of each key that is in use."""
    looks = _looks(_Place(redis, prefix, folder), None)
    in_json = given_format == "json"
    _run(context, lambda: _print(looks) if in_json else _draw(looks, once=True))


@limits.command(epilog=_EPILOG)
@_place_options
@click.option(
    "--every",
    type=params.DURATION,
    default="1s",
    show_default=True,
    metavar="DURATION",
    help="Time between two looks.",
)
@format_option("table", "jsonl", default="table")
@click.pass_context
def watch(
    context: click.Context,
    *,
    folder: str | None,
    redis: str | None,
    prefix: str | None,
    every: float,
    given_format: str,
) -> None:
    """Show the queue, next slot, refusals and pause of each key, live.

    With --format jsonl each look is one line of JSON.
    """
    looks = _looks(_Place(redis, prefix, folder), every)
    in_json = given_format == "jsonl"
    _run(context, lambda: _print(looks) if in_json else _draw(looks, once=False))


def _run(context: click.Context, show: Callable[[], Coroutine[None, None, None]]) -> None:
    try:
        with setting_errors(), until_the_reader_leaves():
            # In order, as `timeout` sends a second signal while the first one still ends it; and
            # made in there, as a signal may come before anything runs.
            run_interruptibly(show)
    except KeyboardInterrupt:
        context.exit(Exit.INTERRUPTED)
    except ValueError as error:
        raise BadInputError(f"--prefix: {error}") from None
    except RedisCallError as error:
        remedy = "" if error.fault.remedy else " Give its URL with --redis."
        raise CommandError(f"Redis {error}.{remedy}", Exit.FAILED) from None
    except LogCallError as error:
        raise CommandError(f"the file of limits {error}.", Exit.FAILED) from None


async def _looks(place: _Place, every: float | None) -> AsyncGenerator[list[KeyState], None]:
    """What each look finds: one look, or one after another.

    Args:
        place: Where to look.
        every: Seconds between two looks; None: one look alone.
    """
    place.check()
    overview = None
    if place.redis is not None:
        overview = Overview(place.redis, _PREFIX if place.prefix is None else place.prefix)
    try:
        while True:
            if overview is None:
                yield await asyncio.to_thread(look_into_folder, place.folder)
            else:
                yield await overview.look()
            if every is None:
                return
            await asyncio.sleep(every)
    finally:
        if overview is not None:
            await overview.close()


async def _print(looks: AsyncGenerator[list[KeyState], None]) -> None:
    async with aclosing(looks):
        async for states in looks:
            to_stdout(f"{as_json([as_row(state) for state in states])}\n".encode())


async def _draw(looks: AsyncGenerator[list[KeyState], None], *, once: bool) -> None:
    console = make_console(stderr=False)
    async with aclosing(looks):
        first = _table(await anext(looks))
        if once:
            console.print(first)
            return
        if not console.is_terminal:  # nothing can be drawn over
            console.print(first)
            async for states in looks:
                console.print(_table(states))
            return
        with Live(first, console=console, auto_refresh=False) as live:
            async for states in looks:
                live.update(_table(states), refresh=True)


def as_row(state: KeyState) -> dict[str, object]:
    """A key's state as JSON; times are seconds."""
    key = state.key
    named: dict[str, object] = (
        {"account": key.digest}
        if isinstance(key, AccountKey)
        else {"bot_id": key.bot_id, "messenger": key.messenger, "scope": key.scope}
    )
    return {
        **named,
        "quotas": [{"limit": limit, "period": period} for limit, period in state.quotas],
        "processes_waiting": state.processes,
        "queued": state.queued,
        "on_the_way": state.held,
        "next_slot": state.next_slot,
        "refusals": state.refusals,
        "paused_for": state.paused_for,
        "held_for": state.held_for,
    }


def _table(states: list[KeyState]) -> Table:
    table = make_table("key", _COLUMNS, left=("quota", "paused"))
    for state in states:
        quota = ", ".join(f"{limit} per {period:g} s" for limit, period in state.quotas)
        slot = "after an answer" if state.next_slot is None else f"{state.next_slot:.1f} s"
        figures = (state.processes, state.queued, state.held)
        table.add_row(
            str(state.key), quota, *map(str, figures), slot, str(state.refusals), _paused(state)
        )
    if not states:
        table.add_row("no key is in use", *([""] * len(_COLUMNS)))
    return table


def _paused(state: KeyState) -> str:
    if state.held_for:
        return f"log was lost: {say_duration(state.held_for)}"
    return f"for {say_duration(state.paused_for)}" if state.paused_for else ""
