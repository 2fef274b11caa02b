"""What ``cleverapp limits watch`` does: look, show, wait, look again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from attrs import frozen
from rich.live import Live

from .._redis.client import RedisCallError
from ..errors import ConfigurationError
from ..limits.quota import AccountKey
from ..limits.shared.overview import KeyState, Overview
from .durations import say_duration
from .exits import BadInputError, CommandError, Exit
from .print_json import print_json
from .screen import make_console, make_table

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Watching", "as_row", "run_watch"]

_COLUMNS = ("quota", "processes", "queued", "on the way", "next slot", "refusals", "paused")


@frozen(kw_only=True)
class Watching:
    """The options of ``cleverapp limits watch``; see its help."""

    redis: str
    prefix: str
    every: float
    once: bool
    as_json: bool


def run_watch(watching: Watching) -> Exit:
    """Carry out ``cleverapp limits watch``.

    Raises:
        CommandError: Redis cannot be reached, or a setting does not work.
    """
    try:
        asyncio.run(_watch(watching))
    except ConfigurationError as error:
        raise CommandError(f"{error}.", Exit.CONFIGURATION) from None
    except ValueError as error:
        raise BadInputError(f"--prefix: {error}") from None
    except RedisCallError as error:
        remedy = "" if error.fault.remedy else " Give its URL with --redis."
        raise CommandError(f"Redis {error}.{remedy}", Exit.FAILED) from None
    return Exit.OK


async def _watch(watching: Watching) -> None:
    overview = Overview(watching.redis, watching.prefix)
    try:
        if watching.as_json:
            await _print(overview, watching)
        else:
            await _show(overview, watching)
    finally:
        await overview.close()


async def _print(overview: Overview, watching: Watching) -> None:
    print_json([as_row(state) for state in await overview.look()])
    while not watching.once:
        await asyncio.sleep(watching.every)
        print_json([as_row(state) for state in await overview.look()])


async def _show(overview: Overview, watching: Watching) -> None:
    console = make_console(stderr=False)
    table = _table(await overview.look())
    if watching.once:
        console.print(table)
        return
    with Live(table, console=console, auto_refresh=False) as live:
        while True:
            await asyncio.sleep(watching.every)
            live.update(_table(await overview.look()), refresh=True)


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
