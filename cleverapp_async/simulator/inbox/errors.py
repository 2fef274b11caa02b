"""What of a request to the inbox is wrong."""

from __future__ import annotations


class InputError(ValueError):
    """A request to the inbox that cannot be answered.

    Args:
        place: What of it is wrong, such as ``query.limit``.
        message: What is wrong, and what can be done.
        status: The HTTP status.
    """

    def __init__(self, place: str, message: str, status: int = 400) -> None:
        super().__init__(place, message)
        self.place = place
        self.message = message
        self.status = status

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
