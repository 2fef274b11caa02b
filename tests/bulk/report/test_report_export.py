from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Message, SendMessage, SendMessageToWhatsApp
from cleverapp_async.bulk.report.csv import COLUMNS, csv_lines, escape, unescape
from cleverapp_async.cli.recipients.columns import trimmed
from cleverapp_async.cli.recipients.messages import Defaults, read_message
from cleverapp_async.cli.recipients.rows import Row
from cleverapp_async.journal import ErrorRecord, JournalEntry, JournalResult, JournalState

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BLANKS = ("", " ", "\u00a0", "\ufeff", "\u200b\u3000", "\x0b", "\n ", "\u202e")
_DANGEROUS = ("\t", "\r", "\n", *(f"{blank}{sign}" for blank in _BLANKS for sign in _SIGNS))
# No NUL: a CSV reader of Python before 3.12 takes none.
_VISIBLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
_WORDS = st.one_of(
    st.text(_VISIBLE, min_size=1),
    st.builds("{}{}".format, st.sampled_from(_DANGEROUS), st.text(_VISIBLE)),
).filter(str.strip)
# `cleverapp send` strips what addresses a message.
_NAMES = _WORDS.map(trimmed).map(str.lower).map(trimmed).filter(bool)
_MESSAGES = st.one_of(
    st.builds(SendMessage, contact_id=st.integers(1, 10**12), text=_WORDS),
    st.builds(
        SendMessage,
        bot_id=st.integers(1, 10**12),
        messenger=_NAMES,
        contact_external_id=_NAMES,
        text=_WORDS,
        file=st.one_of(st.none(), st.just("https://example.com/a,b.pdf")),
    ),
    st.builds(
        SendMessageToWhatsApp,
        bot_id=st.integers(1, 10**12),
        phone=st.from_regex(r"7[0-9]{10}", fullmatch=True),
        text=_WORDS,
        name=st.one_of(st.none(), _NAMES),
    ),
)


def entry_of(message: Message, index: int = 0, result: JournalResult | None = None) -> JournalEntry:
    """A message as a journal holds it."""
    state = JournalState.PENDING if result is None else result.state
    return JournalEntry(index=index, message=message, key=None, state=state, result=result)


def read(data: bytes) -> list[dict[str, str]]:
    """The rows of a file, each cell as it is before a spreadsheet's eyes."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, strict=True))


def written(entries: Iterable[JournalEntry]) -> bytes:
    """The whole file."""
    return b"".join(csv_lines(entries))


@given(st.lists(_MESSAGES, max_size=5))
def test_no_cell_is_a_formula_and_none_is_changed(messages: list[Message]) -> None:
    """No cell begins as a formula does, and without its apostrophe each is what it was."""
    rows = read(written(entry_of(message, place) for place, message in enumerate(messages)))
    assert [row["number"] for row in rows] == [str(place + 1) for place in range(len(messages))]
    for row, message in zip(rows, messages, strict=True):
        assert not any(cell.startswith(_DANGEROUS) for cell in row.values())
        parameters = {name: str(value) for name, value in message.parameters().items()}
        assert {name: unescape(cell) for name, cell in row.items() if name in parameters} == (
            parameters
        )


@given(_MESSAGES)
def test_an_export_names_everything_as_send_does(message: Message) -> None:
    """The cells, their apostrophes taken off, are to ``cleverapp send`` the same message."""
    (row,) = read(written([entry_of(message)]))
    cells = {name: unescape(cell) for name, cell in row.items() if cell.strip()}
    assert read_message(Row(1, 2, cells), Defaults()) == message


def test_results_and_errors_have_columns() -> None:
    """What is known of a message stands in columns of its own, moments with their offset."""
    error = ErrorRecord(
        type="ValidationError",
        message="-sendMessage: refused",
        status=422,
        fields=(("text", "required_without", ("image",), "нужен"),),
    )
    result = JournalResult(
        state=JournalState.REJECTED,
        ended_at=1_790_000_000.25,
        attempts=2,
        waited=1.5,
        on_wire=0.03125,
        contact_id=77,
        error=error,
    )
    (row,) = read(written([entry_of(SendMessage(contact_id=1, text="a\nb"), 4, result)]))
    fields = json.loads(row.pop("error_fields"))
    assert fields == [
        {"field": "text", "rule": "required_without", "related": ["image"], "message": "нужен"}
    ]
    assert {name: cell for name, cell in row.items() if cell} == {
        "number": "5",
        "state": "rejected",
        "contact_id": "1",
        "text": "a\nb",
        "ended_at": "2026-09-21T14:13:20.250+00:00",
        "attempts": "2",
        "waited": "1.5000",
        "on_wire": "0.0312",
        "answered_contact_id": "77",
        "error": "ValidationError",
        "status": "422",
        "error_message": "'-sendMessage: refused",
    }


def test_the_header_stands_first_with_or_without_the_mark() -> None:
    """A file begins with the mark that Excel looks for, unless it is not wanted."""
    header = (",".join(COLUMNS) + "\r\n").encode()
    assert list(csv_lines([])) == [b"\xef\xbb\xbf" + header]
    assert list(csv_lines([], mark=False)) == [header]


def test_half_a_character_breaks_no_file() -> None:
    """A server's text that UTF-8 cannot hold is written with a question mark."""
    error = ErrorRecord(type="ServerError", message="half \ud800")
    result = JournalResult(state=JournalState.UNKNOWN, ended_at=0.0, error=error)
    (row,) = read(written([entry_of(SendMessage(contact_id=1, text="t"), 0, result)]))
    assert row["error_message"] == "half ?"


def test_phone_numbers_with_a_plus_stay_text() -> None:
    """A number with its plus is marked as text, one without is left alone."""
    assert escape("+79991234567") == "'+79991234567"
    assert escape("79991234567") == "79991234567"
    assert unescape(escape("'=1")) == "'=1"
