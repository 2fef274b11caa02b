from __future__ import annotations

import cleverapp_async.simulator as package
from cleverapp_async.simulator import ASSUMPTIONS


def test_topics_are_unique() -> None:
    """Each assumption has a topic of its own."""
    assert len({assumption.topic for assumption in ASSUMPTIONS}) == len(ASSUMPTIONS)


def test_the_public_names_are_listed() -> None:
    """What the package offers is what its list says."""
    assert len(set(package.__all__)) == len(package.__all__)
    assert {
        "ASSUMPTIONS",
        "Arrival",
        "Fault",
        "Latency",
        "SimulatedContact",
        "Simulator",
        "SimulatorLimits",
        "Verdict",
    } <= set(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
