from __future__ import annotations

import re
import sqlite3
import sys
import tracemalloc
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING, cast

import pytest

from cleverapp_async import (
    InvalidRequestError,
    JournalError,
    SendMessage,
    SendMessageToWhatsApp,
    SqliteJournal,
)
from cleverapp_async.journal import (
    Journal,
    JournalMismatchError,
    JournalReader,
    JournalState,
    Loaded,
    Resend,
)
from tests.bulk.journal.journals import ORIGIN, TELEGRAM, VIBER, key_of, load, messages, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from cleverapp_async import Message


def test_it_is_a_journal(tmp_path: Path) -> None:
    """SqliteJournal satisfies the protocol, and touches nothing before it is opened."""
    journal = SqliteJournal(tmp_path / "run.db")
    assert isinstance(journal, Journal)
    assert list(tmp_path.iterdir()) == []


async def test_what_was_loaded_can_be_taken(tmp_path: Path) -> None:
    """Messages come back equal, in their order, by their keys."""
    given = messages(1000)
    async with opened(tmp_path / "run.db", given) as journal:
        assert set(await journal.keys()) == {None, TELEGRAM, VIBER}
        for key in (None, TELEGRAM, VIBER):
            taken = await journal.take(key, -1, 1000, Resend())
            expected = [(index, one) for index, one in enumerate(given) if key_of(one) == key]
            assert [(entry.index, entry.message) for entry in taken] == expected
            assert all(entry.state is JournalState.PENDING for entry in taken)
            assert {entry.key for entry in taken} == {key}


async def test_two_spellings_of_a_key_are_one(tmp_path: Path) -> None:
    """An older journal has a messenger in two spellings: none of either's messages is left out."""
    path, given = tmp_path / "run.db", messages(60)
    async with opened(path, given, ended="interrupted"):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO key VALUES (9, 7, 'Telegram', 'sendMessage')")
        connection.execute("UPDATE message SET key_id = 9 WHERE id % 2 AND key_id = 2")
    async with opened(path, None) as journal:
        assert sorted(await journal.keys(), key=str) == sorted([None, TELEGRAM, VIBER], key=str)
        first = await journal.take(TELEGRAM, -1, 7, Resend())
        rest = await journal.take(TELEGRAM, first[-1].index, 100, Resend())
    assert [entry.index for entry in first] == list(range(1, 22, 3))
    assert [entry.index for entry in rest] == list(range(22, 60, 3))
    assert {entry.key for entry in first + rest} == {TELEGRAM}


async def test_take_goes_on_behind_the_last_one(tmp_path: Path) -> None:
    """``after`` and ``most`` page through a key; a key nobody gave has nothing."""
    async with opened(tmp_path / "run.db", messages(30)) as journal:
        first = await journal.take(TELEGRAM, -1, 4, Resend())
        second = await journal.take(TELEGRAM, first[-1].index, 100, Resend())
        assert [entry.index for entry in first + second] == list(range(1, 30, 3))
        other = SendMessage(bot_id=9, messenger="icq", contact_external_id="1", text="x")
        assert await journal.take(key_of(other), -1, 5, Resend()) == []


async def test_messages_may_come_asynchronously(tmp_path: Path) -> None:
    """An async iterable is read as an iterable is, to the last message."""

    async def given() -> AsyncIterator[Message]:
        for message in messages(1001):
            yield message

    journal = SqliteJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    assert await load(journal, given()) == Loaded(1001, 0, resumed=False)
    await journal.close("finished")


async def test_long_texts_take_no_more_memory_than_short_ones(tmp_path: Path) -> None:
    """What is held until it is written is bounded in characters, not in messages alone."""
    long = (
        SendMessage(contact_id=number + 1, text=f"{number} " + "ж" * 4000) for number in range(6000)
    )
    tracemalloc.start()
    try:
        async with opened(tmp_path / "run.db", long):
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # All of them are 48 MB, and would be held twice.
    assert peak < 40_000_000


async def test_the_first_of_several_to_one_address_stays(tmp_path: Path) -> None:
    """Duplicates are left out and counted, and the reader tells of which message each is one."""
    phone = SendMessageToWhatsApp(bot_id=7, phone="+7 900 000-00-01", text="a")
    same = SendMessage(
        bot_id=7, messenger="whatsapp", contact_external_id="79000000001", text="another text"
    )
    given: list[Message] = [*messages(3), phone, same, *messages(3), phone]
    path = tmp_path / "run.db"
    async with opened(path, given) as journal:
        assert (await journal.summary()).duplicates == 5
        assert (await journal.summary()).messages == 4
    with JournalReader(path) as reader:
        assert list(reader.duplicates()) == [(4, 3), (5, 0), (6, 1), (7, 2), (8, 3)]
        assert [entry.index for entry in reader.entries()] == [0, 1, 2, 3]


