from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import shlex
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import Message, SendMessage, SendMessageToWhatsApp, SqliteJournal
from cleverapp_async.cli.campaign.export import as_line
from cleverapp_async.journal import ErrorRecord, JournalEntry, JournalResult, JournalState
from tests.cli.campaigns import fill, make_journal, messages, records
from tests.cli.command import TOKEN
from tests.cli.processes import uncounted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

PENDING, INTENT, ACCEPTED = JournalState.PENDING, JournalState.INTENT, JournalState.ACCEPTED
REJECTED, NOT_SENT, UNKNOWN = JournalState.REJECTED, JournalState.NOT_SENT, JournalState.UNKNOWN
ALL = (ACCEPTED, REJECTED, NOT_SENT, UNKNOWN, INTENT, PENDING)


def test_what_may_have_arrived(cleverapp: Run, tmp_path: Path) -> None:
    """Unknown messages are listed, and those whose run died before the answer."""
    ended = cleverapp("campaign", "unknown", make_journal(tmp_path / "run.db", *ALL))
    assert ended.code == 0
    found = records(ended)
    assert [record["number"] for record in found] == [4, 5]
    assert found[0]["outcome"] == "unknown"
    assert found[0]["contact_external_id"] == "1003"
    assert found[0]["error"] == {"type": "OutcomeUnknownError", "message": "it may have arrived"}
    assert found[0]["ended_at"] == "2027-01-15T08:00:03.000+00:00"
    assert found[1]["outcome"] == "unknown"
    assert "ended_at" not in found[1]


async def test_what_is_on_its_way_is_not_unknown(cleverapp: Run, tmp_path: Path) -> None:
    """While a run is at work, what it has on the wire is not listed."""
    journal = SqliteJournal(tmp_path / "run.db")
    await fill(journal, messages(2), (INTENT, UNKNOWN))
    try:
        ended = cleverapp("campaign", "unknown", str(tmp_path / "run.db"))
    finally:
        await journal.close("finished")
    assert [record["number"] for record in records(ended)] == [2]


def test_what_failed(cleverapp: Run, tmp_path: Path) -> None:
    """What was rejected or not sent is listed with the reason, field by field."""
    ended = cleverapp("campaign", "failed", make_journal(tmp_path / "run.db", *ALL))
    found = records(ended)
    assert [record["outcome"] for record in found] == ["rejected", "not_sent"]
    assert found[0]["error"]["status"] == 422
    assert found[0]["error"]["fields"] == [
        {
            "field": "contact_id",
            "rule": "exists",
            "related": [],
            "message": "Неизвестный контакт",
        }
    ]
    assert (found[0]["attempts"], found[0]["waited"], found[0]["on_wire"]) == (1, 0.25, 0.5)


def test_a_list_can_be_sent_again(
    cleverapp: Run, serve: Serve, tmp_path: Path, write: Write
) -> None:
    """The lists are outcomes as `send --only` reads them."""
    simulator = serve()
    listed = cleverapp("campaign", "unknown", make_journal(tmp_path / "run.db", *ALL)).out
    ended = cleverapp("send", write("unknown.jsonl", listed), "--only", "unknown")
    assert ended.code == 0
    assert {arrival.parameters["contact_external_id"] for arrival in simulator.deliveries} == {
        *("1003", "1004")
    }


def test_a_list_for_people(cleverapp: Run, tmp_path: Path) -> None:
    """As a table each message has its recipient in words, its text and the error."""
    path = make_journal(tmp_path / "run.db", *ALL)
    shown = cleverapp("campaign", "failed", path, "--format", "table").out
    assert "1001 in telegram" in shown
    assert "ConnectError" in shown
    assert cleverapp("campaign", "unknown", path, "--format", "table").code == 0


def test_a_long_table_is_cut(cleverapp: Run, tmp_path: Path) -> None:
    """Of many messages the first thousand are shown, and how to get all."""
    path = make_journal(tmp_path / "run.db", *[UNKNOWN] * 1001)
    ended = cleverapp("campaign", "unknown", path, "--format", "table")
    assert "1000 " in ended.out
    assert "campaign export" in ended.err


