"""One message of the list is sent to an address of one's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

WIDE = ("--account-limit", "none", "--limit", "telegram=none")
RECIPIENTS = (
    "bot_id,messenger,contact_external_id,phone,name,image\n"
    "7,telegram,42,,Анна,\n"
    "8,,,79991234567,Пётр,\n"
    "7,viber,44,,Нина,https://example.com/a.jpg\n"
)
TEXT = ("--text", "Привет, {name}!")


@pytest.mark.parametrize(
    ("address", "row", "expected"),
    [
        ("contact_id=5", "1", {"contact_id": "5"}),
        ("ID контакта = 5", "2", {"contact_id": "5"}),
        ("phone=8 999 765-43-21", "1", {"bot_id": "7", "phone": "79997654321"}),
        (
            "phone=79997654321,bot_id=9,name=Я, Ян",
            "2",
            {"bot_id": "9", "phone": "79997654321", "name": "Я, Ян"},
        ),
        (
            "bot_id=9,messenger=Telegram,contact_external_id=1",
            "2",
            {"bot_id": "9", "messenger": "telegram", "contact_external_id": "1"},
        ),
        (
            "contact_external_id=1",
            "3",
            {"bot_id": "7", "messenger": "viber", "contact_external_id": "1"},
        ),
    ],
)
def test_the_text_of_a_row_goes_to_the_address(
    *,
    cleverapp: Run,
    serve: Serve,
    write: Write,
    address: str,
    row: str,
    expected: dict[str, str],
) -> None:
    """The row's rendered text arrives at the address, once, and at no address of the list."""
    simulator = serve()
    path = write("r.csv", RECIPIENTS)
    ended = cleverapp("send", path, *TEXT, *WIDE, "--test-to", address, "--row", row)
    assert ended.code == 0, ended.err
    (only,) = simulator.deliveries
    found = {name: str(value) for name, value in only.parameters.items()}
    name = ("Анна", "Пётр", "Нина")[int(row) - 1]
    assert found.pop("text") == f"Привет, {name}!"
    assert found.pop("image", None) == ("https://example.com/a.jpg" if row == "3" else None)
    assert found == expected
    told = json.loads(ended.out)
    assert (told["row"], told["line"]) == (int(row), int(row) + 1)


