"""Which bot and messenger a message goes through."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Route"]


@frozen
class Route:
    """The bot and messenger a message goes through: its limit is counted by them.

    Attributes:
        bot_id: The bot; None where only the messenger is known.
        messenger: The messenger, in the API's spelling (``whatsapp``).
    """

    bot_id: int | None
    messenger: str
