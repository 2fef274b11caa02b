"""What a send is about to do, what it will take, and what has come of it, as tables."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

import click
from attrs import frozen
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..._terminal import printable
from ...bulk.eta import UNKNOWN_ROUTE, Forecast
from ...bulk.journal.records import JournalState, LockHolder, Resend
from ...bulk.journal.sqlite.reader import JournalReader
from ...errors import JournalError, JournalMismatchError, Outcome
from ...limits.quota import MESSENGER_QUOTAS, LimitKey
from ...models.route import Route
from ..campaign.state import is_begun, journal_errors, look
from ..console import make_table
from ..errors import MEANINGS, Exit
from ..params import DIRECT, OTHERS
from ..recipients.columns import DECIDING, is_outcomes, missing_column
from ..recipients.messages import Note
from ..recipients.source import is_of_campaign
from ..text import counted, say_duration, say_moment, tell_forecast
from .partial import FirstOfCampaign, is_sent
from .plan import Plan, Planned

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.console import Console

    from ...bulk.journal.records import JournalEntry
    from ...bulk.schedule import Schedule
    from ..send_settings import LimitSettings
    from .options import SendOptions
    from .tally import Tally


__all__ = [
    "Ahead",
    "holds_campaign",
    "look_ahead",
    "show_campaign",
    "show_duplicates",
    "show_exit",
    "show_faults",
    "show_forecast",
    "show_idle_limits",
    "show_left_out",
    "show_reading",
    "show_remarks",
    "show_report",
    "show_unsent_templates",
    "tell_hours",
    "unreadable",
    "with_line",
]


@frozen(kw_only=True)
class Ahead:
    """What a send is about to do.

    Attributes:
        counts: The messages that it sends, by what limits them.
        total: All messages of the list, or those that a campaign has left.
        shown: Some of those that it sends, to be looked at.
        resumed: Whether they are those of a campaign that was begun before.
        holder: Who sends this campaign now, so that nobody else can; None: nobody.
    """

    counts: Mapping[LimitKey | None, int]
    total: int
    shown: list[Planned]
    resumed: bool = False
    holder: LockHolder | None = None

    @property
    def sent(self) -> int:
        """How many messages it sends."""
        return sum(self.counts.values())


def unreadable(journal: str | None) -> str | None:
    """Why a journal cannot be read before a run opens it; None where it can.

    One of an earlier version is such: the run brings it up to date, and nothing else may.

    Args:
        journal: Its path; None: there is none.
    """
    if journal is None or not is_begun(journal):
        return None
    try:
        with JournalReader(journal):
            return None
    except JournalError as error:
        return str(error)


def holds_campaign(journal: str) -> bool:
    """Whether a journal was filled, so that its messages are sent and no others.

    Raises:
        CommandError: It cannot be read.
    """
    if not is_begun(journal):
        return False
    with journal_errors(), JournalReader(journal) as reader:
        return reader.summary().complete


def with_line(error: JournalMismatchError, plan: Plan | None) -> JournalError:
    """The same with the line of the file on which the message stands that differs.

    Args:
        error: What is told of the message.
        plan: The checked list; None: the messages come from the journal.
    """
    line = None if plan is None or error.index is None else plan.line_of(error.index)
    if plan is None or line is None:
        return error
    return JournalError(f"{plan.source.name}, line {line}: {error}")


def look_ahead(plan: Plan | None, options: SendOptions) -> Ahead:
    """Find out what a send would do; nothing is sent, and nothing is written.

    Where a campaign goes on, the list is compared with it first, as the run will do it again.

    Args:
        plan: The checked list; None: the messages come from the journal.
        options: What is asked for.

    Raises:
        CommandError: The journal cannot be read, or is another campaign's.
    """
    journal = options.campaign.journal
    if journal is not None and (plan is None or holds_campaign(journal)):
        return _of_campaign(journal, plan, options)
    return _of_list(plan, options) if plan is not None else Ahead(counts={}, total=0, shown=[])


def _of_list(plan: Plan, options: SendOptions) -> Ahead:
    most, counts = plan.total, plan.counts
    if options.first is not None:
        most = options.first.of(plan.total)
        counts = plan.counts_of_first(most)
    shown = options.shown.of(islice(plan.messages(), most))
    return Ahead(counts=counts, total=plan.total, shown=shown)


def _of_campaign(journal: str, plan: Plan | None, options: SendOptions) -> Ahead:
    campaign, origin = options.campaign, options.settings.origin()
    again = campaign.resend
    with journal_errors(), JournalReader(journal) as reader:
        given = None if plan is None else (planned.message for planned in plan.given())
        try:
            reader.compare(given, origin=origin, deduplicate=not campaign.allow_duplicates)
        except JournalMismatchError as error:
            raise with_line(error, plan) from None
        state = look(reader)
        # Where nobody runs it, what was under way is unknown as soon as it is resumed.
        under_way = state.holder is not None or again.unknown
        counts = state.summary.to_send(again, under_way=under_way)
        total = sum(counts.values())
        if options.first is not None:
            part = FirstOfCampaign.find(reader, options.first, again, under_way=under_way)
            counts = dict(part.counts)
        entries = reader.entries(*_states(again, under_way=under_way))
        sent = (entry for entry in entries if is_sent(entry, again, under_way=under_way))
        # In the order of the list: those among its first ones come before all others.
        shown = options.shown.of(islice(map(_planned, sent), sum(counts.values())))
    return Ahead(counts=counts, total=total, shown=shown, resumed=True, holder=state.holder)


def _states(resend: Resend, *, under_way: bool) -> set[JournalState]:
    """The states that messages which are sent can have: the others need not be read."""
    return {
        state for state in JournalState if resend.takes(state, permanent=False, under_way=under_way)
    }


def _planned(entry: JournalEntry) -> Planned:
    """A message of a campaign as one of a list, called by its number."""
    key = entry.key
    route = None if key is None else Route(key.bot_id, key.messenger)
    return Planned(entry.number, None, entry.message, route)


_KEYS_SHOWN = 20
_ERRORS_SHOWN = 8
_COLUMNS_SHOWN = 30
_STYLES = {
    Outcome.ACCEPTED: "green",
    Outcome.REJECTED: "red",
    Outcome.NOT_SENT: "yellow",
    Outcome.UNKNOWN: "magenta",
}


def show_faults(plan: Plan) -> None:
    """The first fault of each kind with its place and remedy, and their number."""
    for line in plan.faults.told(plan.source.name, plan.rows):
        click.echo(line, err=True)


def show_reading(plan: Plan, *, quiet: bool = False) -> None:
    """Tell how the file is read, where that does not go without saying.

    Args:
        plan: What the first pass found.
        quiet: Whether it is told only of what may be a slip of the pen.
    """
    source = plan.source
    slips = [name for name in plan.unused if _meant(name, source.rules.seen) is not None]
    if quiet:
        if slips:
            told = ", ".join(_unused(name, source.rules.seen) for name in slips[:_COLUMNS_SHOWN])
            click.echo(f"Warning: nothing uses the columns: {told}.", err=True)
        return
    encoding = source.encoding()
    if encoding is not None and encoding.told:
        remedy = "If it is in another encoding, give --encoding."
        click.echo(f"{source.name} is read as {encoding.name}. {remedy}", err=True)
    translated = [f"{printable(name)!r} as {key}" for name, key in source.rules.translated()]
    if translated:
        told = ", ".join(translated)
        click.echo(
            f"Columns are read by their meaning: {told}. If that is wrong, give --columns.",
            err=True,
        )
    changed = [
        f"{printable(name)!r} is {'' if key is None else f'{printable(key)}, and '}not {known}"
        for name, known, key in source.rules.taken_away()
    ]
    if changed:
        click.echo(f"By --columns {'; '.join(changed)}.", err=True)
    if plan.unused:
        names = [_unused(name, source.rules.seen) for name in plan.unused[:_COLUMNS_SHOWN]]
        if len(plan.unused) > _COLUMNS_SHOWN:
            names.append(f"and {len(plan.unused) - _COLUMNS_SHOWN} more")
        click.echo(
            f"Nothing uses the columns: {', '.join(names)}. Outcomes give them back.", err=True
        )


def show_remarks(plan: Plan, *, quiet: bool = False) -> None:
    """Tell what is no fault of a row, and yet may not be meant so.

    Args:
        plan: What the first pass found.
        quiet: Whether notes are left out, and only warnings are told.
    """
    for told, (count, line) in plan.remarks.items():
        warning = "" if isinstance(told, Note) else "Warning: "
        place = f"{counted(count, 'row')} (first in line {line}): " if line else ""
        if warning or not quiet:
            click.echo(f"{warning}{place}{printable(told)}.", err=True)


def show_unsent_templates(plan: Plan) -> None:
    """Warn of a template that no message uses, as each row has a text of its own."""
    for name in plan.needless:
        written = next((one for one, key in plan.source.rules.seen.items() if key == name), name)
        option = "--text or --text-file" if name == "text" else f"--{name}"
        click.echo(
            f"Warning: each row has its own {name}, in the column {printable(written)!r}, and "
            f"that is sent: nobody gets what {option} says. To send that, delete the column, or "
            f"call it otherwise: --columns {shlex.quote(f'mine={printable(written)}')}.",
            err=True,
        )


def show_campaign(plan: Plan) -> None:
    """Warn of messages that a campaign still has, and would send once more."""
    if plan.wanted.only and is_of_campaign(plan.source.rules.seen.values()):
        click.echo(
            "Warning: this list comes of a campaign, and the campaign's journal will not know what "
            "is sent now: a resume would send its unfinished messages a second time. Resume it "
            "instead (cleverapp send --journal RUN.db), or settle what is unknown with `cleverapp "
            "campaign resolve`; send this list only if the campaign is never resumed.",
            err=True,
        )


def _meant(name: str, there: Mapping[str, str]) -> str | None:
    """The column that an unused one may be a slip for; the others' own names are none."""
    return None if is_outcomes(there) else missing_column(name, there, ("name", *DECIDING))


