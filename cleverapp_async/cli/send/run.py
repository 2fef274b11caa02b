"""What ``cleverapp send`` does, in its order: check, tell, send, report."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import JournalError
from ...limits.quota import AccountKey
from ..campaign.reader import journal_failure, open_reader
from ..campaign.state import left_by_key
from ..console import make_console, verbose_log
from ..errors import BadInputError, Exit
from ..recipients.source import open_source
from ..signals import Interrupts
from ..text import say_moment
from ..token import read_token
from .faults import open_faults
from .hidden import settle_hidden
from .outcomes import Stream, open_sink
from .plan import Wanted, make_plan
from .progress import LiveView, choose_view
from .report import (
    show_duplicates,
    show_faults,
    show_forecast,
    show_left_out,
    show_reading,
    show_remarks,
)
from .resume_notes import CampaignNotes, FileNotes
from .runner import CampaignMessages, FileMessages, Runner
from .tally import Workload

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Generator, Mapping

    from ...bulk.schedule import Schedule
    from ...limits.quota import LimitKey
    from .options import SendOptions
    from .outcomes import Sink
    from .plan import Plan
    from .resume_notes import Notes
    from .runner import MessageSource

__all__ = ["check", "run_send"]


def run_send(options: SendOptions) -> Exit:
    """Carry out ``cleverapp send``.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    schedule = options.hours.schedule()
    token = None if options.dry_run else read_token(options.sender.token_file)
    with Interrupts() as interrupts:
        try:
            with _checked(options) as plan:
                if plan is not None and not plan.total:
                    click.echo("No row is to be sent.", err=True)
                    return Exit.OK
                if token is None:
                    return _tell_only(plan, options, schedule)
                return _send(plan, options, token, schedule, interrupts)
        except KeyboardInterrupt:
            told = "what is not among the outcomes was not sent"
            if options.campaign.journal is not None:
                told = "what was sent is in the journal"
            click.echo(f"Interrupted: {told}.", err=True)
            return Exit.INTERRUPTED


@contextmanager
def _checked(options: SendOptions) -> Generator[Plan | None]:
    """The checked file, open for the second pass; None where none is given."""
    recipients, campaign = options.recipients, options.campaign
    if recipients.path is None:
        yield None
        return
    # A journal tells duplicates itself, without memory; only a dry run has none to ask.
    by_recipient = (
        campaign.journal is not None and options.dry_run and not campaign.allow_duplicates
    )
    wanted = Wanted(
        defaults=recipients.defaults,
        only=recipients.only,
        drop_duplicates=recipients.drop_duplicates or by_recipient,
        seek_duplicates=campaign.journal is None or recipients.drop_duplicates or by_recipient,
        by_recipient=by_recipient,
    )
    with open_source(recipients.path, recipients.format, how=recipients.reading) as source:
        settle_hidden(source, recipients.defaults)
        with open_faults(recipients.faults) as faults:
            plan = make_plan(source, wanted, faults)
        check(plan, skip=recipients.skip_bad_rows)
        yield plan


def check(plan: Plan, *, skip: bool) -> None:
    """Show what is wrong with the rows, and go on only if that is wanted.

    Args:
        plan: What the first pass found.
        skip: Whether faulty rows are left out.

    Raises:
        BadInputError: There are faults and they are not to be skipped, or no row is good.
    """
    show_reading(plan)
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
    show_remarks(plan)
    show_left_out(plan)
    show_duplicates(plan)


def _tell_only(plan: Plan | None, options: SendOptions, schedule: Schedule | None) -> Exit:
    """What ``--dry-run`` does: the counts and the forecast, on standard output.

    Raises:
        CommandError: The journal cannot be read.
    """
    counts: Mapping[LimitKey | None, int] = {} if plan is None else plan.counts
    journal = options.campaign.journal
    if journal is not None and (plan is None or Path(journal).exists()):
        left = _left(journal, options)
        if left is not None:
            counts = left
            click.echo(f"{journal} holds a campaign: {left.total()} of its messages are left.")
    limits = options.sender.limits.registry()
    found = Workload.of(counts, limits, AccountKey("")).forecast
    show_forecast(make_console(stderr=False), found)
    if schedule is not None:
        end = say_moment(found.ends_at(time.time(), schedule), schedule.zone)
        click.echo(f"Sent {schedule.told()}, it does not end before {end}.")
    return Exit.FAILED if plan is not None and plan.bad else Exit.OK


def _left(journal: str, options: SendOptions) -> Counter[LimitKey | None] | None:
    """What is left in a journal; None where it was never filled."""
    with open_reader(journal) as reader:
        summary = reader.summary()
    if not summary.complete:
        return None
    unknown, rejected = options.campaign.resend_unknown, options.campaign.retry_rejected
    left = left_by_key(summary, unknown=unknown, rejected=rejected, intents=True)
    left[None] += 0 if rejected else summary.retryable
    return left


def _send(
    plan: Plan | None,
    options: SendOptions,
    token: str,
    schedule: Schedule | None,
    interrupts: Interrupts,
) -> Exit:
    """Send the file, or a campaign, and report.

    Raises:
        CommandError: The token, the journal or the file cannot be used.
    """
    console = make_console()
    view = choose_view(console, quiet=options.quiet, verbose=options.verbose)
    client = options.sender.client(token)
    notes: Notes
    source: MessageSource
    if options.campaign.journal is None and plan is not None:
        notes = FileNotes(
            console=console,
            output=options.output,
            schedule=schedule,
            quiet=options.quiet,
            options=options.resuming("", client.base_url).options(),
        )
        source = FileMessages(plan, client)
    else:
        journal = options.campaign.journal or ""
        campaign_notes = CampaignNotes(
            console=console,
            resuming=options.resuming(journal, client.base_url),
            schedule=schedule,
            quiet=options.quiet,
        )
        notes = campaign_notes
        source = CampaignMessages(
            journal=journal,
            plan=plan,
            client=client,
            warn=campaign_notes.other_account,
            deduplicate=not options.campaign.allow_duplicates,
            resend_unknown=options.campaign.resend_unknown,
            retry_rejected=options.campaign.retry_rejected,
        )
    with open_sink(options.output) as opened, verbose_log(on=options.verbose):
        sink: Sink = opened
        if options.output == "-" and isinstance(view, LiveView) and sys.stdout.isatty():
            sink = Stream(view.print_line)
        runner = Runner(
            source=source,
            sink=sink,
            view=view,
            interrupts=interrupts,
            announce=notes.beginning,
            schedule=schedule,
            drain_timeout=options.drain_timeout,
        )
        try:
            tally = asyncio.run(runner.send())
        except JournalError as error:
            raise journal_failure(error) from None
    return notes.ending(tally)
