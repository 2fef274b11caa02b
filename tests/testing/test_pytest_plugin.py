"""The pytest plugin as it is installed: found, free of cost, with xdist, out of the wheel."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from tests.paths import ROOT
from tests.testing.user_tests import ARGUMENTS, HEAD, TWICE, in_a_process, out

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testing.user_tests import Run


ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
"""Without the other plugins, found where the project is."""


def test_pytest_finds_it() -> None:
    """The installed package names the plugin under the name ``cleverapp``."""
    (found,) = entry_points(group="pytest11", name="cleverapp")
    assert found.value == "cleverapp_pytest"


def test_it_costs_nothing_until_a_fixture_is_asked_for(tmp_path: Path) -> None:
    """A run that uses nothing of it imports neither the package nor aiohttp."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n"
        "def test_a_simple_one(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.has_plugin('cleverapp_pytest')\n"
        "    parts = {name.partition('.')[0] for name in sys.modules}\n"
        "    assert not parts & {'cleverapp_async', 'aiohttp', 'attrs', 'cattrs', 'asyncio'}\n",
        encoding="utf-8",
    )
    ended = in_a_process(tmp_path, "-p", "cleverapp_pytest", **ALONE)
    assert ended.returncode == 0, ended.stdout


def test_it_can_be_switched_off(run: Run) -> None:
    """With ``-p no:cleverapp`` its fixtures are gone, and other tests run."""
    result = run(
        "def test_it(cleverapp_simulator): ...\n\ndef test_another(): ...\n", "-p", "no:cleverapp"
    )
    result.assert_outcomes(passed=1, errors=1)


def test_its_marker_and_its_fixtures_are_shown(run: Run) -> None:
    """``--markers`` and ``--fixtures`` tell of them, each with what it is for."""
    assert "@pytest.mark.cleverapp(" in out(run("", "--markers"))
    told = out(run("", "--fixtures"))
    for name in ("client_config", "env", "simulator"):
        assert re.search(rf"^cleverapp_{name} -- .*\n    \S", told, re.MULTILINE)
    assert re.search(r"^make_cleverapp_simulator \[session scope\]", told, re.MULTILINE)


FOUR = f"""
@pytest.mark.parametrize("turn", range(4))
def test_it(turn, {ARGUMENTS}):
    send_from_env(cleverapp_client_config, "one", "two")
    assert len(cleverapp_simulator.deliveries) == 2

def test_unclean({ARGUMENTS}):
{TWICE}"""


def test_it_works_with_xdist(tmp_path: Path) -> None:
    """Each worker has simulators of its own, and what the judge says comes through."""
    (tmp_path / "test_user.py").write_text(HEAD + FOUR, encoding="utf-8")
    # Without all the other plugins two more processes start in a third of the time.
    plugins = ("-p", "xdist.plugin", "-p", "cleverapp_pytest", "-n", "2")
    ended = in_a_process(tmp_path, *plugins, **ALONE)
    assert ended.returncode == 1
    assert "5 passed, 1 error" in ended.stdout
    assert "NOT clean: 2 arrived" in ended.stdout


def test_it_comes_with_the_wheel(tmp_path: Path) -> None:
    """The wheel has the plugin, and pytest finds it where the wheel is installed."""
    python = (sys.executable, "-m")
    build = (*python, "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    if (ROOT / "cleverapp_async").is_dir():
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        (wheel,) = tmp_path.glob("*.whl")
        site = tmp_path / "site"
        options = ("--quiet", "--no-index", "--no-deps", "--target", str(site))
        subprocess.run((*python, "pip", "install", *options, str(wheel)), check=True)
        path = str(site)
    else:
        path = ""  # the tests run where the wheel is installed already
    folder = tmp_path / "user"
    folder.mkdir()
    place = """
def test_place():
    import cleverapp_pytest
    print("from", cleverapp_pytest.__file__)
"""
    (folder / "test_user.py").write_text(HEAD + FOUR + place, encoding="utf-8")
    ended = in_a_process(folder, PYTHONPATH=path)
    assert "6 passed, 1 error" in ended.stdout, ended.stdout
    (found,) = re.findall("^from (.*)$", ended.stdout, re.MULTILINE)
    assert not found.startswith(str(ROOT / "cleverapp_pytest"))
