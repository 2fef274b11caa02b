"""Holds a journal to what a campaign needs of it, whoever wrote it and wherever it keeps things.

First come single stories (``_journal_stories.py``): what must happen when another list is given,
when reading the list was interrupted, when a second runner comes. Then hypothesis tells random
ones, of runs that take, intend, withdraw and record, that end in order or die, and compares the
journal with a plain dictionary after each (``_journal_machine.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import isabstract, iscoroutine, iscoroutinefunction, signature, unwrap
from typing import cast

from .._arguments import check_callable, check_flag, check_whole, wrong_setting
from ..bulk.journal.protocol import Journal
from ..errors import ConfigurationError
from ._journal_stories import STORIES, Story
from .journal_store import JournalStore

__all__ = ["check_journal"]


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

    # First whether it is a store at all, then short stories whose failures explain themselves, and
    # the random ones at last.
    _run(make, _it_makes_journals)
    for story in STORIES:
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
    """Close a coroutine that is not awaited, so that Python does not warn of it as well."""
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


def _run(make_store: Callable[[], JournalStore], story: Story) -> None:
    store = make_store()

    async def told() -> None:
        try:
            await story(store)
        finally:
            await store.dispose()

    with asyncio.Runner() as runner:
        runner.run(told())
