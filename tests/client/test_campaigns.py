"""``send_many`` over a journal, as a script uses it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import (
    CampaignPausedError,
    InvalidRequestError,
    JournalError,
    JournalLockedError,
    LimiterRegistry,
    Message,
    Outcome,
    Schedule,
    SendMessage,
    SendMessageToWhatsApp,
    SendOutcome,
    SqliteJournal,
)
from cleverapp_async.journal import JournalMismatchError, JournalState
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from tests.bulk.rig import collect
from tests.client.campaigns import states, texts
from tests.raising import raises
from tests.transport.rig import TOKEN, client_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cleverapp_async import CleverAppClient

FREE = SimulatorLimits.none()


def contents(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def send(
    client: CleverAppClient,
    path: Path,
    messages: list[SendMessage] | None,
    *,
    resend_unknown: bool = False,
) -> list[SendOutcome]:
    """The outcomes of one run."""
    journal = SqliteJournal(path)
    run = client.run_campaign(journal, messages, resend_unknown=resend_unknown)
    return [outcome async for outcome in run]


async def test_a_campaign_is_made_and_gone_on_with(tmp_path: Path) -> None:
    """Each message is delivered once over all runs, whether or not they are given again."""
    path = tmp_path / "run.db"
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        async with client.run_campaign(SqliteJournal(path), texts(40)) as run:
            async for _ in run:
                break
        rest = await send(client, path, texts(40))
        assert await send(client, path, None) == []
        assert states(path).keys() <= {JournalState.ACCEPTED, JournalState.UNKNOWN}
        assert sum(states(path).values()) == 40
        delivered = Counter(str(arrival.parameters["contact_id"]) for arrival in simulator.arrivals)
    assert max(delivered.values()) == 1
    assert len(delivered) >= len(rest)


async def test_recipients_get_the_first_of_several_messages_alone(tmp_path: Path) -> None:
    """Both ways of writing to one WhatsApp number are one address; the count is told."""
    messages: list[Message] = [
        SendMessageToWhatsApp(bot_id=1, phone="+79991234567", text="first", name="Ива"),
        SendMessage(
            bot_id=1, messenger="whatsapp", contact_external_id="79991234567", text="second"
        ),
    ]
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        run = client.run_campaign(SqliteJournal(tmp_path / "run.db"), messages)
        [outcome] = [outcome async for outcome in run]
        assert outcome.message == messages[0]
        assert run.loaded is not None
        assert (run.loaded.messages, run.loaded.duplicates) == (1, 1)
        both = client.run_campaign(SqliteJournal(tmp_path / "all.db"), messages, deduplicate=False)
        assert len([outcome async for outcome in both]) == 2


async def test_an_address_in_another_spelling_is_the_same(tmp_path: Path) -> None:
    """A journal that an older release wrote with capitals in the host is gone on with."""
    path = tmp_path / "run.db"
    async with Simulator(limits=SimulatorLimits.none()) as simulator:
        base_url = simulator.base_url.replace("127.0.0.1", "localhost")
        written = base_url.replace("localhost", "LocalHost")
        async with client_of(base_url) as client:
            assert len(await send(client, path, texts(2))) == 2
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE meta SET value = ? WHERE name = 'origin'", (written,))
        async with client_of(base_url) as client:
            assert await send(client, path, texts(2)) == []
        assert len(simulator.deliveries) == 2


async def test_other_texts_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """The error says which message differs and how; nothing leaves."""
    path = tmp_path / "run.db"
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        await send(client, path, texts(3))
        simulator.clear_arrivals()
        with raises(JournalMismatchError, "message 1", "text") as caught:
            await send(client, path, texts(3, "Other"))
        assert caught.value.index == 0
        with pytest.raises(JournalMismatchError, match=r"\b3\b"):
            await send(client, path, texts(4))
        with pytest.raises(JournalMismatchError, match=r"\b2\b"):
            await send(client, path, texts(2))
        assert len(simulator.arrivals) == 0


async def test_a_second_runner_is_refused(tmp_path: Path) -> None:
    """While one run has the journal another one gets an error that names its holder."""
    path = tmp_path / "run.db"
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        async with client.run_campaign(SqliteJournal(path), texts(500)) as run:
            async for _ in run:
                with pytest.raises(JournalLockedError, match="process"):
                    await send(client, path, None)
                break
        assert await send(client, path, None)


async def test_resuming_what_is_not_there_makes_no_file(tmp_path: Path) -> None:
    """A slip in the path is told, and leaves nothing behind."""
    async with Simulator(limits=FREE) as simulator, client_of(simulator.base_url) as client:
        with raises(JournalError, tmp_path / "rum.db"):
            await send(client, tmp_path / "rum.db", None)
    assert contents(tmp_path) == {}


async def test_a_refused_token_pauses_and_its_refusals_are_sent_again(tmp_path: Path) -> None:
    """After a few refusals the rest waits; with a token that works everything is delivered."""
    path = tmp_path / "run.db"
    async with Simulator(limits=FREE) as simulator:
        async with client_of(simulator.base_url, token="revoked") as client:
            with raises(CampaignPausedError, "token") as caught:
                await send(client, path, texts(500))
        assert caught.value.kind == "token"
        assert states(path)[JournalState.PENDING] >= 400
        async with client_of(simulator.base_url) as client:
            outcomes = await send(client, path, None)
        assert {outcome.outcome for outcome in outcomes} == {Outcome.ACCEPTED}
        assert states(path) == {JournalState.ACCEPTED: 500}
    for name, data in contents(tmp_path).items():
        assert TOKEN.encode() not in data, name
        assert b"revoked" not in data, name


async def test_unknown_is_sent_again_on_request_alone(tmp_path: Path) -> None:
    """Messages whose answer was lost stay unknown until ``resend_unknown``."""
    path = tmp_path / "run.db"
    lost = Fault.reset_after(taken=True, on=1)
    async with (
        Simulator(limits=FREE, faults=[lost]) as simulator,
        client_of(simulator.base_url) as client,
    ):
        await send(client, path, texts(1))
        assert states(path) == {JournalState.UNKNOWN: 1}
        assert await send(client, path, None) == []
        [again] = await send(client, path, None, resend_unknown=True)
        assert again.accepted
        assert len(simulator.deliveries) == 2


async def test_arguments_that_cannot_work_are_refused_at_once(tmp_path: Path) -> None:
    """Nothing to send, and a number below 1, are told before the iteration begins."""
    client = client_of("http://127.0.0.1:9/api/v1")
    with pytest.raises(InvalidRequestError) as caught:
        client.send_many(None)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert caught.value.fields == ("messages",)
    for name in ("pause_after", "concurrency", "look_ahead"):
        numbers: dict[str, Any] = {name: 0}
        with pytest.raises(InvalidRequestError) as caught:
            client.send_many([], **numbers)
        assert caught.value.fields == (name,)
        with pytest.raises(InvalidRequestError) as caught:
            client.run_campaign(SqliteJournal(tmp_path / "run.db"), **numbers)
        assert caught.value.fields == (name,)
    wrong: Any
    for wrong in ("run.db", [], None):
        with pytest.raises(InvalidRequestError) as caught:
            client.run_campaign(wrong, [])
        assert caught.value.fields == ("journal",)
    await client.close()


async def test_what_is_no_argument_of_that_kind_is_refused_at_the_call(tmp_path: Path) -> None:
    """A class, a single message, a text, a number in quotes: our error names the argument."""
    client: Any = client_of("http://127.0.0.1:9/api/v1")
    journal, single = SqliteJournal(tmp_path / "run.db"), SendMessage(contact_id=1, text="Hi")
    no_messages = (5, single, "text", b"text", bytearray(b"x"), {"contact_id": 1}, SendMessage)
    settings: list[tuple[str, tuple[Any, ...]]] = [
        ("schedule", (3, "09:00", Schedule)),
        ("lane", ("bulk",)),
        *((name, ("5", 2.0, True, -1)) for name in ("concurrency", "look_ahead", "pause_after")),
    ]
    flags = ("deduplicate", "resend_unknown", "retry_rejected")
    wrong: list[tuple[str, Callable[[], object]]] = [
        *(("messages", partial(client.send_many, one)) for one in no_messages),
        *(("messages", partial(client.run_campaign, journal, one)) for one in no_messages),
        ("journal", partial(client.run_campaign, SqliteJournal, [])),
        *((name, partial(client.send_many, [], **{name: v})) for name, vs in settings for v in vs),
        *(
            (name, partial(client.run_campaign, journal, **{name: value}))
            for name, values in settings
            for value in values
        ),
        *((name, partial(client.run_campaign, journal, **{name: "no"})) for name in flags),
    ]
    for name, call in wrong:
        with pytest.raises(InvalidRequestError) as caught:
            call()
        assert caught.value.fields == (name,)
        assert "Hi" not in str(caught.value)
    await client.close()


async def test_a_run_without_a_journal_can_pause_too() -> None:
    """Asked for, the same refusal in a row stops any run."""
    limits = LimiterRegistry.unlimited()
    async with (
        Simulator(limits=FREE) as simulator,
        client_of(simulator.base_url, token="revoked", limits=limits) as client,
    ):
        told: list[SendOutcome] = []
        with pytest.raises(CampaignPausedError):
            await collect(client.send_many(texts(200), pause_after=3, concurrency=2), told)
        assert 3 <= len(simulator.arrivals) <= 6
        assert {outcome.outcome for outcome in told} == {Outcome.REJECTED, Outcome.NOT_SENT}
