"""Journals that something has damaged, and everything that opens a journal."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from click.testing import CliRunner

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.cli.app import cleverapp
from cleverapp_async.journal import (
    ErrorRecord,
    JournalReader,
    JournalResult,
    JournalState,
    Resend,
    purge_journal,
    resolve_unknown,
    write_report,
)
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, messages, result

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["COLUMNS", "HOSTILE", "damages", "edit_cell", "make_journal", "wrong_exceptions"]

S = JournalState

COLUMNS = {
    "meta": ("name", "value"),
    "key": ("id", "bot_id", "messenger", "scope"),
    "message": ("id", "key_id", "method", "parameters"),
    "fate": (
        *("id", "state", "before", "intent_at", "ended_at", "permanent", "attempts", "waited"),
        *("on_wire", "contact_id", "error_id"),
    ),
    "error": ("id", "told"),
    "duplicate": ("id", "first_id", "digest"),
    "session": ("id", "started_at", "ended_at", "pid", "host", "ended"),
}
"""Every column of a journal."""

HOSTILE: tuple[object, ...] = (
    None,
    0,
    -1,
    1,
    6,
    2**62,
    2**63 - 1,
    -(2**63),
    0.5,
    -1.0,
    1e308,
    -1e308,
    float("inf"),
    float("-inf"),
    253_402_300_799.0,
    "",
    "x",
    "NaN",
    "1e999",
    "9" * 5000,
    "\0",
    b"",
    b"\xff\xfe",
    b"\0" * 100,
    sqlite3.Binary(b"\xed\xa0\x80"),
    "[" * 100_000,
    '{"a":' * 50_000,
    "[]",
    "{}",
    "null",
    "1",
    "NaN",
    "[1,2]",
    '["a",null,"b",[]]',
    '["a","b","c",[]]',
    '["a",null,"b",[["x",null,[],3]]]',
    '[["a"],null,{"b":1},[["x",null,"y","z"]]]',
    '{"contact_id":1e999,"text":"x"}',
    '{"contact_id":NaN,"text":"x"}',
    '{"contact_id":' + "9" * 5000 + ',"text":"x"}',
    '{"contact_id":1,"text":"\\ud800"}',
    '{"contact_id":1,"text":null}',
    '{"contact_id":[1],"text":{"a":[]}}',
    '{"contact_id":1,"text":"x","self":1}',
    '{"bot_id":true,"messenger":"telegram","contact_external_id":"1","text":"x"}',
)
"""What nobody would write into a cell; texts are also written as bytes that are no UTF-8."""


async def _make(path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    given = messages(40)
    await load(journal, [*given, *given[:3]])
    await journal.recognize(lambda salt: salt[:4])
    await asyncio.gather(*map(journal.intend, range(30)))
    refused = JournalResult(
        state=S.REJECTED,
        ended_at=1_800_000_000.0,
        permanent=True,
        attempts=2,
        waited=0.5,
        on_wire=0.25,
        error=ErrorRecord(
            type="ValidationError",
            message="m",
            status=422,
            fields=(("text", "max", ("a",), "слишком"),),
        ),
    )
    states = [ACCEPTED, refused, result(S.UNKNOWN, error="?"), result(S.NOT_SENT, error="no")]
    await asyncio.gather(*(journal.record(index, states[index % 4]) for index in range(24)))
    await journal.close("interrupted")


def make_journal(path: Path) -> Path:
    """A small campaign in every state there is."""
    asyncio.run(_make(path))
    return path


def edit_cell(path: Path, table: str, column: str, value: object, *, raw: bool = False) -> bool:
    """Write a value into the cells of a column; tells whether SQLite took it.

    Args:
        path: The journal.
        table: Whose column.
        column: The column.
        value: The value.
        raw: Whether a text is written as bytes that are called text and are none.
    """
    connection = sqlite3.connect(path)
    try:
        where = "" if table in {"meta", "session"} else "WHERE rowid % 5 = 1"
        what = "CAST(? AS TEXT)" if raw else "?"
        with connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute(
                f"UPDATE OR IGNORE {table} SET {column} = {what} {where}",  # noqa: S608 - our names
                (b"\xff\xfe\xc0" if raw else value,),
            )
    except (sqlite3.Error, OverflowError):
        return False
    finally:
        connection.close()
    return True


def damages(rng: random.Random, path: Path) -> None:
    """Damage a file in one of many ways, without SQLite."""
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    how = rng.randrange(6)
    if how == 0:
        for _ in range(rng.choice((1, 1, 2, 8, 64))):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif how == 1:
        del content[rng.randrange(len(content)) :]
    elif how == 2:
        one, two = (4096 * rng.randrange(pages) for _ in range(2))
        content[one : one + 4096], content[two : two + 4096] = (
            content[two : two + 4096],
            content[one : one + 4096],
        )
    elif how == 3:
        begin = rng.randrange(len(content))
        end = min(len(content), begin + rng.choice((1, 16, 512, 4096)))
        content[begin:end] = rng.randbytes(end - begin)
    elif how == 4:
        begin = 4096 * rng.randrange(pages)
        for _ in range(rng.choice((1, 2, 4))):
            # The header of a page and its list of cells: what leads SQLite astray.
            content[begin + rng.randrange(64)] = rng.choice((0, 1, 2, 5, 10, 13, 127, 255))
    else:
        begin = rng.randrange(len(content))
        content[begin:begin] = rng.randbytes(rng.choice((1, 100, 4096)))
    path.write_bytes(content)


def _reads(path: Path) -> Iterator[Callable[[], object]]:
    with JournalReader(path) as reader:
        yield reader.summary
        yield lambda: list(reader.entries())
        yield lambda: list(reader.entries(S.UNKNOWN))
        yield reader.errors
        yield lambda: list(reader.duplicates())
        yield lambda: list(reader.settled())
        yield reader.holder


def _commands(path: Path) -> Iterator[tuple[str, ...]]:
    where = str(path)
    yield ("campaign", "status", where)
    yield ("campaign", "status", where, "--format", "json")
    for name in ("unknown", "failed"):
        for form in ("jsonl", "csv", "table"):
            yield ("campaign", name, where, "--format", form)
    yield ("campaign", "export", where, "-o", "-", "--format", "csv")
    yield ("campaign", "export", where, "-o", "-", "--format", "jsonl")
    yield ("campaign", "report", where, "-o", f"{where}.html", "--force")
    yield ("campaign", "resolve", where, "--as", "not-sent", "--all", "--yes")


async def _resume(path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    try:
        loaded = await load(journal, None)
        assert loaded.messages >= 0
        await journal.recognize(lambda salt: salt[:4])
        await journal.summary()
        for key in await journal.keys():
            for entry in await journal.take(key, -1, 100, Resend(unknown=True, rejected=True)):
                await journal.intend(entry.index)
                journal.withdraw(entry.index)
                await journal.record(entry.index, ACCEPTED)
        given = messages(40)
        await load(journal, [*given, *given[:3]])
    finally:
        with suppress(JournalError):
            await journal.close("interrupted")


def _changes(path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """What writes a journal; each has a copy of its own."""
    copy = path.with_name("copy.db")
    works: dict[str, Callable[[], object]] = {
        "run": lambda: asyncio.run(_resume(copy)),
        "resolve": lambda: resolve_unknown(copy, S.ACCEPTED),
        "purge": lambda: purge_journal(copy, force=True),
    }
    for name, work in works.items():
        for end in ("", "-wal", "-shm"):
            path.with_name(f"copy.db{end}").unlink(missing_ok=True)
        shutil.copyfile(path, copy)
        yield name, work


def wrong_exceptions(path: Path, *, commands: bool = True) -> list[str]:
    """Open a damaged journal in every way there is; gives what was raised that should not be.

    Args:
        path: The journal; it may be changed.
        commands: Whether the command line has its turn, too.
    """
    wrong: list[str] = []

    def attempt(name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except JournalError:
            pass
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            wrong.append(f"{name}: {type(error).__name__}: {error}")

    def read() -> None:
        for look in _reads(path):
            attempt("reader", look)

    def command(arguments: tuple[str, ...]) -> None:
        ended = CliRunner().invoke(cleverapp, arguments)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception

    attempt("reader", read)
    attempt("report", lambda: write_report(path, path.with_suffix(".html")))
    for name, work in _changes(path):
        attempt(name, work)
    for arguments in _commands(path) if commands else ():
        attempt(" ".join(arguments[:2]), partial(command, arguments))
    return wrong
