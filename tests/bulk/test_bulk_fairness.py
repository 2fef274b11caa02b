"""Keys take turns: a stretch of messages whose limit is used up blocks nobody behind it."""

from __future__ import annotations

import asyncio

from cleverapp_async import LimitKey
from tests.bulk.rig import Counted, Desk, collect, message, run_of, turns


async def test_ten_thousand_of_one_key_do_not_block_another() -> None:
    """Telegram messages behind 10,000 WhatsApp ones go out while WhatsApp waits for its limit."""
    whatsapp = [message(i, "whatsapp") for i in range(10_000)]
    telegram = [message(10_000 + i, "telegram") for i in range(50)]
    desk = Desk(held=lambda text: int(text) < 10_000)
    async with run_of([*whatsapp, *telegram], desk, look_ahead=20_000, width=1) as run:
        outcomes = aiter(run)
        seen = [(await anext(outcomes)).index for _ in range(50)]
        assert seen == list(range(10_000, 10_050))
        await turns(2)
        assert run.progress.by_key == {LimitKey(1, "whatsapp"): (9_999, 1)}
        assert run.progress.read == 10_050


async def test_keys_take_turns() -> None:
    """While several keys have messages none gets ahead of another by more than two."""
    desk = Desk()
    await collect(run_of([message(i, bot_id=i // 10 + 1) for i in range(30)], desk, width=1))
    bots = [int(text) // 10 for text in desk.started]
    for end in range(3, 24):
        counts = [bots[:end].count(bot) for bot in (0, 1, 2)]
        assert max(counts) - min(counts) <= 2


async def test_a_key_has_no_more_in_work_than_its_width() -> None:
    """More than a limit lets through at once would only queue there, and take room."""
    desk = Desk(held=lambda _: True)
    async with run_of(Counted(end=50), desk, concurrency=20, width=3) as run:
        waiting = asyncio.ensure_future(anext(aiter(run)))
        await turns(40)
        assert desk.busiest == 3
        assert run.progress.by_key == {LimitKey(1, "telegram"): (47, 3)}
        desk.release()
        await waiting


async def test_a_thousand_keys_are_served_and_forgotten() -> None:
    """A key without messages leaves nothing behind."""
    messages = [message(i, bot_id=1 + i % 1000) for i in range(2000)]
    run = run_of(messages, Desk(), concurrency=100, look_ahead=2000)
    assert len([outcome async for outcome in run]) == 2000
    assert run.progress.by_key == {}
