"""A simulator of the CleverApp API: develop, test and demonstrate without an account.

It is a second implementation of the API's pages and shares no code with the client, so
that the two cannot share a mistake.
"""

from __future__ import annotations

from .assumptions import ASSUMPTIONS, Assumption
from .context import CountReferralsShape, DateStyle, EmptyObjects, VariablesShape
from .faults.faults import Fault, Trigger
from .faults.latency import Constant, Delay, Latency, Lognormal, Uniform
from .limits import WINDOW_KINDS, Quota, Rounding, SimulatorLimits, WindowKind
from .referee import Duplicate, Tally, Verdict, most_in_any_window
from .request_log import Arrival, ArrivalLog, ArrivalVerdict
from .seed.generate import generate
from .seed.load import load_seed, parse_seed
from .server import Simulator
from .state.records import (
    SeedData,
    SeedError,
    SimulatedAccount,
    SimulatedBot,
    SimulatedContact,
    SimulatedCryptoAccount,
    SimulatedField,
    SimulatedItem,
    SimulatedListSchema,
    SimulatedVariable,
)

__all__ = [
    "ASSUMPTIONS",
    "WINDOW_KINDS",
    "Arrival",
    "ArrivalLog",
    "ArrivalVerdict",
    "Assumption",
    "Constant",
    "CountReferralsShape",
    "DateStyle",
    "Delay",
    "Duplicate",
    "EmptyObjects",
    "Fault",
    "Latency",
    "Lognormal",
    "Quota",
    "Rounding",
    "SeedData",
    "SeedError",
    "SimulatedAccount",
    "SimulatedBot",
    "SimulatedContact",
    "SimulatedCryptoAccount",
    "SimulatedField",
    "SimulatedItem",
    "SimulatedListSchema",
    "SimulatedVariable",
    "Simulator",
    "SimulatorLimits",
    "Tally",
    "Trigger",
    "Uniform",
    "VariablesShape",
    "Verdict",
    "WindowKind",
    "generate",
    "load_seed",
    "most_in_any_window",
    "parse_seed",
]
