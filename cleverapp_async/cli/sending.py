"""What ``cleverapp send`` does, in its order: check, tell, send, report."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from .._terminal import printable
from ..errors import Outcome
from .carrying import Campaign, carry_out
from .console import make_console, verbose_log
from .dry_run import tell_only
from .exits import BadInputError, Exit
from .outcomes import Stream, open_sink
from .plan import Plan, make_plan
from .report import (
    say_messages,
    show_duplicates,
    show_exit,
    show_faults,
    show_report,
    tell_forecast,
    tell_hours,
)
from .sending_campaign import send_campaign
from .show import LiveView, choose_view
from .signals import Interrupts
from .source import open_source
from .token import read_token

if TYPE_CHECKING:
    from rich.console import Console

    from ..bulk.schedule import Schedule
    from .outcomes import Sink
    from .send_settings import Sending
    from .tally import Tally

__all__ = ["check", "run_send", "send_plan", "tell_the_rest"]


def run_send(sending: Sending) -> Exit:
    """Carry out ``cleverapp send``.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    schedule = sending.hours.schedule()
    token = None if sending.dry_run else read_token(sending.token_file)
    with Interrupts() as interrupts:
        try:
            if sending.path is None:
                return _go_on(None, sending, token, schedule, interrupts)
            with open_source(sending.path, sending.format, sheet=sending.sheet) as source:
                plan = check(make_plan(source, sending.wanted()), skip=sending.skip_bad_rows)
                if not plan.total:
                    click.echo("No row is to be sent.", err=True)
                    return Exit.OK
                return _go_on(plan, sending, token, schedule, interrupts)
        except KeyboardInterrupt:
            told = "what is not among the outcomes was not sent"
            if sending.journal is not None:
                told = "what was sent is in the journal"
            click.echo(f"Interrupted: {told}.", err=True)
            return Exit.INTERRUPTED


def check(plan: Plan, *, skip: bool) -> Plan:
    """Show what is wrong with the rows, and go on only if that is wanted.

    Raises:
        BadInputError: There are faults and they are not to be skipped, or no row is good.
    """
    show_faults(plan)
    if plan.bad:
        rows = "1 row is" if plan.bad == 1 else f"{plan.bad} rows are"
        if not skip:
            raise BadInputError(
                f"{rows} faulty, so nothing was sent. Correct the file, or leave such rows out "
                "with --skip-bad-rows."
            )
        if not plan.total:
            raise BadInputError(f"{rows} faulty, and no other is to be sent.")
        click.echo(f"{rows} left out.", err=True)
    show_duplicates(plan)
    return plan


def _go_on(
    plan: Plan | None,
    sending: Sending,
    token: str | None,
    schedule: Schedule | None,
    interrupts: Interrupts,
) -> Exit:
    """Send what was checked, or tell of it."""
    if token is None:
        return tell_only(plan, sending, schedule)
    if sending.journal is None and plan is not None:
        return _send(plan, sending, token, schedule, interrupts)
    return send_campaign(
        sending.journal or "",
        plan,
        sending,
        token=token,
        schedule=schedule,
        interrupts=interrupts,
    )


def _send(
    plan: Plan,
    sending: Sending,
    token: str,
    schedule: Schedule | None,
    interrupts: Interrupts,
) -> Exit:
    console = make_console()
    view = choose_view(console, quiet=sending.quiet, verbose=sending.verbose)
    client = sending.client(token)
    with open_sink(sending.output) as opened, verbose_log(on=sending.verbose):
        sink: Sink = opened
        if sending.output == "-" and isinstance(view, LiveView) and sys.stdout.isatty():
            sink = Stream(view.print_line)
        campaign = Campaign(plan, client, sink, view, interrupts, schedule, sending.drain_timeout)
        tally = asyncio.run(send_plan(campaign, console, quiet=sending.quiet))
    tell_the_rest(console, tally, sending.output)
    code = tally.exit()
    if not sending.quiet:
        show_exit(console, code)
    return code


async def send_plan(campaign: Campaign, console: Console, *, quiet: bool) -> Tally:
    """Send a plan, with the forecast before and the closing table after."""
    found = campaign.forecast()
    if not quiet:
        told = f"Sending {say_messages(campaign.plan.total)}: {tell_forecast(found)}"
        if campaign.schedule is not None:
            told += f", {tell_hours(found, campaign.schedule)}"
        console.print(f"{told}.", soft_wrap=True)
    async with campaign.client:
        tally = await carry_out(campaign)
    if not quiet:
        show_report(console, tally, found)
    return tally


def tell_the_rest(console: Console, tally: Tally, output: str | None) -> None:
    """What stopped it, what was not sent, and how to send it."""
    told: list[str] = []
    if tally.trouble is not None:
        told.append(f"Error: {tally.trouble}")
    if tally.paused is not None:
        told.append(f"Error: {printable(str(tally.paused)).rstrip('. ')}.")
    if tally.unwritten:
        told.append(_unwritten(tally))
    kept = "OUTCOMES.jsonl" if output == "-" else output
    saved = " (OUTCOMES.jsonl: what standard output was saved as)" if output == "-" else ""
    rest = [("not sent", "not_sent", tally.outcomes[Outcome.NOT_SENT])]
    rest += [("refused for what is no fault of theirs", "rejected", tally.passing)]
    rest = [one for one in rest if one[2]]
    if rest and output is not None and not tally.unwritten:
        counts = ", ".join(f"{count} {what}" for what, _, count in rest)
        only = " ".join(f"--only {outcome}" for _, outcome, _ in rest)
        told.append(f"{counts}. To send them: cleverapp send {kept} {only}{saved}")
    if (count := tally.outcomes[Outcome.UNKNOWN]) and not tally.unwritten:
        told.append(
            f"{count} may have been sent: look at them before you send them again, which "
            f"--only unknown would do{saved}"
        )
    for line in told:
        console.print(line, soft_wrap=True)


def _unwritten(tally: Tally) -> str:
    """What is missing among the outcomes: who sends by them alone sends some of it twice."""
    lost = tally.unwritten
    counts = ", ".join(
        f"{lost[outcome]} {outcome.value.replace('_', ' ')}" for outcome in Outcome if lost[outcome]
    )
    told = f"Of {say_messages(lost.total())} no outcome was written: {counts}."
    if lost[Outcome.ACCEPTED] or lost[Outcome.UNKNOWN]:
        told += (
            " Find out who has got one before you send to those whom the outcomes lack; with "
            "--journal a campaign remembers it."
        )
    return told
