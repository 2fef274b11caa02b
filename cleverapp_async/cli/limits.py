"""``cleverapp limits watch``: the keys of a fleet that shares its limits, live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import click
from rich.live import Live

from .._redis.client import RedisCallError
from ..errors import ConfigurationError
from ..limits.quota import AccountKey
from ..limits.shared.overview import KeyState, Overview
from . import params
from .console import as_json, make_console, make_table, to_stdout
from .errors import BadInputError, CommandError, Exit, exit_codes
from .shared_options import format_option
from .text import say_duration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rich.table import Table

__all__ = ["as_row", "limits"]

_COLUMNS = ("quota", "processes", "queued", "on the wire", "next slot", "refusals", "paused")


@click.group()
def limits() -> None:
    """Look at limits that many processes share."""


@limits.command(
    epilog="Needs the package redis. "
    + exit_codes(
        "the limits were shown",
        failed="Redis could not be reached",
        configuration="a setting does not work",
    )
)
@click.option(
    "--redis",
    envvar="CLEVERAPP_REDIS_URL",
    show_envvar=True,
    default="redis://127.0.0.1:6379/0",
    show_default="redis://127.0.0.1:6379/0",
    metavar="URL",
    help="The Redis or Valkey that the processes share.",
)
@click.option(
    "--prefix", default="cleverapp", show_default=True, help="What the keys in Redis begin with."
)
@click.option(
    "--every",
    type=params.DURATION,
    default="1s",
    show_default=True,
    metavar="DURATION",
    help="Time between two looks.",
)
@click.option("--once", is_flag=True, help="Look only once.")
@format_option("table", "jsonl", default="table")
@click.pass_context
def watch(
    context: click.Context, *, redis: str, prefix: str, every: float, once: bool, given_format: str
) -> None:
    """Show the queue, next slot, refusals and pause of each key, live.

    With --format jsonl each look is one line of JSON.
    """
    looks = _looks(redis, prefix, None if once else every)
    try:
        asyncio.run(_print(looks) if given_format == "jsonl" else _draw(looks, once=once))
    except KeyboardInterrupt:
        context.exit(Exit.INTERRUPTED)
    except ConfigurationError as error:
        raise CommandError(f"{error}.", Exit.CONFIGURATION) from None
    except ValueError as error:
        raise BadInputError(f"--prefix: {error}") from None
    except RedisCallError as error:
        remedy = "" if error.fault.remedy else " Give its URL with --redis."
        raise CommandError(f"Redis {error}.{remedy}", Exit.FAILED) from None


async def _looks(
    redis: str, prefix: str, every: float | None
) -> AsyncGenerator[list[KeyState], None]:
    """What each look finds: one look, or one after another.

    Args:
        redis: The URL of the Redis.
        prefix: What its keys begin with.
        every: Seconds between two looks; None: one look alone.
    """
    overview = Overview(redis, prefix)
    try:
        yield await overview.look()
        while every is not None:
            await asyncio.sleep(every)
            yield await overview.look()
    finally:
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
