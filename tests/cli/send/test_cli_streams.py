"""Streams that are closed, full or of an old encoding: nothing sent is lost by them."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import pty
import re
import resource
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import Outcome, SendMessage, SendOutcome
from cleverapp_async._terminal import cleaned, printable
from cleverapp_async.cli.errors import CommandError, Exit
from cleverapp_async.cli.send.outcomes import default_output, open_sink
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.cli.command import TOKEN
from tests.cli.processes import PIPE, ended, on_a_terminal, start, uncounted
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.cli.command import Write

ROWS = "bot_id,messenger,contact_external_id\n7,telegram,1\n7,telegram,2\n"
HOSTILE = "\x1b]0;title\x07"
FAST = ("--text", "Hi 👩\u200d💻 Ж", "--account-limit", "none", "--limit", "telegram=9/1s")
FREE = SimulatorLimits.none()


@pytest.fixture
async def simulator(environment: dict[str, str]) -> AsyncIterator[Simulator]:
    """Give a simulator that the command is pointed at."""
    async with Simulator(api_token=TOKEN, limits=FREE) as running:
        environment["CLEVERAPP_BASE_URL"] = running.base_url
        yield running


@pytest.mark.parametrize(
    ("redirection", "journal"),
    [("2>&-", False), ("2>/dev/full", True), ("<&- >&- 2>&-", True)],
)
async def test_a_send_goes_on_where_nobody_can_be_told(
    environment: dict[str, str],
    write: Write,
    simulator: Simulator,
    redirection: str,
    *,
    journal: bool,
) -> None:
    """A closed or full standard error neither stops a send nor changes how it ends."""
    path = write("r.csv", ROWS)
    more = ("--journal", f"{path}.db") if journal else ()
    code, out, err = await ended(environment, redirection, "send", path, *FAST, *more)
    assert (code, err, len(simulator.arrivals)) == (0, "", 2)
    assert out.count("accepted") == (0 if journal or ">&- 2" in redirection else 2)


@pytest.mark.parametrize("redirection", [">&-", "<&- >&-", ">&- 2>&-"])
async def test_nothing_is_sent_whose_outcome_nobody_can_be_given(
    environment: dict[str, str], write: Write, simulator: Simulator, redirection: str
) -> None:
    """A send whose outcomes would go to a closed output is refused before anything leaves."""
    path = write("r.csv", ROWS)
    code, out, err = await ended(environment, redirection, "send", path, *FAST)
    assert (code, out, len(simulator.arrivals)) == (2, "", 0)
    assert ("--output" in err) is ("2>&-" not in redirection)
    dry = await ended(environment, redirection, "send", path, *FAST, "--dry-run")
    assert dry[0] == 2
    kept = ("--output", f"{path}.jsonl")
    assert (await ended(environment, redirection, "send", path, *FAST, *kept))[0] == 0
    assert len(simulator.arrivals) == 2


@pytest.mark.parametrize("redirection", [">/dev/full", "| head -c 1 >/dev/null"])
async def test_what_was_sent_is_told_where_the_outcomes_are_lost(
    environment: dict[str, str], write: Write, simulator: Simulator, redirection: str
) -> None:
    """After messages were accepted the exit code never says that nothing was sent."""
    path = write("r.csv", "contact_id\n" + "".join(f"{row}\n" for row in range(1, 3001)))
    command = f'{shlex.quote(sys.executable)} -m cleverapp_async "$@"'
    script = f"{{ {command}; echo $? >&3; }} {redirection}"
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"exec 3>&1; {script}", "sh", "send", path, *FAST, "--concurrency", "2"),
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert out.split()[-1:] == [b"1"]
    accepted = re.search(rb"\b(\d+) accepted", err)
    assert accepted is not None
    assert 0 < int(accepted[1]) <= len(simulator.deliveries) < 3000


@pytest.mark.usefixtures("simulator")
async def test_a_full_device_has_no_name_that_nobody_gave(
    environment: dict[str, str], write: Write
) -> None:
    """Where a device of --output takes nothing, it is told how many outcomes it took: none."""
    path = write("r.csv", "contact_id\n1\n")
    code, _, err = await ended(environment, "", "send", path, *FAST, "-o", "/dev/full")
    assert code == 1
    assert shown_outcomes(err) == ["accepted"]
    assert "--output took 0 outcomes" in " ".join(err.split())
    assert "None" not in err


async def test_errors_never_go_to_the_output(environment: dict[str, str]) -> None:
    """Where standard error is closed, what it would have said is not among the data."""
    code, out, _ = await ended(environment, "2>&-", "send", f"{HOSTILE}none.csv")
    assert (code, out) == (2, "")


@pytest.mark.parametrize(
    ("redirection", "code", "arrived"),
    [(">&-", 2, 0), (">/dev/full", 4, 1)],
)
async def test_an_answer_that_is_lost_is_no_failure_to_send(
    environment: dict[str, str], simulator: Simulator, redirection: str, code: int, arrived: int
) -> None:
    """What was carried out does not end as what was not; a closed output is told before."""
    call = ("call", "sendMessage", "bot_id=7", "messenger=telegram", "contact_external_id=1")
    found, out, err = await ended(environment, redirection, *call, "text=Hi")
    assert (found, out, len(simulator.arrivals)) == (code, "", arrived)
    assert "Error: " in err
    assert "Traceback" not in err


async def test_an_answer_that_was_read_in_vain_is_a_failure(
    environment: dict[str, str], simulator: Simulator
) -> None:
    """A read whose answer cannot be written may be repeated."""
    code, _, err = await ended(environment, ">/dev/full", "call", "getMe", "--http-method", "GET")
    assert code == 1
    assert len(simulator.arrivals) == 1
    assert "Traceback" not in err


async def test_a_full_disk_is_told_in_one_line(
    environment: dict[str, str], write: Write, simulator: Simulator
) -> None:
    """Whatever prints a campaign, a full disk is one line and exit 1."""
    journal = write("r.csv", ROWS) + ".db"
    sent = await ended(
        {**environment, "CLEVERAPP_API_TOKEN": "another-token-of-somebody"},
        ">/dev/null",
        *("send", journal.removesuffix(".db"), *FAST, "--journal", journal),
    )
    assert sent[0] in {1, 3}
    assert len(simulator.arrivals) >= 1
    for command in (("status", journal), ("export", journal, "-o", "-")):
        code, _, err = await ended(environment, ">/dev/full", "campaign", *command)
        assert code == 1
        assert err.startswith("Error: ")
        assert err.endswith("No space left on device.\n")
        assert err.count("\n") == 1


async def test_an_old_encoding_is_no_error(
    environment: dict[str, str], write: Write, simulator: Simulator
) -> None:
    """Words that the terminal's encoding lacks are spelled out; data are UTF-8 all the same."""
    environment["PYTHONIOENCODING"] = "cp1251"
    journal = write("👩‍💻.csv", ROWS) + ".db"
    sent = ("send", journal.removesuffix(".db"), *FAST, "--journal", journal)
    assert (await ended(environment, "", *sent))[0] == 0
    assert len(simulator.arrivals) == 2
    code, out, err = await ended(
        {**environment, "PYTHONIOENCODING": "ascii"}, "", "campaign", "status", journal
    )
    assert (code, err) == (0, "")
    assert "2 messages" in out
    code, out, err = await ended(environment, "", "campaign", "status", journal, "--format", "json")
    assert (code, err) == (0, "")
    assert "👩‍💻" in json.dumps(json.loads(out), ensure_ascii=False)


