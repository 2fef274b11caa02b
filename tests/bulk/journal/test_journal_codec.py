from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import JournalError, LimitKey, Message, SendMessage, SendMessageToWhatsApp
from cleverapp_async.bulk.journal.codec import (
    decode_error,
    decode_key,
    encode_error,
    encode_key,
    whole,
)
from cleverapp_async.bulk.journal.messages import decode_message, digest_of, encode_parameters
from cleverapp_async.bulk.journal.sqlite.states import CODES, STATES, state_of
from cleverapp_async.journal import ErrorRecord, JournalState

_ids = st.integers(1, 2**70)
_texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip() != "")
_messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(SendMessage, contact_id=_ids, text=_texts),
    st.builds(
        SendMessage,
        contact_id=_ids,
        text=st.none() | _texts,
        image=st.just("https://a.example/1.png"),
        file=st.none() | st.just("https://a.example/1.pdf"),
    ),
    st.builds(SendMessage, bot_id=_ids, messenger=_texts, contact_external_id=_texts, text=_texts),
    st.builds(
        SendMessageToWhatsApp,
        bot_id=_ids,
        phone=st.from_regex(r"\+?[0-9]{5,15}", fullmatch=True),
        text=_texts,
        name=st.none() | _texts,
    ),
)
_any = st.text()  # half characters included: a server may answer them
_errors = st.builds(
    ErrorRecord,
    type=_any,
    message=_any,
    status=st.none() | st.integers(100, 599),
    fields=st.lists(
        st.tuples(_any, st.none() | _any, st.lists(_any).map(tuple), _any), max_size=3
    ).map(tuple),
)


@given(_messages)
def test_messages_survive(message: Message) -> None:
    """Any message comes back equal from its columns."""
    assert decode_message(message.method, encode_parameters(message)) == message


@given(_messages)
def test_parameters_are_those_of_the_request(message: Message) -> None:
    """The column holds the parameters of the request in their order, as compact JSON."""
    compact = json.dumps(message.parameters(), ensure_ascii=False, separators=(",", ":"))
    assert encode_parameters(message) == compact


@given(_errors)
def test_errors_survive(error: ErrorRecord) -> None:
    """Any error comes back equal from its column, which UTF-8 can hold."""
    told = encode_error(error)
    assert decode_error(told) == error
    assert told.isascii()


@given(
    st.none()
    | st.builds(LimitKey, bot_id=st.none() | _ids, messenger=_any, scope=st.just("sendMessage"))
)
def test_keys_survive(key: LimitKey | None) -> None:
    """Any limit key comes back equal from its columns."""
    assert decode_key(*encode_key(key)) == key


@given(st.integers(-(2**80), 2**80))
def test_numbers_fit_their_columns(number: int) -> None:
    """A number of any length keeps its value in a column of 64 bits."""
    kept = whole(number)
    assert kept is not None
    assert int(kept) == number
    assert isinstance(kept, str) or abs(kept) < 2**63


def test_states_keep_their_codes() -> None:
    """The codes in files never change."""
    assert {state.value: code for state, code in CODES.items()} == {
        "pending": 0,
        "intent": 1,
        "accepted": 2,
        "rejected": 3,
        "not_sent": 4,
        "unknown": 5,
    }
    assert set(STATES) == set(JournalState)
    assert state_of(None) is JournalState.PENDING


def test_a_digest_tells_messages_apart() -> None:
    """The digest of a duplicate depends on the method and every value, not on their order."""
    told = digest_of("sendMessage", '{"contact_id":1,"text":"a"}')
    assert digest_of("sendMessage", '{"text": "a", "contact_id": 1}') == told
    assert digest_of("sendMessage", '{"contact_id":1,"text":"b"}') != told
    assert digest_of("sendMessageToWhatsApp", '{"contact_id":1,"text":"a"}') != told
    assert len(told) == 16


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("sendMessage", "{"),
        ("sendMessage", "[]"),
        ("sendMessage", '{"contact_id": 0, "text": "a"}'),
        ("sendMessage", '{"colour": 1}'),
        ("sendNothing", "{}"),
    ],
)
def test_a_damaged_message_is_told(method: str, parameters: str) -> None:
    """Columns that hold no message give the one error of a damaged journal."""
    with pytest.raises(JournalError, match="damaged"):
        decode_message(method, parameters)
