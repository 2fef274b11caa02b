"""The queues of a bulk send against a model that is too simple to be wrong."""

from __future__ import annotations

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cleverapp_async import LimitKey
from cleverapp_async.bulk.queues import KeyQueues

KEYS = [None, *(LimitKey(bot, "telegram") for bot in range(1, 4))]
WIDTHS = dict(zip(KEYS, (1, 2, 3, 4), strict=True))


class QueuesAgainstModel(RuleBasedStateMachine):
    """Puts, takes and ends in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.queues: KeyQueues[int] = KeyQueues(lambda key: WIDTHS[key])
        self.waiting: dict[LimitKey | None, deque[int]] = {key: deque() for key in KEYS}
        self.working: dict[LimitKey | None, list[int]] = {key: [] for key in KEYS}
        self.skipped = dict.fromkeys(KEYS, 0)
        self.number = 0

    @rule(key=st.sampled_from(KEYS))
    def put(self, key: LimitKey | None) -> None:
        """A message comes."""
        self.number += 1
        self.queues.put(key, self.number)
        self.waiting[key].append(self.number)

    @precondition(lambda self: self.queues.ready)
    @rule()
    def take(self) -> None:
        """The next of the key whose turn it is goes into work, oldest first."""
        startable = [key for key in KEYS if self.startable(key)]
        key, item = self.queues.take()
        assert key in startable
        assert item == self.waiting[key].popleft()
        self.working[key].append(item)
        for other in KEYS:
            behind = other in startable and other != key
            self.skipped[other] = self.skipped[other] + 1 if behind else 0
            assert self.skipped[other] < len(KEYS)

    @precondition(lambda self: any(self.working.values()))
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        """One in work ends."""
        key = data.draw(st.sampled_from([key for key in KEYS if self.working[key]]))
        self.queues.done(key)
        self.working[key].pop()

    @precondition(lambda self: any(self.working.values()))
    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        """One in work was held: it waits in its old place."""
        key = data.draw(st.sampled_from([key for key in KEYS if self.working[key]]))
        item = data.draw(st.sampled_from(self.working[key]))
        self.queues.put_back(key, item)
        self.waiting[key] = deque(sorted([*self.waiting[key], item]))
        assert self.queues.queued(key) == len(self.waiting[key])
        self.queues.done(key)
        self.working[key].remove(item)

    @rule()
    def rest(self) -> None:
        """What waits is taken out, what is in work stays."""
        assert set(self.queues.rest()) == {
            (key, item) for key, items in self.waiting.items() for item in items
        }
        for items in self.waiting.values():
            items.clear()

    def startable(self, key: LimitKey | None) -> bool:
        """Whether the key has something waiting and room for it."""
        return bool(self.waiting[key]) and len(self.working[key]) < WIDTHS[key]

    @invariant()
    def agrees(self) -> None:
        """What is ready, waiting and in work is what the model says."""
        assert self.queues.ready == any(self.startable(key) for key in KEYS)
        assert self.queues.waiting == sum(map(len, self.waiting.values()))
        assert self.queues.by_key() == {
            key: (len(self.waiting[key]), len(self.working[key]))
            for key in KEYS
            if self.waiting[key] or self.working[key]
        }


class TestQueuesAgainstModel(QueuesAgainstModel.TestCase):  # type: ignore[misc, valid-type]
    """Hypothesis looks for a sequence that tells them apart."""

    settings = settings(max_examples=40, stateful_step_count=40)