async def test_colours_of_the_command_itself_stay(
    environment: dict[str, str], simulator: Simulator
) -> None:
    """On a terminal what doctor found is coloured, and texts of others are not."""
    environment |= {"TERM": "xterm-256color", "CLEVERAPP_BASE_URL": f"{simulator.base_url}\x1b[31m"}
    environment.pop("NO_COLOR", None)
    master, slave = pty.openpty()
    process = await start(environment, "doctor", stdin=slave, to=slave)
    os.close(slave)
    shown = await on_a_terminal(process, master)
    assert process.returncode == 1
    assert "\x1b[31mFAIL\x1b[0m  " in shown
    assert "\x1b[32mok\x1b[0m  " in shown
    assert "v1\x1b[31m" not in shown


def test_emoji_younger_than_this_python_stay() -> None:
    """A character that Unicode assigned after this Python was made is shown, if it is an emoji."""
    assert printable("a\U0001fae8\U0001fadf\x9b") == "a\U0001fae8\U0001fadf "
    assert cleaned("\U0001f6d8\u202e\n") == "\U0001f6d8 \n"


def shown_outcomes(told: str) -> list[str]:
    """Give the outcomes that stand, as JSON lines, among words for people."""
    return [json.loads(line)["outcome"] for line in told.splitlines() if line.startswith("{")]


MANY = "contact_id\n" + "".join(f"{row}\n" for row in range(1, 1001))
"""Their outcomes are several times as long as a pipe holds."""