def test_a_list_as_csv(cleverapp: Run, tmp_path: Path) -> None:
    """As CSV no cell is a formula."""
    path = make_journal(tmp_path / "run.db", *ALL)
    listed = cleverapp("campaign", "failed", path, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(listed.removeprefix("\ufeff"))))
    assert [row["number"] for row in rows] == ["2", "3"]
    assert rows[0]["text"] == "'=Hi 1"


@pytest.mark.parametrize("command", ["failed", "unknown"])
def test_a_list_goes_to_a_file(cleverapp: Run, tmp_path: Path, command: str) -> None:
    """A new file of its owner alone, in the form of its suffix, with what is printed without it."""
    path = make_journal(tmp_path / "run.db", *ALL)
    for suffix, form in ((".jsonl", "jsonl"), (".csv", "csv")):
        output = tmp_path / f"list{suffix}"
        asked = ("campaign", command, path)
        ended = cleverapp(*asked, "-o", str(output))
        assert (ended.code, ended.out) == (0, "")
        assert output.read_bytes().decode() == cleverapp(*asked, "--format", form).out
        assert not output.with_name(f"{output.name}.part").exists()
        if os.name == "posix":
            assert stat.S_IMODE(output.stat().st_mode) == 0o600
        again = cleverapp(*asked, "-o", str(output))
        assert again.code == 2
        assert "--output " in again.err


@pytest.mark.parametrize(
    "more", [("-o", "list.txt"), ("-o", "list.csv", "--format", "table")], ids=" ".join
)
def test_a_list_in_a_form_that_no_file_has(
    cleverapp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    """A name that tells no form is refused, and so is a table; no file is made."""
    monkeypatch.chdir(tmp_path)
    path = make_journal(tmp_path / "run.db", *ALL)
    ended = cleverapp("campaign", "failed", path, *more)
    assert ended.code == 2
    assert "--format" in ended.err
    assert not list(tmp_path.glob("list*"))


def test_an_empty_list_in_a_file(cleverapp: Run, tmp_path: Path) -> None:
    """Where no message is in these states, that is said, and the file has nothing in it."""
    output = tmp_path / "list.jsonl"
    path = make_journal(tmp_path / "run.db", ACCEPTED)
    ended = cleverapp("campaign", "failed", path, "-o", str(output))
    assert (ended.code, output.read_bytes()) == (0, b"")
    assert "No message is rejected or not sent." in ended.err


def test_an_export_holds_everything(cleverapp: Run, tmp_path: Path) -> None:
    """All messages with their states go to a new file that only its owner can read."""
    path = make_journal(tmp_path / "run.db", *ALL)
    output = tmp_path / "all.csv"
    ended = cleverapp("campaign", "export", path, "-o", str(output))
    assert (ended.code, ended.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO(output.read_text("utf-8-sig"))))
    # Nobody is at work, so that what was on its way is unknown.
    told = [UNKNOWN if state is INTENT else state for state in ALL]
    assert [row["state"] for row in rows] == [state.value for state in told]
    assert rows[1]["status"] == "422"
    if os.name == "posix":
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
    again = cleverapp("campaign", "export", path, "-o", str(output))
    assert again.code == 2
    assert "--output " in again.err


def test_an_export_of_some(cleverapp: Run, tmp_path: Path) -> None:
    """--state chooses, --format says how, and a dash is standard output."""
    path = make_journal(tmp_path / "run.db", *ALL)
    states = ("--state", "pending", "--state", "accepted")
    ended = cleverapp("campaign", "export", path, "-o", "-", "--format", "jsonl", *states)
    assert [record["outcome"] for record in records(ended)] == ["accepted", "pending"]
    assert cleverapp("campaign", "export", path, "-o", "-").out.count("\n") == 7
    lines = tmp_path / "some.jsonl"
    assert cleverapp("campaign", "export", path, "-o", str(lines), *states).code == 0
    assert len(lines.read_text().splitlines()) == 2


