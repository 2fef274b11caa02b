"""What ``cleverapp send`` does, in its order: check, tell, send, report."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from attrs import frozen

from ..client import CleverAppClient
from ..config import DEFAULT_BASE_URL, ClientConfig
from ..errors import ConfigurationError, Outcome
from ..limits.quota import AccountKey, Quota
from .campaign import Campaign, carry_out
from .exits import BadInputError, CommandError, Exit
from .forecast import forecast
from .interrupts import Interrupts
from .outcomes import Stream, open_sink
from .plan import Plan, Wanted, make_plan
from .quotas import LimitSettings, Override
from .recipients import Defaults
from .report import (
    show_duplicates,
    show_exit,
    show_faults,
    show_forecast,
    show_report,
    tell_forecast,
)
from .screen import is_screen, make_console
from .show import LiveView, NoView, PlainView, View
from .source import Format, open_source
from .token import read_token

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console

    from .outcomes import Sink
    from .tally import Tally

__all__ = ["Sending", "check", "choose_view", "run_send", "send_plan", "tell_the_rest"]


@frozen(kw_only=True)
class Sending:
    """The options of ``cleverapp send``; see its help."""

    path: str
    format: Format | None
    defaults: Defaults
    only: frozenset[str]
    skip_bad_rows: bool
    drop_duplicates: bool
    dry_run: bool
    output: str
    token_file: str | None
    base_url: str | None
    concurrency: int
    attempt_timeout: float
    limits: tuple[Override, ...]
    account_limit: tuple[Quota, ...] | None
    scale: float
    quiet: bool
    verbose: bool

    def wanted(self) -> Wanted:
        """Which rows are sent."""
        return Wanted(defaults=self.defaults, only=self.only, drop_duplicates=self.drop_duplicates)

    def limit_settings(self) -> LimitSettings:
        """The limits that are kept."""
        return LimitSettings(overrides=self.limits, account=self.account_limit, scale=self.scale)

    def client(self, token: str) -> CleverAppClient:
        """The client that sends.

        Raises:
            CommandError: The token or the base URL cannot work: exit 3.
        """
        config = ClientConfig(max_in_flight=self.concurrency, attempt_timeout=self.attempt_timeout)
        try:
            return CleverAppClient(
                token,
                base_url=self.base_url or DEFAULT_BASE_URL,
                config=config,
                limits=self.limit_settings().registry(),
            )
        except ConfigurationError as error:
            raise CommandError(f"{error}.", Exit.CONFIGURATION) from None


def run_send(sending: Sending) -> Exit:
    """Carry out ``cleverapp send``.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    if sending.scale != 1.0 and not (sending.base_url or "").startswith("http://"):
        raise BadInputError("--scale is for a simulator on this machine: give its --base-url.")
    token = None if sending.dry_run else read_token(sending.token_file)
    with Interrupts() as interrupts:
        try:
            with open_source(sending.path, sending.format) as source:
                plan = check(make_plan(source, sending.wanted()), skip=sending.skip_bad_rows)
                if not plan.total:
                    click.echo("No row is to be sent.", err=True)
                    return Exit.OK
                if token is None:
                    return _tell_only(plan, sending)
                return _send(plan, sending, token, interrupts)
        except KeyboardInterrupt:
            click.echo("Interrupted: what is not among the outcomes was not sent.", err=True)
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


def _tell_only(plan: Plan, sending: Sending) -> Exit:
    """The counts and the forecast, on standard output."""
    registry = sending.limit_settings().registry()
    found = forecast(plan.counts, registry.quotas, registry.quotas(AccountKey("")))
    show_forecast(make_console(stderr=False), found)
    return Exit.FAILED if plan.bad else Exit.OK


def _send(plan: Plan, sending: Sending, token: str, interrupts: Interrupts) -> Exit:
    console = make_console()
    view = choose_view(console, quiet=sending.quiet, verbose=sending.verbose)
    client = sending.client(token)
    with open_sink(sending.output) as opened, _logging(on=sending.verbose):
        sink: Sink = opened
        if sending.output == "-" and isinstance(view, LiveView) and sys.stdout.isatty():
            sink = Stream(view.print_line)
        campaign = Campaign(plan, client, sink, view, interrupts)
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
        told = f"Sending {campaign.plan.total} messages: {tell_forecast(found)}."
        console.print(told, markup=False, soft_wrap=True)
    async with campaign.client:
        tally = await carry_out(campaign)
    if not quiet:
        show_report(console, tally, found)
    return tally


def choose_view(console: Console, *, quiet: bool, verbose: bool) -> View:
    """What shows progress: log lines and a live display do not go together."""
    if quiet:
        return NoView(console)
    return LiveView(console) if is_screen() and not verbose else PlainView(console)


def tell_the_rest(console: Console, tally: Tally, output: str | None) -> None:
    """What stopped it, what was not sent, and how to send it."""
    told: list[str] = []
    if tally.trouble is not None:
        told.append(f"Error: {tally.trouble}")
    if tally.refused_token:
        told.append(
            "Error: the server refused the token time and again, so the send was stopped. "
            "Check the token and --base-url."
        )
    kept = "OUTCOMES.jsonl" if output == "-" else output
    saved = " (OUTCOMES.jsonl: what standard output was saved as)" if output == "-" else ""
    if (count := tally.outcomes[Outcome.NOT_SENT]) and output is not None:
        told.append(f"{count} not sent. To send them: cleverapp send {kept} --only not_sent{saved}")
    if count := tally.outcomes[Outcome.UNKNOWN]:
        told.append(
            f"{count} may have been sent: look at them before you send them again, which "
            f"--only unknown would do{saved}"
        )
    for line in told:
        console.print(line, markup=False, soft_wrap=True)


@contextmanager
def _logging(*, on: bool) -> Generator[None]:
    """The package's log on standard error; the token is in none of it."""
    log = logging.getLogger("cleverapp_async")
    before = log.level
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    if on:
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
