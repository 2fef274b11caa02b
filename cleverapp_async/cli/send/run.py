"""What ``cleverapp send`` does: check, tell, ask, send, report."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click
from attrs import define, evolve

from ..._mounts import is_stream
from ...errors import JournalError, JournalMismatchError
from ...limits.quota import AccountKey
from ..campaign.state import Resuming, RunNote, journal_failure, last_note, this_command
from ..console import (
    ask_to_go_on,
    can_ask,
    make_console,
    need_output,
    until_the_reader_leaves,
    verbose_log,
)
from ..errors import BadInputError, CommandError, Exit
from ..recipients.source import open_source
from ..signals import Interrupts
from ..text import counted, say_moment
from .faults import open_faults, settle_hidden
from .options import Preflight
from .outcomes import open_sink
from .plan import Wanted, make_plan
from .preview import show_preview
from .progress import choose_view
from .report import (
    holds_campaign,
    look_ahead,
    show_campaign,
    show_duplicates,
    show_faults,
    show_forecast,
    show_idle_limits,
    show_left_out,
    show_reading,
    show_remarks,
    show_unsent_templates,
    unreadable,
    with_line,
)
from .resume_notes import CampaignNotes, DeadRun, FileNotes, tell_work
from .runner import Runner
from .sources import CampaignMessages, FileMessages
from .tally import Tally, Workload

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console

    from ...bulk.schedule import Schedule
    from ...client import CleverAppClient
    from .options import SendOptions
    from .plan import Plan
    from .report import Ahead
    from .resume_notes import Notes
    from .sources import MessageSource

__all__ = ["check", "run_send"]


def run_send(options: SendOptions) -> Exit:
    """Carry out ``cleverapp send``.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    options = _as_last_run(options)
    schedule = options.settings.hours.schedule()
    if options.recipients.test is not None:
        options, schedule = _as_test(options, schedule), None
    if options.output == "-":
        need_output("Give --output FILE for the outcomes.")
    preflight = Preflight(
        settings=options.settings,
        journal=options.campaign.journal,
        begins=options.recipients.path is not None,
        new_files=(("--output", options.output), ("--faults", options.recipients.faults)),
    )
    # Before the list is read, which may take minutes: what would be refused anyway is refused at
    # once.
    client = None if options.dry_run else preflight.refuse()
    with Interrupts() as interrupts, ExitStack() as ends:
        signals = _Signals(interrupts)
        try:
            with _checked(options) as plan:
                if client is None:
                    return preflight.tell(_tell_only(plan, options, schedule))
                if not _has_rows(plan, options):
                    return Exit.OK
                if not _agreed(plan, options, client, schedule):
                    click.echo("Nothing was sent.", err=True)
                    return Exit.FAILED
                # From here on messages may leave: no signal keeps people from being told of them.
                ends.enter_context(interrupts.noted_by(signals.note))
                code = _send(plan, options, client, schedule, signals)
        except CommandError as error:
            if client is None:
                preflight.tell(told=error)
            raise
        except (KeyboardInterrupt, click.Abort) as error:
            # A second signal while this is printed ends the program, without a traceback.
            with interrupts.noted_by(signals.leave):
                if isinstance(error, click.Abort):  # at a question, whose line has no end yet
                    click.echo(err=True)
                click.echo(signals.told(options), err=True)
            return Exit.INTERRUPTED
    return Exit.INTERRUPTED if signals.came else code


@define
class _Signals:
    """Handles signals while no event loop runs: before the send, and after it.

    Attributes:
        interrupts: What hears them.
        tally: What has come of the send, once it has begun.
        came: Whether one came.
    """

    interrupts: Interrupts
    tally: Tally | None = None
    came: bool = False

    def note(self) -> None:
        """Let the report be written after a first signal.

        Raises:
            KeyboardInterrupt: It is the second one.
        """
        if self.came:
            raise KeyboardInterrupt
        self.came = True
        if self.tally is not None:
            self.tally.interrupted = True

    def leave(self) -> None:
        """End the program at once.

        Raises:
            click.exceptions.Exit: Always.
        """
        raise click.exceptions.Exit(Exit.INTERRUPTED)

    def told(self, options: SendOptions) -> str:
        """What is known where there is no report."""
        if self.tally is None:
            return f"Interrupted: nothing was sent. To begin again: {this_command()}"
        kept = options.campaign.journal or options.output
        where = "on standard output" if kept == "-" else f"in {kept}"
        return f"Interrupted: what came of the messages is {where}."


def _as_last_run(options: SendOptions) -> SendOptions:
    """The options with what the last run of the campaign had, where nothing is given; it is told.

    A test is in no campaign.
    """
    journal, settings = options.campaign.journal, options.settings
    if journal is None or options.recipients.test is not None:
        return options
    note = last_note(journal)
    kept = note.settings
    if not kept.limits.may_scale(settings.base_url):
        # That was a simulator, and the journal will be refused here, or goes on elsewhere.
        kept = evolve(kept, limits=evolve(kept.limits, scale=1.0))
    taken = settings.taken_over(kept)
    if taken and not options.quiet:
        told = f"As the last run: {shlex.join(taken)}. What is given here replaces its kind."
        click.echo(told, err=True)
    campaign = evolve(options.campaign, left_out=note.left_out)
    return evolve(options, settings=settings.or_kept(kept), campaign=campaign)


