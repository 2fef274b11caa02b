"""Where the folders of the project are, for tests of any depth."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
SAMPLES: Final = ROOT / "tests" / "samples"

PAGES: Final = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
"""The pages for users, in English: those whose code is run."""
RUSSIAN: Final = (ROOT / "README.ru.md", *sorted((DOCS / "ru").glob("*.md")))
"""The pages for users, in Russian: each renders one of the English ones."""
