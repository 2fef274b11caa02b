"""What a send refuses before its first message, a dry run refuses too, and without a trace."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import SqliteJournal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

TEXT = ("--text", "Hi")
GOOD = "contact_id\n1\n"


def wrong(kind: str, folder: Path) -> tuple[tuple[str, ...], int, str]:
    """Give options that a send refuses, what it ends with, and what it names."""
    taken = folder / "taken"
    taken.write_text("kept")
    link = folder / "link"
    link.symlink_to(folder / "nowhere")
    (folder / "e.db").touch()
    (folder / "e.db-wal").symlink_to(taken)
    (folder / "c.db.lock").symlink_to(taken)
    (folder / "d.db").touch()
    (folder / "d.db.lock").touch()
    (folder / "other").hardlink_to(folder / "d.db.lock")
    (folder / "a.db").touch()
    (folder / "b.db").hardlink_to(folder / "a.db")
    table = {
        "token file": (("--token-file", str(folder / "none")), 3, "--token-file"),
        "empty token file": (("--token-file", os.devnull), 3, "--token-file"),
        "base URL": (("--base-url", "ftp://example.com/api"), 3, "base_url"),
        "clear text": (("--base-url", "http://example.com/api/v1"), 3, "base_url"),
        "output is there": (("--output", str(taken)), 2, str(taken)),
        "output is a folder": (("--output", str(folder)), 2, str(folder)),
        "output without folder": (("-o", str(folder / "no" / "o.jsonl")), 2, "--output"),
        "faults are there": (("--faults", str(taken)), 2, str(taken)),
        "journal without folder": (("--journal", str(folder / "no" / "run.db")), 2, "run.db"),
        "journal is a folder": (("--journal", str(folder)), 2, str(folder)),
        "faults on standard output": (("--faults", "-"), 2, "--faults"),
        "faults are a link": (("--faults", str(link)), 2, str(link)),
        "output is a link": (("--output", str(link)), 2, str(link)),
        "link beside": (("--journal", str(folder / "e.db")), 2, "e.db-wal"),
        "lock is a link": (("--journal", str(folder / "c.db")), 1, "c.db.lock"),
        "lock has a second name": (("--journal", str(folder / "d.db")), 1, "d.db.lock"),
        "second name": (("--journal", str(folder / "b.db")), 2, "b.db"),
        "no journal": (("--journal", str(taken)), 2, str(taken)),
        "one name": (("-o", str(folder / "x"), "--journal", str(folder / "x")), 2, "--journal"),
    }
    return table[kind]


KINDS = (
    "token file",
    "empty token file",
    "base URL",
    "clear text",
    "output is there",
    "output is a folder",
    "output without folder",
    "faults are there",
    "faults on standard output",
    "faults are a link",
    "output is a link",
    "link beside",
    "second name",
    "lock is a link",
    "lock has a second name",
    "journal without folder",
    "journal is a folder",
    "no journal",
    "one name",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_refuses_what_a_send_refuses(
    kind: str, cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Both end with the same code and name the same setting; no file is made or changed."""
    simulator = serve()
    path = write("r.csv", GOOD)
    options, code, named = wrong(kind, tmp_path)
    before = sorted(tmp_path.iterdir())
    for dry in ((), ("--dry-run",)):
        ended = cleverapp("send", path, *TEXT, *options, *dry)
        assert ended.code == code
        assert named in ended.err
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "taken").read_text() == "kept"
    assert not simulator.arrivals


def test_a_dry_run_tells_everything_that_is_refused(
    cleverapp: Run, write: Write, tmp_path: Path
) -> None:
    """It counts and forecasts all the same, and ends as the send would: with the first refusal."""
    path, output = write("r.csv", GOOD), write("out.jsonl", "")
    command = ("send", path, *TEXT, "--base-url", "x", "-o", output, "--dry-run")
    journal = str(tmp_path / "no" / "run.db")
    ended = cleverapp(*command, "--journal", journal, "--token-file", str(tmp_path / "none"))
    assert ended.code == 3
    assert "account" in ended.out
    assert ended.err.count("Error: ") == 4
    bad = cleverapp("send", write("bad.csv", "contact_id\nx\n"), *TEXT, "-o", output, "--dry-run")
    assert bad.code == 2
    assert output in bad.err


