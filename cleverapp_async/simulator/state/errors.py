"""What is wrong with a seed."""

from __future__ import annotations


class SeedError(ValueError):
    """A world cannot be made of this seed.

    Args:
        place: Where it is wrong, such as ``$.contacts[3].bot_id``.
        message: What is wrong there.
    """

    def __init__(self, place: str, message: str) -> None:
        super().__init__(place, message)
        self.place = place
        self.message = message

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
