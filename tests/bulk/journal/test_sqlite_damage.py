"""Damaged and hostile journals: every way of opening one gives the one error, soon."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.journal import JournalReader, JournalState, purge_journal, resolve_unknown
from tests.bulk.journal.damage import (
    COLUMNS,
    HOSTILE,
    damages,
    edit_cell,
    make_journal,
    wrong_exceptions,
)
from tests.bulk.journal.journals import ORIGIN, load, messages
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CELLS = [(table, column) for table, columns in COLUMNS.items() for column in columns]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with which nothing is wrong."""
    return make_journal(tmp_path_factory.mktemp("sound") / "run.db")


def _copy(sound: Path, folder: Path) -> Path:
    path = folder / "run.db"
    for file in folder.glob("run.db*"):
        file.unlink()
    return type(path)(shutil.copyfile(sound, path))


def test_a_sound_journal_is_opened_in_every_way(sound: Path, tmp_path: Path) -> None:
    """What looks for wrong exceptions finds none where nothing is wrong, and reads everything."""
    path = _copy(sound, tmp_path)
    assert wrong_exceptions(path) == []
    with JournalReader(path) as reader:
        assert reader.summary().messages == 40
        assert {entry.state for entry in reader.entries()} >= {
            JournalState.ACCEPTED,
            JournalState.REJECTED,
            JournalState.PENDING,
        }


async def test_rows_out_of_order_are_found_in_a_large_file_too(sound: Path, tmp_path: Path) -> None:
    """A tree of results that a search would miss a row in is refused, however large the file is."""
    path = _copy(sound, tmp_path)
    connection = sqlite3.connect(path, isolation_level=None)
    # Somebody's own fact, which means nothing to a journal.
    connection.execute("INSERT INTO meta VALUES ('ballast', zeroblob(20000000))")
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    asked = "SELECT rootpage FROM sqlite_master WHERE name = 'fate'"
    begin = (connection.execute(asked).fetchone()[0] - 1) * size
    connection.close()
    assert await _open_error(path) is None
    content = bytearray(path.read_bytes())
    assert content[begin] == 13, "a leaf with the rows themselves, by the format of SQLite's files"
    cells = begin + 8
    content[cells : cells + 4] = content[cells + 2 : cells + 4] + content[cells : cells + 2]
    path.write_bytes(content)
    assert "damaged" in str(await _open_error(path))


@pytest.mark.parametrize("origin", [None, "https://a.example/\n\x1b[31mSent.", 5, b"\xff"])
async def test_a_base_url_that_is_none_is_damage(
    sound: Path, tmp_path: Path, origin: object
) -> None:
    """A fact that is missing, of another kind, or more than a line is told in one line."""
    path = _copy(sound, tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM meta WHERE name = 'origin'")
        if origin is not None:
            connection.execute("INSERT INTO meta VALUES ('origin', ?)", (origin,))
    connection.close()
    journal = SqliteJournal(path)
    with pytest.raises(JournalError) as raised:
        await journal.open("https://b.example/api/v1")
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("name", ["created_at", "intents"])
async def test_a_count_of_intents_that_makes_no_sense_is_damage(
    sound: Path, tmp_path: Path, name: str
) -> None:
    """Whatever stands in a fact that is kept beside the file, the error is a journal's."""
    path = _copy(sound, tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, b"\xff"))
    connection.close()
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    with raises(JournalError, "damaged"):
        await load(journal, None)
    await journal.close("failed")


async def _open_error(path: Path) -> JournalError | None:
    journal = SqliteJournal(path)
    try:
        await journal.open(ORIGIN, create=False)
    except JournalError as error:
        return error
    await journal.close("interrupted")
    return None


def _bytes_of_a_file(sound: Path, tmp_path: Path, count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    found: list[str] = []
    for number in range(count):
        path = _copy(sound, tmp_path)
        told = rng.random()
        damages(random.Random(told), path)
        found += [f"{told}: {one}" for one in wrong_exceptions(path, commands=number % 10 == 0)]
    return found


def _cells(sound: Path, tmp_path: Path, chosen: list[tuple[str, str, object]]) -> list[str]:
    found: list[str] = []
    for number, (table, column, value) in enumerate(chosen):
        path = _copy(sound, tmp_path)
        if edit_cell(path, table, column, value, raw=value == "x"):
            wrong = wrong_exceptions(path, commands=number % 10 == 0)
            found += [f"{table}.{column} = {value!r:.40}: {one}" for one in wrong]
    return found


def test_damaged_bytes_give_the_one_error(sound: Path, tmp_path: Path) -> None:
    """Flipped, cut, swapped and overwritten bytes raise a JournalError or nothing."""
    assert _bytes_of_a_file(sound, tmp_path, 8, seed=7) == []


def test_hostile_cells_give_the_one_error(sound: Path, tmp_path: Path) -> None:
    """A value that nobody would write, in any column, raises a JournalError or nothing."""
    rng = random.Random(5)
    chosen = [(*cell, rng.choice(HOSTILE)) for cell in rng.sample(_CELLS, 10)]
    assert _cells(sound, tmp_path, chosen) == []


def test_a_hostile_end_of_a_run_gives_the_one_error(sound: Path, tmp_path: Path) -> None:
    """A purge looks at it, too: what is no text is erased like the text of an error."""
    chosen = [("session", "ended", value) for value in HOSTILE]
    assert _cells(sound, tmp_path, chosen) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_damaged_bytes_give_the_one_error_at_length(sound: Path, tmp_path: Path) -> None:
    """The same with two thousand copies."""
    assert _bytes_of_a_file(sound, tmp_path, 2_000, seed=11) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_hostile_cells_give_the_one_error_at_length(sound: Path, tmp_path: Path) -> None:
    """The same with every hostile value in every column."""
    chosen = [(table, column, value) for table, column in _CELLS for value in HOSTILE]
    assert _cells(sound, tmp_path, chosen) == []


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("message", "parameters", "[" * 100_000),
        ("message", "parameters", '{"contact_id":1e999,"text":"x"}'),
        ("message", "key_id", 99),
        ("fate", "state", -1),
        ("fate", "state", 6),
        ("fate", "ended_at", -1.0),
        ("fate", "ended_at", 1e300),
        ("fate", "waited", float("inf")),
        ("fate", "attempts", "x"),
        ("fate", "contact_id", "1e999"),
        ("error", "told", '["a",null,"b",[["x",null,[],3]]]'),
        ("key", "bot_id", "x"),
        ("session", "started_at", "x"),
        ("session", "pid", b"\xff"),
        ("meta", "value", "x"),
    ],
)
def test_what_cannot_be_true_is_refused(
    sound: Path, tmp_path: Path, table: str, column: str, value: object
) -> None:
    """A value that makes no sense is told as damage, by the reader that comes upon it."""
    path = _copy(sound, tmp_path)
    assert edit_cell(path, table, column, value)

    def read() -> None:
        with JournalReader(path) as reader:
            reader.summary()
            list(reader.entries())
            list(reader.settled())
            reader.errors()

    with pytest.raises(JournalError):
        read()


