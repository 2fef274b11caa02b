"""What ``cleverapp demo`` does: the way of ``send``, with the simulator at the other end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from attrs import define, field
from rich.console import Console
from rich.text import Text

from ..bulk.outcome import SendOutcome
from ..client import CleverAppClient
from ..errors import CleverAppError, Outcome, UnsupportedMessengerError, ValidationError
from ..models.messages import SendMessage
from ..simulator import WINDOW_KINDS, Latency, SimulatedContact, Simulator, SimulatorLimits
from .carrying import Campaign
from .console import make_console
from .durations import say_duration
from .exits import Exit
from .outcomes import Sink, open_sink
from .plan import Wanted, make_plan
from .quotas import LimitSettings
from .recipients import Defaults, read_message
from .rows import Row
from .sending import check, send_plan, tell_the_rest
from .show import choose_view
from .signals import Interrupts
from .simulate import show_verdict
from .source import Source, open_source
from .template import Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .tally import Tally

__all__ = ["Expectations", "run_demo"]

_DEFAULTS = Defaults(text=Template.parse("Здравствуйте, {name}! Ваш заказ готов."))
_ROUTE_OF_IDS = (12, "viber")
_UNSUPPORTED = "icq"
_LATENCY = Latency.lognormal(0.02, 0.5)
_UNKNOWN, _LEFT_OUT = "unknown contact", "left out"
_ERRORS: Mapping[str, type[CleverAppError] | None] = {
    "accepted": None,
    _UNKNOWN: ValidationError,
    "unsupported messenger": UnsupportedMessengerError,
}
"""What the list's own column ``expect`` means."""


def run_demo(scale: float, window: str, output: str | None) -> Exit:
    """Carry out ``cleverapp demo``.

    Args:
        scale: How many times as fast the limits' time runs.
        window: How the simulator counts.
        output: As for ``cleverapp send``; None keeps the outcomes nowhere.

    Returns:
        0 where the referee is content and every outcome is as the list says.
    """
    bundled = files(__package__ or "").joinpath("data/demo.csv")
    console = make_console()
    with (
        Interrupts() as interrupts,
        as_file(bundled) as path,
        open_source(str(path), "csv", name="demo.csv") as source,
        open_sink(output) as sink,
    ):
        simulator = Simulator(
            limits=SimulatorLimits().scaled(scale),
            window=next(kind for kind in WINDOW_KINDS if kind == window),
            latency=_LATENCY,
            contacts=_contacts(_rows(source)),
            unsupported_messengers=[_UNSUPPORTED],
        )
        expectations = Expectations(
            sink, {row.number: row.cells["expect"] for row in _rows(source)}
        )
        demonstration = _Demonstration(simulator, source, expectations, scale, console, interrupts)
        try:
            tally = asyncio.run(demonstration.run())
        except KeyboardInterrupt:
            return Exit.INTERRUPTED
    show_verdict(console, simulator.referee())
    tell_the_rest(console, tally, output)
    if tally.interrupted:
        return Exit.INTERRUPTED
    surprises = expectations.surprises()
    for surprise in surprises:
        console.print(surprise, soft_wrap=True)
    if not surprises:
        console.print(Text("Every row came out as the list expects.", style="green"))
    return Exit.FAILED if surprises or not simulator.referee().clean else Exit.OK


def _rows(source: Source) -> Iterator[Row]:
    return (record for record in source.table().records if isinstance(record, Row))


def _contacts(rows: Iterable[Row]) -> Iterator[SimulatedContact]:
    """The contacts that the simulator knows: those of the list which shall be known."""
    for row in rows:
        message = read_message(row, _DEFAULTS)
        if not isinstance(message, SendMessage) or row.cells["expect"] == _UNKNOWN:
            continue
        if message.contact_id is not None:
            yield SimulatedContact(message.contact_id, *_ROUTE_OF_IDS, f"viber-{row.number}")
        elif message.bot_id and message.messenger and message.contact_external_id:
            route = (message.bot_id, message.messenger, message.contact_external_id)
            yield SimulatedContact(row.number, *route)


@define
class Expectations:
    """A sink that compares each outcome with the list's own column, and passes it on."""

    _sink: Sink
    _expected: Mapping[int, str]
    _found: dict[int, SendOutcome] = field(factory=dict[int, "SendOutcome"])

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


@define
class _Demonstration:
    """One run of the demo."""

    simulator: Simulator
    source: Source
    expectations: Expectations
    scale: float
    console: Console
    interrupts: Interrupts

    async def run(self) -> Tally:
        async with self.simulator as simulator:
            campaign = self.campaign(simulator)
            least = campaign.forecast().seconds
            self.say(
                f"The API is simulated at {simulator.base_url}, with the documented limits\n"
                f"and time {self.scale:g} times as fast: {say_duration(least * self.scale)} become "
                f"{say_duration(least)}."
            )
            check(campaign.plan, skip=True)
            return await send_plan(campaign, self.console, quiet=False)

    def campaign(self, simulator: Simulator) -> Campaign:
        plan = make_plan(self.source, Wanted(defaults=_DEFAULTS))
        client = CleverAppClient(
            simulator.api_token,
            base_url=simulator.base_url,
            limits=LimitSettings(scale=self.scale).registry(),
        )
        view = choose_view(self.console, quiet=False, verbose=False)
        return Campaign(plan, client, self.expectations, view, self.interrupts)

    def say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)
