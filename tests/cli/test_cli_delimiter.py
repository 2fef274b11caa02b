"""The sign between the cells of CSV that is written, and that it is read again by any of them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.errors import InvalidRequestError
from cleverapp_async.journal import JournalState, export_csv
from cleverapp_async.simulator import Simulator, SimulatorLimits, generate
from tests.cli.campaigns import make_journal
from tests.cli.command import TOKEN
from tests.raising import raises

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

SIGNS = {",": ",", ";": ";", "tab": "\t", None: ","}
EACH = pytest.mark.parametrize("given", SIGNS, ids=str)
STATES = [JournalState.UNKNOWN, JournalState.REJECTED, JournalState.ACCEPTED]


def option(given: str | None) -> tuple[str, ...]:
    """Give the option, or nothing."""
    return () if given is None else ("--delimiter", given)


def cells(text: str, sign: str) -> list[list[str]]:
    """Give the cells of all lines, which have as many each."""
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=sign, strict=True))
    assert len(table) > 1
    assert len(table[0]) > 3
    assert {len(row) for row in table} == {len(table[0])}
    return table


@EACH
@pytest.mark.parametrize("command", ["export", "failed", "unknown"])
def test_lists_of_a_campaign(
    cleverapp: Run, serve: Serve, tmp_path: Path, command: str, given: str | None
) -> None:
    """Each command that writes CSV writes that sign, and `send --only` finds the recipients."""
    simulator, sign = serve(), SIGNS[given]
    journal = make_journal(tmp_path / "run.db", *STATES)
    # A sign between cells asks for CSV by itself.
    csv_of_list = ("--format", "csv") if given is None else ()
    more = ("-o", "-") if command == "export" else csv_of_list
    ended = cleverapp("campaign", command, journal, *more, *option(given))
    table = cells(ended.out, sign)
    again = tmp_path / "again.csv"
    again.write_text(ended.out)
    only = ("--only", "rejected", "--only", "unknown", "--output", str(tmp_path / "o.jsonl"))
    assert cleverapp("send", str(again), *only).code == 0
    place = table[0].index("state"), table[0].index("contact_external_id")
    wanted = [row[place[1]] for row in table[1:] if row[place[0]] != "accepted"]
    assert [one.parameters["contact_external_id"] for one in simulator.deliveries] == wanted


@EACH
def test_contacts(cleverapp: Run, serve: Serve, tmp_path: Path, given: str | None) -> None:
    """Contacts are written with the sign, and are a list that can be sent to."""
    data = generate(contacts=5)
    serve(Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), seed_data=data))
    path = tmp_path / "contacts.csv"
    export = ("contacts", "export", "-o", str(path), "--with", "tags,variables")
    assert cleverapp(*export, *option(given)).code == 0
    table = cells(path.read_bytes().decode("utf-8-sig"), SIGNS[given])
    assert len(table) == 6
    sent = cleverapp("send", str(path), "--text", "Hi", "--dry-run")
    assert sent.code == 0
    assert " 5 " in sent.out


@pytest.mark.parametrize(
    "signs",
    [
        (",", None, ","),
        (";", None, ";"),
        ("\t", None, "\t"),
        ("|", None, ","),
        (";", ",", ","),
        (",", ";", ";"),
        (",", "tab", "\t"),
    ],
    ids=repr,
)
def test_faults(
    cleverapp: Run, write: Write, tmp_path: Path, signs: tuple[str, str | None, str]
) -> None:
    """Faults have the sign that is given, or else the one of the list, where people know that."""
    of_list, given, sign = signs
    path = write("r.csv", f"contact_id{of_list}name\nx{of_list}A\ny{of_list}B\n")
    faults = tmp_path / "faults.csv"
    check = ("send", path, "--text", "Hi", "--dry-run", "--faults", str(faults))
    assert cleverapp(*check, *option(given)).code == 2
    assert [row[0] for row in cells(faults.read_text("utf-8-sig"), sign)[1:]] == ["2", "3"]


@pytest.mark.parametrize(
    "command",
    [
        ("campaign", "export", "run.db", "-o", "out.jsonl"),
        ("campaign", "failed", "run.db", "--format", "jsonl"),
        ("campaign", "unknown", "run.db", "--format", "table"),
        ("contacts", "export", "-o", "out.jsonl"),
        ("send", "r.csv", "--text", "Hi"),
    ],
    ids=" ".join,
)
def test_what_has_no_cells(cleverapp: Run, command: tuple[str, ...]) -> None:
    """Beside anything but CSV the option would do nothing, and is refused."""
    ended = cleverapp(*command, "--delimiter", ";")
    assert (ended.code, ended.out) == (2, "")
    assert "--delimiter" in ended.err


def test_in_python(tmp_path: Path) -> None:
    """`export_csv` takes the same signs, and names the argument where it is given another."""
    journal = make_journal(tmp_path / "run.db", *STATES)
    for sign in (",", ";", "\t"):
        written = io.BytesIO()
        assert export_csv(journal, written, delimiter=sign) == 3
        assert len(cells(written.getvalue().decode(), sign)) == 4
    with raises(InvalidRequestError, "delimiter"):
        export_csv(journal, io.BytesIO(), delimiter='"')
