from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async.endpoints import ENDPOINTS, ParametersIn
from tests.api.samples import CALLS
from tests.api.wire import as_texts, read, serve
from tests.transport.rig import TOKEN, client_of, one_attempt

if TYPE_CHECKING:
    from cleverapp_async.config import PostParameters, TokenPlace

ANSWERS = {name: one.answer for name, one in CALLS.items()}


@pytest.mark.parametrize("method", CALLS)
async def test_a_method_gives_its_documented_answer(method: str) -> None:
    """Each method sends what its page says, and reads the answer of its page as its model."""
    call = CALLS[method]
    async with serve(ANSWERS) as raw, client_of(raw.base_url) as client:
        call.check(await call.call(client))
        (bytes_sent,) = raw.requests
    request = read(bytes_sent)
    assert (request.http_method, request.name) == (call.http_method, method)
    in_json = ENDPOINTS[method].parameters_in is ParametersIn.JSON
    assert request.parameters == (call.sent if in_json else as_texts(call.sent))
    assert bool(request.body) is in_json


@pytest.mark.parametrize("token_place", ["query", "body"])
@pytest.mark.parametrize("placement", ["documented", "query", "json", "form"])
async def test_parameters_and_token_go_where_they_are_told_to(
    placement: PostParameters, token_place: TokenPlace
) -> None:
    """Whatever the placement, each method's parameters and the token arrive whole, once."""
    config = one_attempt(post_parameters=placement, token_place=token_place)
    async with serve(ANSWERS) as raw, client_of(raw.base_url, config=config) as client:
        for call in CALLS.values():
            call.check(await call.call(client))
        requests = [read(one) for one in raw.requests]
    assert [one.name for one in requests] == list(CALLS)
    for request in requests:
        sent = CALLS[request.name].sent
        chosen = ENDPOINTS[request.name].parameters_in.value
        if request.http_method == "GET":
            chosen = "query"
        elif placement != "documented":
            chosen = placement
        assert request.parameters == (sent if chosen == "json" else as_texts(sent)), request.name
        in_body = request.http_method == "POST" and token_place == "body"
        assert request.query.get("api_token") == (None if in_body else TOKEN)
        assert request.body.get("api_token") == (TOKEN if in_body else None)
        carrying = request.query if chosen == "query" else request.body
        assert set(sent) <= set(carrying), request.name
        if request.body:
            form = chosen != "json"
            assert request.content_type.endswith("x-www-form-urlencoded" if form else "json")
