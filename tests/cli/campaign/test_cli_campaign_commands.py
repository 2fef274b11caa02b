"""What a run leaves in its journal for the next one: no trace of a refused one, and its options."""

from __future__ import annotations

import asyncio
import json
import shlex
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import Message, SendMessage, SqliteJournal
from cleverapp_async.errors import JournalMismatchError
from cleverapp_async.journal import ErrorRecord, JournalResult, JournalState
from tests.cli.command import TOKEN

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


def test_a_refused_run_keeps_the_address(cleverapp: Run, tmp_path: Path) -> None:
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

    first: list[Message] = [SendMessage(contact_id=1, text="Hi")]
    asyncio.run(tried("https://one.example/api/v1", first))
    other: list[Message] = [SendMessage(contact_id=2, text="Hi")]
    with pytest.raises(JournalMismatchError):
        asyncio.run(tried("https://two.example/api/v1", other))
    status = ("campaign", "status", str(tmp_path / "run.db"), "--format", "json")
    found = json.loads(cleverapp(*status).out)
    assert found["base_url"] == "https://one.example/api/v1"
    assert len(found["sessions"]) == 1


KINDS = {
    "plain": (),
    "limits": ("--limit", "telegram=none", "--limit", "other:new one=7/2s,90/60s"),
    "account limit": ("--account-limit", "3/1s,200/60s"),
    "scale": ("--scale", "1000"),
    "hours": ("--not-before", "00:00", "--not-after", "23:59", "--timezone", "Europe/Moscow"),
    "moment": ("--at", "2020-01-01T10:00+03:00"),
    "pace": ("--concurrency", "3", "--max-in-flight", "2", "--attempt-timeout", "500ms"),
}


NAME = "Осень '26; it's \"new\" $HOME.db"


@pytest.mark.parametrize(
    ("kind", "name"), [*((kind, NAME) for kind in KINDS), ("plain", "-run.db")]
)
def test_the_command_that_is_named_works_as_pasted(
    *,
    kind: str,
    name: str,
    cleverapp: Run,
    serve: Serve,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``campaign status`` names the options of the last run, quoted, as a shell reads them."""
    simulator = serve()
    monkeypatch.chdir(tmp_path)
    path = write("r.csv", "contact_id\n1\n2\n")
    given = name if not name.startswith("-") else f"./{name}"
    fast = () if kind in {"account limit", "scale"} else ("--account-limit", "none")
    # A token that is refused leaves all of its messages to the next run.
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", "refused")
    sent = cleverapp("send", path, "--text", "Hi", "--journal", given, *KINDS[kind], *fast)
    assert sent.code in {1, 3}
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)
    commands = commands_of(cleverapp, given)
    words = next(one for one in commands if one[1] == "send")
    for option in KINDS[kind][::2]:
        assert words.count(option) == KINDS[kind].count(option) + fast.count(option)
    # The address is in the command: that of the environment does not matter.
    monkeypatch.setenv("CLEVERAPP_BASE_URL", "https://elsewhere.example/api/v1")
    done = cleverapp(*words[1:])
    assert done.code == 0, done.err
    assert len(simulator.deliveries) == 2
    for command in commands_of(cleverapp, given):
        assert cleverapp(*command[1:], *(("--yes",) if "purge" in command else ())).code == 0


def commands_of(cleverapp: Run, journal: str) -> list[list[str]]:
    """The commands that ``campaign status`` names, as a shell splits them."""
    found = json.loads(cleverapp("campaign", "status", journal, "--format", "json").out)
    return [shlex.split(one["command"]) for one in found["commands"]]


def test_options_of_status_take_the_place_of_those_that_are_kept(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit given to ``campaign status`` is counted with and named, the others are kept."""
    serve()
    path, journal = write("r.csv", "contact_id\n1\n2\n3\n4\n5\n6\n"), str(tmp_path / "run.db")
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", "refused")
    limits = ("--account-limit", "3/1s", "--limit", "others=9/1s", "--scale", "50")
    assert cleverapp("send", path, "--text", "Hi", "--journal", journal, *limits).code == 3
    given = ("--account-limit", "1/100s", "--scale", "1", "--format", "json")
    found = json.loads(cleverapp("campaign", "status", journal, *given).out)
    assert found["left"]["seconds_at_least"] == 500
    again = shlex.split(found["commands"][0]["command"])
    assert again[again.index("--account-limit") + 1] == "1/100s"
    assert again[again.index("--limit") + 1] == "others=9/1s"
    assert float(again[again.index("--scale") + 1]) == 1


def test_a_note_of_something_else(cleverapp: Run, tmp_path: Path) -> None:
    """A campaign of a program may have no note, or one of its own: status works without it."""
    for note in (None, "--no-such-option 5", "it's", "--timezone Nowhere/Land"):
        path = tmp_path / f"{len(str(note))}.db"

        async def begin(journal: SqliteJournal) -> str | None:
            await journal.open("https://app.cleverapp.pro/api/v1")
            given = [SendMessage(contact_id=1, text="Hi")]
            await journal.load(given, lambda _: None, deduplicate=True)
            told = (await journal.summary()).note
            await journal.close("interrupted")
            return told

        assert asyncio.run(begin(SqliteJournal(path, note=note))) == note
        found = json.loads(cleverapp("campaign", "status", str(path), "--format", "json").out)
        assert found["commands"][0]["command"] == f"cleverapp send --journal {path}"
