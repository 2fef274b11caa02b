"""Where the parameters of a request are put: they come out again as they went in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import InvalidRequestError
from cleverapp_async._request import LONGEST_QUERY, WireRequest, build
from cleverapp_async.config import PostParameters
from cleverapp_async.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from cleverapp_async.endpoints import Endpoint

SEND = ENDPOINTS["sendMessage"]
WHATSAPP = ENDPOINTS["sendMessageToWhatsApp"]
GET = attrs.evolve(SEND, name="getContacts", http_method="GET")
PLACEMENTS: tuple[PostParameters, ...] = get_args(PostParameters)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=" .[\0"), min_size=1, max_size=20
)
PARAMETERS = st.dictionaries(NAMES, TEXTS | st.integers(), max_size=5)


def read_back(request: WireRequest) -> dict[str, str]:
    """The parameters as a server reads them."""
    if request.content_type == "application/json":
        return {name: str(value) for name, value in json.loads(request.body).items()}
    encoded = request.body.decode() or request.query
    return dict(parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded)))


@given(
    parameters=PARAMETERS,
    placement=st.sampled_from(PLACEMENTS),
    endpoint=st.sampled_from([SEND, WHATSAPP, GET]),
)
def test_parameters_come_out_as_they_went_in(
    parameters: dict[str, str | int], placement: PostParameters, endpoint: Endpoint
) -> None:
    """Whatever the names, the values and the place: parsing gives them back."""
    request = build(endpoint, parameters, placement)
    assert read_back(request) == {name: str(value) for name, value in parameters.items()}
    assert request.query.isascii()
    assert request.content_type is not None or not request.body
    assert not (request.query and request.body)


@pytest.mark.parametrize(
    ("endpoint", "placement", "content_type"),
    [
        (SEND, "documented", None),
        (SEND, "query", None),
        (SEND, "json", "application/json"),
        (SEND, "form", "application/x-www-form-urlencoded"),
        (WHATSAPP, "documented", "application/json"),
        (WHATSAPP, "query", None),
        (WHATSAPP, "json", "application/json"),
        (WHATSAPP, "form", "application/x-www-form-urlencoded"),
    ],
)
def test_the_place_of_the_parameters(
    endpoint: Endpoint, placement: PostParameters, content_type: str | None
) -> None:
    """Documented is what each method's page says; any other setting holds for all."""
    request = build(endpoint, {"text": "Привет"}, placement)
    assert request.content_type == content_type


@pytest.mark.parametrize("placement", ["documented", "query"])
@pytest.mark.parametrize("letter", ["a", "Й", "😀", " "])
def test_a_query_that_grows_too_long_becomes_a_body(placement: PostParameters, letter: str) -> None:
    """4096 encoded bytes are the longest query; one more, and all of it goes in JSON."""
    each = len(build(SEND, {"t": letter}, "query").query) - 2
    fits = (LONGEST_QUERY - 2) // each
    assert len(build(SEND, {"t": letter * fits}, placement).query) <= LONGEST_QUERY
    over = build(SEND, {"t": letter * (fits + 1)}, placement)
    assert (over.query, over.content_type) == ("", "application/json")
    assert json.loads(over.body) == {"t": letter * (fits + 1)}


def test_the_query_has_its_exact_bound() -> None:
    """Exactly 4096 bytes are still a query."""
    assert len(build(SEND, {"t": "a" * 4094}, "query").query) == 4096
    assert build(SEND, {"t": "a" * 4095}, "query").query == ""


def test_a_get_has_no_body_however_long() -> None:
    """The place of POST parameters concerns no GET."""
    for placement in PLACEMENTS:
        request = build(GET, {"t": "a" * 9000}, placement)
        assert (request.body, request.content_type) == (b"", None)
        assert len(request.query) == 9002


def test_numbers_stay_numbers_in_json() -> None:
    """A JSON body keeps ids as numbers, and Russian as it is."""
    request = build(SEND, {"contact_id": 7, "text": "Да"}, "json")
    assert request.body == '{"contact_id":7,"text":"Да"}'.encode()


@pytest.mark.parametrize("endpoint", [SEND, GET])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_parameters_nested_too_deeply_are_refused(
    endpoint: Endpoint, placement: PostParameters
) -> None:
    """What cannot be written is our own refusal, before any I/O."""
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidRequestError, match="nested"):
        build(endpoint, {"data": deep}, placement)
