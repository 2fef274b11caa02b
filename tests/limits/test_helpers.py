from __future__ import annotations

import asyncio

import pytest

from cleverapp_async import Quota
from cleverapp_async.testing import run_virtual
from tests.limits.oracle import Oracle, most_in_window
from tests.limits.stepping import CancelledAt


def test_a_window_is_half_open() -> None:
    """Two arrivals a whole period apart are never in one window, a little less apart they are."""
    assert most_in_window([0.0, 1.0, 2.0], 1.0) == 1
    assert most_in_window([2.0, 0.0, 0.999], 1.0) == 2
    assert most_in_window([], 1.0) == 0


def test_the_oracle_names_the_quota_that_was_overrun() -> None:
    """Several quotas are judged apart, each with its own count."""

    async def main() -> None:
        oracle = Oracle()
        for _ in range(3):
            oracle.arrive("key", "account")
        wide, narrow = Quota(3, 1.0), Quota(2, 1.0)
        assert oracle.excess("key", [wide, narrow]) == {narrow: 3}
        assert oracle.excess("account", [wide]) == {}

    run_virtual(main())


@pytest.mark.parametrize("woken", [False, True])
def test_a_stepped_coroutine_is_cancelled_where_it_was_told(woken: bool) -> None:
    """The cancellation comes at the k-th suspension, or not at all when there are fewer."""

    async def main(suspension: int) -> tuple[list[int], bool]:
        passed: list[int] = []

        async def three_naps() -> None:
            for nap in range(3):
                await asyncio.sleep(1.0)
                passed.append(nap)

        stepped = CancelledAt(three_naps(), suspension, woken=woken)
        if suspension < 3:
            with pytest.raises(asyncio.CancelledError):
                await stepped
        else:
            await stepped
        return passed, stepped.reached

    assert run_virtual(main(0)) == ([], True)
    assert run_virtual(main(2)) == ([0, 1], True)
    assert run_virtual(main(3)) == ([0, 1, 2], False)