async def test_a_message_that_is_missing_is_noticed(tmp_path: Path) -> None:
    """A journal that holds fewer messages than it was made of is damaged: none is lost unsaid."""
    path = tmp_path / "run.db"
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    await load(journal, messages(9))
    await journal.close("interrupted")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM message WHERE id = 5")
    connection.close()
    with pytest.raises(JournalError, match="damaged"), JournalReader(path) as reader:
        reader.summary()


_ENDLESS = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT"
_FOREIGN = {
    "an endless view": f"""
        ALTER TABLE message RENAME TO kept;
        CREATE VIEW message AS {_ENDLESS} i AS id, 0 AS key_id, 'x' AS method, '' AS parameters
        FROM n
    """,
    "a view besides": "CREATE VIEW more AS SELECT * FROM message",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON fate BEGIN DELETE FROM message; END",
    "a table besides": "CREATE TABLE more (x)",
    "an index besides": "CREATE INDEX more ON fate (state)",
    "a virtual table": "CREATE VIRTUAL TABLE more USING fts3(x)",
    "a generated column": "ALTER TABLE fate ADD COLUMN more AS (state + 1)",
    "a column besides": "ALTER TABLE fate ADD COLUMN more",
    "a table that is missing": "DROP TABLE error",
    "a check of a table": """
        DROP TABLE duplicate;
        CREATE TABLE duplicate (id INTEGER PRIMARY KEY, first_id INTEGER, digest BLOB,
            CHECK (length(hex(randomblob(1000000))) > 0))
    """,
    "a default that is computed": """
        DROP TABLE session;
        CREATE TABLE session (id INTEGER PRIMARY KEY, started_at REAL, ended_at REAL,
            pid INTEGER DEFAULT (abs(-9223372036854775808)), host TEXT, ended TEXT)
    """,
    "another collation": """
        DROP TABLE error;
        CREATE TABLE error (id INTEGER PRIMARY KEY, told TEXT COLLATE NOCASE UNIQUE)
    """,
}


@pytest.mark.parametrize("what", _FOREIGN)
def test_a_schema_that_is_not_ours_is_refused(sound: Path, tmp_path: Path, what: str) -> None:
    """Whatever else a file has than a journal's tables, nobody queries it."""
    path = _copy(sound, tmp_path)
    connection = sqlite3.connect(path)
    try:
        connection.executescript(_FOREIGN[what])
    except sqlite3.OperationalError as error:
        pytest.skip(f"this SQLite makes no such thing: {error}")
    finally:
        connection.close()
    with pytest.raises(JournalError, match="damaged"), JournalReader(path):
        pass
    with pytest.raises(JournalError, match="damaged"):
        asyncio.run(SqliteJournal(path).open(ORIGIN))
    with pytest.raises(JournalError, match="damaged"):
        resolve_unknown(path, JournalState.ACCEPTED)
    with pytest.raises(JournalError, match="damaged"):
        purge_journal(path, force=True)
    assert wrong_exceptions(path, commands=what == "an endless view") == []


def _endless(connection: sqlite3.Connection) -> Iterator[object]:
    yield from connection.execute(f"{_ENDLESS} i FROM n WHERE i < 0")


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_endless_query(sound: Path, number: signal.Signals) -> None:
    """A handler of a signal runs in the middle of a query, and what it raises ends the query."""

    def handle(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, handle)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), number))
    try:
        with JournalReader(sound) as reader:
            connection = reader._connection
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                next(reader._stream(_endless(connection)))
            assert reader.summary().messages == 40
    finally:
        signal.signal(number, before)
        timer.join()


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_a_signal_ends_a_change_and_undoes_it(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of a change leaves the journal as it was."""
    path = _copy(sound, tmp_path)

    def endless(connection: sqlite3.Connection) -> tuple[int, ...]:
        connection.execute("DELETE FROM fate")
        connection.execute(f"{_ENDLESS} max(i) FROM n").fetchone()
        return ()

    monkeypatch.setattr("cleverapp_async.bulk.journal.sqlite.maintenance.orphan_intents", endless)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        resolve_unknown(path, JournalState.ACCEPTED)
    timer.join()
    with JournalReader(path) as reader:
        assert reader.summary().by_state[JournalState.ACCEPTED] == 6
        assert reader.holder() is None
