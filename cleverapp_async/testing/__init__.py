"""Helpers for tests: a clock that jumps, and what a journal of your own is checked with.

``run_virtual`` and ``VirtualTimeLoop`` run code that waits in no time at all. ``check_journal``
holds a :class:`~cleverapp_async.journal.Journal` of your own to what a campaign needs of it.
"""

from __future__ import annotations

from .journal_check import check_journal
from .journal_store import JournalStore
from .virtual_time import DeadlockError, VirtualTimeLoop, run_virtual

__all__ = ["DeadlockError", "JournalStore", "VirtualTimeLoop", "check_journal", "run_virtual"]
