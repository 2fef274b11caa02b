from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import SqliteJournal
from cleverapp_async.journal import JournalState
from tests.cli.campaigns import fill, make_journal, messages, records

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run

PENDING, INTENT, ACCEPTED = JournalState.PENDING, JournalState.INTENT, JournalState.ACCEPTED
REJECTED, NOT_SENT, UNKNOWN = JournalState.REJECTED, JournalState.NOT_SENT, JournalState.UNKNOWN


def states(cleverapp: Run, path: str) -> list[str]:
    """Give the states of all messages, in their order."""
    ended = cleverapp("campaign", "export", path, "-o", "-", "--format", "jsonl")
    return [record["outcome"] for record in records(ended)]


@pytest.mark.parametrize(("verdict", "state"), [("accepted", "accepted"), ("not-sent", "not_sent")])
def test_all_unknown_are_settled(cleverapp: Run, tmp_path: Path, verdict: str, state: str) -> None:
    """What may have arrived becomes what the user says, died runs' messages included."""
    path = make_journal(tmp_path / "run.db", ACCEPTED, UNKNOWN, INTENT, PENDING)
    ended = cleverapp("campaign", "resolve", path, "--as", verdict, "--all", "--yes")
    assert ended.code == 0
    assert "2 messages " in ended.err
    assert states(cleverapp, path) == ["accepted", state, state, "pending"]
    again = cleverapp("campaign", "resolve", path, "--as", verdict, "--all", "--yes")
    assert (again.code, again.out) == (0, "")


def test_some_are_settled(cleverapp: Run, tmp_path: Path) -> None:
    """Numbers choose, as the lists tell them."""
    path = make_journal(tmp_path / "run.db", UNKNOWN, UNKNOWN, UNKNOWN)
    ended = cleverapp("campaign", "resolve", path, "--as", "accepted", "--number", "2", "--yes")
    assert ended.code == 0
    assert "1 message " in ended.err
    assert states(cleverapp, path) == ["unknown", "accepted", "unknown"]


def test_all_and_some_are_not_taken_together(cleverapp: Run, tmp_path: Path) -> None:
    """Nobody can tell whether all are meant, or only some: nothing is changed."""
    path = make_journal(tmp_path / "run.db", UNKNOWN, UNKNOWN)
    both = ("--all", "--number", "1", "--yes")
    ended = cleverapp("campaign", "resolve", path, "--as", "accepted", *both)
    assert ended.code == 2
    assert "--all" in ended.err
    assert "--number" in ended.err
    assert states(cleverapp, path) == ["unknown", "unknown"]


def test_what_is_not_unknown_is_not_settled(cleverapp: Run, tmp_path: Path) -> None:
    """A number that is not unknown is named, and nothing is changed."""
    path = make_journal(tmp_path / "run.db", UNKNOWN, ACCEPTED)
    numbers = ("--number", "1", "--number", "2")
    ended = cleverapp("campaign", "resolve", path, "--as", "accepted", *numbers, "--yes")
    assert ended.code == 2
    assert "message(s) 2 (counted from 1)" in ended.err
    assert states(cleverapp, path) == ["unknown", "accepted"]
    nobody = cleverapp("campaign", "resolve", path, "--as", "accepted", "--yes")
    assert nobody.code == 2
    assert "--all" in nobody.err
    assert "--number" in nobody.err


@pytest.mark.parametrize(
    "command", [("resolve", "--as", "not-sent", "--all"), ("purge", "--even-if-unfinished")]
)
def test_somebody_must_agree(cleverapp: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Where nobody can be asked --yes is needed."""
    path = make_journal(tmp_path / "run.db", UNKNOWN)
    ended = cleverapp("campaign", command[0], path, *command[1:])
    assert ended.code == 2
    assert "give --yes" in ended.err
    assert states(cleverapp, path) == ["unknown"]


async def test_nothing_is_settled_while_somebody_runs_it(cleverapp: Run, tmp_path: Path) -> None:
    """A journal at work is left alone, and the error names its runner."""
    journal = SqliteJournal(tmp_path / "run.db")
    await fill(journal, messages(1), (UNKNOWN,))
    path = str(tmp_path / "run.db")
    try:
        ended = cleverapp("campaign", "resolve", path, "--as", "accepted", "--all", "--yes")
        purged = cleverapp("campaign", "purge", path, "--yes", "--even-if-unfinished")
    finally:
        await journal.close("interrupted")
    for one in (ended, purged):
        assert one.code == 2
        assert "is in use by process " in one.err


def test_a_purge_erases(cleverapp: Run, tmp_path: Path) -> None:
    """Recipients and texts go, counts stay; what needs them says so, and a second purge is fine."""
    path = make_journal(tmp_path / "run.db", ACCEPTED, REJECTED)
    ended = cleverapp("campaign", "purge", path, "--yes")
    assert ended.code == 0
    assert "2 messages " in ended.err
    assert b"=Hi" not in (tmp_path / "run.db").read_bytes()
    status = cleverapp("campaign", "status", path)
    assert status.code == 1
    assert json.loads(cleverapp("campaign", "status", path, "--format", "json").out)["purged"]
    assert "campaign failed" not in status.out
    for command in ("failed", "unknown"):
        assert cleverapp("campaign", command, path).code == 2
    assert cleverapp("campaign", "export", path, "-o", "-").code == 2
    assert cleverapp("campaign", "report", path, "-o", str(tmp_path / "r.html")).code == 0
    again = cleverapp("campaign", "purge", path)
    assert (again.code, again.out) == (0, "")


def test_an_unfinished_campaign_is_purged_by_force_alone(cleverapp: Run, tmp_path: Path) -> None:
    """What is left to send, or unknown, is not thrown away by mistake."""
    path = make_journal(tmp_path / "run.db", PENDING, UNKNOWN)
    ended = cleverapp("campaign", "purge", path, "--yes")
    assert ended.code == 2
    assert "--even-if-unfinished" in ended.err
    assert cleverapp("campaign", "purge", path, "--yes", "--even-if-unfinished").code == 0
    assert "left: " not in cleverapp("campaign", "status", path).out
    nothing = cleverapp("campaign", "resolve", path, "--as", "accepted", "--all", "--yes")
    assert nothing.code == 2


def test_a_number_that_no_message_has(cleverapp: Run, tmp_path: Path) -> None:
    """A number beyond the campaign's last message is told as such, with how many there are."""
    path = make_journal(tmp_path / "run.db", UNKNOWN, UNKNOWN)
    number = ("--number", "999", "--yes")
    ended = cleverapp("campaign", "resolve", path, "--as", "accepted", *number)
    assert ended.code == 2
    assert "--number 999" in ended.err
    assert "2 messages" in ended.err
