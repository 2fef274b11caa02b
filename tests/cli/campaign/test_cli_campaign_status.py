from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cleverapp_async import LimitKey, SqliteJournal
from cleverapp_async.cli.campaign.state import CampaignState, Resuming
from cleverapp_async.cli.campaign.status import Outlook, draw_status
from cleverapp_async.journal import JournalSession, JournalState, JournalSummary, LockHolder
from tests.cli.campaigns import fill, make_journal, messages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Write

PENDING, INTENT, ACCEPTED = JournalState.PENDING, JournalState.INTENT, JournalState.ACCEPTED
REJECTED, NOT_SENT, UNKNOWN = JournalState.REJECTED, JournalState.NOT_SENT, JournalState.UNKNOWN


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((ACCEPTED, ACCEPTED), 0),
        ((ACCEPTED, REJECTED), 1),
        ((ACCEPTED, NOT_SENT), 1),
        ((ACCEPTED, PENDING), 1),
        ((ACCEPTED, UNKNOWN, PENDING), 4),
        ((ACCEPTED, INTENT), 4),
        ((), 0),
    ],
)
def test_the_exit_code_tells_how_it_stands(
    cleverapp: Run, tmp_path: Path, states: tuple[JournalState, ...], code: int
) -> None:
    """All accepted is 0, what may have arrived is 4, anything else that is open or failed is 1."""
    path = make_journal(tmp_path / "run.db", *states)
    ended = cleverapp("campaign", "status", path)
    assert ended.code == code
    assert f"Exit {code}: " in ended.out


def test_a_campaign_that_nobody_runs(cleverapp: Run, tmp_path: Path) -> None:
    """Counts by route, the runs, the forecast of the rest and the commands to go on are shown."""
    states = (*[ACCEPTED] * 3, REJECTED, NOT_SENT, UNKNOWN, *[PENDING] * 30)
    path = make_journal(tmp_path / "run.db", *states)
    shown = cleverapp("campaign", "status", path).out
    assert f"{path}: 36 messages " in shown
    assert "telegram of bot 7" in shown
    assert "1 run" in shown
    assert ": interrupted." in shown
    assert "31 messages " in shown
    assert "30 seconds" in shown
    assert f"cleverapp send --journal {path}\n" in shown.replace(" \n", "\n")
    assert f"cleverapp campaign unknown {path}" in shown
    assert f"cleverapp campaign resolve {path} --all --as not-sent" in shown
    assert f"cleverapp send --journal {path} --resend-unknown" in shown
    assert f"cleverapp send --journal {path} --retry-rejected" in shown


def test_a_finished_campaign(cleverapp: Run, tmp_path: Path) -> None:
    """Where nothing is left the report and the purge are offered, and no sending."""
    path = make_journal(tmp_path / "run.db", ACCEPTED, ended="finished")
    shown = cleverapp("campaign", "status", path).out
    assert "1 message to " in shown
    assert f"cleverapp campaign purge {path}" in shown
    assert "cleverapp send" not in shown
    assert " left: " not in shown


def test_what_may_have_arrived_is_settled_before_the_purge(cleverapp: Run, tmp_path: Path) -> None:
    """A purge is not offered while it would be refused."""
    path = make_journal(tmp_path / "run.db", ACCEPTED, UNKNOWN, ended="finished")
    assert "campaign purge" not in cleverapp("campaign", "status", path).out
    assert cleverapp("campaign", "purge", path, "--yes").code == 2


async def test_a_campaign_at_work(cleverapp: Run, tmp_path: Path) -> None:
    """While somebody runs it, who does is told, and nothing is offered that is in its way."""
    journal = SqliteJournal(tmp_path / "run.db")
    await fill(journal, messages(4), (ACCEPTED, INTENT, PENDING, UNKNOWN))
    try:
        shown = cleverapp("campaign", "status", str(tmp_path / "run.db")).out
        told = cleverapp("campaign", "status", str(tmp_path / "run.db"), "--format", "json").out
    finally:
        await journal.close("finished")
    assert "under way" in shown
    assert "Process " in shown
    assert str(os.getpid()) in shown
    assert "--watch" in shown
    assert "cleverapp send" not in shown
    assert "2 messages " in shown
    running = json.loads(told)["running"]
    assert running["pid"] > 0
    assert running["host"]
    assert running["since"].endswith("+00:00")


def test_for_programs(cleverapp: Run, tmp_path: Path) -> None:
    """With --json the same comes as one object."""
    path = make_journal(tmp_path / "run.db", ACCEPTED, UNKNOWN, PENDING, INTENT)
    ended = cleverapp("campaign", "status", path, "--format", "json")
    found = json.loads(ended.out)
    assert ended.code == found["exit"] == 4
    assert found["journal"] == path
    assert found["messages"] == 4
    assert found["states"] == {
        "pending": 1,
        "intent": 0,
        "accepted": 1,
        "rejected": 0,
        "not_sent": 0,
        "unknown": 2,
    }
    assert found["routes"][0]["messenger"] == "telegram"
    assert found["running"] is None
    assert found["sessions"][0]["ended"] == "interrupted"
    assert found["left"]["messages"] == 1
    assert found["finished"] is False
    assert found["commands"][0]["command"] == f"cleverapp send --journal {path}"


