"""Whatever is given as JOURNAL: one clear error with its exit code, by every command alike."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.cli.errors import Exit
from cleverapp_async.journal import JournalState
from tests.cli.campaigns import make_journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.command import Run

COMMANDS = {
    "status": (),
    "status in JSON": ("--format", "json"),
    "report": ("-o", "{folder}/report.html"),
    "export": ("-o", "-"),
    "failed": (),
    "unknown": ("--format", "csv"),
    "resolve": ("--as", "accepted", "--all", "--yes"),
    "purge": ("--yes", "--even-if-unfinished"),
}
MANY = 300


def changed(change: str) -> Callable[[Path], object]:
    """Give what changes a journal by a statement of SQL."""

    def apply(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(change)
            connection.commit()

    return apply


def cut(keep: Callable[[int], int]) -> Callable[[Path], object]:
    """Give what cuts a file to the length that is told of its length."""
    return lambda path: os.truncate(path, keep(path.stat().st_size))


def replaced(content: bytes) -> Callable[[Path], object]:
    """Give what writes something else in the place of a journal."""
    return lambda path: path.write_bytes(content)


def a_folder(path: Path) -> None:
    """Put a folder in the place of a journal."""
    path.unlink()
    path.mkdir()


def of_another_program(path: Path) -> None:
    """Put a database of something else in the place of a journal."""
    path.unlink()
    changed("CREATE TABLE message (id INTEGER)")(path)


def a_link_to_itself(path: Path) -> None:
    """Put a link in the place of a journal that leads nowhere else."""
    path.unlink()
    path.symlink_to(path)


def a_pipe(path: Path) -> None:
    """Put a named pipe in the place of a journal, that nobody writes to."""
    path.unlink()
    os.mkfifo(path)


INPUTS: dict[str, Callable[[Path], object]] = {
    "nothing": Path.unlink,
    "a folder": a_folder,
    "a link to itself": a_link_to_itself,
    "a named pipe": a_pipe,
    "an empty file": replaced(b""),
    "a list": replaced(b"contact_id,text\n1,Hi\n"),
    "an earlier version without its tables": changed("PRAGMA user_version = 1"),
    "a later version": changed("PRAGMA user_version = 99"),
    "no version": changed("PRAGMA user_version = -5"),
    "another program's mark": changed("PRAGMA application_id = 7"),
    "another program's database": of_another_program,
    "a table is missing": changed("DROP TABLE fate"),
    "a table more": changed("CREATE TABLE more (id INTEGER)"),
    "cut in the header": cut(lambda _: 50),
    "cut behind the header": cut(lambda _: 100),
    "cut after a page": cut(lambda _: 4096),
    "cut by half": cut(lambda size: size // 2),
    "cut within the last page": cut(lambda size: size - 2000),
    "cut by a byte": cut(lambda size: size - 1),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the journal of a campaign of which every message was accepted."""
    path = tmp_path_factory.mktemp("whole") / "run.db"
    return Path(make_journal(path, *[JournalState.ACCEPTED] * MANY))


@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_journal_is_one_clear_error(
    cleverapp: Run, tmp_path: Path, whole: Path, given: str, command: str
) -> None:
    """One line names what was given, with exit code 2; nothing is shown of it, or written."""
    path = tmp_path / "run.db"
    shutil.copy(whole, path)
    INPUTS[given](path)
    options = (one.format(folder=tmp_path) for one in COMMANDS[command])
    ended = cleverapp("campaign", command.split(maxsplit=1)[0], str(path), *options)
    assert ended.code == Exit.USAGE, ended
    assert not ended.out
    assert ended.err.startswith("Error: ")
    assert ended.err.count("\n") == 1
    assert str(path) in ended.err
    assert not (tmp_path / "report.html").exists()


def test_a_cut_journal_is_not_gone_on_with(cleverapp: Run, tmp_path: Path, whole: Path) -> None:
    """A send refuses it as well: messages that were sent are missing in it."""
    path = tmp_path / "run.db"
    shutil.copy(whole, path)
    os.truncate(path, path.stat().st_size - 2000)
    ended = cleverapp("send", "--journal", str(path), "--output", str(tmp_path / "o.jsonl"))
    assert ended.code == Exit.USAGE
    assert str(path) in ended.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_is_no_campaigns_is_one_clear_error(
    cleverapp: Run, tmp_path: Path, command: str
) -> None:
    """So is a folder that is missing, a name that is none, and a Redis that does not answer."""
    for given, code in (
        (str(tmp_path / "missing" / "run.db"), Exit.USAGE),
        ("x" * 300, Exit.USAGE),
        ("", Exit.USAGE),
        ("redis://127.0.0.1:1", Exit.USAGE),
    ):
        options = (one.format(folder=tmp_path) for one in COMMANDS[command])
        ended = cleverapp("campaign", command.split(maxsplit=1)[0], given, *options)
        assert ended.code == code, (given, ended)
        assert not ended.out
        assert ended.err.count("Error: ") == 1
