from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.cli.campaigns import make_journal
from tests.cli.command import TOKEN

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve, Write

GOOD = (
    "bot_id;messenger;contact_external_id;phone;name\n"
    "7;telegram;111;;Анна\n"
    "7;telegram;112;;Борис\n"
    "7;;;79990000001;Вера\n"
)
UNLIMITED = ("--account-limit", "none")
TEXT = ("--text", "Привет, {name}!", *UNLIMITED)


def records(lines: str) -> list[dict[str, Any]]:
    """Give the outcomes of JSON lines."""
    return [json.loads(line) for line in lines.splitlines()]


def unlimited(*faults: Fault) -> Simulator:
    """Make a simulator without limits that some requests go wrong at."""
    return Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), faults=faults)


def test_sends_a_file(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Each row arrives once as documented, and has its outcome on standard output."""
    simulator = serve()
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT)
    assert ended.code == 0
    assert "3 messages" in ended.err
    assert "Exit 0" in ended.err
    found = {record["row"]: record for record in records(ended.out)}
    assert sorted(found) == [1, 2, 3]
    assert found[2]["line"] == 3
    assert found[2]["outcome"] == "accepted"
    assert found[2]["contact_external_id"] == "112"
    assert found[2]["text"] == "Привет, Борис!"
    assert found[2]["attempts"] == 1
    assert {"send_id", "waited", "on_wire"} <= found[2].keys()
    assert found[3]["phone"] == "79990000001"
    assert isinstance(found[3]["answered_contact_id"], int)
    assert sorted(arrival.endpoint for arrival in simulator.deliveries) == [
        "sendMessage",
        "sendMessage",
        "sendMessageToWhatsApp",
    ]


def test_defaults_fill_what_rows_lack(cleverapp: Run, serve: Serve, write: Write) -> None:
    """The options for bot, messenger, image and file hold for rows without their own."""
    simulator = serve()
    ended = cleverapp(
        "send",
        write("r.csv", "contact_external_id,pic\n5,a\n"),
        *("--bot-id", "3", "--messenger", "viber"),
        *("--image", "https://x.ru/{pic}.jpg", "--file", "https://x.ru/price.pdf"),
    )
    assert ended.code == 0
    assert simulator.arrivals[0].parameters == {
        "bot_id": "3",
        "messenger": "viber",
        "contact_external_id": "5",
        "image": "https://x.ru/a.jpg",
        "file": "https://x.ru/price.pdf",
    }


def test_reads_standard_input(cleverapp: Run, serve: Serve) -> None:
    """A dash is standard input, its format found by the first character."""
    simulator = serve()
    ended = cleverapp("send", "-", stdin=b'{"contact_id": 1, "text": "Hi"}\n')
    assert ended.code == 0
    assert len(simulator.deliveries) == 1
    faulty = cleverapp("send", "-", stdin=b'{"contact_id": "a", "text": "Hi"}\n')
    assert faulty.code == 2
    assert "standard input, line 1, contact_id: " in faulty.err


def test_nothing_is_sent_where_a_row_is_faulty(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Every row is checked first: each fault is told, and nothing leaves."""
    simulator = serve()
    path = write("r.csv", "contact_id,name\n1,Anna\nx,Boris\n3,\n")
    ended = cleverapp("send", path, *TEXT)
    assert ended.code == 2
    assert f"{path}, line 3, contact_id: " in ended.err
    assert f"{path}, line 4, name: " in ended.err
    assert "2 rows" in ended.err
    assert "--skip-bad-rows" in ended.err
    assert ended.out == ""
    assert len(simulator.arrivals) == 0


def test_bad_rows_are_skipped_on_demand(cleverapp: Run, serve: Serve, write: Write) -> None:
    """The good rows are sent, the bad ones listed, and the exit code tells of them."""
    simulator = serve()
    path = write("r.csv", "contact_id,text\n1,a\nx,b\n2,c\n")
    ended = cleverapp("send", path, "--skip-bad-rows")
    assert ended.code == 1
    assert "1 row " in ended.err
    assert sorted(str(record["row"]) for record in records(ended.out)) == ["1", "3"]
    assert len(simulator.deliveries) == 2


def test_only_bad_rows(cleverapp: Run, write: Write) -> None:
    """Skipping bad rows does not make an empty send a success."""
    ended = cleverapp("send", write("r.csv", "contact_id,text\nx,a\n"), "--skip-bad-rows")
    assert ended.code == 2
    assert ended.out == ""


def test_an_unknown_column_is_one_error(cleverapp: Run, write: Write) -> None:
    """A template's unknown column is told once, with the columns there are."""
    ended = cleverapp("send", write("r.csv", GOOD), "--text", "{nmae}")
    assert ended.code == 2
    assert ended.err.count("nmae") == 1
    assert "bot_id, messenger, contact_external_id, phone, name" in ended.err


def test_a_header_that_addresses_nobody(cleverapp: Run, write: Write) -> None:
    """A header without an address is one error, not one per row."""
    ended = cleverapp("send", write("r.csv", "79990000001,Hi\n79990000002,Hi\n"))
    assert ended.code == 2
    assert "r.csv" in ended.err
    assert "79990000001, Hi." in ended.err


def test_a_file_without_rows(cleverapp: Run, write: Write) -> None:
    """A header alone is no campaign."""
    ended = cleverapp("send", write("r.csv", "contact_id,text\n"))
    assert ended.code == 2
    assert "r.csv" in ended.err


def test_duplicates_are_told_and_sent(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Rows that repeat recipient and message are warned about, and sent all the same."""
    simulator = serve()
    path = write("r.csv", "contact_id,text\n1,a\n1,b\n1,a\n1,a\n")
    ended = cleverapp("send", path, *UNLIMITED)
    assert ended.code == 0
    assert "2 rows" in ended.err
    assert re.search(r"\b4\b", ended.err)
    assert len(simulator.deliveries) == 4


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--quiet",), ("--drop-duplicates",)])
def test_another_text_to_a_recipient_is_told(
    cleverapp: Run, serve: Serve, write: Write, more: tuple[str, ...]
) -> None:
    """Without a journal each is sent and warned of, also before it is sent; a test has but one."""
    simulator = serve()
    path = write("r.csv", "contact_id,text\n1,a\n2,b\n1,c\n1,a\n1,c\n")
    ended = cleverapp("send", path, "--output", "-", *UNLIMITED, *more)
    assert ended.code == 0
    assert re.search(r"1 row .*another message .*\b4\b.*--journal", ended.err)
    assert re.search(r"2 rows .*recipient and message .*\b5\b", ended.err)
    assert len(simulator.deliveries) == {(): 5, ("--quiet",): 5, ("--drop-duplicates",): 3}.get(
        more, 0
    )


@pytest.mark.parametrize("more", [(), ("--drop-duplicates",), ("--allow-duplicates",)])
def test_a_campaign_settles_other_texts_itself(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, more: tuple[str, ...]
) -> None:
    """What a journal leaves out, or sends by demand, is not said to be sent without one."""
    serve()
    path = write("r.csv", "contact_id,text\n1,a\n1,c\n")
    ended = cleverapp("send", path, "--journal", str(tmp_path / "run.db"), *UNLIMITED, *more)
    assert ended.code == 0
    assert "another message" not in ended.err


def test_duplicates_are_dropped_on_demand(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Each message is sent once; another name does not make another message."""
    simulator = serve()
    path = write("r.csv", "bot_id,phone,text,name\n1,79990000001,a,A\n1,79990000001,a,B\n")
    ended = cleverapp("send", path, "--drop-duplicates")
    assert ended.code == 0
    assert "1 row" in ended.err
    assert "--drop-duplicates" in ended.err
    assert len(simulator.deliveries) == 1


def test_dry_run(cleverapp: Run, write: Write) -> None:
    """A dry run prints counts and the forecast, and sends nothing."""
    lines = [f"7,whatsapp,{number},\n" for number in range(433)]
    path = write("r.csv", "bot_id,messenger,contact_external_id,contact_id\n" + "".join(lines))
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run")
    assert ended.code == 0
    assert "1 hour 12 minutes" in ended.out
    assert re.search(r"whatsapp of bot 7 +433 +1 hour 12 minutes", ended.out)
    assert ended.out.endswith("whatsapp of bot 7.\n")
    assert ended.err == ""


def test_dry_run_of_many_and_unknown_routes(cleverapp: Run, write: Write) -> None:
    """Of many routes the longest are shown; unknown ones are limited by the account alone."""
    lines = [f"{bot},telegram,1,\n" for bot in range(1, 24)]
    path = write("r.csv", "bot_id,messenger,contact_external_id,contact_id\n" + "".join(lines))
    ended = cleverapp("send", path, "--text", "Hi", "--dry-run", "--account-limit", "none")
    assert "and 3 more" in ended.out
    assert "It takes" not in ended.out
    known = cleverapp("send", write("i.csv", "contact_id\n1\nx\n"), "--text", "Hi", "--dry-run")
    assert known.code == 2
    skipping = ("--dry-run", "--skip-bad-rows")
    some = cleverapp("send", write("i.csv", "contact_id\n1\nx\n"), "--text", "Hi", *skipping)
    assert some.code == 1
    assert re.search(r"route unknown +1 ", some.out)


def test_rejected_rows_tell_why(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A row the server refuses carries the error as an object, and the exit code is 1."""
    serve(Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), contacts=()))
    ended = cleverapp("send", write("r.csv", "contact_id,text\n1,a\n"))
    assert ended.code == 1
    (record,) = records(ended.out)
    assert record["outcome"] == "rejected"
    error = record["error"]
    assert isinstance(error, dict)
    assert error["type"] == "ValidationError"
    assert error["status"] == 422
    assert error["fields"][0]["field"] == "contact_id"
    assert "1 × ValidationError" in ended.err
    assert "Exit 1" in ended.err


def test_many_kinds_of_errors_are_cut(cleverapp: Run, serve: Serve, write: Write) -> None:
    """The closing table groups errors by kind, and counts the kinds it has no room for."""
    faults = [
        Fault.answer(418, {"message": f"no {number}\x1b[31m"}, on=number) for number in range(1, 10)
    ]
    serve(unlimited(*faults))
    lines = "".join(f"{number},a\n" for number in range(1, 10))
    ended = cleverapp(
        "send", write("r.csv", "contact_id,text\n" + lines), "--concurrency", "1", *UNLIMITED
    )
    assert re.search(r"and 1 more kind\b", ended.err)
    assert "\x1b" not in ended.err


def test_unknown_outcomes_go_before_failures(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A message that may have been sent makes the exit code 4 and says what to do."""
    serve(unlimited(Fault.reset_after(on=1), Fault.answer(403, {"message": "Forbidden"}, on=2)))
    ended = cleverapp("send", write("r.csv", "contact_id,text\n1,a\n2,b\n3,c\n"), *UNLIMITED)
    assert ended.code == 4
    assert "unknown" in ended.err
    assert {record["outcome"] for record in records(ended.out)} == {
        "unknown",
        "rejected",
        "accepted",
    }


def test_a_refused_token_stops_it(cleverapp: Run, serve: Serve, write: Write) -> None:
    """After five refusals of the token the rest is not tried, and all of it listed."""
    simulator = serve(Simulator(api_token="another", limits=SimulatorLimits.none()))
    lines = "".join(f"{number},a\n" for number in range(1, 21_001))
    path = write("r.csv", "contact_id,text\n" + lines)
    ended = cleverapp("send", path, "--account-limit", "5/300s")
    assert ended.code == 3
    assert len(simulator.arrivals) == 5
    assert "Error: paused: 5 times in a row the same error" in ended.err
    assert "cleverapp doctor" in ended.err
    assert "5 of 21000 messages sent in " in ended.err
    assert "check the token and the base URL" in ended.err
    outcomes = [record["outcome"] for record in records(ended.out)]
    assert outcomes.count("rejected") == 5
    assert outcomes.count("not_sent") == 20_995
    assert "cleverapp send OUTCOMES.jsonl --only not_sent" in ended.err


@pytest.mark.parametrize("journal", [False, True])
@pytest.mark.parametrize("setting", ["token", "address"])
def test_a_setting_that_fails_a_short_list_is_told_by_the_code(
    cleverapp: Run,
    serve: Serve,
    write: Write,
    tmp_path: Path,
    setting: str,
    *,
    journal: bool,
) -> None:
    """Fewer messages than stop a run end with 3, too, where the token or base URL is wrong."""
    token = "another" if setting == "token" else TOKEN
    simulator = serve(Simulator(api_token=token, limits=SimulatorLimits.none()))
    address = simulator.base_url if setting == "token" else simulator.base_url.removesuffix("/v1")
    path = write("r.csv", "contact_id,text\n1,a\n2,b\n")
    kept = ("--journal", str(tmp_path / "run.db")) if journal else ()
    assert cleverapp("send", path, "--base-url", address, *kept).code == 3
    assert not simulator.deliveries


OUTAGES = {
    "503": (Fault.answer(503, {"message": "x"}, {"Retry-After": "0"}), 4, "in maintenance", 5),
    "502": (Fault.html(502), 4, "wait until the server works", 5),
    "portal": (Fault.redirect("https://portal.example/"), 4, "check the base URL", 5),
    "page": (Fault.html(200), 4, "a portal stands between", 5),
    "moved": (Fault.redirect("https://app.example/", 301), 1, "check the base URL", 5),
    "404 page": (Fault.html(404), 3, "ends with /api/v1", 5),
    "404": (Fault.answer(404, {"message": ""}), 3, "ends with /api/v1", 5),
    "forbidden": (Fault.answer(403, {"message": "Forbidden"}), 1, "may use this bot", 5),
    "reset": (Fault.reset_after(taken=False), 4, "the network work", 5),
}


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_stops_it(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, name: str
) -> None:
    """Five of a kind stop it with a remedy; what the told command sends again is all the rest."""
    fault, code, remedy, tried = OUTAGES[name]
    simulator = serve(Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), faults=[fault]))
    lines = "".join(f"{number},a\n" for number in range(1, 24))
    first, output = write("r.csv", "contact_id,text\n" + lines), str(tmp_path / "out.jsonl")
    limits = ("--account-limit", "none")
    ended = cleverapp("send", first, *limits, "--output", output)
    assert ended.code == code
    assert len(simulator.arrivals) == tried
    assert "Error: paused: 5 times in a row" in ended.err
    assert remedy in ended.err
    kept = records(Path(output).read_text())
    assert len(kept) == 23
    outcomes = [record["outcome"] for record in kept]
    assert outcomes.count("not_sent") == 18
    simulator.clear_faults()
    command = re.search(r"cleverapp (send \S+ --only .*)", ended.err)
    assert command is not None
    assert "--account-limit none" in command[1]
    again = cleverapp(*shlex.split(command[1]))
    assert again.code == 0
    unknown = outcomes.count("unknown")
    assert unknown == (tried if code == 4 else 0)
    assert len(records(again.out)) == 23 - unknown


def test_nobody_listening_stops_it(
    cleverapp: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no connection can be made everything is listed as not sent."""
    monkeypatch.setenv("CLEVERAPP_BASE_URL", "http://127.0.0.1:1/api/v1")
    lines = "".join(f"{number},a\n" for number in range(1, 24))
    ended = cleverapp("send", write("r.csv", "contact_id,text\n" + lines))
    assert ended.code == 1
    assert "check the network and the base URL" in ended.err
    assert [record["outcome"] for record in records(ended.out)] == ["not_sent"] * 23


def test_a_refused_token_of_a_single_row(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Where nothing was accepted and the token was refused, the exit code is 3."""
    serve(Simulator(api_token="another"))
    assert cleverapp("send", write("r.csv", "contact_id,text\n1,a\n")).code == 3


def test_outcomes_go_to_a_new_file(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """The file for outcomes is made, and never written over."""
    simulator = serve()
    output = tmp_path / "out.jsonl"
    arguments = ("send", write("r.csv", GOOD), *TEXT, "--output", str(output))
    ended = cleverapp(*arguments)
    assert (ended.code, ended.out) == (0, "")
    kept = output.read_bytes()
    assert len(records(kept.decode())) == 3
    again = cleverapp(*arguments)
    assert again.code == 2
    assert f"--output {output} " in again.err
    assert output.read_bytes() == kept
    assert len(simulator.deliveries) == 3


def test_an_output_that_cannot_be_made(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A folder that is not there is told before anything is sent."""
    simulator = serve()
    output = str(tmp_path / "no" / "out.jsonl")
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT, "--output", output)
    assert ended.code == 2
    assert f"--output {output} " in ended.err
    assert len(simulator.arrivals) == 0


def test_outcomes_are_input_again(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """The rows of one outcome can be sent again from the outcomes, as they were."""
    simulator = serve(unlimited(Fault.answer(403, {"message": "Forbidden"}, on=1)))
    first = tmp_path / "out.jsonl"
    path = write("r.csv", GOOD)
    cleverapp("send", path, *TEXT, "--output", str(first), "--concurrency", "1")
    refused = simulator.arrivals[0].parameters
    ended = cleverapp("send", str(first), "--only", "rejected")
    assert ended.code == 0
    assert len(simulator.deliveries) == 3
    assert simulator.deliveries[-1].parameters == refused
    nothing = cleverapp("send", str(first), "--only", "unknown")
    assert (nothing.code, nothing.out, nothing.err.count("\n")) == (0, "", 2)
    assert "2 accepted, 1 rejected" in nothing.err


def test_outcomes_are_no_recipients(cleverapp: Run, write: Write) -> None:
    """A file of outcomes is not sent again by mistake."""
    path = write("o.jsonl", '{"row": 1, "outcome": "accepted", "contact_id": 1, "text": "a"}\n')
    ended = cleverapp("send", path)
    assert ended.code == 2
    assert path in ended.err
    assert "--only" in ended.err


def test_only_needs_outcomes(cleverapp: Run, write: Write) -> None:
    """A row without an outcome is a fault where outcomes are chosen from."""
    ended = cleverapp("send", write("r.csv", "contact_id,text\n1,a\n"), "--only", "not_sent")
    assert ended.code == 2
    assert "line 2, outcome: " in ended.err


def test_quiet(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A quiet send that goes well says nothing."""
    serve()
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT, "--quiet")
    assert (ended.code, ended.err) == (0, "")


def test_verbose(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A verbose send logs each attempt."""
    serve()
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT, "--verbose")
    assert ended.code == 0
    assert ended.err.count("AttemptStarted") == 3


def test_own_limits_are_kept(cleverapp: Run, serve: Serve, write: Write) -> None:
    """Limits and account limits given by hand hold in place of the documented ones."""
    simulator = serve(
        Simulator(
            api_token=TOKEN,
            limits=SimulatorLimits(messengers={"telegram": (1, 0.05)}, account=((2, 0.05),)),
        )
    )
    lines = "".join(f"1,telegram,{number}\n" for number in range(4))
    ended = cleverapp(
        "send",
        write("r.csv", "bot_id,messenger,contact_external_id\n" + lines),
        *("--text", "Hi", "--limit", "telegram=1/50ms", "--account-limit", "2/50ms"),
    )
    assert ended.code == 0
    assert simulator.referee().clean


def test_scaled_limits(cleverapp: Run, serve: Serve, write: Write) -> None:
    """With --scale the documented limits of a scaled simulator are kept."""
    simulator = serve(Simulator(api_token=TOKEN, limits=SimulatorLimits().scaled(200)))
    lines = "".join(f"1,whatsapp,{number}\n" for number in range(4))
    path = write("r.csv", "bot_id,messenger,contact_external_id\n" + lines)
    ended = cleverapp("send", path, "--text", "Hi", "--scale", "200")
    assert ended.code == 0
    assert simulator.referee().clean


def test_scale_is_for_the_simulator(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """The real service never gets quicker limits than it documents."""
    journal = make_journal(tmp_path / "run.db", JournalState.PENDING)
    for command in (
        ("send", write("r.csv", GOOD), *TEXT),
        ("send", write("r.csv", GOOD), *TEXT, "--base-url", "http://192.0.2.1/api/v1"),
        ("campaign", "status", journal),
        ("campaign", "report", journal, "-o", str(tmp_path / "r.html")),
    ):
        ended = cleverapp(*command, "--scale", "2")
        assert ended.code == 2
        assert "--scale " in ended.err
    assert not (tmp_path / "r.html").exists()


ABSURD = ("", "nan", "inf", "1e400", "9" * 400, "-1", "\u0661", "0x1")
NUMBERS = (
    *("--attempt-timeout", "--drain-timeout", "--scale", "--bot-id", "--concurrency"),
    *("--max-in-flight", "--account-limit", "--limit", "--at", "--not-before", "--timezone"),
)


@pytest.mark.parametrize("option", NUMBERS)
def test_absurd_values_are_refused(cleverapp: Run, write: Write, option: str) -> None:
    """No number, duration, limit, hour or zone is read where none is, and the option is named."""
    path = write("r.csv", GOOD)
    for value in ABSURD:
        ended = cleverapp("send", path, "--text", "Hi", "--dry-run", f"{option}={value}")
        assert ended.code == 2
        assert f"'{option}'" in ended.err
        assert f"{value[:40]!r}"[:-1] in ended.err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--text", "{"), "'{' at character 1"),
        (("--text", ""), ""),
        (("--image", " "), ""),
        (("--limit", "telegram"), "'telegram'"),
        (("--limit", "telegramm=1/1s"), "telegram?"),
        (("--limit", "other:=1/1s"), "'other:'"),
        (("--account-limit", "2"), "'2'"),
        (("--account-limit", "1/1s,none"), "'none'"),
        (("--account-limit", "none,1/1e5"), "'none'"),
        (("--account-limit", "1/1s,1/1e5"), "'1/1e5'"),
        (("--attempt-timeout", "soon"), "'soon'"),
        (("--attempt-timeout", "9999h"), "'9999h'"),
        (("--scale", "1e-308"), "'1e-308'"),
        (("--concurrency", "0"), "'0'"),
        (("--timezone", "Europe/Moskow"), "Europe/Moscow"),
    ],
)
def test_usage_errors(cleverapp: Run, write: Write, arguments: tuple[str, ...], part: str) -> None:
    """An option that cannot be used is told with the part that is wrong, exit 2."""
    ended = cleverapp("send", write("r.csv", GOOD), *arguments)
    assert ended.code == 2
    assert f"Invalid value for '{arguments[0]}': " in ended.err
    assert part in ended.err


def test_the_token_is_no_argument(cleverapp: Run, write: Write) -> None:
    """There is no option that takes the token itself."""
    assert cleverapp("send", write("r.csv", GOOD), "--token", "x").code == 2


def test_a_missing_token(cleverapp: Run, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token nothing is sent: exit 3 with the remedy."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", "  ")
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT)
    assert ended.code == 3
    assert "CLEVERAPP_API_TOKEN" in ended.err
    assert "--token-file" in ended.err


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, True)])
def test_a_token_file(cleverapp: Run, serve: Serve, write: Write, mode: int, warned: bool) -> None:
    """The token may stand in a file; one that others can read is warned about."""
    serve(Simulator(api_token="token-of-the-file", limits=SimulatorLimits.none()))
    path = Path(write("t", "token-of-the-file\n"))
    path.chmod(mode)
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT, "--token-file", str(path))
    assert ended.code == 0
    assert ("chmod 600" in ended.err) is warned
    assert "token-of-the-file" not in ended.out + ended.err


@pytest.mark.parametrize(
    "content",
    [None, b" \n", b"\xff\xfe"],
)
def test_a_token_file_that_cannot_be_used(
    cleverapp: Run, write: Write, tmp_path: Path, content: bytes | None
) -> None:
    """A token file that holds no token ends it with 3."""
    path = str(tmp_path / "t") if content is None else write("t", content)
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT, "--token-file", path)
    assert ended.code == 3
    assert f"--token-file {path} " in ended.err


def test_a_base_url_that_cannot_be_used(cleverapp: Run, write: Write) -> None:
    """A base URL that would send the token in clear text ends it with 3."""
    ended = cleverapp("send", write("r.csv", GOOD), *TEXT, "--base-url", "http://example.com")
    assert ended.code == 3
    assert "is not https" in ended.err
