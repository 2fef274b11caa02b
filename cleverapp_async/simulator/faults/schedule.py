"""Which fault strikes which request."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

from attrs import define, field

from .actions import Reset
from .faults import Fault, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..laravel.parameters import Parameters


@define
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0

    def strikes(self, rng: random.Random) -> bool:
        trigger = self.fault.trigger
        self.seen += 1
        return (
            (trigger.times is None or self.struck < trigger.times)
            and (trigger.on is None or self.seen == trigger.on)
            and (trigger.every is None or self.seen % trigger.every == 0)
            and (trigger.probability is None or rng.random() < trigger.probability)
        )


@define
class FaultSchedule:
    """Holds the faults in their order; where several would strike, the first does.

    Every fault counts every request that is its own, also those another fault struck.
    """

    _rng: random.Random
    _armed: list[_Armed] = field(init=False, factory=list[_Armed])

    def add(self, faults: Iterable[Fault]) -> None:
        """Arm more faults, after those which are there."""
        self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Disarm all faults."""
        self._armed.clear()

    def count(self, fault: Fault) -> int:
        """Tell how often a fault struck since it was added."""
        return sum(armed.struck for armed in self._armed if armed.fault == fault)

    def pick_unread(self, at: Literal["accept", "bytes"]) -> Fault | None:
        """Choose the reset for a new connection, or for a request's first bytes."""
        if not self._armed:
            return None

        def concerns(fault: Fault) -> bool:
            return isinstance(fault.action, Reset) and fault.action.at == at

        return self._pick(concerns)

    def pick(self, endpoint: str, parameters: Parameters) -> Fault | None:
        """Choose the fault for a request that was read."""
        if not self._armed:
            return None

        def concerns(fault: Fault) -> bool:
            action = fault.action
            unread = isinstance(action, Reset) and action.at != "read"
            return not unread and _matches(fault.trigger, endpoint, parameters)

        return self._pick(concerns)

    def _pick(self, concerns: Callable[[Fault], bool]) -> Fault | None:
        chosen: _Armed | None = None
        for armed in self._armed:
            if concerns(armed.fault) and armed.strikes(self._rng) and chosen is None:
                chosen = armed
        if chosen is None:
            return None
        chosen.struck += 1
        return chosen.fault


def _matches(trigger: Trigger, endpoint: str, parameters: Parameters) -> bool:
    if trigger.endpoint is not None and trigger.endpoint != endpoint:
        return False
    return trigger.when is None or trigger.when(parameters)
