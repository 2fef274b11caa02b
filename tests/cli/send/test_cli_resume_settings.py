"""A campaign that goes on is sent as its last run was, but for what is given anew."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.bulk.journal.sqlite.reader import read_last_sign
from cleverapp_async.cli.campaign.state import LeftOut, RunNote
from cleverapp_async.cli.send_settings import SendSettings
from tests.bulk.journal.journals import make_version_0

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Ended, Run, Serve, Write

ROWS = "".join(f"7,telegram,{number},Hi\n" for number in range(1, 4))
LIST = f"bot_id,messenger,contact_external_id,text\n{ROWS}"
HOURS = ("--not-before", "00:00", "--not-after", "23:59:59", "--timezone", "Europe/Moscow")
LIMITS = ("--limit", "telegram=9/1s", "--account-limit", "none", "--scale", "50.0")
PACE = ("--concurrency", "5", "--drain-timeout", "7s", "--limits", "process")
ALL = (*PACE, *LIMITS, *HOURS)


def told(ended: Ended) -> list[str]:
    """Give the options that a run says it has of the last one."""
    found = re.search(r"As the last run: (.*?)\. ", ended.err)
    return [] if found is None else shlex.split(found[1])


def noted(path: str) -> list[str]:
    """Give the options that the journal keeps now, without the address."""
    with closing(sqlite3.connect(path)) as connection:
        (note,) = connection.execute("SELECT value FROM meta WHERE name = 'note'").fetchone()
    words = shlex.split(note)
    return [word for word in words if word != "--base-url" and not word.startswith("http")]


@pytest.mark.parametrize("again", ["journal", "list", "dry run"])
def test_what_is_not_given_is_kept(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, again: str
) -> None:
    """Hours, limits and pace of the first run hold for the next ones, which say so."""
    serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", LIST)
    first = cleverapp("send", file, "--journal", path, "--first", "1", *ALL)
    assert first.code == 0
    assert told(first) == []
    more = {"journal": (), "list": (file,), "dry run": ("--dry-run",)}[again]
    ended = cleverapp("send", *more, "--journal", path)
    assert ended.code == 0
    assert told(ended) == list(ALL)
    assert "between 00:00 and 23:59:59 Europe/Moscow" in ended.err + ended.out
    assert noted(path) == list(ALL)


def test_a_quiet_run_keeps_them_as_well(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """With --quiet the options are kept and nothing is said."""
    serve()
    path = str(tmp_path / "run.db")
    assert (
        cleverapp("send", write("r.csv", LIST), "--journal", path, "--first", "1", *ALL).code == 0
    )
    assert cleverapp("send", "--journal", path, "--quiet").err == ""
    assert noted(path) == list(ALL)


@pytest.mark.parametrize(
    "replaced",
    [
        (("--not-before", "none"), HOURS),
        (("--at", "2020-01-01T00:00:00"), HOURS),
        (("--account-limit", "1000/1s"), ("--account-limit", "none")),
        (("--limit", "telegram=5/1s"), ("--limit", "telegram=9/1s")),
        (("--limit", "telegram=documented"), ("--limit", "telegram=9/1s")),
        (("--scale", "1.0"), ("--scale", "50.0")),
        (("--concurrency", "1000"), ("--concurrency", "5")),
        (("--limits", "machine"), ("--limits", "process")),
    ],
    ids=lambda replaced: replaced[0][0].removeprefix("--") + replaced[0][1].partition("=")[2],
)
def test_what_is_given_replaces_its_kind_alone(
    cleverapp: Run,
    serve: Serve,
    write: Write,
    tmp_path: Path,
    replaced: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    """Of the kind of options that is given nothing is kept, be it the usual; all others stay."""
    given_now, gone = replaced
    serve()
    path = str(tmp_path / "run.db")
    assert (
        cleverapp("send", write("r.csv", LIST), "--journal", path, "--first", "1", *ALL).code == 0
    )
    dry = cleverapp("send", "--journal", path, "--dry-run", *given_now)
    kept = " ".join(ALL).replace(" ".join(gone), "").split()
    assert told(dry) == kept
    assert noted(path) == list(ALL)
    status = cleverapp("campaign", "status", path, "--format", "json", *given_now[:2])
    if given_now[0] not in {"--concurrency", "--limits"}:
        command = json.loads(status.out)["commands"][0]["command"]
        assert " ".join(given_now) in command
        assert " ".join(gone) not in command
    assert cleverapp("send", "--journal", path, *given_now).code == 0
    last = cleverapp("send", "--journal", path)
    assert " ".join(gone) not in " ".join(told(last))
    assert set(kept) <= set(told(last))


def test_a_limit_replaces_that_of_its_messenger_alone(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Of several kept limits one is dropped or changed, and the others stay, also for later."""
    serve()
    path = str(tmp_path / "run.db")
    limits = ("--limit", "telegram=9/1s", "--limit", "viber=8/1s", "--limit", "others=7/1s")
    start = cleverapp("send", write("r.csv", LIST), "--journal", path, "--first", "1", *limits)
    assert start.code == 0
    changed = ("--limit", "viber=documented", "--limit", "others=6/1s")
    ended = cleverapp("send", "--journal", path, "--first", "2", *changed)
    assert told(ended) == ["--limit", "telegram=9/1s"]
    assert told(cleverapp("send", "--journal", path)) == [
        *("--limit", "telegram=9/1s"),
        *("--limit", "others=6/1s"),
    ]