def test_a_token_is_needed(cleverapp: Run, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run without any token shows what it found, and ends with 3 as the send would."""
    path = write("r.csv", GOOD)
    monkeypatch.delenv("CLEVERAPP_API_TOKEN")
    ended = cleverapp("send", path, *TEXT, "--dry-run")
    assert ended.code == 3
    assert "account" in ended.out
    assert "CLEVERAPP_API_TOKEN" in ended.err


def test_a_journal_that_is_in_use(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """A journal of another run, or for another address, is refused and left as it is."""
    simulator = serve()
    path, journal = write("r.csv", GOOD), str(tmp_path / "run.db")
    held = SqliteJournal(journal)

    async def with_lock() -> list[int]:
        await held.open(simulator.base_url)
        command = ("send", path, *TEXT, "--journal", journal)
        codes = [cleverapp(*command, *dry).code for dry in ((), ("--dry-run",))]
        await held.close("finished")
        return codes

    assert asyncio.run(with_lock()) == [2, 2]
    assert cleverapp("send", path, *TEXT, "--journal", journal).code == 0
    elsewhere = ("--journal", journal, "--base-url", "http://127.0.0.1:9/api/v1")
    for dry in ((), ("--dry-run",)):
        assert cleverapp("send", path, *TEXT, *elsewhere, *dry).code == 2
    assert cleverapp("campaign", "purge", journal, "--yes").code == 0
    for dry in ((), ("--dry-run",)):
        assert cleverapp("send", path, *TEXT, "--journal", journal, *dry).code == 2


@pytest.mark.parametrize("rows", [GOOD, "contact_id\nx\n"])
def test_a_name_that_is_taken_is_told_once(cleverapp: Run, write: Write, rows: str) -> None:
    """One rule and one text for --faults, whether there are faults to be written or not."""
    taken = write("f.csv", "kept")
    path = write("r.csv", rows)
    ended = cleverapp("send", path, *TEXT, "--faults", taken, "--dry-run")
    assert ended.code == 2
    assert ended.err.count(f"--faults {taken}") == 1


@pytest.mark.parametrize("content", [None, b""])
def test_a_journal_that_holds_nothing_is_told_once(
    cleverapp: Run, write: Write, tmp_path: Path, content: bytes | None
) -> None:
    """A journal that is missing or empty has one answer where no list begins it."""
    journal = tmp_path / "run.db"
    if content is not None:
        write("run.db", content)
    for dry in ((), ("--dry-run",)):
        ended = cleverapp("send", "--journal", str(journal), *dry)
        assert ended.code == 2
        assert ended.err.count("run.db") == 1
        assert "FILE" in ended.err


def test_a_device_is_a_place_to_write_to(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Outcomes, faults and exports may go to /dev/null, which stays what it is."""
    simulator = serve()
    nowhere = ("--output", os.devnull, "--faults", os.devnull)
    path = write("r.csv", "contact_id\n1\nx\n")
    assert cleverapp("send", path, *TEXT, *nowhere, "--dry-run").code == 2
    ended = cleverapp("send", path, *TEXT, *nowhere, "--skip-bad-rows")
    assert ended.code == 1, ended.err
    assert len(simulator.deliveries) == 1
    assert "--only" not in ended.err
    journal = str(tmp_path / "run.db")
    assert cleverapp("send", write("g.csv", GOOD), *TEXT, "--journal", journal).code == 0
    exported = cleverapp("campaign", "export", journal, "-o", os.devnull, "--format", "csv")
    assert exported.code == 0, exported.err
    assert os.path.exists(os.devnull) and not os.path.isfile(os.devnull)  # noqa: PT018, PTH110, PTH113


def test_a_link_that_leads_nowhere_is_a_name(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """No export takes the place of a link, be it a broken one."""
    serve()
    link = tmp_path / "c.csv"
    link.symlink_to(tmp_path / "nowhere")
    ended = cleverapp("contacts", "export", "-o", str(link))
    assert ended.code == 2
    assert str(link) in ended.err
    assert not (tmp_path / "nowhere").exists()


def test_what_is_no_token_is_named_by_its_place(
    cleverapp: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a variable with more than the token is named, and nothing that it holds."""
    path = write("r.csv", GOOD)
    for command in (("send", path, *TEXT), ("call", "getMe")):
        ended = cleverapp(*command, "--token-file", path)
        assert ended.code == 3
        assert f"--token-file {path}" in ended.err
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", "twosecret words")
    ended = cleverapp("send", path, *TEXT)
    assert ended.code == 3
    assert "CLEVERAPP_API_TOKEN" in ended.err
    assert "twosecret" not in ended.err + ended.out