def _unused(name: str, there: Mapping[str, str]) -> str:
    close = _meant(name, there)
    return printable(name) if close is None else f"{printable(name)} (did you mean {close}?)"


def show_idle_limits(keys: Collection[LimitKey | None], limits: LimitSettings) -> None:
    """Warn of limits of the user's own that hold for no message of the list.

    Args:
        keys: What limits the messages.
        limits: The limits that were given.
    """
    direct = any(key is not None and key.scope == DIRECT for key in keys)
    for name in _idle(keys, limits.own):
        told = f"Warning: --limit {name} applies to no message of this list."
        if name == "whatsapp" and direct:
            told += f" Messages to phone numbers have a limit of their own: --limit {DIRECT}=N/T."
        click.echo(told, err=True)


def _idle(keys: Collection[LimitKey | None], names: Collection[str]) -> list[str]:
    """The names of limits that hold for none of these messages."""
    used = set[str]()
    for key in keys:
        if key is None:
            return []  # a route is not known yet
        if key.scope == DIRECT:
            used.add(DIRECT)
        elif key.messenger in names or key.messenger in MESSENGER_QUOTAS:
            used.add(key.messenger)
        else:
            used.add(OTHERS)
    return sorted(set(names) - used)


def show_left_out(plan: Plan) -> None:
    """Tell which outcomes of an earlier send are not sent again."""
    if plan.left_out:
        counts = ", ".join(f"{count} {word}" for word, count in plan.left_out.most_common())
        click.echo(f"Left out of the earlier outcomes: {counts}.", err=True)


