"""All or nothing: how a journal's thread writes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator

__all__ = ["Commit", "transaction"]

Commit: TypeAlias = "Callable[[sqlite3.Connection], None]"
"""Ends a transaction, so that what was written in it is durable."""


@contextmanager
def transaction(connection: sqlite3.Connection, commit: Commit) -> Generator[None]:
    """All that is written inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        commit(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
