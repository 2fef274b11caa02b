"""The start page: whoever does what it says, in its order, gets what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import SimulatorLimits
from cleverapp_async.testing import SimulatorThread
from tests.paths import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What stands between a file and its contents is what the page says of it.
STEP = re.compile(
    r"into `(?P<file>[\w.]+)`.*?^```\w+\n(?P<text>.*?)^```$"
    r"|^```console\n(?P<session>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
PROGRAMS = {
    "python": [sys.executable],
    # The plugin that the package brings, and none of those that the development needs besides.
    "pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "cleverapp_pytest"],
    "cleverapp": [sys.executable, "-m", "cleverapp_async"],
}


def steps() -> Iterator[tuple[str, str]]:
    """The files to write, by name, and the commands to run, each with what it shows."""
    for step in STEP.finditer((DOCS / "start.md").read_text(encoding="utf-8")):
        if step["file"]:
            yield step["file"], step["text"]
        else:
            yield from re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", step["session"], re.MULTILINE)


@pytest.mark.timeout(120)
def test_what_the_page_says_can_be_done(tmp_path: Path) -> None:
    """Every file is written and every program run against the simulator; each ends well."""
    done: list[str] = []
    # Nobody types so fast that one program begins in the same second in which another has sent.
    with SimulatorThread(limits=SimulatorLimits.none()) as simulator:
        environment = {
            **os.environ,
            "CLEVERAPP_API_TOKEN": simulator.api_token,
            "CLEVERAPP_BASE_URL": simulator.base_url,
            "CLEVERAPP_STATE_DIR": str(tmp_path / "state"),
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        for what, text in steps():
            program, *arguments = shlex.split(what)
            if program.endswith((".py", ".csv")):
                (tmp_path / program).write_text(text, encoding="utf-8")
            elif program in PROGRAMS and arguments[0] not in {"-m", "simulate"}:
                ended = subprocess.run(
                    [*PROGRAMS[program], *arguments],
                    env=environment,
                    cwd=tmp_path,
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
    assert done == ["hello.py", "many.py", "errors.py", "send", "send", "campaign", "test_shop.py"]
