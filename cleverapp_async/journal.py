"""Campaigns that are written down: journals, their records, what reads and what changes them.

:class:`SqliteJournal` keeps a campaign in a file, :class:`JournalReader` looks into it. Implement
:class:`Journal` to keep campaigns elsewhere, and :class:`CampaignReader` to report on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._imports import lazy_names
from .errors import (
    JournalError,
    JournalLockedError,
    JournalLostError,
    JournalMismatchError,
    JournalUnreachableError,
    JournalWriteError,
)

if TYPE_CHECKING:
    from .bulk.journal.messages import address_of, read_messages
    from .bulk.journal.protocol import (
        Campaign,
        CampaignReader,
        Journal,
        MarkOf,
        RecognizesAccount,
        SendHistory,
    )
    from .bulk.journal.records import (
        ErrorRecord,
        JournalEntry,
        JournalResult,
        JournalSession,
        JournalState,
        JournalSummary,
        Loaded,
        LockHolder,
        Resend,
        SettledMessage,
    )
    from .bulk.journal.sqlite.journal import SqliteJournal
    from .bulk.journal.sqlite.maintenance import SqliteCampaign, purge_journal, resolve_unknown
    from .bulk.journal.sqlite.reader import JournalReader
    from .bulk.report.csv import ByteStream, export_csv
    from .bulk.report.page import write_report

__all__ = [
    "ByteStream",
    "Campaign",
    "CampaignReader",
    "ErrorRecord",
    "Journal",
    "JournalEntry",
    "JournalError",
    "JournalLockedError",
    "JournalLostError",
    "JournalMismatchError",
    "JournalReader",
    "JournalResult",
    "JournalSession",
    "JournalState",
    "JournalSummary",
    "JournalUnreachableError",
    "JournalWriteError",
    "Loaded",
    "LockHolder",
    "MarkOf",
    "RecognizesAccount",
    "Resend",
    "SendHistory",
    "SettledMessage",
    "SqliteCampaign",
    "SqliteJournal",
    "address_of",
    "export_csv",
    "purge_journal",
    "read_messages",
    "resolve_unknown",
    "write_report",
]

if not TYPE_CHECKING:
    # A program that keeps its campaigns elsewhere loads no SQLite, and one that sends no report.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "ByteStream": ".bulk.report.csv",
            "Campaign": ".bulk.journal.protocol",
            "CampaignReader": ".bulk.journal.protocol",
            "ErrorRecord": ".bulk.journal.records",
            "Journal": ".bulk.journal.protocol",
            "JournalEntry": ".bulk.journal.records",
            "JournalReader": ".bulk.journal.sqlite.reader",
            "JournalResult": ".bulk.journal.records",
            "JournalSession": ".bulk.journal.records",
            "JournalState": ".bulk.journal.records",
            "JournalSummary": ".bulk.journal.records",
            "Loaded": ".bulk.journal.records",
            "LockHolder": ".bulk.journal.records",
            "MarkOf": ".bulk.journal.protocol",
            "RecognizesAccount": ".bulk.journal.protocol",
            "Resend": ".bulk.journal.records",
            "SendHistory": ".bulk.journal.protocol",
            "SettledMessage": ".bulk.journal.records",
            "SqliteCampaign": ".bulk.journal.sqlite.maintenance",
            "SqliteJournal": ".bulk.journal.sqlite.journal",
            "address_of": ".bulk.journal.messages",
            "export_csv": ".bulk.report.csv",
            "purge_journal": ".bulk.journal.sqlite.maintenance",
            "read_messages": ".bulk.journal.messages",
            "resolve_unknown": ".bulk.journal.sqlite.maintenance",
            "write_report": ".bulk.report.page",
        },
    )
