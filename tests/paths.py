"""Where the folders of the project are, for tests of any depth."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
SAMPLES: Final = ROOT / "tests" / "samples"
