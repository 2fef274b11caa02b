"""``cleverapp campaign status``: tables, sentences and what can be done next, once or live."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import click
from attrs import asdict, evolve, field, frozen
from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from ..._terminal import printable
from ...bulk.eta import Forecast, forecast
from ...bulk.journal.records import JournalState
from ...bulk.schedule import Schedule
from ...limits.quota import AccountKey
from ..console import as_json, make_console, make_table, to_stdout, until_the_reader_leaves
from ..errors import MEANINGS, BadInputError, Exit, exit_codes
from ..send_settings import SendSettings, limit_options, schedule_options, settings_options
from ..shared_options import format_option, journal_argument
from ..text import as_iso, counted, say_age, say_moment, tell_forecast
from .state import (
    CampaignState,
    LeftOut,
    Resuming,
    RunNote,
    Step,
    find_campaign,
    look,
    open_reader,
    steps,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from rich.console import RenderableType
    from rich.table import Table

    from ...bulk.journal.records import JournalSession, LockHolder
    from ...limits.quota import LimitKey

    ByKey: TypeAlias = tuple[LimitKey | None, Mapping[JournalState, int]]

__all__ = ["Outlook", "as_record", "draw_status", "status"]


@frozen(kw_only=True)
class Outlook:
    """How a campaign stands, and how long the rest takes at least.

    Attributes:
        state: How it stands.
        resuming: What the commands to go on are made of; the limits that are counted with.
        schedule: When messages may leave; None: at any time.
        left_out: The rows of its list that it was begun without; None: all are in it.
        documented: Whether nobody says which limits hold, so that those are the documented ones.
        now: Unix seconds of this look.
    """

    state: CampaignState
    resuming: Resuming
    schedule: Schedule | None = None
    left_out: LeftOut | None = None
    documented: bool = False
    now: float = field(factory=time.time)

    @property
    def forecast(self) -> Forecast:
        """The lower bound of what is left."""
        registry = self.resuming.settings.limits.registry()
        return forecast(self.state.left, registry.quotas, registry.quotas(AccountKey("")))

    @property
    def ends_at(self) -> float | None:
        """Unix seconds before which it does not end; None where nothing is left."""
        if not self.state.to_send:
            return None
        return self.forecast.ends_at(self.now, self.schedule)

    @property
    def steps(self) -> list[Step]:
        """What can be done."""
        return steps(self.state, self.resuming)

    def told(self) -> str:
        """The lower bound in words."""
        told = tell_forecast(self.forecast)
        return told if self.schedule is None else f"{told}, {self.schedule.told()}"


def as_record(outlook: Outlook) -> dict[str, object]:
    """Everything that ``cleverapp campaign status --format json`` prints."""
    state, summary = outlook.state, outlook.state.summary
    found, ends_at, holder = outlook.forecast, outlook.ends_at, state.holder
    return {
        "journal": outlook.resuming.journal,
        "base_url": summary.origin,
        "created_at": as_iso(summary.created_at),
        "complete": summary.complete,
        "finished": state.finished,
        "purged": summary.purged,
        "messages": summary.messages,
        "duplicates": summary.duplicates,
        "left_out": None if outlook.left_out is None else asdict(outlook.left_out),
        "states": _by_state(state.counts),
        "retryable": summary.retryable,
        "routes": [
            _route(key) | {"states": _by_state(state.settled(counts))}
            for key, counts in summary.by_key.items()
        ],
        "running": None
        if holder is None
        else {"pid": holder.pid, "host": holder.host, "since": _iso(holder.since)},
        "sessions": [_session(one) for one in summary.sessions],
        "left": {
            "messages": state.to_send,
            "seconds_at_least": round(found.seconds, 3),
            "bound_by": found.bound_by.name if found.seconds else None,
            "not_before": _iso(ends_at),
        },
        "commands": [{"does": one.does, "command": one.command} for one in outlook.steps],
        "exit": state.exit.value,
    }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else as_iso(seconds)


def _by_state(counts: dict[JournalState, int]) -> dict[str, int]:
    return {state.value: counts[state] for state in JournalState}


def _route(key: LimitKey | None) -> dict[str, object]:
    if key is None:
        return {"bot_id": None, "messenger": None, "method": None}
    return {"bot_id": key.bot_id, "messenger": key.messenger, "method": key.scope}


def _session(session: JournalSession) -> dict[str, object]:
    return {
        "started_at": as_iso(session.started_at),
        "ended_at": _iso(session.ended_at),
        "pid": session.pid,
        "host": session.host,
        "ended": session.ended,
    }


_EVERY = 1.0
_SHARE = 4
"""Looking takes a fifth of the time at most: counting a million messages is work."""


@click.command(
    epilog=exit_codes(
        "every message was accepted",
        failed="some messages were rejected, or are not sent yet",
        usage="the command cannot be used, or the journal cannot be read",
        unknown="some outcomes are unknown",
    )
)
@journal_argument
@format_option("table", "json", default="table")
@click.option("--watch", is_flag=True, help="Show it again every second, until it is finished.")
@settings_options(limit_options, schedule_options)
@click.pass_context
def status(
    context: click.Context,
    *,
    journal: str,
    given_format: str,
    watch: bool,
    settings: SendSettings,
) -> None:
    """Show how a campaign stands, and how to go on.

    The forecast is made with the limits and hours of the last `cleverapp send`, and the commands
    contain them. Options that are given here take their place. A campaign that a program sends
    keeps neither: give them as the program has them.
    """
    for_programs = given_format == "json"
    if watch and (for_programs or not sys.stdout.isatty()):
        raise BadInputError("--watch needs a terminal and --format table. Leave it out.")
    settings.hours.schedule()
    campaign = find_campaign(journal)
    # One reader for all looks: each call of it sees the journal as it is then.
    with open_reader(campaign) as reader:

        def outlook() -> Outlook:
            state = look(reader)
            note, origin = RunNote.read(state.summary.note), state.summary.origin
            # Kept settings where none is given here; address and token always those that the
            # campaign has.
            kept = note.settings
            used = evolve(settings.or_kept(kept), base_url=origin, token_file=kept.token_file)
            used.limits.check_scale(origin)
            resuming = Resuming(journal=campaign.address, settings=used, sends=campaign.resumable)
            return Outlook(
                state=state,
                resuming=resuming,
                schedule=used.hours.schedule(),
                left_out=note.left_out,
                documented=not note.knows_limits(settings),
            )

        found = _watch(outlook) if watch else outlook()
    with until_the_reader_leaves():
        if for_programs:
            to_stdout(f"{as_json(as_record(found), indent=2)}\n".encode())
        else:
            make_console(stderr=False).print(draw_status(found), soft_wrap=True)
    context.exit(found.state.exit)


def _watch(outlook: Callable[[], Outlook]) -> Outlook:
    """Refresh until the campaign is finished, or Ctrl-C."""
    began = time.monotonic()
    found = outlook()
    live = Live(auto_refresh=False, transient=True, console=make_console(stderr=False))
    with suppress(KeyboardInterrupt), live:
        while not found.state.finished or found.state.holder is not None:
            live.update(draw_status(found, commands=False), refresh=True)
            # A wait that grows with the time that a look takes: see `_SHARE`.
            time.sleep(max(_EVERY, _SHARE * (time.monotonic() - began)))
            began = time.monotonic()
            found = outlook()
    return found


_KEYS_SHOWN = 20
_UNKNOWN_ROUTE = "route unknown"
_STYLES = {
    JournalState.PENDING: "",
    JournalState.INTENT: "cyan",
    JournalState.ACCEPTED: "green",
    JournalState.REJECTED: "red",
    JournalState.NOT_SENT: "yellow",
    JournalState.UNKNOWN: "magenta",
}
_NAMES = {state: state.value.replace("_", " ") for state in JournalState} | {
    JournalState.INTENT: "under way"
}
_ORDER = (
    JournalState.ACCEPTED,
    JournalState.REJECTED,
    JournalState.NOT_SENT,
    JournalState.UNKNOWN,
    JournalState.INTENT,
    JournalState.PENDING,
)
_NOT_YET = "some messages were rejected, or are not sent yet"
"""What exit 1 means of a campaign that may still go on."""


def draw_status(outlook: Outlook, *, commands: bool = True) -> RenderableType:
    """Everything that ``cleverapp campaign status`` shows.

    Args:
        outlook: How the campaign stands, and what is to come.
        commands: Whether what can be done is shown.
    """
    state = outlook.state
    parts: list[RenderableType] = [
        *map(Text, _head(outlook)),
        Padding(_counts(outlook), (1, 0, 1, 2), expand=False),
        *map(Text, _sentences(outlook)),
    ]
    done = outlook.steps if commands else []
    if done:
        parts += [Text(), Text("What can be done:")]
    for step in done:
        # On a line of its own, which nothing breaks: it is there to be copied.
        parts += [Text(f"  {step.does}:"), Text(f"    {step.command}", style="bold")]
    code = state.exit
    style = "green" if code is Exit.OK else "yellow"
    meaning = _NOT_YET if code is Exit.FAILED else MEANINGS[code]
    parts += [Text(), Text(f"Exit {code.value}: {meaning}.", style=style)]
    return Group(*parts)


def _head(outlook: Outlook) -> list[str]:
    summary = outlook.state.summary
    what = f"{counted(summary.messages, 'message')} to {summary.origin}"
    told = [f"{outlook.resuming.journal}: {what}, begun {say_moment(summary.created_at)}"]
    if summary.duplicates:
        them = "was" if summary.duplicates == 1 else "were"
        left_out = counted(summary.duplicates, "duplicate")
        rule = "each recipient gets only the first of its messages"
        told.append(f"{left_out} {them} left out: {rule}.")
    if outlook.left_out is not None:
        told.append(outlook.left_out.told())
    if not summary.complete:
        told.append("Not all messages were read into the journal, and nothing was sent yet.")
    if summary.purged:
        told.append("Recipients and texts were erased.")
    return told


def _counts(outlook: Outlook) -> Table:
    state = outlook.state
    shown = [one for one in _ORDER if state.counts[one]] or [JournalState.PENDING]
    table = make_table("route", [_NAMES[one] for one in shown])
    rows = sorted(state.summary.by_key.items(), key=_by_work)
    # A terminal has some dozens of lines; the total below is that of all.
    for key, by_state in islice(rows, _KEYS_SHOWN):
        counts = state.settled(by_state)
        name = _UNKNOWN_ROUTE if key is None else str(key)
        table.add_row(Text(printable(name)), *(str(counts[one] or "") for one in shown))
    if len(rows) > _KEYS_SHOWN:
        table.add_row(Text(f"and {len(rows) - _KEYS_SHOWN} more", style="dim"))
    totals = (Text(str(state.counts[one]), style=f"bold {_STYLES[one]}") for one in shown)
    table.add_row(Text("total", style="bold"), *totals)
    return table


def _by_work(item: ByKey) -> tuple[int, str]:
    """The keys with most messages first, the unknown route last."""
    key, counts = item
    return (-sum(counts.values()) if key is not None else 1, str(key))


def _sentences(outlook: Outlook) -> list[str]:
    state, summary, now = outlook.state, outlook.state.summary, outlook.now
    holder = state.holder
    told: list[str] = []
    if holder is not None:
        processes = {(one.pid, one.host) for one in summary.sessions if one.at_work}
        others = len(processes - {(holder.pid, holder.host)})
        more = f", and so {'does' if others == 1 else 'do'} {others} more" if others else ""
        told.append(f"{_runner(holder, now)}{more}.")
    elif summary.sessions:
        last = summary.sessions[-1]
        # Only Redis tells whether a run is at work, by its lease; a file tells it by the lock
        # alone.
        gone = "its process died" if last.at_work is None else "its worker is no longer at work"
        ended = gone if last.ended is None else last.ended
        when = "" if last.ended_at is None else f" {say_moment(last.ended_at)}"
        runs = counted(len(summary.sessions), "run")
        told.append(
            f"No process runs it. It had {runs}; the last one ended{when}: {printable(ended)}."
        )
    if summary.retryable:
        told.append(
            f"{counted(summary.retryable, 'rejection')} may pass: the next run sends those "
            "messages again."
        )
    if state.to_send and not summary.purged:
        told.append(_left(outlook))
        if outlook.documented:
            told.append(
                "The campaign keeps no limits, so that the documented ones are counted with: "
                "--limit, --account-limit and --scale say which hold."
            )
    return told


def _runner(holder: LockHolder, now: float) -> str:
    told = "Another process" if holder.pid is None else f"Process {holder.pid}"
    if holder.host is not None:
        told += f" on {printable(holder.host)}"
    told += " runs it"
    if holder.since is None:
        return told
    return f"{told}, since {say_moment(holder.since)} ({say_age(holder.since, now)})"


def _left(outlook: Outlook) -> str:
    told = f"{counted(outlook.state.to_send, 'message')} left: {outlook.told()}"
    if outlook.ends_at is None:
        return f"{told}."
    condition = "" if outlook.state.holder is not None else " if it goes on now"
    zone = None if outlook.schedule is None else outlook.schedule.zone
    return f"{told}; it ends no earlier than {say_moment(outlook.ends_at, zone)}{condition}."
