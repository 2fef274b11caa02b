"""Whatever bytes a server sends, they end as a value or as one of our errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    MessengerLimitError,
    Outcome,
    RateLimitError,
    RawResponse,
    UnsupportedMessengerError,
)
from cleverapp_async._response import read_answer, read_status
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.retry import retry_after

if TYPE_CHECKING:
    from cleverapp_async.endpoints import Endpoint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(["error", "errors", "message", "success", "data", "id", "created_at"])
TEXTS = st.sampled_from(
    ["Forbidden", "Достигнут лимит отправки сообщений для ", "Too Many Attempts.", ""]
)
ALIKE = st.recursive(
    JSON | TEXTS,
    lambda inner: st.dictionaries(KEYS, inner) | st.lists(inner),
    max_leaves=8,
)
BODIES = st.binary() | ALIKE.map(lambda value: json.dumps(value).encode())
HEADERS = st.dictionaries(st.sampled_from(["retry-after", "date", "location"]), st.text())
ANSWERS = st.builds(
    RawResponse,
    status=st.integers(100, 999),
    headers=HEADERS,
    body=BODIES,
    problem=st.none() | st.just("it broke off"),
)


@given(raw=ANSWERS)
def test_the_status_alone_says_whether_a_webhook_took_a_trigger(raw: RawResponse) -> None:
    """Whatever a body holds, every 2xx is a success, and everything else an ApiError."""
    refused: ApiError | None = None
    try:
        read_status(raw, ENDPOINTS["sendMessage"])
    except ApiError as error:
        refused = error
    assert (refused is None) is (200 <= raw.status < 300)
    if refused is not None:
        assert refused.status == raw.status
        assert refused.outcome is not Outcome.ACCEPTED
        told_of_it = raw.status < 500 and raw.status not in {408, 421, 425}
        assert (refused.outcome is Outcome.REJECTED) <= told_of_it
        assert isinstance(refused, RateLimitError) is (raw.status == 429)


@given(raw=ANSWERS, endpoint=st.sampled_from(list(ENDPOINTS.values())))
def test_an_answer_is_a_value_or_an_error_of_ours(raw: RawResponse, endpoint: Endpoint) -> None:
    """Nothing but a value or an ApiError comes out, and a value only of a whole 2xx."""
    refused: ApiError | None = None
    try:
        read_answer(raw, endpoint)
    except ApiError as error:
        refused = error
    if refused is None:
        assert 200 <= raw.status < 300
        assert raw.problem is None
    else:
        assert refused.status == raw.status
        not_taken_up = {Outcome.NOT_SENT} if raw.status in {421, 425} else set[Outcome]()
        assert refused.outcome in (not_taken_up or {Outcome.REJECTED, Outcome.UNKNOWN})
        # Of a failed server only documented words are believed.
        documented = (MessengerLimitError, UnsupportedMessengerError, RateLimitError)
        assert (
            raw.status < 500
            or refused.outcome is Outcome.UNKNOWN
            or isinstance(refused, (*documented, ForbiddenError, AuthenticationError))
        )


@given(headers=HEADERS)
def test_a_wait_is_a_number_or_nothing(headers: dict[str, Any]) -> None:
    """Whatever the headers hold, the wait is a finite number of seconds from 0 up, or None."""
    seconds = retry_after(headers)
    assert seconds is None or 0 <= seconds < float("inf")