def test_the_address_and_the_token_are_not_kept(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal decides neither where a token goes nor whose it is."""
    serve()
    path = str(tmp_path / "run.db")
    assert (
        cleverapp("send", write("r.csv", LIST), "--journal", path, "--first", "1", *ALL).code == 0
    )
    monkeypatch.delenv("CLEVERAPP_BASE_URL")
    ended = cleverapp("send", "--journal", path)
    assert ended.code == 2
    assert "--scale" not in told(ended)
    assert "--base-url" not in told(ended)
    assert "127.0.0.1" in ended.err


def test_a_test_message_is_sent_as_it_says(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """It is in no campaign, and takes nothing of one."""
    serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", LIST)
    assert cleverapp("send", file, "--journal", path, "--first", "1", *ALL).code == 0
    ended = cleverapp("send", file, "--journal", path, "--test-to", "contact_id=5")
    assert ended.code == 0
    assert told(ended) == []


def test_a_journal_of_an_earlier_version(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """What it keeps holds as well, although nothing but a run may bring it up to date."""
    simulator = serve()
    path = tmp_path / "run.db"
    make_version_0(path, simulator.base_url)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO meta VALUES ('note', ?)", (shlex.join(ALL),))
    ended = cleverapp("send", "--journal", str(path))
    assert told(ended) == list(ALL)
    assert noted(str(path)) == list(ALL)


@pytest.mark.parametrize("note", [None, "", "'", "--no-such-option", "of my own", "--help"])
def test_a_note_in_other_words(note: str | None) -> None:
    """A program's campaign keeps nothing for the command line: the usual settings hold."""
    assert RunNote.read(note) == RunNote()


@given(
    st.integers(1, 10**9),
    st.lists(st.integers(1, 10**9), min_size=1, max_size=10),
    st.text(min_size=1, max_size=30),
    st.none() | st.text(min_size=1, max_size=30),
)
def test_what_was_left_out_is_read_as_it_was_written(
    rows: int, lines: list[int], source: str, faults: str | None
) -> None:
    """Names of files may be any text, options among them."""
    left_out = LeftOut(rows=rows, lines=tuple(lines), source=source, faults=faults)
    note = RunNote(settings=RunNote.read(shlex.join(ALL)).settings, left_out=left_out)
    assert RunNote.read(note.written()) == note


@pytest.mark.parametrize("lines", ["", "x", "1,,2"])
def test_left_out_rows_that_cannot_be_read(lines: str) -> None:
    """A damaged note is one in other words."""
    assert RunNote.read(f"--left-out 1 '{lines}' r.csv ''") == RunNote()


@given(st.sets(st.sampled_from(["hours", "overrides", "account", "scale", "concurrency"])))
def test_every_kind_is_taken_from_one_of_both(given_kinds: set[str]) -> None:
    """Each kind is all of what is given, or of what is kept; written down it stays the same."""
    kept = RunNote.read(shlex.join(ALL)).settings
    mine = SendSettings(given=frozenset(given_kinds))
    merged = mine.or_kept(kept)
    for kind in ("hours", "concurrency"):
        assert getattr(merged, kind) == getattr(mine if kind in given_kinds else kept, kind)
    assert merged.limits.overrides == kept.limits.overrides  # each messenger is a kind by itself
    for kind in ("account", "scale"):
        of = mine if kind in given_kinds else kept
        assert getattr(merged.limits, kind) == getattr(of.limits, kind)
    assert RunNote.read(RunNote(settings=merged).written()).settings == merged
    assert evolve(merged, given=frozenset()).or_kept(kept) == kept


def _died(path: str, ago: float, *, sign: str = "started_at") -> None:
    """Let the last run of a journal be one that was killed, last seen alive so long ago."""
    seen = time.time() - ago
    of_fate = {name: seen if name == sign else 0.0 for name in ("intent_at", "ended_at")}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE session SET ended = NULL, ended_at = NULL, started_at = ?",
            (seen if sign == "started_at" else 1.0,),
        )
        connection.execute("UPDATE fate SET intent_at = :intent_at, ended_at = :ended_at", of_fate)


