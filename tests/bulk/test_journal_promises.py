"""A journal of a user's own that breaks the protocol is named, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async import LimitKey, NotSentError, Outcome, SendOutcome
from cleverapp_async.journal import JournalEntry, JournalError, JournalResult, Resend
from tests.bulk.memory_journal import MemoryJournal
from tests.bulk.rig import collect, message
from tests.bulk.test_journal_source import Wire, campaign
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FOREIGN: list[Callable[[], BaseException]] = [
    lambda: NotSentError("x"),
    asyncio.CancelledError,
    lambda: ValueError("x"),
]
METHODS = ("open", "load", "keys", "take", "intend", "record", "summary", "close")


def broken(method: str, does: Callable[[], Any]) -> MemoryJournal:
    """A journal one of whose methods does something else."""

    async def called(*_: object, **__: object) -> object:
        return does()

    called.__name__ = method
    kind = type("Own", (MemoryJournal,), {method: called})
    journal = kind()
    assert isinstance(journal, MemoryJournal)
    return journal


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", FOREIGN)
async def test_what_a_journal_raises_is_an_error_of_the_journal(
    method: str, error: Callable[[], BaseException]
) -> None:
    """Also one of ours that would tell what became of a message, or a cancellation of its own."""
    raised = error()

    def fail() -> None:
        raise raised

    desk, told = Wire(), list[SendOutcome]()
    async with asyncio.timeout(20):
        with raises(JournalError, f"Own.{method}") as caught:
            await collect(campaign(broken(method, fail), desk, [message(0)]), told)
    assert type(caught.value.__cause__) is type(raised)
    if method in {"record", "close"}:
        assert [one.outcome for one in told] == [Outcome.ACCEPTED]
    else:
        assert desk.started == []


async def test_a_plain_method_that_raises_is_told_likewise() -> None:
    """A ``record`` that raises before there is anything to await changes no outcome."""

    class Own(MemoryJournal):
        def record(  # type: ignore[override]
            self,
            index: int,  # noqa: ARG002
            result: JournalResult,  # noqa: ARG002
        ) -> Awaitable[None]:
            raise NotSentError("x")

    told = list[SendOutcome]()
    with raises(JournalError, "Own.record"):
        await collect(campaign(Own(), Wire(), [message(0)]), told)
    assert [one.outcome for one in told] == [Outcome.ACCEPTED]


@pytest.mark.parametrize("method", ["keys", "take"])
@pytest.mark.parametrize("answer", [None, 5, "x", [5], ["x"], {}])
async def test_an_answer_of_another_type_names_the_method(method: str, answer: object) -> None:
    """What is no list of keys, or of entries, stops the run before anything is sent."""
    desk = Wire()
    with raises(JournalError, f"Own.{method}"):
        await collect(campaign(broken(method, lambda: answer), desk, [message(0)]))
    assert desk.started == []


async def test_messages_of_a_key_that_is_not_given_are_not_left_out_silently() -> None:
    """The summary tells of keys with unsent messages which ``keys`` leaves out."""
    desk = Wire()
    with raises(JournalError, "Own.keys"):
        await collect(campaign(broken("keys", list), desk, [message(0)]))
    assert desk.started == []


@pytest.mark.parametrize("again", ["in one answer", "in the next one"])
async def test_a_message_that_is_given_twice_is_sent_once(again: str) -> None:
    """Whether ``take`` repeats itself or starts from the beginning."""

    class Own(MemoryJournal):
        async def take(
            self,
            key: LimitKey | None,
            after: int,  # noqa: ARG002
            most: int,
            resend: Resend,  # noqa: ARG002
        ) -> list[JournalEntry]:
            first = await super().take(key, -1, most, Resend(unknown=True))
            return first * 2 if again == "in one answer" else first

    desk = Wire()
    messages = [message(i) for i in range(8)]
    with raises(JournalError, "Own.take"):
        await collect(campaign(Own(), desk, messages, look_ahead=8, concurrency=1))
    assert len(desk.started) == len(set(desk.started))
