"""``cleverapp demo``: the way of ``cleverapp send``, with the simulator at the other end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ..client import CleverAppClient
from ..errors import CleverAppError, Outcome, UnsupportedMessengerError, ValidationError
from .app import list_option
from .errors import Exit, exit_codes
from .shared_options import output_option, scale_option, window_option
from .simulate import INBOX_HELP, InboxSettings, serve_inbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from rich.console import Console

    from ..bulk.outcome import SendOutcome
    from ..simulator import SimulatedContact, Simulator
    from .recipients.messages import Defaults
    from .recipients.rows import Row
    from .recipients.source import Source
    from .send.outcomes import Sink
    from .send.tally import Tally
    from .signals import Interrupts

__all__ = ["Expectations", "demo"]

_SCALE = 20.0
_TEXT = "Здравствуйте, {name}! Ваш заказ готов."
_ROUTE_OF_IDS = (12, "viber")
_UNSUPPORTED = "icq"
_UNKNOWN, _LEFT_OUT = "unknown contact", "left out"
_ERRORS: Mapping[str, type[CleverAppError] | None] = {
    "accepted": None,
    _UNKNOWN: ValidationError,
    "unsupported messenger": UnsupportedMessengerError,
}
"""What the list's own column ``expect`` means."""


def _bundled_list() -> Traversable:
    from importlib.resources import files

    return files(__package__ or "").joinpath("data/demo.csv")


def _print_list() -> None:
    from .console import need_output, to_stdout

    need_output("Let the list go to a file.")
    with suppress(BrokenPipeError):  # Whoever reads has seen enough.
        to_stdout(_bundled_list().read_bytes())


@click.command(
    epilog=exit_codes(
        "every row ended as the list expects, and the referee's verdict is clean",
        failed="a row did not end as expected, or the verdict is not clean",
    )
)
@scale_option(_SCALE)
@window_option
@output_option(default="nowhere")
@list_option(_print_list)
@click.option("--inbox", is_flag=True, help=INBOX_HELP)
@click.pass_context
def demo(
    context: click.Context, *, scale: float, window: str, output: str | None, inbox: bool
) -> None:
    """Send a bundled list to the simulator.

    It needs no account, and nobody gets a message. The list has recipients of several bots and
    messengers; some rows are faulty and left out, some are rejected by the server. At the end the
    referee, who saw every request arrive, gives its verdict. The outcomes are JSON lines, in the
    file of --output or on standard output (-). With --inbox a page shows the messages as they
    arrive, and stays open until Ctrl-C.

    --list prints the list, to be sent with `cleverapp send`: CSV, whose columns contact_id; bot_id,
    messenger and contact_external_id; or bot_id and phone say who the recipient is. name fills the
    template, and expect says what is to come of the row here.
    """
    import asyncio
    from importlib.resources import as_file

    from .console import make_console, need_output
    from .recipients.source import open_source
    from .send.outcomes import open_sink
    from .signals import Interrupts

    if output == "-":
        need_output("Give --output FILE for the outcomes.")
    console = make_console()
    with (
        Interrupts() as interrupts,
        as_file(_bundled_list()) as path,
        open_source(str(path), "csv", name="demo.csv") as source,
        open_sink(output) as sink,
    ):
        simulator = _simulator(source, scale, window)
        expectations = Expectations(
            sink, {row.number: row.cells["expect"] for row in _rows(source)}
        )
        try:
            send = _send_list(
                console,
                interrupts,
                source,
                simulator,
                expectations,
                scale=scale,
                output=output,
                inbox=inbox,
            )
            tally = asyncio.run(send)
        except KeyboardInterrupt:
            context.exit(Exit.INTERRUPTED)
    if tally.interrupted:
        context.exit(Exit.INTERRUPTED)
    as_expected = _tell_surprises(console, expectations)
    context.exit(Exit.OK if as_expected and simulator.referee().clean else Exit.FAILED)