def test_without_a_row_it_is_the_first(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Faulty rows are no test, where they are left out."""
    simulator = serve()
    path = write("r.csv", f"contact_id\nx\n4\n5\n{''}")
    arguments = ("send", path, "--text", "Hi {contact_id}", "--test-to", "contact_id=1")
    assert cleverapp(*arguments).code == 2
    ended = cleverapp(*arguments, "--skip-bad-rows")
    assert ended.code == 0
    assert json.loads(ended.out)["row"] == 2
    assert [one.parameters["text"] for one in simulator.deliveries] == ["Hi 4"]


def test_it_is_in_no_journal_and_waits_for_no_hours(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """The command of a campaign is tested as it stands: its journal and hours stay out."""
    simulator = serve()
    path, journal = write("r.csv", RECIPIENTS), tmp_path / "run.db"
    campaign = ("send", path, *TEXT, *WIDE, "--journal", str(journal), "--at", "2100-01-01T00:00")
    ended = cleverapp(*campaign, "--test-to", "contact_id=5")
    assert ended.code == 0
    assert len(simulator.deliveries) == 1
    assert str(journal) in ended.err
    assert "2100-01-01" in ended.err
    assert not journal.exists()
    assert json.loads(ended.out)["contact_id"] == 5


def test_a_dry_run_of_a_test(cleverapp: Run, write: Write) -> None:
    """A dry run shows the one message at its new address."""
    path = write("r.csv", RECIPIENTS)
    ended = cleverapp("send", path, *TEXT, "--test-to", "contact_id=5", "--row", "2", "--dry-run")
    assert ended.code == 0
    assert "row 2 (line 3) to contact_id=5" in ended.out
    assert "Привет, Пётр!" in ended.out
    assert "Анна" not in ended.out


def test_texts_too_long_for_the_address_are_told(cleverapp: Run, write: Write) -> None:
    """What a messenger takes is that of the address, too."""
    path = write("r.csv", RECIPIENTS)
    address = "bot_id=7,messenger=max,contact_external_id=1"
    long_text = ("--text", "x" * 4050)
    ended = cleverapp("send", path, *long_text, "--test-to", address, "--dry-run")
    assert "--test-to: texts longer than the 4,000 characters that max takes" in ended.err


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (("--test-to", "contact=5"), ("--test-to", "contact=5", "contact_id=5")),
        (("--test-to", "5"), ("--test-to", "'5'")),
        (("--test-to", "contact_id="), ("--test-to", "contact_id=")),
        (("--test-to", ""), ("--test-to",)),
        (("--test-to", "text=Hi"), ("--test-to", "text=Hi")),
        (("--test-to", "contact_id=5,contact_id=6"), ("--test-to", "contact_id")),
        (("--test-to", "contact_id=x"), ("--test-to, contact_id",)),
        (("--test-to", "contact_id=5,bot_id=7"), ("--test-to, contact_id, bot_id",)),
        (("--test-to", "bot_id=7"), ("--test-to, contact_external_id",)),
        (("--test-to", "phone=123"), ("--test-to, phone",)),
        (
            ("--test-to", "messenger=tg,contact_external_id=1"),
            ("--test-to, messenger", "telegram"),
        ),
        (("--test-to", "phone=79991234567", "--row", "3"), ("--test-to, image, file",)),
        (("--test-to", "contact_id=5", "--row", "4"), ("--row", "row 4", "1 to 3")),
        (("--test-to", "contact_id=5", "--row", "0"), ("--row",)),
        (("--row", "2"), ("--row", "--test-to")),
        (("--test-to", "contact_id=5", "--first", "2"), ("--first", "--test-to")),
    ],
)
def test_what_cannot_be_tested_is_refused(
    *,
    cleverapp: Run,
    serve: Serve,
    write: Write,
    arguments: tuple[str, ...],
    places: tuple[str, ...],
) -> None:
    """An address nobody has, a message that cannot go there, a row that is not there."""
    simulator = serve()
    ended = cleverapp("send", write("r.csv", RECIPIENTS), *TEXT, *arguments)
    assert ended.code == 2
    for place in places:
        assert place in ended.err
    assert len(simulator.arrivals) == 0


def test_a_phone_needs_a_bot(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Where no row tells the bot, --bot-id or the address must."""
    simulator = serve()
    command = ("send", write("r.csv", "contact_id\n1\n"), "--text", "Hi", *WIDE)
    ended = cleverapp(*command, "--test-to", "phone=79991234567")
    assert ended.code == 2
    assert "--test-to, bot_id" in ended.err
    assert cleverapp(*command, "--test-to", "phone=79991234567", "--bot-id", "3").code == 0
    assert [str(one.parameters["bot_id"]) for one in simulator.deliveries] == ["3"]


def test_a_row_that_is_left_out_is_no_test(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A row that is faulty, repeated or of another outcome is named, and nothing is sent."""
    simulator = serve()
    lists = (
        ("contact_id\n1\nx\n", ("--skip-bad-rows",)),
        ("contact_id\n1\n1\n", ("--drop-duplicates",)),
        ("contact_id,outcome\n1,not_sent\n2,accepted\n", ("--only", "not_sent")),
        ("contact_id\nx\ny\n", ("--skip-bad-rows",)),
    )
    for place, (rows, options) in enumerate(lists):
        path = write(f"{place}.csv", rows)
        test = ("--test-to", "contact_id=5", "--row", "2")
        ended = cleverapp("send", path, "--text", "Hi", *options, *test)
        assert ended.code == 2
        assert "row 2" in ended.err
    left_out = ("--only", "rejected", "--test-to", "contact_id=5")
    ended = cleverapp("send", write("o.csv", lists[2][0]), "--text", "Hi", *left_out)
    assert ended.code == 2
    assert "--test-to" in ended.err
    assert len(simulator.arrivals) == 0


def test_a_test_needs_a_list(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """A journal alone gives no row to test."""
    serve()
    journal = str(tmp_path / "run.db")
    ended = cleverapp("send", "--journal", journal, "--test-to", "contact_id=5")
    assert ended.code == 2
    assert "--test-to needs FILE" in ended.err


OUTCOMES = "".join(
    f"{json.dumps(line)}\n"
    for line in (
        {"row": 12, "line": 14, "outcome": "accepted", "contact_id": 1, "text": "a", "order": "A"},
        {"row": 17, "line": 19, "outcome": "not_sent", "contact_id": 2, "text": "b", "order": "B"},
        {"row": 11, "line": 13, "outcome": "not_sent", "contact_id": 3, "text": "c", "order": "C"},
    )
)


def test_a_row_of_outcomes_is_called_as_in_the_first_list(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """Preview, --row and the outcome of a test count as the list did that was sent first."""
    simulator = serve()
    again = ("send", write("o.jsonl", OUTCOMES), "--only", "not_sent")
    shown = cleverapp(*again, "--dry-run").out
    assert "row 17 (line 19) to contact_id=2" in shown
    assert "row 11 (line 13) to contact_id=3" in shown
    ended = cleverapp(*again, "--test-to", "contact_id=5", "--row", "11")
    assert ended.code == 0, ended.err
    assert [one.parameters["text"] for one in simulator.deliveries] == ["c"]
    told = json.loads(ended.out)
    assert (told["row"], told["line"], told["order"], told["contact_id"]) == (11, 13, "C", 5)


@pytest.mark.parametrize(("row", "told"), [("1", "11 to 17"), ("13", "11 to 17"), ("12", "row 12")])
def test_a_row_that_outcomes_do_not_have(cleverapp: Run, write: Write, row: str, told: str) -> None:
    """A row that is not there is told with those that are, one left out as such."""
    path = write("o.jsonl", OUTCOMES)
    test = ("--test-to", "contact_id=5", "--row", row, "--dry-run")
    ended = cleverapp("send", path, "--only", "not_sent", *test)
    assert ended.code == 2
    assert told in ended.err


def test_the_outcome_of_a_test_has_the_rows_other_columns(
    cleverapp: Run, serve: Serve, write: Write
) -> None:
    """What is the row's own comes back; what the address says is the address's."""
    serve()
    path = write("r.csv", "contact_id,phone,order\n1,79990000000,A\n")
    address = "bot_id=7,phone=+79991234567"
    ended = cleverapp("send", path, "--text", "Hi", *WIDE, "--test-to", address)
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert (told["row"], told["order"], told["phone"]) == (1, "A", "79991234567")


def test_a_warning_of_the_address_names_no_line(cleverapp: Run, write: Write) -> None:
    """What is doubtful of the address stands in no line of the list."""
    path = write("r.csv", RECIPIENTS)
    test = ("--test-to", "bot_id=7,phone=+70000000001", "--dry-run")
    ended = cleverapp("send", path, *TEXT, *test)
    assert "Warning: --test-to: phone numbers" in ended.err
    assert "line" not in next(one for one in ended.err.splitlines() if "--test-to" in one)


@pytest.mark.parametrize("option", ["--resend-unknown", "--retry-rejected", "--allow-duplicates"])
def test_what_is_of_campaigns_is_no_test(
    cleverapp: Run, write: Write, tmp_path: Path, option: str
) -> None:
    """An option that a test would not obey is refused."""
    campaign = ("--journal", str(tmp_path / "run.db"), option)
    path = write("r.csv", RECIPIENTS)
    ended = cleverapp("send", path, *TEXT, *campaign, "--test-to", "contact_id=5")
    assert ended.code == 2
    assert option in ended.err
