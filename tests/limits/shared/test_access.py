"""The access lists of the page on fleets, held against real servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from cleverapp_async import LimitKey, Quota, SendMessage
from cleverapp_async.integrations.redis_journal import RedisJournal, RedisJournalReader
from cleverapp_async.journal import JournalResult, JournalState, Resend
from cleverapp_async.limits.shared.redis_log import Overview
from tests.limits.shared.fleet import KEY, registry
from tests.paths import DOCS
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from cleverapp_async.limits import RedisCommands
    from tests.redis_server import Engine, RedisServer

PAGE = (DOCS / "fleet.md").read_text(encoding="utf-8")
ORIGIN = "https://app.example/api/v1"


async def url_of(server: RedisServer, user: str) -> str:
    """The URL of a user with exactly the rights that the page gives."""
    found = re.search(rf"^ACL SETUSER {user} (reset .*)$", PAGE, re.MULTILINE)
    assert found is not None, user
    rules = found[1].split()
    password = next(word[1:] for word in rules if word.startswith(">"))
    async with server.client() as redis:
        await cast("RedisCommands", redis).execute_command("ACL", "SETUSER", user, *rules)
    return f"redis://{user}:{password}@127.0.0.1:{server.port}"


async def use_limits(url: str) -> None:
    """Grant, pause, refuse, give back, close."""
    async with registry(url, "cleverapp", Quota(2, 0.1), on_unavailable="raise") as limits:
        limiter = limits.limiter(KEY)
        (await limiter.acquire()).settle()
        (await limiter.acquire()).refund()
        limiter.pause(0.05)
        (await limiter.acquire()).refuse(0.05)
        (await limiter.acquire()).settle()


async def use_watch(url: str) -> None:
    """Look at what is in use."""
    overview = Overview(url, "cleverapp")
    assert LimitKey(7, "telegram") in [state.key for state in await overview.look()]
    await overview.close()


async def use_journal(url: str) -> None:
    """Every command that a journal and its readers know."""
    given = [
        SendMessage(bot_id=7, messenger="telegram", contact_external_id=str(one), text="x")
        for one in (1, 2, 3, 3)
    ]
    async with RedisJournal(url, "spring", chunk_size=2, lease=0.3) as journal:
        await journal.load(given, origin=ORIGIN)
        await journal.load(given, origin=ORIGIN)
        chunk = journal.chunk(0)
        await chunk.open(ORIGIN)
        await chunk.load(None, lambda _: None, deduplicate=True)
        await chunk.take((await chunk.keys())[0], -1, 10, Resend())
        await chunk.intend(0)
        await chunk.record(0, JournalResult(state=JournalState.ACCEPTED, ended_at=1.0, attempts=1))
        await chunk.intend(1)
        chunk.withdraw(1)
        await chunk._lease._prolong()
        await chunk.close("finished")
        await journal.pause("why")
        await journal.unpause()
        await journal.summary()
        await journal.errors()
        with RedisJournalReader(url, "spring") as reader:
            assert reader.holder() is None
        await journal.expire(60.0)
        await journal.delete()


async def test_the_access_lists_of_the_page_are_enough(engine: Engine) -> None:
    """Limits, ``limits watch`` and journals work for users with the listed rights and no other."""
    with redis_server(engine=engine) as server:
        await use_limits(await url_of(server, "limits"))
        await use_watch(await url_of(server, "watch"))
        await use_journal(await url_of(server, "journal"))