def test_an_export_of_what_a_dead_run_had_on_its_way(cleverapp: Run, tmp_path: Path) -> None:
    """It is exported as unknown, as `status` counts it, and nothing is left on its way."""
    path = make_journal(tmp_path / "run.db", *ALL)
    export = ("campaign", "export", path, "-o", "-", "--format", "jsonl", "--state")
    found = records(cleverapp(*export, "unknown"))
    assert [(record["number"], record["outcome"]) for record in found] == [
        *((4, "unknown"), (5, "unknown"))
    ]
    assert records(cleverapp(*export, "intent")) == []


async def test_an_export_of_what_is_on_its_way(cleverapp: Run, tmp_path: Path) -> None:
    """While a run is at work, what it has on the wire is told apart from what is unknown."""
    journal = SqliteJournal(tmp_path / "run.db")
    await fill(journal, messages(2), (INTENT, UNKNOWN))
    try:
        path = str(tmp_path / "run.db")
        ended = cleverapp("campaign", "export", path, "-o", "-", "--format", "jsonl")
    finally:
        await journal.close("finished")
    assert [record["outcome"] for record in records(ended)] == ["intent", "unknown"]


def test_an_export_that_cannot_be(cleverapp: Run, tmp_path: Path) -> None:
    """A name without a format, and a folder that is not there, are told; nothing is made."""
    path = make_journal(tmp_path / "run.db", ACCEPTED)
    ended = cleverapp("campaign", "export", path, "-o", str(tmp_path / "all.txt"))
    assert ended.code == 2
    assert "--format" in ended.err
    ended = cleverapp("campaign", "export", path, "-o", str(tmp_path / "no" / "all.csv"))
    assert ended.code == 2
    assert str(tmp_path / "no") in ended.err
    ended = cleverapp("campaign", "export", str(tmp_path / "no.db"), "-o", str(tmp_path / "a.csv"))
    assert ended.code == 2
    assert not (tmp_path / "a.csv.part").exists()


def test_a_report(cleverapp: Run, tmp_path: Path) -> None:
    """The report is written, and only --force writes it over."""
    path = make_journal(tmp_path / "run.db", *ALL)
    page = tmp_path / "report.html"
    assert cleverapp("campaign", "report", path, "-o", str(page)).code == 0
    text = page.read_text()
    assert text.lower().startswith("<!doctype html>")
    assert TOKEN not in text
    again = cleverapp("campaign", "report", path, "-o", str(page))
    assert again.code == 2
    assert "--force" in again.err
    assert cleverapp("campaign", "report", path, "-o", str(page), "--force").code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_report_into_a_device_or_a_pipe_leaves_it_there(
    cleverapp: Run, tmp_path: Path, force: tuple[str, ...]
) -> None:
    """What is no file is written to, never replaced by one; a folder is refused."""
    path = make_journal(tmp_path / "run.db", *ALL)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        report = ("campaign", "report", path, *force, "-o")
        with pytest.MonkeyPatch.context() as patch:
            # The pipe takes less than the page while nobody reads.
            patch.setattr("cleverapp_async.bulk.report.page.write_page", lambda *_, **__: "page")
            assert cleverapp(*report, str(pipe)).code == 0
        assert os.read(reading, 100) == b"page"
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert cleverapp(*report, str(tmp_path)).code == (1 if force else 2)
        assert tmp_path.is_dir()
    finally:
        os.close(reading)


def test_a_report_has_the_title_and_the_zone_that_are_given(cleverapp: Run, tmp_path: Path) -> None:
    """Its times are in the zone of --timezone, its name is that of --title."""
    path = make_journal(tmp_path / "run.db", *ALL)
    page = tmp_path / "report.html"
    zone = ("--timezone", "Asia/Yekaterinburg")
    ended = cleverapp("campaign", "report", path, "-o", str(page), "--title", "Весна", *zone)
    assert ended.code == 0
    text = page.read_text("utf-8")
    assert "<title>Campaign Весна</title>" in text
    assert "Asia/Yekaterinburg (UTC+05:00)" in text
    assert "+05:00" in text.partition("<time datetime=")[2].partition(">")[0]
    wrong = cleverapp("campaign", "report", path, "-o", "x.html", "--timezone", "Asia/Nowhere")
    assert wrong.code == 2
    assert "--timezone" in wrong.err


