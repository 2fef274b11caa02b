"""The order of a campaign's messages hangs on nothing but the campaign."""

from __future__ import annotations

import json
import subprocess
import sys

from cleverapp_async import Quota
from cleverapp_async.testing import run_virtual
from tests.bulk.lives import Life, World


async def _arrivals() -> list[tuple[str, float]]:
    """What arrives when twelve bots share the account's quota."""
    counts = {number: 2 * number for number in range(1, 13)}
    world = World(dict.fromkeys(counts, (Quota(10, 10.0),)), (Quota(2, 1.0),))
    assert await world.live(Life(lasts=600.0), world.messages(counts))
    return world.arrived


def _of_a_process_with(seed: int) -> list[list[object]]:
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": "."},
        check=True,
        capture_output=True,
    )
    found: list[list[object]] = json.loads(done.stdout)
    return found


def test_two_processes_send_in_the_same_order() -> None:
    """Strings have other hashes in every process; each message leaves at the same moment in all."""
    first, *others = map(_of_a_process_with, (1, 2, 3))
    assert len(first) == 156
    assert others == [first, first]


if __name__ == "__main__":
    print(json.dumps(run_virtual(_arrivals())))  # noqa: T201 - what its parent reads
