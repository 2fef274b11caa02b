from __future__ import annotations

import asyncio
import re
import socket
import ssl
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.cli.doctor.checks import (
    Address,
    Settings,
    check_certificate,
    check_clock,
    check_connection,
    check_name,
    check_packages,
    check_python,
    check_token,
    fine,
    tls_finding,
)
from cleverapp_async.cli.doctor.command import Examination
from cleverapp_async.cli.shared_options import Connection
from cleverapp_async.simulator import Simulator
from tests.cli.command import TOKEN
from tests.cli.scripted import INTERRUPT, answer, scripted

if TYPE_CHECKING:
    from tests.cli.command import Ended, Run, Serve, Write


def lines(ended: Ended) -> dict[str, tuple[str, str]]:
    """Give level and text of each check by its name."""
    found: dict[str, tuple[str, str]] = {}
    for line in ended.out.splitlines():
        level, rest = line[:4].strip(), line[6:]
        name, told = rest[:13].strip(), rest[15:]
        found[name] = (level, told)
    return found


def test_all_is_well(cleverapp: Run, serve: Serve) -> None:
    """Against a server that works each check is one line, and the exit code 0."""
    simulator = serve()
    ended = cleverapp("doctor")
    assert ended.code == 0
    found = lines(ended)
    names = ["Python", "packages", "token", "base URL", "DNS", "TCP", "TLS", "account", "clock"]
    assert list(found) == names
    assert found["token"] == ("ok", f"{len(TOKEN)} characters, from CLEVERAPP_API_TOKEN")
    assert found["base URL"] == ("ok", f"{simulator.base_url} (CLEVERAPP_BASE_URL)")
    assert found["TLS"][0] == "ok"
    assert found["account"][0] == "ok"
    assert found["clock"][0] == "ok"
    assert [arrival.endpoint for arrival in simulator.arrivals] == ["getMe"]


def test_a_refused_token(cleverapp: Run, serve: Serve, write: Write) -> None:
    """A token that the server does not take fails, with where to take it from."""
    simulator = serve(Simulator(api_token="another"))
    path = write("token", TOKEN)
    ended = cleverapp("doctor", "--token-file", path, "--base-url", simulator.base_url)
    assert ended.code == 1
    found = lines(ended)
    assert found["token"][1].endswith(path)
    assert "(--base-url)" in found["base URL"][1]
    assert found["account"][0] == "FAIL"
    assert found["clock"][0] == "ok"


def test_a_path_that_is_no_api(cleverapp: Run) -> None:
    """A 404 points at the path; without a date the clock is not checked."""
    with scripted(answer(404, {"message": "Not Found"})) as url:
        ended = cleverapp("doctor", "--base-url", url)
    assert ended.code == 1
    found = lines(ended)
    assert "/api/v1" in found["account"][1]
    assert found["clock"][0] == "warn"


def test_a_server_that_refuses_for_another_reason(cleverapp: Run) -> None:
    """Any other refusal is told as it came."""
    with scripted(answer(400, {"error": "Out of order"})) as url:
        ended = cleverapp("doctor", "--base-url", url)
    assert ended.code == 1
    assert "Out of order (HTTP 400)" in lines(ended)["account"][1]


def closed_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_nobody_listens(cleverapp: Run) -> None:
    """A port that cannot be connected fails, and what needs it is not checked."""
    ended = cleverapp("doctor", "--base-url", f"http://127.0.0.1:{closed_port()}/api/v1")
    assert ended.code == 1
    found = lines(ended)
    assert found["TCP"][0] == "FAIL"
    assert "Connection refused" in found["TCP"][1]
    assert found["account"][0] == "warn"


def test_no_tls_there(cleverapp: Run, serve: Serve) -> None:
    """Https to a port that speaks plain HTTP fails at TLS, not at TCP."""
    simulator = serve()
    ended = cleverapp("doctor", "--base-url", simulator.base_url.replace("http:", "https:"))
    assert ended.code == 1
    found = lines(ended)
    assert found["TCP"][0] == "ok"
    assert found["TLS"][0] == "FAIL"
    assert found["TLS"][1].startswith("the handshake failed: ")


def test_nothing_is_set(cleverapp: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token that is told with the remedy, and the rest is checked all the same."""
    serve()
    monkeypatch.delenv("CLEVERAPP_API_TOKEN")
    ended = cleverapp("doctor")
    assert ended.code == 1
    found = lines(ended)
    assert found["token"][0] == "FAIL"
    assert "CLEVERAPP_API_TOKEN" in found["token"][1]
    assert found["TCP"][0] == "ok"
    assert found["account"][0] == "warn"


def test_settings_that_cannot_work(cleverapp: Run, write: Write) -> None:
    """A token with a blank in it and a base URL in clear text fail, neither is tried."""
    path = write("token", "my secret")
    ended = cleverapp("doctor", "--token-file", path, "--base-url", "http://example.com/api/v1")
    assert ended.code == 1
    found = lines(ended)
    assert path in found["token"][1]
    assert "my secret" not in ended.out
    assert "is not https" in found["base URL"][1]
    assert found["network"][0] == "warn"


def test_interrupted(cleverapp: Run) -> None:
    """Ctrl-C ends it with 130."""
    with scripted(INTERRUPT) as url:
        ended = cleverapp("doctor", "--base-url", url)
    assert ended.code == 130
    assert "Interrupted." in ended.err


def test_the_value_of_a_setting_is_not_shown() -> None:
    """A setting's repr holds what was found, never the token."""
    assert "t0ken" not in repr(Settings("t0ken", fine("token", "5 characters")))


def test_a_token_file_that_is_not_there() -> None:
    """The file's fault is told with a remedy."""
    finding = check_token("/nowhere/token").finding
    assert finding.level == "FAIL"
    assert finding.told == "--token-file /nowhere/token cannot be read: No such file or directory"
    assert finding.remedy.startswith("Write ")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not"),
        (OSError(), "cannot be resolved: OSError"),
        (TimeoutError(), "was not resolved in 10 s"),
    ],
)
async def test_a_name_that_nobody_knows(
    capsys: pytest.CaptureFixture[str], error: OSError, told: str
) -> None:
    """A name that cannot be resolved fails, and nothing is connected."""

    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("api.invalid", 443)
        raise error

    url = "https://api.invalid/api/v1"
    examination = Examination(Connection(base_url=url, attempt_timeout=1), resolve)
    await examination.of_network(Settings("t", fine("token", "")), Settings(url, fine("url", "")))
    assert examination.failed
    shown = capsys.readouterr().out
    assert shown.startswith("FAIL  DNS            api.invalid ")
    assert told in shown
    assert "TCP" not in shown


