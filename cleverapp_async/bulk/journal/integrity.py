"""Whether a journal's file and its rows are sound, before anything is sent because of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import LATEST, LONGEST, damaged

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["check_whole"]

_CHECKED = 256 * 2**20
"""Bytes up to which the structure of the whole file is looked through: a second's work or so."""


def _seconds(column: str, end: int) -> str:
    return (
        f"({column} IS NULL OR typeof({column}) IN ('integer', 'real') "
        f"AND {column} >= 0 AND {column} < {end})"
    )


def _state(column: str) -> str:
    return f"(typeof({column}) = 'integer' AND {column} BETWEEN 0 AND 5)"


_CONDITIONS = " AND ".join(
    (
        _state("state"),
        # The tens count earlier attempts.
        "before >= 0",
        _state("before % 10"),
        _seconds("intent_at", LATEST),
        _seconds("ended_at", LATEST),
        _seconds("waited", LONGEST),
        _seconds("on_wire", LONGEST),
        "(permanent IS NULL OR permanent IN (0, 1))",
        "(error_id IS NULL OR error_id IN (SELECT id FROM error))",
        "id IN (SELECT id FROM message)",
    )
)
_UNSOUND = {
    "what became of a message": f"SELECT 1 FROM fate WHERE NOT ({_CONDITIONS}) LIMIT 1",  # noqa: S608 - made of constants
    "what limits a message": (
        "SELECT 1 FROM message WHERE key_id IS NULL OR key_id NOT IN (SELECT id FROM key) LIMIT 1"
    ),
}


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Look through a journal that is open for writing.

    Nobody can tell a row that was changed to something that could be true.

    Raises:
        JournalError: The file or a row of it is damaged.
    """
    pages, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "page_size")
    )
    if pages * size <= _CHECKED:
        told = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if told != "ok":
            raise damaged(f"SQLite finds in it: {' '.join(str(told).split())}", path)
    for what, unsound in _UNSOUND.items():
        if connection.execute(unsound).fetchone() is not None:
            raise damaged(f"{what} in it makes no sense", path)
