"""What ``cleverapp send --journal`` does once the file is checked: send, and tell how to go on."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from ..errors import JournalError
from .campaign_reading import journal_failure
from .campaign_telling import CampaignTeller
from .console import make_console, verbose_log
from .journal_run import JournalRun
from .outcomes import Stream, open_sink
from .show import LiveView, choose_view

if TYPE_CHECKING:
    from ..bulk.schedule import Schedule
    from .exits import Exit
    from .journal_run import RunEnd
    from .outcomes import Sink
    from .plan import Plan
    from .send_settings import Sending
    from .signals import Interrupts

__all__ = ["send_campaign"]


def send_campaign(
    journal: str,
    plan: Plan | None,
    sending: Sending,
    *,
    token: str,
    schedule: Schedule | None,
    interrupts: Interrupts,
) -> Exit:
    """Create a campaign or go on with it.

    Args:
        journal: The journal's path.
        plan: The checked file; None: what the journal holds.
        sending: The options.
        token: The account's token.
        schedule: When messages may leave; None: at any time.
        interrupts: Where Ctrl-C is heard of.

    Raises:
        CommandError: The journal or the file cannot be used; the message says why.
    """
    console = make_console()
    view = choose_view(console, quiet=sending.quiet, verbose=sending.verbose)
    client = sending.client(token)
    teller = CampaignTeller(
        console=console,
        resuming=sending.resuming(client.base_url),
        schedule=schedule,
        quiet=sending.quiet,
    )

    async def send(sink: Sink) -> RunEnd:
        run = JournalRun(
            journal=journal,
            plan=plan,
            client=client,
            sink=sink,
            view=view,
            interrupts=interrupts,
            warn=teller.other_account,
            told=teller.beginning,
            schedule=schedule,
            drain_timeout=sending.drain_timeout,
            deduplicate=not sending.allow_duplicates,
            resend_unknown=sending.resend_unknown,
            retry_rejected=sending.retry_rejected,
        )
        async with client:
            return await run.carry_out()

    with open_sink(sending.output) as opened, verbose_log(on=sending.verbose):
        sink: Sink = opened
        if sending.output == "-" and isinstance(view, LiveView) and sys.stdout.isatty():
            sink = Stream(view.print_line)
        try:
            end = asyncio.run(send(sink))
        except JournalError as error:
            raise journal_failure(error) from None
    return teller.ending(end)