async def _send_list(
    console: Console,
    interrupts: Interrupts,
    source: Source,
    simulator: Simulator,
    sink: Sink,
    *,
    scale: float,
    output: str | None,
    inbox: bool,
) -> Tally:
    """Serve the API, send the list to it, and show what came of it."""
    from contextlib import AsyncExitStack

    from .send.plan import Wanted, make_plan
    from .send.progress import choose_view
    from .send.resume_notes import FileNotes
    from .send.run import check
    from .send.runner import Runner
    from .send.sources import FileMessages
    from .send_settings import LimitSettings
    from .text import say_duration

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(simulator)
        if inbox:
            page = await stack.enter_async_context(serve_inbox(simulator, InboxSettings()))
            console.print(f"See what arrives: {page.url}", soft_wrap=True)
        client = CleverAppClient(
            simulator.api_token,
            base_url=simulator.base_url,
            limits=LimitSettings(scale=scale).registry(),
        )
        plan = make_plan(source, Wanted(defaults=_defaults()))
        messages = FileMessages(plan, client)
        least = messages.work().forecast.seconds
        console.print(
            f"The API is simulated at {simulator.base_url}, with the documented limits,\n"
            f"whose time runs {scale:g} times as fast: the send takes "
            f"{say_duration(least)} instead of {say_duration(least * scale)}.",
            soft_wrap=True,
        )
        check(plan, skip=True)
        runner = Runner(
            source=messages,
            sink=sink,
            view=choose_view(console, quiet=False, verbose=False, output=output),
            interrupts=interrupts,
            announce=FileNotes(console=console, output=output).beginning,
        )
        tally = await runner.send()
        _conclude(console, simulator, tally, output)
        if inbox and not tally.interrupted:
            await _stay_open(console, interrupts)
        return tally


def _tell_surprises(console: Console, expectations: Expectations) -> bool:
    """Tell which rows did not end as the list expects; whether there are none."""
    from rich.text import Text

    surprises = expectations.surprises()
    for surprise in surprises:
        console.print(surprise, soft_wrap=True)
    if not surprises:
        console.print(Text("Every row ended as the list expects.", style="green"))
    return not surprises


def _conclude(console: Console, simulator: Simulator, tally: Tally, output: str | None) -> None:
    """Show what became of the list, and what the server saw."""
    from .send.report import show_report
    from .send.resume_notes import tell_the_rest
    from .simulate import show_verdict

    show_report(console, tally)
    show_verdict(console, simulator.referee())
    tell_the_rest(console, tally, output)


async def _stay_open(console: Console, interrupts: Interrupts) -> None:
    """Serve the page until Ctrl-C."""
    import asyncio

    console.print("The page stays open until Ctrl-C.")
    stop = asyncio.Event()
    with interrupts.passed_to(stop.set):
        await stop.wait()


def _defaults() -> Defaults:
    from .recipients.messages import Defaults
    from .recipients.template import Template

    return Defaults(text=Template.parse(_TEXT))


def _rows(source: Source) -> Iterator[Row]:
    from .recipients.rows import Row

    return (record for record in source.table().records if isinstance(record, Row))


def _simulator(source: Source, scale: float, window: str) -> Simulator:
    """The API as the list needs it."""
    from ..simulator import WINDOW_KINDS, Latency, Simulator, SimulatorLimits

    return Simulator(
        limits=SimulatorLimits().scaled(scale),
        window=next(kind for kind in WINDOW_KINDS if kind == window),
        latency=Latency.lognormal(0.02, 0.5),
        contacts=_contacts(source),
        unsupported_messengers=[_UNSUPPORTED],
    )


def _contacts(source: Source) -> Iterator[SimulatedContact]:
    """The contacts that the simulator knows: those of the list which shall be known."""
    from ..models.messages import SendMessage
    from ..simulator import SimulatedContact
    from .recipients.messages import read_message

    defaults = _defaults()
    for row in _rows(source):
        message = read_message(row, defaults)
        if not isinstance(message, SendMessage) or row.cells["expect"] == _UNKNOWN:
            continue
        if message.contact_id is not None:
            yield SimulatedContact(message.contact_id, *_ROUTE_OF_IDS, f"viber-{row.number}")
        elif message.bot_id and message.messenger and message.contact_external_id:
            route = (message.bot_id, message.messenger, message.contact_external_id)
            yield SimulatedContact(row.number, *route)


class Expectations:
    """A sink that compares each outcome with the list's own column, and passes it on.

    Args:
        sink: Where outcomes go on to.
        expected: What the list's column says, by the row's number.
    """

    def __init__(self, sink: Sink, expected: Mapping[int, str]) -> None:
        self._sink = sink
        self._expected = expected
        self._found: dict[int, SendOutcome] = {}

    def write(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Take one outcome."""
        self._found[number] = outcome
        self._sink.write(number, line, outcome)

    def surprises(self) -> list[str]:
        """What is not as expected, a line for each row."""
        return [
            f"Row {number} was expected to end as {expected}, but it ended as {told}."
            for number, expected in self._expected.items()
            if (told := self._told(number)) != expected
        ]

    def _told(self, number: int) -> str:
        """What came of a row, in the list's words where it has them."""
        outcome = self._found.get(number)
        if outcome is None:
            return _LEFT_OUT
        if outcome.outcome is Outcome.ACCEPTED:
            return "accepted"
        known = (name for name, kind in _ERRORS.items() if kind and isinstance(outcome.error, kind))
        return next(known, f"{outcome.outcome.value} ({outcome.error})")