def test_limits_and_hours_of_ones_own(cleverapp: Run, tmp_path: Path) -> None:
    """The forecast counts with the options given, and the commands shown have them."""
    path = make_journal(tmp_path / "run.db", *[PENDING] * 11)
    limits = ("--limit", "telegram=1/10s", "--account-limit", "none")
    hours = ("--not-before", "9:00", "--not-after", "21:00", "--timezone", "Europe/Moscow")
    found = json.loads(
        cleverapp("campaign", "status", path, "--format", "json", *limits, *hours).out
    )
    assert found["left"]["seconds_at_least"] == 100
    assert found["left"]["bound_by"] == "telegram of bot 7"
    assert found["commands"][0]["command"] == (
        f"cleverapp send --journal {path} --limit telegram=1/10s --account-limit none "
        "--not-before 09:00 --not-after 21:00 --timezone Europe/Moscow"
    )
    shown = cleverapp("campaign", "status", path, *limits, *hours).out
    assert "between 09:00 and 21:00 Europe/Moscow" in shown
    assert re.search(r"no earlier than \S+ (09|1\d|20|21):\d\d Europe/Moscow", shown)


def test_many_routes_are_cut(cleverapp: Run, tmp_path: Path) -> None:
    """Of many routes the busiest are shown, and the others counted."""

    async def make() -> None:
        journal = SqliteJournal(tmp_path / "run.db")
        await journal.open("https://app.cleverapp.pro/api/v1")
        bots = iter(range(1, 26))
        await journal.load(messages(25), lambda _: LimitKey(next(bots), "viber"), deduplicate=True)
        await journal.close("interrupted")

    asyncio.run(make())
    assert "and 5 more" in cleverapp("campaign", "status", str(tmp_path / "run.db")).out


@pytest.mark.parametrize("command", ["status", "unknown", "failed"])
def test_what_is_no_journal(cleverapp: Run, tmp_path: Path, command: str) -> None:
    """A missing or wrong file is one clear error, exit 2, and nothing is made."""
    missing = tmp_path / "missing.db"
    ended = cleverapp("campaign", command, str(missing))
    assert ended.code == 2
    assert str(missing) in ended.err
    assert not missing.exists()
    wrong = tmp_path / "wrong.db"
    wrong.write_text("contact_id,text\n" * 100)
    ended = cleverapp("campaign", command, str(wrong))
    assert ended.code == 2
    assert str(wrong) in ended.err
    assert wrong.read_text() == "contact_id,text\n" * 100


def test_watching_needs_a_terminal(cleverapp: Run, tmp_path: Path) -> None:
    """Where nobody can watch, --watch is refused."""
    path = make_journal(tmp_path / "run.db", ACCEPTED)
    ended = cleverapp("campaign", "status", path, "--watch")
    assert ended.code == 2
    assert "--watch " in ended.err


def test_hours_that_cannot_be(cleverapp: Run, tmp_path: Path) -> None:
    """Hours, zones and moments that make no sense are told, exit 2."""
    path = make_journal(tmp_path / "run.db", PENDING)
    for arguments, told in (
        (("--not-before", "25:00"), "'--not-before': '25:00'"),
        (("--at", "soon"), "'--at': 'soon'"),
        (("--not-before", "9:00", "--timezone", "Mars/Base"), "Mars/Base"),
        (("--timezone", "UTC"), "--timezone "),
        (("--not-before", "9:00", "--not-after", "9:00"), "two different hours"),
    ):
        ended = cleverapp("campaign", "status", path, *arguments)
        assert ended.code == 2
        assert told in ended.err


def test_a_campaign_that_was_never_filled(cleverapp: Run, tmp_path: Path) -> None:
    """Where loading was interrupted, beginning anew is what can be done."""
    path = tmp_path / "run.db"

    async def begin() -> None:
        journal = SqliteJournal(path)
        await journal.open("https://app.cleverapp.pro/api/v1")
        await journal.close("interrupted")

    asyncio.run(begin())
    ended = cleverapp("campaign", "status", str(path))
    assert ended.code == 1
    assert not json.loads(cleverapp("campaign", "status", str(path), "--format", "json").out)[
        "complete"
    ]
    assert f"cleverapp send --journal {path} FILE" in ended.out


