"""The simulators of a run of pytest: who closes them, and what is said of them at a test's end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Unpack

from attrs import define, field, fields_dict

from .._terminal import printable
from ..simulator import Arrival, Fault, SimulatorLimits, Trigger, Verdict
from ..simulator.referee import judge_log
from .simulator_thread import SimulatorSettings, SimulatorThread

__all__ = ["Simulators"]

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
