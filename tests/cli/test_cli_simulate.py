from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.simulate import FAULTS, make_seed, read_fault, show_verdict
from cleverapp_async.simulator import Arrival, SimulatorLimits
from cleverapp_async.simulator.referee import everything, judge_log

if TYPE_CHECKING:
    from tests.cli.command import Run, Write


def test_a_taken_port_is_told(cleverapp: Run) -> None:
    """A port in use ends it with 2 and the remedy."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = cleverapp("simulate", "--port", str(port))
    assert ended.code == 2
    assert f"--port {port} " in ended.err
    assert "Address already in use" in ended.err
    assert "--port" in ended.err


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_can_be_asked_for(name: str) -> None:
    """Every name in the help is a fault that strikes with the given probability."""
    fault = read_fault(f"{name}=0.25")
    assert fault.kind == name.replace("-", "_")
    assert fault.trigger.probability == 0.25


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("flood=0.1", "'flood'"),
        ("hang", "hang=0.01"),
        ("hang=often", "hang=0.01"),
        ("hang=2", "hang=0.01"),
    ],
)
def test_refuses_faults(text: str, told: str) -> None:
    """An unknown fault, or no probability, is told with what can be written."""
    with pytest.raises(BadInputError) as caught:
        read_fault(text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--latency", "slow"), "'--latency': 'slow'"),
        (("--latency", "\u0661ms"), "'--latency'"),
        (("--port", "65536"), "'--port'"),
        (("--contacts", "-1"), "'--contacts'"),
        (("--seed", "1.5"), "'--seed'"),
        (("--fault", "hangs=1"), "Did you mean hang?"),
        (("--scale", "0"), "'--scale': '0'"),
        (("--scale", ""), "'--scale': ''"),
        (("--window", "round"), "'round' is not one of"),
    ],
)
def test_usage_errors(cleverapp: Run, arguments: tuple[str, ...], told: str) -> None:
    """An option that cannot be used is told, exit 2."""
    ended = cleverapp("simulate", *arguments)
    assert ended.code == 2
    assert told in ended.err


def test_the_verdict_of_a_bad_client(capsys: pytest.CaptureFixture[str]) -> None:
    """Windows that were exceeded, refusals and duplicates make the verdict NOT clean."""

    def arrival(endpoint: str, messenger: str, at: float) -> Arrival:
        parameters = {"text": "Hi"}
        return Arrival(at, endpoint, 7, messenger, parameters, "accepted", 200, taken=True)

    arrivals = [arrival("sendMessage", "whatsapp", at / 10) for at in range(3)]
    arrivals.append(arrival("sendMessageToWhatsApp", "whatsapp", 1.0))
    limits = SimulatorLimits(whatsapp_direct=None)
    verdict = judge_log(arrivals, limits, key=everything)
    show_verdict(Console(width=100), verdict)
    shown = capsys.readouterr().out
    assert "NOT clean. 4 requests arrived: 4 accepted, 0 refused" in shown
    assert "taken 3 times" in shown
    assert "1 in 10 s" in shown
    assert "no limit" in shown


def test_made_up_contacts() -> None:
    """As many contacts as asked for are made up, others with another seed."""
    seed_data = make_seed(5, None, 1)
    assert seed_data is not None
    assert len(seed_data.contacts or ()) == 5
    assert make_seed(5, None, 1) == seed_data
    assert make_seed(5, None, 2) != seed_data
    assert make_seed(None, None, 1) is None


def test_a_seed_file(write: Write) -> None:
    """What the file names is there at the start."""
    contact = {"id": 5, "bot_id": 1, "messenger": "telegram", "external_id": "9"}
    seed_data = make_seed(None, write("seed.json", json.dumps({"contacts": [contact]})), 0)
    assert seed_data is not None
    assert [one.id for one in seed_data.contacts or ()] == [5]


def test_what_is_no_seed(write: Write) -> None:
    """Too many contacts, two sources, and files that are none are told."""
    path = write("seed.json", '{"contacts": 5}')
    for contacts, seed_file, told in (
        (10_000_000, None, "--contacts: "),
        (5, path, "--seed-file"),
        (None, path, "seed.json, $.contacts: "),
        (None, "/nowhere.json", "--seed-file /nowhere.json cannot be read: No such file"),
    ):
        with pytest.raises(BadInputError) as caught:
            make_seed(contacts, seed_file, 0)
        assert told in str(caught.value)


def test_a_seed_that_contradicts_itself(cleverapp: Run, write: Write) -> None:
    """A seed that contradicts itself ends it with 2, and with the place."""
    contact = {"id": 5, "bot_id": 1, "messenger": "telegram", "external_id": "9"}
    path = write("seed.json", json.dumps({"contacts": [contact, contact]}))
    ended = cleverapp("simulate", "--seed-file", path)
    assert ended.code == 2
    assert f"--seed-file {path}: " in ended.err
    assert "contacts[1]" in ended.err


@pytest.mark.parametrize("host", ["bad.invalid", "192.0.2.1"])
def test_a_host_that_is_not_here_is_told(cleverapp: Run, host: str) -> None:
    """An address that is not this machine's is blamed on --host, and not on the port."""
    ended = cleverapp("simulate", "--host", host, "--port", "0")
    assert ended.code == 2
    assert f"--host {host} " in ended.err
    assert "--port" not in ended.err