async def test_a_disk_that_fills_loses_no_outcome(
    environment: dict[str, str], write: Write, simulator: Simulator, tmp_path: Path
) -> None:
    """Each message that left has its outcome, whole, in the file or where people read."""
    output = tmp_path / "out.jsonl"
    script = f'ulimit -f 8; exec {shlex.quote(sys.executable)} -B -m cleverapp_async "$@"'
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", script, "sh", "send", write("r.csv", MANY), *FAST, "--limit", "others=none"),
        *("--output", str(output)),
        env=uncounted(environment),
        stderr=PIPE,
    )
    _, err = await process.communicate()
    assert process.returncode == 1
    written = [json.loads(line)["outcome"] for line in output.read_text("utf-8").splitlines()]
    assert f"{len(written)} outcomes are in {output}." in err.decode()
    assert written + shown_outcomes(err.decode()) == ["accepted"] * len(simulator.deliveries)
    assert 0 < len(written) < len(simulator.deliveries) < 1000
    assert f" {1000 - len(simulator.deliveries)} messages were not sent" in err.decode().replace(
        "\n", " "
    )


@pytest.mark.parametrize("redirection", [">/dev/full", "| head -c 1 >/dev/null"])
async def test_a_campaign_goes_on_without_its_output(
    environment: dict[str, str], write: Write, simulator: Simulator, redirection: str
) -> None:
    """Where a journal keeps the outcomes, a stream that breaks stops nothing, and that is told."""
    path = write("r.csv", "bot_id,messenger,contact_external_id\n7,telegram,1\n7,telegram,2\n")
    command = f'{shlex.quote(sys.executable)} -m cleverapp_async "$@"'
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f"exec 3>&1; {{ {command}; echo $? >&3; }} {redirection}", "sh"),
        *("send", path, *FAST, "--journal", f"{path}.db", "--output", "-"),
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    told = err.decode()
    assert len(simulator.deliveries) == 2
    assert "2 accepted" in told
    broken = f"cleverapp campaign export {path}.db" in told
    # A reader may leave after the last line was written to it.
    assert out.split()[-1:] == [b"1" if broken else b"0"]
    assert broken or "head" in redirection


@pytest.mark.parametrize("quiet", [False, True])
async def test_a_reader_of_the_words_that_leaves_changes_nothing(
    environment: dict[str, str], write: Write, simulator: Simulator, tmp_path: Path, *, quiet: bool
) -> None:
    """Whoever stops reading standard error, a pipe or a terminal, ends no send."""
    output = tmp_path / "out.jsonl"
    path = write("r.csv", ROWS)
    read, error = os.pipe() if quiet else pty.openpty()
    os.close(read)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cleverapp_async", "send", path, *FAST, "--output", str(output)),
        *(["-q"] if quiet else ["-v"]),
        env={**environment, "TERM": "xterm-256color"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=error,
    )
    os.close(error)
    out, _ = await process.communicate()
    assert (process.returncode, out, len(simulator.deliveries)) == (0, b"", 2)
    assert len(output.read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("redirection", ["0>/dev/null", "<&-"])
async def test_a_list_that_cannot_be_read_is_bad_input(
    environment: dict[str, str], simulator: Simulator, redirection: str
) -> None:
    """A standard input that gives nothing is told as such, before anything is sent."""
    code, out, err = await ended(environment, redirection, "send", "-", *FAST)
    assert (code, out, len(simulator.arrivals)) == (2, "", 0)
    assert err.startswith("Error: standard input ")
    assert "Traceback" not in err


async def test_whoever_has_seen_enough_changes_no_exit_code(
    environment: dict[str, str], write: Write, simulator: Simulator
) -> None:
    """A reader such as `head` that leaves is no message that was rejected."""
    path = write("r.csv", ROWS)
    journal = ("--journal", f"{path}.db", "-q")
    assert (await ended(environment, "", "send", path, *FAST, *journal))[0] == 0
    read, out = os.pipe()
    os.close(read)
    for command in (
        ("campaign", "status", f"{path}.db"),
        ("campaign", "status", f"{path}.db", "--format", "json"),
        ("send", path, *FAST, "--dry-run"),
    ):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cleverapp_async", *command),
            env=environment,
            stdout=out,
            stderr=PIPE,
        )
        _, err = await process.communicate()
        assert (process.returncode, err) == (0, b""), command
    os.close(out)
    assert len(simulator.arrivals) == 2


async def test_outcomes_go_to_whatever_still_works(
    environment: dict[str, str], write: Write, simulator: Simulator, tmp_path: Path
) -> None:
    """Where the file and standard error are full, what was sent is told on standard output."""
    output = tmp_path / "out.jsonl"
    script = (
        f'ulimit -f 0; exec {shlex.quote(sys.executable)} -B -m cleverapp_async "$@" 2>/dev/full'
    )
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", script, "sh", "send", write("r.csv", MANY), *FAST, "--limit", "others=none"),
        *("--output", str(output), "--concurrency", "4"),
        env=uncounted(environment),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 1
    assert shown_outcomes(out.decode()) == ["accepted"] * len(simulator.deliveries)
    assert f"{len(simulator.deliveries)} accepted" in out.decode()


