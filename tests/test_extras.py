"""What needs further packages says so once, with the remedy, and nothing else needs them."""

from __future__ import annotations

import asyncio
import re
import sys
import tomllib
from pathlib import Path

import pytest

from cleverapp_async import ConfigurationError, LimiterRegistry
from cleverapp_async._imports import EXTRAS, missing_extra
from cleverapp_async.integrations.redis_journal import RedisJournal, RedisJournalReader
from tests.paths import ROOT
from tests.processes import run_code

URL = "redis://127.0.0.1:1/0"


class _OwnClient:
    """A client of Redis that is not made of redis-py."""

    async def execute_command(self, *args: str | int) -> object:
        raise NotImplementedError


def test_the_packages_of_each_extra_are_those_of_the_project_file() -> None:
    """The remedy names exactly the packages that pyproject.toml lists for the extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = {
        extra: tuple(re.split(r"[<>=!~ ]", requirement)[0] for requirement in requirements)
        for extra, requirements in project["optional-dependencies"].items()
    }
    assert listed == EXTRAS


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_remedy_is_a_command_for_an_index_and_one_for_a_clone(extra: str) -> None:
    """Both commands stand in the text, and neither wants this package from an index."""
    told = missing_extra("It", extra)
    assert f"pip install {' '.join(EXTRAS[extra])}," in told
    assert f"pip install '.[{extra}]'" in told


TEXTS = ("*.md", "*.py", "*.toml", "*.yaml", "*.yml", "*.css", "*.sh", "*.html")
PACKAGE = r"cleverapp[-_]async"


def texts() -> list[Path]:
    """The files that people read, of the package, its tests, documents, examples and scripts."""
    folders = ("cleverapp_async", "docs", "examples", "benchmarks", "tests")
    found = [file for kind in TEXTS for folder in folders for file in (ROOT / folder).rglob(kind)]
    found += [file for kind in TEXTS for file in ROOT.glob(kind)]
    found += [file for file in (ROOT / "scripts").iterdir() if file.is_file()]
    return found


def test_nothing_says_that_an_index_has_this_package() -> None:
    """No index has it: no text has people install it by its name, which somebody else may take."""
    by_name = re.compile(
        rf"(pip3?|pipx|uv|uvx|poetry|conda)\b[^\n`|]*\b(install|add|run)\b[^\n`|./]*\b{PACKAGE}\b"
        rf"|{PACKAGE}\[(?=[a-z])|^\s*{PACKAGE}\s*[=~>]=",
        re.MULTILINE,
    )
    assert by_name.search("pip install 'cleverapp-async[cli]'")
    assert by_name.search("uv add cleverapp-async")
    assert not by_name.search("pip install '.[cli]' in the clone of cleverapp-async")
    told = {
        f"{file.relative_to(ROOT)}: {hit[0]}"
        for file in texts()
        if file != Path(__file__)
        for hit in by_name.finditer(file.read_text(encoding="utf-8"))
    }
    assert told == set()


def test_what_is_said_to_be_installed_in_a_clone_is_there() -> None:
    """Each extra that a text has people install is one of the project file."""
    wanted = {
        (file.name, extra)
        for file in texts()
        for extras in re.findall(
            r"""["'](?:\.|/src)\[([a-z,]+)\]["']""", file.read_text(encoding="utf-8")
        )
        for extra in extras.split(",")
    }
    assert {extra for name, extra in wanted if name == "README.md"} >= {"cli", "files", "redis"}
    assert [one for one in sorted(wanted) if one[1] not in EXTRAS] == []


def test_shared_limits_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without redis-py shared limits are refused as they are made, for a URL and for a client."""
    monkeypatch.setitem(sys.modules, "redis", None)
    for redis in (URL, _OwnClient()):
        with pytest.raises(ConfigurationError, match="pip install redis,"):
            LimiterRegistry.shared(redis)


def test_campaigns_in_redis_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without redis-py a journal in Redis is refused as it is made, and so is its reader."""
    monkeypatch.setitem(sys.modules, "redis", None)

    async def make() -> None:
        RedisJournal(URL, "spring")

    with pytest.raises(ConfigurationError, match="pip install redis,"):
        asyncio.run(make())
    with pytest.raises(ConfigurationError, match="pip install redis,"):
        RedisJournalReader(URL, "spring")


@pytest.mark.parametrize("module", ["taskiq", "taskiq_redis", "redis"])
def test_tasks_without_their_packages(module: str) -> None:
    """Without a package of taskiq, importing the tasks ends with the remedy, and with no other."""
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from cleverapp_async.integrations.taskiq import register"
    )
    run = run_code(code, check=False)
    last = run.stderr.strip().splitlines()[-1]
    assert (
        last
        == f"ModuleNotFoundError: {missing_extra('cleverapp_async.integrations.taskiq', 'taskiq')}"
    )
    assert run.stderr.count("Error:") == 1


@pytest.mark.parametrize("missing", ["taskiq", "redis"])
def test_the_status_command_without_packages(missing: str) -> None:
    """It looks into Redis, so it needs no taskiq; where redis-py is missing one line says so."""
    code = (
        f"import runpy, sys; sys.modules[{missing!r}] = None\n"
        "sys.argv = ['status', 'status', 'redis://127.0.0.1:1/0/spring']\n"
        "runpy.run_module('cleverapp_async.integrations.taskiq', run_name='__main__')"
    )
    run = run_code(code, check=False)
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert ("pip install" in run.stderr) == (missing == "redis")


def test_telemetry_without_opentelemetry() -> None:
    """Without its API, importing what speaks to OpenTelemetry ends with the remedy."""
    module = "cleverapp_async.integrations.otel"
    run = run_code(f"import sys; sys.modules['opentelemetry'] = None; import {module}", check=False)
    last = run.stderr.strip().splitlines()[-1]
    assert last == f"ModuleNotFoundError: {missing_extra(module, 'otel')}"
    assert run.stderr.count("Error:") == 1


def test_the_core_needs_no_extra() -> None:
    """Everything outside the rooms that name an extra is imported without any of their packages."""
    code = (
        "import sys\n"
        "for name in ('click', 'rich', 'pyarrow', 'python_calamine', 'redis', 'taskiq',"
        " 'taskiq_redis', 'opentelemetry'):\n"
        "    sys.modules[name] = None\n"
        "import cleverapp_async as package, cleverapp_async.testing, cleverapp_async.simulator\n"
        "import cleverapp_async.integrations.redis_journal\n"
        "[getattr(package, name) for name in package.__all__]\n"
    )
    run_code(code)
