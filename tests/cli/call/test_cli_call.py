from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import FieldError, RawResponse
from cleverapp_async._terminal import guard_streams
from cleverapp_async.cli.call.command import read_arguments
from cleverapp_async.cli.console import as_json, print_json, print_raw
from cleverapp_async.cli.errors import BadInputError, Exit, exit_of, failure, wrong_setting
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.errors import (
    ApiError,
    AuthenticationError,
    ConnectError,
    MethodNotFoundError,
    OutcomeUnknownError,
    ServerError,
    UnexpectedResponseError,
    ValidationError,
)
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits, generate
from tests.cli.command import TOKEN
from tests.cli.scripted import INTERRUPT, answer, scripted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run, Serve


def seeded() -> Simulator:
    """Make a simulator with made-up contacts and without limits."""
    return Simulator(
        api_token=TOKEN, limits=SimulatorLimits.none(), seed_data=generate(contacts=20)
    )


def test_prints_what_data_holds(cleverapp: Run, serve: Serve) -> None:
    """The content of the answer is one line of JSON, whole numbers sent as such."""
    simulator = serve(seeded())
    ended = cleverapp("call", "getContacts", "count=2", "with=tags")
    assert ended.code == 0
    assert ended.err == ""
    assert [contact["id"] for contact in json.loads(ended.out)] == [1, 2]
    assert ended.out.count("\n") == 1
    assert simulator.arrivals[0].parameters == {"count": "2", "with": "tags"}


def test_a_method_that_changes_something(cleverapp: Run, serve: Serve) -> None:
    """Repeated keys make a list, and nothing is asked first."""
    simulator = serve(seeded())
    ended = cleverapp(
        *("call", "createOrUpdateContact", "bot_id=1", "messenger=telegram", "name=5"),
        *("telegram_id=77", "tags=a", "tags=b"),
    )
    assert ended.code == 0
    assert json.loads(ended.out)["telegram_id"] == "77"
    assert simulator.arrivals[0].parameters == {
        "bot_id": 1,
        "messenger": "telegram",
        "name": "5",
        "telegram_id": "77",
        "tags": ["a", "b"],
    }


def test_brackets_reach_the_server(cleverapp: Run, serve: Serve) -> None:
    """Nested parameters arrive as PHP reads them."""
    simulator = serve(seeded())
    ended = cleverapp("call", "getReferrals", "contact_id=1", "filters[tag_name]=VIP")
    assert ended.code == 0
    assert simulator.arrivals[0].parameters["filters"] == {"tag_name": "VIP"}


def test_unknown_parameters_are_sent_with_a_warning(cleverapp: Run, serve: Serve) -> None:
    """A name that the table does not know is told, with one that is close, and sent."""
    simulator = serve(seeded())
    ended = cleverapp("call", "getContacts", "bot_i=1", "colour=red")
    assert ended.code == 0
    assert "Warning: getContacts " in ended.err
    assert "Did you mean bot_id" in ended.err
    assert "colour. " in ended.err
    assert simulator.arrivals[0].parameters == {"bot_i": "1", "colour": "red"}


def test_a_rejection_lists_the_fields(cleverapp: Run, serve: Serve) -> None:
    """A validation error is one line per field with rule and related fields, exit 1."""
    serve(seeded())
    ended = cleverapp("call", "sendMessage")
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("Error: sendMessage ")
    assert "\n  contact_id: Поле" in ended.err
    assert "[required_without_all image, file]" in ended.err


def test_raw_prints_the_answer_as_it_came(cleverapp: Run, serve: Serve) -> None:
    """Status, headers and body stand on standard output, those of a refusal too."""
    serve(seeded())
    taken = cleverapp("call", "getContactTags", "contact_id=5", "--format", "raw")
    assert taken.code == 0
    head, _, body = taken.out.partition("\n\n")
    status, *headers = head.splitlines()
    assert status == "HTTP 200"
    assert "content-type: application/json" in headers
    assert any(line.startswith("date: ") for line in headers)
    assert "data" in json.loads(body)
    refused = cleverapp("call", "--format", "raw", "getContactTags", "contact_id=999")
    assert refused.code == 1
    assert refused.out.startswith("HTTP 422\n")
    assert "Error: getContactTags " in refused.err


def test_close_names_are_suggested(cleverapp: Run) -> None:
    """A method that is not known ends it with 2, and with the names that are close."""
    ended = cleverapp("call", "getContactTag")
    assert ended.code == 2
    assert "Did you mean getContactTags or " in ended.err
    far = cleverapp("call", "zzz")
    assert far.code == 2
    assert "Did you mean" not in far.err
    assert "--http-method" in far.err