async def test_a_stream_that_never_waits_loses_nothing(
    environment: dict[str, str], write: Write, simulator: Simulator
) -> None:
    """Where the parent made the pipe a non-blocking one, the command waits for its slow reader."""
    read, out = os.pipe()
    os.set_blocking(out, False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cleverapp_async", "send", write("r.csv", MANY), *FAST),
        *("--limit", "others=none", "--concurrency", "50"),
        env=environment,
        stdout=out,
        stderr=PIPE,
    )
    os.close(out)
    shown = bytearray()
    while chunk := await asyncio.to_thread(os.read, read, 4096):
        shown += chunk
    os.close(read)
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert shown_outcomes(shown.decode()) == ["accepted"] * len(simulator.deliveries)


async def test_a_journal_on_a_disk_that_fills(
    environment: dict[str, str], write: Write, simulator: Simulator, tmp_path: Path
) -> None:
    """The run stops with a word, and whatever was sent has its outcome in the other file."""
    output, rows = tmp_path / "out.jsonl", "7,telegram,1\n" * 1500
    script = f'ulimit -f 700; exec {shlex.quote(sys.executable)} -B -m cleverapp_async "$@"'
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", script, "sh", "send", write("r.csv", f"{ROWS}{rows}")),
        *("--text", "Hi", "--account-limit", "none", "--limit", "telegram=none"),
        *("--allow-duplicates", "--journal", str(tmp_path / "run.db")),
        *("--output", str(output)),
        env=uncounted(environment),
        stderr=PIPE,
    )
    _, err = await process.communicate()
    told = err.decode()
    assert process.returncode == (4 if "unknown" in told.partition("The campaign:")[2] else 1)
    assert "Error: the journal " in told
    assert "Traceback" not in told
    found = [json.loads(line)["outcome"] for line in output.read_text("utf-8").splitlines()]
    assert found == ["accepted"] * len(simulator.deliveries)
    assert f"{output} has all outcomes of this run: {len(found)}." in told


ENDED = SendOutcome(message=SendMessage(contact_id=1, text="Hi"), outcome=Outcome.ACCEPTED, index=0)


def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    """Of an outcome for which there is no room the file holds nothing, not even its beginning."""
    path = tmp_path / "out.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_sink(str(path)) as sink:
        sink.write(1, 2, ENDED)
        whole = path.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 10, before[1]))
        try:
            with pytest.raises(OSError, match=re.escape(os.strerror(errno.EFBIG))):
                sink.write(2, 3, ENDED)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == whole
    assert json.loads(whole)["outcome"] == "accepted"


def test_a_chosen_file_is_never_one_that_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two sends of one second in one folder have a file each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    names = set[str]()
    for _ in range(3):
        name = default_output()
        with open_sink(name) as sink:
            sink.write(1, 2, ENDED)
        names.add(name)
    assert len(names) == 3


@pytest.mark.parametrize("gone", ["file", "folder"])
def test_outcomes_outlive_their_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, gone: str
) -> None:
    """A file of outcomes that is deleted during a send is there again, whole, and that is told."""
    path = tmp_path / "out" / "o.jsonl"
    path.parent.mkdir()

    def rows() -> list[int]:
        return [json.loads(line)["row"] for line in path.read_text("utf-8").splitlines()]

    def delete() -> None:
        path.unlink()
        if gone == "folder":
            path.parent.rmdir()

    with open_sink(str(path)) as sink:
        sink.write(1, 2, ENDED)
        delete()
        sink.write(2, 3, ENDED)
        sink.write(3, 4, ENDED)
        assert [json.loads(line)["row"] for line in path.read_text("utf-8").splitlines()] == [
            1,
            2,
            3,
        ]
        delete()
    assert rows() == [1, 2, 3]
    assert path.stat().st_mode & 0o077 == 0
    assert capsys.readouterr().err.count(str(path)) == 2


def test_outcomes_that_nobody_can_keep_are_an_error(tmp_path: Path) -> None:
    """Where the file cannot be made again the send does not end as if it were there."""
    path = tmp_path / "out" / "o.jsonl"
    path.parent.mkdir()
    with raises(CommandError, path) as caught, open_sink(str(path)) as sink:
        sink.write(1, 2, ENDED)
        path.unlink()
        path.parent.rmdir()
        path.parent.write_text("in its place", "utf-8")
    assert caught.value.exit_code == Exit.FAILED
