"""A simulator of the CleverApp API: develop, test and demonstrate without an account.

It is a second implementation of the API's pages and shares no code with the client, so
that the two cannot share a mistake.
"""

from __future__ import annotations

from .arrivals import Arrival, ArrivalLog, ArrivalVerdict
from .assumptions import ASSUMPTIONS, Assumption
from .contacts import SimulatedContact
from .faults import Fault, Trigger
from .latency import Constant, Delay, Latency, Lognormal, Uniform
from .limits import Quota, SimulatorLimits
from .referee import most_in_any_window
from .server import Simulator
from .verdict import Duplicate, Tally, Verdict
from .windows import WINDOW_KINDS, WindowKind

__all__ = [
    "ASSUMPTIONS",
    "WINDOW_KINDS",
    "Arrival",
    "ArrivalLog",
    "ArrivalVerdict",
    "Assumption",
    "Constant",
    "Delay",
    "Duplicate",
    "Fault",
    "Latency",
    "Lognormal",
    "Quota",
    "SimulatedContact",
    "Simulator",
    "SimulatorLimits",
    "Tally",
    "Trigger",
    "Uniform",
    "Verdict",
    "WindowKind",
    "most_in_any_window",
]
