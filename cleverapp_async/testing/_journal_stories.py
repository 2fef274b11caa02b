"""What must happen with a journal in single stories of a campaign, each told once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import TypeAlias

from attrs import evolve, fields

from ..bulk.journal.protocol import Journal, Messages, RecognizesAccount, SendHistory
from ..bulk.journal.records import ErrorRecord, JournalResult, JournalState, Resend
from ..errors import (
    InvalidRequestError,
    JournalError,
    JournalLockedError,
    JournalMismatchError,
)
from ..models.messages import Message
from .journal_store import (
    COUNT,
    GIVEN,
    KEPT,
    ORIGIN,
    JournalStore,
    expect,
    key_of,
    other_lists,
    taken,
)

__all__ = ["STORIES", "Story"]

Story: TypeAlias = "Callable[[JournalStore], Coroutine[None, None, None]]"


async def _begin(
    store: JournalStore, messages: Messages | None = GIVEN, *, deduplicate: bool = True
) -> Journal:
    journal = store.journal()
    await store.start(journal, messages, origin=ORIGIN, deduplicate=deduplicate)
    return journal


async def _refused(
    store: JournalStore,
    error: type[Exception],
    told: str,
    messages: Messages | None,
    *,
    origin: str = ORIGIN,
    deduplicate: bool = True,
) -> None:
    """Make sure that a journal refuses to start, and let it go."""
    journal = store.journal()
    try:
        await store.start(journal, messages, origin=origin, deduplicate=deduplicate)
    except error:
        return
    except JournalError as other:
        raise AssertionError(f"{told}: {type(other).__name__} instead of it: {other}") from other
    await journal.close("interrupted")
    raise AssertionError(f"{told}: nothing was raised")


async def _an_empty_place_has_nothing_to_resume(store: JournalStore) -> None:
    told = "without messages, and without a campaign to resume, there must be a JournalError"
    await _refused(store, JournalError, told, None)
    journal = await _begin(store)
    await journal.close("finished")


async def _an_interrupted_reading_begins_anew(store: JournalStore) -> None:
    def broken() -> Iterator[Message]:
        yield from GIVEN[:5]
        raise LookupError("the list ends here")

    told = "an error of the list itself must come out of load"
    await _refused(store, LookupError, told, broken())
    journal = store.journal()
    loaded = await store.start(journal, iter(GIVEN), origin=ORIGIN, deduplicate=True)
    expect(not loaded.resumed, "a campaign that was not read in to the end was resumed")
    expect(
        loaded.messages == COUNT,
        f"after an interrupted reading {loaded.messages} messages are there instead of {COUNT}",
    )
    await journal.close("finished")


async def _what_is_no_message_is_refused(store: JournalStore) -> None:
    wrong: Sequence[object] = [*GIVEN[:2], "Hi"]
    told = "something that is no message must be refused by load (read_messages does)"
    await _refused(store, InvalidRequestError, told, wrong)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def _a_second_runner_is_refused(store: JournalStore) -> None:
    first = await _begin(store)
    second = store.journal()
    try:
        await store.start(second, None, origin=ORIGIN, deduplicate=True)
    except JournalLockedError:
        pass
    else:
        raise AssertionError("a second runner got the journal: open must raise JournalLockedError")
    await first.close("finished")
    third = await _begin(store, None)
    await third.close("finished")


async def _it_keeps_to_its_server(store: JournalStore) -> None:
    journal = await _begin(store)
    index = KEPT[0]
    await journal.intend(index)
    await journal.record(index, JournalResult(state=JournalState.ACCEPTED, ended_at=1.0))
    await journal.close("interrupted")
    told = "at another base URL there must be a JournalMismatchError"
    elsewhere = "https://elsewhere.example/api/v1"
    await _refused(store, JournalMismatchError, told, None, origin=elsewhere)


async def _it_keeps_to_its_messages(store: JournalStore) -> None:
    journal = await _begin(store)
    await journal.close("interrupted")
    for name, messages, index in other_lists():
        told = f"{name}: load must raise JournalMismatchError"
        journal = store.journal()
        try:
            await store.start(journal, messages, origin=ORIGIN, deduplicate=True)
        except JournalMismatchError as error:
            expect(
                error.index == index,
                f"{name}: the error names index {error.index}, and {index} is the first to differ",
            )
        else:
            raise AssertionError(told)
    told = "a run that keeps duplicates goes on with a campaign that left them out"
    await _refused(store, JournalMismatchError, told, GIVEN, deduplicate=False)
    again = store.journal()
    loaded = await store.start(again, iter(GIVEN), origin=ORIGIN, deduplicate=True)
    expect(loaded.resumed, "the same messages do not resume the campaign")
    await again.close("finished")


async def _a_reference_is_no_part_of_a_message(store: JournalStore) -> None:
    """What the user knows a message by resumes with it, and is not compared."""
    journal = await _begin(store)
    await journal.intend(KEPT[2])
    await store.kill(journal)
    others = [evolve(message, reference={"order_id": "another"}) for message in GIVEN]
    journal = store.journal()
    told = "other references make no other campaign, and must not be refused"
    try:
        loaded = await store.start(journal, others, origin=ORIGIN, deduplicate=True)
    except JournalMismatchError as error:
        raise AssertionError(told) from error
    for entry in (*loaded.orphans, *await taken(journal, Resend())):
        expect(
            entry.message.reference == GIVEN[entry.index].reference,
            f"after a resume the message of index {entry.index} has the reference "
            f"{entry.message.reference} instead of that of the first reading",
        )
    await journal.close("finished")


async def _duplicates_may_be_kept(store: JournalStore) -> None:
    journal = store.journal()
    loaded = await store.start(journal, GIVEN, origin=ORIGIN, deduplicate=False)
    expect(
        (loaded.messages, loaded.duplicates) == (len(GIVEN), 0),
        "with deduplicate=False a message was left out",
    )
    found = [entry.index for entry in await taken(journal, Resend())]
    expect(sorted(found) == list(range(len(GIVEN))), "with deduplicate=False take lacks messages")
    await journal.close("finished")


async def _an_intent_outlives_its_process(store: JournalStore) -> None:
    dead = await _begin(store)
    await dead.intend(KEPT[1])
    await store.kill(dead)
    journal = store.journal()
    loaded = await store.start(journal, None, origin=ORIGIN, deduplicate=True)
    found = [entry.index for entry in loaded.orphans]
    expect(found == [KEPT[1]], f"load gave the orphans {found} instead of {[KEPT[1]]}")
    await journal.close("finished")


async def _an_intent_that_was_withdrawn_is_gone(store: JournalStore) -> None:
    index = KEPT[1]
    journal = await _begin(store)
    await taken(journal, Resend())
    await journal.intend(index)
    journal.withdraw(index)
    await journal.close("interrupted")
    journal = store.journal()
    loaded = await store.start(journal, None, origin=ORIGIN, deduplicate=True)
    found = [entry.index for entry in loaded.orphans]
    expect(
        not found,
        f"withdraw and close wrote nothing: load calls the messages {found} orphans, whose intent "
        "was taken back",
    )
    told = [entry.index for entry in await taken(journal, Resend())]
    expect(index in told, f"after withdraw, take lacks the message of index {index}")
    await journal.close("finished")


_REFUSED = ErrorRecord(
    type="ValidationError",
    message="Неизвестный контакт",
    status=422,
    fields=(("contact_id", "exists", ("bot_id",), "Неизвестный контакт"),),
)


async def _a_result_is_kept_whole(store: JournalStore) -> None:
    """Each field of it, by whichever way it can be seen again."""
    told = {
        index: evolve(
            result,
            attempts=2 + index,
            waited=0.125 * index,
            on_wire=2.5,
            contact_id=2**53 + 1,
            error=None if result.state is JournalState.ACCEPTED else _REFUSED,
        )
        for index, result in _endings().items()
    }
    await _end(await _begin(store), told)
    journal = await _begin(store, None)
    entries = await taken(journal, Resend(unknown=True, rejected=True))
    if isinstance(journal, SendHistory):
        entries += await journal.sent_since(0.0, COUNT)
    for entry in entries:
        right = told.get(entry.index)
        if entry.result != right:
            names = [one.name for one in fields(JournalResult)]
            wrong = [
                one for one in names if getattr(entry.result, one, None) != getattr(right, one)
            ]
            raise AssertionError(
                f"record was given {right} for the message of index {entry.index}, and the next "
                f"run finds {entry.result}: {', '.join(wrong)} differs"
            )
    await journal.close("finished")


async def _the_newest_are_told(store: JournalStore) -> None:
    """Where a history is asked for few messages, those of long ago are not enough."""
    if not isinstance(store.journal(), SendHistory):
        return
    key = key_of(GIVEN[KEPT[0]])
    first, newest, second, newer = [index for index in KEPT if key_of(GIVEN[index]) == key][:4]
    journal, now = await _begin(store), time.time()
    for place, index in enumerate((first, second, newer, newest), 1):
        await journal.intend(index)
        ended = JournalResult(state=JournalState.ACCEPTED, ended_at=now + place)
        await journal.record(index, ended)
    await journal.close("interrupted")
    again = await _begin(store, None)
    if isinstance(again, SendHistory):
        for right in ({newest}, {newest, newer}):
            found = {entry.index for entry in await again.sent_since(0.0, len(right))}
            expect(
                right <= found,
                f"sent_since with most={len(right)} gave the messages {sorted(found)}, and the "
                f"newest of that key are {sorted(right)}",
            )
    await again.close("finished")


def _endings() -> dict[int, JournalResult]:
    """One message in each way in which a message can end."""
    state = JournalState
    return {
        KEPT[0]: JournalResult(state=state.ACCEPTED, ended_at=1.0),
        KEPT[1]: JournalResult(state=state.NOT_SENT, ended_at=1.0),
        KEPT[2]: JournalResult(state=state.REJECTED, ended_at=1.0),
        KEPT[3]: JournalResult(state=state.REJECTED, ended_at=1.0, permanent=True),
        KEPT[4]: JournalResult(state=state.UNKNOWN, ended_at=1.0),
    }


async def _end(journal: Journal, results: dict[int, JournalResult]) -> None:
    for index, result in results.items():
        await journal.intend(index)
        await journal.record(index, result)
    await journal.close("interrupted")


async def _what_ended_is_sent_again_as_asked(store: JournalStore) -> None:
    await _end(await _begin(store), _endings())
    for resend in (Resend(), Resend(unknown=True), Resend(rejected=True)):
        journal = await _begin(store, None)
        found = {entry.index for entry in await taken(journal, resend)}
        hidden = {KEPT[0]}
        hidden |= set() if resend.rejected else {KEPT[3]}
        hidden |= set() if resend.unknown else {KEPT[4]}
        right = set(KEPT) - hidden
        expect(
            found == right,
            f"with {resend} take gives {sorted(found - right)} too many, and lacks "
            f"{sorted(right - found)}",
        )
        told = (await journal.summary()).to_send(resend)
        by_key = Counter(key_of(GIVEN[index]) for index in right)
        expect(
            told == by_key,
            f"by the summary (by_key, retryable_by_key) a resume with {resend} sends {told} "
            f"instead of {dict(by_key)}",
        )
        await journal.close("interrupted")


async def _doubt_stays(store: JournalStore) -> None:
    """What may have arrived stays unknown, though sending it once more did nothing."""
    unknown = JournalResult(state=JournalState.UNKNOWN, ended_at=1.0)
    nothing = (
        None,
        JournalResult(state=JournalState.NOT_SENT, ended_at=2.0),
        JournalResult(state=JournalState.REJECTED, ended_at=2.0),
    )
    await _end(await _begin(store), dict.fromkeys(KEPT[: len(nothing)], unknown))
    journal = await _begin(store, None)
    await taken(journal, Resend(unknown=True))
    for index, result in zip(KEPT, nothing, strict=False):
        await journal.intend(index)
        if result is None:
            journal.withdraw(index)
        else:
            await journal.record(index, result)
    await journal.close("interrupted")
    again = await _begin(store, None)
    sent = {entry.index for entry in await taken(again, Resend())}
    for index, result in zip(KEPT, nothing, strict=False):
        how = "withdrawn" if result is None else f"recorded as {result.state.name}"
        expect(
            index not in sent,
            f"the message of index {index} may have arrived, was sent once more on request and "
            f"{how}: it must stay UNKNOWN",
        )
    await again.close("finished")


async def _another_account_is_noticed(store: JournalStore) -> None:
    if not isinstance(store.journal(), RecognizesAccount):
        return
    salts: set[bytes] = set()

    def mark_of(token: bytes) -> Callable[[bytes], bytes]:
        def mark(salt: bytes) -> bytes:
            salts.add(salt)
            return salt[:2] + token

        return mark

    tokens = ((b"a", None), (b"a", True), (b"b", False), (b"b", True))
    for place, (token, expected) in enumerate(tokens):
        journal = await _begin(store, GIVEN if place == 0 else None)
        expect(isinstance(journal, RecognizesAccount), "journals of one place differ in methods")
        if isinstance(journal, RecognizesAccount):
            found = await journal.recognize(mark_of(token))
            expect(
                found is expected,
                f"run {place + 1}: recognize gave {found}, and {expected} is right",
            )
        await journal.close("interrupted")
    expect(all(len(salt) >= 8 for salt in salts), "the salt of a mark has less than 8 bytes")  # noqa: PLR2004


STORIES: Sequence[Story] = (
    _an_empty_place_has_nothing_to_resume,
    _an_interrupted_reading_begins_anew,
    _what_is_no_message_is_refused,
    _a_second_runner_is_refused,
    _it_keeps_to_its_server,
    _it_keeps_to_its_messages,
    _a_reference_is_no_part_of_a_message,
    _duplicates_may_be_kept,
    _an_intent_outlives_its_process,
    _an_intent_that_was_withdrawn_is_gone,
    _a_result_is_kept_whole,
    _the_newest_are_told,
    _what_ended_is_sent_again_as_asked,
    _doubt_stays,
    _another_account_is_noticed,
)
"""All of them, in the order in which they are told."""