@pytest.mark.parametrize("verb", ["get", "POST"])
def test_a_method_that_the_table_does_not_know(cleverapp: Run, verb: str) -> None:
    """With its HTTP method any method can be called; its values are strings."""
    with scripted(answer(200, {"data": {"new": True}})) as url:
        ended = cleverapp("call", "newMethod", "a=1", "--http-method", verb, "--base-url", url)
    assert ended.code == 0
    assert json.loads(ended.out) == {"new": True}


def test_a_name_that_is_none(cleverapp: Run, serve: Serve) -> None:
    """A method's name with other characters is refused before anything is sent."""
    simulator = serve(seeded())
    ended = cleverapp("call", "../x", "--http-method", "GET")
    assert ended.code == 2
    assert "getContactTags" in ended.err
    assert len(simulator.arrivals) == 0


def test_a_refused_token(cleverapp: Run, serve: Serve) -> None:
    """A token that the server does not take is exit 3, with where to look."""
    serve(Simulator(api_token="another"))
    ended = cleverapp("call", "getMe")
    assert ended.code == 3
    assert "cleverapp doctor" in ended.err


def test_a_base_url_that_cannot_work(cleverapp: Run) -> None:
    """Clear text to another machine is refused with 3."""
    ended = cleverapp("call", "getMe", "--base-url", "http://example.com/api/v1")
    assert ended.code == 3
    assert "not https" in ended.err


def test_a_server_that_fails(cleverapp: Run) -> None:
    """What may have been done is exit 4, and said so."""
    with scripted(answer(500, {"message": "Server Error"})) as url:
        ended = cleverapp("call", "sendMessage", "contact_id=1", "--base-url", url)
    assert ended.code == 4
    assert ended.err.startswith("Error: ")


def test_a_deadline_bounds_everything(cleverapp: Run) -> None:
    """A server that nobody can connect is given up at the deadline, exit 1."""
    ended = cleverapp(
        *("call", "getMe", "--deadline", "100ms", "--base-url", "http://127.0.0.1:9/api/v1")
    )
    assert ended.code == 1
    bad = cleverapp("call", "getMe", "--deadline", "soon")
    assert bad.code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("getMe",), ""),
        (("newMethod", "--http-method", "GET"), ""),
        (("sendMessage", "contact_id=1"), "sendMessage "),
        (("newMethod", "--http-method", "POST"), "newMethod "),
    ],
)
def test_interrupted(cleverapp: Run, arguments: tuple[str, ...], told: str) -> None:
    """Ctrl-C ends it with 130, and says whether something may have been done."""
    with scripted(INTERRUPT) as url:
        ended = cleverapp("call", *arguments, "--base-url", url)
    assert ended.code == 130
    assert told in ended.err


def test_the_token_is_no_argument(cleverapp: Run) -> None:
    """A token among the arguments is refused without being shown."""
    ended = cleverapp("call", "getMe", f"api_token={TOKEN}")
    assert ended.code == 2
    assert "--token-file" in ended.err