DOCUMENTED, LONG = "2 minutes 2 seconds", "16 minutes 40 seconds"
"""62 s and the account's 60 s; what a run with an attempt of 5 min and a limit of its own has."""


@pytest.mark.parametrize(
    ("first", "again", "ago", "told"),
    [
        ((), (), 0.0, DOCUMENTED),
        ((), (), 100.0, DOCUMENTED),
        ((), (), 130.0, None),
        ((), ("--attempt-timeout", "5m"), 0.0, DOCUMENTED),
        (("--attempt-timeout", "398s", "--limit", "viber=1/10m"), (), 900.0, LONG),
        (("--attempt-timeout", "398s", "--limit", "viber=1/10m"), (), 1100.0, None),
        (("--limits", "process"), ("--limits", "machine"), 0.0, None),
        ((), ("--limits", "process"), 0.0, None),
    ],
)
def test_a_killed_run_is_told_while_the_limits_may_keep_its_places(
    cleverapp: Run,
    serve: Serve,
    write: Write,
    tmp_path: Path,
    *,
    first: tuple[str, ...],
    again: tuple[str, ...],
    ago: float,
    told: str | None,
) -> None:
    """For an attempt's time and a period of the limits, both as the killed run had them."""
    serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", LIST)
    assert cleverapp("send", file, "--journal", path, "--first", "1", *first).code == 0
    _died(path, ago)
    ended = cleverapp("send", "--journal", path, *again)
    assert ended.code == 0
    assert ("run died" in ended.err) == (told is not None)
    assert told is None or f"up to {told} " in ended.err


@pytest.mark.parametrize("sign", ["started_at", "intent_at", "ended_at"])
def test_a_run_was_alive_when_it_last_wrote(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path, sign: str
) -> None:
    """Its beginning counts, and each intent and result, whichever came last."""
    serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", LIST)
    assert cleverapp("send", file, "--journal", path, "--first", "1").code == 0
    for ago in (100.0, 130.0):
        _died(path, ago, sign=sign)
        seen_at = read_last_sign(path)
        assert seen_at is not None
        assert ago <= time.time() - seen_at < ago + 60


def test_what_a_killed_program_kept_is_not_told(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Its journal tells nothing of its limits, so that nothing is said of them."""
    serve()
    path, file = str(tmp_path / "run.db"), write("r.csv", LIST)
    assert cleverapp("send", file, "--journal", path, "--first", "1").code == 0
    _died(path, 0.0)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM meta WHERE name = 'note'")
    ended = cleverapp("send", "--journal", path)
    assert ended.code == 0
    assert "run died" not in ended.err