def _as_test(options: SendOptions, schedule: Schedule | None) -> SendOptions:
    """The options of a test message; what does not hold for it is told."""
    if options.campaign.journal is not None:
        journal = options.campaign.journal
        click.echo(f"The test is kept in no journal: {journal} stays as it is.", err=True)
    if schedule is not None:
        click.echo(
            f"--test-to: the test does not wait for the hours ({schedule.told()}).", err=True
        )
    return options.of_test()


@contextmanager
def _checked(options: SendOptions) -> Generator[Plan | None]:
    """The checked file, open for the second pass; None where none is given."""
    recipients, campaign = options.recipients, options.campaign
    if recipients.path is None:
        yield None
        return
    # A journal tells duplicates itself, without memory; what is told before has none to ask.
    by_recipient = (
        campaign.journal is not None
        and _looks_ahead(options)
        and not campaign.allow_duplicates
        and unreadable(campaign.journal) is None
        and not holds_campaign(campaign.journal)
    )
    wanted = Wanted(
        defaults=recipients.defaults,
        only=recipients.only,
        drop_duplicates=recipients.drop_duplicates,
        seek_duplicates=campaign.journal is None or recipients.drop_duplicates or by_recipient,
        by_recipient=by_recipient,
        test=recipients.test,
    )
    with open_source(recipients.path, recipients.format, how=recipients.reading) as source:
        settle_hidden(source, recipients.defaults, quiet=options.quiet)
        with open_faults(recipients.faults, recipients.delimiter) as faults:
            plan = make_plan(source, wanted, faults)
        kept = campaign.journal is not None
        check(plan, skip=recipients.skip_bad_rows, quiet=options.quiet, campaign=kept)
        yield plan


def check(plan: Plan, *, skip: bool, quiet: bool = False, campaign: bool = False) -> None:
    """Show what is wrong with the rows, and go on only if that is wanted.

    Args:
        plan: What the first pass found.
        skip: Whether faulty rows are left out.
        quiet: Whether nothing is shown but errors and warnings: of what may send a wrong text, or
            to somebody else.
        campaign: Whether a journal is there, which leaves a recipient's further messages out.

    Raises:
        BadInputError: There are faults and they are not to be skipped, or no row is good, or the
            one of a test is not there.
    """
    show_reading(plan, quiet=quiet)
    show_faults(plan)
    if plan.bad:
        rows = f"{counted(plan.bad, 'row')} {'is' if plan.bad == 1 else 'are'}"
        if not skip:
            raise BadInputError(
                f"{rows} faulty, so nothing was sent. Correct the file, or give --skip-bad-rows "
                "to leave such rows out."
            )
        if not plan.total and plan.wanted.test is None:
            raise BadInputError(f"{rows} faulty, and there is no other row to send.")
        click.echo(f"{rows} left out.", err=True)
    if plan.wanted.test is not None and not plan.total:
        raise plan.wanted.test.not_found(plan.numbers, there=plan.test_is_there)
    show_remarks(plan, quiet=quiet)
    show_unsent_templates(plan)
    show_campaign(plan)
    if not quiet:
        show_left_out(plan)
    show_duplicates(plan, campaign=campaign)


def _looks_ahead(options: SendOptions) -> bool:
    """Whether people are told what is sent before anything is."""
    return options.dry_run or options.shown.sample is not None or sys.stderr.isatty()


def _has_rows(plan: Plan | None, options: SendOptions) -> bool:
    """Whether there is anything to send; says which limits match no row."""
    if plan is not None and not plan.total:
        if not options.quiet:
            click.echo("There is no row to send.", err=True)
        return False
    if plan is not None and options.recipients.test is None:
        show_idle_limits(plan.counts, options.settings.limits)
    return True


def _tell_only(plan: Plan | None, options: SendOptions, schedule: Schedule | None) -> Exit:
    """What ``--dry-run`` does: messages, counts and the forecast, on standard output.

    Raises:
        CommandError: The journal cannot be read, or is another campaign's.
    """
    if not _has_rows(plan, options):
        return Exit.OK
    ahead = look_ahead(plan, options)
    console = make_console(stderr=False)
    with until_the_reader_leaves():
        if ahead.resumed:
            left = counted(ahead.total, "message")
            click.echo(f"{options.campaign.journal} holds a campaign with {left} left.")
        if options.first is not None:
            later = ahead.total - ahead.sent
            click.echo(f"{counted(ahead.sent, 'message')} would be sent now, {later} later.")
        show_preview(console, options.shown, ahead.shown, ahead.sent)
        limits = options.settings.limits.registry()
        found = Workload.of(ahead.counts, limits, AccountKey("")).forecast
        show_forecast(console, found)
        if schedule is not None:
            end = say_moment(found.ends_at(time.time(), schedule), schedule.zone)
            click.echo(f"Sent {schedule.told()}, it ends no earlier than {end}.")
    return Exit.FAILED if plan is not None and plan.bad else Exit.OK


