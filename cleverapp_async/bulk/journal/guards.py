"""What keeps a damaged or hostile file from doing more than being refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

__all__ = ["guard"]

_STEPS = 50_000
"""Instructions of SQLite after which it looks up: some milliseconds of a query."""

_LONGEST = 64 * 2**20
"""Bytes of a cell: no message or error is nearly as long."""

_SETTINGS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
)


def guard(connection: sqlite3.Connection, give_up: Callable[[], bool] | None = None) -> None:
    """Bound what a file can make SQLite do, and let a long query be given up.

    Args:
        connection: A connection that was just made.
        give_up: Asked now and then in a long query: whether to give it up. None: never, but Python
            runs the handlers of signals then, and a handler that raises ends the query.
    """
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    connection.set_progress_handler(give_up or _go_on, _STEPS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    # VACUUM attaches one.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)
    for setting in _SETTINGS:
        connection.execute(setting)


def _go_on() -> bool:
    return False