def show_duplicates(plan: Plan, *, campaign: bool) -> None:
    """Warn of messages that a recipient would get twice."""
    count, line = plan.repeated
    if count and not campaign and plan.wanted.test is None:
        rows, are = ("1 row repeats", "is") if count == 1 else (f"{count} rows repeat", "are")
        told = f"Warning: {rows} the recipient of an earlier row with another message"
        what_else = f"and {are} sent all the same; --journal RUN.db would leave such rows out"
        click.echo(f"{told} (the first is in line {line}), {what_else}.", err=True)
    if not plan.duplicates:
        return
    rows = "1 row repeats" if plan.duplicates == 1 else f"{plan.duplicates} rows repeat"
    what = "recipient" if plan.wanted.by_recipient else "recipient and message"
    told = f"{rows} the {what} of an earlier row (the first is in line {plan.first_duplicate})"
    if plan.wanted.by_recipient:
        done = (
            "With --journal each recipient gets one message, so they are left out; "
            "--allow-duplicates sends them."
        )
    elif plan.wanted.drop_duplicates:
        done = "They are left out because of --drop-duplicates."
    else:
        done = "They are sent all the same; --drop-duplicates leaves such rows out."
    click.echo(f"Warning: {told}. {done}", err=True)


def tell_hours(found: Forecast, schedule: Schedule) -> str:
    """When it is sent, and the earliest end."""
    end = say_moment(found.ends_at(time.time(), schedule), schedule.zone)
    return f"{schedule.told()}; it ends no earlier than {end}"


