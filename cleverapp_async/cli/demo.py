"""``cleverapp demo``: the way of ``cleverapp send``, with the simulator at the other end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..client import CleverAppClient
from ..errors import CleverAppError, Outcome, UnsupportedMessengerError, ValidationError
from . import params
from .errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..bulk.outcome import SendOutcome
    from ..simulator import SimulatedContact, Simulator
    from .recipients.messages import Defaults
    from .recipients.rows import Row
    from .recipients.source import Source
    from .send.outcomes import Sink
    from .send.tally import Tally

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


@click.command(
    epilog=(
        "Exit codes: 0 every row came out as the list expects, and the referee saw no fault; 1 "
        "something did not; 2 the command cannot be used; 130 interrupted."
    )
)
@click.option(
    "--scale",
    type=params.SCALE,
    default=_SCALE,
    show_default=True,
    help="The limits' time runs so many times as fast.",
)
@click.option(
    "--window",
    type=click.Choice(["sliding", "fixed", "bucket"]),
    default="sliding",
    show_default=True,
    help="How the simulator counts N in T.",
)
@click.option("--output", metavar="FILE", help="New file for the outcomes; - for standard output.")
@click.pass_context
def demo(context: click.Context, *, scale: float, window: str, output: str | None) -> None:
    """Send a bundled list to the simulator.

    No account is needed, and nobody gets a message. The list has recipients of several bots and
    messengers; some are faulty and left out, some the server rejects. It ends with the verdict of
    a referee who saw every request arrive.
    """
    import asyncio
    from importlib.resources import as_file, files

    from rich.text import Text

    from .console import make_console
    from .recipients.source import open_source
    from .send.outcomes import open_sink
    from .send.plan import Wanted, make_plan
    from .send.progress import choose_view
    from .send.report import show_report
    from .send.resume_notes import FileNotes, tell_the_rest
    from .send.run import check
    from .send.runner import FileMessages, Runner
    from .shared_options import LimitSettings
    from .signals import Interrupts
    from .simulate import show_verdict
    from .text import say_duration

    console = make_console()
    with (
        Interrupts() as interrupts,
        as_file(files(__package__ or "").joinpath("data/demo.csv")) as path,
        open_source(str(path), "csv", name="demo.csv") as source,
        open_sink(output) as sink,
    ):
        simulator = _simulator(source, scale, window)
        expectations = Expectations(
            sink, {row.number: row.cells["expect"] for row in _rows(source)}
        )

        async def send() -> Tally:
            async with simulator:
                client = CleverAppClient(
                    simulator.api_token,
                    base_url=simulator.base_url,
                    limits=LimitSettings(scale=scale).registry(),
                )
                plan = make_plan(source, Wanted(defaults=_defaults()))
                messages = FileMessages(plan, client)
                least = messages.work().forecast.seconds
                console.print(
                    f"The API is simulated at {simulator.base_url}, with the documented limits\n"
                    f"and time {scale:g} times as fast: {say_duration(least * scale)} become "
                    f"{say_duration(least)}.",
                    soft_wrap=True,
                )
                check(plan, skip=True)
                runner = Runner(
                    source=messages,
                    sink=expectations,
                    view=choose_view(console, quiet=False, verbose=False),
                    interrupts=interrupts,
                    announce=FileNotes(console=console, output=output).beginning,
                )
                return await runner.send()

        try:
            tally = asyncio.run(send())
        except KeyboardInterrupt:
            context.exit(Exit.INTERRUPTED)
    show_report(console, tally)
    show_verdict(console, simulator.referee())
    tell_the_rest(console, tally, output)
    if tally.interrupted:
        context.exit(Exit.INTERRUPTED)
    surprises = expectations.surprises()
    for surprise in surprises:
        console.print(surprise, soft_wrap=True)
    if not surprises:
        console.print(Text("Every row came out as the list expects.", style="green"))
    context.exit(Exit.FAILED if surprises or not simulator.referee().clean else Exit.OK)


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
            f"Row {number} was expected to be {expected}, but it was {told}."
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
