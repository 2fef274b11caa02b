from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import Route
from cleverapp_async.limits.routes import RouteDirectory


def test_a_learned_route_is_found() -> None:
    """What was learned is answered, the latest of it, and None for who is not known."""
    directory = RouteDirectory()
    directory.learn(1, Route(7, "telegram"))
    directory.learn(1, Route(8, "viber"))
    assert directory.get(1) == Route(8, "viber")
    assert directory.get(2) is None
    assert len(directory) == 1


def test_a_refusal_teaches_the_messenger_and_keeps_the_bot() -> None:
    """The messenger a refusal names replaces the one believed; a bot already known stays."""
    directory = RouteDirectory()
    assert directory.learn_messenger(1, "whatsapp") == Route(None, "whatsapp")
    directory.learn(2, Route(7, "telegram"))
    assert directory.learn_messenger(2, "whatsapp") == Route(7, "whatsapp")
    assert directory.get(1) == Route(None, "whatsapp")
    assert directory.get(2) == Route(7, "whatsapp")


@given(
    size=st.integers(1, 4),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=60),
)
def test_who_was_used_least_recently_is_forgotten_first(
    size: int, steps: list[tuple[bool, int]]
) -> None:
    """A full directory forgets the contact that was neither learned nor asked for the longest."""
    directory = RouteDirectory(size)
    recent: list[int] = []
    for learning, contact_id in steps:
        if learning:
            directory.learn(contact_id, Route(contact_id, "telegram"))
        found = directory.get(contact_id)
        assert (found is not None) is (learning or contact_id in recent)
        if found is not None:
            assert found.bot_id == contact_id
            recent = [*(known for known in recent if known != contact_id), contact_id][-size:]
        assert len(directory) == len(recent)
