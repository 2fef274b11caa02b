"""A row is found again: by its line, and by the columns that are no part of its message."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import SendMessage, SqliteJournal
from cleverapp_async.journal import JournalReader, JournalState
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.cli.campaigns import fill, make_journal, records
from tests.cli.command import TOKEN
from tests.cli.workbook import Workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.cli.command import Ended, Run, Serve, Write

LIST = """\
contact_id,name,order_id,status,row,Заметка
1,Анна,A-17,vip,12,=1+1
2,Борис,A-18,,,
x,Вера,A-19,,,
4,Глеб,A-20,new,14,"in two
lines"
5,Дина,A-21,,,
"""
TEXT = ("--text", "Hi, {name}!")
UNLIMITED = ("--account-limit", "none")
SKIP = ("--skip-bad-rows",)
PLACES = {"A-17": (1, 2), "A-18": (2, 3), "A-20": (4, 5), "A-21": (5, 7)}


def refusing(*contacts: str) -> Simulator:
    """Make a simulator that refuses messages to some contacts."""
    answer = {"message": "The given data was invalid.", "errors": {"text": ["No"]}}

    def is_to(contact: str) -> Callable[[Mapping[str, object]], bool]:
        return lambda parameters: str(parameters.get("contact_id")) == contact

    faults = [Fault.answer(422, answer, when=is_to(contact)) for contact in contacts]
    return Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), faults=faults)


def by_order(found: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Give where each order's row is."""
    return {record["order_id"]: (record["row"], record["line"]) for record in found}


def rows_of(ended: Ended) -> list[dict[str, str]]:
    """Give the rows of CSV that a command has printed."""
    return list(csv.DictReader(io.StringIO(ended.out.removeprefix("\ufeff"), newline="")))


