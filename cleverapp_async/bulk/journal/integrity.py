"""Whether a journal's file and its rows are sound, before anything is sent because of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import LATEST, LONGEST, damaged

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["check_whole"]

_CHECKED = 16 * 2**20
"""Bytes up to which the structure of the whole file is looked through: some ten milliseconds' work.
Of a larger one only what tells who was sent to is: looking for a message finds that it is missing,
and one that has gone with all that knows of it is missed when they are counted."""

_TELLING = ("fate", "error", "key", "meta", "session")

# A NULL is neither inside nor outside of anything; texts and bytes are above every number.
_CONDITIONS = " AND ".join(
    (
        "typeof(state) = 'integer' AND state BETWEEN 0 AND 5",
        # The last digit is a state, and those before it count earlier attempts.
        f"typeof(before) = 'integer' AND before BETWEEN 0 AND {LONGEST} AND before % 10 <= 5",
        f"intent_at BETWEEN 0 AND {LATEST}",
        f"ended_at BETWEEN 0 AND {LATEST}",
        f"waited BETWEEN 0 AND {LONGEST}",
        f"on_wire BETWEEN 0 AND {LONGEST}",
        "permanent IN (0, 1)",
        "(error_id IS NULL OR error_id IN (SELECT id FROM error))",
        "id IN (SELECT id FROM message)",
    )
)
_UNSOUND = f"SELECT 1 FROM fate WHERE NOT ({_CONDITIONS}) LIMIT 1"  # noqa: S608 - made of constants


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Look through a journal that is open for writing.

    Nobody can tell a row that was changed to something that could be true. That every message is
    there, and what limits it, is seen where they are counted: :func:`.queries.summary`.

    Raises:
        JournalError: The file or a row of it is damaged.
    """
    pages, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "page_size")
    )
    # Before version 3.33 SQLite takes a name for no limit, and looks through the whole file.
    for checked in ("1",) if pages * size <= _CHECKED else _TELLING:
        told = connection.execute(f"PRAGMA quick_check({checked})").fetchone()[0]
        if told != "ok":
            raise damaged(f"SQLite finds in it: {' '.join(str(told).split())}", path)
    if connection.execute(_UNSOUND).fetchone() is not None:
        raise damaged("what became of a message in it makes no sense", path)
