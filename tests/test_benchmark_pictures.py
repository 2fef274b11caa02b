"""What the benchmarks found, drawn."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from benchmarks import plot

if TYPE_CHECKING:
    from pathlib import Path

SERIES = [
    {"plot": "refusals", "name": "ours", "points": [[0.0, 0], [1.0, 0]]},
    {"plot": "refusals", "name": "another", "points": [[0.0, 3], [1.0, 41]]},
    {"plot": "completion", "name": "ours", "points": [[1, 4.5], [100, 6.0]]},
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with what one benchmark found."""
    folder = tmp_path / "results"
    folder.mkdir()
    text = json.dumps({"series": SERIES})
    (folder / "sweep.json").write_text(text, encoding="utf-8")
    return folder


def test_each_picture_of_a_benchmark_that_was_run_is_drawn(results: Path, tmp_path: Path) -> None:
    """Each line stands in its picture by its name; what was not measured is not drawn."""
    drawn = plot.draw(results, tmp_path / "figures")
    assert [path.name for path in drawn] == ["refusals.svg", "completion.svg"]
    assert {"ours", "another"} <= set(re.findall(r">([a-z]+)</text>", drawn[0].read_text()))


def test_words_in_place_of_numbers_are_bars(results: Path, tmp_path: Path) -> None:
    """A bar has its number above it, a zero too."""
    points = [["sent twice", 0], ["lost", 1234]]
    text = json.dumps({"series": [{"plot": "kill", "name": "ours", "points": points}]})
    (results / "kill.json").write_text(text, encoding="utf-8")
    drawn = plot.draw(results, tmp_path / "figures")
    assert {">0</text>", ">1,234</text>", ">lost</text>"} <= set(
        re.findall(r">[^<>]+</text>", drawn[-1].read_text())
    )


def test_the_same_results_give_the_same_bytes(results: Path, tmp_path: Path) -> None:
    """A picture changes with its figures alone."""
    once, again = (plot.draw(results, tmp_path / name) for name in ("once", "again"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]