def show_forecast(console: Console, found: Forecast) -> None:
    """Counts and lower bounds by bot and messenger."""
    table = make_table("route", ("messages", "at least"), left=("at least",))
    for share in islice(found.shares, _KEYS_SHOWN):
        least = say_duration(share.seconds) if share.seconds else "at once"
        if share.key is None:
            least = "only the account's limit, until the route is known"
        table.add_row(Text(share.name), str(share.messages), least)
    if len(found.shares) > _KEYS_SHOWN:
        table.add_row(Text(f"and {len(found.shares) - _KEYS_SHOWN} more", style="dim"))
    account = say_duration(found.account.seconds) if found.account.seconds else "at once"
    table.add_row(Text(found.account.name, style="bold"), str(found.account.messages), account)
    console.print(Padding(table, (0, 0, 1, 2), expand=False))
    told = f"It takes {tell_forecast(found)}." if found.seconds else "The limits cause no delay."
    console.print(told, soft_wrap=True)


def show_report(console: Console, tally: Tally) -> None:
    """Outcomes by bot and messenger, errors by kind, and times."""
    if tally.done:
        console.print(Padding(_outcomes(tally), (1, 0, 1, 2), expand=False))
    if tally.errors:
        console.print(Padding(_errors(tally), (0, 0, 1, 2), expand=False))
    console.print(_times(tally), soft_wrap=True)


def show_exit(console: Console, code: Exit, *, first: bool = False) -> None:
    """The exit code and what it means.

    Args:
        console: Where people read.
        code: The exit code.
        first: Whether it is about the first messages of a list alone.
    """
    done = "every message that was to be sent now was accepted"
    told = done if first and code is Exit.OK else MEANINGS[code]
    how = " `cleverapp doctor` helps." if code is Exit.CONFIGURATION else ""
    console.print(Text(f"Exit {code.value}: {told}.{how}", "yellow" if code else "green"))


def _outcomes(tally: Tally) -> Table:
    shares = [share for share in tally.work.forecast.shares if tally.of(share.key)]
    shown = [outcome for outcome in Outcome if outcome in tally.outcomes]
    table = make_table("route", [outcome.value.replace("_", " ") for outcome in shown])
    for share in islice(shares, _KEYS_SHOWN):
        counts = tally.of(share.key)
        name = UNKNOWN_ROUTE if share.key is None else str(share.key)
        table.add_row(Text(name), *(str(counts[outcome] or "") for outcome in shown))
    if len(shares) > _KEYS_SHOWN:
        table.add_row(Text(f"and {len(shares) - _KEYS_SHOWN} more", style="dim"))
    totals = (Text(str(tally.outcomes[one]), style=f"bold {_STYLES[one]}") for one in shown)
    table.add_row(Text("total", style="bold"), *totals)
    return table


def _errors(tally: Tally) -> Table:
    grid = Table.grid(padding=(0, 1))
    for (kind, text), count in tally.errors.most_common(_ERRORS_SHOWN):
        grid.add_row(f"{count} ×", Text(kind, style="bold"), Text(printable(text)))
    if (more := len(tally.errors) - _ERRORS_SHOWN) > 0:
        grid.add_row("", Text(f"and {counted(more, 'more kind')}", style="dim"))
    return grid


def _times(tally: Tally) -> str:
    least, accepted = tally.work.forecast.seconds, tally.outcomes[Outcome.ACCEPTED]
    told = counted(tally.done, "message")
    if tally.tried < tally.done:
        told = f"{tally.tried} of {told} sent"
    told += f" in {say_duration(round(tally.seconds, 1))}"
    if least and tally.tried == tally.work.total:
        told += f" (the limits require at least {say_duration(round(least, 1))})"
    if accepted:
        wire = 1000 * tally.on_wire / accepted
        told += f"; {wire:.0f} ms on the wire on average"
        if tally.attempts > accepted:
            told += f"; {counted(tally.attempts - accepted, 'repeated attempt')}"
    return f"{told}."
