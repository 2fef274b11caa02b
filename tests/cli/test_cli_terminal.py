"""Whatever others wrote, a terminal obeys nothing of it: every command, on a real terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

import click
import pytest
from attrs import define, evolve, field

from cleverapp_async import SendMessage, SqliteJournal
from cleverapp_async.__main__ import main
from cleverapp_async.cli.app import cleverapp as commands
from cleverapp_async.journal import JournalState
from tests.cli.campaigns import fill
from tests.cli.command import TOKEN
from tests.cli.scripted import answer, scripted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from cleverapp_async import Message

# A title, an erased screen, a C1 sequence, a turned direction, two ends of lines, a deletion.
HOSTILE = "HACK\x1b]0;t\x07\x1b[2J\x9b31m\u202ex\u2028y\u2029z\x85\x7f\r!"
# What a terminal may be told: colours, moves of the cursor, erased lines, the cursor hidden.
_OURS = re.compile(r"\r?\x1b\[(?:[0-9;]*m|[0-9]*[A-G]|[0-2]?K|\?25[lh])")
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all commands that do something."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name))


# {hostile} is a text, {file} a file of recipients with a hostile name, {journal} a campaign's
# journal with a hostile name and hostile texts, {folder} a folder, {url} a server's address.
CASES: dict[str, list[tuple[str, ...]]] = {
    "send": [
        ("send", "{file}", "--dry-run"),
        ("send", "{file}", "--verbose", "--output", "-", "--account-limit", "none"),
        ("send", "{file}", "--journal", "{folder}/new.db", "--account-limit", "none"),
        ("send", "{folder}/no{hostile}.csv"),
        ("send", "{file}", "--text", "{hostile} {{nobody}}"),
        ("send", "{file}", "--not-before", "9:00", "--timezone", "{hostile}"),
    ],
    "call": [
        ("call", "getContacts", "with={hostile}"),
        ("call", "--format", "raw", "getMe"),
        ("call", "{hostile}"),
        ("call", "{hostile}", "--help"),
    ],
    "completion": [("completion", "{hostile}")],
    "contacts export": [
        ("contacts", "export", "-o", "{folder}/c.csv"),
        ("contacts", "export", "-o", "{folder}/{hostile}/c.csv"),
    ],
    "limits show": [("limits", "show", "--fol{hostile}")],
    "limits watch": [("limits", "watch", "--redis", "redis://127.0.0.1:1/0", "--pre{hostile}")],
    "doctor": [("doctor", "--base-url", "{url}"), ("doctor", "--token-file", "{hostile}")],
    "simulate": [("simulate", "--seed-file", "{hostile}"), ("simulate", "--latency", "{hostile}")],
    "demo": [("demo", "--output", "{folder}/{hostile}/out.jsonl")],
    "campaign status": [("campaign", "status", "{journal}"), ("campaign", "status", "{hostile}")],
    "campaign unknown": [("campaign", "unknown", "{journal}")],
    "campaign failed": [("campaign", "failed", "{journal}")],
    "campaign export": [
        ("campaign", "export", "{journal}", "-o", "-", "--format", "csv"),
        ("campaign", "export", "{journal}", "-o", "-", "--format", "jsonl"),
    ],
    "campaign report": [
        ("campaign", "report", "{journal}", "-o", "{folder}/{hostile}.html"),
        ("campaign", "report", "{journal}", "-o", "{folder}/a.html", "--timezone", "{hostile}"),
    ],
    "campaign resolve": [("campaign", "resolve", "{hostile}", "--as", "accepted", "--all")],
    "campaign purge": [("campaign", "purge", "{hostile}", "--yes")],
}


def test_every_command_is_here() -> None:
    """A command that is added is tried here as well."""
    assert set(CASES) == set(leaves(commands))


@define
class Terminal:
    """A terminal of the system's, and what it was sent."""

    shown: bytearray = field(factory=bytearray)

    @contextmanager
    def opened(self) -> Generator[TextIO]:
        """Its end for a program; at the end of the block all of it has been read."""
        master, slave = pty.openpty()
        reader = threading.Thread(target=self._read, args=(master,), daemon=True)
        reader.start()
        with os.fdopen(slave, "w", encoding="utf-8", buffering=1) as stream:
            yield stream
        reader.join(10)
        os.close(master)

    def _read(self, master: int) -> None:
        with suppress(OSError):  # what the other end's closing is told as
            while chunk := os.read(master, 65_536):
                self.shown += chunk


async def _end(
    journal: SqliteJournal, given: Sequence[Message], states: Sequence[JournalState]
) -> None:
    """Make the journal of a campaign that nobody runs."""
    await fill(journal, given, states)
    await journal.close(f"interrupted {HOSTILE}")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[dict[str, str]]:
    """What the cases name, in words that a terminal would obey."""
    file = tmp_path / f"{HOSTILE}.csv"
    columns = "bot_id,messenger,contact_external_id,text"
    rows = f'7,"te{HOSTILE}",12,"{HOSTILE}"\n7,telegram,"{HOSTILE}","{HOSTILE}"\n'
    file.write_text(f"{columns}\n{rows}", encoding="utf-8", newline="")
    journal = tmp_path / f"run{HOSTILE}.db"
    message = SendMessage(
        bot_id=7, messenger=f"m{HOSTILE}", contact_external_id=HOSTILE, text=HOSTILE
    )
    states = [JournalState.UNKNOWN, JournalState.REJECTED, JournalState.PENDING]
    given = [evolve(message, bot_id=number) for number in (7, 8, 9)]
    asyncio.run(_end(SqliteJournal(journal), given, states))
    refusal = answer(422, {"message": HOSTILE, "errors": {HOSTILE: [HOSTILE]}, "error": HOSTILE})
    with scripted(*[refusal] * 8) as url:
        monkeypatch.setenv("CLEVERAPP_BASE_URL", url)
        monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
        monkeypatch.setenv("TERM", "xterm-256color")
        yield {
            "hostile": HOSTILE,
            "file": str(file),
            "folder": str(tmp_path),
            "journal": str(journal),
            "url": url,
        }


@pytest.mark.parametrize(
    "arguments",
    [case for cases in CASES.values() for case in cases],
    ids=lambda case: " ".join(case[:3]),
)
def test_a_terminal_obeys_nobody_else(
    world: dict[str, str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Hostile texts, names of files, arguments and answers are shown, and steer nothing."""
    terminal = Terminal()
    monkeypatch.setattr("sys.argv", ["cleverapp", *(one.format(**world) for one in arguments)])
    with terminal.opened() as stream:
        for name in ("sys.stdout", "sys.stderr"):
            monkeypatch.setattr(name, stream)
        with pytest.raises(SystemExit):
            main()
    shown = terminal.shown.decode()
    assert "hack" in shown.lower(), shown
    left = _OURS.sub("", shown.replace("\r\n", "\n"))
    assert not _OBEYED.findall(left), left