async def test_a_duplicate_is_found_however_far_from_the_first(tmp_path: Path) -> None:
    """More messages than one transaction takes: each comes back, and the last is a duplicate."""
    given = messages(9000)
    path = tmp_path / "run.db"
    async with opened(path, [*given, given[1]]) as journal:
        assert (await journal.summary()).messages == 9000
    with JournalReader(path) as reader:
        assert list(reader.duplicates()) == [(9000, 1)]
        assert [entry.message for entry in reader.entries()] == given


async def test_addresses_that_share_a_hash_are_two(tmp_path: Path) -> None:
    """Contacts whose numbers Python hashes alike are told apart, beside one that comes twice."""
    numbers = (5, 5 + sys.hash_info.modulus, 6, 5)
    path = tmp_path / "run.db"
    async with opened(path, [SendMessage(contact_id=one, text="a") for one in numbers]) as journal:
        assert (await journal.summary()).duplicates == 1
    with JournalReader(path) as reader:
        assert list(reader.duplicates()) == [(3, 0)]


async def test_a_text_of_another_class_is_the_text_it_holds(tmp_path: Path) -> None:
    """An address given as a member of an enumeration of texts is that of the plain text."""

    class Contact(str, Enum):  # noqa: UP042 - its ``str()`` is not its value
        FIRST = "1"

    given = [
        SendMessage(bot_id=7, messenger="telegram", contact_external_id=one, text="a")
        for one in ("1", Contact.FIRST)
    ]
    async with opened(tmp_path / "run.db", given) as journal:
        assert (await journal.summary()).duplicates == 1


async def test_duplicates_stay_when_asked_for(tmp_path: Path) -> None:
    """Without deduplication every message given is in the journal."""
    journal = SqliteJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    loaded = await load(journal, messages(3) * 3, deduplicate=False)
    assert loaded == Loaded(9, 0, resumed=False)
    assert (await journal.summary()).deduplicated is False
    await journal.close("finished")


async def test_nothing_but_messages_is_loaded(tmp_path: Path) -> None:
    """Something that is no message is refused by its place, and the journal stays incomplete."""
    path = tmp_path / "run.db"
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    given = cast("list[Message]", [*messages(500), "hello"])
    with pytest.raises(InvalidRequestError, match="message 501, counted from 1"):
        await load(journal, given)
    await journal.close("failed")
    with JournalReader(path) as reader:
        assert reader.summary().complete is False


async def test_a_load_that_was_interrupted_begins_anew(tmp_path: Path) -> None:
    """What an interrupted load left is thrown away; without messages there is nothing to resume."""
    path = tmp_path / "run.db"

    def failing() -> Iterator[Message]:
        yield from messages(900)
        raise OSError("the file ends here")

    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    with pytest.raises(OSError, match="the file ends here"):
        await load(journal, failing())
    await journal.close("failed")
    await journal.open(ORIGIN)
    with pytest.raises(JournalError, match="interrupted"):
        await load(journal, None)
    assert await load(journal, messages(5)) == Loaded(5, 0, resumed=False)
    assert (await journal.summary()).messages == 5
    await journal.close("finished")


async def test_an_empty_journal_has_nothing_to_resume(tmp_path: Path) -> None:
    """A resume of a journal that holds no campaign says so."""
    journal = SqliteJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    with pytest.raises(JournalError, match="empty"):
        await load(journal, None)
    await journal.close("failed")


async def test_no_messages_are_a_campaign_too(tmp_path: Path) -> None:
    """A campaign without messages is complete at once, and resumes."""
    path = tmp_path / "run.db"
    async with opened(path, []) as journal:
        assert await journal.keys() == []
    async with opened(path, []) as journal:
        assert (await journal.summary()).by_state[JournalState.PENDING] == 0


async def test_the_same_messages_resume(tmp_path: Path) -> None:
    """The same input, duplicates included, or none at all, resumes a campaign."""
    given = [*messages(900), *messages(5)]
    path = tmp_path / "run.db"
    async with opened(path, given):
        pass
    journal = SqliteJournal(path)
    for again in (given, iter(given), None):
        await journal.open(ORIGIN)
        assert await load(journal, again) == Loaded(900, 5, resumed=True)
        await journal.close("finished")


def _changed(index: int, message: Message, count: int = 900) -> list[Message]:
    given = messages(count)
    given[index] = message
    return given


