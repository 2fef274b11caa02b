from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator import Observation, Simulator, SimulatorLimits
from cleverapp_async.simulator.laravel.parameters import read_parameters
from cleverapp_async.simulator.observation import _has_token, _strike_pairs
from tests.simulator.wire import exchange, request_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "Secret/Токен+8 chars"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
PARTS = {"Content-Type": "multipart/form-data; boundary=xx"}


async def observe(
    query: str, headers: Mapping[str, str], body: bytes = b"", path: str = ""
) -> Observation:
    """What an observer is told of one request with the token."""
    seen: list[Observation] = []
    async with Simulator(api_token=TOKEN, limits=SimulatorLimits.none()) as simulator:
        stop = simulator.observe(seen.append)
        data = request_bytes(query, {**headers, "Connection": "close"}, body)
        await exchange(simulator, data.replace(b"sendMessage", b"sendMessage" + path.encode()))
        stop()
        stop()
        await exchange(simulator, request_bytes("", {"Connection": "close"}))
    [observation] = seen
    told = repr(observation) + json.dumps(dict(observation.arrival.parameters), ensure_ascii=False)
    for spelled in (TOKEN, quote(TOKEN), quote_plus(TOKEN), json.dumps(TOKEN)[1:-1]):
        assert spelled not in told
    return observation


def part(name: str, value: str, more: str = "") -> str:
    """A part of a multipart form."""
    return f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n{more}\r\n{value}\r\n'


ENCODED = quote(TOKEN)
FULLY = "".join(f"%{byte:02x}" for byte in TOKEN.encode())


@pytest.mark.parametrize(
    "query",
    [
        f"api_token={ENCODED}",
        f"api_token={quote_plus(TOKEN)}&text=Hi",
        f"text=Hi&api_token={FULLY}",
        f"%61pi_token={FULLY}",
        f"api.token={FULLY}",
        f"api%20token={FULLY}",
        f"api_token[]={FULLY}",
        f"api_token[a][b]={FULLY}&api_token={FULLY}",
        f"api[token={FULLY}",
        f"+api_token={FULLY}",
        f"text={ENCODED}&contact_id=5",
        f"x=api_token%3D{ENCODED}",
    ],
)
async def test_the_token_is_struck_out_of_a_query(query: str) -> None:
    """Under whichever spelling PHP reads a token from a query, it is not shown."""
    observation = await observe(query, {})
    request = observation.request
    assert request is not None
    assert "***" in request.target
    assert FULLY not in request.target


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, f"text=Hi&api_token={ENCODED}"),
        (FORM, f"api.token[]={FULLY}&text=Hi"),
        (JSON, json.dumps({"api_token": TOKEN, "text": "Hi"})),
        (JSON, json.dumps({"text": "Hi", "api_token": [TOKEN, {"a": TOKEN}]}, ensure_ascii=False)),
        (JSON, '{"api\\u005ftoken" : "' + json.dumps(TOKEN)[1:-1] + '", "text": "Hi"}'),
        (JSON, '{"text": "Hi", "api_token": ' + "".join(f'"\\u{ord(one):04x}' for one in "S")),
        (JSON, '{"api_token": 12345678901234, "text": "Hi"}'),
        (PARTS, part("api_token", TOKEN) + part("text", "Hi") + "--xx--\r\n"),
        (PARTS, part("text", "Hi") + part("api.token[]", TOKEN) + "--xx--\r\n"),
        ({"Content-Type": "text/plain"}, f"api_token={TOKEN.split(maxsplit=1)[0]} text=Hi"),
        ({}, f"text=Hi {TOKEN}"),
    ],
)
async def test_the_token_is_struck_out_of_a_body(headers: dict[str, str], body: str) -> None:
    """In forms, JSON and parts the token's place is struck, and what stands beside it is shown."""
    observation = await observe("", headers, body.encode())
    request = observation.request
    assert request is not None
    assert request.withheld is None
    assert "***" in request.body
    assert "Hi" in request.body
    assert FULLY not in request.body
    assert "12345678901234" not in request.body


async def test_every_character_escaped_is_struck() -> None:
    """A token of JSON that is written in escapes is struck as well."""
    escaped = "".join(f"\\u{ord(one):04x}" for one in TOKEN)
    observation = await observe("", JSON, f'{{"api_token": "{escaped}"}}'.encode())
    assert observation.request is not None
    assert observation.request.body == '{"api_token": "***"}'


async def test_a_body_that_keeps_its_token_is_withheld() -> None:
    """Where the server still reads a token after striking, nothing of the body is shown."""
    inner = part("api_token", TOKEN[:5]).replace("--xx", "--yy")
    kind = 'Content-Type: multipart/mixed; boundary="yy"'
    body = f"--xx\r\n{kind}\r\n\r\n{inner}--yy--\r\n--xx--\r\n".encode()
    observation = await observe("", PARTS, body)
    assert observation.request is not None
    assert (observation.request.body, observation.request.withheld) == ("", "secret")
    assert observation.request.size == len(body)


