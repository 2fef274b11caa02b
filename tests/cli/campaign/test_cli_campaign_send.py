from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import SqliteJournal
from cleverapp_async.cli.campaign.state import Resuming
from cleverapp_async.cli.send_settings import SendSettings
from cleverapp_async.journal import JournalState
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.cli.campaigns import fill, messages
from tests.cli.command import TOKEN, counts

if TYPE_CHECKING:
    from tests.cli.command import Ended, Run, Serve, Write

UNLIMITED = ("--account-limit", "none", "--limit", "telegram=none")
ROWS = "".join(f"7,telegram,{number},Имя {number}\n" for number in range(1, 7))
RECIPIENTS = f"bot_id,messenger,contact_external_id,name\n{ROWS}"
TEXT = ("--text", "Привет, {name}!")


def unlimited(*faults: Fault) -> Simulator:
    """Make a simulator without limits that some requests go wrong at."""
    return Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), faults=faults)


def sent(simulator: Simulator) -> list[str]:
    """Give the recipients whose messages arrived, each as often as one did."""
    return sorted(str(one.parameters["contact_external_id"]) for one in simulator.deliveries)


def resume_command(ended: Ended) -> str:
    """Give the command to go on that was told."""
    found = re.search(r"To .*: cleverapp (send .*)", ended.err)
    assert found is not None, ended.err
    return found[1].strip()


def test_a_campaign_from_a_file(cleverapp: Run, serve: Serve, write: Write, tmp_path: Path) -> None:
    """Everything is sent once, standard output stays empty, and the journal knows it all."""
    simulator = serve()
    path = str(tmp_path / "run.db")
    ended = cleverapp("send", write("r.csv", RECIPIENTS), *TEXT, "--journal", path, *UNLIMITED)
    assert (ended.code, ended.out) == (0, "")
    assert "Sending 6 messages: " in ended.err
    assert counts(ended.err) == {"accepted": 6}
    assert len(sent(simulator)) == 6
    assert simulator.deliveries[0].parameters["text"] == "Привет, Имя 1!"
    assert cleverapp("campaign", "status", path).code == 0


def test_nothing_is_sent_again(cleverapp: Run, serve: Serve, write: Write, tmp_path: Path) -> None:
    """A finished campaign, given again with or without its file, sends nothing more."""
    simulator = serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", RECIPIENTS)
    assert cleverapp("send", file, *TEXT, "--journal", path, *UNLIMITED).code == 0
    for arguments in ((file, *TEXT), ()):
        again = cleverapp("send", *arguments, "--journal", path, *UNLIMITED)
        assert again.code == 0
        assert "6 messages" in again.err
    assert len(sent(simulator)) == 6


