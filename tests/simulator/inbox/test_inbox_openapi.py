from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cleverapp_async.simulator import Inbox, Simulator, generate
from cleverapp_async.simulator.inbox.openapi import document
from cleverapp_async.simulator.inbox.server import ROUTES
from tests.openapi.contract import BOUNDED, each_operation
from tests.openapi.world import thread_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

    from tests.simulator.inbox.conftest import Open


def contract() -> dict[str, Any]:
    """The document without what takes time: the stream, and waiting."""
    told = cast("dict[str, Any]", document(ROUTES))
    del told["paths"]["/api/events"]
    for path in told["paths"].values():
        for operation in path.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "wait":
                    parameter["schema"]["maximum"] = 0
    return told


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """An inbox beside a simulator of 20 contacts, in a thread of its own."""
    simulator = Simulator(seed_data=generate(contacts=20))
    opened = Inbox(simulator)
    with thread_of(simulator, opened):
        yield opened


def test_the_document_is_valid_openapi() -> None:
    """A tool that knows OpenAPI 3.1 finds nothing wrong with the document."""
    schemathesis.openapi.from_dict(cast("dict[str, Any]", document(ROUTES))).validate()


async def test_the_inbox_serves_its_document(open_inbox: Open) -> None:
    """The document is found below the API, and names every route."""
    client = await open_inbox()
    told = await client.get("openapi.json")
    assert told == document(ROUTES)
    for route in ROUTES:
        assert told["paths"][route.path][route.method.lower()]["operationId"] == route.name


@each_operation(contract(), [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], "fuzzing")
@BOUNDED
def test_whatever_is_asked_the_answer_is_documented(case: Case[Any], inbox: Inbox) -> None:
    """Valid or not: no 5xx, and no status, type or field beyond the document."""
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    answer = case.call_and_validate(base_url=inbox.url.rstrip("/"), checks=checks)
    assert answer.headers["content-security-policy"]
