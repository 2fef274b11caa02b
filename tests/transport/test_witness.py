"""The witness of one attempt: what is proven at which moment."""

from __future__ import annotations

from cleverapp_async import Outcome
from cleverapp_async._transport import Witness


def test_not_fired_proves_not_sent() -> None:
    """Until the headers are announced nothing can have left."""
    assert Witness(lambda: None).outcome is Outcome.NOT_SENT


def test_fired_proves_nothing() -> None:
    """From the first byte on nobody can tell, and the start is told once."""
    calls: list[int] = []
    witness = Witness(lambda: calls.append(1))
    witness.fire()
    witness.fire()
    assert witness.outcome is Outcome.UNKNOWN
    assert calls == [1]


def test_a_refused_first_write_proves_not_sent() -> None:
    """A transport that took no byte sent none."""
    witness = Witness(lambda: None)
    witness.fire()
    witness.refuse_write()
    assert witness.outcome is Outcome.NOT_SENT


def test_a_second_try_outweighs_the_refusal() -> None:
    """Where the HTTP library tries again by itself, the first refusal proves nothing more."""
    witness = Witness(lambda: None)
    witness.fire()
    witness.refuse_write()
    witness.fire()
    assert witness.outcome is Outcome.UNKNOWN
