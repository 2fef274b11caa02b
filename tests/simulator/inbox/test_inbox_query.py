from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator.inbox.entries import Entry
from cleverapp_async.simulator.inbox.query import InputError, parse_query

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_800_000_000.0


def entry(**more: Any) -> Entry:  # noqa: ANN401 - any of its fields
    """A message to Anna, a minute ago."""
    fields: dict[str, Any] = {
        "id": 1,
        "at": NOW - 60,
        "kind": "sent",
        "method": "sendMessage",
        "bot_id": 7,
        "messenger": "telegram",
        "to": "79991234567",
        "contact_id": 42,
        "name": "Анна Ли",
        "parameters": {"text": "Ваш заказ №5: http://example.com готов", "data": {"k": ["deep"]}},
        "verdict": "refused_messenger",
        "status": 422,
        "fault": None,
        "taken": False,
    }
    return Entry(**{**fields, **more})


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("", True),
        ("   ", True),
        ("ЗАКАЗ", True),
        ("заказ нет", False),
        ('"заказ №5"', True),
        ('"№5 заказ"', False),
        ("http://example.com", True),
        ("deep", True),
        ("анна", True),
        ("-анна", False),
        ("-bot:8 -text:xyz", True),
        ("bot:7", True),
        ("bot:8,7", True),
        ("bot:8", False),
        ("messenger:Telegram", True),
        ("messenger:viber,icq", False),
        ("to:79991234567", True),
        ("to:1234", True),
        ("to:799", False),
        ("to:42", True),
        ("to:4", False),
        ("to:Анна", True),
        ('to:"анна ли"', True),
        ("text:готов", True),
        ("text:deep", False),
        ("method:sendmessage", True),
        ("method:getMe", False),
        ("verdict:refused", True),
        ("VERDICT:refused-messenger", True),
        ("verdict:accepted,invalid", False),
        ("kind:sent", True),
        ("kind:received,call", False),
        ("kind:any", True),
        ("fault:any", False),
        ("after:2m", True),
        ("after:30s", False),
        ("before:30s", True),
        ("before:1h", False),
        ("after:2027-01-15T07:58:00Z", True),
        ("after:2027-01-15T08:00:00+00:00", False),
        ("before:2099-01-01", True),
        ("after:1999-12-31", True),
    ],
)
def test_what_a_query_means(query: str, meant: bool) -> None:
    """A query finds what all its words say, whatever their case."""
    assert parse_query(query, NOW).matches(entry()) is meant


def test_requests_that_send_nothing_are_found_when_asked_for() -> None:
    """A request of another method is found by its kind only."""
    call = entry(kind="call", fault="hang")
    assert not parse_query("", NOW).matches(call)
    assert parse_query("kind:call fault:reset-after,hang", NOW).matches(call)


def test_times_of_the_clock_are_those_of_today() -> None:
    """``after:14:30`` is half past two of this machine's today."""
    midnight, end = parse_query("after:00:00", NOW), parse_query("before:23:59:59", NOW)
    now = entry(at=NOW)
    assert midnight.matches(now)
    assert end.matches(now)
    assert not parse_query("before:0:00", NOW).matches(now)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("to:", "query, column 1"),
        ("ok -", "query, column 4"),
        ('to:""', "query, column 1"),
        ('ok "open', "query, column 4"),
        ('"shut"again', "query, column 1"),
        ("ok  verdikt:refused", "query, column 5"),
        ("verdict:good", "query, column 1"),
        ("kind:mail", "query, column 1"),
        ("bot:seven", "query, column 1"),
        ("bot:\u0661", "query, column 1"),
        ("after:soon", "query, column 1"),
        ("after:25:00", "query, column 1"),
        ("before:999999999d", "query, column 1"),
        ("x" * 501, "query"),
        ("x " * 21, "query, column 41"),
    ],
)
def test_what_means_nothing_is_refused(query: str, place: str) -> None:
    """A filter that there is not, or whose value means nothing, is refused with its column."""
    if query == "before:999999999d":
        assert not parse_query(query, NOW).matches(entry())
        return
    with pytest.raises(InputError) as caught:
        parse_query(query, NOW)
    assert caught.value.place == place
    assert str(caught.value).startswith(place)


WORDS = st.text('abcя:-" \\/0159.,hmd', max_size=40)


@given(WORDS)
def test_every_query_is_read_or_refused(query: str) -> None:
    """Whatever is typed, it finds something or nothing, or is refused with a place."""
    try:
        found = parse_query(query, NOW).matches(entry())
    except InputError as error:
        assert error.place.startswith("query, column ")  # noqa: PT017 - either will do
    else:
        assert isinstance(found, bool)


@given(st.text(min_size=1, max_size=30).filter(str.strip))
def test_a_text_is_found_by_itself(text: str) -> None:
    """A text in quotation marks is found, whatever it holds."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    query = f'text:"{escaped}"'
    spoken: Callable[[str], Entry] = lambda said: entry(parameters={"text": said})  # noqa: E731
    assert parse_query(query, NOW).matches(spoken(f"before {text} after"))
