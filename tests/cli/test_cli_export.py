from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Contact
from cleverapp_async.bulk.report.csv import escape, unescape
from cleverapp_async.cli.atomic_file import AtomicFile
from cleverapp_async.cli.contacts import CsvRows, JsonRows
from cleverapp_async.cli.params import read_from, read_to
from cleverapp_async.cli.recipients.messages import read_route
from cleverapp_async.cli.recipients.rows import Row
from cleverapp_async.models import ContactVariable, Utm, VariableName
from cleverapp_async.simulator import Simulator, SimulatorLimits, generate
from tests.cli.command import TOKEN
from tests.cli.scripted import INTERRUPT, answer, page, scripted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Ended, Run, Serve

ANNA = {"id": 1, "bot_id": 7, "messenger": "whatsapp", "name": "=cmd()", "phone": "+79990000001"}
BORIS = {"id": 2, "bot_id": 7, "messenger": "telegram", "name": "'-Борис", "telegram_id": "55"}


def seeded(contacts: int = 30) -> Simulator:
    """Make a simulator with made-up contacts and without limits."""
    return Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), seed_data=generate(contacts=contacts)
    )


def rows(path: Path) -> list[dict[str, str]]:
    """Give the records of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def test_all_pages_as_csv(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """Each contact is one record, in as few requests as there are full pages."""
    simulator = serve(seeded(1100))
    path = tmp_path / "contacts.csv"
    ended = cleverapp("contacts", "export", "--output", str(path), "--with", "tags,variables,tags")
    assert ended.code == 0
    assert ended.out == ""
    assert ended.err == f"1100 contacts written to {path}.\n"
    assert len(simulator.arrivals) == 3
    found = rows(path)
    assert [int(row["contact_id"]) for row in found] == list(range(1, 1101))
    assert {"name", "utm_source", "tags", "variables", "extra"} <= found[0].keys()
    assert isinstance(json.loads(found[0]["tags"]), list)
    assert not path.with_name("contacts.csv.part").exists()


def test_only_what_is_asked_for(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """Bot and dates are passed on; JSON lines leave out what is not known."""
    simulator = serve(seeded())
    path = tmp_path / "contacts.jsonl"
    ended = cleverapp(
        *("contacts", "export", "-o", str(path), "--bot-id", "2", "--quiet"),
        *("--date-from", "2024-01-01T00:00:00+00:00", "--date-to", "2024-01-01T12:00:00Z"),
    )
    assert ended.code == 0
    assert ended.err == ""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert found
    assert {record["contact_bot_id"] for record in found} == {2}
    assert all(None not in record.values() and "tags" not in record for record in found)
    assert simulator.arrivals[0].parameters == {
        "bot_id": "2",
        "count": "500",
        "date_from": "1704067200",
        "date_to": "1704110400",
        "page": "1",
    }


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_send_takes_the_file(cleverapp: Run, tmp_path: Path, suffix: str) -> None:
    """Phones make no row a WhatsApp message by number, and names come as they are."""
    path = tmp_path / f"contacts.{suffix}"
    with scripted(page(ANNA, BORIS)) as url:
        assert cleverapp("contacts", "export", "-o", str(path), "--base-url", url).code == 0
    dry = cleverapp("send", str(path), "--text", "Hi {name}", "--bot-id", "3", "--dry-run")
    assert dry.code == 0
    assert "sendMessageToWhatsApp" not in dry.out
    # Both routes are known before the first message: nothing has to be learned from a refusal.
    assert "whatsapp of bot 7 " in dry.out
    assert "telegram of bot 7 " in dry.out
    assert "unknown" not in dry.out
    taken = answer(200, {"success": True})
    with scripted(taken, taken) as url:
        sent = cleverapp(
            *("send", str(path), "--text", "Hi {name}", "--base-url", url),
            *("--account-limit", "none", "--concurrency", "1"),
        )
    assert sent.code == 0
    assert "whatsapp of bot 7" in sent.err
    found = sorted(
        (one["contact_id"], one["text"]) for one in map(json.loads, sent.out.splitlines())
    )
    assert found == [(1, "Hi =cmd()"), (2, "Hi '-Борис")]


def test_formulas_are_escaped(cleverapp: Run, tmp_path: Path) -> None:
    """What a spreadsheet would compute begins with an apostrophe, in CSV alone."""
    path = tmp_path / "c.csv"
    with scripted(page(ANNA, BORIS)) as url:
        cleverapp("contacts", "export", "-o", str(path), "--base-url", url)
    assert [(row["name"], row["phone"]) for row in rows(path)] == [
        ("'=cmd()", "'+79990000001"),
        ("''-Борис", ""),
    ]


@given(st.text(alphabet=st.sampled_from("'=+-@\t\ra "), max_size=6) | st.text(max_size=6))
def test_escaping_loses_nothing(cell: str) -> None:
    """An escaped cell is no formula, and reads back as it was."""
    assert not escape(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescape(escape(cell)) == cell


def failed(cleverapp: Run, path: Path, *answers: bytes) -> Ended:
    """Export from a server that gives these answers."""
    with scripted(*answers) as url:
        return cleverapp("contacts", "export", "-o", str(path), "--base-url", url)


def test_a_failure_keeps_what_is_there(cleverapp: Run, tmp_path: Path) -> None:
    """A page that is refused ends it with 1; the pages before stay as the part."""
    path = tmp_path / "c.csv"
    ended = failed(cleverapp, path, page(ANNA, last=2), answer(403, {"message": "Forbidden"}))
    assert ended.code == 1
    part = tmp_path / "c.csv.part"
    assert f"{part} holds 1 contact " in ended.err
    assert [row["contact_id"] for row in rows(part)] == ["1"]
    assert not path.exists()
    again = failed(cleverapp, path)
    assert again.code == 2
    assert f"{part} " in again.err


def numbered(first: int, count: int) -> list[dict[str, object]]:
    """Contacts by their numbers."""
    return [{"id": number} for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("answers", "written"),
    [
        ([page(*numbered(1, 500), number=1, last=3, total=1203)] * 2, 500),
        ([page(*numbered(1, 500), number=one, last=3, total=1203) for one in (1, 2)], 500),
        ([page(*numbered(1, 500), last=1, total=1203)], 500),
        (
            [
                page(*numbered(1, 3), number=1, last=3, total=9),
                page(number=2, last=3, total=9),
                page(number=3, last=3, total=9),
            ],
            3,
        ),
        (
            [
                answer(
                    200,
                    {
                        "data": numbered(1, 500),
                        "links": {"next": "https://x.example/getContacts?cursor=abc"},
                        "meta": {"next_cursor": "abc", "per_page": 500},
                    },
                )
            ]
            * 2,
            500,
        ),
    ],
    ids=["page ignored", "page ignored but named", "one page of three", "empty pages", "cursor"],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_an_export_that_is_not_whole_says_so(
    cleverapp: Run, tmp_path: Path, suffix: str, answers: list[bytes], written: int
) -> None:
    """Where the server gives fewer contacts than it promised, exit 1, and the part is no export."""
    path = tmp_path / f"c.{suffix}"
    ended = failed(cleverapp, path, *answers)
    assert ended.code == 1
    part = tmp_path / f"c.{suffix}.part"
    assert f"{part} holds {written} contacts " in ended.err
    assert "getContacts: page" in ended.err
    assert "written to" not in ended.err
    lines = part.read_bytes().splitlines()
    assert len(lines) - (suffix == "csv") == written
    assert not path.exists()


def test_a_contact_that_shifts_is_written_once(cleverapp: Run, tmp_path: Path) -> None:
    """Contacts that arrive between two pages make no other one a second row."""
    path = tmp_path / "c.csv"
    ended = failed(
        cleverapp,
        path,
        page(*numbered(10, 3), number=1, last=2, total=5),
        page({"id": 12}, *numbered(20, 2), number=2, last=2, total=6),
    )
    assert ended.code == 0
    assert [row["contact_id"] for row in rows(path)] == ["10", "11", "12", "20", "21"]


def test_odd_contacts_do_not_stop_an_export(cleverapp: Run, tmp_path: Path) -> None:
    """What PHP makes of empty objects, gaps and numbers is written as what was meant."""
    path = tmp_path / "c.csv"
    odd = {
        "1": {"id": 1.0, "utm": [], "bot_id": "", "created_at": "", "telegram_id": 5000000001.0},
        "3": {"id": "2", "utm": {"utm_source": "x"}, "bot_id": "7", "created_at": 1733047200},
    }
    meta = {"current_page": 1, "last_page": 1, "total": 2}
    ended = failed(cleverapp, path, answer(200, {"data": odd, "links": [], "meta": meta}))
    assert ended.code == 0
    columns = ("contact_id", "contact_bot_id", "telegram_id", "utm_source", "created_at")
    assert [tuple(row[name] for name in columns) for row in rows(path)] == [
        ("1", "", "5000000001", "", ""),
        ("2", "7", "", "x", "2024-12-01T10:00:00+00:00"),
    ]


def test_a_failure_at_once_leaves_nothing(cleverapp: Run, tmp_path: Path) -> None:
    """Where not even one page came, no file stays."""
    ended = failed(cleverapp, tmp_path / "c.csv", answer(401, {"message": "Unauthenticated."}))
    assert ended.code == 3
    assert not (tmp_path / "c.csv.part").exists()
    assert list(tmp_path.iterdir()) == []


def test_interrupted(cleverapp: Run, tmp_path: Path) -> None:
    """Ctrl-C ends it with 130, and names the part."""
    ended = failed(cleverapp, tmp_path / "c.csv", page(ANNA, BORIS, last=2), INTERRUPT)
    assert ended.code == 130
    assert f"{tmp_path / 'c.csv.part'} holds 2 contacts " in ended.err


def test_nothing_is_written_over(cleverapp: Run, tmp_path: Path) -> None:
    """A file that is there stays as it is, exit 2 before anything is asked."""
    path = tmp_path / "c.csv"
    path.write_text("mine")
    ended = cleverapp("contacts", "export", "-o", str(path))
    assert ended.code == 2
    assert "--output " in ended.err
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "/nowhere/at/all.csv"), "/nowhere/at/all.csv"),
        (("-o", "c.xlsx"), "--output c.xlsx: "),
        (("-o", "-", "--format", "csv"), "--output -"),
        (("-o", "c.csv", "--with", "shoes"), "'--with': "),
        (("-o", "c.csv", "--date-from", "soon"), "'--date-from': 'soon'"),
        (
            ("-o", "c.csv", "--date-from", "2024-02-01", "--date-to", "2024-01-01"),
            "--date-from ",
        ),
    ],
)
def test_usage_errors(cleverapp: Run, arguments: tuple[str, ...], told: str) -> None:
    """What cannot be done is told before anything is asked, exit 2."""
    ended = cleverapp("contacts", "export", *arguments)
    assert ended.code == 2
    assert told in ended.err


@pytest.mark.parametrize("screen", [True, False])
def test_progress(
    cleverapp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: bool
) -> None:
    """Long exports tell how far they are, on a screen by a line that changes."""
    monkeypatch.setattr("cleverapp_async.cli.contacts.is_screen", lambda: screen)
    many = page(*(dict[str, object](id=number) for number in range(1, 5002)))
    ended = failed(cleverapp, tmp_path / "c.csv", many)
    assert ended.code == 0
    assert ("5000 contacts …" in ended.err) is not screen
    assert "5001 contacts written" in ended.err


def test_a_full_disk(cleverapp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written to its end is told, exit 1, and stays as the part."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    ended = failed(cleverapp, tmp_path / "c.csv", page(ANNA))
    assert ended.code == 1
    assert "No space left on device" in ended.err
    assert (tmp_path / "c.csv.part").exists()


def refuse_links(*_: object) -> None:
    """Fail as a file system without links."""
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_is_taken_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """A file that came while this one was written is not written over; the part stays."""
    if not links:
        monkeypatch.setattr(os, "link", refuse_links)
    path = tmp_path / "c.csv"
    with AtomicFile.create(str(path)) as file:
        file.write(b"1\n")
        path.write_text("mine")
        with pytest.raises(Exception, match="--output "):
            file.finish()
    assert path.read_text() == "mine"
    assert file.part.read_bytes() == b"1\n"


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no links the part is renamed."""
    monkeypatch.setattr(os, "link", refuse_links)
    with AtomicFile.create(str(tmp_path / "c.csv")) as file:
        file.write(b"1\n")
        file.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


