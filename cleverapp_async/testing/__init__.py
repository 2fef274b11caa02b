"""Helpers for tests: a simulator beside the test, settings that do not wait, a clock that jumps.

``SimulatorThread`` serves tests of every kind, and the fixtures of the pytest plugin are made of
it; ``quick_client_settings`` lets a client wait for nothing. ``run_virtual`` and
``VirtualTimeLoop`` run code that waits in no time at all. ``check_journal`` holds a
:class:`~cleverapp_async.journal.Journal` of your own to what a campaign needs of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._imports import lazy_names
from .journal_check import check_journal
from .journal_store import JournalStore
from .virtual_time import DeadlockError, VirtualTimeLoop, run_virtual

if TYPE_CHECKING:
    from .quick_settings import ClientSettings, quick_client_settings
    from .simulator_thread import MakeSimulator, SimulatorSettings, SimulatorThread

__all__ = [
    "ClientSettings",
    "DeadlockError",
    "JournalStore",
    "MakeSimulator",
    "SimulatorSettings",
    "SimulatorThread",
    "VirtualTimeLoop",
    "check_journal",
    "quick_client_settings",
    "run_virtual",
]

if not TYPE_CHECKING:
    # What needs the simulator, and with it aiohttp's server.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "ClientSettings": ".quick_settings",
            "MakeSimulator": ".simulator_thread",
            "SimulatorSettings": ".simulator_thread",
            "SimulatorThread": ".simulator_thread",
            "quick_client_settings": ".quick_settings",
        },
    )
