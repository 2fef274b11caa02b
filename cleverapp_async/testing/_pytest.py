"""What the pytest plugin works with: the marker's arguments, and the simulators of a run.

``@pytest.mark.cleverapp(…)`` says what the simulator of a test is; a simulator is closed, and its
referee asked, at the test's end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import (
    Any,
    Final,
    Literal,
    TypeAlias,
    Union,
    Unpack,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import pytest
from attrs import define, field, fields_dict, frozen

from .._terminal import printable
from ..simulator import Arrival, Fault, SimulatorLimits, Trigger, Verdict
from ..simulator.referee import judge_log
from .simulator_thread import SimulatorSettings, SimulatorThread

__all__ = ["MARKER", "MarkedSettings", "Simulators", "WrongMarkerError", "settings_of"]

MARKER: Final = "cleverapp"

_EXAMPLES: Final[Mapping[str, str]] = {
    "faults": "[Fault.reset_after(on=1)]",
    "latency": "Latency.constant(0.05)",
    "limits": "SimulatorLimits().scaled(100)",
}

_UNIONS: Final = (Union, UnionType)

_Hint: TypeAlias = object


class WrongMarkerError(Exception):
    """A marker that cannot work; the text names the test and the argument."""


@frozen
class MarkedSettings:
    """What the markers of a test say together.

    Args:
        simulator: The arguments of the test's simulator.
        assert_clean: Whether the referee must be clean and every fault met at the end.
    """

    simulator: SimulatorSettings
    assert_clean: bool


def settings_of(test: pytest.Item) -> MarkedSettings:
    """Read the markers of a test; of several the closest to the test decides, for each argument.

    Raises:
        WrongMarkerError: An argument is unknown, or its value is of a wrong type.
    """
    hints: dict[str, _Hint] = {**get_type_hints(SimulatorSettings), "assert_clean": bool}
    given: dict[str, Any] = {}
    for marker in test.iter_markers(MARKER):
        if marker.args:
            raise wrong_marker(test, f"arguments are given by name, not {marker.args[0]!r} alone")
        for name, value in marker.kwargs.items():
            if name not in hints:
                known = ", ".join(sorted(hints))
                raise wrong_marker(test, f"there is no argument {name}: known are {known}")
            if not _fits(value, hints[name]):
                wanted = _name_of(hints[name])
                if name in _EXAMPLES:
                    wanted += f", such as {_EXAMPLES[name]}"
                raise wrong_marker(test, f"{name} must be {wanted}, not {value!r}")
            # `iter_markers` gives the closest marker first.
            given.setdefault(name, value)
    clean = given.pop("assert_clean", True)
    return MarkedSettings(cast("SimulatorSettings", given), clean)


def wrong_marker(test: pytest.Item, what: str) -> WrongMarkerError:
    """Make the error for the marker of a test.

    Args:
        test: The test.
        what: The argument, and what is wrong with it.
    """
    return WrongMarkerError(f"{test.nodeid}: @pytest.mark.{MARKER}: {what}")


def _fits(value: object, hint: _Hint) -> bool:
    """Whether a value has a type; of the types that ``SimulatorSettings`` names."""
    origin, arguments = _parts(hint)
    if origin is Literal:
        return value in arguments
    if origin in _UNIONS:
        return any(_fits(value, one) for one in arguments)
    if origin is Iterable:
        # Not an iterator: several tests have the same marker, and it would be empty for the second.
        if not isinstance(value, Collection) or isinstance(value, str):
            return False
        return all(_fits(one, arguments[0]) for one in cast("Collection[object]", value))
    # A bool is an int for Python: `port=True` would pass as one.
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, origin)


def _name_of(hint: _Hint) -> str:
    """A type as an error names it."""
    origin, arguments = _parts(hint)
    if origin is Literal:
        return " or ".join(repr(one) for one in arguments)
    if origin in _UNIONS:
        # A list last: what stands behind it would be taken for one of its kinds.
        ordered = sorted(arguments, key=lambda one: _parts(one)[0] is Iterable)
        return " or ".join(_name_of(one) for one in ordered)
    if origin is Iterable:
        return f"a list of which each is {_name_of(arguments[0])}"
    return "None" if origin is type(None) else f"a {origin.__name__}"


def _parts(hint: _Hint) -> tuple[Any, tuple[Any, ...]]:
    """What a type is made of: the class, and what it is of."""
    return get_origin(hint) or hint, get_args(hint)


_ARRIVALS_TOLD: Final = 10
_LONGEST: Final = 160


@define(eq=False)
class _Known:
    """A simulator of this run.

    Args:
        simulator: The simulator.
        assert_clean: Whether it is judged.
        told: How many requests had arrived when the test before ended.
        first: The first of the log then; another one shows that the log was cleared.
    """

    simulator: SimulatorThread
    assert_clean: bool
    told: int = field(init=False, default=0)
    first: Arrival | None = field(init=False, default=None)

    def arrivals(self) -> Sequence[Arrival]:
        """What arrived since the test before ended: two tests may send the same message."""
        log = self.simulator.arrivals
        return log[self.told :] if log and log[0] is self.first else log[:]

    def problems(self) -> Iterator[str]:
        """What is wrong since then, each with its remedy."""
        verdict = self.verdict()
        if verdict.refusals or any(one.exceeded for one in (*verdict.keys, *verdict.account)):
            yield (
                "A limit was exceeded: have the client keep it (`**cleverapp_client_config`, or "
                "limits of your own that are those of the simulator)."
            )
        if verdict.duplicates:
            yield (
                "A message was taken more than once: if your code means to send it again, give "
                "each a text of its own."
            )
        # One that still runs may meet its faults in a later test.
        unmet = () if self.simulator.running else self.simulator.unmet_faults
        if due := ", ".join(map(_shown, _due(unmet))):
            yield (
                f"No request met {due}: have your code make that request, or take the fault away."
            )

    def verdict(self) -> Verdict:
        """What the referee says of the test alone."""
        return judge_log(self.arrivals(), self.simulator.limits)

    def lines(self) -> Iterator[str]:
        """The verdict and the last arrivals, for people."""
        yield "The referee's table:"
        for line in self.verdict().lines():
            yield f"  {printable(line)}"
        arrivals = self.arrivals()
        if not arrivals:
            return
        last = arrivals[-_ARRIVALS_TOLD:]
        told = "All arrivals" if len(last) == len(arrivals) else f"The last {len(last)} arrivals"
        yield f"{told}, in seconds since the first:"
        for arrival in last:
            yield f"  {_line(arrival, arrivals[0].at)}"

    def next_test(self) -> None:
        """What has arrived so far is nothing that the next test did."""
        log = self.simulator.arrivals
        self.told, self.first = len(log), log[0] if log else None


@define(eq=False)
class Simulators:
    """Makes the simulators of a run, and judges them when a test ends."""

    _known: list[_Known] = field(init=False, factory=list[_Known])
    _of_the_test: list[SimulatorThread] = field(init=False, factory=list[SimulatorThread])

    def make(
        self,
        at_the_end: Callable[[Callable[[], object]], None] | None,
        *,
        assert_clean: bool = True,
        **settings: Unpack[SimulatorSettings],
    ) -> SimulatorThread:
        """Make and start a simulator.

        Args:
            at_the_end: Calls back when the fixture that asks for the simulator ends. None: the
                test asks itself.
            assert_clean: As for ``MakeSimulator``.
            **settings: As for ``MakeSimulator``.

        Raises:
            ValueError: As by ``Simulator``.
            OSError: As by ``Simulator``, or the port is taken.
        """
        if not settings.keys() & {"limits", "window"}:
            # A test is not to wait for quotas unless it is about them.
            settings["limits"] = SimulatorLimits.none()
        simulator = SimulatorThread(**settings)
        simulator.start()
        if at_the_end is None:
            self._of_the_test.append(simulator)
        else:
            at_the_end(simulator.close)
        self._known.append(_Known(simulator, assert_clean))
        return simulator

    def close_those_of_the_test(self) -> None:
        """Close what the test itself asked for, which no fixture does."""
        while self._of_the_test:
            self._of_the_test.pop().close()

    def judge(self) -> Iterator[str]:
        """What is wrong with simulators at the end of a test; closed ones are forgotten then.

        One that goes on, because a fixture of a wider scope asked for it, is judged after each
        test, by what arrived in it.
        """
        # Judged in the order in which they were made; those that go on are kept for the next test.
        known, self._known = self._known, []
        for one in known:
            if one.simulator.running:
                self._known.append(one)
            problems = [*one.problems()] if one.assert_clean else []
            if problems:
                yield "\n".join((*problems, *one.lines()))
            one.next_test()

    def describe(self) -> Iterator[str]:
        """What reached each simulator, for the report of a test that failed by itself."""
        for one in self._known:
            if one.arrivals():
                yield "\n".join(one.lines())


def _due(unmet: tuple[Fault, ...]) -> Iterator[Fault]:
    """Those which should have struck: one with a probability may stay away."""
    return (fault for fault in unmet if fault.trigger.probability is None)


def _shown(fault: Fault) -> str:
    options = [
        f"{name}={value!r}"
        for name in fields_dict(Trigger)
        if (value := getattr(fault.trigger, name)) is not None
    ]
    return f"Fault.{fault.kind}({', '.join(options)})"


def _line(arrival: Arrival, first: float) -> str:
    where = "" if arrival.bot_id is None else f" of bot {arrival.bot_id}"
    where += "" if arrival.messenger is None else f" in {arrival.messenger}"
    status = "no answer" if arrival.status is None else str(arrival.status)
    fault = "" if arrival.fault is None else f", fault {arrival.fault}"
    taken = ", taken" if arrival.taken else ""
    parameters = json.dumps(dict(arrival.parameters), ensure_ascii=False)
    line = (
        f"{arrival.at - first:.3f} {arrival.endpoint or 'no request'}{where}: "
        f"{arrival.verdict}{taken}, {status}{fault} {parameters}"
    )
    return printable(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…")