def test_outcomes_tell_the_row_and_its_columns(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Also where rows before it were left out; none of it is sent."""
    simulator = serve()
    ended = cleverapp("send", write("r.csv", LIST), *TEXT, *SKIP)
    found = records(ended)
    assert by_order(found) == PLACES
    [anna] = [record for record in found if record["order_id"] == "A-17"]
    assert (anna["name"], anna["own_status"], anna["own_row"]) == ("Анна", "vip", "12")
    assert (anna["Заметка"], anna["outcome"], anna["contact_id"]) == ("=1+1", "accepted", 1)
    assert "number" not in anna
    assert all(set(arrival.parameters) == {"contact_id", "text"} for arrival in simulator.arrivals)


def test_a_campaign_keeps_them(cleverapp: Run, serve: Serve, write: Write, tmp_path: Path) -> None:
    """Outcomes, lists and exports of a campaign have them, and the number that it counts by."""
    serve(refusing("4", "5"))
    path, file = str(tmp_path / "run.db"), write("r.csv", LIST)
    keep = ("--journal", path, *UNLIMITED)
    found = records(cleverapp("send", file, *TEXT, *SKIP, *keep, "-o", "-"))
    assert by_order(found) == PLACES
    assert sorted(record["number"] for record in found) == [1, 2, 3, 4]
    export = ("campaign", "export", path, "-o", "-", "--format")
    assert by_order(records(cleverapp(*export, "jsonl"))) == PLACES
    rows = rows_of(cleverapp(*export, "csv"))
    assert list(rows[0])[:4] == ["number", "row", "line", "state"]
    assert {row["order_id"]: (int(row["row"]), int(row["line"])) for row in rows} == PLACES
    assert [row["Заметка"] for row in rows] == ["'=1+1", "", "in two\nlines", ""]
    assert (rows[0]["name"], rows[0]["own_status"]) == ("Анна", "vip")
    failed = records(cleverapp("campaign", "failed", path))
    assert by_order(failed) == {order: PLACES[order] for order in ("A-20", "A-21")}
    table = cleverapp("campaign", "failed", path, "--format", "table").out
    assert "line 7" in table
    report = tmp_path / "report.html"
    assert cleverapp("campaign", "report", path, "-o", str(report)).code == 0
    assert "order_id A-21" in report.read_text()


@pytest.mark.parametrize("form", ["outcomes", "jsonl", "csv", "semicolons", "xlsx"])
def test_what_is_sent_again_is_found_in_the_first_list(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, form: str
) -> None:
    """Through a second send and a third, whichever form is sent again: rows, columns and texts."""
    serve(refusing("4", "5"))
    path, keep = write("r.csv", LIST), ("--journal", str(tmp_path / "0.db"))
    first = cleverapp("send", path, *TEXT, *SKIP, *UNLIMITED, *keep, "-o", "-")
    again = ("--only", "rejected", *UNLIMITED)
    for life in range(1, 3):
        journal = str(tmp_path / f"{life - 1}.db")
        listed = ("campaign", "failed", journal, "--format")
        table = rows_of(cleverapp(*listed, "csv"))
        lines = [list(table[0]), *(list(row.values()) for row in table)]
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";").writerows(lines)
        content: dict[str, tuple[str, str | bytes]] = {
            "outcomes": ("o.jsonl", first.out),
            "jsonl": ("l.jsonl", cleverapp(*listed, "jsonl").out),
            "csv": ("l.csv", cleverapp(*listed, "csv").out),
            "semicolons": ("s.csv", text.getvalue()),
            "xlsx": ("w.xlsx", Workbook({"S": lines}).content()),
        }
        file = write(*content[form])
        keep = ("--journal", str(tmp_path / f"{life}.db"))
        first = cleverapp("send", file, *again, *keep, "-o", "-")
        found = records(first)
        assert by_order(found) == {order: PLACES[order] for order in ("A-20", "A-21")}
        [gleb] = [record for record in found if record["order_id"] == "A-20"]
        assert (gleb["own_row"], gleb["own_status"], gleb["name"]) == ("14", "new", "Глеб")
        assert gleb["Заметка"] == "in two\nlines"
        assert gleb["text"] == "Hi, Глеб!"


def test_a_row_that_differs_on_a_resume_is_told_by_its_line(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """The line of the file that was given, and the message's number, whatever was left out."""
    serve()
    keep = ("--journal", str(tmp_path / "run.db"), *SKIP, *UNLIMITED)
    assert cleverapp("send", write("r.csv", LIST), *TEXT, *keep).code == 1
    other = write("other.csv", LIST.replace("5,Дина", "6,Дина"))
    ended = cleverapp("send", other, *TEXT, *keep)
    assert ended.code == 2
    assert f"{other}, line 7" in ended.err
    assert "message 4" in ended.err
    same = write("same.csv", LIST.replace("A-21", "B-21"))
    assert cleverapp("send", same, *TEXT, *keep).code == 1
    with JournalReader(tmp_path / "run.db") as reader:
        assert [one.message.reference["order_id"] for one in reader.entries()] == [*PLACES]


def test_too_much_is_left_out_and_told(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A column that is too long is not kept, and those behind it are; the message goes out."""
    serve()
    told = json.dumps({"contact_id": 1, "text": "a", "notes": "x" * 5000, "order_id": "\ud83d"})
    ended = cleverapp("send", write("r.jsonl", f"{told}\n"))
    [found] = records(ended)
    assert found["outcome"] == "accepted"
    assert (found["order_id"], "notes" in found) == ("?", False)
    assert "'notes'" in ended.err
    assert "line 1" in ended.err


def test_names_have_a_bound(cleverapp: Run, serve: Serve, write: Write, tmp_path: Path) -> None:
    """Lines whose members all have names of their own are sent, and the first names kept."""
    serve()
    lines = [
        json.dumps({"contact_id": number, "text": "a", f"order {number}": "x"})
        for number in range(1, 1003)
    ]
    path = str(tmp_path / "run.db")
    file = write("r.jsonl", "\n".join(lines))
    ended = cleverapp("send", file, "--journal", path, *UNLIMITED, "-q")
    assert ended.code == 0, ended.err
    rows = rows_of(cleverapp("campaign", "export", path, "-o", "-"))
    assert rows[997]["order 998"] == "x"
    assert "order 999" not in rows[998]


def test_messages_of_a_program_have_a_number_alone(cleverapp: Run, tmp_path: Path) -> None:
    """What comes of no list has no row and no line."""
    path = make_journal(tmp_path / "run.db", JournalState.REJECTED)
    [found] = records(cleverapp("campaign", "failed", path))
    assert found["number"] == 1
    assert {"row", "line"}.isdisjoint(found)
    header = cleverapp("campaign", "export", path, "-o", "-").out.partition("\r\n")[0]
    assert "line" not in header.split(",")
    assert "reference" not in cleverapp("campaign", "failed", path, "--format", "table").out


def test_a_list_with_a_state_of_its_own_is_no_outcome(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """A house's number and a state of America make no export: other columns are known as ever."""
    serve()
    path = write("r.csv", "number,state,ID контакта,Текст,order\n5,Texas,1,a,'=1\n")
    [found] = records(cleverapp("send", path))
    assert (found["contact_id"], found["text"]) == (1, "a")
    assert (found["own_number"], found["own_state"], found["order"]) == ("5", "Texas", "'=1")


def test_what_a_program_called_otherwise_is_sent_again(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Names that mean a column elsewhere, or nearly one, are names of one's own in an export."""
    simulator = serve()
    reference = {"message": "of the shop", "fone": "1", "Телефон": "+7 999", "бот": "x"}
    journal = tmp_path / "run.db"

    async def load() -> None:
        filled = SqliteJournal(journal)
        given = [SendMessage(contact_id=7, text="Hi", reference=reference)]
        await fill(filled, given, [JournalState.PENDING])
        await filled.close("interrupted")

    asyncio.run(load())
    for form in ("csv", "jsonl"):
        out = cleverapp("campaign", "export", str(journal), "-o", "-", "--format", form).out
        ended = cleverapp("send", write(f"r.{form}", out), "--only", "pending")
        [found] = records(ended)
        assert found["outcome"] == "accepted", ended.err
        assert {name: found[name] for name in reference} == reference
    assert [one.parameters for one in simulator.deliveries] == 2 * [
        {"contact_id": "7", "text": "Hi"}
    ]
