"""The settings of the deployment page: each parses, and leaves a send its time to end."""

from __future__ import annotations

import re
from configparser import ConfigParser, SectionProxy

import click
import uvicorn
import yaml

from cleverapp_async.cli.errors import Exit
from tests.commands_page import commands
from tests.paths import DOCS, ROOT

PAGE = (DOCS / "deployment.md").read_text(encoding="utf-8")
FENCED: list[tuple[str, str]] = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
BLOCKS = dict(FENCED)
CAMPAIGN, WEB = [block for language, block in FENCED if language == "ini"]


def drain_timeout() -> float:
    """Seconds for which a send lets requests on the wire end, unless it is told otherwise."""
    send = dict(commands())["cleverapp send"]
    (option,) = [one for one in send.command.params if one.name == "drain_timeout"]
    assert isinstance(option, click.Option)
    value = option.type_cast_value(send, option.get_default(send))
    assert isinstance(value, float)
    return value


def service_of(text: str) -> SectionProxy:
    """What a unit of systemd says of its service."""
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # names of systemd have capitals
    unit.read_string(text)
    return unit["Service"]


def test_systemd_waits_and_starts_again_what_can_be_started_again() -> None:
    """It kills later than a send gives up, and no exit code that needs somebody starts it again."""
    service = service_of(CAMPAIGN)
    assert float(service["TimeoutStopSec"]) > drain_timeout()
    final = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert final == {Exit.USAGE, Exit.CONFIGURATION, Exit.UNKNOWN, Exit.INTERRUPTED}
    assert "CLEVERAPP_API_TOKEN" not in CAMPAIGN  # a unit can be read by everybody


def test_a_web_service_stops_in_three_steps() -> None:
    """A send ends before uvicorn gives up, and that before systemd kills; the options are known."""
    service = service_of(WEB)
    program, application, *options = service["ExecStart"].split()
    context = uvicorn.main.make_context("uvicorn", [application, *options])
    module, _, name = application.partition(":")
    example = (ROOT / "examples" / f"{module}.py").read_text(encoding="utf-8")
    (deadline,) = re.findall(r"deadline=(\d+)", example)
    graceful = context.params["timeout_graceful_shutdown"]
    assert int(deadline) < graceful < float(service["TimeoutStopSec"])
    assert program.endswith("/uvicorn")
    assert f"\n{name} = FastAPI(" in example
    assert not re.search(r"^[^#\n]*CLEVERAPP_API_TOKEN", WEB, re.MULTILINE)


def test_docker_waits_and_does_not_start_a_finished_campaign() -> None:
    """It kills later than a send gives up, and a campaign that ended stays ended."""
    (service,) = yaml.safe_load(BLOCKS["yaml"])["services"].values()
    assert float(service["stop_grace_period"].removesuffix("s")) > drain_timeout()
    assert service["restart"] == "no"
    folder = re.findall(r"^WORKDIR (\S+)$", BLOCKS["dockerfile"], re.MULTILINE)
    assert [one.partition(":")[2] for one in service["volumes"]] == folder
    assert service["environment"]["CLEVERAPP_STATE_DIR"] in folder
