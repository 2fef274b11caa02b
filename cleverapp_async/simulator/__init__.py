"""A simulator of the CleverApp API: develop, test and demonstrate without an account.

It is a second implementation of the API's pages and shares no code with the client, so
that the two cannot share a mistake.
"""

from __future__ import annotations

from .assumptions import ASSUMPTIONS, Assumption
from .context import CountReferralsShape, DateStyle, EmptyObjects, VariablesShape
from .faults.actions import Action, Exchange
from .faults.faults import Fault, Predicate, Trigger, TriggerOptions
from .faults.latency import Constant, Delay, Latency, Lognormal, Uniform
from .inbox.server import Inbox
from .laravel.parameters import Parameters
from .laravel.replies import Reply
from .limits import WINDOW_KINDS, LimitWindow, Rounding, SimulatedQuota, SimulatorLimits, WindowKind
from .observation import AnswerText, Observation, Observer, RequestText
from .referee import Duplicate, DuplicateKey, Tally, Verdict, most_in_any_window
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
    "Action",
    "AnswerText",
    "Arrival",
    "ArrivalLog",
    "ArrivalVerdict",
    "Assumption",
    "Constant",
    "CountReferralsShape",
    "DateStyle",
    "Delay",
    "Duplicate",
    "DuplicateKey",
    "EmptyObjects",
    "Exchange",
    "Fault",
    "Inbox",
    "Latency",
    "LimitWindow",
    "Lognormal",
    "Observation",
    "Observer",
    "Parameters",
    "Predicate",
    "Reply",
    "RequestText",
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
    "SimulatedQuota",
    "SimulatedVariable",
    "Simulator",
    "SimulatorLimits",
    "Tally",
    "Trigger",
    "TriggerOptions",
    "Uniform",
    "VariablesShape",
    "Verdict",
    "WindowKind",
    "generate",
    "load_seed",
    "most_in_any_window",
    "parse_seed",
]