def test_an_empty_export_is_a_header(cleverapp: Run, tmp_path: Path) -> None:
    """No contacts are a file with its header alone."""
    path = tmp_path / "c.csv"
    ended = failed(cleverapp, path, page())
    assert ended.code == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbfcontact_id,contact_bot_id,")
    assert rows(path) == []


def test_nothing_of_a_contact_is_lost() -> None:
    """What nobody documents is kept in extra; half characters do not break the file."""
    contact = Contact(
        id=1,
        name="a\ud800",
        utm=Utm(utm_source="x", extra={"z": 1}),
        created_at=datetime(2024, 1, 31, tzinfo=UTC),
        tags=("VIP",),
        variables=(
            ContactVariable(value="Омск", variable=VariableName(name="Город")),
            ContactVariable(name="@", value=None),
        ),
        extra={"new": [1]},
    )
    asked = ("tags", "variables")
    record = json.loads(JsonRows(asked).row(contact))
    assert record == {
        "contact_id": 1,
        "name": "a\ud800",
        "utm_source": "x",
        "created_at": "2024-01-31T00:00:00+00:00",
        "tags": ["VIP"],
        "variables": [{"name": "Город", "value": "Омск"}, {"name": "@", "value": None}],
        "extra": {"new": [1], "utm": {"z": 1}},
    }
    line = CsvRows(asked).row(contact).decode()
    assert "a?" in line
    assert '""new"": [1]' in line
    bare = JsonRows(asked).row(Contact(id=2))
    assert json.loads(bare) == {"contact_id": 2}


