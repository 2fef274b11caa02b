"""What ``cleverapp campaign status`` does: one look, or one every second."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.live import Live

from .._terminal import escaped
from .campaign_commands import Resuming
from .campaign_outlook import Outlook, as_json
from .campaign_reading import look, look_into
from .campaign_view import draw_status
from .console import make_console
from .exits import BadInputError
from .print_json import to_stdout

if TYPE_CHECKING:
    from collections.abc import Callable

    from .exits import Exit
    from .quotas import LimitSettings
    from .schedule_options import GivenHours

__all__ = ["run_status"]

_EVERY = 1.0
_SHARE = 4
"""Looking takes a fifth of the time at most: counting a million messages is work."""


def run_status(
    journal: str, *, for_programs: bool, watch: bool, limits: LimitSettings, hours: GivenHours
) -> Exit:
    """Carry out ``cleverapp campaign status``.

    Args:
        journal: The journal's path, or its address in Redis.
        for_programs: Whether to print it as JSON.
        watch: Whether to look again until the campaign is finished.
        limits: What the forecast counts with.
        hours: The same.

    Returns:
        How the campaign stands, at the last look.

    Raises:
        CommandError: The journal cannot be read, or nobody could watch.
    """
    if watch and (for_programs or not sys.stdout.isatty()):
        raise BadInputError("--watch is for a terminal, and not for --json.")
    schedule = hours.schedule()
    with look_into(journal) as reader:

        def outlook() -> Outlook:
            state = look(reader)
            resuming = Resuming(
                journal=journal, base_url=state.summary.origin, limits=limits, hours=hours
            )
            return Outlook(state=state, resuming=resuming, schedule=schedule)

        found = _watch(outlook) if watch else outlook()
    if for_programs:
        text = escaped(json.dumps(as_json(found), ensure_ascii=False, indent=2))
        to_stdout(f"{text}\n".encode())
    else:
        make_console(stderr=False).print(draw_status(found), soft_wrap=True)
    return found.state.exit


def _watch(outlook: Callable[[], Outlook]) -> Outlook:
    """Look until it is finished, or somebody has seen enough."""
    began = time.monotonic()
    found = outlook()
    live = Live(auto_refresh=False, transient=True, console=make_console(stderr=False))
    with suppress(KeyboardInterrupt), live:
        while not found.state.finished or found.state.holder is not None:
            live.update(draw_status(found, commands=False), refresh=True)
            time.sleep(max(_EVERY, _SHARE * (time.monotonic() - began)))
            began = time.monotonic()
            found = outlook()
    return found
