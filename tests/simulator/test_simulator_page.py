from __future__ import annotations

import pytest

import cleverapp_async.simulator as package
from cleverapp_async.simulator import ASSUMPTIONS, Assumption
from tests.paths import DOCS

PAGE = DOCS / "simulator.md"


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda assumption: assumption.topic)
def test_every_assumption_is_on_the_page(assumption: Assumption) -> None:
    """The documentation lists each assumption in the simulator's own words."""
    row = f"| {assumption.topic} | {assumption.behaviour} | {assumption.why} |"
    assert row in PAGE.read_text(encoding="utf-8")


def test_the_page_lists_no_assumption_that_is_gone() -> None:
    """The documentation's table is as long as the list."""
    table = PAGE.read_text(encoding="utf-8").partition("## What is assumed")[2]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == len(ASSUMPTIONS) + 2  # the heading and the rule


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