@pytest.mark.parametrize(
    ("given", "told", "index"),
    [
        (
            _changed(812, SendMessage(contact_id=813, text="x" * 500)),
            "message 813 .*text",
            812,
        ),
        (
            _changed(2, SendMessage(contact_id=99, text="Привет 2")),
            "message 3 .*recipient",
            2,
        ),
        (
            _changed(2, SendMessage(contact_id=3, image="https://a.example/1.png")),
            "message 3 .*text",
            2,
        ),
        (
            _changed(
                2, SendMessage(contact_id=3, text="Привет 2", image="https://a.example/1.png")
            ),
            "message 3 .*image",
            2,
        ),
        (
            _changed(
                0,
                SendMessage(bot_id=7, messenger="viber", contact_external_id="1", text="Привет 0"),
            ),
            "message 1 .*recipient",
            0,
        ),
        (messages(899), "899 .*900", 899),
        (messages(901), " 900 ", 900),
        (messages(2000), " 900 ", 900),
        ([], " 0 ", 0),
    ],
    ids=["text", "contact", "other", "field", "address", "shorter", "longer", "twice", "empty"],
)
async def test_other_messages_are_refused(
    tmp_path: Path, given: list[Message], told: str, index: int
) -> None:
    """An input that differs anywhere is refused; the error says where and what."""
    path = tmp_path / "run.db"
    async with opened(path, messages(900)):
        pass
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    with pytest.raises(JournalMismatchError) as raised:
        await load(journal, given)
    assert re.search(told, str(raised.value))
    assert "x" * 61 not in str(raised.value)
    assert raised.value.index == index
    await journal.close("refused")


async def test_another_way_of_sending_is_refused(tmp_path: Path) -> None:
    """The same text to the same number by the other method is another message."""
    path = tmp_path / "run.db"
    async with opened(path, [SendMessageToWhatsApp(bot_id=7, phone="79000000001", text="a")]):
        pass
    other = SendMessage(bot_id=7, messenger="whatsapp", contact_external_id="79000000001", text="a")
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    with pytest.raises(
        JournalMismatchError,
        match=r"sendMessage\b.*sendMessageToWhatsApp",
    ):
        await load(journal, [other])
    await journal.close("refused")


async def test_another_duplicate_is_refused(tmp_path: Path) -> None:
    """Messages that were left out belong to the campaign as well."""
    path = tmp_path / "run.db"
    first, other = (SendMessage(contact_id=1, text=text) for text in ("a", "b"))
    async with opened(path, [first, first]):
        pass
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    with pytest.raises(JournalMismatchError, match=r"message 2.*duplicate.*message 1"):
        await load(journal, [first, other])
    await journal.close("refused")


async def test_another_rule_for_duplicates_is_refused(tmp_path: Path) -> None:
    """Whether duplicates are left out is part of the campaign."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)):
        pass
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    with pytest.raises(JournalMismatchError, match="duplicates"):
        await load(journal, messages(3), deduplicate=False)
    await journal.close("refused")


async def test_another_server_is_refused(tmp_path: Path) -> None:
    """A campaign never goes on at another base URL."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)):
        pass
    journal = SqliteJournal(path)
    with pytest.raises(JournalMismatchError, match=r"https://.*cleverapp.*https://watbot"):
        await journal.open("https://watbot.ru/api/v1")
    async with opened(path, None):
        pass


async def test_the_key_of_the_first_run_stays(tmp_path: Path) -> None:
    """A resume asks nobody for keys: the journal has them."""
    path = tmp_path / "run.db"
    async with opened(path, messages(6)):
        pass
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    await journal.load(messages(6), lambda _: None, deduplicate=True)
    assert set(await journal.keys()) == {None, TELEGRAM, VIBER}
    await journal.close("finished")


async def test_a_bot_of_any_number_has_its_key(tmp_path: Path) -> None:
    """Numbers beyond SQLite's 64 bits survive in keys and messages."""
    message = SendMessage(
        bot_id=10**30, messenger="telegram", contact_external_id="1", text="half \0 full"
    )
    path = tmp_path / "run.db"
    for _ in range(2):
        async with opened(path, [message]) as journal:
            key = key_of(message)
            assert await journal.keys() == [key]
            assert [one.message for one in await journal.take(key, -1, 9, Resend())] == [message]


async def test_it_says_when_it_is_not_open(tmp_path: Path) -> None:
    """A journal that is not open is used by nobody; closing it then does nothing."""
    journal = SqliteJournal(tmp_path / "run.db")
    await journal.close("finished")
    with pytest.raises(JournalError, match="open"):
        await journal.summary()
    assert repr(journal).startswith("SqliteJournal(")
