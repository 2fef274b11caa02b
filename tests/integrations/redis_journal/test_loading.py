"""Reading a campaign into Redis, and holding messages against one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from cleverapp_async import (
    InvalidRequestError,
    JournalError,
    JournalLockedError,
    LimitKey,
    SendMessage,
    SendMessageToWhatsApp,
)
from cleverapp_async.errors import ConfigurationError
from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.integrations.redis_journal.codec import split_address
from cleverapp_async.journal import JournalMismatchError, JournalState
from tests.integrations.rig import ORIGIN, entries, load, message, messages, opened, result, states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from cleverapp_async import Message
    from tests.redis_server import RedisServer


async def test_all_messages_are_read_in_chunk_by_chunk(journal: RedisJournal) -> None:
    """Every message keeps its place, its key and its text, in chunks of the size asked for."""
    given: list[Message] = [
        *messages(21),
        SendMessage(contact_id=5, image="https://example.com/a.png"),
        SendMessageToWhatsApp(bot_id=3, phone="79991234567", text="Привет\n|", name="Имя"),
    ]
    loaded = await load(journal, given)
    assert (loaded.messages, loaded.duplicates, loaded.resumed) == (23, 0, False)
    known = await entries(journal)
    assert [entry.message for entry in known.values()] == given
    assert known[0].key == LimitKey(1, "telegram", "sendMessage")
    assert known[21].key is None
    assert known[22].key == LimitKey(3, "whatsapp", "sendMessageToWhatsApp")
    assert await journal.left() == {0: 10, 1: 10, 2: 3}
    assert await states(journal) == {JournalState.PENDING: 23}


async def test_a_source_may_be_asynchronous(journal: RedisJournal) -> None:
    """Messages come from an async iterable as well."""

    async def source() -> AsyncIterator[Message]:
        for number in range(12):
            yield message(number)

    assert (await load(journal, source())).messages == 12


async def test_duplicates_are_left_out_over_all_chunks(journal: RedisJournal) -> None:
    """A recipient gets the first of several messages; places count those left out, too."""
    given = [message(number % 7, text=f"t{number}") for number in range(25)]
    loaded = await load(journal, given)
    assert (loaded.messages, loaded.duplicates) == (7, 18)
    assert list(await entries(journal)) == list(range(7))
    assert await journal.left() == {0: 7}
    assert (await load(journal, given)).duplicates == 18


async def test_duplicates_are_kept_on_request(journal: RedisJournal) -> None:
    """Without deduplication everybody gets all of their messages."""
    given = [message(1, text=f"t{number}") for number in range(12)]
    assert (await load(journal, given, deduplicate=False)).messages == 12
    with pytest.raises(JournalMismatchError, match="duplicates"):
        await load(journal, given)


async def test_the_same_messages_resume_a_campaign(journal: RedisJournal) -> None:
    """Reading them again adds nothing, and keeps what was recorded."""
    await load(journal, messages(12))
    chunk = await opened(journal)
    await chunk.intend(3)
    await chunk.record(3, result(JournalState.ACCEPTED))
    await chunk.close("finished")
    loaded = await load(journal, messages(12))
    assert (loaded.messages, loaded.resumed) == (12, True)
    assert await journal.left() == {0: 9, 1: 2}


@pytest.mark.parametrize(
    ("given", "index", "match"),
    [
        ([*messages(11), message(99)], 11, "message 12.*recipient"),
        ([*messages(11), message(11, text="other")], 11, "text"),
        (messages(11), 11, "11 .*12"),
        ([*messages(12), message(12)], 12, "12 "),
        ([*messages(30)], 12, "12 "),
        ([message(0), message(0, text="x"), *messages(12)[2:]], 1, "message 2.*recipient"),
    ],
)
async def test_other_messages_are_refused(
    journal: RedisJournal, given: list[Message], index: int, match: str
) -> None:
    """The first message that differs is named, and nothing changes."""
    await load(journal, messages(12))
    with pytest.raises(JournalMismatchError, match=match) as caught:
        await load(journal, given)
    assert caught.value.index == index
    assert await states(journal) == {JournalState.PENDING: 12}


async def test_another_duplicate_is_refused(journal: RedisJournal) -> None:
    """A message that was left out must be the same one when the campaign is resumed."""
    await load(journal, [message(1), message(1, text="second")])
    with pytest.raises(JournalMismatchError, match=r"message 2.*duplicate.*message 1"):
        await load(journal, [message(1), message(1, text="third")])


async def test_another_server_is_refused(journal: RedisJournal) -> None:
    """A campaign belongs to the address that it was made for."""
    await load(journal, messages(3))
    with pytest.raises(JournalMismatchError, match="https://app"):
        await journal.load(messages(3), origin="https://other.example")
    with pytest.raises(JournalMismatchError):
        await journal.chunk(0).open("https://other.example")


async def test_an_interrupted_reading_sends_nothing_and_begins_anew(journal: RedisJournal) -> None:
    """A fault in the source leaves a campaign that no chunk of can be opened."""

    def source() -> Iterator[Message]:
        yield from messages(15)
        raise LookupError("a torn file")

    with pytest.raises(LookupError, match="torn"):
        await load(journal, source())
    with pytest.raises(JournalError, match="complete"):
        await journal.chunk(0).open(ORIGIN)
    loaded = await load(journal, messages(4))
    assert (loaded.messages, loaded.resumed) == (4, False)
    assert await journal.left() == {0: 4}
    assert await states(journal) == {JournalState.PENDING: 4}


async def test_two_producers_do_not_read_in_at_once(
    journal: RedisJournal, redis: RedisServer
) -> None:
    """The second one is refused while the first is at it."""
    second = RedisJournal(redis.url, journal.campaign)

    async def source() -> AsyncIterator[Message]:
        for number in range(11):
            yield message(number)
        with pytest.raises(JournalLockedError):
            await load(second, messages(3))

    async with second:
        assert (await load(journal, source())).messages == 11


async def test_a_producer_that_was_taken_over_adds_nothing(
    journal: RedisJournal, redis: RedisServer
) -> None:
    """One that was stopped for too long cannot mix its messages with those of the next."""

    async def source() -> AsyncIterator[Message]:
        for number in range(11):
            yield message(number)
        await second._client.execute("DEL", journal.names.lease("load"))
        await load(second, messages(3))
        for number in range(11, 30):
            yield message(number)

    # Their hearts beat every five seconds: none prolongs the lease right after it was deleted.
    async with (
        RedisJournal(redis.url, journal.campaign, chunk_size=10) as first,
        RedisJournal(redis.url, journal.campaign, chunk_size=10) as second,
    ):
        with pytest.raises(JournalLockedError, match="over"):
            await load(first, source())
        assert await states(journal) == {JournalState.PENDING: 3}


async def test_only_messages_are_taken(journal: RedisJournal) -> None:
    """Something else in the source is told with its place."""
    with pytest.raises(InvalidRequestError, match="message 2, counted from 1"):
        await load(journal, [message(0), "Hi"])  # type: ignore[list-item]


async def test_a_chunk_takes_no_messages_and_must_exist(journal: RedisJournal) -> None:
    """Chunks are cut by the producer alone."""
    with pytest.raises(JournalError, match=journal.campaign):
        await journal.chunk(0).open(ORIGIN)
    await load(journal, messages(3))
    with pytest.raises(JournalError, match="chunk 1"):
        await journal.chunk(1).open(ORIGIN)
    chunk = journal.chunk(0)
    await chunk.open(ORIGIN)
    with pytest.raises(JournalError, match="messages"):
        await chunk.load(messages(1), lambda _: None, deduplicate=True)
    await chunk.close("finished")


async def test_a_campaign_can_be_erased_when_nobody_is_at_work(journal: RedisJournal) -> None:
    """Nothing of it stays behind, and no worker loses its chunk under its hands."""
    await load(journal, messages(15))
    chunk = await opened(journal)
    with pytest.raises(JournalError, match="workers"):
        await journal.delete()
    await chunk.close("finished")
    await journal.delete()
    assert not await journal.exists()
    assert await journal._client.execute("KEYS", f"*{journal.campaign}*") == []


async def test_messages_are_read_no_further_than_they_are_written(journal: RedisJournal) -> None:
    """Memory is constant: a few chunks are on their way from the source to Redis, never more."""
    ahead: list[int] = []

    async def source() -> AsyncIterator[Message]:
        for number in range(3_000):
            if number % 100 == 0:
                written = await journal._client.execute("HGET", journal.names.meta, "given")
                ahead.append(number - int(cast("bytes", written or b"0")))
            yield message(number)

    await load(journal, source())
    assert len(ahead) == 30
    assert max(ahead) <= 500


@pytest.mark.parametrize(
    "given",
    [
        {"campaign": ""},
        {"campaign": "a{b}"},
        {"campaign": "a b"},
        {"campaign": "c", "prefix": "a*"},
        {"campaign": "c", "chunk_size": 0},
        {"campaign": "c", "lease": 0},
        {"campaign": "c", "patience": -1},
        {"campaign": "c", "timeout": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, str | int]) -> None:
    """A name that would break a key, or a number out of range, is told at once."""
    with pytest.raises(ConfigurationError):
        RedisJournal("redis://127.0.0.1", **given)  # type: ignore[arg-type]


def test_an_address_names_server_database_and_campaign() -> None:
    """The last part of the path is the campaign."""
    assert split_address("redis://h:1/2/spring") == ("redis://h:1/2", "spring")
    assert split_address("rediss://u:p@h/spring") == ("rediss://u:p@h", "spring")
    for wrong in ("redis://h:1/0", "redis://h:1", "redis://h:1/0/"):
        with pytest.raises(ConfigurationError, match="redis://HOST:PORT/DATABASE/CAMPAIGN"):
            split_address(wrong)


def test_no_password_shows() -> None:
    """Neither the journal's form nor that of its connection holds the URL."""
    journal = RedisJournal("redis://:hidden@127.0.0.1/0", "spring")
    assert "hidden" not in repr(journal) + repr(journal._client) + repr(journal.chunk(0))
    assert RedisJournal.at("redis://:hidden@h/0/spring").campaign == "spring"
