"""The start page: whoever does what it says, in its order, gets what it shows.

The package is the one that is installed here, which finds its plugin as an installation does.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import SimulatorLimits
from cleverapp_async.testing import SimulatorThread
from tests.paths import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

# What stands between a file and its contents is what the page says of it.
STEP = re.compile(
    r"into `(?P<file>[\w.]+)`.*?^```\w+\n(?P<text>.*?)^```$"
    r"|^```console\n(?P<session>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
PROGRAMS = {
    "python": [sys.executable],
    # What is installed brings its plugins; no settings of the package's own tests are above.
    "pytest": [sys.executable, "-m", "pytest"],
    "cleverapp": [sys.executable, "-m", "cleverapp_async"],
}


def steps() -> Iterator[tuple[str, str]]:
    """The files to write, by name, and the commands to run, each with what it shows."""
    for step in STEP.finditer((DOCS / "start.md").read_text(encoding="utf-8")):
        if step["file"]:
            yield step["file"], step["text"]
        else:
            yield from re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", step["session"], re.MULTILINE)


def is_a_source_of_the_package(requirement: str, folder: Path) -> bool:
    """Whether pip finds this package where the page says, with the extras that it names."""
    where, _, extras = requirement.removesuffix("]").partition("[")
    project = tomllib.loads((folder / where / "pyproject.toml").read_text("utf-8"))["project"]
    known = set(project["optional-dependencies"])
    return project["name"] == "cleverapp-async" and known.issuperset(extras.split(","))


@pytest.mark.timeout(120)
def test_what_the_page_says_can_be_done(tmp_path: Path) -> None:
    """Every file is written and every program run against the simulator; each ends well."""
    done: list[str] = []
    folder = tmp_path / "cleverapp"
    folder.symlink_to(ROOT, target_is_directory=True)
    # Nobody types so fast that one program begins in the same second in which another has sent.
    with SimulatorThread(limits=SimulatorLimits.none()) as simulator:
        environment = {
            **os.environ,
            "CLEVERAPP_API_TOKEN": simulator.api_token,
            "CLEVERAPP_BASE_URL": simulator.base_url,
            "CLEVERAPP_STATE_DIR": str(tmp_path / "state"),
            "PYTHONIOENCODING": "utf-8",
        }
        for what, text in steps():
            program, *arguments = shlex.split(what)
            if program.endswith((".py", ".csv")):
                assert folder.resolve() != ROOT, "the settings of the clone's own tests hold here"
                (folder / program).write_text(text, encoding="utf-8")
            elif program in {"mkdir", "cd"}:
                (target,) = arguments
                there = Path(os.path.normpath(folder / target))
                assert there.is_relative_to(tmp_path), what
                if program == "mkdir":
                    there.mkdir()
                else:
                    folder = there
            elif program == "pip":
                assert is_a_source_of_the_package(arguments[1], folder), what
            elif program in PROGRAMS and arguments[0] not in {"-m", "simulate"}:
                ended = subprocess.run(
                    [*PROGRAMS[program], *arguments],
                    env=environment,
                    cwd=folder,
                    capture_output=True,
                    encoding="utf-8",
                    check=False,
                )
                assert ended.returncode == 0, (what, ended.stdout, ended.stderr)
                assert not text or ended.stdout == text, what
                done.append(arguments[0])
        assert simulator.referee().clean
        # hello.py, many.py, and the list; the tests have simulators of their own.
        assert len(simulator.deliveries) == 1 + 5 + 2
    programs, commands = ["hello.py", "many.py", "errors.py"], ["send", "send", "campaign"]
    assert done == [*programs, *commands, "test_shop.py", "contacts"]
    columns = (folder / "contacts.csv").read_text("utf-8-sig").partition("\n")[0].split(",")
    assert {"contact_id", "contact_bot_id", "contact_messenger"} <= set(columns)