async def test_a_huge_body_is_withheld() -> None:
    """A body beyond 1 MiB is not searched and not shown."""
    body = json.dumps({"text": "x" * 2**20}).encode()
    observation = await observe("", JSON, body)
    assert observation.request is not None
    assert (observation.request.body, observation.request.withheld) == ("", "long")


async def test_the_deepest_json_is_observed() -> None:
    """JSON as deep as the server reads is struck and shown, inside the token and beside it."""
    deep = "[" * 505 + json.dumps(TOKEN) + "]" * 505
    observation = await observe("", JSON, f'{{"api_token": {deep}, "data": {deep}}}'.encode())
    assert observation.request is not None
    assert observation.request.body.startswith('{"api_token": "***", "data": [[')
    assert "data" in observation.arrival.parameters


async def test_the_token_is_struck_out_of_every_parameter() -> None:
    """A token that stands in another parameter, at any depth, is struck there as well."""
    data = {"data": {TOKEN: [{"k": f"<{TOKEN}>"}, 5, None]}}
    observation = await observe("", JSON, json.dumps(data).encode())
    assert observation.arrival.parameters == {"data": {"***": [{"k": "<***>"}, 5, None]}}


async def test_a_token_for_a_messenger_is_struck() -> None:
    """A token that was sent in place of the messenger's name is not kept as one."""
    query = f"api_token={FULLY}&bot_id=1&messenger={FULLY}&contact_external_id=5&text=Hi"
    observation = await observe(query, {})
    assert (observation.arrival.verdict, observation.arrival.messenger) == ("accepted", "***")


async def test_what_is_no_form_is_searched_all_the_same() -> None:
    """Broken JSON and parts without a boundary show no token either."""
    for headers, body in (
        (JSON, '{"api_token": "other-token", "\\x": "api_token": "other-token"'),
        (JSON, '{"api_token": other-token, text'),
        ({"Content-Type": "multipart/form-data"}, "api_token=other-token"),
        (PARTS, "--xx\r\napi_token=other-token--xx--"),
    ):
        observation = await observe("", headers, body.encode())
        assert "other-token" not in repr(observation)


async def test_credentials_in_headers_are_struck() -> None:
    """Headers that carry credentials, and tokens in others, are struck; the rest is shown."""
    observation = await observe(
        "",
        {
            "Authorization": "Bearer other",
            "Cookie": "session=other",
            "X-Api-Token": "other",
            "Referer": "http://localhost/?api_token=other",
            "X-Note": f"see {quote(TOKEN)}",
            "X-Plain": "shown",
        },
    )
    assert observation.request is not None
    headers = dict(observation.request.headers)
    assert "other" not in repr(observation)
    assert headers["X-Plain"] == "shown"
    assert headers["Referer"] == "http://localhost/?api_token=***"


async def test_a_path_with_the_token_is_struck() -> None:
    """Whoever writes the token into the path does not find it in the list."""
    observation = await observe("", {}, path=f"/{quote(TOKEN, safe='')}")
    assert observation.arrival.verdict == "not_found"
    assert observation.request is not None
    assert observation.request.target.startswith("/api/v1/sendMessage/***")
    assert observation.arrival.endpoint == "sendMessage/***"


async def test_a_false_token_is_struck_as_the_true_one() -> None:
    """A token that is not accepted may be somebody's true one elsewhere."""
    observation = await observe("api_token=production-token&text=production-token", {})
    assert observation.arrival.verdict == "unauthenticated"
    assert "production-token" not in repr(observation)
    assert observation.arrival.parameters == {"text": "***"}


NAMES = st.text("api_token. []%5BD+", max_size=14) | st.sampled_from(
    ["api_token", "api.token", "api%5ftoken[]", "api%20token[a]", "%20api_token", "api[token"]
)


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=5))
def test_what_the_server_reads_as_a_token_is_never_shown(pairs: list[tuple[str, bool]]) -> None:
    """Whatever the names of a form are: a value that the server takes for the token is struck."""
    form = "&".join(f"{name}={'secret' if secret else 'plain'}" for name, secret in pairs)
    read = [
        secret and "api_token" in read_parameters("", f"{name}=x".encode(), FORM["Content-Type"])
        for name, secret in pairs
    ]
    shown = _strike_pairs(form)
    assert shown.count("secret") == sum(secret for _, secret in pairs) - sum(read)
    assert not _has_token(
        read_parameters("", shown.encode(), FORM["Content-Type"]).get("api_token")
    )
