"""What ``cleverapp send`` is asked for, and what it does: check, tell, send, report."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import asdict, evolve, field, frozen

from ...bulk.journal.records import Resend
from ...errors import JournalError, JournalMismatchError
from ...limits.quota import AccountKey
from ..campaign.reader import find_campaign, journal_failure, open_reader
from ..campaign.state import Resuming
from ..console import make_console, need_output, verbose_log
from ..errors import BadInputError, Exit
from ..recipients.addresses import DEFAULT_REGION
from ..recipients.messages import Defaults
from ..recipients.source import InputFormat, ReadingOptions, open_source
from ..send_settings import SendSettings
from ..shared_options import read_token
from ..signals import Interrupts
from ..text import counted, say_moment
from .faults import open_faults, settle_hidden
from .outcomes import Stream, open_sink
from .plan import Wanted, make_plan
from .progress import LiveView, choose_view
from .report import (
    show_duplicates,
    show_faults,
    show_forecast,
    show_idle_limits,
    show_left_out,
    show_reading,
    show_remarks,
)
from .resume_notes import CampaignNotes, FileNotes
from .runner import CampaignMessages, FileMessages, Runner
from .tally import Workload

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ...bulk.schedule import Schedule
    from ...limits.quota import LimitKey
    from .outcomes import Sink
    from .plan import Plan
    from .resume_notes import Notes
    from .runner import MessageSource

__all__ = ["CampaignOptions", "RecipientOptions", "SendOptions", "check", "run_send"]

_NAMED = {"format": "input_format"}


@frozen(kw_only=True)
class RecipientOptions:
    """Which rows of which file are sent, and with what filled in.

    Attributes:
        path: The file, ``-`` for standard input; None: none is given.
        format: How it is written; None: its suffix or first bytes tell.
        reading: How it is read.
        defaults: For rows that do not say otherwise.
        only: For outcomes of an earlier send: the outcomes whose rows are sent.
        skip_bad_rows: Whether the good rows are sent although others are faulty.
        faults: A new file for the faults of rows; None: the first of each kind are shown alone.
        drop_duplicates: Whether rows that repeat recipient and message are left out.
    """

    path: str | None
    format: InputFormat | None = None
    reading: ReadingOptions = field(factory=ReadingOptions)
    defaults: Defaults = field(factory=Defaults)
    only: frozenset[str] = frozenset()
    skip_bad_rows: bool = False
    faults: str | None = None
    drop_duplicates: bool = False

    def given(self) -> list[str]:
        """The names of those that need a file."""
        names = ("format", "only", "skip_bad_rows", "faults", "drop_duplicates")
        filled_in = [name for name, _ in self.defaults.given]
        reading = [one for one, value in asdict(self.reading, recurse=False).items() if value]
        if self.defaults.phone_region != DEFAULT_REGION:
            filled_in.append("phone_region")
        return filled_in + reading + [name for name in names if getattr(self, name)]


@frozen(kw_only=True)
class CampaignOptions:
    """Whether a campaign is kept, and which of its messages are sent again.

    Attributes:
        journal: The journal's path; None: no campaign is kept.
        resend_unknown: Whether what an earlier run may have sent is sent again.
        retry_rejected: Whether what was refused for good is sent again.
        allow_duplicates: Whether a recipient gets all of its messages, not the first alone.
    """

    journal: str | None = None
    resend_unknown: bool = False
    retry_rejected: bool = False
    allow_duplicates: bool = False

    def given(self) -> list[str]:
        """The names of those that need a journal."""
        names = ("resend_unknown", "retry_rejected", "allow_duplicates")
        return [name for name in names if getattr(self, name)]


@frozen(kw_only=True)
class SendOptions:
    """All options of ``cleverapp send``; see its help.

    Attributes:
        recipients: Which rows are sent.
        campaign: Whether a campaign is kept.
        settings: How they are sent.
        dry_run: Whether nothing is sent.
        output: Where outcomes go, ``-`` for standard output; None: nowhere.
        quiet: Whether only what must be said is said.
        verbose: Whether the log is shown.

    Raises:
        BadInputError: Some do not go together.
    """

    recipients: RecipientOptions
    campaign: CampaignOptions
    settings: SendSettings
    dry_run: bool
    output: str | None
    quiet: bool
    verbose: bool

    def __attrs_post_init__(self) -> None:
        """Refuse options that would do nothing."""
        recipients, campaign = self.recipients, self.campaign
        if recipients.path is None and campaign.journal is None:
            raise BadInputError("FILE is missing: give one, or the --journal of a campaign.")
        if campaign.journal is None and (given := campaign.given()):
            raise BadInputError(f"{_option(given[0])} needs a campaign: give its --journal.")
        if campaign.journal is not None and not find_campaign(campaign.journal).resumable:
            raise BadInputError("a campaign in Redis is sent by its workers, not by one command.")
        if recipients.path is None and campaign.journal is not None:
            given = recipients.given()
            given += ["allow_duplicates"] if campaign.allow_duplicates else []
            if given:
                raise BadInputError(
                    f"{_option(given[0])} needs FILE: without it the messages come from the "
                    "journal, unchanged."
                )
            if not Path(campaign.journal).exists():
                raise BadInputError(
                    f"there is no journal {campaign.journal}: give FILE to begin one."
                )
        self.settings.limits.check_scale(self.settings.base_url)


def _option(name: str) -> str:
    return f"--{_NAMED.get(name, name).replace('_', '-')}"


def run_send(options: SendOptions) -> Exit:
    """Carry out ``cleverapp send``.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    schedule = options.settings.hours.schedule()
    if options.output == "-" and not options.dry_run:
        need_output("Give --output FILE for the outcomes.")
    token = None if options.dry_run else read_token(options.settings.token_file)
    with Interrupts() as interrupts:
        try:
            with _checked(options) as plan:
                if plan is not None and not plan.total:
                    click.echo("There is no row to send.", err=True)
                    return Exit.OK
                if plan is not None:
                    show_idle_limits(plan.counts, options.settings.limits)
                if token is None:
                    return _tell_only(plan, options, schedule)
                return _send(plan, options, token, schedule, interrupts)
        except KeyboardInterrupt:
            told = "What is not among the outcomes was not sent"
            if options.campaign.journal is not None:
                told = "What was sent is in the journal"
            click.echo(f"Interrupted. {told}.", err=True)
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
        rows = f"{counted(plan.bad, 'row')} {'is' if plan.bad == 1 else 'are'}"
        if not skip:
            raise BadInputError(
                f"{rows} faulty, so nothing was sent. Correct the file, or give --skip-bad-rows "
                "to leave such rows out."
            )
        if not plan.total:
            raise BadInputError(f"{rows} faulty, and there is no other row to send.")
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
            left_over = counted(sum(left.values()), "message")
            click.echo(f"{journal} holds a campaign with {left_over} left.")
    limits = options.settings.limits.registry()
    found = Workload.of(counts, limits, AccountKey("")).forecast
    show_forecast(make_console(stderr=False), found)
    if schedule is not None:
        end = say_moment(found.ends_at(time.time(), schedule), schedule.zone)
        click.echo(f"Sent {schedule.told()}, it ends no earlier than {end}.")
    return Exit.FAILED if plan is not None and plan.bad else Exit.OK


