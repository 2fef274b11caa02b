"""Holds a journal to what a campaign needs of it, whoever wrote it and wherever it keeps things.

First come single stories: what must happen when another list is given, when reading the list was
interrupted, when a second runner comes. Then hypothesis tells random ones, of runs that take,
intend, withdraw and record, that end in order or die, and compares the journal with a plain
dictionary after each (``_journal_machine.py``).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from inspect import isabstract, iscoroutine, iscoroutinefunction, signature, unwrap
from typing import TypeAlias, cast

from attrs import evolve

from .._arguments import check_callable, check_flag, check_whole, wrong_setting
from ..bulk.journal.protocol import Journal, Messages, RecognizesAccount
from ..bulk.journal.records import JournalResult, JournalState, Resend
from ..errors import (
    ConfigurationError,
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

__all__ = ["check_journal"]


_Story: TypeAlias = "Callable[[JournalStore], Coroutine[None, None, None]]"


def check_journal(
    make_store: Callable[[], JournalStore],
    *,
    examples: int = 25,
    steps: int = 25,
    shortest: bool = True,
) -> None:
    """Check that a journal keeps a campaign as ``run_campaign`` needs it; for a test of yours.

    ::

        def test_our_journal() -> None:
            check_journal(OurStore)

    It checks what ``Journal`` promises, and what the optional protocols ``SendHistory`` and
    ``RecognizesAccount`` promise where the journal has their methods. It cannot check that what is
    durable survives a power cut. Needs hypothesis.

    Args:
        make_store: Makes a new, empty place, such as a subclass of :class:`JournalStore`. It is
            called outside of any event loop; all else of a place runs in one loop of its own.
        examples: How many random stories are told.
        steps: How long each is at most.
        shortest: Whether, once something is wrong, the shortest story that shows it is looked for,
            which may take a minute.

    Raises:
        AssertionError: The journal is wrong; the message says how, and hypothesis prints the story.
        ConfigurationError: An argument cannot work, such as a factory that makes no store, or a
            store whose ``journal`` makes no :class:`Journal`; hypothesis is not installed; or an
            event loop runs: call it from a plain function.
    """
    check_callable("make_store", make_store, _STORES, wrong_setting)
    check_whole("examples", examples, wrong_setting)
    check_whole("steps", steps, wrong_setting)
    check_flag("shortest", shortest, wrong_setting)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise ConfigurationError(
            "check_journal runs event loops of its own: call it from a plain test function, "
            "without `async`"
        )
    try:
        from ._journal_machine import tell_stories  # noqa: PLC0415 - hypothesis may be missing
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "hypothesis":
            raise
        raise ConfigurationError("check_journal needs hypothesis: pip install hypothesis") from None

    def make() -> JournalStore:
        return _store_of(make_store)

    _run(make, _it_makes_journals)
    for story in _stories():
        _run(make, story)
    tell_stories(make, examples=examples, steps=steps, shortest=shortest)


_STORES = "a function without arguments that makes a JournalStore, such as a subclass of it"


def _store_of(make_store: Callable[[], object]) -> JournalStore:
    """A new store, which is one.

    Raises:
        ConfigurationError: The factory needs arguments, or makes something else.
    """
    if isinstance(make_store, type) and isabstract(make_store):
        raise ConfigurationError(
            f"make_store must be {_STORES}, and {make_store.__name__} is an abstract class: define "
            "its method journal in a class of your own"
        )
    try:
        signature(make_store).bind()
    except TypeError as error:
        raise ConfigurationError(f"make_store must be {_STORES}: {error}") from None
    except ValueError:  # what is written in C does not always tell of its arguments
        pass
    store = make_store()
    if isinstance(store, JournalStore):
        for name in ("start", "kill", "dispose"):
            if not iscoroutinefunction(unwrap(getattr(store, name))):
                raise ConfigurationError(
                    f"{type(store).__name__}.{name} must be a coroutine: define it by `async def`"
                )
        return store
    _drop(store)
    raise wrong_setting("make_store", f"{_STORES}, but what it makes is no store", store)


def _drop(made: object) -> None:
    """Let a coroutine go that somebody made by an `async def`: it shall not warn besides."""
    if iscoroutine(made):
        made.close()


async def _it_makes_journals(store: JournalStore) -> None:
    """Make sure, before any story, that the store makes journals, as it would in one.

    Raises:
        ConfigurationError: It makes something else, or a method of it is no coroutine.
    """
    made = cast("object", store.journal())
    if isinstance(made, Journal) and not isinstance(made, type):
        return
    _drop(made)
    name = f"{type(store).__name__}.journal"
    methods = sorted(one for one in vars(Journal) if not one.startswith("_"))
    lacking = [one for one in methods if not callable(getattr(made, one, None))]
    if lacking == methods or isinstance(made, type):
        wanted = "a plain function that makes a new Journal, such as SqliteJournal(path)"
        raise wrong_setting(name, wanted, made)
    raise ConfigurationError(
        f"{name} makes a {type(made).__name__}, which is no Journal: it lacks {', '.join(lacking)}"
    )


def _run(make_store: Callable[[], JournalStore], story: _Story) -> None:
    store = make_store()

    async def told() -> None:
        try:
            await story(store)
        finally:
            await store.dispose()

    with asyncio.Runner() as runner:
        runner.run(told())


def _stories() -> Iterator[_Story]:
    yield _an_empty_place_has_nothing_to_resume
    yield _an_interrupted_reading_begins_anew
    yield _what_is_no_message_is_refused
    yield _a_second_runner_is_refused
    yield _it_keeps_to_its_server
    yield _it_keeps_to_its_messages
    yield _a_reference_is_no_part_of_a_message
    yield _duplicates_may_be_kept
    yield _an_intent_outlives_its_process
    yield _what_ended_is_sent_again_as_asked
    yield _doubt_stays
    yield _another_account_is_noticed


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