def test_outcomes_are_written_on_demand(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """With --output the outcomes of this run go there, with the numbers of the journal."""
    serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", RECIPIENTS)
    ended = cleverapp("send", file, *TEXT, "--journal", path, "--output", "-", *UNLIMITED)
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert sorted(record["number"] for record in found) == [1, 2, 3, 4, 5, 6]
    assert all(record["line"] == record["number"] + 1 for record in found)


def test_recipients_get_one_message(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """The first message of a recipient is sent, the others are left out and counted."""
    simulator = serve()
    file = write("r.csv", "contact_id,text\n1,a\n2,b\n1,c\n1,a\n")
    ended = cleverapp("send", file, "--journal", str(tmp_path / "run.db"), *UNLIMITED)
    assert ended.code == 0
    assert "2 messages " in ended.err
    assert "--allow-duplicates" in ended.err
    assert [one.parameters["text"] for one in simulator.deliveries] == ["a", "b"]


def test_duplicates_are_sent_on_demand(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """With --allow-duplicates a recipient gets all messages."""
    simulator = serve()
    file = write("r.csv", "contact_id,text\n1,a\n1,b\n")
    arguments = ("--journal", str(tmp_path / "run.db"), "--allow-duplicates", *UNLIMITED)
    assert cleverapp("send", file, *arguments).code == 0
    assert len(simulator.deliveries) == 2
    other = cleverapp("send", file, "--journal", str(tmp_path / "run.db"), *UNLIMITED)
    assert other.code == 2


def test_faulty_rows_are_found_first(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Every row is checked before the journal is filled; skipped ones make the exit code 1."""
    simulator = serve()
    path, file = tmp_path / "run.db", write("r.csv", "contact_id,text\n1,a\nx,b\n")
    ended = cleverapp("send", file, "--journal", str(path), *UNLIMITED)
    assert ended.code == 2
    assert "--skip-bad-rows" in ended.err
    assert not path.exists()
    skipped = cleverapp("send", file, "--journal", str(path), "--skip-bad-rows", *UNLIMITED)
    assert skipped.code == 1
    assert len(simulator.deliveries) == 1


def test_rows_that_were_left_out_stay_known(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Status, report and export tell how many rows a campaign lacks, where, and who lists them."""
    serve()
    path, page = str(tmp_path / "run.db"), tmp_path / "report.html"
    file, faults = write("r.csv", "contact_id,text\n1,a\nx,b\n2,c\ny,\n"), str(tmp_path / "f.csv")
    given = ("send", file, "--journal", path, "--skip-bad-rows", *UNLIMITED)
    assert cleverapp(*given, "--first", "1", "--faults", faults).code == 1
    told = f"2 faulty rows of {file} were left out, in lines 3, 5: see {faults}."
    # A run without the list, and one with it that names no file, leave what is known.
    assert told in cleverapp("send", "--journal", path, *UNLIMITED).err
    assert cleverapp(*given).code == 1
    assert told in cleverapp("campaign", "status", path).out
    status = json.loads(cleverapp("campaign", "status", path, "--format", "json").out)
    assert status["left_out"] == {"rows": 2, "lines": [3, 5], "source": file, "faults": faults}
    assert told in cleverapp("campaign", "export", path, "-o", str(tmp_path / "all.csv")).err
    assert cleverapp("campaign", "report", path, "-o", str(page)).code == 0
    assert told in page.read_text()


def test_a_name_that_no_note_can_keep_is_left_out(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A file's name that is too long, or no text, does not keep a campaign from beginning."""
    serve()
    deep = tmp_path.joinpath(*["d" * 200] * 3)
    deep.mkdir(parents=True)
    file, faults = write("r\udcff.csv", "contact_id,text\n1,a\nx,b\n"), str(deep / "f.csv")
    given = ("--skip-bad-rows", "--faults", faults, *UNLIMITED)
    path = str(tmp_path / "run.db")
    assert cleverapp("send", file, "--journal", path, *given).code == 1
    told = "1 faulty row of the list was left out, in line 3."
    assert told in cleverapp("campaign", "status", path).out


def test_a_campaign_with_all_rows_says_nothing_of_rows_left_out(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Nothing was left out, or the rows went when the faulty ones were deleted from the list."""
    serve()
    path, list_ = str(tmp_path / "run.db"), "contact_id,text\n1,a\n"
    given = ("--journal", path, "--skip-bad-rows", *UNLIMITED)
    for rows, left_out in ((f"{list_}x,b\n", 1), (list_, None)):
        cleverapp("send", write("r.csv", rows), *given)
        status = json.loads(cleverapp("campaign", "status", path, "--format", "json").out)
        assert (status["left_out"] or {}).get("rows") == left_out


def test_what_may_have_arrived_is_sent_again_only_on_demand(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """An unknown message makes the exit code 4, waits, and goes out with --resend-unknown."""
    simulator = serve(unlimited(Fault.reset_after(on=1)))
    path, file = str(tmp_path / "run.db"), write("r.csv", RECIPIENTS)
    ended = cleverapp("send", file, *TEXT, "--journal", path, *UNLIMITED)
    assert ended.code == 4
    assert counts(ended.err) == {"accepted": 5, "unknown": 1}
    assert f": cleverapp campaign unknown {path}" in ended.err
    again = cleverapp("send", "--journal", path, *UNLIMITED)
    assert again.code == 4
    assert len(sent(simulator)) == 6
    assert "--resend-unknown" not in again.err
    nobody = ("--token-file", write("token", "another"), *UNLIMITED)
    failed = cleverapp("send", "--journal", path, "--resend-unknown", *nobody)
    assert failed.code == 3
    assert re.search(rf"cleverapp send --journal {path} .*--resend-unknown", failed.err)
    assert cleverapp("send", "--journal", path, "--resend-unknown", *UNLIMITED).code == 0
    assert len(sent(simulator)) == 7
    assert len(set(sent(simulator))) == 6


def test_what_was_refused_is_sent_again_only_on_demand(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A refusal is final until --retry-rejected."""
    simulator = serve(unlimited(Fault.answer(422, {"message": "x", "errors": {"a": ["b"]}}, on=1)))
    path, file = str(tmp_path / "run.db"), write("r.csv", RECIPIENTS)
    assert cleverapp("send", file, *TEXT, "--journal", path, *UNLIMITED).code == 1
    assert cleverapp("send", "--journal", path, *UNLIMITED).code == 1
    assert len(sent(simulator)) == 5
    ended = cleverapp("send", "--journal", path, "--retry-rejected", *UNLIMITED)
    assert ended.code == 0
    assert len(set(sent(simulator))) == len(sent(simulator)) == 6


def test_a_refused_token_pauses_it(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """After a few refusals of the token nothing more is sent, and the command goes on later."""
    serve(Simulator(api_token="another", limits=SimulatorLimits.none()))
    rows = "contact_id,text\n" + "".join(f"{number},a\n" for number in range(1, 101))
    path = str(tmp_path / "run.db")
    limits = ("--account-limit", "5/60s")
    ended = cleverapp("send", write("r.csv", rows), "--journal", path, *limits)
    assert ended.code == 3
    assert "paused: 5 times in a row the same error" in ended.err
    assert "check the token and the base URL" in ended.err
    simulator = serve()
    # The journal keeps to the server it was begun with.
    other = cleverapp("send", "--journal", path, *limits)
    assert other.code == 2
    assert simulator.base_url in other.err
    assert TOKEN not in ended.err


@pytest.mark.parametrize(
    ("fault", "code", "remedy"),
    [
        (Fault.answer(503, {"message": "x"}, {"Retry-After": "0"}), 4, "in maintenance"),
        (Fault.html(200), 4, "a portal stands between"),
        (Fault.html(404), 3, "ends with /api/v1"),
        (Fault.redirect("https://app.example/", 301), 1, "check the base URL"),
    ],
)
def test_an_outage_pauses_it(
    cleverapp: Run,
    serve: Serve,
    write: Write,
    tmp_path: Path,
    *,
    fault: Fault,
    code: int,
    remedy: str,
) -> None:
    """What concerns everybody pauses a campaign with a remedy; the exit code tells of unknowns."""
    simulator = serve(unlimited(fault))
    rows = "contact_id,text\n" + "".join(f"{number},a\n" for number in range(1, 101))
    path = str(tmp_path / "run.db")
    ended = cleverapp("send", write("r.csv", rows), "--journal", path, *UNLIMITED)
    assert ended.code == code
    assert len(simulator.arrivals) == 5
    assert "Error: paused: 5 times in a row" in ended.err
    assert remedy in ended.err
    assert counts(ended.err)["pending"] == 95
    simulator.clear_faults()
    assert cleverapp("send", "--journal", path, *UNLIMITED).code == (4 if code == 4 else 0)
    assert len(simulator.deliveries) == (95 if code == 4 else 100)


def test_a_forbidden_bot_pauses_it(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Where everything is forbidden the rest is not burnt, exit 1."""
    simulator = serve(unlimited(Fault.answer(403, {"message": "Forbidden"})))
    rows = "contact_id,text\n" + "".join(f"{number},a\n" for number in range(1, 101))
    limits = ("--account-limit", "5/60s")
    path = str(tmp_path / "run.db")
    ended = cleverapp("send", write("r.csv", rows), "--journal", path, *limits)
    assert ended.code == 1
    assert "Error: paused: 5 times in a row" in ended.err
    assert counts(ended.err)["pending"] == 95
    assert len(simulator.arrivals) == 5
    assert resume_command(ended) == (
        f"send --journal {path} --base-url {simulator.base_url} --account-limit 5/60s"
    )


def test_another_campaign_is_refused(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A journal of other texts or recipients is not gone on with; what differs is told."""
    simulator = serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", RECIPIENTS)
    assert cleverapp("send", file, *TEXT, "--journal", path, *UNLIMITED).code == 0
    ended = cleverapp("send", file, "--text", "Hallo", "--journal", path, *UNLIMITED)
    assert ended.code == 2
    assert "another text" in ended.err
    more = write("r2.csv", RECIPIENTS + "7,telegram,99,X\n")
    ended = cleverapp("send", more, *TEXT, "--journal", path, *UNLIMITED)
    assert ended.code == 2
    assert len(simulator.deliveries) == 6


def test_options_that_would_do_nothing(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """What needs a file or a journal that is not given is told, exit 2."""
    file, path = write("r.csv", RECIPIENTS), str(tmp_path / "run.db")
    for arguments, told in (
        ((), "FILE"),
        ((file, "--resend-unknown"), "--resend-unknown "),
        ((file, "--retry-rejected"), "--retry-rejected "),
        ((file, "--allow-duplicates"), "--allow-duplicates "),
        (("--journal", path, "--text", "x"), "--text "),
        (("--journal", path, "--bot-id", "7"), "--bot-id "),
        (("--journal", path, "--only", "unknown"), "--only "),
        (("--journal", path, "--skip-bad-rows"), "--skip-bad-rows "),
        (("--journal", path, "--phone-region", "KZ"), "--phone-region "),
        (("--journal", path, "--header-row", "3"), "--header-row "),
        (("--journal", path, "--faults", "x.csv"), "--faults "),
    ):
        ended = cleverapp("send", *arguments)
        assert ended.code == 2
        assert told in ended.err


def test_resuming_what_is_not_there(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """Without FILE there must be a journal: a wrong name makes no empty one."""
    serve()
    path = tmp_path / "missing.db"
    ended = cleverapp("send", "--journal", str(path))
    assert ended.code == 2
    assert f"{path}: " in ended.err
    assert not path.exists()


def test_a_dry_run_of_a_campaign(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A dry run counts recipients once, makes no journal, and tells what one has left."""
    simulator = serve(unlimited(Fault.answer(403, {"message": "Forbidden"}, on=1)))
    path = tmp_path / "run.db"
    file = write("r.csv", RECIPIENTS + "7,telegram,1,Other\n")
    dry = cleverapp("send", file, *TEXT, "--journal", str(path), "--dry-run")
    assert dry.code == 0
    assert "Warning: 1 row " in dry.err
    assert "--allow-duplicates" in dry.err
    assert re.search(r"telegram of bot 7 +6", dry.out)
    assert not path.exists()
    cleverapp("send", file, *TEXT, "--journal", str(path), *UNLIMITED)
    left = cleverapp("send", "--journal", str(path), "--dry-run", "--retry-rejected")
    assert left.out.startswith(f"{path} ")
    assert "1 message " in left.out
    assert len(simulator.arrivals) == 6


def test_a_dry_run_tells_the_end(cleverapp: Run, write: Write) -> None:
    """With hours in which it may send, the earliest end is told in their zone."""
    rows = "".join(f"7,whatsapp,{number}\n" for number in range(4321))
    file = write("r.csv", f"bot_id,messenger,contact_external_id\n{rows}")
    hours = ("--not-before", "10:00", "--not-after", "16:00", "--timezone", "UTC")
    start = ("--at", "2040-03-01")
    ended = cleverapp("send", file, "--text", "Hi", "--dry-run", *hours, *start)
    assert ended.code == 0
    assert "12 hours" in ended.out
    assert "2040-03-01 00:00" in ended.out
    assert "2040-03-02 16:00 UTC" in ended.out


def test_hours_hold_without_a_journal(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A moment that has passed lets everything leave."""
    simulator = serve()
    file = write("r.csv", RECIPIENTS)
    start = ("--at", "2001-01-01T00:00:00+00:00")
    ended = cleverapp("send", file, *TEXT, *start, *UNLIMITED)
    assert ended.code == 0
    assert "from 2001-01-01" in ended.err
    assert len(simulator.deliveries) == 6


def test_quiet_says_only_what_is_left(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A quiet campaign that goes well says nothing; one that does not says how to go on."""
    serve(unlimited(Fault.reset_after(on=7)))
    path, file = str(tmp_path / "run.db"), write("r.csv", RECIPIENTS)
    ended = cleverapp("send", file, *TEXT, "--journal", path, "--quiet", *UNLIMITED)
    assert (ended.code, ended.err) == (0, "")
    other = str(tmp_path / "other.db")
    ended = cleverapp("send", file, *TEXT, "--journal", other, "--quiet", *UNLIMITED)
    assert ended.code == 4
    assert ended.err.count("\n") == 1
    assert ended.err.endswith(f": cleverapp campaign unknown {other}\n")


def test_the_token_is_in_no_file(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """The journal, its export, its report and its lists hold no token."""
    serve(unlimited(Fault.reset_after(on=1), Fault.answer(403, {"message": TOKEN}, on=2)))
    path = str(tmp_path / "run.db")
    token = Path(write("token", f"{TOKEN}\n"))
    token.chmod(0o600)
    file = write("r.csv", RECIPIENTS)
    given = ("--token-file", str(token), "--verbose", *UNLIMITED)
    cleverapp("send", file, *TEXT, "--journal", path, *given)
    cleverapp("campaign", "export", path, "-o", str(tmp_path / "all.csv"))
    cleverapp("campaign", "export", path, "-o", str(tmp_path / "all.jsonl"))
    cleverapp("campaign", "report", path, "-o", str(tmp_path / "report.html"))
    files = [one for one in tmp_path.iterdir() if one.is_file() and one != token]
    assert len(files) >= 5
    for one in files:
        assert TOKEN.encode() not in one.read_bytes(), one.name


def test_refusals_that_pass_are_sent_again(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """What was refused for a limit or the token is sent by the next run without being asked."""
    simulator = serve()
    path = tmp_path / "run.db"

    async def begin() -> None:
        journal = SqliteJournal(path)
        states = [JournalState.ACCEPTED, JournalState.REJECTED, JournalState.REJECTED]
        await fill(journal, messages(3), states, simulator.base_url, for_good=False)
        await journal.close("interrupted")

    asyncio.run(begin())
    shown = cleverapp("campaign", "status", str(path))
    assert "2 rejections " in shown.out
    assert "2 messages left" in shown.out
    dry = cleverapp("send", "--journal", str(path), "--dry-run")
    assert "2 messages" in dry.out
    ended = cleverapp("send", "--journal", str(path), *UNLIMITED)
    assert ended.code == 0
    assert "Resuming 2 of 3 messages" in ended.err
    assert sent(simulator) == ["1001", "1002"]


def test_routes_of_the_file_are_kept(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """What a file tells of a contact's bot and messenger stays in the journal."""
    serve()
    path = str(tmp_path / "run.db")
    file = write("r.csv", "contact_id,contact_bot_id,contact_messenger\n1,7,telegram\n2,,\n")
    limits = ("--account-limit", "none")
    ended = cleverapp("send", file, "--text", "Hi", "--journal", path, *limits)
    assert ended.code == 0
    assert re.search(r"telegram of bot 7 +1", ended.err)
    assert re.search(r"route unknown +1", ended.err)
    found = json.loads(cleverapp("campaign", "status", path, "--format", "json").out)
    assert [route["bot_id"] for route in found["routes"]].count(7) == 1
    assert "route unknown" in cleverapp("campaign", "status", path).out


def test_a_journal_that_was_never_filled(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A journal whose filling was interrupted needs the file again, and is then filled anew."""
    simulator = serve()
    path = tmp_path / "run.db"

    async def begin() -> None:
        journal = SqliteJournal(path)
        await journal.open(simulator.base_url)
        await journal.close("interrupted")

    asyncio.run(begin())
    file = write("r.csv", RECIPIENTS)
    without = cleverapp("send", "--journal", str(path), *UNLIMITED)
    assert without.code == 2
    dry = cleverapp("send", file, *TEXT, "--journal", str(path), "--dry-run")
    assert re.search(r"telegram of bot 7 +6", dry.out)
    assert cleverapp("send", file, *TEXT, "--journal", str(path), *UNLIMITED).code == 0
    assert len(simulator.deliveries) == 6


def test_a_path_like_an_option() -> None:
    """A journal whose name begins with a dash is told so that nothing takes it for an option."""
    settings = SendSettings(token_file="t", concurrency=5, max_in_flight=7, attempt_timeout=2.5)
    resuming = Resuming(journal="-run 1.db", settings=settings)
    assert resuming.send() == (
        "cleverapp send --journal './-run 1.db' --token-file t --concurrency 5 "
        "--max-in-flight 7 --attempt-timeout 2.5s"
    )
    assert resuming.look("status") == "cleverapp campaign status './-run 1.db'"