def test_refusals_that_may_pass_count_for_their_route(cleverapp: Run, tmp_path: Path) -> None:
    """What the next run sends again by itself is forecast by its own limit, before it and in it."""

    async def refused() -> None:
        journal = SqliteJournal(tmp_path / "run.db")
        await fill(journal, messages(31), [REJECTED] * 31, for_good=False)
        await journal.close("interrupted")

    asyncio.run(refused())
    path = str(tmp_path / "run.db")
    left = json.loads(cleverapp("campaign", "status", path, "--format", "json").out)["left"]
    assert (left["messages"], left["seconds_at_least"]) == (31, 30.0)
    assert left["bound_by"] == "telegram of bot 7"
    dry = cleverapp("send", "--journal", path, "--dry-run")
    assert "route unknown" not in dry.out
    assert "telegram of bot 7" in dry.out


def test_nothing_is_cut_off_a_terminal(
    cleverapp: Run, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the terminal's width was, tables that go to a file or a pipe are whole."""
    monkeypatch.setenv("COLUMNS", "40")
    name = "a-messenger-of-a-name-" + "x" * 90
    path = write("r.csv", f"bot_id,messenger,contact_external_id\n7,{name},1\n")
    dry = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert f"{name} of bot 7" in dry.out
    long = [JournalState.REJECTED, JournalState.PENDING]
    journal = make_journal(tmp_path / f"{'y' * 100}.db", *long)
    for command in (("status", journal), ("failed", journal, "--format", "table")):
        ended = cleverapp("campaign", *command)
        assert "…" not in ended.out
        assert "  " in ended.out
    assert journal in cleverapp("campaign", "status", journal).out
    failed = cleverapp("campaign", "failed", journal, "--format", "table")
    assert "ValidationError: sendMessage: contact_id: Неизвестный контакт (HTTP 422)" in failed.out


@pytest.mark.parametrize(
    "command",
    [
        ("status", "{journal}", "--format", "json"),
        ("failed", "{journal}", "--format", "jsonl"),
        ("failed", "{journal}", "--format", "csv"),
        ("unknown", "{journal}", "--format", "jsonl"),
        ("unknown", "{journal}", "--format", "csv"),
        ("export", "{journal}", "-o", "-", "--format", "jsonl"),
        ("export", "{journal}", "-o", "-", "--format", "csv"),
    ],
)
@pytest.mark.parametrize("states", [[JournalState.REJECTED, JournalState.UNKNOWN], []])
def test_standard_output_has_data_alone(
    command: tuple[str, ...], states: list[JournalState], cleverapp: Run, tmp_path: Path
) -> None:
    """A form for programs can be read by one: what people are told is on standard error."""
    journal = make_journal(tmp_path / "run.db", *states)
    ended = cleverapp("campaign", *(part.format(journal=journal) for part in command))
    assert ended.code in {0, 1, 4}
    if command[-1] == "csv":
        rows = list(csv.reader(io.StringIO(ended.out.removeprefix("\ufeff"))))
        assert len({len(row) for row in rows}) == 1
    elif command[-1] == "json":
        assert isinstance(json.loads(ended.out), dict)
    else:
        assert all(isinstance(json.loads(line), dict) for line in ended.out.splitlines())


@pytest.mark.parametrize(
    "given", [(), ("--limit", "viber=1/1s"), ("--scale", "2"), ("--account-limit", "none")]
)
def test_limits_that_nobody_told_are_the_documented_ones(
    cleverapp: Run, tmp_path: Path, given: tuple[str, ...]
) -> None:
    """A program's campaign keeps no limits: what is counted with is said, and how to say better."""
    path = make_journal(tmp_path / "run.db", *[PENDING] * 11)
    here = ("http://127.0.0.1:1/api/v1",)  # time may run quicker there
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'origin'", here)
    shown = cleverapp("campaign", "status", path, "--not-after", "21:00", *given).out
    assert ("documented ones" in shown) == (given == ())
    report = ("campaign", "report", path, "-o", str(tmp_path / "report.html"), "--force")
    assert ("documented limits" in cleverapp(*report, *given).err) == (given == ())


@pytest.mark.parametrize(
    ("others", "told"), [(0, "s)."), (1, ", and so does 1 more."), (2, " do 2")]
)
def test_several_workers_at_work(others: int, told: str) -> None:
    """Of a campaign that many processes send one is named, and the others are counted."""
    mine = LockHolder(pid=1, host="a", since=time.time())
    sessions = tuple(
        JournalSession(started_at=1.0, ended_at=None, pid=pid, host="a", ended=None, at_work=work)
        for pid, work in ((1, True), (9, False), *((2 + other, True) for other in range(others)))
    )
    summary = JournalSummary(
        created_at=1.0,
        origin="http://127.0.0.1:1/api/v1",
        complete=True,
        purged=False,
        messages=1,
        duplicates=0,
        deduplicated=True,
        by_key={None: {PENDING: 1}},
        retryable_by_key={},
        sessions=sessions,
    )
    outlook = Outlook(state=CampaignState(summary, mine), resuming=Resuming(journal="run.db"))
    console = Console(file=io.StringIO(), width=200)
    with console.capture() as shown:
        console.print(draw_status(outlook))
    line = next(line for line in shown.get().splitlines() if line.startswith("Process 1 on a"))
    assert told in line
    assert ("more" in line) == (others > 0)