def test_days() -> None:
    """A day is all of it, in this machine's zone; a moment with its offset is that moment."""
    first, last = read_from("2024-01-31"), read_to("2024-01-31")
    assert last - first == 86_399
    assert datetime.fromtimestamp(first).isoformat() == "2024-01-31T00:00:00"  # noqa: DTZ006 - local
    moscow = timezone(timedelta(hours=3))
    at = int(datetime(2024, 1, 31, 12, tzinfo=moscow).timestamp())
    assert read_from("2024-01-31T12:00:00+03:00") == read_to("2024-01-31T12:00:00+03:00") == at


@pytest.mark.parametrize("text", ["1969-01-01", "0001-01-01", "9999-12-31T99", "31.01.2024", ""])
def test_no_days(text: str) -> None:
    """What is no date since 1970 is refused."""
    with pytest.raises(ValueError, match=re.escape(f"{text!r}")):
        read_to(text)


def test_the_routes_of_an_export_are_kept(cleverapp: Run, tmp_path: Path) -> None:
    """A contact's own limit holds from the first message, though its id alone addresses it."""
    path = tmp_path / "c.csv"
    taken = answer(200, {"success": True})
    with scripted(page(ANNA, {**ANNA, "id": 3}), taken, taken) as url:
        cleverapp("contacts", "export", "-o", str(path), "--base-url", url)
        started = time.monotonic()
        sent = cleverapp(
            *("send", str(path), "--text", "Hi", "--base-url", url),
            *("--account-limit", "none", "--limit", "whatsapp=1/300ms"),
        )
    assert sent.code == 0
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(
    "cells",
    [
        {"contact_bot_id": "7", "contact_messenger": "viber"},
        {"contact_id": "1", "contact_bot_id": "seven", "contact_messenger": "viber"},
        {"contact_id": "1", "contact_bot_id": "7"},
    ],
)
def test_half_a_route_is_none(cells: dict[str, str]) -> None:
    """A row without contact, bot or messenger tells no route."""
    assert read_route(Row(1, 2, cells)) is None
