"""What a run leaves in its journal for the next one: no trace of a refused one, and its options."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import Message, SendMessage, SqliteJournal
from cleverapp_async.errors import JournalMismatchError
from cleverapp_async.journal import ErrorRecord, JournalResult, JournalState

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write


@pytest.mark.parametrize("kind", ["list", "texts", "duplicates", "address"])
def test_a_refused_run_leaves_no_trace(
    kind: str, cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A command that is refused, as its list or a setting is another, is no run of the campaign."""
    serve()
    path, journal = write("r.csv", "contact_id\n1\n2\n"), str(tmp_path / "run.db")
    command = ("send", path, "--text", "Hi", "--journal", journal)
    assert cleverapp(*command).code == 0
    before = json.loads(cleverapp("campaign", "status", journal, "--format", "json").out)
    other = write("other.csv", "contact_id\n1\n3\n")
    refused = {
        "list": ("send", other, *command[2:]),
        "texts": (*command, "--text", "Bye"),
        "duplicates": (*command, "--allow-duplicates"),
        "address": (*command, "--base-url", "http://127.0.0.1:9/api/v1"),
    }[kind]
    assert cleverapp(*refused).code == 2
    after = json.loads(cleverapp("campaign", "status", journal, "--format", "json").out)
    assert after["sessions"] == before["sessions"]
    assert after["base_url"] == before["base_url"]
    assert cleverapp(*command).code == 0
    again = json.loads(cleverapp("campaign", "status", journal, "--format", "json").out)
    assert len(again["sessions"]) == len(before["sessions"]) + 1


def test_a_refused_run_keeps_the_address(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """A campaign that never arrived anywhere may go elsewhere, but not by a refused command."""
    journal = SqliteJournal(tmp_path / "run.db")

    async def tried(origin: str, given: list[Message] | None) -> None:
        await journal.open(origin)
        try:
            await journal.load(given, lambda _: None, deduplicate=True)
            wrong = ErrorRecord(type="MethodNotFoundError", message="no such method")
            state = JournalState.REJECTED
            result = JournalResult(state=state, ended_at=1.0, attempts=1, error=wrong)
            await journal.record(0, result)
        finally:
            await journal.close("finished")

    asyncio.run(tried("https://one.example/api/v1", [SendMessage(contact_id=1, text="Hi")]))
    other = [SendMessage(contact_id=2, text="Hi")]
    with pytest.raises(JournalMismatchError):
        asyncio.run(tried("https://two.example/api/v1", other))
    status = ("campaign", "status", str(tmp_path / "run.db"), "--format", "json")
    found = json.loads(cleverapp(*status).out)
    assert found["base_url"] == "https://one.example/api/v1"
    assert len(found["sessions"]) == 1
