"""The document as the contract that schemathesis holds the simulator to."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar, cast

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from cleverapp_async.openapi import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemathesis import Case, GenerationMode, Response

    from cleverapp_async.simulator import Simulator

Test = TypeVar("Test", bound="Callable[..., None]")

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]

BOUNDED = settings(
    max_examples=6,
    derandomize=True,  # the same requests in every run: a failure is a change of ours
    database=None,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # one simulator for all examples of a method is meant
        HealthCheck.filter_too_much,  # negative data is found by trying
        HealthCheck.too_slow,
    ],
)


def closed_document() -> dict[str, Any]:
    """The document with every answer closed: a field that it does not name is a fault.

    The shipped one leaves answers open, since the service may add to them.
    """
    contract = deepcopy(document())
    _close(contract["components"])
    for path in contract["paths"].values():
        for operation in path.values():
            _close(operation["responses"])
    return contract


def ask(case: Case[Any], simulator: Simulator, *, and_without_token: bool = False) -> Response:
    """Sends one generated request with the token, and holds the answer to the contract.

    Args:
        case: The request.
        simulator: Who answers.
        and_without_token: Also send it without a token and with a wrong one, which must fail.
    """
    return case.call_and_validate(
        base_url=simulator.base_url,
        headers={"Accept": "application/json"},  # errors as JSON also where X-Requested-With is bad
        params={"api_token": simulator.api_token},
        checks=[*_CHECKS, ignored_auth] if and_without_token else _CHECKS,
    )


def each_operation(
    contract: dict[str, Any], modes: list[GenerationMode], *phases: str
) -> Callable[[Test], Test]:
    """Makes a test run for every operation of a contract.

    Args:
        contract: The document.
        modes: Whether the requests are valid, invalid, or both.
        phases: Of schemathesis: ``coverage`` tries each bound of each parameter, ``fuzzing``
            whatever the contract allows or forbids.
    """
    schema = schemathesis.openapi.from_dict(contract)
    schema.config.generation.update(modes=modes)
    schema.config.phases.update(phases=list(phases))
    return cast("Callable[[Test], Test]", schema.parametrize())


def _close(node: object) -> None:
    if isinstance(node, dict):
        if "properties" in node:
            node.setdefault("additionalProperties", False)
        for inner in node.values():
            _close(inner)
    elif isinstance(node, list):
        for inner in node:
            _close(inner)
