from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from schemathesis import GenerationMode

from cleverapp_async.simulator import Simulator, generate

from .contract import BOUNDED, ask, closed_document, each_operation
from .known_world import WORLD, narrowed_document
from .world import simulator_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

_ONCE = ("/delete", "/addListSchemaField")
"""What can be done once: then it is not there any more, or there already."""


@pytest.fixture
def crowd() -> Iterator[Simulator]:
    """A simulator of 50 contacts."""
    with simulator_in_thread(generate(contacts=50)) as simulator:
        yield simulator


@pytest.fixture
def known() -> Iterator[Simulator]:
    """A simulator of the world whose ids are known."""
    with simulator_in_thread(WORLD) as simulator:
        yield simulator


@each_operation(
    closed_document(),
    [GenerationMode.POSITIVE, GenerationMode.NEGATIVE],
    "coverage",
    "fuzzing",
)
@BOUNDED
def test_whatever_is_asked_the_answer_is_documented(case: Case[Any], crowd: Simulator) -> None:
    """Valid or not, by any HTTP method: no 5xx, no status, type or field beyond the document."""
    ask(case, crowd, and_without_token=True)


@each_operation(narrowed_document(), [GenerationMode.POSITIVE], "fuzzing")
@BOUNDED
def test_what_is_asked_as_documented_is_done(case: Case[Any], known: Simulator) -> None:
    """A request of the documented form that names what is there succeeds."""
    first = not known.arrivals
    status = ask(case, known).status_code
    if first or not case.path.startswith(_ONCE):
        assert status in {HTTPStatus.OK, HTTPStatus.CREATED}