def _agreed(
    plan: Plan | None, options: SendOptions, client: CleverAppClient, schedule: Schedule | None
) -> bool:
    """Show what is about to be sent, and ask on a terminal whether that is wanted.

    Raises:
        CommandError: The journal cannot be read, or is another campaign's.
    """
    if not _looks_ahead(options):
        return True
    why_not = unreadable(options.campaign.journal)
    if why_not is not None:
        # Whether it can be sent, the run will tell; it may bring the journal up to date.
        question = f"Warning: the messages cannot be shown before they are sent: {why_not}."
    else:
        ahead = look_ahead(plan, options)
        if not ahead.sent or ahead.holder is not None:
            return True  # the run says so itself, and sends nothing
        if not options.quiet or options.shown.sample is not None:
            show_preview(make_console(), options.shown, ahead.shown, ahead.sent)
        question = _question(ahead, client, schedule)
    asks = can_ask() and not options.yes
    if asks or why_not is not None:
        click.echo(question, err=True)
    return not asks or ask_to_go_on()


def _question(ahead: Ahead, client: CleverAppClient, schedule: Schedule | None) -> str:
    work = Workload.of(ahead.counts, client.limits, client.account)
    these = counted(ahead.total, "message")
    if ahead.sent < ahead.total:
        these = f"{ahead.sent} of {these}"
    be = "is" if ahead.sent == ahead.total == 1 else "are"
    return tell_work(f"{these} {be} about to be sent to {client.base_url}", work, schedule)


def _of_file(
    plan: Plan,
    options: SendOptions,
    client: CleverAppClient,
    console: Console,
    schedule: Schedule | None,
) -> tuple[Notes, MessageSource]:
    """What is told of a send that no journal keeps, and where its messages come from."""
    notes = FileNotes(
        console=console,
        # What went into a device or a pipe is in no file that could be sent again.
        output=None if is_stream(options.output or "") else options.output,
        chosen=options.chosen,
        schedule=schedule,
        quiet=options.quiet,
        options=[*options.settings.written(), *options.recipients.defaults.written_region()],
    )
    return notes, FileMessages(plan, client, options.settings.concurrency, options.first)


def _of_campaign(
    plan: Plan | None,
    options: SendOptions,
    client: CleverAppClient,
    console: Console,
    schedule: Schedule | None,
) -> tuple[Notes, MessageSource]:
    """The same of a run of a campaign."""
    campaign, journal = options.campaign, options.campaign.journal or ""
    notes = CampaignNotes(
        console=console,
        resuming=Resuming(
            journal=journal,
            settings=options.settings,
            retry_rejected=campaign.retry_rejected,
            resend_unknown=campaign.resend_unknown,
        ),
        output=options.output,
        schedule=schedule,
        quiet=options.quiet,
        first=options.first,
        dead=DeadRun.find(journal),
    )
    return notes, CampaignMessages(
        journal=journal,
        options=RunNote(settings=options.settings, left_out=options.left_out(plan)).written(),
        plan=plan,
        client=client,
        concurrency=options.settings.concurrency,
        warn=notes.other_account,
        deduplicate=not campaign.allow_duplicates,
        resend=campaign.resend,
        first=options.first,
    )


def _send(
    plan: Plan | None,
    options: SendOptions,
    client: CleverAppClient,
    schedule: Schedule | None,
    signals: _Signals,
) -> Exit:
    """Send the file, or a campaign, and report.

    Raises:
        CommandError: The journal or the file cannot be used.
    """
    console = make_console()
    view = choose_view(console, quiet=options.quiet, verbose=options.verbose, output=options.output)
    # In commands that are named, and in the journal, the address stands in full.
    options = evolve(options, settings=evolve(options.settings, base_url=client.base_url))
    if options.campaign.journal is None and plan is not None:
        notes, source = _of_file(plan, options, client, console, schedule)
    else:
        notes, source = _of_campaign(plan, options, client, console, schedule)
    with open_sink(options.output) as sink, verbose_log(on=options.verbose):
        runner = Runner(
            source=source,
            sink=sink,
            view=view,
            interrupts=signals.interrupts,
            announce=notes.beginning,
            schedule=schedule,
            drain_timeout=options.settings.drain_timeout,
        )
        # Handed over before the loop begins: from here on a signal is noted in the tally, wherever
        # it comes.
        signals.tally = tally = runner.tally
        tally.interrupted = signals.came
        try:
            asyncio.run(runner.send())
        except JournalMismatchError as error:
            raise journal_failure(with_line(error, plan)) from None
        except JournalError as error:
            raise journal_failure(error) from None
        code = notes.ending(tally)
        if not tally.begun:
            # The same command must be able to begin again, with the same name of a file.
            raise click.exceptions.Exit(code)
    return code