async def test_a_name_that_is_known() -> None:
    """The addresses of a name are shown, each once; the system knows localhost."""

    async def resolve(_: str, __: int) -> list[str]:
        return ["192.0.2.1", "192.0.2.1", "2001:db8::1"]

    address = Address.of("https://api.invalid/api/v1")
    assert (await check_name(address, resolve)).told == "api.invalid is 192.0.2.1, 2001:db8::1"
    own = await check_name(Address.of("http://localhost/api/v1"))
    assert own.level == "ok"
    assert own.told.startswith("localhost is ")


async def test_tls_is_told() -> None:
    """Where TLS works its version is shown."""

    def context(purpose: int) -> ssl.SSLContext:
        # Without certificates, which only ciphers of TLS 1.2 for nobody in particular allow.
        made = ssl.SSLContext(purpose)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        made.maximum_version = ssl.TLSVersion.TLSv1_2
        made.set_ciphers("aNULL:@SECLEVEL=0")
        return made

    def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context(ssl.PROTOCOL_TLS_SERVER))
    async with server:
        port = server.sockets[0].getsockname()[1]
        address = Address("127.0.0.1", port, secure=True, trust=context(ssl.PROTOCOL_TLS_CLIENT))
        tcp, tls = await check_connection(address)
    assert (tcp.level, tls.level) == ("ok", "ok")
    assert "TLSv1.2" in tls.told


async def test_silence_is_not_waited_for() -> None:
    """A server that does not speak fails where it fell silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        address = Address("127.0.0.1", port, secure=True)
        tcp, tls = await check_connection(address, 0.05)
        (late,) = await check_connection(address, 0)
    assert (tcp.level, tls.level) == ("ok", "FAIL")
    assert tls.told.endswith("TimeoutError")
    assert late.level == "FAIL"
    assert f"127.0.0.1:{port}" in late.told


def test_certificates() -> None:
    """One that ends soon is a warning; one that is not valid fails, with OpenSSL's word for it."""
    certificate = {"notAfter": "Jan 31 00:00:00 2030 GMT"}
    ends = ssl.cert_time_to_seconds("Jan 31 00:00:00 2030 GMT")
    valid = check_certificate("TLSv1.3", certificate, ends - 40 * 86_400)
    assert valid.level == "ok"
    assert "40" in valid.told
    assert check_certificate("TLSv1.3", certificate, ends - 5 * 86_400).level == "warn"
    error = ssl.SSLCertVerificationError()
    error.verify_message = "certificate has expired"
    assert "certificate has expired" in tls_finding(error).told


def test_clocks() -> None:
    """A clock is compared as far as the header's whole seconds allow."""
    date, now = "Wed, 31 Jan 2024 00:00:00 GMT", 1_706_659_200.0
    assert check_clock(date, now + 0.9).level == "ok"
    for off in (60.5, -59.5):
        found = check_clock(date, now + off)
        assert found.level == "warn"
        assert re.match(r"60\b", found.told)
    assert check_clock("Wed, 31 Jan 2024 00:00:00 -0000", now).level == "ok"
    assert check_clock("yesterday", now).level == "warn"


def test_pythons() -> None:
    """A Python that is too old fails."""
    assert check_python((3, 10, 9)).level == "FAIL"
    assert "3.11" in check_python((3, 10, 9)).remedy
    assert check_python((3, 14, 0)).level == "ok"


def test_packages() -> None:
    """Packages that are missing or too old are named; where nothing is installed that is told."""
    versions = {"cleverapp-async": "0.1.0", "aiohttp": "3.9.5", "attrs": "25.1.0"}

    def installed(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    def needs(*wanted: str) -> str:
        return check_packages(lambda _: wanted, installed).told

    assert needs("attrs>=23.1", "odd") == "cleverapp-async 0.1.0, attrs 25.1.0"
    twice = needs("attrs>=23.1; extra == 'a'", "attrs>=24; extra == 'b'")
    assert twice == "cleverapp-async 0.1.0, attrs 25.1.0"
    bad = needs("aiohttp>=3.12", "click>=8.1; extra == 'cli'")
    assert all(word in bad for word in ("aiohttp 3.9.5", "3.12", "click"))
    del versions["cleverapp-async"]
    assert check_packages(lambda _: (), installed).level == "warn"


@pytest.mark.filterwarnings("default:base_url:UserWarning")
def test_a_warning_is_one_plain_line(cleverapp: Run) -> None:
    """A base URL without a path is warned of in words, without a line of somebody's code."""
    ended = cleverapp("doctor", "--base-url", "http://127.0.0.1:9")
    (line,) = [line for line in ended.err.splitlines() if "/api/v1" in line]
    assert line.startswith("Warning: base_url http://127.0.0.1:9 ")