def _left(journal: str, options: SendOptions) -> dict[LimitKey | None, int] | None:
    """What is left in a journal; None where it was never filled."""
    with open_reader(find_campaign(journal)) as reader:
        summary, holder = reader.summary(), reader.holder()
    if not summary.complete:
        return None
    campaign = options.campaign
    again = Resend(unknown=campaign.resend_unknown, rejected=campaign.retry_rejected)
    # Where nobody runs it, what was under way is unknown as soon as it is resumed.
    return summary.to_send(again, under_way=holder is not None or again.unknown)


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
    settings = options.settings
    client = settings.client(token)
    notes: Notes
    source: MessageSource
    if options.campaign.journal is None and plan is not None:
        notes = FileNotes(
            console=console,
            output=options.output,
            schedule=schedule,
            quiet=options.quiet,
            options=evolve(settings, base_url=client.base_url).written(),
        )
        source = FileMessages(plan, client, settings.concurrency)
    else:
        journal = options.campaign.journal or ""
        campaign_notes = CampaignNotes(
            console=console,
            resuming=Resuming(
                journal=journal,
                settings=evolve(settings, base_url=client.base_url),
                retry_rejected=options.campaign.retry_rejected,
            ),
            schedule=schedule,
            quiet=options.quiet,
        )
        notes = campaign_notes
        source = CampaignMessages(
            journal=journal,
            plan=plan,
            client=client,
            concurrency=settings.concurrency,
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
            drain_timeout=settings.drain_timeout,
        )
        try:
            tally = asyncio.run(runner.send())
        except JournalMismatchError as error:
            raise journal_failure(_with_line(error, plan)) from None
        except JournalError as error:
            raise journal_failure(error) from None
    return notes.ending(tally)


def _with_line(error: JournalMismatchError, plan: Plan | None) -> JournalError:
    """The same with the line of the file on which the message stands that differs."""
    line = None if plan is None or error.index is None else plan.line_of(error.index)
    if plan is None or line is None:
        return error
    return JournalError(f"{plan.source.name}, line {line}: {error}")
