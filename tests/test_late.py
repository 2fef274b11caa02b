"""Bounds of real time are held by a busy machine, and by no fault of ours."""

from __future__ import annotations

import pytest

from tests.late import LateError, check_took, in_time_once


async def test_who_was_late_is_tried_again() -> None:
    """In time once is enough, and each try has a prefix of its own."""
    prefixes: list[str] = []

    @in_time_once
    async def tried(prefix: str) -> None:
        prefixes.append(prefix)
        check_took(2.0 - len(prefixes), 1.0)

    await tried(prefix="p")
    assert len(set(prefixes)) == len(prefixes) == 2


async def test_who_is_late_every_time_is_wrong() -> None:
    """What takes too long by a fault of ours does so each time."""
    tries: list[int] = []

    @in_time_once
    async def tried() -> None:
        tries.append(1)
        check_took(1.0, 1.0)

    with pytest.raises(LateError):
        await tried()
    assert len(tries) == 2


async def test_who_was_early_is_wrong_at_once() -> None:
    """No other try makes good what came before its time."""
    tries: list[int] = []

    @in_time_once
    async def tried() -> None:
        tries.append(1)
        check_took(0.1, 1.0, least=0.2)

    with pytest.raises(AssertionError):
        await tried()
    assert len(tries) == 1
