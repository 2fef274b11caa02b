"""What the command line writes holds people's data: it is its owner's alone."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import Simulator, SimulatorLimits, generate
from tests.cli.command import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write

ROWS = "contact_id,text\n1,Привет\n2,Да\n"
QUICK = ("--account-limit", "none", "--limit", "telegram=none")


@pytest.fixture(autouse=True)
def _nothing_is_masked() -> Iterator[None]:
    """The system takes no permission away by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_every_file_is_its_owners_alone(
    cleverapp: Run, serve: Serve, write: Write, tmp_path: Path
) -> None:
    """Outcomes, exports, the journal with all that lies beside it, and reports."""
    serve(Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), seed_data=generate(contacts=3)))
    rows = write("rows.csv", ROWS)
    given = set(tmp_path.iterdir())
    out = {
        name: str(tmp_path / name) for name in ("o.jsonl", "o.csv", "c.csv", "c.jsonl", "r.html")
    }
    journal = str(tmp_path / "run.db")
    cleverapp("send", rows, "--output", out["o.jsonl"], *QUICK)
    cleverapp("send", write("one.csv", "contact_id,text\n1,Hi\n"), "--journal", journal, *QUICK)
    given.add(tmp_path / "one.csv")
    cleverapp("campaign", "export", journal, "-o", out["o.csv"])
    cleverapp("campaign", "report", journal, "-o", out["r.html"])
    cleverapp("contacts", "export", "-o", out["c.csv"])
    cleverapp("contacts", "export", "-o", out["c.jsonl"])
    made = set(tmp_path.iterdir()) - given
    assert {path.name for path in made} >= {"run.db", *out}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in made} == {
        path.name: 0o600 for path in made
    }


def test_a_link_is_not_followed(cleverapp: Run, write: Write, tmp_path: Path) -> None:
    """A link in the place of a new file is in the way, wherever it leads."""
    target = tmp_path / "elsewhere"
    for name in ("o.jsonl", "c.csv.part"):
        (tmp_path / name).symlink_to(target)
    rows = write("rows.csv", ROWS)
    sent = cleverapp("send", rows, "--output", str(tmp_path / "o.jsonl"))
    exported = cleverapp("contacts", "export", "-o", str(tmp_path / "c.csv"))
    assert (sent.code, exported.code) == (2, 2)
    assert not target.exists()