def test_a_report_that_cannot_be(cleverapp: Run, tmp_path: Path) -> None:
    """Where the page cannot be written that is told with exit 1, without a journal with exit 2."""
    path = make_journal(tmp_path / "run.db", ACCEPTED)
    ended = cleverapp("campaign", "report", path, "-o", str(tmp_path / "no" / "r.html"))
    assert ended.code == 1
    assert str(tmp_path / "no") in ended.err
    ended = cleverapp("campaign", "report", str(tmp_path / "no.db"), "-o", str(tmp_path / "r.html"))
    assert ended.code == 2


def test_half_a_character_is_still_json() -> None:
    """A text that no UTF-8 can hold, which a server may answer, is written as JSON can hold it."""
    error = ErrorRecord(type="ForbiddenError", message="\ud83d", status=403)
    result = JournalResult(state=REJECTED, ended_at=0.0, error=error)
    entry = JournalEntry(index=0, message=messages(1)[0], key=None, state=REJECTED, result=result)
    assert json.loads(as_line(entry).decode())["error"]["message"] == "\ud83d"


def test_a_contact_in_words(cleverapp: Run, tmp_path: Path) -> None:
    """A recipient by contact_id or phone is told as what it is, a long text shortened."""
    path = tmp_path / "run.db"

    async def begin() -> None:
        journal = SqliteJournal(path)
        given: list[Message] = [
            SendMessage(contact_id=5, text="x" * 100),
            SendMessageToWhatsApp(bot_id=7, phone="79991234567", text="Hi", name="Анна"),
        ]
        await fill(journal, given, [UNKNOWN, UNKNOWN])
        await journal.close("interrupted")

    asyncio.run(begin())
    shown = " ".join(cleverapp("campaign", "unknown", str(path), "--format", "table").out.split())
    assert "contact 5" in shown
    assert "x" * 100 not in shown
    assert "79991234567" in shown


@pytest.mark.parametrize(("messages", "blocks"), [(50, 2), (5, 0)])
def test_an_export_without_room(
    environment: dict[str, str], tmp_path: Path, messages: int, blocks: int
) -> None:
    """Where the file cannot grow, or not begin, that is told with what is there, exit 1."""
    path = make_journal(tmp_path / "run.db", *[ACCEPTED] * messages)
    output = tmp_path / "all.csv"
    python = shlex.quote(sys.executable)
    command = f"ulimit -f {blocks}; exec {python} -B -m cleverapp_async campaign export"
    given = shlex.join([path, "-o", str(output)])
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{command} {given}"],
        env=uncounted(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert f"{output}.part cannot be written: File too large." in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not output.exists()


def test_a_reader_that_has_seen_enough(environment: dict[str, str], tmp_path: Path) -> None:
    """Where the output's reader leaves the listing ends quietly."""
    path = make_journal(tmp_path / "run.db", *[ACCEPTED] * 3000)
    command = shlex.join([sys.executable, "-m", "cleverapp_async", "campaign", "export", path])
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{command} -o - --format jsonl | head -n 1"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(ended.stdout.splitlines()) == 1
    assert ended.stderr == ""


@pytest.mark.parametrize("form", ["jsonl", "csv", "table"])
def test_an_empty_list_is_told(cleverapp: Run, tmp_path: Path, form: str) -> None:
    """Where nothing is to be listed, a word on standard error says so; the data are none."""
    path = make_journal(tmp_path / "run.db", JournalState.ACCEPTED)
    for command in ("failed", "unknown"):
        ended = cleverapp("campaign", command, path, "--format", form)
        assert ended.code == 0
        assert ended.err.count("\n") == 1
        assert "accepted" not in ended.out


def test_a_table_in_a_file_is_not_cut(cleverapp: Run, tmp_path: Path) -> None:
    """Off a terminal a table is as wide as what it holds: each message has one line."""
    path = make_journal(tmp_path / "run.db", JournalState.REJECTED)
    out = cleverapp("campaign", "failed", path, "--format", "table").out
    (line,) = [one for one in out.splitlines() if "rejected" in one]
    assert line.rstrip().endswith("Неизвестный контакт (HTTP 422)")
