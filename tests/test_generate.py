"""What is generated from the code is as the code would have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.generate import GENERATED

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: file.name)
def test_a_generated_file_is_up_to_date(file: Path) -> None:
    """The file is what ``python -m tests.generate`` writes, to the letter."""
    assert file.read_text(encoding="utf-8").splitlines() == GENERATED[file]().splitlines()
