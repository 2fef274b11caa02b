"""The public surface, names and signatures: it is changed on purpose or not at all."""

from __future__ import annotations

from tests.surface import FILE, surface


def test_the_surface_is_the_one_on_file() -> None:
    """A changed name or signature is seen in a diff; ``python -m tests.surface`` writes it anew."""
    assert surface().splitlines() == FILE.read_text(encoding="utf-8").splitlines()