@pytest.mark.parametrize(
    ("method", "given", "parameters"),
    [
        ("getContacts", ["bot_id=7", "page=x", "count=null"], ["7 int", "x str", "None NoneType"]),
        ("getReferrers", ["is_flat=true"], ["1 int"]),
        ("getReferrers", ["is_flat=0"], ["0 int"]),
        ("getReferrers", ["is_flat=null"], ["None NoneType"]),
        ("getReferrers", ["is_flat=maybe"], ["maybe str"]),
        ("addListItem", ['data={"a":1}'], ["{'a': 1} dict"]),
        ("addListItem", ["data=a"], ["a str"]),
        ("addListItem", ["data[a]=1", "data[b]:=1.5"], ["{'a': '1', 'b': 1.5} dict"]),
        ("addListItem", ["data[a][]=1", "data[a][]=2"], ["{'a': ['1', '2']} dict"]),
        ("addListItem", ["data[a][][b]=1"], ["{'a': [{'b': '1'}]} dict"]),
        ("createOrUpdateContact", ["tags=a"], ["['a'] list"]),
        ("createOrUpdateContact", ["tags=[]"], ["[] list"]),
        ("createOrUpdateContact", ['tags=["x"]'], ["['x'] list"]),
        ("createOrUpdateContact", ["tags[]=a", "tags=b"], ["['a', 'b'] list"]),
        ("sendMessage", ["text=a:=b\n=c", "image=7"], ["a:=b\n=c str", "7 str"]),
        (None, ["a=1", "b:=[1]", "c="], ["1 str", "[1] list", " str"]),
    ],
)
def test_reads_arguments(method: str | None, given: list[str], parameters: list[str]) -> None:
    """Each value is of the type that the method's row says, or else a string."""
    row = None if method is None else ENDPOINTS[method]
    found = read_arguments(given, row)
    assert [f"{value} {type(value).__name__}" for value in found.values()] == parameters


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["text"], "'text'"),
        (["te xt=1"], "'te xt'"),
        (["a[b=1"], "'a[b'"),
        (["=1"], "''"),
        (["x" * 99], "…'"),
        (["a:=x"], "Expecting value"),
        (["a:=NaN"], "NaN"),
        (["a:=" + "[" * 100_000], "a"),
        (["text=1", "text=2"], "text[]="),
        (["a=1", "a[b]=2"], "a[b]: "),
        (["a[]=1", "a[b]=2"], "a[b]: "),
        (["a[b]=1", "a[b]=2"], "a[b]"),
        (["api_token:=1"], "--token-file"),
    ],
)
def test_refuses_arguments(given: list[str], told: str) -> None:
    """What cannot be read, or contradicts itself, is told with what can be written."""
    with pytest.raises(BadInputError) as caught:
        read_arguments(given, None)
    assert told in str(caught.value)


def test_json_holds_nothing_that_a_terminal_obeys() -> None:
    """Control characters and half characters are written in JSON's own way."""
    written = as_json({"a": "\x9b\x1b\ud800 Я 😀"})
    assert written == '{"a": "\\u009b\\u001b\\ud800 Я 😀"}'
    assert json.loads(written) == {"a": "\x9b\x1b\ud800 Я 😀"}


def test_people_get_indented_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal JSON is spread over lines, and a raw body obeys no terminal."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", sys.stdout)
    monkeypatch.setattr("sys.stderr", sys.stderr)
    guard_streams()
    print_json({"a": [1]})
    print_raw(RawResponse(200, {"date": "x\x9by"}, b"<\x1b[1m>\nZ\n"))
    assert (
        capsys.readouterr().out == '{\n  "a": [\n    1\n  ]\n}\nHTTP 200\ndate: x y\n\n< [1m>\nZ\n'
    )


def test_a_raw_answer_is_readable_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal shows the text in the answer's charset; a file gets the bytes as they came."""
    headers = {"content-type": "text/html; charset=windows-1251"}
    answer = RawResponse(502, headers, "<p>Ведутся работы".encode("cp1251"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_raw(answer)
    assert "Ведутся работы" in capsys.readouterr().out


def test_errors_in_words() -> None:
    """The attempts, and what is not known, are told in one line."""
    error = ConnectError("not sent: no connection.")
    error.attempts = 4
    told = failure(error, reads=False).message
    assert told.startswith("not sent: no connection after 4 attempts. Check the network and --base")
    assert "cleverapp doctor" in told
    unknown = OutcomeUnknownError("the connection broke")
    assert failure(unknown, reads=False, note="Look.").message == (
        "the connection broke; it is unknown whether it was carried out. Look."
    )
    texts = (FieldError("text", "Нет\x1b[0m", "required"), FieldError("", "Странно."))
    refused = ValidationError(422, {}, "sendMessage", errors=texts)
    assert failure(refused, reads=False).message == (
        "sendMessage was rejected (HTTP 422):\n  text: Нет [0m [required]\n  Странно."
    )
    assert exit_of(ServerError(500, "", "sendMessage"), reads=False) == 4


@pytest.mark.parametrize(
    "fault",
    [
        Fault.server_error(),
        Fault.reset_after(),
        Fault.html(200),
        Fault.malformed(),
    ],
    ids=lambda fault: fault.kind,
)
@pytest.mark.parametrize(
    "command",
    [
        ("call", "getContactTags", "contact_id=1", "--deadline", "1"),
        ("call", "--http-method", "GET", "getNews", "--deadline", "1"),
    ],
    ids=["known", "newer"],
)
def test_a_failed_read_is_told_as_a_read(
    cleverapp: Run, serve: Serve, fault: Fault, command: tuple[str, ...]
) -> None:
    """A read that failed changed nothing, which is what is said, and ends with 1."""
    serve(Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), faults=[fault]))
    ended = cleverapp(*command)
    assert ended.code == 1
    assert ended.err.count("nothing was changed") == 1


