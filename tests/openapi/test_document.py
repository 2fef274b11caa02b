from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest
import schemathesis

from cleverapp_async.endpoints import ENDPOINTS, ParametersIn
from cleverapp_async.openapi import Schemas, document, main
from cleverapp_async.simulator import Simulator
from cleverapp_async.simulator.handler import OPENAPI_FILE

if TYPE_CHECKING:
    from typing import Any


def operation(name: str) -> dict[str, Any]:
    """What the document says of one method."""
    found: dict[str, Any] = document()["paths"][f"/{name}"][ENDPOINTS[name].http_method.lower()]
    return found


def test_the_shipped_document_is_the_one_that_is_generated() -> None:
    """The copy in the package is what ``python -m cleverapp_async.openapi`` prints, to the byte."""
    command = [sys.executable, "-m", "cleverapp_async.openapi"]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    assert printed.replace(b"\r\n", b"\n") == OPENAPI_FILE.read_bytes()
    assert json.loads(printed) == document()


@pytest.mark.parametrize(("argument", "code"), [("--help", 0), ("--outptu", 2)])
def test_arguments_are_not_ignored(
    capfd: pytest.CaptureFixture[str], argument: str, code: int
) -> None:
    """The help is shown, and an argument that is none is refused; neither prints the document."""
    with pytest.raises(SystemExit) as ended:
        main([argument])
    assert ended.value.code == code
    out, err = capfd.readouterr()
    assert "usage: python -m cleverapp_async.openapi" in out + err
    assert '"openapi"' not in out


def test_the_document_is_valid_openapi() -> None:
    """A tool that knows OpenAPI 3.1 finds nothing wrong with the document."""
    loaded = schemathesis.openapi.from_path(OPENAPI_FILE)
    loaded.validate()
    assert loaded.specification.version == "3.1.0"


async def test_the_simulator_serves_the_document() -> None:
    """The simulator gives the document without a token, and keeps that out of its log."""
    async with Simulator() as simulator, aiohttp.ClientSession() as session:
        url = simulator.base_url.replace("/v1", "/openapi.json")
        async with session.get(url) as answer:
            assert (answer.status, await answer.json()) == (200, document())
        assert not simulator.arrivals


def test_every_method_is_an_operation() -> None:
    """The document has each method of the table once, with its HTTP method and nothing else."""
    operations = {
        (path.removeprefix("/"), http_method.upper(), operation["operationId"])
        for path, operations in document()["paths"].items()
        for http_method, operation in operations.items()
    }
    assert operations == {(row.name, row.http_method, row.name) for row in ENDPOINTS.values()}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_operation_takes_the_parameters_of_its_row_where_the_page_puts_them(name: str) -> None:
    """Each parameter is in the query or in the body as the row says, and required as it says."""
    row, described = ENDPOINTS[name], operation(name)
    in_query = row.http_method == "GET" or row.parameters_in is ParametersIn.QUERY
    query = {one["name"]: one["required"] for one in described["parameters"] if "in" in one}
    content = described.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("schema", {})
    members = {field: field in body.get("required", ()) for field in body.get("properties", {})}
    wanted = {parameter.name: parameter.required for parameter in row.parameters}
    assert (query, members) == ((wanted, {}) if in_query else ({}, wanted))


def test_alternatives_of_parameters_are_told() -> None:
    """Sets of which one is needed are alternatives of a body, and words beside a query."""
    body = operation("attachTagToContact")["requestBody"]["content"]["application/json"]["schema"]
    assert body["anyOf"] == [{"required": ["tag_id"]}, {"required": ["name"]}]
    assert operation("sendMessage")["description"] == (
        "Needs contact_id, or bot_id and messenger and contact_external_id."
    )


def test_a_type_no_answer_holds_has_no_schema() -> None:
    """A model of a type that JSON does not carry is refused when the document is made."""
    with pytest.raises(TypeError, match="<class 'bytes'>"):
        Schemas().of(bytes)