def test_a_failed_export_is_told_as_a_read(cleverapp: Run, serve: Serve, tmp_path: Path) -> None:
    """An export whose pages cannot be read changed nothing, and ends with 1."""
    serve(
        Simulator(
            api_token=TOKEN,
            limits=SimulatorLimits.none(),
            seed_data=generate(contacts=20),
            faults=[Fault.html(200)],
        )
    )
    ended = cleverapp("contacts", "export", "-o", str(tmp_path / "contacts.csv"))
    assert ended.code == 1


@pytest.mark.parametrize("depth", [400, 900])
def test_an_answer_nested_deeply_is_printed(cleverapp: Run, depth: int) -> None:
    """However deep an answer is nested, it is printed, or said not to be one of the API."""
    body = b'{"data":' + b"[" * depth + b"]" * depth + b"}"
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    for raw in ((), ("--format", "raw")):
        with scripted(head + body) as url:
            ended = cleverapp("call", "newMethod", "--http-method", "GET", "--base-url", url, *raw)
        assert ended.code == 0 or "no page documents" in ended.err
        assert "Traceback" not in ended.err
    error = b'{"errors":' + b"[" * depth + b'"x"' + b"]" * depth + b"}"
    head = b"HTTP/1.1 422 X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(error)
    with scripted(head + error) as url:
        ended = cleverapp("call", "newMethod", "--http-method", "GET", "--base-url", url)
    assert ended.code == 1
    assert "HTTP 422" in ended.err


def test_parameters_nested_too_deeply(cleverapp: Run) -> None:
    """What cannot be written down is refused before anything leaves."""
    deep = "[" * 5000 + "]" * 5000
    ended = cleverapp("call", "newMethod", f"a:={deep}", "--http-method", "POST")
    assert ended.code == 2
    assert "nested" in ended.err


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("call", "getMe"), 3),
        (("call", "getNews", "--http-method", "GET"), 1),
        (("contacts", "export", "-o", "contacts.csv"), 3),
    ],
    ids=["known", "newer", "export"],
)
def test_a_base_url_that_leads_elsewhere_is_a_wrong_setting(
    cleverapp: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    code: int,
) -> None:
    """Where a method that exists is not found a setting is wrong; a newer one may be missing."""
    monkeypatch.chdir(tmp_path)
    with scripted(answer(404, {"message": ""})) as url:
        ended = cleverapp(*command, "--base-url", url)
    assert ended.code == code
    assert ("Check --base-url" in ended.err) is (code == 3)


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (AuthenticationError(401, {}, "getMe"), "token"),
        (MethodNotFoundError(404, {}, "getMe"), "base URL"),
        (MethodNotFoundError(404, {}, "newMethod"), None),
        (UnexpectedResponseError(302, "", "getMe"), "base URL"),
        (ServerError(503, {}, "getMe"), None),
    ],
    ids=["token", "method", "newer", "redirect", "server"],
)
def test_which_setting_an_error_shows_to_be_wrong(error: ApiError, setting: str | None) -> None:
    """The token, or where the API is looked for; a portal's redirect is no certain sign of it."""
    assert wrong_setting(error) == setting
    certain = setting is not None and not isinstance(error, UnexpectedResponseError)
    assert (exit_of(error, reads=True) is Exit.CONFIGURATION) is certain


@pytest.mark.parametrize(
    ("method", "wrong", "right"), [("getMe", "post", "GET"), ("sendMessage", "GET", "POST")]
)
def test_a_known_method_is_called_in_its_own_way(
    method: str, wrong: str, right: str, cleverapp: Run, serve: Serve
) -> None:
    """``--http-method`` against the documentation is refused, by the name of the right one."""
    simulator = serve()
    ended = cleverapp("call", method, "--http-method", wrong)
    assert ended.code == 2
    assert f"--http-method {wrong.upper()}" in ended.err
    assert right in ended.err
    assert not simulator.arrivals
    assert cleverapp("call", "getMe", "--http-method", "get").code == 0


def test_a_method_that_the_server_does_not_know(cleverapp: Run, serve: Serve) -> None:
    """Its name or HTTP method may be wrong: both are named beside the base URL."""
    serve()
    ended = cleverapp("call", "getMee", "--http-method", "get")
    assert ended.code == 1
    assert "getMee" in ended.err
    assert "--http-method" in ended.err
